"""The plots in a real browser: what the reader does reaches Python, what Python sets shows."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import panel as pn
import panel_material_ui as pmui
import pytest
from bokeh.plotting import figure
from playwright.sync_api import Page, expect

from components.plots.columns import MeasureColumn
from components.plots.histogram import Histogram
from components.plots.op_types import OpTypes
from components.plots.ranking import Ranking
from components.plots.scatter import Scatter
from components.plots.statistics import Statistics
from components.plots.table import NodeColumns, NodeTable
from components.plots.threshold import Threshold
from dashboard.page import unfollow_server

HOSTILE = "<img src=x onerror=document.title='broken'>"
# Idle, with fonts, and nothing moved since the last look.
_IS_SETTLED = """() => {
    const is_idle = window.Bokeh && Bokeh.documents.length && Bokeh.documents[0].is_idle
    if (!is_idle || document.fonts.status != "loaded") return false
    const places = [...Bokeh.documents[0].all_models]
        .map(model => Bokeh.index.find_one_by_id(model.id)?.el?.getBoundingClientRect?.())
        .map(box => box ? [box.x, box.y, box.width, box.height].map(Math.round).join() : "")
    const now = places.join(" ")
    const is_same = window.__places === now
    window.__places = now
    return is_same
}"""
Serve = Callable[..., str]


def _eventually(is_true: Callable[[], object], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, "this did not become true in time"
        time.sleep(0.02)


def _open(served: Serve, page: Page, *views: object) -> None:
    """Serve views and wait until they are there.

    They stand in a bare column: a `panel_material_ui.Page` follows the busy flag of the
    whole process, also of servers that earlier tests have ended, and then fails.
    """
    pn.extension("tabulator")
    _show(page, served(pn.Column(*views, width=600)))


def _show(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_function(_IS_SETTLED, polling=100)


def _figure(plot: Histogram | Scatter | Ranking | OpTypes) -> figure:
    """Return the plot's Bokeh figure as it is on the page."""
    frame = plot._list.frame if isinstance(plot, (Ranking, OpTypes)) else plot._frame
    return frame.view[0].object


def _pixel(page: Page, fig: figure, x: float, y: float) -> tuple[float, float]:
    """Return where a point of a figure is on the screen."""
    page.wait_for_function(f"() => Bokeh.index.find_one_by_id('{fig.id}')?.frame?.bbox.width > 20")
    place = page.evaluate(
        """([id, x, y]) => {
            const view = Bokeh.index.find_one_by_id(id)
            view.el.scrollIntoView({block: "center"})
            const box = view.canvas_view.el.getBoundingClientRect()
            return [box.x + view.frame.x_scale.compute(x), box.y + view.frame.y_scale.compute(y)]
        }""",
        [fig.id, x, y],
    )
    return place[0], place[1]


def _drag(
    page: Page, start: tuple[float, float], end: tuple[float, float], heard: list[object]
) -> None:
    """Drag until it is heard: on a busy machine Bokeh takes a slow start for a long press."""
    for _ in range(8):
        page.mouse.move(*start)
        page.mouse.down()
        page.mouse.move(*end, steps=2)
        page.mouse.up()
        deadline = time.monotonic() + 2
        while not heard and time.monotonic() < deadline:
            page.wait_for_timeout(20)
        if heard:
            return
    pytest.fail("no drag was heard")


def _label_color(page: Page, fig: figure) -> object:
    """Return the colour of a figure's axis label on the page."""
    return page.evaluate(
        """id => JSON.stringify(
            Bokeh.index.find_one_by_id(id)?.model.below[0].axis_label_text_color)""",
        fig.id,
    )


def _latency(n: int) -> MeasureColumn:
    return MeasureColumn("latency", "ms", np.random.default_rng(3).uniform(1, 9, n))


def _error(n: int) -> MeasureColumn:
    values = np.random.default_rng(4).uniform(0, 1, n)
    return MeasureColumn("error", "", values, is_additive=False)


def _nodes(n: int) -> NodeColumns:
    return NodeColumns(
        ids=[HOSTILE, *(f"node_{i}" for i in range(1, n))],
        op_types=["Conv" if i % 2 else "Relu" for i in range(n)],
        namespaces=[HOSTILE] * n,
        shapes=["1×8"] * n,
        dtypes=["float32"] * n,
    )


def test_a_drag_over_the_histogram_reports_its_range(served: Serve, page: Page) -> None:
    """A brush over 3 to 5 ms reaches the callback as about (3, 5), once."""
    heard: list[tuple[float, float]] = []
    plot = Histogram(lambda low, high: heard.append((low, high)))
    plot.set_measure(_latency(400))
    _open(served, page, plot.view)
    fig = _figure(plot)
    _drag(page, _pixel(page, fig, 3, 5), _pixel(page, fig, 5, 8), heard)
    assert heard[0] == pytest.approx((3, 5), abs=0.05)
    assert len(heard) == 1


def test_a_click_on_a_bar_reports_the_values_of_that_bar(served: Serve, page: Page) -> None:
    """The reported range holds exactly the nodes that the clicked bar counts."""
    heard: list[tuple[float, float]] = []
    plot, column = Histogram(lambda low, high: heard.append((low, high))), _latency(400)
    plot.set_measure(column)
    _open(served, page, plot.view)
    place = float(plot.edges[4:6].mean())
    page.mouse.click(*_pixel(page, _figure(plot), place, 2))
    _eventually(lambda: heard)
    low, high = heard[0]
    is_inside = (column.values >= low) & (column.values <= high)
    assert is_inside.sum() == plot.counts["all"][4]


def test_counts_set_in_python_reach_the_page_without_a_callback(served: Serve, page: Page) -> None:
    """A selection set by Python changes the bars on the page and reports nothing."""
    heard: list[object] = []
    plot = Histogram(lambda low, high: heard.append((low, high)))
    plot.set_measure(_latency(400))
    _open(served, page, plot.view)
    source = plot._source.id
    plot.set_selection(np.arange(30))
    page.wait_for_function(
        f"""() => Bokeh.documents[0].get_model_by_id('{source}').data.n_selected
            .reduce((a, b) => Number(a) + Number(b), 0) == 30"""
    )
    assert not heard


@pytest.mark.parametrize("n", [300, 5_000], ids=["points", "density"])
def test_a_box_on_the_scatter_reports_the_rows_in_it(served: Serve, page: Page, n: int) -> None:
    """Box selection gives the rows that NumPy finds in the box, few nodes or many."""
    heard: list[np.ndarray] = []
    x, y = _latency(n), _error(n)
    plot = Scatter(heard.append)
    plot.set_measures(x, y, [f"node {i}" for i in range(n)])
    _open(served, page, plot.view)
    fig = _figure(plot)
    _drag(page, _pixel(page, fig, 3, 0.2), _pixel(page, fig, 6, 0.7), heard)
    surely = (x.values > 3.1) & (x.values < 5.9) & (y.values > 0.21) & (y.values < 0.69)
    maybe = (x.values > 2.9) & (x.values < 6.1) & (y.values > 0.19) & (y.values < 0.71)
    assert set(np.flatnonzero(surely)) <= set(heard[0]) <= set(np.flatnonzero(maybe))


def test_a_click_on_the_scatter_selects_the_nearest_node(served: Serve, page: Page) -> None:
    """Clicking a node gives its row, clicking on nothing gives no row."""
    heard: list[np.ndarray] = []
    x = MeasureColumn("latency", "ms", np.array([1.0, 2.0, 3.0]))
    y = MeasureColumn("error", "", np.array([1.0, 3.0, 2.0]))
    plot = Scatter(heard.append)
    plot.set_measures(x, y, ["a", "b", "c"])
    _open(served, page, plot.view)
    page.mouse.click(*_pixel(page, _figure(plot), 2, 3))
    _eventually(lambda: len(heard) == 1)
    page.wait_for_timeout(600)  # Bokeh takes two quick clicks for a double click
    page.mouse.click(*_pixel(page, _figure(plot), 1.5, 2.5))
    _eventually(lambda: len(heard) == 2)
    assert [rows.tolist() for rows in heard] == [[1], []]


def test_the_scatters_tooltip_shows_a_node_name_as_text(served: Serve, page: Page) -> None:
    """Markup in a node's name is shown, not run."""
    plot = Scatter()
    values = np.array([1.0, 2.0, 3.0])
    plot.set_measures(*(MeasureColumn(n, "", values) for n in "xy"), [HOSTILE] * 3)
    _open(served, page, plot.view)
    page.mouse.move(*_pixel(page, _figure(plot), 2, 2))
    expect(page.get_by_text("onerror")).to_be_visible()
    assert page.title() != "broken"


def test_zooming_makes_points_of_a_density(served: Serve, page: Page) -> None:
    """A view with few nodes shows them as points that can be hovered."""
    plot = Scatter()
    plot.set_measures(_latency(5_000), _error(5_000), ["node"] * 5_000)
    _open(served, page, plot.view)
    fig, points = _figure(plot), plot._sources["points"].id
    assert not plot._sources["points"].data["x"]
    page.mouse.move(*_pixel(page, fig, 5, 0.5))
    page.locator(".bk-tool-icon-wheel-zoom").click()
    page.mouse.move(*_pixel(page, fig, 5, 0.5))
    for _ in range(4):
        page.mouse.wheel(0, -200)
    page.wait_for_function(
        f"() => Bokeh.documents[0].get_model_by_id('{points}').data.x.length > 0"
    )


def test_a_click_on_a_ranked_bar_reports_its_node(served: Serve, page: Page) -> None:
    """The second bar is the second most expensive node."""
    heard: list[np.ndarray] = []
    plot, column = Ranking(heard.append), _latency(50)
    plot.set_nodes([f"node {i}" for i in range(50)])
    plot.set_measure(column)
    _open(served, page, plot.view)
    page.mouse.click(*_pixel(page, _figure(plot), 1.0, 1))
    _eventually(lambda: heard)
    assert heard[0].tolist() == [np.argsort(-column.values)[1]]


def test_a_click_on_an_op_type_reports_its_name(served: Serve, page: Page) -> None:
    """The name is the model's own, markup and all, and the page does not run it."""
    heard: list[str] = []
    plot = OpTypes(heard.append)
    plot.set_nodes([0, 0, 0, 1], [HOSTILE, "$$Relu$$"])
    _open(served, page, plot.view)
    page.mouse.click(*_pixel(page, _figure(plot), 0.5, 0))
    _eventually(lambda: heard)
    assert heard == [HOSTILE]
    assert page.title() != "broken"


def test_a_click_on_a_table_row_reports_its_row(served: Serve, page: Page) -> None:
    """A click picks one row, ctrl-click adds another; hostile names stay text."""
    heard: list[list[int]] = []
    table = NodeTable(lambda rows: heard.append(rows.tolist()))
    table.set_nodes(_nodes(40), [_latency(40), MeasureColumn(HOSTILE, HOSTILE, np.ones(40))])
    _open(served, page, table.view)
    page.get_by_text("node_3", exact=True).click()
    _eventually(lambda: heard)
    page.get_by_text("node_5", exact=True).click(modifiers=["Control"])
    _eventually(lambda: len(heard) == 2)
    assert heard == [[3], [3, 5]]
    page.get_by_text("latency (ms)").hover()
    page.get_by_text(HOSTILE[:20]).first.hover()
    page.wait_for_timeout(700)
    assert page.title() != "broken"


def test_a_header_filter_searches_all_pages(served: Serve, page: Page) -> None:
    """Text typed into a header is looked for on the server, in rows of other pages too."""
    table = NodeTable()
    table.set_nodes(_nodes(400), [_latency(400)])
    _open(served, page, table.view)
    expect(page.get_by_text("node_7", exact=True)).to_be_visible()
    page.wait_for_timeout(500)  # Tabulator draws its heads once more when its fonts are there
    page.get_by_placeholder("contains…").first.press_sequentially("node_39", delay=20)
    expect(page.get_by_text("node_399", exact=True)).to_be_visible(timeout=15_000)
    assert table.n_shown == 11
    expect(page.get_by_text("11 of 400 nodes")).to_be_visible()


def test_the_csv_holds_all_rows_that_the_table_shows(served: Serve, page: Page) -> None:
    """The download has the rows of every page, with units in its heads, each time anew."""
    table = NodeTable()
    table.set_nodes(_nodes(400), [_latency(400)])
    _open(served, page, table.view)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert lines[0] == "node,op type,latency (ms),output shape,dtype,namespace"
    assert len(lines) == 401
    with page.expect_download() as again:
        page.get_by_role("button", name="CSV").click()
    assert again.value.path().read_text().splitlines() == lines


def test_a_selection_set_in_python_narrows_the_table(served: Serve, page: Page) -> None:
    """Rows selected elsewhere are the only ones on the page; nothing is reported."""
    heard: list[object] = []
    table = NodeTable(heard.append)
    table.set_nodes(_nodes(400), [_latency(400)])
    _open(served, page, table.view)
    expect(page.get_by_text("node_7", exact=True)).to_be_visible()
    table.set_selection([300, 301])
    expect(page.get_by_text("node_300", exact=True)).to_be_visible()
    expect(page.get_by_text("node_7", exact=True)).to_have_count(0)
    table.set_selection([])
    expect(page.get_by_text("node_7", exact=True)).to_be_visible()
    assert not heard


def test_the_threshold_follows_the_slider_and_the_number(served: Serve, page: Page) -> None:
    """The slider reports while it moves, the number exactly, and clearing reports None."""
    heard: list[float | None] = []
    threshold = Threshold(heard.append)
    threshold.set_measure(_latency(100))
    _open(served, page, threshold.view)
    slider = page.get_by_role("slider")
    expect(slider).to_be_enabled()
    page.wait_for_timeout(500)  # React may still replace the slider, and its focus with it
    slider.press("End")
    _eventually(lambda: heard)
    assert heard[-1] == pytest.approx(threshold._column.values.max())
    expect(page.get_by_text("0 of 100 nodes remain")).to_be_visible()
    box = page.get_by_role("textbox")
    box.fill("4.25 ms")
    box.press("Enter")
    _eventually(lambda: heard[-1] == 4.25)
    page.get_by_role("button").last.click()
    _eventually(lambda: heard[-1] is None)


def test_a_typed_word_is_refused_with_a_sentence(served: Serve, page: Page) -> None:
    """A threshold that is no number changes nothing and says what is wanted."""
    heard: list[float | None] = []
    threshold = Threshold(heard.append)
    threshold.set_measure(_latency(100))
    _open(served, page, threshold.view)
    box = page.get_by_role("textbox")
    box.fill("much")
    box.press("Enter")
    expect(page.get_by_text("must be a number")).to_be_visible()
    assert not heard


def test_every_plot_shows_without_an_error_and_follows_the_theme(served: Serve, page: Page) -> None:
    """Empty, filled, in the dark and emptied again, no plot troubles the page."""
    n = 60
    latency, error = _latency(n), _error(n)
    histogram, scatter, statistics = Histogram(), Scatter(), Statistics()
    ranking, op_types, threshold = Ranking(), OpTypes(), Threshold()
    measured = (histogram, statistics, ranking, op_types, threshold)
    pn.extension("tabulator")
    views = pn.Column(*(p.view for p in (*measured, scatter)), width=600)
    whole = pmui.Page(main=[views])
    unfollow_server(whole)
    _show(page, served(whole))
    expect(page.get_by_text("Choose or load node data").first).to_be_visible()
    ranking.set_nodes([f"n{i}" for i in range(n)])
    op_types.set_nodes(np.arange(n) % 3, ["Conv", "Relu", "Add"])
    for plot in measured:
        plot.set_measure(latency)
    scatter.set_measures(latency, error)
    expect(page.get_by_text("Top 10 of 60 nodes")).to_be_visible()
    light = _label_color(page, _figure(histogram))
    page.get_by_role("button", name="Toggle theme").click()
    _eventually(lambda: _label_color(page, _figure(histogram)) != light)
    for plot in measured:
        plot.set_measure(None)
    scatter.set_measures(None, None)
    expect(page.get_by_text("Load a second measure")).to_be_visible(timeout=20_000)
