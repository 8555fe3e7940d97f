"""Measuring in a browser: by clicking, with a cancelled run, and again after a reload."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import ServeDashboard
from tests.ui.driver import Driver

RUN = re.compile(r"^Run 1$")
IN_TIME = 20_000  # ms


def test_the_sample_is_measured_cancelled_and_found_again(
    page: Page,
    serve_dashboard: ServeDashboard,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """A click measures; graph, table and list show it; Cancel ends another; a reload finds it."""
    page.set_viewport_size({"width": 1280, "height": 900})
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))  # of a server that has kept no run yet
    url = serve_dashboard("--root", str(tmp_path)).url
    app = Driver(page, url, "?" + urlsplit(page.url).query)
    app.tab("Measure")
    measure = page.get_by_role("button", name="Measure", exact=True)
    measure.click()
    expect(page.get_by_text(RUN).first).to_be_visible(timeout=IN_TIME)
    expect(page.get_by_text(re.compile("pairs of tensors"))).to_be_visible(timeout=IN_TIME)
    app.sees(r"latency · Run 1 \(ms\) · groups: sum")
    expect(page.locator(".tabulator-col-title", has_text="latency · Run 1 (ms)")).to_be_attached()
    assert app.view["colored"] > 3

    page.get_by_label("Repeats").fill("10000")
    page.get_by_label("Repeats").press("Tab")
    measure.click()
    page.get_by_role("button", name="Cancel").click(timeout=IN_TIME)
    expect(measure).to_be_visible()
    expect(page.get_by_text("Run 2", exact=True)).to_have_count(0)

    app = Driver(page, url, "?" + urlsplit(page.url).query)
    app.tab("Measure")
    expect(page.get_by_text(RUN).first).to_be_visible(timeout=IN_TIME)
    app.sees(r"latency · Run 1 \(ms\) · groups: sum")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text(RUN)).to_have_count(0)
