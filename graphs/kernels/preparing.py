"""Gets the kernels ready in the background: other processes compile what is missing; then loads.

Apart because numba holds the interpreter while it compiles, a dozen seconds on a
fresh install: a server that compiled by itself would answer nobody meanwhile.
Other processes fill the cache on disk instead, each with its share of the
kernels. What two of them compile is the same, so it does not matter whose is kept.

Until then Python itself runs the kernels, which is quick enough for small graphs.

A file beside the machine code says what it was compiled from and for. Where no
folder can be written, or the other processes fail, this one compiles.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from graphs.kernels.compiler import fingerprint, interpret
from graphs.kernels.warming import kept_in, warm

logger = logging.getLogger(__name__)

ROOT = Path(__file__).parent.parent.parent
MAX_PROCESSES = 4  # what each compiles for itself, such as numba's own functions, is lost
LIMIT_SECONDS = 300.0
POLL_SECONDS = 0.05
NICENESS = 10  # of what a server starts: the page comes first


def is_compiled() -> bool:
    """Return whether the machine code of all kernels, as they are now, is on disk."""
    stamp = _stamp()
    return stamp is not None and stamp.is_file() and stamp.read_text() == fingerprint()


def compile_missing(niceness: int = 0) -> bool:
    """Compile all kernels to the disk, in other processes; return whether they are there.

    Quick where they are there already.

    Parameters
    ----------
    niceness : int
        By how much these processes stand back, on systems that know such a thing.
    """
    stamp = _stamp()
    if stamp is None:
        return False
    if not is_compiled() and _run_parts(niceness):
        with contextlib.suppress(OSError):  # the next process looks again
            _replace(stamp, fingerprint())
    return is_compiled()


def _stamp() -> Path | None:
    folder = kept_in()
    return folder and folder / f"opscope-kernels.{sys.implementation.cache_tag}.txt"


def _replace(path: Path, text: str) -> None:
    """Write a file at once: nobody reads half of it."""
    new = path.with_name(f"{path.name}.{os.getpid()}")
    new.write_text(text)
    new.replace(path)


def _run_parts(niceness: int) -> bool:
    """Compile, each process its share; return whether all went well."""
    n = max(1, min(MAX_PROCESSES, _n_processors()))
    # -P: a folder called graphs where the reader happens to be is not ours.
    command = [sys.executable, "-P", "-m", "graphs.kernels"]
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    children: list[subprocess.Popen[bytes]] = []
    try:
        children.extend(
            subprocess.Popen(
                [*command, str(part), str(n), str(niceness)],
                env={**os.environ, "PYTHONPATH": path},
                stdin=subprocess.DEVNULL,
            )
            for part in range(n)
        )
        codes = [child.wait(LIMIT_SECONDS) for child in children]
    except (OSError, subprocess.TimeoutExpired) as error:
        logger.warning("The layout could not be compiled in other processes: %s", error)
        return False
    finally:
        for child in children:
            if child.poll() is None:
                child.kill()
                child.wait()
    if any(codes):
        logger.warning("The processes that compile the layout ended with %s", codes)
    return not any(codes)


def _n_processors() -> int:
    if hasattr(os, "sched_getaffinity"):  # what this process may use
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Preparation:
    """The kernels' way from the disk into this process, walked once in a thread of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._done = threading.Event()
        self._error: BaseException | None = None
        self._is_compiling = False

    def start(self) -> None:
        """Begin, unless it is under way or done."""
        with self._lock:
            is_under_way = self._thread is not None and self._thread.is_alive()  # not after a fork
            if not is_under_way and not self._done.is_set():
                self._is_compiling = not is_compiled()
                interpret(self._is_compiling)
                self._thread = threading.Thread(target=self._run, name="kernels", daemon=True)
                self._thread.start()

    def wait(self, cancelled: Callable[[], bool] = lambda: False) -> None:
        """Begin where nobody has; return when the kernels are loaded, or nobody waits any more.

        Raises what went wrong.
        """
        self.start()
        while not self._done.wait(POLL_SECONDS):
            if cancelled():
                return
        if self._error is not None:
            raise self._error

    @property
    def is_done(self) -> bool:
        """Whether all kernels are loaded."""
        return self._done.is_set() and self._error is None

    @property
    def is_compiling(self) -> bool:
        """Whether kernels are being compiled, not only loaded; meanwhile Python runs them."""
        return self._is_compiling and not self._done.is_set()

    def _run(self) -> None:
        try:
            if self._is_compiling:
                compile_missing(NICENESS)
            warm()
        except BaseException as error:
            self._error = error
        finally:
            interpret(False)
            self._done.set()


PREPARATION = Preparation()
