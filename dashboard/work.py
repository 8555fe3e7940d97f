"""Run slow jobs off the event loop, with progress and cancel. One newest job for each name.

A job that is overtaken by a newer one of the same name, or cancelled, is told
so by its `Progress` and its result is dropped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import panel as pn
import param

from graphs.errors import OpscopeError

T = TypeVar("T")

SHOW_AFTER_SECONDS = 0.5
_POOL = ThreadPoolExecutor(max_workers=4, thread_name_prefix="opscope")


class Progress:
    """What a job may ask and tell; safe to use from its thread."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self.fraction = 0.0

    def cancelled(self) -> bool:
        """Return whether nobody waits for the result any more."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Tell the job that nobody waits any more."""
        self._cancelled.set()

    def report(self, fraction: float) -> None:
        """Tell how much is done, 0..1."""
        self.fraction = fraction


class Work(param.Parameterized):
    """The jobs of one session."""

    busy = param.String(default="", doc="What the reader waits for; empty when for nothing.")

    def __init__(self, on_error: Callable[[OpscopeError], None], **params: Any) -> None:
        super().__init__(**params)
        self._on_error = on_error
        self._jobs: dict[str, Progress] = {}
        self._document = pn.state.curdoc

    def start(
        self,
        name: str,
        text: str,
        job: Callable[[Progress], T],
        done: Callable[[T], None],
    ) -> None:
        """Run `job` in a thread and then `done` with its result on the session's loop.

        Without a running server (tests, scripts) both run at once, in this thread.
        """
        self.cancel(name)
        progress = self._jobs[name] = Progress()
        document = pn.state.curdoc or self._document
        if document is None or document.session_context is None:
            self._finish(name, progress, done, *_attempt(job, progress))
            return
        timer = threading.Timer(
            SHOW_AFTER_SECONDS,
            lambda: self._in_session(document, lambda: self._show(name, progress, text)),
        )
        timer.daemon = True

        def run() -> None:
            timer.start()
            outcome = _attempt(job, progress)
            timer.cancel()
            self._in_session(document, lambda: self._finish(name, progress, done, *outcome))

        _POOL.submit(run)

    def cancel(self, name: str | None = None) -> None:
        """Stop waiting for a job, or for all."""
        for known in [name] if name else list(self._jobs):
            progress = self._jobs.pop(known, None)
            if progress is not None:
                progress.cancel()
        if not self._jobs:
            self.busy = ""

    @property
    def is_idle(self) -> bool:
        """Whether no job is under way."""
        return not self._jobs

    def _in_session(self, document: Any, callback: Callable[[], None]) -> None:
        """Run `callback` on the session's loop; a session that has ended needs nothing."""
        if document.session_context is not None and not document.session_context.destroyed:
            document.add_next_tick_callback(callback)

    def _show(self, name: str, progress: Progress, text: str) -> None:
        if self._jobs.get(name) is progress:
            self.busy = text

    def _finish(
        self,
        name: str,
        progress: Progress,
        done: Callable[[T], None],
        result: T | None,
        error: BaseException | None,
    ) -> None:
        if self._jobs.get(name) is not progress:
            return
        del self._jobs[name]
        if not self._jobs:
            self.busy = ""
        if isinstance(error, OpscopeError):
            self._on_error(error)
        elif error is not None:
            raise error
        else:
            done(result)  # type: ignore[arg-type]


def _attempt(
    job: Callable[[Progress], T], progress: Progress
) -> tuple[T | None, BaseException | None]:
    try:
        return job(progress), None
    except Exception as error:
        return None, error
