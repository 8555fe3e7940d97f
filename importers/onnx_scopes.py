"""Find every graph of an ONNX model and read its nodes' columns: main, functions, bodies.

A scope is a graph to be. Control flow nests graphs inside attributes, so scopes
are found with a work list, a parent before its bodies, and what a body takes
from outside is settled from the innermost outwards. Reading a protobuf field
costs more than anything done with it, so each is read once, in bulk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain
from typing import Any

from graphs.tensor_type import UNKNOWN_TYPE, TensorType
from importers.naming import MAX_ID_CHARS, Namer
from importers.notes import Notes
from importers.onnx_tensors import EXTERNAL
from importers.onnx_types import TypeTable, as_text

# AttributeProto.AttributeType
FLOAT, INT, STRING, TENSOR, GRAPH, FLOATS, INTS, STRINGS, GRAPHS, SPARSE = (
    1, 2, 3, 4, 5, 6, 7, 8, 10, 11,
)  # fmt: skip
DEFAULT_DOMAINS = ("", "ai.onnx")
MAX_OP_TYPE_CHARS = 256
MAX_KEY_BYTES = 256
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
    inputs, outputs : list of str
        Tensor names of all calls, one call after the other, by slot; an empty
        name is one left out.
    n_inputs, n_outputs : list of int
        How many of them belong to each call.
    domains : set of str
        Domains of the op types.
    constants : dict of int to TensorType
        The calls of op type Constant, with what they produce.
    bodies : dict of int to list of int
        Operator call -> scopes of the bodies that it holds.
    calls : dict of int to int
        Operator call -> scope of the model-local function that it calls.
    free : dict of str
        Names that a body uses and does not define, in order of first use.
    namer : Namer
        Knows the ids of the operator calls.
    declared_inputs, declared_outputs : list of str
        Tensor names; in a graph an input may be an initializer too.
    initializers : list of str
        Tensor names, dense before sparse; a function has none.
    stored_types : list of TensorType
        Of the initializers.
    claims : Counter of (dtype code, sizes)
        How many initializers inside the file claim what.
    external : list of TensorProto
        Initializers whose data lies in another file.
    told : list of int
        Operator calls that carry metadata.
    """

    id: str
    title: str
    proto: Any
    parent: int = -1
    caller: int = -1
    is_function: bool = False
    ids: list[str] = field(default_factory=list)
    ops: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    n_inputs: list[int] = field(default_factory=list)
    n_outputs: list[int] = field(default_factory=list)
    domains: set[str] = field(default_factory=set)
    constants: dict[int, TensorType] = field(default_factory=dict)
    bodies: dict[int, list[int]] = field(default_factory=dict)
    calls: dict[int, int] = field(default_factory=dict)
    free: dict[str, None] = field(default_factory=dict)
    namer: Namer = field(default_factory=lambda: Namer(Notes()))
    declared_inputs: list[str] = field(default_factory=list)
    declared_outputs: list[str] = field(default_factory=list)
    initializers: list[str] = field(default_factory=list)
    stored_types: list[TensorType] = field(default_factory=list)
    claims: Counter[tuple[int, tuple[int, ...]]] = field(default_factory=Counter)
    external: list[Any] = field(default_factory=list)
    told: list[int] = field(default_factory=list)

    def release(self) -> None:
        """Forget the columns; what is asked for later is read from `proto`."""
        self.inputs, self.outputs, self.ids, self.ops = [], [], [], []
        self.n_inputs, self.n_outputs, self.namer = [], [], Namer(Notes())

    def defined_names(self) -> set[str]:
        """Return the names that the scope itself gives a value to."""
        return {*self.outputs, *self.declared_inputs, *self.initializers} - {""}


def find_scopes(model: Any, types: TypeTable, notes: Notes) -> list[Scope]:
    """Return all scopes of a `ModelProto`; the first is the main graph."""
    names = Namer(notes)
    main = as_text(model.graph.name)[:MAX_ID_CHARS] or "main"
    scopes = [Scope(names.unique("main", ""), main, model.graph)]
    functions: dict[tuple[str, str], int] = {}
    for proto in model.functions:
        op_type = qualified(as_text(proto.domain), as_text(proto.name))
        overload = as_text(proto.overload)
        if functions.setdefault((op_type, overload), len(scopes)) != len(scopes):
            notes.add("damaged", "A function is defined twice; the first is used", op_type)
        label = (f"{op_type}:{overload}" if overload else op_type)[:MAX_ID_CHARS]
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
    """Fill the columns of a scope; return (attribute, node, graph) of each body in it."""
    op_types, names = _stream_nodes(scope, types)
    scope.domains = {domain for domain, _op_type in op_types}
    scope.inputs = _texts(scope.inputs, notes)
    scope.outputs = _texts(scope.outputs, notes)
    _read_interface(scope, types, notes)
    _name_nodes(scope, _texts(names, notes), notes)
    nodes = scope.proto.node
    for index in _rows_of(scope.ops, {op for op, _overload in functions}):
        called = functions.get((scope.ops[index], as_text(nodes[index].overload)))
        if called is not None:
            scope.calls[index] = called
    holders = {qualified(*key) for key in op_types if _may_hold_graphs(*key)}
    rows = _rows_of(scope.ops, holders)
    return [(name, i, body) for i in rows for name, body in _bodies(nodes[i])]


def _stream_nodes(scope: Scope, types: TypeTable) -> tuple[list[tuple[str, str]], list[str]]:
    """Read the nodes' columns; return each (domain, op type) once, and the name of every call.

    One pass in which each message is let go at once: a pass for each field, with all
    messages kept, takes half as long again.
    """
    names: list[str] = []
    known: dict[str | tuple[str, str], str] = {}  # (domain, op type), or the op type alone
    inputs, outputs = scope.inputs, scope.outputs
    constant_type = _ConstantTypes(types)
    for index, node in enumerate(scope.proto.node):
        op_type, domain = node.op_type, node.domain
        key = (domain, op_type) if domain else op_type
        op = known.get(key)
        if op is None:
            op = known[key] = qualified(as_text(domain), as_text(op_type))
        scope.ops.append(op)
        names.append(node.name)
        tensors = node.input[:]
        inputs += tensors
        scope.n_inputs.append(len(tensors))
        tensors = node.output[:]
        outputs += tensors
        scope.n_outputs.append(len(tensors))
        if op == "Constant":
            scope.constants[index] = constant_type(node.attribute)
        if node.metadata_props:
            scope.told.append(index)
    pairs = (key if isinstance(key, tuple) else ("", key) for key in known)
    return [(as_text(domain), as_text(op_type)) for domain, op_type in pairs], names


def _rows_of(ops: Sequence[str], wanted: set[str]) -> list[int]:
    """Return the positions of the op types that are wanted."""
    return [i for i, op in enumerate(ops) if op in wanted] if wanted else []


def _may_hold_graphs(domain: str, op_type: str) -> bool:
    """Return whether nodes of an op type may carry graphs: what ONNX defines says, all else may."""
    from onnx import defs

    if domain not in DEFAULT_DOMAINS or not defs.has(op_type):
        return True
    attributes = defs.get_schema(op_type).attributes.values()
    return any(a.type.value in (GRAPH, GRAPHS) for a in attributes)


def _bodies(node: Any) -> list[tuple[str, Any]]:
    """Return (attribute, graph) of each graph that a node carries."""
    found: list[tuple[str, Any]] = []
    for attribute in node.attribute:
        if attribute.type == GRAPH:
            found.append((as_text(attribute.name), attribute.g))
        elif attribute.type == GRAPHS:
            label = as_text(attribute.name)
            found += [(f"{label}/{k}", graph) for k, graph in enumerate(attribute.graphs)]
    return found


def _read_interface(scope: Scope, types: TypeTable, notes: Notes) -> None:
    """Read the declared inputs and outputs, and of the initializers all but their data."""
    proto = scope.proto
    if scope.is_function:
        scope.declared_inputs = _texts(list(proto.input), notes)
        scope.declared_outputs = _texts(list(proto.output), notes)
        return
    scope.declared_inputs = _texts([value.name for value in proto.input], notes)
    scope.declared_outputs = _texts([value.name for value in proto.output], notes)
    names: list[str] = []
    claims: list[tuple[int, tuple[int, ...]]] = []
    for tensor in proto.initializer:
        names.append(tensor.name)
        code, dims = tensor.data_type, tuple(tensor.dims[:])
        scope.stored_types.append(types.of_dims(code, dims))
        if tensor.data_location == EXTERNAL:
            scope.external.append(tensor)
        else:
            claims.append((code, dims))
    for sparse in proto.sparse_initializer:
        names.append(sparse.values.name)
        code = sparse.values.data_type
        scope.stored_types.append(types.of_dims(code, tuple(sparse.dims)))
        claims.append((code, tuple(sparse.values.dims)))
    scope.claims.update(claims)
    scope.initializers = _texts(names, notes)


class _ConstantTypes:
    """Tells what a Constant produces from its attributes.

    An exporter writes the same few shapes and indices thousands of times, so
    equal messages are decoded once.
    """

    def __init__(self, types: TypeTable) -> None:
        self._types = types
        self._known: dict[bytes, TensorType] = {}

    def __call__(self, attributes: Any) -> TensorType:
        if not attributes:
            return UNKNOWN_TYPE
        attribute = attributes[0]
        key = attribute.SerializeToString()
        found = self._known.get(key)
        if found is None:
            found = _constant_type(attribute, attribute.type, self._types)
            if len(key) <= MAX_KEY_BYTES:
                self._known[key] = found
        return found


def _constant_type(attribute: Any, kind: int, types: TypeTable) -> TensorType:
    """Return the type that the attribute of a Constant gives it."""
    if kind == TENSOR:
        tensor = attribute.t
        return types.of_dims(tensor.data_type, tuple(tensor.dims[:]))
    if kind == SPARSE:
        sparse = attribute.sparse_tensor
        return types.of_dims(sparse.values.data_type, tuple(sparse.dims))
    sizes = {FLOATS: attribute.floats, INTS: attribute.ints, STRINGS: attribute.strings}
    dims = (len(sizes[kind]),) if kind in sizes else ()
    codes = {FLOAT: 1, FLOATS: 1, INT: 7, INTS: 7, STRING: 8, STRINGS: 8}
    return types.of_dims(codes[kind], dims) if kind in codes else UNKNOWN_TYPE


def _texts(names: list[str], notes: Notes) -> list[str]:
    """Turn names that are not UTF-8 into text; the usual file has none and keeps its list."""
    if bytes not in set(map(type, names)):
        return names
    odd = [name for name in names if isinstance(name, bytes)]
    notes.add("damaged", NON_UTF8, as_text(odd[0]), n_times=len(odd))
    return list(map(as_text, names))


def _name_nodes(scope: Scope, names: list[str], notes: Notes) -> None:
    """Give every operator call its unique id: its own name wherever that is possible."""
    scope.namer = Namer(notes)
    if "" not in names:
        scope.ids = scope.namer.unique_all(names, "")
        return
    named = [scope.namer.unique(name, "") if name else "" for name in names]
    rows = zip(named, scope.ops, strict=True)
    scope.ids = [name or scope.namer.unique("", op) for name, op in rows]


def _find_free_names(scopes: Sequence[Scope]) -> None:
    """Settle what each body takes from outside, its own bodies' needs included."""
    for scope in reversed(scopes):  # a body comes after its parent, so it is done first
        if scope.parent < 0:
            continue
        names = dict.fromkeys(chain(scope.inputs, scope.declared_outputs))
        for inner in chain.from_iterable(scope.bodies.values()):
            names.update(scopes[inner].free)
        defined = scope.defined_names()
        scope.free = {name: None for name in names if name and name not in defined}


def starts(counts: Sequence[int]) -> list[int]:
    """Return where each call's names start in a flat column."""
    return list(accumulate(counts, initial=0))[:-1]
