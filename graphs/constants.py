"""Constants seen from the operators that use them, through operators that only hand them on.

A TensorFlow convolution reads a ReadVariableOp and not the variable, a quantized
ONNX one a DequantizeLinear, an exported PyTorch one a transposed weight. Every
runtime does that once, when it loads; a reader looks for the weight at the
convolution. Imports NumPy and the graph only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.ir import Graph, NodeKind

# Give out the elements that they are given: in another order, shape or element type, no more.
# Lower case, without domain and overload.
# fmt: off
HANDS_ON = frozenset((
    "identity", "readvariableop", "enter", "refenter", "alias", "detach", "lift_fresh_copy",
    "clone", "contiguous", "dequantizelinear", "dequantize", "cast", "convert", "transpose",
    "permute", "t", "reshape", "view", "expanddims", "squeeze", "unsqueeze",
))
# fmt: on
MAX_STEPS = 16  # from an operator back to a constant


def hands_on(op_type: str) -> bool:
    """Return whether an op type gives out what it is given: ``aten.permute.default`` does."""
    return not HANDS_ON.isdisjoint(op_type.lower().replace("::", ".").split("."))


def handing_nodes(graph: Graph) -> list[int]:
    """Return the operators that only hand constants on, each after those that it reads.

    All that they read are constants, or are handed on in turn.
    """
    is_named = np.array([hands_on(op) for op in graph.op_types] or [False], dtype=bool)
    is_open = is_named[graph.node_op] & (graph.node_kind == NodeKind.OPERATOR)
    is_data = ~graph.edge_is_control
    from_constant = graph.node_kind[graph.edge_source] == NodeKind.CONSTANT
    n_read = np.bincount(graph.edge_target[is_data], minlength=graph.n_nodes)
    waits = np.bincount(graph.edge_target[is_data & ~from_constant], minlength=graph.n_nodes)
    found = np.flatnonzero(is_open & (n_read > 0) & (waits == 0)).tolist()
    for node in found:  # grows while it is walked
        edges = graph.node(node).out_edges
        for target in graph.edge_target[edges[is_data[edges]]].tolist():
            waits[target] -= 1
            if is_open[target] and waits[target] == 0:
                found.append(target)
    return found


def users(graph: Graph) -> NDArray[np.int64]:
    """Return for each value the node that uses it, int64, shape (n_values,).

    The first operator in the graph's order that reads it; where that only hands
    it on, the one that uses what it hands on. A value that no operator reads
    is used by the node that produces it.
    """
    user = graph.value_node.astype(np.int64)
    # Edges are sorted by target: written backwards, the first reader is the one that stays.
    reads = np.flatnonzero(graph.node_kind[graph.edge_target] == NodeKind.OPERATOR)[::-1]
    user[graph.edge_value[reads]] = graph.edge_target[reads]
    handed = np.arange(graph.n_nodes)
    for node in reversed(handing_nodes(graph)):
        targets = [int(user[v]) for v in graph.node(node).outputs if user[v] != node]
        if targets:
            handed[node] = handed[min(targets)]
    found: NDArray[np.int64] = handed[user]
    return found


def constants_read_by(graph: Graph, node: int) -> list[tuple[int, int]]:
    """Return (input slot, constant node) of each input that is a constant or one handed on."""
    found = []
    for edge in graph.node(node).in_edges:
        if not graph.edge_is_control[edge]:
            constant = _constant_behind(graph, int(graph.edge_source[edge]))
            if constant >= 0:
                found.append((int(graph.edge_target_slot[edge]), constant))
    return found


def _constant_behind(graph: Graph, node: int) -> int:
    """Return the constant that a node is or hands on; -1 where there is none."""
    for _ in range(MAX_STEPS):
        if graph.node_kind[node] == NodeKind.CONSTANT:
            return node
        edges = graph.node(node).in_edges
        if not len(edges) or not hands_on(graph.node(node).op_type):
            return -1
        node = int(graph.edge_source[edges[0]])
    return -1
