"""Jobs of a session: threads, newest wins, cancel, errors; with a document and without."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from dashboard.work import Progress, Work
from graphs.errors import ReadError


class Loop:
    """Stands for a Bokeh document: keeps callbacks until they are run in the test's thread."""

    def __init__(self) -> None:
        self.session_context = type("Context", (), {"destroyed": False})()
        self._next: list[Callable[[], None]] = []
        self.later: list[Callable[[], None]] = []

    def add_next_tick_callback(self, callback: Callable[[], None]) -> None:
        """Keep a callback for `run`."""
        self._next.append(callback)

    def add_timeout_callback(self, callback: Callable[[], None], _ms: int) -> None:
        """Keep a callback that is due later."""
        self.later.append(callback)

    def run(self, seconds: float = 5) -> None:
        """Run what comes within some seconds, until one callback has run."""
        end = time.monotonic() + seconds
        while not self._next and time.monotonic() < end:
            time.sleep(0.005)
        while self._next:
            self._next.pop(0)()


@pytest.fixture
def told() -> list[object]:
    """What the reader was told."""
    return []


@pytest.fixture
def work(told: list[object]) -> Work:
    """Jobs on a loop of the test."""
    made = Work(told.append)
    made._document = Loop()
    return made


def loop(work: Work) -> Loop:
    """The loop of `work`."""
    found: Any = work._document
    return found


def test_a_job_runs_in_a_thread_and_ends_on_the_loop(work: Work) -> None:
    """The event loop goes on while the job runs."""
    threads: list[int] = []
    results: list[int] = []
    work.start("a", "A", lambda _p: threads.append(threading.get_ident()) or 7, results.append)
    loop(work).run()
    assert results == [7] and threads[0] != threading.get_ident()


def test_the_newest_job_wins(work: Work) -> None:
    """A job that was overtaken is told so, and its result is dropped."""
    gate, results, seen = threading.Event(), list[str](), list[Progress]()

    def slow(progress: Progress) -> str:
        seen.append(progress)
        gate.wait(5)
        return "old"

    work.start("a", "A", slow, results.append)
    work.start("a", "A", lambda _p: "new", results.append)
    loop(work).run()
    gate.set()
    loop(work).run(0.3)
    assert results == ["new"]
    assert all(progress.cancelled() for progress in seen)


def test_cancel_tells_who_waits(work: Work) -> None:
    """The reader's cancel ends the waiting and lets the pane put its state back."""
    gate, results, dropped = threading.Event(), list[int](), list[int]()
    work.start("a", "A", lambda _p: gate.wait(5), results.append, lambda: dropped.append(1))
    loop(work).later.pop(0)()
    assert work.busy == "A"
    work.cancel()
    gate.set()
    loop(work).run(0.3)
    assert (results, dropped, work.busy) == ([], [1], "")


def test_progress_is_shown(work: Work) -> None:
    """What takes longer says how much is done."""
    gate = threading.Event()

    def job(progress: Progress) -> None:
        progress.report(0.4)
        gate.wait(5)

    work.start("a", "Laying out", job, lambda _r: None)
    time.sleep(0.1)
    loop(work).later.pop(0)()
    assert work.busy == "Laying out 40%"
    gate.set()
    loop(work).run()
    assert work.busy == ""


def test_our_errors_are_told_and_others_as_well(work: Work, told: list[object]) -> None:
    """A bad file is a notice; a bug is a notice too, and reaches the log."""

    def bad(_progress: Progress) -> None:
        raise ReadError("x.onnx", "it is empty")

    def bug(_progress: Progress) -> None:
        raise MemoryError

    work.start("a", "A", bad, lambda _r: None)
    loop(work).run()
    work.start("b", "Opening", bug, lambda _r: None)
    with pytest.raises(MemoryError):
        loop(work).run()
    assert "it is empty" in str(told[0])
    assert "Opening failed unexpectedly (MemoryError)" in str(told[1])


def test_an_ended_session_gets_nothing(work: Work) -> None:
    """A tab that was closed meanwhile is left alone."""
    gate, results = threading.Event(), list[object]()
    work.start("a", "A", lambda _p: gate.wait(5), results.append)
    loop(work).session_context.destroyed = True
    gate.set()
    loop(work).run(0.3)
    assert not results


def test_without_a_server_jobs_run_at_once() -> None:
    """Tests and scripts need no loop."""
    results: list[int] = []
    Work([].append).start("a", "A", lambda _p: 3, results.append)
    assert results == [3]


def test_a_result_waits_until_the_browser_has_the_page(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changes that reach a browser while it takes the page over are lost: nothing changes then."""
    waiting: list[Callable[[], None]] = []
    monkeypatch.setattr("panel.state.onload", waiting.append)
    results: list[int] = []
    work.start("a", "A", lambda _p: 7, results.append)
    loop(work).run()
    assert results == [] and len(waiting) == 1
    waiting[0]()
    assert results == [7]
