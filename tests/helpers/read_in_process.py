"""Open each file given as an argument and print what came of it, one JSON object a line.

Run as a process of its own, so that a crash or a blow-up of memory hurts no test runner.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import time
from pathlib import Path

from graphs.errors import ReadError
from importers import read


def main(paths: list[str]) -> None:
    """Print the outcome of each path. An error that is not ours ends the process."""
    for path in paths:
        start = time.perf_counter()
        error, message, notes = "", "", []
        try:
            notes = [str(note) for note in read(path).notes]
        except ReadError as refusal:
            error, message = type(refusal).__name__, str(refusal)
        row = {
            "file": path.rpartition("/")[2],
            "error": error,
            "message": message,
            "notes": notes,
            "seconds": time.perf_counter() - start,
            "resident_mb": peak_mb(),
        }
        print(json.dumps(row), flush=True)


def peak_mb() -> float:
    """Return the highest resident memory of this process alone.

    Linux counts the parent's memory at the fork into a child's ru_maxrss, but not into VmHWM.
    """
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text())
        if found:
            return int(found[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(sys.argv[1:])
