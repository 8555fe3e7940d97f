"""How far a measurement is, in words, and one measurement after the other."""

from __future__ import annotations

import dataclasses
import threading

from dashboard.panes.measure_progress import LOADING, WAITING, duration, words_of
from dashboard.run_measuring import Now
from dashboard.run_queue import OneAtATime


def test_progress_is_told_in_words() -> None:
    """Waiting, loading and counting differ; time left is told once it can be known."""
    now = Now("latency", 1, 2)
    assert words_of(now, 0.0) == ("Latency (1 of 2)", WAITING)
    now = dataclasses.replace(now, has_begun=True, since=10.0)
    assert words_of(now, 10.0)[1] == LOADING
    now = dataclasses.replace(now, n_done=25, n_all=100, what="run 26")
    assert words_of(now, 12.0) == ("Latency (1 of 2) · about 6 s left", "25 of 100 · run 26")
    assert words_of(now, 10.1)[0] == "Latency (1 of 2)"
    assert [duration(s) for s in (0.2, 59, 61, 600, 7300)] == ["1 s", "59 s", "1 min", "10 min",
                                                              "2 h"]  # fmt: skip


def test_measurements_run_one_after_the_other() -> None:
    """The second job begins when the first has ended, and closing lets the running one end."""
    queue, order, may_end = OneAtATime(), [], threading.Event()

    def first() -> None:
        order.append("first begins")
        may_end.wait(10)
        order.append("first ends")

    is_done = threading.Event()
    queue.submit(first)
    queue.submit(lambda: (order.append("second"), is_done.set()))
    may_end.set()
    assert is_done.wait(10)
    assert order == ["first begins", "first ends", "second"]
    queue.close()
    assert queue.is_closing()
