"""The compare tab and the table of differences in a real browser, without graphs beside them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import panel as pn
from playwright.sync_api import Page, expect

from importers import read
from sample_models import sample
from tests.helpers.compared_parts import Compared, measured

SECONDS = 30


def _eventually(is_true: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not is_true():
        assert time.monotonic() < end, "this did not become true in time"
        time.sleep(0.05)


def test_a_reader_filters_steps_and_picks(page: Page, served: Callable[..., str]) -> None:
    """Chips narrow the table, arrows and rows select on both sides, weights come when asked for."""
    names = ("digits_float", "digits_float_tflite")
    parts = Compared(*(read(sample(name).path) for name in names))
    assert parts.base.graph is not None and parts.other.graph is not None
    measured(parts.base, dict.fromkeys(parts.base.graph.node_ids[::2], 2.0))
    measured(parts.other, dict.fromkeys(parts.other.graph.node_ids[::3], 1.0))
    pn.extension("tabulator")
    page.set_viewport_size({"width": 1000, "height": 1200})
    page.goto(served(pn.Column(parts.table.view, parts.pane.view, width=900)))
    expect(page.get_by_text("1 added, 11 fused, 40 equal; the same weights")).to_be_visible(
        timeout=SECONDS * 1000
    )
    rows = page.locator(".tabulator-row")
    expect(page.get_by_text("12 of 52 pairs")).to_be_visible()
    expect(rows.first).to_contain_text("fused")

    page.get_by_text(re.compile("^11 fused$")).click()
    expect(page.get_by_text("1 of 52 pairs")).to_be_visible()
    expect(rows).to_have_count(1)
    page.get_by_text(re.compile("^11 fused$")).click()
    expect(rows).to_have_count(10)

    page.get_by_role("button", name="Next difference").click()
    expect(page.get_by_text(re.compile(r"^1 of \d+$"))).to_be_visible()
    assert parts.choice.selected.tolist() == parts.choice.steps[:1].tolist()

    expect(page.locator(".tabulator-row.tabulator-selected")).to_have_count(1)
    rows.nth(4).locator(".tabulator-cell").nth(1).click()
    picked = int(parts.table._order[parts.choice.is_listed[parts.table._order]][4])
    _eventually(lambda: parts.choice.selected.tolist() == [picked])

    page.get_by_role("button", name="Compare weights").click()
    expect(page.get_by_text("27 the same, 0 differ")).to_be_visible()
