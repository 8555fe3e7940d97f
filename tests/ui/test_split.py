"""Two models side by side in the app: the way of a reader from two files to the worst node."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlparse

from playwright.sync_api import Page, expect

from benchmarks.served import FIND_CANVASES
from sample_models import sample
from tests.ui.conftest import ServeDashboard
from tests.ui.driver import Driver

FLOAT, INT8 = str(sample("digits_float_tflite").path), str(sample("digits_int8_tflite").path)
LONG_MS = 60_000
GRAPHS = f"() => ({FIND_CANVASES})().map(canvas => canvas.__graph)"


def ask(page: Page, expression: str) -> Any:
    """Evaluate ``graphs => ...`` on the hooks of all graphs, left to right."""
    return page.evaluate(f"() => ({expression})(({GRAPHS})())")


def wait(page: Page, condition: str) -> None:
    """Wait until ``graphs => ...`` is true."""
    page.wait_for_function(f"() => ({condition})(({GRAPHS})())", timeout=LONG_MS)


def both_drawn(page: Page) -> None:
    """Wait until both graphs are drawn and at rest, and the page follows."""
    wait(page, "g => g.length === 2 && g.every(one => one.view.nItems > 0 && !one.view.isMoving)")
    page.wait_for_function("() => window.Bokeh.documents.every(doc => doc.is_idle)")


def test_a_reader_finds_the_worst_node_and_its_twin(
    page: Page, serve_dashboard: ServeDashboard
) -> None:
    """From two files to the worst node on both sides: matched, measured, shown, linked, closed."""
    Driver(page, serve_dashboard(FLOAT, INT8).url)
    expect(page.get_by_text(re.compile(r"\d+ changed, \d+ equal"))).to_be_visible(timeout=LONG_MS)
    both_drawn(page)

    ask(page, "g => g[0].setCamera(g[0].camera.x, g[0].camera.y + 200, 1.5)")
    wait(page, "g => Math.abs(g[1].camera.zoom - 1.5) < 1e-6")

    page.get_by_role("button", name="Measure quantization error").click()
    worst = page.get_by_role("button", name="Show the worst pair")
    expect(worst).to_be_visible(timeout=LONG_MS)
    worst.click()
    expect(page.get_by_text(re.compile(r"pairs, 1 selected"))).to_be_visible(timeout=LONG_MS)
    wait(page, "g => g.every(one => one.view.selected.length > 0 && !one.view.isMoving)")

    page.wait_for_function("() => location.search.includes('b.model=')", timeout=LONG_MS)
    address = parse_qs(urlparse(page.url).query)
    assert address["selected"] and address["b.model"]
    page.reload()
    both_drawn(page)
    expect(page.get_by_text(re.compile(r"pairs, 1 selected"))).to_be_visible(timeout=LONG_MS)

    page.get_by_role("button", name="Close this pane").click()
    wait(page, "g => g.length === 1")
    expect(page.get_by_role("button", name="Show another model beside")).to_be_visible()
    note = page.get_by_text(re.compile(r"\d+ nodes, \d+ selected")).locator("visible=true")
    expect(note.first).to_be_visible(timeout=LONG_MS)
