"""Measurements one after the other, for all sessions of a server.

Side by side they would disturb each other's times. Imports the standard library only.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from queue import SimpleQueue

CLOSING_SECONDS = 5.0


class OneAtATime:
    """A thread that runs jobs in their order; it does not keep the process alive."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._idle = threading.Event()
        self._idle.set()

    def submit(self, job: Callable[[], None]) -> None:
        """Run a job after those that were submitted before; it must not raise."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="measuring", daemon=True)
                self._thread.start()
                atexit.register(self.close)
        self._jobs.put(job)

    def is_closing(self) -> bool:
        """Return whether the server ends: a job asks this, and leaves no process behind."""
        return self._closing.is_set()

    def close(self) -> None:
        """Tell the running job to end, and wait a little until it has cleaned up."""
        self._closing.set()
        self._idle.wait(CLOSING_SECONDS)

    def _work(self) -> None:
        while not self._closing.is_set():
            job = self._jobs.get()
            self._idle.clear()
            try:
                job()
            finally:
                self._idle.set()


QUEUE = OneAtATime()
