"""The builder: rows in the file's order become sorted, indexed columns."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given

from graphs.builder import GraphBuilder
from graphs.check import problems
from graphs.errors import GraphError
from graphs.ir import NodeKind
from graphs.tensor_type import TensorType
from tests.helpers.random_graphs import TYPES, GraphRows, graph_rows


@given(graph_rows())
def test_what_the_builder_makes_keeps_every_invariant(rows: GraphRows) -> None:
    """No sequence of correct rows gives a graph with problems."""
    assert problems(rows.build()) == []


@given(graph_rows())
def test_columns_tell_what_the_rows_told(rows: GraphRows) -> None:
    """Nodes keep their order; values and edges are the same set, sorted and indexed both ways."""
    graph = rows.build()
    for i in range(graph.n_nodes):
        node = graph.node(i)
        assert (node.id, node.op_type, node.kind) == (f"n{i}", rows.ops[i], rows.kinds[i])
        assert node.namespace == rows.namespaces[i]
        outputs = [(graph.value_names[v], node.value_type(v)) for v in node.outputs]
        wanted = [(f"t{i}_{s}", TYPES[(i + s) % len(TYPES)]) for s in range(rows.n_outputs[i])]
        assert outputs == wanted
        into = [edge for edge in rows.edges if edge.target == i]
        into.sort(key=lambda edge: edge.slot)
        assert [
            (graph.edge_source[e], graph.value_slot[graph.edge_value[e]], graph.edge_target_slot[e])
            for e in node.in_edges
        ] == [(edge.source, edge.source_slot, edge.slot) for edge in into]
        assert [bool(graph.edge_is_control[e]) for e in node.in_edges] == [
            edge.is_control for edge in into
        ]
        assert sorted(graph.edge_target[node.out_edges].tolist()) == sorted(
            edge.target for edge in rows.edges if edge.source == i
        )


def test_an_empty_graph_is_a_graph() -> None:
    """No nodes at all: nothing breaks, nothing is wrong."""
    graph = GraphBuilder("main").build()
    assert (graph.n_nodes, graph.n_edges, graph.n_groups) == (0, 0, 0)
    assert problems(graph) == []


def test_a_node_shows_its_op_type_or_its_id() -> None:
    """Operators are labelled by op type, everything else by its id."""
    builder = GraphBuilder("main", "the title")
    builder.add_node("x", "", kind=NodeKind.INPUT)
    builder.add_node("c1", "Conv")
    graph = builder.build()
    assert [graph.node(i).label for i in range(2)] == ["x", "Conv"]
    assert (graph.title, graph.n_operators) == ("the title", 1)


def add_taken_id(builder: GraphBuilder) -> None:
    """Take an id twice."""
    builder.add_node("a", "Conv")


def add_empty_id(builder: GraphBuilder) -> None:
    """Use no id."""
    builder.add_node("", "Conv")


def add_value_of_no_node(builder: GraphBuilder) -> None:
    """Give a value to a node that is not there."""
    builder.add_value(7, 0)


def add_value_twice(builder: GraphBuilder) -> None:
    """Produce two values at one slot."""
    builder.add_value(0, 0)


def add_negative_output_slot(builder: GraphBuilder) -> None:
    """Produce a value before the first slot."""
    builder.add_value(0, -1)


def add_edge_of_no_value(builder: GraphBuilder) -> None:
    """Carry a value that is not there."""
    builder.add_edge(9, 0, 0)


def add_edge_to_no_node(builder: GraphBuilder) -> None:
    """Enter a node that is not there."""
    builder.add_edge(0, 5, 0)


def add_edges_into_one_slot(builder: GraphBuilder) -> None:
    """Enter one input slot twice."""
    builder.add_edge(0, 0, 3)
    builder.add_edge(0, 0, 3)


def add_negative_input_slot(builder: GraphBuilder) -> None:
    """Enter before the first slot."""
    builder.add_edge(0, 0, -2)


def use_a_slot_beyond_32_bits(builder: GraphBuilder) -> None:
    """Enter a slot that no column can hold."""
    builder.add_edge(0, 0, 2**31)


def call_from_no_node(builder: GraphBuilder) -> None:
    """Call a subgraph from a node that is not there."""
    builder.add_subgraph(4, "body")


@pytest.mark.parametrize(
    "break_it",
    [
        add_taken_id,
        add_empty_id,
        add_value_of_no_node,
        add_value_twice,
        add_negative_output_slot,
        add_edge_of_no_value,
        add_edge_to_no_node,
        add_edges_into_one_slot,
        add_negative_input_slot,
        use_a_slot_beyond_32_bits,
        call_from_no_node,
    ],
)
def test_the_builder_refuses_what_would_break_an_invariant(
    break_it: Callable[[GraphBuilder], None],
) -> None:
    """Each way to break an invariant is a GraphError, never a broken graph."""
    builder = GraphBuilder("main")
    builder.add_node("a", "Conv")
    builder.add_value(0, 0)

    def build() -> None:
        break_it(builder)
        builder.build()

    with pytest.raises(GraphError):
        build()


def test_control_edges_may_share_a_slot() -> None:
    """Control edges carry no data, so several may enter at one place."""
    builder = GraphBuilder("main")
    builder.add_node("a", "Conv")
    value = builder.add_value(0, 0)
    builder.add_edge(value, 0, 0, is_control=True)
    builder.add_edge(value, 0, 0, is_control=True)
    assert problems(builder.build()) == []


def test_plural_adds_equal_single_adds() -> None:
    """Rows appended by column give the same graph as rows appended one by one."""
    one, many = GraphBuilder("g"), GraphBuilder("g")
    float_type, other_type = TensorType("float32", (2,)), TensorType("int8")
    nodes = [("a", "Input", "", NodeKind.INPUT), ("b", "Add", "x/y", NodeKind.OPERATOR)]
    values = [(1, 0, "w", other_type), (0, 0, "v", float_type)]
    edges = [(1, 1, 0), (0, 1, 1)]
    for node in nodes:
        one.add_node(*node)
    for value in values:
        one.add_value(*value)
    for edge in edges:
        one.add_edge(*edge)
    many.add_nodes(*zip(*nodes, strict=True))
    many.add_values(*zip(*values, strict=True))
    many.add_edges(*zip(*edges, strict=True))
    left, right = one.build(), many.build()
    for field in dataclasses.fields(left):
        if field.name not in ("source", "namespaces"):
            np.testing.assert_array_equal(getattr(left, field.name), getattr(right, field.name))
    assert left.namespaces.paths == right.namespaces.paths


@pytest.mark.parametrize("ids", [["a", "a"], ["", "b"], ["taken"]])
def test_plural_adds_refuse_a_bad_id(ids: list[str]) -> None:
    """An id that is empty or taken is refused when nodes come by column too."""
    builder = GraphBuilder("g")
    builder.add_node("taken", "Op")
    with pytest.raises(GraphError, match="empty or taken"):
        builder.add_nodes(ids, ["Op"] * len(ids), [""] * len(ids), [0] * len(ids))


def test_a_stated_operator_count_is_kept() -> None:
    """A format that counts constants as operator calls can say so."""
    builder = GraphBuilder("g")
    builder.add_node("a", "Constant", kind=NodeKind.CONSTANT)
    assert builder.build().n_operators == 0
    assert builder.build(n_operators=1).n_operators == 1
