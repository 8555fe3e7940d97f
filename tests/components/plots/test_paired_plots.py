"""Scatter, ranking, op types and threshold of a comparison, without a browser."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from components.palette import category_colors
from components.plots.columns import MeasureColumn
from components.plots.paired_op_types import PairedOpTypes
from components.plots.paired_ranking import PairedRanking, Ranked, signed
from components.plots.paired_scatter import PairedScatter
from components.plots.paired_threshold import PairedThreshold
from graphs.match_types import KINDS

NAN = float("nan")
A = np.array([1.0, 2.0, 4.0, NAN, 3.0])
B = np.array([2.0, 1.0, 4.0, 0.5, NAN])
NODES = Ranked(["slower", "faster", "same", "new", "gone"], A, B)


def ranking_of(by: str = "difference", *, is_additive: bool = True) -> PairedRanking:
    """Return a ranking of five pairs."""
    plot = PairedRanking(n_bars=4)
    ops = Ranked(["Conv"], np.array([7.0]), np.array([8.0]))
    plot.set_data({"nodes": NODES, "op types": ops}, unit="ms", by=by, is_additive=is_additive)
    return plot


def ranked(plot: PairedRanking) -> list[str]:
    """Return the names of the bars."""
    return [NODES.names[at] for at in plot.places]


def test_the_largest_difference_comes_first_in_either_direction() -> None:
    """What one side alone has counts whole: a time that is gone is a difference."""
    assert ranked(ranking_of()) == ["gone", "slower", "faster", "new"]


def test_what_does_not_add_up_needs_both_sides() -> None:
    """An error on one side alone is no difference of errors."""
    assert ranked(ranking_of(is_additive=False)) == ["slower", "faster"]


def test_ratios_are_ranked_by_their_distance_from_one() -> None:
    """Twice as slow and twice as fast are equally far; what is the same is not ranked."""
    assert ranked(ranking_of("ratio")) == ["slower", "faster"]


@pytest.mark.parametrize("by", ["difference", "ratio"])
def test_equal_values_are_said_to_be(by: str) -> None:
    """No empty bars stand for what does not differ."""
    plot = PairedRanking()
    same = Ranked(["x", "y"], np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    plot.set_data({"nodes": same}, unit="ms", by=by, is_additive=True)
    assert not len(plot.places)
    assert "the same values" in plot._list.frame.view[0].object


def test_the_filter_is_of_nodes_alone() -> None:
    """Op types are not filtered by a mask over pairs."""
    plot = ranking_of()
    plot.set_filter_mask([True, False, False, False, False])
    assert ranked(plot) == ["slower"]
    plot.show("op types")
    assert plot.places.tolist() == [0]


def test_a_click_tells_sort_and_place() -> None:
    """The place is that in what was given, not that of the bar."""
    heard: list[tuple[str, int]] = []
    plot = PairedRanking(lambda *told: heard.append(told))
    plot.set_data({"nodes": NODES}, unit="ms", by="difference", is_additive=True)
    plot._list._on_tap(SimpleNamespace(y=0.2))
    assert heard == [("nodes", 4)]


def test_bars_tell_both_values_and_the_ratio() -> None:
    """The tooltip holds what the bar is made of."""
    hints = ranking_of()._list._bars.data["hint"]
    assert hints[1] == "A 1 ms, B 2 ms, 2×"


def test_an_axis_of_gains_alone_ends_at_nothing() -> None:
    """Where all differences are negative no room is left for others."""
    plot = PairedRanking()
    faster = Ranked(["x", "y"], np.array([3.0, 2.0]), np.array([1.0, 1.0]))
    plot.set_data({"nodes": faster}, unit="ms", by="difference", is_additive=True)
    axis = plot._list._figure.x_range
    assert axis.start == pytest.approx(-2.08) and axis.end == 0


def test_a_ranking_without_a_measure_says_so() -> None:
    """No bars are left from the last measure."""
    plot = ranking_of()
    plot.set_data({}, unit="", by="difference", is_additive=True)
    assert not len(plot.places)


@pytest.mark.parametrize(
    ("value", "text"), [(1.25, "+1.25 ms"), (-2.0, "−2 ms"), (0.0, "0 ms"), (NAN, "–")]
)
def test_differences_bear_a_sign(value: float, text: str) -> None:
    """More is a plus, less a minus, none and no value neither."""
    assert signed(value, "ms") == text


def diagonal(plot: PairedScatter) -> np.ndarray:
    """Return the line's places; across and up are the same."""
    line = plot._figure.select_one({"name": "diagonal"})
    data = line.data_source.data
    np.testing.assert_array_equal(data[line.glyph.x], data[line.glyph.y])
    return np.asarray(data[line.glyph.x])


@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_the_diagonal_spans_the_view_on_both_kinds_of_axes(scale: float) -> None:
    """Equal values lie on a line through all that is in view, in the same range on both axes."""
    plot = PairedScatter()
    a = np.array([1.0, 2.0, 3.0]) * np.array([1.0, 1.0, scale])
    plot.set_pairs(a, a / 2, ["x", "y", "z"], name="latency", unit="ms")
    fig = plot._figure
    assert (fig.x_range.start, fig.x_range.end) == (fig.y_range.start, fig.y_range.end)
    line = diagonal(plot)
    assert line.min() <= fig.x_range.start and line.max() >= fig.x_range.end
    assert plot._is_log() == (scale > 1, scale > 1)


def test_a_value_of_nothing_keeps_the_axes_linear() -> None:
    """A logarithm would hide pairs that cost nothing on one side."""
    plot = PairedScatter()
    plot.set_pairs(np.array([0.0, 1.0, 1000.0]), np.array([1.0, 1.0, 1.0]), ["x", "y", "z"])
    assert plot._is_log() == (False, False)


def test_values_at_the_end_of_a_double_are_drawn() -> None:
    """The line beyond the view stays a number."""
    plot = PairedScatter()
    plot.set_pairs(np.array([1e-299, 1e299]), np.array([1e-299, 1e299]), ["x", "y"])
    assert np.isfinite(diagonal(plot)).all()


def test_a_box_reports_pairs() -> None:
    """A box over points gives their places."""
    heard: list[list[int]] = []
    plot = PairedScatter(lambda rows: heard.append(rows.tolist()))
    plot.set_pairs(A, B, NODES.names, name="latency", unit="ms")
    geometry = {"type": "rect", "x0": 0.5, "x1": 2.5, "y0": 0.5, "y1": 2.5}
    plot._on_box(SimpleNamespace(final=True, geometry=geometry))
    assert heard == [[0, 1]]


COUNTS = np.array([[9, 1, 0, 0, 0, 0], [0, 2, 0, 0, 3, 0], [4, 0, 0, 0, 0, 0]])


def test_op_types_with_most_differences_come_first() -> None:
    """Equal pairs do not count; those that are cut off are told."""
    plot = PairedOpTypes(n_bars=2)
    plot.set_counts(["Conv", "Relu", "Add"], COUNTS)
    assert plot.shown == ["Relu", "Conv"] and "2 of 3" in plot._note.object


def test_a_click_tells_the_op_type() -> None:
    """The bar under the pointer, and nothing beside the bars."""
    heard: list[str] = []
    plot = PairedOpTypes(heard.append)
    plot.set_counts(["Conv", "Relu"], COUNTS[:2])
    plot._on_tap(SimpleNamespace(y=1.2))
    plot._on_tap(SimpleNamespace(y=7.0))
    assert heard == ["Conv"]


def test_bars_follow_the_theme() -> None:
    """Kinds have other colours on a dark page, the same as on the graph."""
    plot = PairedOpTypes()
    plot.set_counts(["Conv"], COUNTS[:1])
    plot.set_dark(is_dark=True)
    fig = plot._frame.view[0].object
    drawn = [bar.glyph.fill_color for bar in fig.renderers]
    assert drawn == category_colors(KINDS, is_dark=True)


def test_the_chosen_op_type_stands_out() -> None:
    """The others are faint; choosing none brings them back."""
    plot = PairedOpTypes()
    plot.set_counts(["Conv", "Relu"], COUNTS[:2])
    plot.set_chosen("Conv")
    fig = plot._frame.view[0].object
    assert fig.renderers[0].data_source.data["alpha"] == [0.25, 1.0]


def test_the_threshold_speaks_of_pairs() -> None:
    """Its sentence counts pairs, and says what to do without a measure."""
    threshold = PairedThreshold()
    assert "both sides" in threshold.text
    threshold.set_measure(MeasureColumn("latency nodes: B − A", "ms", B - A, is_additive=False))
    threshold.set_threshold(0.5)
    assert threshold.text == "1 of 5 pairs remain"
