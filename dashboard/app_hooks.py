"""Run once per server: load what the first page needs, compile what is missing meanwhile."""

from __future__ import annotations

import threading
from typing import Any

DENSITY_AFTER_SECONDS = 15.0  # its two seconds of work would hold up the first page


def on_server_loaded(_server_context: Any) -> None:
    """Import the page before anybody asks for it; the rest is done in the background."""
    import dashboard.page  # noqa: F401
    from graphs.kernels import PREPARATION

    PREPARATION.start()
    threading.Thread(target=_read_sample, name="read-sample", daemon=True).start()
    later = threading.Timer(DENSITY_AFTER_SECONDS, _warm_density)
    later.daemon = True
    later.start()


def _read_sample() -> None:
    """Read the sample that opens by default."""
    from dashboard.opening import read_cached
    from sample_models import samples

    read_cached(samples()[0].path)


def _warm_density() -> None:
    """Compile the kernels of the density picture, which only large models need."""
    from components.plots import density

    density.warm()
