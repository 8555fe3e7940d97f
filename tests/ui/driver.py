"""Drives the dashboard in a browser through what a reader sees, and the canvas hook."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from benchmarks.served import FIND_CANVAS as FIND


class Driver:
    """One open dashboard page."""

    def __init__(self, page: Page, url: str, query: str = "") -> None:
        self.page = page
        page.goto(url + query)
        self.wait("graph => graph.stats.draws > 0 && graph.view.nItems > 0")
        page.wait_for_function("() => window.Bokeh.documents.every(doc => doc.is_idle)")
        self.settle()

    def ask(self, expression: str) -> Any:
        """Evaluate ``graph => ...`` on the canvas hook."""
        return self.page.evaluate(
            f"() => {{ const c = ({FIND})(); return ({expression})(c.__graph) }}"
        )

    def wait(self, condition: str, seconds: float = 40) -> None:
        """Wait until ``graph => ...`` is true."""
        self.page.wait_for_function(
            f"() => {{ const c = ({FIND})(); return c && c.__graph && ({condition})(c.__graph) }}",
            timeout=seconds * 1000,
        )

    def settle(self) -> None:
        """Wait until nothing moves."""
        self.wait("graph => !graph.view.isMoving")
        self.ask("graph => graph.flush()")

    @property
    def view(self) -> dict[str, Any]:
        """What the canvas shows."""
        found: dict[str, Any] = self.ask("graph => graph.view")
        return found

    def place(self, key: int) -> tuple[float, float]:
        """Return the middle of an item in page pixels."""
        rect = self.ask(f"graph => graph.rectOf({key})")
        box = self.page.evaluate(
            f"() => {{ const r = ({FIND})().getBoundingClientRect(); return [r.left, r.top] }}"
        )
        return box[0] + rect["x"] + rect["width"] / 2, box[1] + rect["y"] + rect["height"] / 2

    def keys(self, title: str) -> list[int]:
        """Return the keys of the items with a title."""
        found: list[int] = self.ask(f"graph => graph.keysOf({title!r})")
        return found

    def look_at(self, key: int) -> None:
        """Bring the middle of an item to the middle of the view, at the same zoom."""
        self.ask(
            f"""graph => {{
              const {{x, y, width, height}} = graph.rectOf({key})
              const {{size}} = graph.view
              const {{camera}} = graph
              const dx = (x + (width - size.width) / 2) / camera.zoom
              const dy = (y + (height - size.height) / 2) / camera.zoom
              graph.setCamera(camera.x + dx, camera.y + dy, camera.zoom)
            }}"""
        )
        self.settle()

    def click_item(self, key: int, **options: Any) -> None:
        """Click the middle of an item."""
        self.settle()
        self.look_at(key)
        self.page.mouse.click(*self.place(key), **options)

    def clear(self) -> None:
        """Press the button that undoes selection and filter."""
        self.page.locator("button", has_text=re.compile("Clear$")).click()

    def tab(self, name: str) -> None:
        """Bring a tab to the front."""
        self.page.get_by_role("tab", name=name).click()

    def text(self, pattern: str) -> Locator:
        """Return what shows a text."""
        return self.page.get_by_text(re.compile(pattern)).first

    def sees(self, pattern: str) -> None:
        """Assert that a text is visible."""
        expect(self.text(pattern)).to_be_visible(timeout=15_000)
