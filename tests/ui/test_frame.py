"""The watch over browser tests itself: it must bite."""

from __future__ import annotations

from collections.abc import Callable

import panel as pn
import pytest
from playwright.sync_api import BrowserContext, Page

from tests.ui.conftest import CLOSED_TAB, _watch, leaves_this_machine


def test_a_served_panel_object_is_shown(page: Page, served: Callable[..., str]) -> None:
    """`served` shows a Panel object in a real browser with WebGL2."""
    page.goto(served(pn.pane.Markdown("the first word")))
    page.get_by_text("the first word").wait_for()
    assert page.evaluate("!!document.createElement('canvas').getContext('webgl2')")


@pytest.fixture
def troubles(new_context: Callable[..., BrowserContext]) -> tuple[Page, list[str]]:
    """A page whose troubles are collected, beside the watch that every test has."""
    context, found = new_context(), []
    _watch(context, found, [])
    return context.new_page(), found


@pytest.mark.allow_console("too bad")
def test_console_errors_are_seen(troubles: tuple[Page, list[str]]) -> None:
    """A console error and an exception in the page are troubles."""
    page, found = troubles
    page.evaluate("console.error('too bad')")
    page.evaluate("setTimeout(() => { throw new Error('too bad again') })")
    page.wait_for_timeout(100)
    assert [text.split(":")[0] for text in found] == ["console error", "exception in the page"]


def test_requests_that_stay_are_no_trouble(
    troubles: tuple[Page, list[str]], served: Callable[..., str]
) -> None:
    """Requests to this machine, data URLs and blobs are allowed."""
    page, found = troubles
    page.goto(served(pn.pane.HTML("<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>")))
    page.wait_for_load_state("networkidle")
    assert found == []


def test_requests_that_leave_are_told_from_those_that_stay() -> None:
    """Only this machine, data and blobs are near; a host whose name begins like ours is far."""
    near = ["http://localhost:5006/x", "ws://127.0.0.1/ws", "data:,x", "blob:http://localhost/1"]
    far = ["https://cdn.example/x.js", "http://localhost.evil.example", "wss://10.0.0.1/ws"]
    assert [leaves_this_machine(url) for url in near + far] == [False] * 4 + [True] * 3


def test_only_the_report_of_a_closed_tab_is_passed_over() -> None:
    """A traceback of ours counts, also beside Tornado's report of a tab that was closed."""
    closed = (
        "Task exception was never retrieved\nfuture: <Task exception=WebSocketClosedError()>\n"
        "Traceback (most recent call last):\ntornado.iostream.StreamClosedError\n"
        "Traceback (most recent call last):\ntornado.websocket.WebSocketClosedError\n"
    )
    ours = "Traceback (most recent call last):\nValueError: ours\n"
    assert "Traceback" not in CLOSED_TAB.sub("", closed + closed)
    assert CLOSED_TAB.sub("", closed + ours + closed) == ours
