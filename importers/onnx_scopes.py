"""Find every graph of an ONNX model: main, functions, bodies of control flow.

Control flow nests graphs inside attributes, so scopes are found with a work
list, a parent before its bodies, and what a body takes from outside is settled
from the innermost outwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from importers.naming import MAX_ID_CHARS, Namer
from importers.notes import Notes
from importers.onnx_nodes import link_backwards, qualified, stream_nodes
from importers.onnx_scope import DEFAULT_DOMAINS, GRAPH, GRAPHS, TWICE, Scope, texts
from importers.onnx_tensors import EXTERNAL
from importers.onnx_types import TypeTable, as_text


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


def _read_nodes(
    scope: Scope, functions: dict[tuple[str, str], int], types: TypeTable, notes: Notes
) -> list[tuple[str, int, Any]]:
    """Fill the columns of a scope; return (attribute, node, graph) of each body in it."""
    _read_interface(scope, types, notes)
    op_types, names = stream_nodes(scope, types, notes)
    link_backwards(scope)
    scope.domains = {domain for domain, _op_type in op_types.pairs()}
    _name_nodes(scope, names, notes)
    nodes = scope.proto.node
    for index in _rows_of(scope.ops, {op for op, _overload in functions}):
        called = functions.get((scope.ops[index], as_text(nodes[index].overload)))
        if called is not None:
            scope.calls[index] = called
    holders = {qualified(*key) for key in op_types.pairs() if _may_hold_graphs(*key)}
    rows = _rows_of(scope.ops, holders)
    return [(name, i, body) for i in rows for name, body in _bodies(nodes[i])]


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
        scope.declared_outputs = texts(list(proto.output), notes)
        scope.inputs = texts(list(proto.input), notes)
    else:
        scope.declared_outputs = texts([value.name for value in proto.output], notes)
        scope.initializers = texts(_read_initializers(scope, types), notes)
        is_initializer = set(scope.initializers)
        declared = texts([value.name for value in proto.input], notes)
        scope.inputs = [name for name in declared if name not in is_initializer]
    for place, name in enumerate(chain(scope.inputs, scope.initializers)):
        if name and scope.handles.setdefault(name, place) != place:
            notes.add("damaged", TWICE, name)


def _read_initializers(scope: Scope, types: TypeTable) -> list[str]:
    """Read what is stored, and where; return the names."""
    proto = scope.proto
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
    return names


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
        wanted = chain((name for _place, name in scope.missing), scope.declared_outputs)
        names = dict.fromkeys(wanted)
        for inner in chain.from_iterable(scope.bodies.values()):
            names.update(scopes[inner].free)
        scope.free = {name: None for name in names if name and name not in scope.handles}
