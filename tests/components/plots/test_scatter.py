"""The scatter without a browser, and its density pictures."""

from __future__ import annotations

import numpy as np
import pytest
from bokeh.events import RangesUpdate, SelectionGeometry

from components.plots.columns import MeasureColumn
from components.plots.density import density_image
from components.plots.scatter import MAX_POINTS, Scatter

X = np.random.default_rng(6).uniform(1, 9, 5_000)
Y = np.random.default_rng(7).lognormal(size=5_000)


def _scatter(n: int, **options: object) -> Scatter:
    plot = Scatter(**options)
    columns = (MeasureColumn("latency", "ms", X[:n]), MeasureColumn("error", "", Y[:n]))
    plot.set_measures(*columns, [f"node {i}" for i in range(n)])
    return plot


def _n_points(plot: Scatter, name: str) -> int:
    return len(plot._sources[name].data["x"])


def test_few_nodes_are_points_and_many_a_density() -> None:
    """Up to the limit each node is drawn by itself, above as one picture."""
    few, many = _scatter(MAX_POINTS), _scatter(MAX_POINTS + 1)
    assert (_n_points(few, "points"), _n_points(few, "crowd")) == (MAX_POINTS, 0)
    assert (_n_points(many, "points"), _n_points(many, "crowd")) == (0, 1)


def test_a_filter_that_leaves_few_shows_them_as_points() -> None:
    """What counts is what is drawn."""
    plot, mask = _scatter(5_000), X < 1.5
    plot.set_filter_mask(mask)
    assert sorted(plot._sources["points"].data["x"]) == sorted(X[mask])
    assert _n_points(plot, "crowd") == 0


def test_zooming_in_draws_what_is_in_view() -> None:
    """After the view has changed the points are those that lie in it."""
    plot = _scatter(5_000)
    plot._on_ranges(RangesUpdate(None, x0=4.0, x1=5.0, y0=0.5, y1=1.0))
    inside = (X >= 4) & (X <= 5) & (Y >= 0.5) & (Y <= 1)
    assert sorted(plot._sources["points"].data["x"]) == sorted(X[inside])


@pytest.mark.parametrize("is_log", [(False, False), (True, True)], ids=["linear", "log"])
def test_a_box_holds_the_rows_that_numpy_finds(is_log: tuple[bool, bool]) -> None:
    """Whatever the axes, the box is in value units, and filtered nodes are not in it."""
    plot = _scatter(5_000)
    plot.set_log(x=is_log[0], y=is_log[1])
    mask = np.arange(5_000) % 2 == 0
    plot.set_filter_mask(mask)
    expected = np.flatnonzero((X >= 2) & (X <= 3) & (Y >= 0.5) & (Y <= 2) & mask)
    assert plot.rows_in(2, 3, 0.5, 2).tolist() == expected.tolist()


def test_selected_nodes_lie_on_top_and_report_nothing() -> None:
    """A selection set by Python draws its rows and calls nobody."""
    heard: list[object] = []
    plot = _scatter(5_000, on_select=heard.append)
    plot.set_selection(np.arange(500))
    assert sorted(plot._sources["selected points"].data["x"]) == sorted(X[:500])
    plot.set_selection(np.arange(4_000))
    assert (_n_points(plot, "selected points"), _n_points(plot, "selected crowd")) == (0, 1)
    assert not heard


def test_a_box_is_reported_when_it_is_done() -> None:
    """Only the final geometry counts, whichever way it was drawn."""
    heard: list[np.ndarray] = []
    plot = _scatter(1_000, on_select=heard.append)
    geometry = {"type": "rect", "x0": 5, "x1": 3, "y0": 1, "y1": 0}
    plot._on_box(SelectionGeometry(None, geometry, False))
    assert not heard
    plot._on_box(SelectionGeometry(None, geometry, True))
    expected = np.flatnonzero((X[:1000] >= 3) & (X[:1000] <= 5) & (Y[:1000] <= 1))
    assert heard[0].tolist() == expected.tolist()


def test_the_nearest_node_is_found_on_the_screen() -> None:
    """Nearness is in px, not in units, and ends after a few."""
    plot = Scatter()
    wide, flat = np.array([0.0, 1e6]), np.array([0.0, 1e-6])
    plot.set_measures(
        MeasureColumn("a", "", wide), MeasureColumn("b", "", flat), is_log=(False, False)
    )
    assert plot.row_near(1e4, 0) == 0
    assert plot.row_near(5e5, 5e-7) is None


def test_nodes_that_a_log_axis_cannot_show_are_counted() -> None:
    """Zeros are named, and nodes without a value of both are no news."""
    plot = Scatter()
    x = MeasureColumn("x", "", np.array([1.0, 0.0, 2, np.nan]))
    plot.set_measures(x, MeasureColumn("y", "", np.ones(4)), is_log=(True, False))
    assert "Not shown: 1 with a value ≤ 0 or infinite" in plot._note.object


@pytest.mark.parametrize("values", [[], [np.nan], [0.0, 0.0], [np.inf, 1.0], [-1e308, 1e308]])
@pytest.mark.parametrize("is_log", [False, True])
def test_odd_values_do_not_fail(values: list[float], is_log: bool) -> None:
    """Whatever a file holds, there is a figure or a sentence."""
    plot, column = Scatter(), MeasureColumn("m", "", np.array(values))
    plot.set_measures(column, column, is_log=(is_log, is_log))
    plot.set_selection(np.arange(len(values)))
    assert len(plot._frame.view) == 1


def test_columns_of_two_graphs_are_refused() -> None:
    """Both measures are of the same nodes."""
    with pytest.raises(ValueError, match="x has 2 rows, y 3"):
        Scatter().set_measures(
            MeasureColumn("x", "", np.zeros(2)), MeasureColumn("y", "", np.zeros(3))
        )


def test_a_picture_has_ink_where_points_are() -> None:
    """The first row is the bottom one, and cells far from every point are empty."""
    image = density_image(
        np.array([0.1, 0.1]), np.array([0.1, 0.1]), x_range=(0, 1), y_range=(0, 1),
        size_px=(100, 50), color="#102030",
    )  # fmt: skip
    assert image.shape == (50, 100)
    alpha = image >> 24
    assert alpha[5, 10] > 0
    assert not alpha[20:].any()
    assert not alpha[:, 30:].any()
    assert image[5, 10] & 0xFFFFFF == 0x302010  # little-endian RGBA
