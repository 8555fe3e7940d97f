"""Activation memory along the schedule: which values are alive at each step, and how large.

The schedule is the file's order of operators, put in order where a file's is none. A
value lives from the step that makes it to the last step that reads it; an input from
the start, an output to the end. Every value has memory of its own, also the result of
a view, a reshape or an operator that a runtime computes in place: the timeline is an
upper bound of what a runtime that frees at once needs for activations. Weights and
the scratch memory inside operators are not in it.

Linear in nodes, edges and values. Imports nothing but `graphs`, NumPy and `measures`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphs.ir import Graph, NodeKind
from graphs.node_data import NodeData
from measures.cost_call import Sizes, batch_named
from measures.schedule import schedule
from measures.value_bytes import value_bytes


@dataclass(frozen=True, slots=True, eq=False)
class MemoryTimeline:
    """Activation memory at each of s steps, one operator a step.

    Attributes
    ----------
    nodes : int32 array, shape (s,)
        The operator that runs.
    live_bytes : float64 array, shape (s,)
        Bytes of all values that are alive while it runs, as far as they are known.
    is_known : bool array, shape (s,)
        False where a value of unknown size is alive: `live_bytes` is then a lower bound.
    first_step, last_step : int32 array, shape (n_values,)
        When a value is alive, both ends included; ``last < first`` where never.
    value_bytes : float64 array, shape (n_values,)
        NaN where unknown.
    """

    nodes: NDArray[np.int32]
    live_bytes: NDArray[np.float64]
    is_known: NDArray[np.bool_]
    first_step: NDArray[np.int32]
    last_step: NDArray[np.int32]
    value_bytes: NDArray[np.float64]

    @property
    def peak_step(self) -> int:
        """The first step with the most bytes; -1 where there is no step."""
        return int(np.argmax(self.live_bytes)) if len(self.live_bytes) else -1

    @property
    def peak_bytes(self) -> float:
        """Bytes at the peak; 0 where there is no step."""
        return float(self.live_bytes[self.peak_step]) if len(self.live_bytes) else 0.0

    @property
    def is_complete(self) -> bool:
        """Whether the size of everything that is ever alive is known."""
        return bool(self.is_known.all())

    def alive(self, step: int) -> NDArray[np.int32]:
        """Return the rows of the values that are alive at a step, the largest first."""
        rows = np.flatnonzero((self.first_step <= step) & (self.last_step >= step))
        sizes = np.nan_to_num(self.value_bytes[rows], nan=np.inf)
        return rows[np.argsort(-sizes, kind="stable")].astype(np.int32)


def memory_timeline(graph: Graph, sizes: Sizes | None = None) -> MemoryTimeline:
    """Return the activation memory of a graph, step by step.

    Parameters
    ----------
    graph : Graph
    sizes : Sizes, optional
        Numbers for open dimensions.
    """
    nodes = schedule(graph)
    first, last = _lifetimes(graph, nodes)
    of_value = value_bytes(graph, sizes or Sizes())
    is_alive = first <= last
    is_unknown = np.isnan(of_value) & ~_is_signal(graph)
    weights = np.where(np.isnan(of_value), 0.0, of_value)
    live = _running_sum(first, last, weights, is_alive, len(nodes))
    n_unknown = _running_sum(first, last, np.ones(len(first)), is_alive & is_unknown, len(nodes))
    return MemoryTimeline(nodes, live, n_unknown == 0, first, last, of_value)


def peak_memory(graph: Graph, sizes: Sizes | None = None) -> list[NodeData]:
    """Return the bytes alive while each operator runs; nothing where none is known.

    A group shows the peak inside it.
    """
    timeline = memory_timeline(graph, sizes)
    values = np.full(graph.n_nodes, np.nan)
    values[timeline.nodes] = np.where(timeline.is_known, timeline.live_bytes, np.nan)
    if np.isnan(values).all():
        return []
    return [
        NodeData(
            name="peak activation memory" + batch_named(graph, sizes),
            unit="bytes",
            source="computed",
            graph_id=graph.id,
            values=values,
            aggregations=("max", "mean"),
        )
    ]


def _lifetimes(
    graph: Graph, nodes: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the first and the last step of each value; constants never live."""
    n_steps = len(nodes)
    step_of = np.full(graph.n_nodes, -1, dtype=np.int32)
    step_of[nodes] = np.arange(n_steps, dtype=np.int32)
    kind = graph.node_kind[graph.value_node]
    first = np.maximum(step_of[graph.value_node], 0)
    last = np.where(kind == NodeKind.OPERATOR, step_of[graph.value_node], -1).astype(np.int32)
    is_data = ~graph.edge_is_control
    value, target = graph.edge_value[is_data], graph.edge_target[is_data]
    np.maximum.at(last, value, step_of[target])
    last[value[graph.node_kind[target] == NodeKind.OUTPUT]] = n_steps - 1
    last[kind == NodeKind.CONSTANT] = -1
    return first, last


def _is_signal(graph: Graph) -> NDArray[np.bool_]:
    """Return which values only order execution, bool, shape (n_values,): they need no memory."""
    n = len(graph.value_node)
    n_control = np.bincount(graph.edge_value[graph.edge_is_control], minlength=n)
    is_signal: NDArray[np.bool_] = n_control > 0
    is_signal &= n_control == np.bincount(graph.edge_value, minlength=n)
    return is_signal


def _running_sum(
    first: NDArray[np.int32],
    last: NDArray[np.int32],
    weights: NDArray[np.float64],
    mask: NDArray[np.bool_],
    n_steps: int,
) -> NDArray[np.float64]:
    """Return at each step the weight of all values that are alive."""
    born = np.bincount(first[mask], weights=weights[mask], minlength=n_steps + 1)
    dead = np.bincount(last[mask] + 1, weights=weights[mask], minlength=n_steps + 1)
    return np.asarray(np.cumsum(born - dead)[:n_steps], dtype=np.float64)
