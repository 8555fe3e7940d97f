"""``python -m graphs.kernels``: compile to the disk what is missing. Set-up runs it.

With three numbers (a part, the number of parts, a niceness) it compiles that share
in this process; `preparing` runs those.
"""

from __future__ import annotations

import gc
import os
import sys

from graphs.kernels.preparing import compile_missing
from graphs.kernels.warming import kept_in, warm


def main(arguments: list[str]) -> int:
    """Compile and return the exit status."""
    if arguments:
        part, n_parts, niceness = map(int, arguments)
        if hasattr(os, "nice"):
            os.nice(niceness)
        gc.disable()  # an eighth of the time; the process ends soon
        warm(part, n_parts)
        return 0
    if kept_in() is None:
        print(
            "No folder can be written to keep the compiled layout in: each process compiles it "
            "anew. Set NUMBA_CACHE_DIR to a folder of yours.",
            file=sys.stderr,
        )
        return 0
    return 0 if compile_missing() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
