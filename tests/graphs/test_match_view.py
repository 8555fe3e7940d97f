"""A matching as columns: kinds, proportions, crossing selections, counts, paired node data."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.graphs import decoder
from graphs.builder import GraphBuilder
from graphs.ir import Graph
from graphs.match import match, match_models
from graphs.match_data import by_group, by_op_type, folded, paired_data
from graphs.match_types import KINDS
from graphs.match_view import MatchView
from graphs.node_data import Aggregation, NodeData
from tests.helpers.graph_edits import edited
from tests.helpers.small_models import caller_model

N, SEED = 400, 3


def chain(*ops: tuple[str, str]) -> Graph:
    """Return operators (id, op type) behind each other, in the group before the slash."""
    builder, value = GraphBuilder("main"), None
    for id, op_type in ops:
        node = builder.add_node(id, op_type, id.rpartition("/")[0])
        if value is not None:
            builder.add_edge(value, node, 0)
        value = builder.add_value(node, 0, f"{id}_out")
    return builder.build()


FLOAT = chain(("s/conv", "Conv"), ("s/norm", "BatchNormalization"), ("s/relu", "Relu"),
              ("t/pool", "MaxPool"), ("t/soft", "Softmax"))  # fmt: skip
FUSED = chain(("s/conv", "CONV_2D"), ("t/pool", "MAX_POOL_2D"), ("t/soft", "SOFTMAX"))


def fused_view() -> MatchView:
    """Return a convolution, normalization and rectifier beside one fused operator."""
    return MatchView(match(FLOAT, FUSED, is_same_format=False))


def data_of(
    graph: Graph, values: list[float], unit: str = "ms", how: Aggregation = "sum"
) -> NodeData:
    """Return node data of a graph."""
    return NodeData("latency", unit, "measured", graph.id, np.array(values), (how,))


def edited_view() -> MatchView:
    """Return a graph beside one with edits."""
    graph = decoder(N)
    return MatchView(match(graph, edited(graph, 0.05, SEED).graph))


@pytest.mark.parametrize("end", ["a", "b"])
def test_kinds_and_pairs_are_those_of_the_matching(end: str) -> None:
    """Each node has the kind and the index of the one pair that it is in."""
    view = edited_view()
    graph = (view.matching.a if end == "a" else view.matching.b)[0]
    side = view.side(end, graph.id)
    for row, id in enumerate(graph.node_ids):
        pair = view.matching.pairs[side.pair[row]]
        ids = pair.a if end == "a" else pair.b
        assert id in ids and KINDS[side.kind[row]] == pair.kind
        assert side.is_first[row] == (ids[0] == id)


@pytest.mark.parametrize("end", ["a", "b"])
def test_a_group_counts_the_kinds_of_all_inside_it(end: str) -> None:
    """Counts are those of a walk over all nodes; shares add up to one."""
    view = edited_view()
    graph = (view.matching.a if end == "a" else view.matching.b)[0]
    side = view.side(end, graph.id)
    for at, path in enumerate(graph.namespaces.paths):
        inside = [
            KINDS[side.kind[row]]
            for row in range(graph.n_nodes)
            if not path or f"{graph.node(row).namespace}/".startswith(f"{path}/")
        ]
        assert side.group_kinds[at].tolist() == [inside.count(kind) for kind in KINDS]
    assert np.allclose(side.group_shares.sum(axis=1), 1)


def test_a_selection_crosses_over() -> None:
    """Any node of a fused pair stands for all that it was fused into, and the other way round."""
    view = fused_view()
    assert view.across("a", "main", [1])["main"].tolist() == [0]
    assert view.across("b", "main", [0, 1])["main"].tolist() == [0, 1, 2, 3]
    assert view.across("a", "main", []) == {}


def test_what_was_added_stands_for_nothing() -> None:
    """A node without a partner selects nothing on the other side."""
    view = edited_view()
    side = view.side("b", view.matching.b[0].id)
    added = side.differing(("added",))
    assert len(added) and view.across("b", side.graph.id, added) == {}


def test_a_selection_crosses_into_called_graphs() -> None:
    """Rows are those of the graph that the partner is in."""
    view = MatchView(match_models(caller_model(), caller_model()))
    graph = view.matching.a[1]
    rows = np.arange(graph.n_nodes)
    assert view.across("a", graph.id, rows)[graph.id].tolist() == rows.tolist()


def test_groups_cross_over() -> None:
    """A group's partner is found from either side; one without a partner has none."""
    view = fused_view()
    assert view.group_across("a", "main", "t") == ("main", "t")
    assert view.group_across("b", "main", "t") == ("main", "t")
    assert view.group_across("b", "main", "nobody") is None


def test_differences_are_visited_in_turn() -> None:
    """Next and previous go through one row of each differing pair and round the ends."""
    side = edited_view().side("a", "decoder_400")
    rows = side.differing().tolist()
    visited, at = [], -1
    for _ in rows:
        at = side.next_differing(at)
        visited.append(at)
    assert visited == rows and side.next_differing(at) == rows[0]
    assert side.next_differing(-1, -1) == rows[-1]
    assert side.next_differing(rows[0], -1) == rows[-1]
    assert side.next_differing(rows[1], -1) == rows[0]


def test_without_differences_there_is_no_next() -> None:
    """Equal graphs have nothing to visit."""
    side = MatchView(match(FLOAT, FLOAT)).side("a", "main")
    assert side.next_differing(-1) == side.next_differing(3, -1) == -1


def test_kinds_are_categorical_node_data() -> None:
    """The overlay can draw the kinds as it draws any labels."""
    data = fused_view().side("a", "main").as_node_data()
    assert data.categories == KINDS and data.is_categorical
    assert [KINDS[int(v)] for v in data.values] == ["fused"] * 3 + ["equal"] * 2


def test_the_table_has_a_row_for_each_difference() -> None:
    """Ids and op types of both sides, how many nodes a pair holds, and what changed in words."""
    (row,) = fused_view().table()
    assert (row.kind, row.a, row.b) == ("fused", "s/conv", "s/conv")
    assert (row.a_op, row.b_op, row.n_a, row.n_b) == ("Conv", "CONV_2D", 3, 1)
    view = edited_view()
    rows = view.table()
    assert len(rows) == sum(pair.kind != "equal" for pair in view.matching.pairs)
    assert all((row.a == "") == (row.kind == "added") for row in rows)
    assert any(row.changes.endswith(" → Tanh") and "op type: " in row.changes for row in rows)
    assert len(view.table(("equal",))) + len(rows) == len(view.matching.pairs)


def test_op_types_are_counted_with_the_most_different_first() -> None:
    """Each operator pair counts once, under A's op type, or B's where only B has it."""
    view = edited_view()
    counts = view.op_counts()
    assert sum(sum(row.counts.values()) for row in counts) == sum(
        bool(view.op_type(at)) for at in range(len(view.matching.pairs))
    )
    differing = [sum(row.counts.values()) - row.counts["equal"] for row in counts]
    assert differing == sorted(differing, reverse=True) and differing[0] > 0
    fused = {row.op_type: row.counts["fused"] for row in fused_view().op_counts()}
    assert fused == {"Conv": 1, "MaxPool": 0, "Softmax": 0}


def test_times_of_a_fused_pair_add_up() -> None:
    """One fused operator stands against the sum of what it replaced."""
    view = fused_view()
    data = paired_data(view, data_of(FLOAT, [1, 2, 3, 4, np.nan]), data_of(FUSED, [3, 8, 5]))
    side = view.side("a", "main")
    assert data.on(side, "a").values.tolist()[0] == 6
    assert data.on(side, "difference").values[[0, 3]].tolist() == [-3, 4]
    assert data.on(side, "ratio").values[[0, 3]].tolist() == [0.5, 2]
    assert np.isnan(data.on(side, "ratio").values[[1, 2, 4]]).all()
    assert data.on(side, "b").values[4] == 5 and data.on(side, "difference").unit == "ms"
    assert data.on(side, "ratio").unit == ""


def test_no_time_is_lost() -> None:
    """All of either side's time is in the pairs, in the op types, and on the other side's nodes."""
    view = edited_view()
    random = np.random.default_rng(1)
    a, b = (
        data_of(graph, list(random.uniform(0, 9, graph.n_nodes)))
        for graph in (view.matching.a[0], view.matching.b[0])
    )
    data = paired_data(view, a, b)
    assert np.isclose(np.nansum(data.a), a.values.sum())
    assert np.isclose(np.nansum(data.b), b.values.sum())
    rows = by_op_type(view, data)
    assert np.isclose(np.nansum([row.a for row in rows]), a.values.sum())
    on_a = data.on(view.side("a", a.graph_id), "b")
    is_added = np.array([not pair.a for pair in view.matching.pairs])
    assert np.isclose(np.nansum(on_a.values), b.values.sum() - np.nansum(data.b[is_added]))


def test_of_errors_the_worst_counts() -> None:
    """What is not a sum is put together as its measure says."""
    view = fused_view()
    a = data_of(FLOAT, [1, 7, 3, 4, 0], "", "max")
    data = paired_data(view, a, data_of(FUSED, [7, 8, 5], "", "max"))
    assert data.difference.tolist() == [0, 4, 5]
    assert np.isnan(data.ratio[2])


def test_op_types_and_groups_are_rows() -> None:
    """Sums by op type and group, the largest difference first."""
    view = fused_view()
    a, b = data_of(FLOAT, [1, 2, 3, 4, np.nan]), data_of(FUSED, [3, 9, 0.5])
    rows = by_op_type(view, paired_data(view, a, b))
    assert [(row.name, row.a, row.b) for row in rows[:2]] == [("MaxPool", 4, 9), ("Conv", 6, 3)]
    assert rows[2].name == "Softmax" and np.isnan(rows[2].difference)
    groups = {row.name: (row.a, row.b, row.difference) for row in by_group(view, a, b)}
    assert groups == {"s": (6, 3, -3), "t": (4, 9.5, 5.5)}


def test_other_units_have_no_difference() -> None:
    """Milliseconds are not taken from bytes, nor numbers from labels."""
    view = fused_view()
    with pytest.raises(ValueError, match="bytes"):
        paired_data(view, data_of(FLOAT, [1] * 5), data_of(FUSED, [1] * 3, "bytes"))
    with pytest.raises(ValueError, match="difference"):
        paired_data(view, view.side("a", "main").as_node_data(), data_of(FUSED, [1] * 3, ""))


@pytest.mark.parametrize("how", ["sum", "mean", "max", "min"])
def test_folding_is_that_of_plain_python(how: Aggregation) -> None:
    """Values of one index are put together; without any there is none."""
    random = np.random.default_rng(0)
    index, values = random.integers(0, 9, 30), random.normal(size=30)
    values[::4] = np.nan
    found = folded(index, values, how, 11)
    fold = {"sum": sum, "mean": lambda v: sum(v) / len(v), "max": max, "min": min}[how]
    for at in range(11):
        mine = [v for i, v in zip(index, values, strict=True) if i == at and not np.isnan(v)]
        assert np.isclose(found[at], fold(mine)) if mine else np.isnan(found[at])
