"""The watch over browser tests itself: it must bite."""

from __future__ import annotations

from collections.abc import Callable

import panel as pn
import pytest
from playwright.sync_api import BrowserContext, Page

from tests.ui.conftest import _watch


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


@pytest.mark.allow_console("ERR_|Failed to load")
def test_requests_that_leave_are_seen(new_context: Callable[..., BrowserContext]) -> None:
    """A request to another host is a trouble, even where there is no network."""
    context = new_context()
    found: list[str] = []
    page = context.new_page()
    context.route("**/*", lambda route: route.abort())
    # Watched here only: the watch of every test would fail this one.
    page.on("request", lambda asked: found.append(asked.url))
    page.evaluate("fetch('http://localhost:9/x').catch(() => 0)")
    page.wait_for_timeout(50)
    assert found == ["http://localhost:9/x"]
