"""The whole dashboard in a browser: open, look, select, filter, search, link."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from sample_models import sample, samples
from tests.helpers.hostile_files import EVIL, write_markup_model
from tests.ui.conftest import ServeDashboard
from tests.ui.driver import Driver

COUNTED = "nodes remain"


@pytest.fixture
def app(page: Page, serve_dashboard: ServeDashboard) -> Driver:
    """The dashboard as a new user sees it."""
    page.set_viewport_size({"width": 1280, "height": 800})
    return Driver(page, serve_dashboard().url)


def test_a_new_user_sees_a_measured_sample(app: Driver) -> None:
    """Without arguments the first sample is drawn, coloured by what was measured."""
    view = app.view
    assert view["nItems"] > 3 and view["colored"] > 3
    app.sees("Digits|digits")
    app.sees("latency \\(ms\\) · groups: sum")
    app.sees("Distribution")
    expect(app.page.locator(".tabulator-row").first).to_be_visible()


def test_selecting_on_the_graph_reaches_table_and_details(app: Driver) -> None:
    """A click on a group selects its nodes; the table shows only them, details sum them up."""
    key = app.keys("block1")[0]
    app.click_item(key)
    app.wait(f"graph => graph.view.selected.includes({key})")
    app.sees(r"\d+ of \d+ nodes, \d+ selected")
    app.tab("Details")
    app.sees(r"\d+ nodes selected")
    app.clear()
    app.wait("graph => graph.view.selected.length === 0")


def test_double_click_opens_a_group_under_the_pointer(app: Driver) -> None:
    """An opened group stays where it was clicked, and a second double click closes it."""
    key, before = app.keys("block1")[0], app.view["nItems"]
    app.look_at(key)
    x, y = app.place(key)
    app.page.mouse.dblclick(x, y)
    app.wait(f"graph => graph.view.expanded.includes({key}) && !graph.view.isMoving")
    assert app.view["nItems"] > before
    rect = app.ask(f"graph => graph.rectOf({key})")
    left, top = app.place(key)[0] - rect["width"] / 2, app.place(key)[1] - rect["height"] / 2
    assert left <= x <= left + rect["width"] and top - 2 <= y <= top + rect["height"]


def test_a_threshold_filters_graph_table_and_address(app: Driver) -> None:
    """A typed threshold dims what it excludes, says what remains, and stands in the address."""
    number = app.page.get_by_label("above (ms)")
    number.fill("0.1")
    number.press("Enter")
    app.wait("graph => graph.view.excluded.length > 0")
    app.sees(f"{COUNTED}.*of the total")
    app.page.wait_for_function("() => location.search.includes('filter=above')")
    app.clear()
    app.wait("graph => graph.view.excluded.length === 0")


def test_a_table_row_selects_on_the_graph(app: Driver) -> None:
    """Picking a row in the table selects its node, or a part of its group, on the graph."""
    app.ask("graph => graph.flush()")
    app.page.locator(".tabulator-row").nth(2).click()
    app.page.wait_for_function("() => location.search.includes('selected=')")
    app.page.keyboard.press("Escape")


def test_search_locates_a_node(app: Driver) -> None:
    """A search hit opens its groups, is selected and brought into view."""
    app.tab("Search")
    box = app.page.get_by_label("Search", exact=True)
    box.fill("block2 op:conv")
    app.sees(r"\d+ nodes?")
    box.press("Enter")
    app.wait("graph => graph.view.selected.length === 1 && !graph.view.isMoving")
    x, y = app.place(app.view["selected"][0])
    assert 0 < x < 1280 and 0 < y < 800


def test_a_link_restores_the_view(page: Page, serve_dashboard: ServeDashboard) -> None:
    """Opened groups, selection and camera come back from the address alone."""
    server = serve_dashboard()
    app = Driver(page, server.url)
    app.click_item(app.keys("block1")[0])
    app.ask("graph => graph.setCamera(100, 200, 0.8)")
    page.wait_for_function("() => location.search.includes('selected=')")
    page.wait_for_function("() => /view=100,200,0.8/.test(decodeURIComponent(location.search))")
    query = urlsplit(page.url).query
    selected = app.view["selected"]
    other = Driver(page, f"{server.url}?{query}")
    other.wait("graph => Math.abs(graph.camera.zoom - 0.8) < 1e-3")
    other.wait(f"graph => graph.view.selected.join() === {','.join(map(str, selected))!r}")
    assert parse_qs(query)["model"] == [f"sample:{samples()[0].name}"]


@pytest.mark.parametrize("name", ["/etc/passwd", "../../nothing.onnx", "sample:none"])
def test_a_bad_link_is_a_notice(page: Page, serve_dashboard: ServeDashboard, name: str) -> None:
    """What may not be opened says so; the sample opens instead, and nothing breaks."""
    app = Driver(page, serve_dashboard().url, f"?model={name}")
    app.sees("Cannot read")
    assert app.view["nItems"] > 3


def test_upload_and_node_data(app: Driver, tmp_path: Path) -> None:
    """A reader's own file opens beside the samples, and node data is added to it."""
    app.page.get_by_role("banner").get_by_role("button", name="Open").first.click()
    upload = app.page.locator("input[type=file]")
    upload.first.set_input_files(sample("decoder").path)
    app.sees("decoder.onnx")
    data = tmp_path / "energy.csv"
    data.write_text("node,energy (mJ)\nnobody,3\n")
    app.page.get_by_role("banner").get_by_role("button", name="Open").first.click()
    upload.last.set_input_files(data)
    app.sees("nobody")


def test_markup_in_a_file_stays_text(
    page: Page, serve_dashboard: ServeDashboard, tmp_path: Path
) -> None:
    """Names that are markup are shown as they are and run nothing, wherever they appear."""
    model, data = write_markup_model(tmp_path)
    server = serve_dashboard(str(model), "--node-data", str(data), "--root", str(tmp_path))
    app = Driver(page, server.url)
    for tab in ("Details", "Search", "Model", "Plots"):
        app.tab(tab)
    app.click_item(app.keys(EVIL)[-1])
    app.tab("Details")
    app.sees(r"\d nodes? selected|^name$")
    app.tab("Search")
    app.page.get_by_label("Search", exact=True).fill("img")
    app.sees(r"\d+ nodes?")
    app.page.wait_for_timeout(500)
    assert page.evaluate("window.evil") is None


def test_embedded_shows_graph_and_plots_without_chrome(
    page: Page, serve_dashboard: ServeDashboard
) -> None:
    """`?embed=1` has no header and no table, but the graph, its legend and the plots."""
    app = Driver(page, serve_dashboard().url, "?embed=1")
    app.sees("latency \\(ms\\) · groups")
    app.sees("Distribution")
    assert (
        page.locator(".MuiAppBar-root").count() == 0
        or not page.locator(".MuiAppBar-root").first.is_visible()
    )
    assert page.locator(".tabulator-row").count() == 0


def test_dark_and_back(app: Driver) -> None:
    """The theme switch turns the canvas and its colours as well."""
    app.page.get_by_label("Toggle theme").or_(
        app.page.locator("[aria-label='Toggle theme']")
    ).first.click()
    app.wait("graph => graph.view.isDark")
