"""Run once per server: compile what is missing while the first page loads."""

from __future__ import annotations

import threading
from typing import Any


def on_server_loaded(_server_context: Any) -> None:
    """Compile the kernels of layout and density in the background; the server answers meanwhile."""
    threading.Thread(target=_warm, name="warm-kernels", daemon=True).start()


def _warm() -> None:
    from components.plots import density
    from graphs import kernels

    kernels.warm()
    density.warm()
