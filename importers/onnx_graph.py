"""Turn one scope of an ONNX model into a `Graph`: nodes, values, edges, in that order.

Node rows: inputs, values captured from outside, initializers, operator calls,
outputs. Columns are built whole, since a large file has a hundred thousand
rows. Imports no onnx: messages are known by their fields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from graphs.builder import GraphBuilder
from graphs.ir import Graph, GraphSource, NodeKind
from graphs.tensor_type import UNKNOWN_TYPE, TensorType
from importers.notes import Notes
from importers.onnx_hierarchy import Hierarchy, find_hierarchy
from importers.onnx_scope import Scope, starts
from importers.onnx_types import TypeTable, as_text
from importers.surroundings import complete

INPUT, OUTPUT, INITIALIZER, CAPTURED = "Input", "Output", "Initializer", "Captured"


@dataclass(slots=True, eq=False)
class Rows:
    """Columns of one graph while it is read; v values, e edges.

    Attributes
    ----------
    scope : Scope
    hierarchy : Hierarchy
    captured : dict of str to int
        Tensor names that a body takes from outside -> row of the value.
    value_names : list of str, length v
    value_node, value_slot : int64 array, shape (v,)
        Sorted by both.
    value_types : list of TensorType, length v
    edge_value, edge_target, edge_slot : int64 array, shape (e,)
    """

    scope: Scope
    hierarchy: Hierarchy
    captured: dict[str, int]
    value_names: list[str] = field(default_factory=list)
    value_node: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    value_slot: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    value_types: list[TensorType] = field(default_factory=list)
    edge_value: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    edge_target: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    edge_slot: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def first_initializer(self) -> int:
        """Node index of the first initializer."""
        return len(self.scope.inputs) + len(self.captured)

    @property
    def first_operator(self) -> int:
        """Node index of the first operator call."""
        return self.first_initializer + len(self.scope.initializers)

    @property
    def first_output(self) -> int:
        """Node index of the first output."""
        return self.first_operator + len(self.scope.ids)

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return self.first_output + len(self.scope.declared_outputs)

    def find(self, name: str) -> int:
        """Return the row of the value of that name, or -1."""
        place = self.scope.handles.get(name, -1)
        if place < 0:
            return self.captured.get(name, -1)
        return place if place < len(self.scope.inputs) else place + len(self.captured)


def read_rows(scope: Scope, outer: Rows | None, types: TypeTable) -> Rows:
    """Return the columns of a scope, without edges.

    Parameters
    ----------
    scope : Scope
    outer : Rows or None
        Columns of the scope around a body.
    types : TypeTable
    """
    taken = [] if outer is None else [name for name in scope.free if outer.find(name) >= 0]
    captured = {name: row for row, name in enumerate(taken, len(scope.inputs))}
    hierarchy = find_hierarchy(scope.proto.node, scope.ids, scope.told)
    rows = Rows(scope, hierarchy, captured)
    before = rows.first_operator
    calls, slots = _spread(scope.n_outputs)
    if scope.left_out:  # an output left out is no value
        calls, slots = np.delete(calls, scope.left_out), np.delete(slots, scope.left_out)
    rows.value_node = np.concatenate([np.arange(before), calls + before])
    rows.value_slot = np.concatenate([np.zeros(before, np.int64), slots])
    rows.value_names = [*scope.inputs, *captured, *scope.initializers, *scope.outputs]
    _add_types(rows, outer, types)
    return rows


def _add_types(rows: Rows, outer: Rows | None, types: TypeTable) -> None:
    """Fill in the types of values; a stored tensor's own word comes last and wins."""
    scope, proto, found = rows.scope, rows.scope.proto, rows.value_types
    found += [UNKNOWN_TYPE] * len(rows.value_names)
    if outer is not None:
        for name, row in rows.captured.items():
            found[row] = outer.value_types[outer.find(name)]
    declared = [] if scope.is_function else [proto.input, proto.output]
    for value in chain(proto.value_info, *declared):
        row = rows.find(as_text(value.name))
        if row >= 0:
            found[row] = types.of_proto(value.type)
    calls = np.arange(rows.first_operator, rows.first_output)
    first: list[int] = np.searchsorted(rows.value_node, calls).tolist()
    for call, type in scope.constants.items():
        if first[call] < len(found) and rows.value_node[first[call]] == calls[call]:
            found[first[call]] = type
    found[rows.first_initializer : rows.first_operator] = scope.stored_types


def _spread(counts: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for a flat column the owner of each entry and its place within the owner."""
    sizes = np.array(counts, dtype=np.int64)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    first = np.cumsum(sizes) - sizes
    return owner, np.arange(len(owner)) - first[owner]


def connect(rows: Rows, inner: Mapping[int, Sequence[Rows]], notes: Notes) -> None:
    """Fill in the edges: inputs by slot, what bodies take from here, outputs.

    Parameters
    ----------
    rows : Rows
    inner : mapping of int to sequence of Rows
        Operator call -> its bodies.
    notes : Notes
    """
    scope = rows.scope
    calls, slots = _spread(scope.n_inputs)
    values = np.array(scope.links, dtype=np.int64)
    values[values >= len(scope.inputs)] += len(rows.captured)
    for place, name in scope.missing:
        values[place] = rows.captured.get(name, -1)
        if values[place] < 0:
            where = f"{name} of {scope.ids[int(calls[place])]}"
            notes.add("damaged", "An input that nothing produces", where)
    found = np.flatnonzero(values >= 0)
    more: list[tuple[int, int, int]] = []
    first = starts(scope.n_inputs) if inner else []
    for call, bodies in inner.items():
        n_explicit = scope.n_inputs[call]
        explicit = set(values[first[call] : first[call] + n_explicit].tolist())
        taken = dict.fromkeys(chain.from_iterable(body.captured for body in bodies))
        implicit = [row for row in map(rows.find, taken) if row not in explicit]
        target = rows.first_operator + call
        more += [(row, target, slot) for slot, row in enumerate(implicit, n_explicit)]
    for target, name in enumerate(scope.declared_outputs, rows.first_output):
        row = rows.find(name)
        if row < 0:
            notes.add("damaged", "An output that nothing produces", name or "(no name)")
        else:
            more.append((row, target, 0))
    extra = np.array(more, dtype=np.int64).reshape(-1, 3)
    rows.edge_value = np.concatenate([values[found], extra[:, 0]])
    rows.edge_target = np.concatenate([calls[found] + rows.first_operator, extra[:, 1]])
    rows.edge_slot = np.concatenate([slots[found], extra[:, 2]])


def build_graph(rows: Rows, scopes: Sequence[Scope], source: GraphSource, notes: Notes) -> Graph:
    """Return the graph of columns that are complete.

    Parameters
    ----------
    rows : Rows
        With edges.
    scopes : sequence of Scope
        All of the model, for the links to called graphs.
    source : GraphSource
        Decodes the rest of the file on demand.
    notes : Notes
    """
    scope = rows.scope
    builder = GraphBuilder(scope.id, scope.title)
    _add_nodes(builder, rows, notes)
    builder.add_values(rows.value_node, rows.value_slot, rows.value_names, rows.value_types)
    builder.add_edges(rows.edge_value, rows.edge_target, rows.edge_slot)
    for index, called in scope.calls.items():
        builder.add_subgraph(rows.first_operator + index, scopes[called].id)
    for index, bodies in scope.bodies.items():
        for body in bodies:
            builder.add_subgraph(rows.first_operator + index, scopes[body].id)
    graph = builder.build(source, n_operators=len(scope.ids))
    _note_order(graph, notes)
    return graph


def _add_nodes(builder: GraphBuilder, rows: Rows, notes: Notes) -> None:
    """Append the nodes with ids, op types, namespaces and kinds."""
    scope = rows.scope
    parts = (
        (scope.inputs, INPUT, NodeKind.INPUT),
        (list(rows.captured), CAPTURED, NodeKind.INPUT),
        (scope.initializers, INITIALIZER, NodeKind.CONSTANT),
        (scope.declared_outputs, OUTPUT, NodeKind.OUTPUT),
    )
    ids: list[str] = []
    ops: list[str] = []
    kinds = np.full(rows.n_nodes, NodeKind.OPERATOR, dtype=np.int64)
    for names, op_type, kind in parts:
        if kind == NodeKind.OUTPUT:
            ids += scope.ids
            ops += scope.ops
        kinds[len(ids) : len(ids) + len(names)] = kind
        ids += scope.namer.unique_all(names, op_type.lower(), is_noted=False)
        ops += [op_type] * len(names)
    constants = np.fromiter(scope.constants, np.int64, len(scope.constants))
    kinds[constants + rows.first_operator] = NodeKind.CONSTANT
    spaces: list[str | None] = [""] * rows.first_initializer
    spaces += [None] * len(scope.initializers)
    spaces += rows.hierarchy.spaces
    spaces += [""] * len(scope.declared_outputs)
    source = rows.value_node[rows.edge_value]
    is_constant = kinds == NodeKind.CONSTANT
    builder.add_nodes(
        ids, ops, complete(spaces, is_constant, source, rows.edge_target, notes), kinds
    )


def _note_order(graph: Graph, notes: Notes) -> None:
    """Note what cannot be run as it stands: ONNX wants nodes in the order of execution."""
    if np.all(graph.edge_source < graph.edge_target):
        return
    where = "" if graph.id == "main" else graph.id
    if n_left := _n_waiting(graph):
        notes.add("damaged", "Nodes wait for each other in a cycle", f"{n_left:,} nodes {where}")
    else:
        notes.add("damaged", "Nodes are not in the order of execution", where)


def _n_waiting(graph: Graph) -> int:
    """Return how many nodes can never run because they wait, directly or not, for a cycle."""
    counts: list[int] = np.diff(graph.in_ptr).tolist()
    first: list[int] = graph.out_ptr.tolist()
    targets: list[int] = graph.edge_target[graph.out_edges].tolist()
    ready = [node for node, n_inputs in enumerate(counts) if n_inputs == 0]
    n_done = 0
    while ready:
        node = ready.pop()
        n_done += 1
        for target in targets[first[node] : first[node + 1]]:
            counts[target] -= 1
            if counts[target] == 0:
                ready.append(target)
    return graph.n_nodes - n_done
