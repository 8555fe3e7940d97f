"""Turn one scope of an ONNX model into a `Graph`: nodes, values, edges, in that order.

Node rows: inputs, values captured from outside, initializers, operator calls,
outputs. Imports no onnx: messages are known by their fields.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.builder import GraphBuilder
from graphs.ir import Graph, GraphSource, NodeKind
from graphs.tensor_type import UNKNOWN_TYPE, TensorType
from importers.notes import Notes
from importers.onnx_hierarchy import Hierarchy, Placement, find_hierarchy
from importers.onnx_scopes import NON_UTF8, Scope
from importers.onnx_tensors import EXTERNAL
from importers.onnx_types import TypeTable, as_text

INPUT, OUTPUT, INITIALIZER, CAPTURED = "Input", "Output", "Initializer", "Captured"


@dataclass(slots=True, eq=False)
class Rows:
    """Columns of one graph while it is read.

    Attributes
    ----------
    scope : Scope
    inputs, captured, initializers, outputs : list of str
        Tensor names of the nodes that are no operator calls.
    value_node, value_slot, value_name, value_type : list
        One entry a value; its position is the value's handle.
    handles : dict of str to int
        Tensor name -> the value that it names: the first producer's.
    edges : list of (handle, target node, slot)
    types : dict of str to TensorType
        What the file says of tensors by name, for this graph and its bodies.
    hierarchy : Hierarchy
    stored : Counter of (dtype code, sizes)
        How many initializers inside the file claim what.
    external : list of TensorProto
        Initializers whose data lies in another file.
    """

    scope: Scope
    inputs: list[str] = field(default_factory=list)
    captured: list[str] = field(default_factory=list)
    initializers: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    value_node: list[int] = field(default_factory=list)
    value_slot: list[int] = field(default_factory=list)
    value_name: list[str] = field(default_factory=list)
    value_type: list[TensorType] = field(default_factory=list)
    handles: dict[str, int] = field(default_factory=dict)
    edges: list[tuple[int, int, int]] = field(default_factory=list)
    types: dict[str, TensorType] = field(default_factory=dict)
    hierarchy: Hierarchy = field(default_factory=Hierarchy)
    stored: Counter[tuple[int, tuple[int, ...]]] = field(default_factory=Counter)
    external: list[Any] = field(default_factory=list)

    @property
    def first_initializer(self) -> int:
        """Node index of the first initializer."""
        return len(self.inputs) + len(self.captured)

    @property
    def first_operator(self) -> int:
        """Node index of the first operator call."""
        return self.first_initializer + len(self.initializers)

    @property
    def first_output(self) -> int:
        """Node index of the first output."""
        return self.first_operator + len(self.scope.ids)

    def add_value(self, node: int, slot: int, name: str, type: TensorType) -> bool:
        """Append a value; return False where its name had a producer already."""
        handle = len(self.value_node)
        self.value_node.append(node)
        self.value_slot.append(slot)
        self.value_name.append(name)
        self.value_type.append(type)
        return self.handles.setdefault(name, handle) == handle


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
    rows = Rows(scope, hierarchy=find_hierarchy(scope.proto.node, scope.ids))
    rows.initializers = scope.constant_names()
    is_initializer = set(rows.initializers)
    rows.inputs = [name for name in scope.input_names() if name not in is_initializer]
    rows.outputs = scope.output_names()
    if outer is not None:
        rows.captured = [name for name in scope.free if name in outer.handles]
        rows.types = {name: outer.types.get(name, UNKNOWN_TYPE) for name in rows.captured}
    _read_types(rows, types)
    _note_odd_names(scope, notes)
    twice = "Two tensors have one name; the first is used"
    for node, name in enumerate(chain(rows.inputs, rows.captured, rows.initializers)):
        if not rows.add_value(node, 0, name, rows.types.get(name, UNKNOWN_TYPE)):
            notes.add("damaged", twice, name)
    _add_results(rows, notes, twice)
    return rows


def _add_results(rows: Rows, notes: Notes, twice: str) -> None:
    """Append the values that operator calls produce."""
    scope, types = rows.scope, rows.types
    for index, names in enumerate(scope.outputs):
        node = rows.first_operator + index
        constant = scope.constants.get(index, UNKNOWN_TYPE)
        for slot, name in enumerate(names):
            if name and not rows.add_value(node, slot, name, types.get(name, constant)):
                notes.add("damaged", twice, name)


def _read_types(rows: Rows, types: TypeTable) -> None:
    """Collect what the file says of tensors; a stored tensor's own word comes last and wins."""
    proto = rows.scope.proto
    known = rows.types
    declared = [proto.value_info]
    if not rows.scope.is_function:
        declared += [proto.input, proto.output]
    for value in chain.from_iterable(declared):
        known[as_text(value.name)] = types.of_proto(value.type)
    if rows.scope.is_function:
        return
    for tensor in proto.initializer:
        claim = tensor.data_type, tuple(tensor.dims)
        known[as_text(tensor.name)] = types.of_dims(*claim)
        if tensor.data_location == EXTERNAL:
            rows.external.append(tensor)
        else:
            rows.stored[claim] += 1
    for sparse in proto.sparse_initializer:
        values = sparse.values
        known[as_text(values.name)] = types.of_dims(values.data_type, tuple(sparse.dims))
        rows.stored[values.data_type, tuple(values.dims)] += 1


def _note_odd_names(scope: Scope, notes: Notes) -> None:
    proto = scope.proto
    raw = chain(proto.input, proto.output)
    names = list(raw) if scope.is_function else [value.name for value in raw]
    if not scope.is_function:
        names += [tensor.name for tensor in proto.initializer]
    for name in names:
        if isinstance(name, bytes):
            notes.add("damaged", NON_UTF8, as_text(name))


def connect(rows: Rows, inner: Mapping[int, Sequence[Rows]], notes: Notes) -> None:
    """Fill in the edges: inputs by slot, then what the bodies of a call take from here.

    Parameters
    ----------
    rows : Rows
    inner : mapping of int to sequence of Rows
        Operator call -> its bodies.
    notes : Notes
    """
    handles, edges, scope = rows.handles, rows.edges, rows.scope
    for target, names in enumerate(scope.inputs, rows.first_operator):
        for slot, name in enumerate(names):
            handle = handles.get(name)
            if handle is not None:
                edges.append((handle, target, slot))
            elif name:
                where = f"{name} of {scope.ids[target - rows.first_operator]}"
                notes.add("damaged", "An input that nothing produces", where)
    for index, bodies in inner.items():
        explicit = scope.inputs[index]
        taken = dict.fromkeys(chain.from_iterable(body.captured for body in bodies))
        for name in explicit:
            taken.pop(name, None)
        target = rows.first_operator + index
        for slot, name in enumerate(taken, len(explicit)):
            edges.append((handles[name], target, slot))
    for target, name in enumerate(rows.outputs, rows.first_output):
        handle = handles.get(name)
        if handle is not None:
            edges.append((handle, target, 0))
        else:
            notes.add("damaged", "An output that nothing produces", name or "(no name)")


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
    spaces = _place(rows, notes)
    builder = GraphBuilder(scope.id, scope.title)
    unique = scope.namer.unique
    named = (
        (rows.inputs, INPUT, NodeKind.INPUT),
        (rows.captured, CAPTURED, NodeKind.INPUT),
        (rows.initializers, INITIALIZER, NodeKind.CONSTANT),
    )
    for names, op_type, kind in named:
        for name in names:
            node_id = unique(name, op_type.lower(), is_noted=False)
            builder.add_node(node_id, op_type, spaces[builder.n_nodes], kind)
    for index, (node_id, op_type) in enumerate(zip(scope.ids, scope.ops, strict=True)):
        kind = NodeKind.CONSTANT if index in scope.constants else NodeKind.OPERATOR
        builder.add_node(node_id, op_type, spaces[builder.n_nodes], kind)
    for name in rows.outputs:
        builder.add_node(unique(name, "output", is_noted=False), OUTPUT, "", NodeKind.OUTPUT)
    values = zip(rows.value_node, rows.value_slot, rows.value_name, rows.value_type, strict=True)
    for node, slot, name, type in values:
        builder.add_value(node, slot, name, type)
    for handle, target, slot in rows.edges:
        builder.add_edge(handle, target, slot)
    for index, called in scope.calls.items():
        builder.add_subgraph(rows.first_operator + index, scopes[called].id)
    for index, bodies in scope.bodies.items():
        for body in bodies:
            builder.add_subgraph(rows.first_operator + index, scopes[body].id)
    graph = builder.build(source, n_operators=len(scope.ids))
    _note_order(graph, notes)
    return graph


def _place(rows: Rows, notes: Notes) -> list[str]:
    """Return the namespace of every node."""
    scope = rows.scope
    spaces: list[str | None] = [""] * rows.first_initializer
    spaces += [None] * len(rows.initializers)
    spaces += rows.hierarchy.spaces
    spaces += [""] * len(rows.outputs)
    is_constant = [False] * len(spaces)
    for node in range(rows.first_initializer, rows.first_operator):
        is_constant[node] = True
    for index in scope.constants:
        is_constant[rows.first_operator + index] = True
    source = rows.value_node
    pairs = [(source[handle], target) for handle, target, _slot in rows.edges]
    Placement(spaces, is_constant, notes).complete(pairs)
    return [space or "" for space in spaces]


def _note_order(graph: Graph, notes: Notes) -> None:
    """Note what cannot be run as it stands: ONNX wants nodes in the order of execution."""
    if np.all(graph.edge_source < graph.edge_target):
        return
    where = "" if graph.id == "main" else graph.id
    if n_left := _n_on_cycles(graph):
        notes.add("damaged", "Nodes wait for each other in a cycle", f"{n_left:,} nodes {where}")
    else:
        notes.add("damaged", "Nodes are not in the order of execution", where)


def _n_on_cycles(graph: Graph) -> int:
    """Return how many nodes can never run because they wait, directly or not, for a cycle."""
    waits: NDArray[np.int64] = np.diff(graph.in_ptr).astype(np.int64)
    ready: list[int] = np.flatnonzero(waits == 0).tolist()
    n_done = 0
    counts: list[int] = waits.tolist()
    ends: list[Any] = graph.edge_target.tolist()
    while ready:
        node = ready.pop()
        n_done += 1
        for edge in graph.node(node).out_edges.tolist():
            target = ends[edge]
            counts[target] -= 1
            if counts[target] == 0:
                ready.append(target)
    return graph.n_nodes - n_done
