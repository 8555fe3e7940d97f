"""One measure of both sides on the compare tab, without a server."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.following import Following
from dashboard.session import Threshold
from graphs.match_view import KIND_DATA
from graphs.node_data import NodeData
from tests.helpers.compared_parts import Compared, chain, measured

OLD = chain(("s/conv", "Conv"), ("s/relu", "Relu"), ("t/conv", "Conv"), ("t/soft", "Softmax"))
NEW = chain(("s/conv", "Conv"), ("s/relu", "Relu"), ("t/conv", "Conv"), ("t/soft", "Softmax"),
            ("t/last", "TopK"))  # fmt: skip
OF_A = {"s/conv": 4.0, "s/relu": 1.0, "t/conv": 2.0, "t/soft": 1.0}
OF_B = {"s/conv": 1.0, "s/relu": 1.5, "t/conv": 2.0, "t/last": 0.5}


@pytest.fixture
def parts() -> Compared:
    """Four operators beside five, with latency of both."""
    parts = Compared(OLD, NEW)
    measured(parts.base, OF_A)
    measured(parts.other, OF_B)
    return parts


def cells(parts: Compared) -> list[list[str]]:
    """Return the table of totals as texts."""
    html = parts.tab.numbers.totals.object
    rows = html.partition("<table")[2].partition("</table>")[0].split("<tr>")[2:]
    return [[c.partition("</td>")[0] for c in row.split("<td>")[1:]] for row in rows]


def ranked(parts: Compared, sort: str = "nodes") -> list[str]:
    """Return the names of the bars."""
    ranking = parts.tab.numbers.ranking
    ranking.show(sort)
    names = ranking.data_of(sort).names
    return [names[at] for at in ranking.places]


def test_a_measure_needs_a_side_in_the_same_unit() -> None:
    """Without one the tab says how to get it; it is offered as soon as it is there."""
    parts = Compared(OLD, NEW)
    numbers = parts.tab.numbers
    measured(parts.base, OF_A)
    measured(parts.other, OF_B, "size", "bytes")
    assert numbers._nothing.visible and not numbers._drawn.visible and parts.choice.data is None
    measured(parts.other, OF_B)
    assert numbers._drawn.visible and not numbers._nothing.visible
    assert numbers.a.options == {"latency (ms)": "latency"} == numbers.b.options


def test_a_measurement_takes_the_place_of_what_nobody_chose() -> None:
    """Latencies that arrive are shown at once, but not in place of the reader's choice."""
    parts = Compared(OLD, NEW)
    for session in (parts.base, parts.other):
        graph = session.graph
        assert graph is not None
        sizes = np.ones(graph.n_nodes)
        session.add_node_data([NodeData("size", "bytes", "computed", graph.id, sizes)])
    assert parts.tab.numbers.a.value == "size"
    measured(parts.base, OF_A)
    measured(parts.other, OF_B)
    assert parts.tab.numbers.a.value == "latency"
    parts.tab.numbers.a.value = "size"
    measured(parts.other, OF_B, "latency of all")
    assert parts.tab.numbers.a.value == "size" == parts.tab.numbers.b.value


def test_pure_numbers_are_compared_with_their_like_alone() -> None:
    """Without a unit two measures are the same only by name."""
    parts = Compared(OLD, NEW)
    measured(parts.base, OF_A, "MSE", "", "max")
    measured(parts.other, OF_B, "cosine distance", "", "max")
    assert not parts.tab.numbers.a.options
    measured(parts.other, OF_B, "MSE", "", "max")
    assert list(parts.tab.numbers.a.options.values()) == ["MSE"]


def test_what_differs_comes_before_what_is_the_same() -> None:
    """Of measures that were computed the first choice is one with other totals."""
    parts = Compared(OLD, NEW)
    for session, size in ((parts.base, 4.0), (parts.other, 1.0)):
        graph = session.graph
        assert graph is not None
        ones = np.ones(graph.n_nodes)
        ones[4:] = np.nan
        sets = (("count", "nodes", ones), ("size", "bytes", ones * size))
        session.add_node_data(
            [NodeData(name, unit, "computed", graph.id, v) for name, unit, v in sets]
        )
    assert list(parts.tab.numbers.a.options.values()) == ["size", "count"]


def test_what_was_measured_comes_first_and_the_same_name_beside_it(parts: Compared) -> None:
    """The first choice is a measurement; of B the set of that name."""
    graph = parts.other.graph
    assert graph is not None
    measured(parts.other, OF_B, "an older latency")
    assert parts.tab.numbers.a.value == "latency" == parts.tab.numbers.b.value
    assert list(parts.tab.numbers.b.options.values()) == ["latency", "an older latency"]


def test_totals_over_all_and_over_what_both_have(parts: Compared) -> None:
    """A, B, difference and ratio; what one side alone has is counted apart."""
    assert cells(parts) == [
        ["total", "8 ms", "5 ms", "−3 ms", "0.625×"],
        ["total, on both sides", "7 ms", "4.5 ms", "−2.5 ms", "0.643×"],
    ]
    assert "3 pairs with a value on both sides, 1 on A alone, 1 on B alone" in (
        parts.tab.numbers.totals.object
    )


def test_errors_are_not_added_up(parts: Compared) -> None:
    """Of what has no sum the worst is told."""
    measured(parts.base, OF_A, "max abs error", "V", "max")
    measured(parts.other, OF_B, "max abs error", "V", "max")
    parts.tab.numbers.a.value = "max abs error"
    assert cells(parts)[0] == ["largest", "4 V", "2 V", "−2 V", "0.5×"]


def test_another_measure_of_b_is_paired(parts: Compared) -> None:
    """Choosing B's set again pairs it anew."""
    measured(parts.other, dict.fromkeys(OF_A, 10.0), "latency of all")
    parts.tab.numbers.b.value = "latency of all"
    assert cells(parts)[0][2] == "40 ms"


def test_rankings_by_node_group_and_op_type(parts: Compared) -> None:
    """The largest difference first, by sums."""
    assert ranked(parts)[:2] == ["s/conv", "t/soft"]
    assert ranked(parts, "groups") == ["s", "t"]
    assert ranked(parts, "op types") == ["Conv", "Softmax", "Relu", "TopK"]
    parts.tab.numbers.by.value = "ratio"
    assert ranked(parts) == ["s/conv", "s/relu"]


def test_a_click_in_a_ranking_shows_what_it_stands_for(parts: Compared) -> None:
    """A node on both graphs; all nodes of a group or an op type."""
    numbers = parts.tab.numbers
    columns = parts.choice.columns
    assert columns is not None
    numbers._bar_clicked("nodes", parts.pair_of("t/conv"))
    assert parts.ids() == (["t/conv"], ["t/conv"])
    parts.other.located = parts.base.located[:0]
    numbers._bar_clicked("groups", list(numbers.ranking.data_of("groups").names).index("s"))
    assert parts.ids() == (["s/conv", "s/relu"], ["s/conv", "s/relu"])
    assert parts.base.located.tolist() == [0, 1] and not len(parts.other.located)
    numbers._bar_clicked("op types", columns.op_types.index("Conv"))
    assert parts.ids()[1] == ["s/conv", "t/conv"]


def test_a_box_on_the_scatter_selects_pairs_on_both_sides(parts: Compared) -> None:
    """The selection is drawn on top of it."""
    scatter = parts.tab.numbers.scatter
    scatter._on_select(scatter.rows_in(0, 5, 1.2, 5))
    assert parts.ids() == (["s/relu", "t/conv"], ["s/relu", "t/conv"])
    assert scatter._rows.tolist() == parts.choice.selected.tolist()


def test_a_threshold_filters_both_graphs_and_the_list(parts: Compared) -> None:
    """What grew by more than the bound remains, on both sides."""
    numbers = parts.tab.numbers
    numbers._bound_moved(0.25)
    parts.choice.toggle_kind("equal")
    kept = parts.pair_of("s/relu")
    assert np.flatnonzero(parts.choice.is_listed).tolist() == [kept]
    for session in (parts.base, parts.other):
        assert session.threshold == Threshold("latency: B − A", 0.25)
        graph = session.graph
        assert graph is not None
        assert [graph.node_ids[i] for i in np.flatnonzero(session.is_kept)] == ["s/relu"]
    assert ranked(parts) == ["s/relu"]


def test_a_filter_removed_elsewhere_is_removed_here(parts: Compared) -> None:
    """The bar's own Clear takes the bound away; its slider moves it."""
    numbers = parts.tab.numbers
    numbers._bound_moved(0.25)
    parts.base.set_threshold(Threshold("latency: B − A", 0.75))
    assert parts.choice.bound == 0.75 == numbers.threshold.threshold
    parts.base.clear()
    assert parts.choice.bound is None and numbers.threshold.threshold is None


def test_another_column_ends_the_filter(parts: Compared) -> None:
    """A bound on a difference says nothing of a ratio."""
    parts.tab.numbers._bound_moved(0.25)
    parts.tab.numbers.by.value = "ratio"
    assert parts.choice.bound is None
    assert parts.base.threshold is None and parts.other.threshold is None


def test_following_sessions_and_a_threshold_agree() -> None:
    """Where filters follow each other the bound is set once and stays."""
    parts = Compared(OLD, NEW)
    Following(parts.comparing)
    measured(parts.base, OF_A)
    measured(parts.other, OF_B)
    parts.tab.numbers._bound_moved(0.25)
    assert parts.choice.bound == 0.25
    assert parts.base.threshold == parts.other.threshold == Threshold("latency: B − A", 0.25)


def test_both_graphs_are_coloured_on_request(parts: Compared) -> None:
    """Difference and ratio are node data of both sides; the difference of kinds stays."""
    assert parts.base.set_of("latency: B − A") is None
    parts.tab.numbers.by.value = "ratio"
    parts.tab.numbers.color.clicks += 1
    for session in (parts.base, parts.other):
        assert session.measure == "latency: B ÷ A" and session.set_of(KIND_DATA) is not None
    assert list(parts.tab.numbers.a.options.values()) == ["latency"]


def test_colours_of_both_and_following_agree() -> None:
    """Where measures follow each other both sides end with the same one."""
    parts = Compared(OLD, NEW)
    Following(parts.comparing)
    measured(parts.base, OF_A)
    measured(parts.other, OF_B)
    parts.tab.numbers.color.clicks += 1
    assert parts.base.measure == parts.other.measure == "latency: B − A"
    assert parts.base.data is not None and parts.other.data is not None


def test_a_correction_pairs_the_numbers_anew(parts: Compared) -> None:
    """The measure stays chosen; its values follow the pairs."""
    parts.base.select([3])
    parts.other.select([4])
    parts.comparing.pair_selection()
    at = parts.pair_of("t/last")
    data = parts.choice.data
    assert data is not None and (data.a[at], data.b[at]) == (1.0, 0.5)


def test_a_name_from_a_file_is_never_markup() -> None:
    """Units and names are escaped in the totals."""
    parts = Compared(OLD, NEW)
    measured(parts.base, OF_A, "x", "<b>")
    measured(parts.other, OF_B, "x", "<b>")
    assert "<b>" not in parts.tab.numbers.totals.object
    assert "&lt;b&gt;" in parts.tab.numbers.totals.object


def test_labels_are_no_numbers(parts: Compared) -> None:
    """Categorical sets, and sets without any value, are not offered."""
    graph = parts.base.graph
    assert graph is not None
    none = np.full(graph.n_nodes, np.nan)
    parts.base.add_node_data(
        [
            NodeData("empty", "ms", "measured", graph.id, none),
            NodeData("label", "ms", "x", graph.id, none * 0, (), categories=("a",)),
        ]
    )
    assert list(parts.tab.numbers.a.options.values()) == ["latency"]
