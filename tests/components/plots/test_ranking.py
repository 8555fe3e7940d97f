"""The ranking without a browser, over a small tree of groups."""

from __future__ import annotations

import numpy as np
import pytest

from components.plots.columns import MeasureColumn
from components.plots.ranking import GroupColumns, Ranking

# root(0) - a(1) - a/x(2), a/y(3);  b(4);  c(5) - c/z(6)
GROUPS = GroupColumns(
    labels=("", "a", "a/x", "a/y", "b", "c", "c/z"),
    depth=np.array([0, 1, 2, 2, 1, 1, 2]),
    end=np.array([7, 4, 3, 4, 5, 7, 7]),
    node_group=np.array([0, 1, 2, 3, 3, 4, 5, 6]),
)
VALUES = np.array([100.0, 1, 2, 3, 4, 50, 6, np.nan])


def _ranking(values: np.ndarray = VALUES, **options: object) -> Ranking:
    plot = Ranking(**options)
    plot.set_nodes([f"n{i}" for i in range(8)], GROUPS)
    is_additive = bool(options.pop("is_additive", True))
    plot.set_measure(MeasureColumn("latency", "ms", values, is_additive=is_additive))
    return plot


def test_nodes_are_ranked_by_value_and_ties_by_order() -> None:
    """The most expensive first; nodes without a value are not ranked."""
    plot = _ranking(np.array([1.0, 3, 2, 3, np.nan, 0, 0, 0]))
    assert plot.ranked.tolist() == [1, 3, 2, 0, 5, 6, 7]


def test_the_text_gives_the_share_of_the_top() -> None:
    """Its sum over the total of all nodes."""
    plot = _ranking(n_bars=2)
    assert plot.text == "Top 2 of 7 nodes = 90.4 % of the total latency"


def test_groups_of_a_depth_are_disjoint() -> None:
    """A depth takes its own groups and the shallower ones that have no groups in them."""
    assert GROUPS.at_depth(1).tolist() == [1, 4, 5]
    assert GROUPS.at_depth(2).tolist() == [2, 3, 4, 6]


def test_a_group_costs_what_its_subtree_costs() -> None:
    """Sums over the subtree, ranked; nodes outside all of them do not count."""
    plot = _ranking()
    plot.show("groups")
    plot._depth.value = 1
    assert [GROUPS.labels[g] for g in plot.ranked] == ["b", "a", "c"]
    bars = plot._list._bars.data
    assert bars["whole"] == [50, 10, 6]
    assert plot.text.startswith("Top 3 of 3 groups = 39.8 %")


def test_groups_of_an_error_are_ranked_by_their_worst_node() -> None:
    """No sum is made of what cannot be added, and the text says so."""
    plot = Ranking()
    plot.set_nodes([f"n{i}" for i in range(8)], GROUPS)
    plot.set_measure(MeasureColumn("error", "", VALUES, is_additive=False))
    plot.show("groups")
    plot._depth.value = 1
    assert plot._list._bars.data["whole"] == [50, 6, 4]
    assert plot.text == "Top 3 of 3 groups, each by its worst node"


def test_where_lower_is_worse_the_least_come_first() -> None:
    """A signal-to-noise ratio ranks from below."""
    plot = Ranking()
    plot.set_nodes(["a", "b", "c"])
    values = np.array([30.0, 10, 20])
    plot.set_measure(MeasureColumn("SQNR", "dB", values, is_higher_worse=False, is_additive=False))
    assert plot.ranked.tolist() == [1, 2, 0]


def test_a_clicked_group_selects_its_passing_nodes() -> None:
    """All nodes of the subtree that the filter lets through."""
    heard: list[np.ndarray] = []
    plot = _ranking(on_select=heard.append)
    plot.show("groups")
    plot._depth.value = 1
    plot._on_bar(1)
    mask = VALUES > 2.5
    plot.set_filter_mask(mask)
    plot._on_bar(1)
    assert [rows.tolist() for rows in heard] == [[1, 2, 3, 4], [3, 4]]


def test_the_selected_part_of_each_bar_is_marked() -> None:
    """A node is marked or not, a group in part, and nothing is reported."""
    heard: list[object] = []
    plot = _ranking(on_select=heard.append)
    plot.set_selection([0, 4])
    assert plot._list._bars.data["selected"] == [100, 0, 0, 4, 0, 0, 0]
    plot.show("groups")
    plot._depth.value = 1
    assert plot._list._bars.data["selected"] == [0, 4, 0]
    assert not heard


def test_a_graph_without_groups_ranks_nodes() -> None:
    """The switch to groups is off where there are none."""
    plot = Ranking()
    plot.set_nodes(["a", "b"])
    assert plot._kind.disabled


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, -1.0])
def test_odd_values_do_not_fail(value: float) -> None:
    """Nothing known, and totals of zero or less, give a sentence or bars without shares."""
    plot = _ranking(np.full(8, value))
    plot.show("groups")
    assert "%" not in plot.text


def test_a_measure_of_another_graph_is_refused() -> None:
    """Values and names belong together."""
    with pytest.raises(ValueError, match="8 nodes, 3 values"):
        _ranking(np.zeros(3))
