"""Turn one scope of an ONNX model into a `Graph`: nodes, values, edges, in that order.

Node rows: inputs, values captured from outside, initializers, operator calls,
outputs. Columns are built whole, since a large file has a hundred thousand
rows. Imports no onnx: messages are known by their fields.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

from graphs.builder import GraphBuilder
from graphs.ir import Graph, GraphSource, NodeKind
from graphs.tensor_type import UNKNOWN_TYPE, TensorType
from importers.notes import Notes
from importers.onnx_hierarchy import Hierarchy, complete, find_hierarchy
from importers.onnx_scopes import Scope, starts
from importers.onnx_types import TypeTable, as_text

INPUT, OUTPUT, INITIALIZER, CAPTURED = "Input", "Output", "Initializer", "Captured"


@dataclass(slots=True, eq=False)
class Rows:
    """Columns of one graph while it is read; v values, e edges.

    Attributes
    ----------
    scope : Scope
    hierarchy : Hierarchy
    inputs, captured : list of str
        Tensor names of the nodes before the initializers.
    value_names : list of str, length v
    value_node, value_slot : int64 array, shape (v,)
        Sorted by both.
    value_types : list of TensorType, length v
    handles : dict of str to int
        Tensor name -> row of the value that it names: the first producer's.
    edge_value, edge_target, edge_slot : int64 array, shape (e,)
    """

    scope: Scope
    hierarchy: Hierarchy
    inputs: list[str]
    captured: list[str]
    value_names: list[str] = field(default_factory=list)
    value_node: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    value_slot: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    value_types: list[TensorType] = field(default_factory=list)
    handles: dict[str, int] = field(default_factory=dict)
    edge_value: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    edge_target: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    edge_slot: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def first_initializer(self) -> int:
        """Node index of the first initializer."""
        return len(self.inputs) + len(self.captured)

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


def read_rows(scope: Scope, outer: Rows | None, types: TypeTable, notes: Notes) -> Rows:
    """Return the columns of a scope, without edges.

    Parameters
    ----------
    scope : Scope
    outer : Rows or None
        Columns of the scope around a body.
    types : TypeTable
    notes : Notes
    """
    is_initializer = set(scope.initializers)
    inputs = [name for name in scope.declared_inputs if name not in is_initializer]
    captured = [] if outer is None else [name for name in scope.free if name in outer.handles]
    hierarchy = find_hierarchy(scope.proto.node, scope.ids, scope.told)
    rows = Rows(scope, hierarchy, inputs, captured)
    _add_values(rows, notes)
    _add_types(rows, outer, types)
    return rows


def _add_values(rows: Rows, notes: Notes) -> None:
    """Fill in the values: one of each node before the operator calls, then theirs by slot."""
    scope = rows.scope
    before = rows.first_operator
    names = [*rows.inputs, *rows.captured, *scope.initializers, *scope.outputs]
    calls, slots = _spread(scope.n_outputs)
    rows.value_node = np.concatenate([np.arange(before), calls + before])
    rows.value_slot = np.concatenate([np.zeros(before, np.int64), slots])
    if "" in scope.outputs:  # an output left out is no value
        kept = np.array([i < before or name != "" for i, name in enumerate(names)], dtype=bool)
        names = [name for i, name in enumerate(names) if i < before or name]
        rows.value_node, rows.value_slot = rows.value_node[kept], rows.value_slot[kept]
    rows.value_names = names
    # Backwards, so that the first of equal names stays.
    rows.handles = dict(zip(reversed(names), range(len(names) - 1, -1, -1), strict=True))
    if len(rows.handles) != len(names):
        for name, n_times in Counter(names).items():
            if n_times > 1:
                notes.add("damaged", "Two tensors have one name; the first is used", name)
    rows.handles.pop("", None)


def _add_types(rows: Rows, outer: Rows | None, types: TypeTable) -> None:
    """Fill in the types of values; a stored tensor's own word comes last and wins."""
    scope, proto, found = rows.scope, rows.scope.proto, rows.value_types
    found += [UNKNOWN_TYPE] * len(rows.value_names)
    if outer is not None:
        for row, name in enumerate(rows.captured, len(rows.inputs)):
            found[row] = outer.value_types[outer.handles[name]]
    declared = [] if scope.is_function else [proto.input, proto.output]
    for value in chain(proto.value_info, *declared):
        named = rows.handles.get(as_text(value.name))
        if named is not None:
            found[named] = types.of_proto(value.type)
    calls = np.arange(rows.first_operator, rows.first_output)
    first: list[int] = np.searchsorted(rows.value_node, calls).tolist()
    for call, type in scope.constants.items():
        if scope.n_outputs[call]:
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
    scope, get = rows.scope, rows.handles.get
    calls, slots = _spread(scope.n_inputs)
    found_or_not = map(get, scope.inputs, repeat(-1))
    handles = np.fromiter(found_or_not, dtype=np.int64, count=len(scope.inputs))
    for at in np.flatnonzero(handles < 0).tolist():
        if name := scope.inputs[at]:
            where = f"{name} of {scope.ids[int(calls[at])]}"
            notes.add("damaged", "An input that nothing produces", where)
    found = np.flatnonzero(handles >= 0)
    more: list[tuple[int, int, int]] = []
    first = starts(scope.n_inputs) if inner else []
    for call, bodies in inner.items():
        n_explicit = scope.n_inputs[call]
        explicit = scope.inputs[first[call] : first[call] + n_explicit]
        taken = dict.fromkeys(chain.from_iterable(body.captured for body in bodies))
        implicit = [name for name in taken if name not in explicit]
        target = rows.first_operator + call
        more += [(get(name, 0), target, s) for s, name in enumerate(implicit, n_explicit)]
    for target, name in enumerate(scope.declared_outputs, rows.first_output):
        handle = get(name)
        if handle is None:
            notes.add("damaged", "An output that nothing produces", name or "(no name)")
        else:
            more.append((handle, target, 0))
    extra = np.array(more, dtype=np.int64).reshape(-1, 3)
    rows.edge_value = np.concatenate([handles[found], extra[:, 0]])
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
        (rows.inputs, INPUT, NodeKind.INPUT),
        (rows.captured, CAPTURED, NodeKind.INPUT),
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
