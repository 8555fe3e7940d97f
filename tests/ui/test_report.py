"""A report in a browser: opened from disk, without any network, it shows and finds everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import panel as pn
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

import importers
from dashboard.cli import main
from dashboard.panes.compare_report import ReportButton
from dashboard.work import Work
from sample_models import sample
from tests.dashboard.test_comparing import Parts


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a float ONNX model beside its int8 twin, with what was measured of both."""
    target = tmp_path_factory.mktemp("report") / "report.html"
    a, b = sample("digits_float"), sample("digits_int8")
    data = ["--node-data-a", *map(str, a.node_data), "--node-data-b", *map(str, b.node_data)]
    assert main(["compare", str(a.path), str(b.path), "--report", str(target), *data]) == 1
    return target


@pytest.fixture
def opened(request: pytest.FixtureRequest, browser: Browser, report: Path) -> Iterator[Page]:
    """The report in a browser that is offline; it fails on errors and on any request."""
    theme = getattr(request, "param", "light")
    troubles: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            troubles.append(message.text)

    def on_request(asked: Request) -> None:
        if asked.url != report.as_uri() and not asked.url.startswith("data:"):
            troubles.append(asked.url)

    context = browser.new_context(
        offline=True, color_scheme=theme, viewport={"width": 1500, "height": 1100}
    )
    context.on("console", on_console)
    context.on("weberror", lambda one: troubles.append(str(one.error)))
    context.on("request", on_request)
    page = context.new_page()
    page.goto(report.as_uri())
    page.wait_for_function("() => window.Bokeh.documents.length > 0 "
                           "&& window.Bokeh.documents.every(one => one.is_idle)")  # fmt: skip
    yield page
    context.close()
    assert troubles == []


def marked(page: Page, side: str, name: str) -> set[str]:
    """Return the keys of the boxes of a picture that are marked."""
    boxes = page.locator(f'.picture[data-side="{side}"] svg .{name}')
    return {str(one.get_attribute("data-k")) for one in boxes.all()}


def is_seen(page: Page, side: str, key: str) -> bool:
    """Whether the middle of a box is inside its picture's frame."""
    place = page.locator(f'.picture[data-side="{side}"] svg [data-k="{key}"] .r').first
    box, frame = place.bounding_box(), page.locator(f'[data-side="{side}"] .frame').bounding_box()
    assert box is not None and frame is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    is_across = frame["x"] <= x <= frame["x"] + frame["width"]
    return is_across and frame["y"] <= y <= frame["y"] + frame["height"]


def test_a_row_and_a_box_find_their_pair_on_both_sides(opened: Page) -> None:
    """A click on a row lights up and shows both nodes; on a box its twin and their row."""
    row = opened.locator(".pairs tbody tr").nth(8)
    row.click()
    for side in "ab":
        wanted = set((row.get_attribute(f"data-{side}") or "").split())
        assert marked(opened, side, "on") == wanted
        assert all(is_seen(opened, side, key) for key in wanted)
    other = opened.locator(".pairs tbody tr").nth(2)
    key = (other.get_attribute("data-a") or "").split()[0]
    opened.locator('[data-side="a"] [data-do="fit"]').click()
    opened.locator(f'[data-side="a"] svg [data-k="{key}"] .r').first.click()
    assert key in marked(opened, "a", "on")
    assert marked(opened, "b", "on") <= set((other.get_attribute("data-b") or "").split())
    expect(other).to_have_class("on")


def test_pointing_at_a_box_tells_its_twin(opened: Page) -> None:
    """The line under the pictures names both, and the twin lights up."""
    box = opened.locator('[data-side="a"] svg [data-d="fused"]').first
    box.locator(".r").hover()
    twins = set((box.get_attribute("data-t") or "").split())
    assert twins and marked(opened, "b", "hot") == twins
    expect(opened.locator(".pointed")).to_contain_text("fused")


def test_the_table_filters_and_sorts(opened: Page) -> None:
    """By kind and by words; by any column, numbers as numbers."""
    shown = opened.locator(".pairs tbody tr:visible")
    n_all = shown.count()
    opened.locator('.chip[data-kind="split"]').click()
    assert {one.get_attribute("data-kind") for one in shown.all()} == {"fused"}
    opened.locator('.chip[data-kind="split"]').click()
    opened.locator(".search").fill("STEM conv")
    assert 0 < shown.count() < n_all
    assert all("stem" in one.inner_text().lower() for one in shown.all())
    opened.locator(".search").fill("")
    heads = opened.locator(".pairs th")
    at = next(i for i, one in enumerate(heads.all()) if "B − A" in one.inner_text())
    heads.nth(at).click()
    cells = opened.locator(f".pairs tbody tr td:nth-child({at + 1})")
    values = [float(v) for one in cells.all() if (v := one.get_attribute("data-v"))]
    assert len(values) > 5 and values == sorted(values, reverse=True)


@pytest.mark.parametrize("opened", ["light", "dark"], indirect=True)
def test_charts_are_drawn_and_a_point_finds_its_pair(opened: Page) -> None:
    """Every chart has its figure; choosing a point is choosing its row."""
    assert opened.locator(".chart").count() == opened.locator(".chart-data").count() > 3
    for one in opened.locator(".chart").all():
        expect(one.locator(".bk-Figure")).to_be_visible()
    pair = opened.evaluate(
        """() => {
          const source = Bokeh.documents[0].get_model_by_name("points")
          const rows = new Set([...document.querySelectorAll("tr[data-p]")].map(r => r.dataset.p))
          const at = source.data.pair.findIndex(pair => rows.has(String(pair)))
          source.selected.indices = [at]
          return source.data.pair[at]
        }"""
    )
    expect(opened.locator(f'tr[data-p="{pair}"]')).to_have_class("on")


def test_moving_and_zooming(opened: Page) -> None:
    """Buttons zoom, a drag moves, the last button shows the whole drawing."""

    def view() -> list[float]:
        text = opened.locator('[data-side="b"] svg').first.get_attribute("viewBox") or ""
        return [float(one) for one in text.split()]

    before = view()
    opened.locator('[data-side="b"] [data-do="in"]').click()
    assert view()[2] < before[2]
    frame = opened.locator('[data-side="b"] .frame').bounding_box()
    assert frame is not None
    x, y = frame["x"] + 40, frame["y"] + 300
    start = view()
    opened.mouse.move(x, y)
    opened.mouse.down()
    opened.mouse.move(x + 50, y - 100, steps=4)
    opened.mouse.up()
    assert view()[0] < start[0] and view()[1] > start[1]
    opened.locator('[data-side="b"] [data-do="fit"]').click()
    keys = opened.locator('[data-side="b"] svg [data-k]').evaluate_all(
        "all => all.map(e => e.dataset.k)"
    )
    assert is_seen(opened, "b", keys[0]) and is_seen(opened, "b", keys[-1])


def test_on_paper_the_whole_drawing_is_there(opened: Page) -> None:
    """Before printing both pictures show everything, afterwards what they showed at first."""
    svg = opened.locator(".frame > svg")
    first = [one.get_attribute("viewBox") for one in svg.all()]
    opened.evaluate("dispatchEvent(new Event('beforeprint'))")
    opened.emulate_media(media="print")
    for side, frame in zip("ab", opened.locator(".frame").all(), strict=True):
        boxes = frame.locator("svg [data-k]")
        keys = boxes.evaluate_all("all => all.map(one => one.dataset.k)")
        assert is_seen(opened, side, keys[0]) and is_seen(opened, side, keys[-1])
    opened.emulate_media(media="screen")
    opened.evaluate("dispatchEvent(new Event('afterprint'))")
    assert [one.get_attribute("viewBox") for one in svg.all()] == first


def test_the_button_of_the_page_saves_the_report(
    page: Page, served: Callable[..., str], tmp_path: Path
) -> None:
    """One press makes the report and downloads it, named for both models; so does the next."""
    made: list[ReportButton] = []

    def view() -> pn.viewable.Viewable:
        names = ("digits_float", "digits_int8")
        parts = Parts(*(importers.read(sample(name).path) for name in names))
        made.append(ReportButton(parts.comparing, Work(parts.notices.add), parts.notices))
        return made[-1].view

    page.goto(served(view))
    for _ in range(2):
        with page.expect_download(timeout=60_000) as download:
            page.get_by_role("button", name="Export report").click()
        assert download.value.suggested_filename == "opscope-digits_cnn_float-digits_cnn_int8.html"
        target = tmp_path / "saved.html"
        download.value.save_as(target)
        assert target.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
