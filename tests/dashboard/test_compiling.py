"""What the reader is told while a first drawing waits for the layout to be compiled."""

from __future__ import annotations

import threading
import time

import panel as pn
import pytest

import graphs.kernels
from dashboard import app_hooks, compiling
from dashboard.arguments import parse
from dashboard.page import App
from dashboard.work import Progress
from graphs.kernels import preparing
from graphs.kernels.preparing import Preparation
from sample_models import sample
from tests.dashboard.test_work import Loop, loop

LARGE = compiling.SMALL + 1
MODEL = str(sample("digits_float").path)


@pytest.fixture
def app() -> App:
    """A page that was drawn while nothing held it up."""
    pn.extension("tabulator")
    return App(parse([MODEL]), {})


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Hold back a preparation that finds nothing compiled until the gate is opened."""
    opened = threading.Event()
    monkeypatch.setattr(preparing, "is_compiled", lambda: False)
    monkeypatch.setattr(preparing, "compile_missing", lambda _nice: opened.wait(20))
    monkeypatch.setattr(compiling, "PREPARATION", Preparation())
    return opened


def told_while_waiting(gate: threading.Event) -> str:
    """Return what a job tells of its waiting, and let it end."""
    progress = Progress()
    waiting = threading.Thread(target=compiling.wait_for_kernels, args=(progress, LARGE))
    waiting.start()
    end = time.monotonic() + 5
    while not progress.waiting_for and time.monotonic() < end:
        time.sleep(0.005)
    told = progress.waiting_for
    gate.set()
    waiting.join(20)
    assert not waiting.is_alive() and progress.waiting_for == ""
    return told


def test_a_fresh_install_says_that_it_compiles(gate: threading.Event) -> None:
    """The words name the cause and that it is for once; afterwards nothing is waited for."""
    assert told_while_waiting(gate) == compiling.ONCE
    assert "once" in compiling.ONCE and "Compiling" in compiling.ONCE


def test_without_a_folder_it_says_that_it_is_each_time(
    gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where machine code cannot be kept nobody is promised that it is for once."""
    monkeypatch.setattr(compiling, "kept_in", lambda: None)
    assert told_while_waiting(gate) == compiling.EACH_TIME


def test_who_does_not_wait_any_more_is_let_go(gate: threading.Event) -> None:
    """A cancelled drawing leaves at once, while the kernels go on being compiled."""
    progress = Progress()
    progress.cancel()
    start = time.monotonic()
    compiling.wait_for_kernels(progress, LARGE)
    assert time.monotonic() - start < 5
    assert not compiling.PREPARATION.is_done
    gate.set()
    compiling.wait_for_kernels(Progress(), LARGE)
    assert compiling.PREPARATION.is_done


def test_a_server_starts_without_waiting(
    gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first request is answered while the layout is still being compiled."""
    monkeypatch.setattr(graphs.kernels, "PREPARATION", compiling.PREPARATION)
    monkeypatch.setattr(app_hooks, "_warm_density", lambda: None)
    app_hooks.on_server_loaded(None)
    assert compiling.PREPARATION.is_compiling and not compiling.PREPARATION.is_done
    gate.set()
    compiling.PREPARATION.wait()
    assert compiling.PREPARATION.is_done


def test_a_small_graph_is_drawn_meanwhile(app: App, gate: threading.Event) -> None:
    """The first drawing of a fresh install does not wait for the compiler."""
    app.session.flat = True
    assert app.graph.is_drawn and not compiling.PREPARATION.is_done
    gate.set()
    compiling.PREPARATION.wait()


def test_the_page_says_it_instead_of_laying_out(
    app: App, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text over the graph is the cause of the waiting, until the drawing comes."""
    monkeypatch.setattr(compiling, "SMALL", 0)
    told: list[str] = []
    app.work.param.watch(lambda event: told.append(event.new), "busy")
    app.work._document = Loop()  # as on a server: jobs run in threads
    app.session.flat = True
    end = time.monotonic() + 5
    while compiling.ONCE not in told and time.monotonic() < end:
        time.sleep(0.01)
        loop(app.work).later.pop(0)()
    assert told[-1] == compiling.ONCE and not app.graph.is_drawn
    gate.set()
    loop(app.work).run(20)
    assert told[-1] == "" and app.graph.is_drawn
