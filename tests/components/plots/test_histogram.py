"""The histogram without a browser."""

from __future__ import annotations

import numpy as np
import pytest
from bokeh.events import SelectionGeometry

from components.plots.columns import MeasureColumn
from components.plots.histogram import Histogram

VALUES = np.random.default_rng(5).lognormal(size=2_000)


def _histogram(values: np.ndarray = VALUES, **options: object) -> Histogram:
    plot = Histogram(**options)
    plot.set_measure(MeasureColumn("latency", "ms", values), is_log=False)
    return plot


def _brush(plot: Histogram, low: float, high: float, *, is_final: bool = True) -> None:
    geometry = {"type": "rect", "x0": high, "x1": low, "y0": 0, "y1": 1}
    plot._on_box(SelectionGeometry(None, geometry, is_final))


def test_bars_count_all_shown_and_selected() -> None:
    """The three heights of each bar equal NumPy's histogram of the three subsets."""
    plot, mask, rows = _histogram(), VALUES > 1, np.arange(100)
    plot.set_filter_mask(mask)
    plot.set_selection(rows)
    for name, subset in (("all", VALUES), ("shown", VALUES[mask]), ("selected", VALUES[rows])):
        expected = np.histogram(subset, plot.edges)[0]
        assert plot.counts[name].tolist() == expected.tolist()
        assert plot._source.data[f"n_{name}"].tolist() == expected.tolist()


def test_a_bar_with_a_selected_node_is_never_invisible() -> None:
    """One selected node of 2,000 has a bar that can be seen; without one there is none."""
    plot = _histogram()
    plot.set_selection([0])
    heights = plot._source.data["selected"]
    assert (heights > 0).sum() == 1
    assert heights.max() >= 0.02 * plot.counts["all"].max()


def test_categories_have_no_logarithm() -> None:
    """A switch that a browser turns on for what was shown before leaves categories as they are."""
    plot = Histogram()
    column = MeasureColumn("kind", "", np.array([0.0, 1.0, 1.0]), categories=("equal", "changed"))
    plot.set_measure(column)
    linear = plot.edges.tolist()
    plot.set_log(x=True)
    assert plot.edges.tolist() == linear
    assert plot.counts["all"].tolist() == [1, 2]


def test_programmatic_changes_report_nothing() -> None:
    """Measure, filter, selection and axes set by Python are not brushing."""
    heard: list[object] = []
    plot = _histogram(on_brush=lambda *span: heard.append(span), on_clear=lambda: heard.append(0))
    plot.set_filter_mask(VALUES > 1)
    plot.set_selection([1, 2])
    plot.set_log(x=True, y=True)
    plot.set_measure(None)
    assert not heard


def test_a_brush_is_reported_once_in_order_and_within_the_data() -> None:
    """Both ends ascend and are cut at the data; a drag that is still going on is not reported."""
    heard: list[tuple[float, float]] = []
    plot = _histogram(on_brush=lambda low, high: heard.append((low, high)))
    _brush(plot, 0.5, 1.0, is_final=False)
    _brush(plot, -5.0, 1.0)
    assert heard == [(VALUES.min(), 1.0)]


def test_the_brush_stays_while_the_selection_lies_in_it() -> None:
    """It goes when something else is selected, or nothing."""
    plot = _histogram()
    _brush(plot, 1.0, 2.0)
    plot.set_selection(np.flatnonzero((VALUES >= 1) & (VALUES <= 2)))
    assert plot._brush.visible
    plot.set_selection([int(VALUES.argmax())])
    assert not plot._brush.visible
    _brush(plot, 1.0, 2.0)
    plot.set_selection([])
    assert not plot._brush.visible


def test_a_log_axis_says_what_it_cannot_show() -> None:
    """Zeros and infinities are counted in words, never dropped silently."""
    plot = Histogram()
    values = np.array([0.0, 0, 1, 10, 1e4, np.inf])
    plot.set_measure(MeasureColumn("error", "", values))
    assert "2 values ≤ 0" in plot._note.object
    assert "1 infinite" in plot._note.object
    assert plot.counts["all"].sum() == 3
    plot.set_log(x=False)
    assert "≤ 0" not in plot._note.object


@pytest.mark.parametrize("values", [[], [np.nan], [0.0], [-1.0, -1], [np.inf], [-1e308, 1e308]])
@pytest.mark.parametrize("is_log", [False, True])
def test_odd_values_do_not_fail(values: list[float], is_log: bool) -> None:
    """Whatever a file holds, there is a figure or a sentence."""
    plot = Histogram()
    plot.set_measure(MeasureColumn("m", "", np.array(values)), is_log=is_log)
    plot.set_log(y=True)
    plot.set_selection(np.arange(len(values)))
    assert len(plot._frame.view) == 1


def test_without_a_measure_filter_and_selection_wait() -> None:
    """They neither fail nor are remembered, since the number of nodes is unknown."""
    plot = Histogram()
    plot.set_filter_mask([True, False])
    plot.set_selection([1])
    assert plot.counts["selected"].size == 0


def test_another_number_of_nodes_forgets_filter_and_selection() -> None:
    """Rows of one graph mean nothing in another."""
    plot = _histogram()
    plot.set_selection([5])
    plot.set_measure(MeasureColumn("m", "", np.arange(3.0)))
    assert plot.counts["selected"].sum() == 0
