"""Tell the parent process how far a task is; in the worker process only.

A small JSON file in the task's folder, replaced whole, at most a few times a second.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

PROGRESS = "progress.json"
_PAUSE_S = 0.2
_last = [0.0]


def report(n_done: int, n_all: int, what: str) -> None:
    """Say that `n_done` of `n_all` steps are done and what is being done now."""
    now = time.monotonic()
    if now - _last[0] < _PAUSE_S or not Path("request.json").is_file():
        return
    _last[0] = now
    partial = Path("progress.partial.json")
    partial.write_text(json.dumps({"done": n_done, "all": n_all, "what": what[:200]}))
    partial.replace(PROGRESS)
