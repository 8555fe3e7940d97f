"""Which operator uses a constant, on graphs drawn by hand."""

from __future__ import annotations

import pytest
from hypothesis import given

from graphs.builder import GraphBuilder
from graphs.constants import constants_read_by, handing_nodes, hands_on, users
from graphs.ir import Graph, NodeKind
from tests.helpers.random_graphs import GraphRows, graph_rows


def _drawn(*ops: str, n_constants: int = 1) -> Graph:
    """Constants, w0 first, --> ops[0] --> ops[1] --> ...; x also enters the last."""
    builder = GraphBuilder("main")
    x = builder.add_value(builder.add_node("x", "Input", kind=NodeKind.INPUT), 0)
    kind = NodeKind.CONSTANT
    given_ = [builder.add_node(f"w{i}", "Constant", kind=kind) for i in range(n_constants)]
    values = [builder.add_value(node, 0) for node in given_]
    for i, op in enumerate(ops):
        node = builder.add_node(f"{op}{i}", op)
        for slot, value in enumerate(values):
            builder.add_edge(value, node, slot + 1 if i == len(ops) - 1 else slot)
        if i == len(ops) - 1:
            builder.add_edge(x, node, 0)
        values = [builder.add_value(node, 0)]
    return builder.build()


@pytest.mark.parametrize(
    "op",
    [
        "ReadVariableOp",
        "Identity",
        "com.microsoft.DequantizeLinear",
        "aten.permute.default",
        "stablehlo.transpose",
        "DEQUANTIZE",
    ],
)
def test_names_of_every_format_are_known(op: str) -> None:
    """Domains, overloads and case do not matter."""
    assert hands_on(op) and not hands_on("Conv2D") and not hands_on("aten.add.Tensor")


def test_a_weight_is_used_behind_what_hands_it_on() -> None:
    """The convolution uses the variable, not the read and the Identity before it."""
    graph = _drawn("ReadVariableOp", "Identity", "Conv2D")
    weight, conv = graph.node_ids.index("w0"), graph.node_ids.index("Conv2D2")
    assert handing_nodes(graph) == [conv - 2, conv - 1]
    assert users(graph)[graph.node(weight).outputs[0]] == conv
    assert constants_read_by(graph, conv) == [(1, weight)]


def test_scales_go_where_their_tensor_goes() -> None:
    """A DequantizeLinear of constants uses neither data nor scale nor zero point."""
    graph = _drawn("DequantizeLinear", "Conv", n_constants=3)
    conv = graph.node_ids.index("Conv1")
    rows = [graph.node(graph.node_ids.index(f"w{i}")).outputs[0] for i in range(3)]
    assert users(graph)[rows].tolist() == [conv] * 3


def test_an_operator_on_data_uses_its_constants() -> None:
    """A Transpose of an activation uses the permutation that it reads."""
    graph = _drawn("Transpose")
    node = graph.node_ids.index("Transpose0")
    assert handing_nodes(graph) == []
    assert users(graph)[graph.node(graph.node_ids.index("w0")).outputs[0]] == node


def test_a_long_chain_is_walked() -> None:
    """Fifty thousand Identities in a row neither recurse nor take the square of the time."""
    graph = _drawn(*["Identity"] * 50_000, "MatMul")
    weight = graph.node(graph.node_ids.index("w0")).outputs[0]
    assert users(graph)[weight] == graph.node_ids.index("MatMul50000")


@given(graph_rows())
def test_every_value_has_one_user(rows: GraphRows) -> None:
    """The user of a value is a node of the graph, an operator unless it is the producer."""
    graph = rows.build()
    found = users(graph)
    assert len(found) == len(graph.value_node)
    is_own = found == graph.value_node
    assert (is_own | (graph.node_kind[found] == NodeKind.OPERATOR)).all()
