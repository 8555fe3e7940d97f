"""Types that follow from their neighbours where a file leaves them out.

ONNX Runtime's quantizer writes no shapes beside its QuantizeLinear and
DequantizeLinear; both keep the shape of what they take, and so do functions of one
tensor. Nothing else is inferred. Imports nothing but `graphs`, NumPy and
`measures.cost_elements`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphs.ir import Graph, NodeKind
from graphs.tensor_type import TensorType
from measures.cost_elements import plain_name
from measures.schedule import schedule

# Name -> the input slot whose element type the output has.
_KEEPS_SHAPE = {
    "quantizelinear": 2, "dequantizelinear": 1, "identity": 0, "relu": 0, "leakyrelu": 0,
    "sigmoid": 0, "tanh": 0, "softmax": 0, "logsoftmax": 0, "clip": 0, "erf": 0, "gelu": 0,
    "neg": 0, "abs": 0, "sqrt": 0, "exp": 0, "log": 0, "reciprocal": 0, "hardsigmoid": 0,
    "hardswish": 0, "elu": 0, "selu": 0, "softplus": 0, "floor": 0, "ceil": 0, "round": 0,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class ValueTypes:
    """The types of a graph's values, those that were inferred among them.

    Attributes
    ----------
    types : tuple of TensorType
    of_value : int32 array, shape (n_values,)
        Index into `types`.
    """

    types: tuple[TensorType, ...]
    of_value: NDArray[np.int32]


def known_types(graph: Graph) -> ValueTypes:
    """Return the type of each value: as the file states it, else as it follows from the inputs."""
    open_rows = _open_rows(graph)
    if not len(open_rows):
        return ValueTypes(graph.types, graph.value_type)
    types = {type: row for row, type in enumerate(graph.types)}
    listed = list(graph.types)
    of_value = graph.value_type.tolist()
    is_open = np.zeros(graph.n_nodes, dtype=bool)
    is_open[open_rows] = True
    order = schedule(graph)
    for row in order[is_open[order]].tolist():
        value = int(graph.value_ptr[row])
        found = _kept(graph, row, listed, of_value)
        if found is not None and listed[of_value[value]].shape is None:
            of_value[value] = types.setdefault(found, len(listed))
            if of_value[value] == len(listed):
                listed.append(found)
    return ValueTypes(tuple(listed), np.array(of_value, dtype=np.int32))


def _open_rows(graph: Graph) -> NDArray[np.intp]:
    """Return the operators with one output of no known rank whose rule is to keep a shape."""
    has_no_rank = np.array([type.shape is None for type in graph.types], dtype=bool)
    keeps = np.array([plain_name(op) in _KEEPS_SHAPE for op in graph.op_types], dtype=bool)
    if not has_no_rank.any() or not keeps.any():
        return np.zeros(0, dtype=np.intp)
    is_open = (graph.node_kind == NodeKind.OPERATOR) & keeps[graph.node_op]
    is_open &= np.diff(graph.value_ptr) == 1
    rows = np.flatnonzero(is_open)
    found: NDArray[np.intp] = rows[has_no_rank[graph.value_type[graph.value_ptr[rows]]]]
    return found


def _kept(
    graph: Graph, row: int, types: list[TensorType], of_value: list[int]
) -> TensorType | None:
    """Return the shape of the first input with the element type that the operator gives."""
    edges = range(int(graph.in_ptr[row]), int(graph.in_ptr[row + 1]))
    given = {
        int(graph.edge_target_slot[edge]): types[of_value[graph.edge_value[edge]]]
        for edge in edges
        if not graph.edge_is_control[edge]
    }
    shape = given[0].shape if 0 in given else None
    if shape is None:
        return None
    slot = _KEEPS_SHAPE[plain_name(graph.op_types[int(graph.node_op[row])])]
    return TensorType(given[slot].dtype if slot in given else "", shape)
