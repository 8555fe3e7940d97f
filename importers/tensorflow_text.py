"""TensorFlow's attributes as short text for the details pane.

Messages are known by their fields; no framework is imported.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from graphs.errors import ReadError
from graphs.ir import Facts
from graphs.tensor_type import TensorType
from importers.fact_text import MAX_CHARS, MAX_FACTS, MAX_ITEMS, cut
from importers.tensorflow_ops import dtype_name
from importers.tensorflow_tensors import decoded, dims_of, stored_elements

MAX_PREVIEW = 16  # elements of a small tensor that are shown
_LISTS = ("s", "i", "f", "b", "type", "shape", "tensor", "func")
# What the graph shows already, as the types of values and as links.
_SHOWN_ELSEWHERE = frozenset({"_output_shapes"})


def attribute_facts(attr: Any) -> Facts:
    """Return the attributes of a node by name, at most `MAX_FACTS`."""
    keys = [key for key in sorted(attr) if key not in _SHOWN_ELSEWHERE]
    return [(cut(key), value_text(attr[key])) for key in islice(keys, MAX_FACTS)]


def value_text(value: Any) -> str:
    """Return an `AttrValue` as one line."""
    kind = value.WhichOneof("value")
    if kind is None:
        return ""
    if kind == "list":
        return _list_text(value.list)
    if kind == "placeholder":
        return cut(f"the caller's {value.placeholder}")
    return cut(_item_text(kind, getattr(value, kind)))


def _list_text(held: Any) -> str:
    for kind in _LISTS:
        items = getattr(held, kind)
        if items:
            shown = ", ".join(_item_text(kind, one) for one in islice(items, MAX_ITEMS))
            if len(items) > MAX_ITEMS:
                return cut(f"[{shown[: MAX_CHARS - 64]}, …] ({len(items):,} items)")
            return cut(f"[{shown}]")
    return "[]"


def _item_text(kind: str, item: Any) -> str:
    if kind == "s":
        return bytes_text(item)
    if kind == "b":
        return "true" if item else "false"
    if kind == "f":
        return f"{item:.9g}"
    if kind == "type":
        return dtype_name(item)
    if kind == "shape":
        return str(TensorType("", dims_of(item))).removeprefix("?") or "?"
    if kind == "func":
        name: str = item.name
        return name
    return tensor_text(item) if kind == "tensor" else str(item)


def bytes_text(data: bytes) -> str:
    """Return bytes as text, or how many they are where they are none."""
    if len(data) > MAX_CHARS:
        return f"{len(data):,} bytes"
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return f"{len(data):,} bytes"
    return text if text.isprintable() else f"{len(data):,} bytes"


def tensor_text(tensor: Any) -> str:
    """Return dtype, shape and, of a small tensor, the values."""
    type = TensorType(dtype_name(tensor.dtype), dims_of(tensor.tensor_shape))
    n = type.n_elements
    if n is None or not 0 < n <= MAX_PREVIEW or stored_elements(tensor)[0] > MAX_PREVIEW:
        return str(type)
    try:
        values = decoded(tensor, "", "").reshape(-1).tolist()
    except ReadError as error:
        return f"{type} unreadable: {error.reason}"
    shown = [f"{v:.9g}" if isinstance(v, float) else str(v)[:200] for v in values]
    return f"{type} {shown[0] if type.shape == () else '[' + ', '.join(shown) + ']'}"
