"""Small models built by hand, for tests of what stands above the importers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from graphs.builder import GraphBuilder
from graphs.ir import Graph, Model, NodeKind
from graphs.node_data import NodeData
from graphs.tensor_type import TensorType

FLOAT = TensorType("float32", (1, 8))


def two_block_graph(calls: Mapping[int, str] = MappingProxyType({})) -> Graph:
    """Input -> a/conv -> a/relu -> b/c/conv -> b/add <- a/relu; b/add -> output.

    Rows: 0 input, 1 a/conv, 2 a/relu, 3 b/c/conv, 4 b/add, 5 output, 6 weight (a constant of a).
    """
    builder = GraphBuilder("main", "Two blocks")
    rows = [
        ("input", "Input", "", NodeKind.INPUT),
        ("a/conv", "Conv", "a", NodeKind.OPERATOR),
        ("a/relu", "Relu", "a", NodeKind.OPERATOR),
        ("b/c/conv", "Conv", "b/c", NodeKind.OPERATOR),
        ("b/add", "Add", "b", NodeKind.OPERATOR),
        ("output", "Output", "", NodeKind.OUTPUT),
        ("weight", "Initializer", "a", NodeKind.CONSTANT),
    ]
    nodes = [builder.add_node(*row) for row in rows]
    values = {n: builder.add_value(n, 0, f"t{n}", FLOAT) for n in nodes if n != 5}
    for source, target, slot in ((0, 1, 0), (6, 1, 1), (1, 2, 0), (2, 3, 0), (3, 4, 0), (2, 4, 1)):
        builder.add_edge(values[source], target, slot)
    builder.add_edge(values[4], 5, 0)
    for node, graph_id in calls.items():
        builder.add_subgraph(node, graph_id)
    return builder.build()


def caller_model() -> Model:
    """A main graph whose node `b/add` (row 4) calls the graph `body`."""
    body = GraphBuilder("body", "Body")
    body.add_node("inner", "Relu")
    main = two_block_graph(calls={4: "body"})
    return Model("two blocks.onnx", "ONNX", "tests", (main, body.build()), n_parameters=8)


def latency_of(graph: Graph, values: list[float]) -> NodeData:
    """Latency over a graph's nodes."""
    return NodeData("latency", "ms", "measured", graph.id, np.array(values, dtype=np.float64))
