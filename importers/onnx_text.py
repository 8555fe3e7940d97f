"""ONNX attributes, metadata and tensors as short text for the details pane.

Imports no onnx: messages are known by their fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from graphs.ir import Facts
from graphs.tensor_type import TensorType
from importers.fact_text import MAX_CHARS, MAX_FACTS, MAX_ITEMS, cut
from importers.onnx_types import TypeTable, as_text, dtype_name


def props(entries: Iterable[Any], skip: Iterable[str] = ()) -> Facts:
    """Return metadata entries, at most `MAX_FACTS`, without the keys in `skip`."""
    facts = [(cut(as_text(e.key)), cut(as_text(e.value))) for e in islice(entries, MAX_FACTS)]
    return [fact for fact in facts if fact[0] not in skip]


def attribute_text(attribute: Any, types: TypeTable) -> str:
    """Return the value of an `AttributeProto` as one line of text."""
    if attribute.ref_attr_name:
        return cut(f"the caller's {as_text(attribute.ref_attr_name)}")
    shown = _SINGLE.get(attribute.type)
    if shown is not None:
        field, write = shown
        return cut(write(getattr(attribute, field), types))
    listed = _LISTS.get(attribute.type)
    if listed is None:
        return f"(attribute of unknown type {attribute.type})"
    field, write = listed
    items = getattr(attribute, field)
    texts = [write(item, types) for item in items[:MAX_ITEMS]]
    more = f", … {len(items):,} in all" if len(items) > MAX_ITEMS else ""
    return cut(f"[{', '.join(texts)}{more}]")


def tensor_text(tensor: Any) -> str:
    """Return dtype and shape of a stored tensor; its data is not decoded."""
    dims = tuple(tensor.dims[:MAX_ITEMS])
    name = as_text(tensor.name)
    return f"{TensorType(dtype_name(tensor.data_type), dims)}{f' {name}' if name else ''}"


def _graph(graph: Any, types: TypeTable) -> str:
    return f"graph {as_text(graph.name)} of {len(graph.node):,} nodes"


def _sparse(sparse: Any, types: TypeTable) -> str:
    dims = tuple(sparse.dims[:MAX_ITEMS])
    return f"sparse {TensorType(dtype_name(sparse.values.data_type), dims)}"


def _number(value: int | float, types: TypeTable) -> str:  # noqa: PYI041 - both come
    return f"{value:.7g}" if isinstance(value, float) else str(value)


def _string(value: bytes, types: TypeTable) -> str:
    return as_text(value[: MAX_CHARS * 4])


def _tensor(tensor: Any, types: TypeTable) -> str:
    return tensor_text(tensor)


def _type(proto: Any, types: TypeTable) -> str:
    return str(types.of_proto(proto))


Writer = Callable[[Any, TypeTable], str]

# AttributeProto.AttributeType -> field, how an entry is written.
_SINGLE: dict[int, tuple[str, Writer]] = {
    1: ("f", _number),
    2: ("i", _number),
    3: ("s", _string),
    4: ("t", _tensor),
    5: ("g", _graph),
    11: ("sparse_tensor", _sparse),
    13: ("tp", _type),
}
_LISTS: dict[int, tuple[str, Writer]] = {
    6: ("floats", _number),
    7: ("ints", _number),
    8: ("strings", _string),
    9: ("tensors", _tensor),
    10: ("graphs", _graph),
    12: ("sparse_tensors", _sparse),
    14: ("type_protos", _type),
}
