"""Read the operator calls of one scope: names, op types, links between tensors, constants.

The hottest part of opening: reading a protobuf field costs more than anything
done with it, and memory that was let go costs less than memory that is kept.
Imports no onnx: messages are known by their fields.
"""

from __future__ import annotations

from typing import Any

from graphs.tensor_type import UNKNOWN_TYPE, TensorType
from importers.notes import Notes
from importers.onnx_scope import (
    DEFAULT_DOMAINS,
    FLOAT,
    FLOATS,
    INT,
    INTS,
    NON_UTF8,
    SPARSE,
    STRING,
    STRINGS,
    TENSOR,
    TWICE,
    Scope,
    texts,
)
from importers.onnx_types import TypeTable, as_text

MAX_OP_TYPE_CHARS = 256
MAX_KEY_BYTES = 256  # of a message that is remembered in case an equal one comes


def stream_nodes(scope: Scope, types: TypeTable, notes: Notes) -> tuple[OpTypes, list[str]]:
    """Read the nodes' columns into a scope whose inputs and initializers are known.

    One pass in which each message and each name of an input is let go at once: keeping
    them and going over them again takes half as long again.

    Returns
    -------
    OpTypes
        The op types that occur.
    list of str
        The name of every call, as the file has it.
    """
    names: list[str] = []
    op_types, constant_type = OpTypes(), _ConstantTypes(types)
    ops, n_inputs, n_outputs = scope.ops, scope.n_inputs, scope.n_outputs
    link, find, define = scope.links.append, scope.handles.get, scope.handles.setdefault
    n_values = len(scope.inputs) + len(scope.initializers)
    for index, node in enumerate(scope.proto.node):
        domain = node.domain
        op = op_types[(domain, node.op_type) if domain else node.op_type]
        ops.append(op)
        names.append(node.name)
        tensors = node.input[:]
        n_inputs.append(len(tensors))
        for name in tensors:
            value = find(name, -1)
            if value < 0 and name:
                scope.missing.append((len(scope.links), name))
            link(value)
        tensors = node.output[:]
        n_outputs.append(len(tensors))
        for name in tensors:
            if name.__class__ is not str or not name:
                name = _odd_output(scope, name, notes)
                if not name:
                    continue
            if define(name, n_values) != n_values:
                notes.add("damaged", TWICE, name)
            scope.outputs.append(name)
            n_values += 1
        if op == "Constant":
            scope.constants[index] = constant_type(node.attribute)
        if node.metadata_props:
            scope.told.append(index)
    return op_types, texts(names, notes)


class OpTypes(dict[str | tuple[str, str], str]):
    """Op types as we write them, by (domain, op type), or by the op type alone without domain."""

    def __missing__(self, key: str | tuple[str, str]) -> str:
        domain, op_type = key if isinstance(key, tuple) else ("", key)
        found = self[key] = qualified(as_text(domain), as_text(op_type))
        return found

    def pairs(self) -> list[tuple[str, str]]:
        """Return (domain, op type) of each."""
        pairs = (key if isinstance(key, tuple) else ("", key) for key in self)
        return [(as_text(domain), as_text(op_type)) for domain, op_type in pairs]


def qualified(domain: str, op_type: str) -> str:
    """Return the op type with its domain, as ONNX's own text form writes it."""
    name = op_type if domain in DEFAULT_DOMAINS else f"{domain}.{op_type}"
    return name[:MAX_OP_TYPE_CHARS] or "(no op type)"


def _odd_output(scope: Scope, name: str, notes: Notes) -> str:
    """Return the text of an output whose name is not UTF-8; note an output left out."""
    if not name:
        scope.left_out.append(len(scope.outputs) + len(scope.left_out))
        return ""
    notes.add("damaged", NON_UTF8, as_text(name))
    return as_text(name)


def link_backwards(scope: Scope) -> None:
    """Find values that come after their readers, or whose names are not UTF-8."""
    still: list[tuple[int, str]] = []
    for place, name in scope.missing:
        text = as_text(name)
        scope.links[place] = scope.handles.get(text, -1)
        if scope.links[place] < 0:
            still.append((place, text))
    scope.missing = still


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
