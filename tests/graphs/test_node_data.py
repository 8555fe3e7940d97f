"""Aggregation of node data to groups, against sums written out path by path."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphs.ir import Graph
from graphs.node_data import Aggregation, NodeData, aggregate, share_of
from tests.helpers.random_graphs import GraphRows, graph_rows

numbers = st.one_of(st.just(float("nan")), st.integers(-1000, 1000).map(lambda n: n / 4))
FOLDS = {"sum": sum, "max": max, "min": min, "mean": lambda held: sum(held) / len(held)}


def members(graph: Graph, namespace: int) -> list[int]:
    """Return the nodes anywhere inside a namespace."""
    path = graph.namespaces.paths[namespace]
    return [
        i
        for i in range(graph.n_nodes)
        if namespace == 0 or (graph.node(i).namespace + "/").startswith(path + "/")
    ]


@given(graph_rows(), st.data(), st.sampled_from(sorted(FOLDS)))
def test_a_group_holds_the_aggregate_of_all_nodes_inside(
    rows: GraphRows, data: st.DataObject, how: Aggregation
) -> None:
    """Nodes without a value do not count; a group in which none has one is NaN."""
    graph = rows.build()
    values = np.array(data.draw(st.lists(numbers, min_size=graph.n_nodes, max_size=graph.n_nodes)))
    found = aggregate(graph, NodeData("m", "", "test", "main", values), how)
    assert (found.dtype, len(found)) == (np.float64, len(graph.namespaces))
    for space in range(len(graph.namespaces)):
        held = [v for i in members(graph, space) if not np.isnan(v := float(values[i]))]
        wanted = FOLDS[how](held) if held else float("nan")
        assert found[space] == pytest.approx(wanted, nan_ok=True)


@given(graph_rows(), st.data())
def test_share_counts_the_masked_nodes_of_a_subtree(rows: GraphRows, data: st.DataObject) -> None:
    """The share is between 0 and 1 and counts every node of any kind."""
    graph = rows.build()
    mask = np.array(
        data.draw(st.lists(st.booleans(), min_size=graph.n_nodes, max_size=graph.n_nodes))
    )
    found = share_of(graph, mask)
    for space in range(len(graph.namespaces)):
        inside = members(graph, space)
        assert found[space] == pytest.approx(np.mean(mask[inside]) if inside else 0)


def test_labels_name_the_unit() -> None:
    """A measure is labelled with its unit, a pure number without brackets."""
    values = np.zeros(0)
    assert NodeData("latency", "ms", "", "main", values).label == "latency (ms)"
    assert NodeData("rank", "", "", "main", values).label == "rank"
    assert NodeData("where", "", "", "main", values, categories=("cpu",)).is_categorical
