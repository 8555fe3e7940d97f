"""The checker: each broken invariant is said, and nothing that it meets makes it fail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphs.builder import GraphBuilder
from graphs.check import problems
from graphs.ir import Graph, Model
from graphs.tensor_type import TensorType
from tests.helpers.random_graphs import GraphRows, graph_rows


def a_graph() -> Graph:
    """Make x -> conv (two outputs) -> relu, the last two in a/b and a."""
    builder = GraphBuilder("main")
    builder.add_node("x", "Input")
    builder.add_node("conv", "Conv", "a/b")
    builder.add_node("relu", "Relu", "a")
    values = [builder.add_value(0, 0), builder.add_value(1, 0, "t"), builder.add_value(1, 1, "u")]
    builder.add_edge(values[0], 1, 0)
    builder.add_edge(values[1], 2, 0)
    builder.add_edge(values[2], 2, 1)
    builder.add_subgraph(1, "body")
    return builder.build()


def int32(*numbers: int) -> np.ndarray[Any, Any]:
    """Short for an int32 column."""
    return np.array(numbers, dtype=np.int32)


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "same node id": ({"node_ids": ("x", "x", "relu")}, "node id 'x' occurs more than once"),
    "empty node id": ({"node_ids": ("x", "", "relu")}, "node 1 has an empty id"),
    "short column": ({"node_op": int32(0, 1)}, "column node_op is int32[2], not int32[3]"),
    "wrong dtype": ({"edge_value": np.array([0, 1, 2])}, "column edge_value is int64"),
    "unknown kind": ({"node_kind": np.array([0, 9, 0], np.uint8)}, "node_kind[1] is 9"),
    "op out of table": ({"node_op": int32(0, 1, 3)}, "node_op[2] is 3: not in a table of 3"),
    "same op twice": ({"op_types": ("A", "B", "A")}, "op type 'A' occurs more than once"),
    "namespace out of table": ({"node_namespace": int32(0, -1, 1)}, "node_namespace[1] is -1"),
    "type out of table": ({"value_type": int32(0, 0, 4)}, "value_type[2] is 4"),
    "same type twice": ({"types": (TensorType(), TensorType())}, "occurs more than once"),
    "value of no node": ({"value_node": int32(0, 1, 3)}, "value_node[2] is 3"),
    "unsorted values": ({"value_slot": int32(0, 1, 0)}, "values are not sorted"),
    "two producers": ({"value_slot": int32(0, 0, 0)}, "two values of node 'conv' share the slot"),
    "negative output slot": ({"value_slot": int32(-1, 0, 1)}, "negative output slot"),
    "value pointers": ({"value_ptr": int32(0, 1, 2, 3)}, "value_ptr disagrees"),
    "edge of no value": ({"edge_value": int32(0, 1, 7)}, "edge_value[2] is 7"),
    "edge to no node": ({"edge_target": int32(1, 2, 5)}, "edge_target[2] is 5"),
    "not the producer": ({"edge_source": int32(0, 1, 2)}, "source is not the producer"),
    "unsorted edges": ({"edge_target_slot": int32(0, 1, 0)}, "edges are not sorted"),
    "shared input slot": ({"edge_target_slot": int32(0, 1, 1)}, "two edges enter the slot 1 of"),
    "negative input slot": ({"edge_target_slot": int32(-1, 0, 1)}, "a negative input slot"),
    "in pointers": ({"in_ptr": int32(0, 0, 2, 3)}, "in_ptr disagrees"),
    "out pointers": ({"out_ptr": int32(0, 2, 3, 3)}, "out_ptr disagrees"),
    "out edges": ({"out_edges": int32(0, 2, 1)}, "out_edges does not list"),
    "caller of no row": ({"subgraphs": {3: ("body",)}}, "subgraphs[0] is 3"),
    "empty graph id": ({"id": ""}, "the graph has an empty id"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_each_broken_invariant_is_said(case: str) -> None:
    """One broken column gives the sentence that names it."""
    change, sentence = BROKEN[case]
    found = problems(replace(a_graph(), **change))
    assert any(sentence in one for one in found), found


BROKEN_TREES: dict[str, tuple[dict[str, Any], str]] = {
    "no root": ({"paths": ("r", "a", "a/b")}, "namespace 0 is not the root"),
    "short column": ({"depth": int32(0, 1)}, "column namespaces.depth"),
    "root with a parent": ({"parent": int32(0, 0, 1)}, "the root namespace has a parent"),
    "loop": ({"parent": int32(-1, 2, 1)}, "does not come after its parent"),
    "depth": ({"depth": int32(0, 1, 1)}, "not one deeper"),
    "end": ({"end": int32(3, 3, 2)}, "not the end of its subtree"),
    "other parent": ({"parent": int32(-1, 0, 0)}, "not one deeper"),
    "path of another": ({"paths": ("", "a", "c/b")}, "does not continue its parent's"),
    "same path": ({"paths": ("", "a", "a")}, "occurs more than once"),
}


@pytest.mark.parametrize("case", BROKEN_TREES)
def test_each_broken_namespace_tree_is_said(case: str) -> None:
    """One broken namespace column gives the sentence that names it."""
    change, sentence = BROKEN_TREES[case]
    graph = a_graph()
    found = problems(replace(graph, namespaces=replace(graph.namespaces, **change)))
    assert any(sentence in one for one in found), found


def test_subgraphs_and_graph_ids_are_checked_in_a_model() -> None:
    """A called graph must exist, and ids must be unique in the model."""
    graph = a_graph()
    body = GraphBuilder("body").build()
    assert problems(graph, Model("m", "f", "", (graph, body))) == []
    alone = problems(graph, Model("m", "f", "", (graph,)))
    assert alone == ["node 'conv' calls the graph 'body': there is none"]
    twice = problems(graph, Model("m", "f", "", (graph, body, body)))
    assert twice == ["graph id 'body' occurs more than once"]
    other = problems(graph, Model("m", "f", "", (body,)))
    assert other == ["the graph 'main' is not in its model"]


COLUMNS = ["node_op", "node_namespace", "value_node", "value_slot", "value_ptr", "edge_value"]
COLUMNS += ["edge_source", "edge_target", "edge_target_slot", "in_ptr", "out_ptr", "out_edges"]


@given(graph_rows(), st.data())
def test_a_changed_number_never_makes_the_checker_fail(
    rows: GraphRows, data: st.DataObject
) -> None:
    """Whatever one number becomes, the answer is a list; indices are always checked before use."""
    graph = rows.build()
    name = data.draw(st.sampled_from(COLUMNS))
    column = getattr(graph, name).copy()
    if len(column):
        row = data.draw(st.integers(0, len(column) - 1))
        new = data.draw(st.sampled_from([-(2**31), -1, 0, 1, 2, 2**31 - 1]))
        is_same = column[row] == new
        column[row] = new
        found = problems(replace(graph, **{name: column}))
        free = {"node_op", "node_namespace", "value_slot", "edge_value", "edge_target_slot"}
        assert found or is_same or name in free


def test_long_ids_are_cut_in_sentences() -> None:
    """A file's megabyte-long id does not become a megabyte-long sentence."""
    found = problems(replace(a_graph(), node_ids=("y" * 10**6, "y" * 10**6, "z")))
    assert len(found[0]) < 200
