"""Find every graph of an ONNX model and read its nodes' columns: main, functions, bodies.

A scope is a graph to be. Control flow nests graphs inside attributes, so scopes
are found with a work list, a parent before its bodies, and what a body takes
from outside is settled from the innermost outwards. Imports no onnx: messages
are known by their fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from graphs.tensor_type import TensorType
from importers.naming import MAX_ID_CHARS, Namer
from importers.notes import Notes
from importers.onnx_types import TypeTable, as_text

# AttributeProto.AttributeType
FLOAT, INT, STRING, TENSOR, GRAPH, FLOATS, INTS, STRINGS, GRAPHS, SPARSE = (
    1, 2, 3, 4, 5, 6, 7, 8, 10, 11,
)  # fmt: skip
DEFAULT_DOMAINS = ("", "ai.onnx")
MAX_OP_TYPE_CHARS = 256
NON_UTF8 = "A name is not UTF-8; its bytes are shown as \\xff"


@dataclass(slots=True, eq=False)
class Scope:
    """One graph to be, with a row for each of its operator calls.

    Attributes
    ----------
    id, title : str
        Of the graph to be.
    proto : GraphProto or FunctionProto
    parent : int
        Scope whose node holds this body; -1 for main and functions.
    caller : int
        That node's index in the parent's `proto.node`; -1 for main and functions.
    is_function : bool
    ids, ops : list of str
        Unique id and op type of each operator call.
    inputs, outputs : list of sequences of str
        Tensor names by slot; an empty name is an input left out.
    constants : dict of int to TensorType
        The calls of op type Constant, with what they produce.
    bodies : dict of int to list of int
        Operator call -> scopes of the bodies that it holds.
    calls : dict of int to int
        Operator call -> scope of the model-local function that it calls.
    free : dict of str
        Names that a body uses and does not define, in order of first use.
    """

    id: str
    title: str
    proto: Any
    parent: int = -1
    caller: int = -1
    is_function: bool = False
    ids: list[str] = field(default_factory=list)
    ops: list[str] = field(default_factory=list)
    inputs: list[Sequence[str]] = field(default_factory=list)
    outputs: list[Sequence[str]] = field(default_factory=list)
    constants: dict[int, TensorType] = field(default_factory=dict)
    bodies: dict[int, list[int]] = field(default_factory=dict)
    calls: dict[int, int] = field(default_factory=dict)
    free: dict[str, None] = field(default_factory=dict)
    namer: Namer = field(default_factory=lambda: Namer(Notes()))

    def input_names(self) -> list[str]:
        """Return the declared inputs; in a graph some of them may be initializers too."""
        if self.is_function:
            return list(map(as_text, self.proto.input))
        return [as_text(value.name) for value in self.proto.input]

    def output_names(self) -> list[str]:
        """Return the declared outputs."""
        if self.is_function:
            return list(map(as_text, self.proto.output))
        return [as_text(value.name) for value in self.proto.output]

    def constant_names(self) -> list[str]:
        """Return the initializers, dense before sparse; a function has none."""
        if self.is_function:
            return []
        sparse = (tensor.values.name for tensor in self.proto.sparse_initializer)
        return [as_text(n) for n in chain((t.name for t in self.proto.initializer), sparse)]


def find_scopes(model: Any, types: TypeTable, notes: Notes) -> list[Scope]:
    """Return all scopes of a `ModelProto`; the first is the main graph."""
    names = Namer(notes)
    main = as_text(model.graph.name) or "main"
    scopes = [Scope(names.unique("main", ""), main, model.graph)]
    functions: dict[tuple[str, str], int] = {}
    for proto in model.functions:
        op_type = qualified(as_text(proto.domain), as_text(proto.name))
        overload = as_text(proto.overload)
        if functions.setdefault((op_type, overload), len(scopes)) != len(scopes):
            notes.add("damaged", "A function is defined twice; the first is used", op_type)
        label = f"{op_type}:{overload}" if overload else op_type
        graph_id = names.unique(label, "function", is_noted=False)
        scopes.append(Scope(graph_id, label, proto, is_function=True))
    at = 0
    while at < len(scopes):  # bodies join the list while it is walked
        for attribute, caller, body in _read_nodes(scopes[at], functions, types, notes):
            owner = scopes[at]
            owner.bodies.setdefault(caller, []).append(len(scopes))
            node_id = owner.ids[caller]
            path = f"{owner.id}/{node_id.strip('/')}/{attribute}"
            graph_id = names.unique(path, "", is_noted=False)
            scopes.append(Scope(graph_id, f"{attribute} of {node_id}", body, at, caller))
        at += 1
    _find_free_names(scopes)
    return scopes


def qualified(domain: str, op_type: str) -> str:
    """Return the op type with its domain, as ONNX's own text form writes it."""
    name = op_type if domain in DEFAULT_DOMAINS else f"{domain}.{op_type}"
    return name[:MAX_OP_TYPE_CHARS] or "(no op type)"


def _read_nodes(
    scope: Scope, functions: dict[tuple[str, str], int], types: TypeTable, notes: Notes
) -> list[tuple[str, int, Any]]:
    """Fill the columns of a scope; return (attribute, node, graph) of each body in it.

    One pass over the messages: reading a field costs more than anything done with it.
    """
    names: list[str] = []
    bodies: list[tuple[str, int, Any]] = []
    op_types: dict[tuple[str, str], str] = {}
    for index, node in enumerate(scope.proto.node):
        names.append(node.name)
        key = node.domain, node.op_type
        op = op_types.get(key)
        if op is None:
            op = op_types[key] = qualified(as_text(key[0]), as_text(key[1]))
        scope.ops.append(op)
        scope.inputs.append(node.input[:])
        scope.outputs.append(node.output[:])
        for attribute in node.attribute:
            kind = attribute.type
            if kind == GRAPH:
                bodies.append((as_text(attribute.name), index, attribute.g))
            elif kind == GRAPHS:
                label = as_text(attribute.name)
                bodies += [(f"{label}/{k}", index, g) for k, g in enumerate(attribute.graphs)]
            elif op == "Constant" and index not in scope.constants:
                scope.constants[index] = _constant_type(attribute, kind, types)
        if op == "Constant":
            scope.constants.setdefault(index, TensorType())
        elif functions:
            called = functions.get((op, as_text(node.overload)))
            if called is not None:
                scope.calls[index] = called
    scope.inputs = _all_text(scope.inputs, notes)
    scope.outputs = _all_text(scope.outputs, notes)
    _name_nodes(scope, names, notes)
    return bodies


def _constant_type(attribute: Any, kind: int, types: TypeTable) -> TensorType:
    """Return the type that the attribute of a Constant gives it."""
    if kind == TENSOR:
        return types.of_dims(attribute.t.data_type, tuple(attribute.t.dims))
    if kind == SPARSE:
        sparse = attribute.sparse_tensor
        return types.of_dims(sparse.values.data_type, tuple(sparse.dims))
    sizes = {FLOATS: attribute.floats, INTS: attribute.ints, STRINGS: attribute.strings}
    dims = (len(sizes[kind]),) if kind in sizes else ()
    codes = {FLOAT: 1, FLOATS: 1, INT: 7, INTS: 7, STRING: 8, STRINGS: 8}
    return types.of_dims(codes[kind], dims) if kind in codes else TensorType()


def _all_text(rows: list[Sequence[str]], notes: Notes) -> list[Sequence[str]]:
    """Turn names that are not UTF-8 into text; the usual file has none and keeps its lists."""
    if bytes not in set(map(type, chain.from_iterable(rows))):
        return rows
    odd = [name for row in rows for name in row if isinstance(name, bytes)]
    notes.add("damaged", NON_UTF8, as_text(odd[0]), n_times=len(odd))
    return [[as_text(name) for name in row] for row in rows]


def _name_nodes(scope: Scope, names: list[str], notes: Notes) -> None:
    """Give every operator call its unique id: its own name wherever that is possible."""
    [texts] = _all_text([names], notes)
    scope.namer = Namer(notes)
    is_simple = "" not in texts and len(set(texts)) == len(texts)
    if is_simple and max(map(len, texts), default=0) <= MAX_ID_CHARS:
        scope.ids = list(texts)
        scope.namer.reserve(texts)
        return
    named = [scope.namer.unique(name, "") if name else "" for name in texts]
    rows = zip(named, scope.ops, strict=True)
    scope.ids = [name or scope.namer.unique("", op) for name, op in rows]


def _find_free_names(scopes: Sequence[Scope]) -> None:
    """Settle what each body takes from outside, its own bodies' needs included."""
    for scope in reversed(scopes):  # a body comes after its parent, so it is done first
        if scope.parent < 0:
            continue
        used: Iterable[str] = chain(chain.from_iterable(scope.inputs), scope.output_names())
        names = dict.fromkeys(used)
        for inner in chain.from_iterable(scope.bodies.values()):
            names.update(scopes[inner].free)
        names.pop("", None)
        for name in defined_names(scope):
            names.pop(name, None)
        scope.free = names


def defined_names(scope: Scope) -> set[str]:
    """Return the names that a scope itself gives a value to."""
    defined = set(chain.from_iterable(scope.outputs))
    defined.update(scope.input_names(), scope.constant_names())
    defined.discard("")
    return defined
