"""What a drawing waits for on a fresh install: that the layout is compiled for this machine.

Apart because the words are for the reader, and `graphs.kernels` knows no reader.
"""

from __future__ import annotations

from dashboard.work import Progress
from graphs.kernels import PREPARATION, kept_in

ONCE = "Compiling the layout for this machine (once, about 10 s) …"
EACH_TIME = "Compiling the layout (at each start, since no folder can be written to keep it in) …"
LOADING = "Loading the compiled layout …"
SMALL = 2000  # about 2 s where Python runs the kernels


def wait_for_kernels(progress: Progress, size: int) -> None:
    """Return when a layout can begin, or nobody waits any more; say why it takes time.

    Parameters
    ----------
    progress : Progress
        Of the drawing.
    size : int
        Boxes and edges; a small graph need not wait until all is compiled.
    """
    if PREPARATION.is_done:
        return
    PREPARATION.start()
    if PREPARATION.is_compiling:
        if size <= SMALL:
            return
        progress.wait_for(EACH_TIME if kept_in() is None else ONCE)
    else:
        progress.wait_for(LOADING)
    PREPARATION.wait(progress.cancelled)
    progress.wait_for("")
