"""Measures a model for one session: step by step, off the event loop, one at a time a server.

Each step's results are kept on disk and handed on as soon as they are there.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import param

from dashboard.notices import Notices
from dashboard.open_model import OpenModel
from dashboard.run_queue import QUEUE
from dashboard.run_record import Run, RunRecord
from dashboard.run_request import Kind, Request
from dashboard.run_taking import take
from dashboard.runs import RunStore
from dashboard.work import Progress, Work
from graphs.errors import MeasureError, OpscopeError

WORDS: dict[Kind, str] = {"latency": "Latency", "error": "Quantization error"}
MIN_ESTIMATE_S = 1.0


@dataclass(frozen=True, slots=True)
class Now:
    """What is being measured.

    Attributes
    ----------
    kind : Kind
    step, n_steps : int
        Of the kinds that were asked for, from 1.
    has_begun : bool
        False while another session's measurement runs.
    n_done, n_all : int
        Steps of the measure; none are known while the model is loaded.
    what : str
        What is done now, by names from the file.
    since : float
        Monotonic seconds at which `n_done` began to count.
    """

    kind: Kind
    step: int
    n_steps: int
    has_begun: bool = False
    n_done: int = 0
    n_all: int = 0
    what: str = ""
    since: float = 0.0

    @property
    def fraction(self) -> float:
        """How much of this kind is done, 0..1."""
        return min(1.0, self.n_done / self.n_all) if self.n_all > 0 else 0.0

    def left_s(self, now: float) -> float | None:
        """Return the seconds that this kind still takes; None while nobody can tell."""
        passed = now - self.since
        if self.n_done <= 0 or passed < MIN_ESTIMATE_S:
            return None
        return passed * (1 - self.fraction) / self.fraction


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a step left: the run so far, its model's key, and what went wrong."""

    run: Run
    key: str
    is_new: bool
    troubles: tuple[OpscopeError, ...] = ()


Taken = Callable[[OpenModel, str, Run], None]


class Measuring(param.Parameterized):
    """The measurement of one session.

    Parameters
    ----------
    store : RunStore
    notices : Notices
    taken : callable (model, key, run) -> None
        Told on the session's loop when a step has results.
    """

    is_running = param.Boolean(default=False, doc="Whether something is measured or waits.")
    told = param.Event(doc="`now` may say something new.")

    def __init__(self, store: RunStore, notices: Notices, taken: Taken) -> None:
        super().__init__()
        self.store = store
        self.notices = notices
        self.now: Now | None = None
        self._taken = taken
        self._work = Work(notices.add, submit=QUEUE.submit)
        self._work.param.watch(lambda _event: self.param.trigger("told"), "busy")

    def start(self, request: Request, opened: OpenModel, title: str) -> None:
        """Measure what a request asks for; nothing happens while something is measured."""
        if self.is_running or not request.kinds:
            return
        date = datetime.now(UTC)
        record = RunRecord(
            id=f"{date:%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}",
            title=title,
            date=date.isoformat(timespec="seconds"),
            model_name=opened.model.name,
            format=opened.model.format,
        )
        self.is_running = True
        self._step(request, opened, Run(record, (), {}), 0)

    def cancel(self) -> None:
        """End what runs; what was measured before stays."""
        self._work.cancel()

    def _step(self, request: Request, opened: OpenModel, run: Run, index: int) -> None:
        if index >= len(request.kinds):
            self._end()
            return
        kind = request.kinds[index]
        self.now = Now(kind, index + 1, len(request.kinds))
        self.param.trigger("told")

        def done(outcome: Outcome) -> None:
            for trouble in outcome.troubles:
                self.notices.add(trouble)
            if outcome.is_new:
                self._taken(opened, outcome.key, outcome.run)
            self._step(request, opened, outcome.run, index + 1)

        def job(progress: Progress) -> Outcome:
            return self._measured(kind, request, run, progress)

        self._work.start("measure", f"Measuring {WORDS[kind].lower()}", job, done, self._end)

    def _end(self) -> None:
        self.now = None
        self.is_running = False

    # -- in the job ---------------------------------------------------------------------

    def _measured(self, kind: Kind, request: Request, run: Run, progress: Progress) -> Outcome:
        """Take one kind; what goes wrong with it is told and does not stop the others."""

        def hear(n_done: int, n_all: int, what: str) -> None:
            now = self.now  # the session's loop may end it meanwhile
            if progress.cancelled() or now is None:
                return
            since = now.since or time.monotonic()
            self.now = replace(now, n_done=n_done, n_all=n_all, what=what, since=since)
            progress.wait_for(f"{n_done} of {n_all}: {what}")

        if self.now is not None:
            self.now = replace(self.now, has_begun=True)
        progress.wait_for("Loading")
        try:
            part = take(kind, request, lambda: progress.cancelled() or QUEUE.is_closing(), hear)
        except (OpscopeError, OSError) as error:
            return self._failed(kind, request, run, error, progress)
        new = run.with_part(part.columns, request.graph, part.latency, part.error, part.channels)
        if part.trouble is not None:
            new = new.with_record(failures=(*new.record.failures, str(part.trouble)))
        return self._kept(request, new, progress, part.trouble)

    def _failed(
        self, kind: Kind, request: Request, run: Run, error: Exception, progress: Progress
    ) -> Outcome:
        """Return the run with the reason; a crash of the runtime ends here."""
        known = error if isinstance(error, OpscopeError) else _of_system(kind, error)
        failed = run.with_record(failures=(*run.record.failures, str(known)))
        if failed.columns:  # kept with what an earlier step measured
            return self._kept(request, failed, progress, known)
        return Outcome(failed, "", False, (known,))

    def _kept(
        self, request: Request, run: Run, progress: Progress, trouble: OpscopeError | None
    ) -> Outcome:
        """Keep a run on disk; one that cannot be kept is shown all the same."""
        troubles, key = [trouble] if trouble is not None else [], ""
        try:
            key = request.file.run_key()
            if not progress.cancelled():
                self.store.save(key, run)
        except OSError as error:  # the model's file is gone meanwhile
            reason = f"the run cannot be kept: {error.strerror or type(error).__name__}"
            troubles.append(MeasureError("for later", reason))
        except MeasureError as error:
            troubles.append(error)
        return Outcome(run, key, True, tuple(troubles))


def _of_system(kind: Kind, error: Exception) -> MeasureError:
    reason = error.strerror if isinstance(error, OSError) else None
    return MeasureError(WORDS[kind].lower(), reason or type(error).__name__)
