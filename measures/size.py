"""What a graph's nodes hold, read off the graph without running it.

Imports nothing but `graphs` and NumPy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.constants import users
from graphs.ir import Graph, NodeKind
from graphs.node_data import NodeData


def size_measures(graph: Graph) -> list[NodeData]:
    """Return parameters, parameter size and output size; one that no node has is left out."""
    found = [parameters(graph), parameter_bytes(graph), output_bytes(graph)]
    return [one for one in found if not np.isnan(one.values).all()]


def parameters(graph: Graph) -> NodeData:
    """Return the number of constant elements that each operator reads.

    A constant counts once, at the first operator in the graph's order that uses
    it, so that sums over groups add up to the whole; one that nothing reads
    counts at itself. An operator that only hands it on, as ReadVariableOp and
    Identity do, does not use it: `graphs.constants`. Operators without constants
    have no value (NaN).
    """
    return _node_data(graph, "parameters", "", _at_readers(graph, _elements(graph)))


def parameter_bytes(graph: Graph) -> NodeData:
    """Return the stored bytes of the constants that each operator reads, as `parameters` does."""
    return _node_data(graph, "parameter size", "bytes", _at_readers(graph, _bytes(graph)))


def output_bytes(graph: Graph) -> NodeData:
    """Return the bytes of each operator's outputs; NaN where a dimension is not known.

    A value of unknown size that only orders execution is no output.
    """
    sizes = _bytes(graph)
    is_counted = graph.node_kind[graph.value_node] == NodeKind.OPERATOR
    is_counted &= ~(np.isnan(sizes) & _only_orders(graph))
    nodes = graph.value_node[is_counted]
    total = np.bincount(nodes, weights=sizes[is_counted], minlength=graph.n_nodes)
    has_output = np.bincount(nodes, minlength=graph.n_nodes) > 0
    return _node_data(graph, "output size", "bytes", np.where(has_output, total, np.nan))


def _node_data(graph: Graph, name: str, unit: str, values: NDArray[np.float64]) -> NodeData:
    return NodeData(
        name=name,
        unit=unit,
        source="computed",
        graph_id=graph.id,
        values=values,
        aggregations=("sum", "max", "mean"),
    )


def _elements(graph: Graph) -> NDArray[np.float64]:
    """Return the elements of each value, float64, shape (n_values,); NaN where unknown."""
    return _by_type(graph, [t.n_elements for t in graph.types])


def _bytes(graph: Graph) -> NDArray[np.float64]:
    """Return the bytes of each value, float64, shape (n_values,); NaN where unknown."""
    return _by_type(graph, [t.n_bytes for t in graph.types])


def _only_orders(graph: Graph) -> NDArray[np.bool_]:
    """Return which values leave by control edges alone, bool, shape (n_values,)."""
    n = len(graph.value_node)
    n_control = np.bincount(graph.edge_value[graph.edge_is_control], minlength=n)
    only: NDArray[np.bool_] = n_control == np.bincount(graph.edge_value, minlength=n)
    return only & (n_control > 0)


def _by_type(graph: Graph, sizes: list[int | None]) -> NDArray[np.float64]:
    column = np.array([np.nan if s is None else float(s) for s in sizes], dtype=np.float64)
    return column[graph.value_type] if len(column) else np.zeros(0)


def _at_readers(graph: Graph, sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum the sizes of constant values over the node that each counts at.

    Parameters
    ----------
    sizes : float64 array, shape (n_values,)

    Returns
    -------
    float64 array, shape (n_nodes,)
        NaN where nothing counts.
    """
    is_constant = graph.node_kind[graph.value_node] == NodeKind.CONSTANT
    is_constant &= ~np.isnan(sizes)
    place, weights = users(graph)[is_constant], sizes[is_constant]
    total = np.bincount(place, weights=weights, minlength=graph.n_nodes)
    is_present = np.bincount(place, minlength=graph.n_nodes) > 0
    return np.where(is_present, total, np.nan)
