"""Measures of size, on a graph drawn by hand."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from graphs.builder import GraphBuilder
from graphs.ir import Graph, NodeKind
from graphs.tensor_type import TensorType
from measures.size import output_bytes, parameter_bytes, parameters, size_measures
from tests.helpers.random_graphs import GraphRows, graph_rows

#   x --> conv(w, b) --> relu --> out
#              shared w --> tied
WEIGHT = TensorType("float32", (3, 4))
BIAS = TensorType("int8", (4,))
HIDDEN = TensorType("float32", (1, 4))


def _drawn() -> Graph:
    builder = GraphBuilder("main")
    x = builder.add_node("x", "Input", kind=NodeKind.INPUT)
    w = builder.add_node("w", "Constant", kind=NodeKind.CONSTANT)
    b = builder.add_node("b", "Constant", kind=NodeKind.CONSTANT)
    alone = builder.add_node("alone", "Constant", kind=NodeKind.CONSTANT)
    conv, relu, tied = (builder.add_node(n, n) for n in ("conv", "relu", "tied"))
    data = builder.add_value(x, 0, "x", HIDDEN)
    weight = builder.add_value(w, 0, "w", WEIGHT)
    bias = builder.add_value(b, 0, "b", BIAS)
    builder.add_value(alone, 0, "alone", TensorType("int4", (3,)))
    hidden = builder.add_value(conv, 0, "hidden", HIDDEN)
    builder.add_value(relu, 0, "out", HIDDEN)
    builder.add_value(tied, 0, "open", TensorType("float32", ("batch", 4)))
    for slot, value in enumerate((data, weight, bias)):
        builder.add_edge(value, conv, slot)
    builder.add_edge(hidden, relu, 0)
    builder.add_edge(weight, tied, 0)
    return builder.build()


def _by_id(graph: Graph, values: np.ndarray) -> dict[str, float]:
    return {n: v for n, v in zip(graph.node_ids, values.tolist(), strict=True) if v == v}


def test_parameters_count_once_at_their_first_reader() -> None:
    """A shared weight counts at the first operator that reads it, an unread one at itself."""
    graph = _drawn()
    assert _by_id(graph, parameters(graph).values) == {"conv": 16, "alone": 3}


def test_parameter_size_follows_the_stored_type() -> None:
    """float32 takes 4 bytes an element, int8 one, three int4 together two."""
    graph = _drawn()
    assert _by_id(graph, parameter_bytes(graph).values) == {"conv": 3 * 4 * 4 + 4, "alone": 2}


def test_output_size_is_unknown_where_a_dimension_is() -> None:
    """A free batch gives no number; inputs and constants have no output size."""
    graph = _drawn()
    assert _by_id(graph, output_bytes(graph).values) == {"conv": 16, "relu": 16}


@given(graph_rows())
def test_no_parameter_is_lost_or_counted_twice(rows: GraphRows) -> None:
    """The nodes' parameters sum to the elements of all constants."""
    graph = rows.build()
    total = sum(
        graph.node(int(n)).value_type(v).n_elements or 0
        for v, n in enumerate(graph.value_node)
        if graph.node_kind[n] == NodeKind.CONSTANT
    )
    assert np.nansum(parameters(graph).values) == total


def test_a_measure_that_no_node_has_is_left_out() -> None:
    """A graph without constants and shapes has no measure of size."""
    builder = GraphBuilder("main")
    builder.add_node("a", "Relu")
    assert size_measures(builder.build()) == []
    assert [m.label for m in size_measures(_drawn())] == [
        "parameters",
        "parameter size (bytes)",
        "output size (bytes)",
    ]


def test_a_value_that_only_orders_execution_has_no_size() -> None:
    """A node that others wait for has the size of what it gives; a barrier has none."""
    builder = GraphBuilder("main")
    first, barrier, last = (builder.add_node(n, "Op") for n in ("first", "barrier", "last"))
    builder.add_value(first, 0, "first", HIDDEN)
    for node, target in ((first, barrier), (barrier, last)):
        signal = builder.add_value(node, 1, f"^{node}")
        builder.add_edge(signal, target, 0, is_control=True)
    builder.add_value(last, 0, "last")
    np.testing.assert_array_equal(output_bytes(builder.build()).values, [16, np.nan, np.nan])


def test_parameters_are_looked_for_behind_what_hands_them_on() -> None:
    """A variable that is read and renamed counts at the convolution behind, as a whole."""
    builder = GraphBuilder("main")
    w = builder.add_node("w", "VarHandleOp", kind=NodeKind.CONSTANT)
    read, same, conv = (builder.add_node(o, o) for o in ("ReadVariableOp", "Identity", "Conv2D"))
    value = builder.add_value(w, 0, "w", WEIGHT)
    for node in (read, same, conv):
        builder.add_edge(value, node, 0)
        value = builder.add_value(node, 0, "", WEIGHT)
    graph = builder.build()
    assert _by_id(graph, parameters(graph).values) == {"Conv2D": 12}
    assert _by_id(graph, parameter_bytes(graph).values) == {"Conv2D": 48}


def test_a_shape_that_no_machine_holds_is_a_number() -> None:
    """Forty dimensions of 2**62 have a size that can be added, drawn and written."""
    builder = GraphBuilder("main")
    node = builder.add_node("huge", "Op")
    builder.add_value(node, 0, "huge", TensorType("complex128", (2**62,) * 40))
    [size] = output_bytes(builder.build()).values
    assert np.isfinite(size) and size > 1e70
