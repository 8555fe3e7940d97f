"""What a graph's nodes cost, from op types and shapes alone; nothing runs.

FLOPs are arithmetic operations, a multiply-accumulate counting as two. Contractions
(products, convolutions, attention, recurrence) count their multiply-accumulates and
nothing else, as `torch.utils.flop_counter` does; everything else counts by element
(`measures.cost_elements`). What the file does not say stays unknown (NaN), never zero.
Equal calls are worked out once. Imports nothing but `graphs`, NumPy and its own parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphs.ir import Graph, NodeKind
from graphs.node_data import Aggregation, NodeData
from graphs.notes import Note
from measures.cost_call import Call, Sizes, Unknown, batch_named
from measures.cost_rules import Work, rule_of
from measures.known_types import ValueTypes, known_types
from measures.value_bytes import value_bytes

__all__ = ["Cost", "Sizes", "cost", "cost_measures", "flops_by_op_type"]

_MAX_NAMED = 5
_SUMS: tuple[Aggregation, ...] = ("sum", "max", "mean")


@dataclass(frozen=True, slots=True, eq=False)
class Cost:
    """What each of n nodes costs; NaN where it is not known, and at what is no operator.

    Attributes
    ----------
    flops, macs : float64 array, shape (n,)
    weight_bytes : float64 array, shape (n,)
        Stored bytes of the constants that the node reads; a shared one counts at each reader.
    activation_bytes : float64 array, shape (n,)
        Bytes of all other inputs and of the outputs.
    unknown_op_types : tuple of str
        Op types of the graph that no rule knows.
    """

    flops: NDArray[np.float64]
    macs: NDArray[np.float64]
    weight_bytes: NDArray[np.float64]
    activation_bytes: NDArray[np.float64]
    unknown_op_types: tuple[str, ...]

    @property
    def intensity(self) -> NDArray[np.float64]:
        """FLOPs for each byte that is read or written, float64, shape (n,)."""
        n_bytes = self.weight_bytes + self.activation_bytes
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(n_bytes > 0, self.flops / n_bytes, np.nan)


def cost(graph: Graph, sizes: Sizes | None = None) -> Cost:
    """Return what each node costs.

    Parameters
    ----------
    graph : Graph
    sizes : Sizes, optional
        Numbers for open dimensions; without them, what depends on one is unknown.
    """
    sizes = sizes or Sizes()
    flops, macs, unknown = _work(graph, sizes)
    weights, activations = _bytes(graph, sizes)
    return Cost(flops, macs, weights, activations, unknown)


def cost_measures(graph: Graph, sizes: Sizes | None = None) -> list[NodeData]:
    """Return FLOPs, MACs, activation bytes and arithmetic intensity as node data.

    One that no node has is left out. Where `sizes` states a batch that some value
    needs, the names say so.
    """
    found = cost(graph, sizes)
    tail = batch_named(graph, sizes)
    shown = ", ".join(found.unknown_op_types[:_MAX_NAMED])
    message = "FLOPs are not known of some op types"
    n_unknown = len(found.unknown_op_types)
    notes = (Note("info", message, n_unknown, (shown,)),) if n_unknown else ()
    columns: list[tuple[str, str, NDArray[np.float64], tuple[Aggregation, ...], bool]] = [
        ("compute", "FLOPs", found.flops, _SUMS, True),
        ("multiply-accumulates", "MACs", found.macs, _SUMS, True),
        ("activation traffic", "bytes", found.activation_bytes, _SUMS, True),
        ("arithmetic intensity", "FLOPs/byte", found.intensity, ("mean", "min", "max"), False),
    ]
    return [
        NodeData(
            name=name + tail,
            unit=unit,
            source="computed",
            graph_id=graph.id,
            values=values,
            aggregations=aggregations,
            is_higher_worse=is_higher_worse,
            notes=notes,
        )
        for name, unit, values, aggregations, is_higher_worse in columns
        if not np.isnan(values).all()
    ]


def flops_by_op_type(graph: Graph, flops: NDArray[np.float64]) -> dict[str, float]:
    """Return the sum of known FLOPs of each op type that has any, greatest first."""
    known = ~np.isnan(flops)
    sums = np.bincount(graph.node_op[known], weights=flops[known], minlength=len(graph.op_types))
    by_type = {op: float(n) for op, n in zip(graph.op_types, sums, strict=True) if n > 0}
    return dict(sorted(by_type.items(), key=lambda item: -item[1]))


# -- operations ---------------------------------------------------------------------------


def _work(
    graph: Graph, sizes: Sizes
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[str, ...]]:
    """Return FLOPs and MACs of each node, and the op types without a rule."""
    done = np.full((2, graph.n_nodes), np.nan)
    rows = np.flatnonzero(graph.node_kind == NodeKind.OPERATOR)
    rules = [rule_of(op) for op in graph.op_types]
    used = np.unique(graph.node_op[rows]).tolist()
    unknown = tuple(graph.op_types[op] for op in used if rules[op] is None)
    has_rule = np.array([rule is not None for rule in rules], dtype=bool)
    types = known_types(graph)
    shapes = [sizes.shape_of(type) for type in types.types]
    in_ptr, in_types, in_slots = _inputs(graph, types)
    out_ptr, out_types = graph.value_ptr.tolist(), types.of_value.tolist()
    ops = graph.node_op.tolist()
    cached: dict[object, Work | None] = {}
    for row in rows[has_rule[graph.node_op[rows]]].tolist():
        first, last = in_ptr[row], in_ptr[row + 1]
        outputs = tuple(out_types[out_ptr[row] : out_ptr[row + 1]])
        inputs, slots = tuple(in_types[first:last]), tuple(in_slots[first:last])
        key = (ops[row], inputs, slots, outputs)
        if key in cached:
            work = cached[key]
        else:
            attributes = _Attributes(graph, row)
            given = {slot: shapes[type] for slot, type in zip(slots, inputs, strict=True)}
            call = Call(graph.op_types[ops[row]], given, [shapes[t] for t in outputs], attributes)
            work = _work_of(call)
            if not attributes.are_read:
                cached[key] = work
        if work is not None:
            done[:, row] = work
    return done[0], done[1], unknown


def _work_of(call: Call) -> Work | None:
    """Return the work of a call; None where shapes or attributes are missing or make no sense."""
    rule = rule_of(call.op_type)
    assert rule is not None
    try:
        work = rule(call)
        float(work.flops)
    except (Unknown, IndexError, KeyError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return work if work.flops >= 0 else None


class _Attributes:
    """Decodes a node's attributes when called, and remembers that it was."""

    def __init__(self, graph: Graph, row: int) -> None:
        self._graph = graph
        self._row = row
        self._found: Mapping[str, str] | None = None

    @property
    def are_read(self) -> bool:
        """Whether the result depends on the attributes."""
        return self._found is not None

    def __call__(self) -> Mapping[str, str]:
        """Return name -> value."""
        if self._found is None:
            self._found = dict(self._graph.source.attributes(self._row))
        return self._found


def _inputs(graph: Graph, known: ValueTypes) -> tuple[list[int], list[int], list[int]]:
    """Return where the data inputs of each node start, and of each its type row and its slot."""
    is_data = ~graph.edge_is_control
    pointers = np.zeros(graph.n_nodes + 1, dtype=np.int64)
    targets = graph.edge_target[is_data]
    np.cumsum(np.bincount(targets, minlength=graph.n_nodes), out=pointers[1:])
    types = known.of_value[graph.edge_value[is_data]]
    return pointers.tolist(), types.tolist(), graph.edge_target_slot[is_data].tolist()


# -- bytes --------------------------------------------------------------------------------


def _bytes(graph: Graph, sizes: Sizes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return bytes of constants and of activations that each operator reads and writes."""
    of_value = value_bytes(graph, sizes)
    n = graph.n_nodes
    is_constant = graph.node_kind[graph.edge_source] == NodeKind.CONSTANT
    is_data = ~graph.edge_is_control
    read = _sums(graph.edge_target, of_value[graph.edge_value], is_data & is_constant, n)
    taken = _sums(graph.edge_target, of_value[graph.edge_value], is_data & ~is_constant, n)
    leaves = np.bincount(graph.edge_value[graph.edge_is_control], minlength=len(of_value))
    is_signal = np.isnan(of_value) & (leaves > 0)
    given = _sums(graph.value_node, of_value, ~is_signal, n)
    is_operator = graph.node_kind == NodeKind.OPERATOR
    return np.where(is_operator, read, np.nan), np.where(is_operator, taken + given, np.nan)


def _sums(
    rows: NDArray[np.int32], weights: NDArray[np.float64], mask: NDArray[np.bool_], n: int
) -> NDArray[np.float64]:
    sums = np.bincount(rows[mask], weights=weights[mask], minlength=n)
    return np.asarray(sums, dtype=np.float64)
