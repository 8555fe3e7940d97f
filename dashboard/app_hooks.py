"""Run once per server: compile what is missing while the first page loads."""

from __future__ import annotations

import threading
from typing import Any


def on_server_loaded(_server_context: Any) -> None:
    """Warm the layout kernels in the background; the server answers meanwhile."""
    from graphs.kernels import warm

    threading.Thread(target=warm, name="warm-kernels", daemon=True).start()
