"""Run slow jobs off the event loop, with progress and cancel. One newest job for each name.

A job that is overtaken by a newer one of the same name, or cancelled, is told
so by its `Progress` and its result is dropped. Everything but the job itself
runs on the session's event loop.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import panel as pn
import param

from graphs.errors import OpscopeError

T = TypeVar("T")

SHOW_AFTER_MS = 500
SHOW_EVERY_MS = 400
_POOL = ThreadPoolExecutor(max_workers=4, thread_name_prefix="opscope")


class Progress:
    """What a job may ask and tell; safe to use from its thread."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self.fraction = 0.0
        self.waiting_for = ""

    def cancelled(self) -> bool:
        """Return whether nobody waits for the result any more."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Tell the job that nobody waits any more."""
        self._cancelled.set()

    def report(self, fraction: float) -> None:
        """Tell how much is done, 0..1."""
        self.fraction = fraction

    def wait_for(self, text: str) -> None:
        """Tell what the job itself waits for; empty when for nothing any more."""
        self.waiting_for = text


@dataclass(frozen=True, slots=True, eq=False)
class _Job(Generic[T]):
    """One job with what happens afterwards."""

    name: str
    text: str
    run: Callable[[Progress], T]
    done: Callable[[T], None]
    dropped: Callable[[], None]
    progress: Progress

    def told(self) -> str:
        """Return what the reader waits for, and how much of it is done."""
        progress = self.progress
        if progress.waiting_for:
            return progress.waiting_for
        return self.text + (f" {progress.fraction:.0%}" if progress.fraction > 0 else "")

    def attempt(self) -> tuple[T | None, BaseException | None]:
        """Return the result or what went wrong; nothing is begun that nobody waits for."""
        try:
            return (None if self.progress.cancelled() else self.run(self.progress)), None
        except Exception as error:
            return None, error


class Work(param.Parameterized):
    """The jobs of one session.

    Parameters
    ----------
    on_error : callable (object) -> None
        Told what went wrong.
    submit : callable (job) -> object
        Runs a job in another thread; by default in one of a few that all sessions share.
    """

    busy = param.String(default="", doc="What the reader waits for; empty when for nothing.")

    def __init__(
        self,
        on_error: Callable[[object], None],
        submit: Callable[[Callable[[], None]], object] = _POOL.submit,
        **params: Any,
    ) -> None:
        super().__init__(**params)
        self._on_error = on_error
        self._submit = submit
        self._jobs: dict[str, _Job[Any]] = {}
        self._document = pn.state.curdoc

    def start(
        self,
        name: str,
        text: str,
        job: Callable[[Progress], T],
        done: Callable[[T], None],
        dropped: Callable[[], None] = lambda: None,
    ) -> None:
        """Run `job` in a thread and then `done` with its result on the session's loop.

        `dropped` is called where the reader cancels it or it fails. Without a
        running server (tests, scripts) all run at once, in this thread.
        """
        self._overtake(name)
        one = self._jobs[name] = _Job(name, text, job, done, dropped, Progress())
        document = pn.state.curdoc or self._document
        if document is None or document.session_context is None:
            self._finish(one, *one.attempt())
            return

        def show() -> None:
            if self._jobs.get(name) is one:
                self.busy = one.told()
                document.add_timeout_callback(show, SHOW_EVERY_MS)

        def run() -> None:
            outcome = one.attempt()

            def end() -> None:
                self._finish(one, *outcome)

            # A session that has ended meanwhile needs no result. One whose browser is still
            # taking the page over would lose changes of widgets: it gets the result after that.
            if document.session_context is not None and not document.session_context.destroyed:
                document.add_next_tick_callback(lambda: pn.state.onload(end))

        document.add_timeout_callback(show, SHOW_AFTER_MS)
        self._submit(run)

    def cancel(self) -> None:
        """Stop waiting for all jobs, as the reader asked."""
        jobs, self._jobs = list(self._jobs.values()), {}
        self.busy = ""
        for one in jobs:
            one.progress.cancel()
            one.dropped()

    def stop(self, name: str) -> None:
        """Stop a job that is not needed any more; nothing follows."""
        self._overtake(name)
        self._rest()

    def _overtake(self, name: str) -> None:
        one = self._jobs.pop(name, None)
        if one is not None:
            one.progress.cancel()

    def _rest(self) -> None:
        if not self._jobs:
            self.busy = ""

    def _finish(self, one: _Job[Any], result: Any, error: BaseException | None) -> None:
        if self._jobs.get(one.name) is not one:
            return
        del self._jobs[one.name]
        self._rest()
        if error is None:
            one.done(result)
            return
        one.dropped()
        if isinstance(error, OpscopeError):
            self._on_error(error)
        else:
            kind = type(error).__name__
            self._on_error(f"{one.text} failed unexpectedly ({kind}); the server's log says more.")
            raise error
