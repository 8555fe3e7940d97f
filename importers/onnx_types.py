"""ONNX types and texts as ours: `TypeProto` -> `TensorType`, protobuf strings -> str.

Knows protobuf messages only by their fields, so it imports no onnx.
"""

from __future__ import annotations

import math
from typing import Any

from graphs.tensor_type import DTYPE_BITS, UNKNOWN_TYPE, Dim, TensorType
from importers.dtypes import ONNX_DTYPES
from importers.notes import Notes

MAX_SYMBOL_CHARS = 128  # a symbolic dimension is a word or a short formula
MAX_RANK = 255  # numpy stops at 64; the product of a million hostile sizes would take hours


def as_text(value: str | bytes) -> str:
    r"""Return a protobuf string as str.

    Protobuf gives bytes where they are not UTF-8; such bytes become ``\xff``,
    so that two names that differ still differ.
    """
    return value if isinstance(value, str) else value.decode("utf-8", "backslashreplace")


def dtype_name(code: int) -> str:
    """Return our name of a `TensorProto.DataType`; ``type_99`` for a code that ONNX lacks."""
    return ONNX_DTYPES.get(code, f"type_{code}")


class TypeTable:
    """Interns types: equal ones are one object, and an encoded type is decoded once."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._of_bytes: dict[bytes, TensorType] = {}
        self._of_dims: dict[tuple[int, tuple[int, ...]], TensorType] = {}

    def of_proto(self, proto: Any) -> TensorType:
        """Return the type of a `TypeProto`."""
        key: bytes = proto.SerializeToString()
        found = self._of_bytes.get(key)
        if found is None:
            found = self._of_bytes[key] = self._decoded(proto)
        return found

    def of_dims(self, code: int, dims: tuple[int, ...]) -> TensorType:
        """Return the type of a tensor that is stored: a dtype code and sizes."""
        found = self._of_dims.get((code, dims))
        if found is None:
            if min(dims, default=0) < 0:
                self._notes.add("damaged", "A stored tensor has a negative size", str(dims[:8]))
            found = TensorType(dtype_name(code), self._shape(dims))
            self._of_dims[code, dims] = found
        return found

    def _decoded(self, proto: Any) -> TensorType:
        """Decode a type; what is not a tensor becomes a dtype such as ``sequence(float32[2])``."""
        opening: list[str] = []
        while True:
            kind = proto.WhichOneof("value")
            if kind in ("sequence_type", "optional_type"):
                opening.append(kind.removesuffix("_type"))
                proto = getattr(proto, kind).elem_type
            elif kind == "map_type":
                opening.append(f"map({dtype_name(proto.map_type.key_type)}, ")
                proto = proto.map_type.value_type
            else:
                break
        if kind == "opaque_type":
            inner = TensorType(f"opaque({as_text(proto.opaque_type.name)[:MAX_SYMBOL_CHARS]})")
        elif kind is None:
            inner = UNKNOWN_TYPE
        else:
            inner = self._tensor(getattr(proto, kind))
        if not opening:
            return inner
        text = "".join(part if part.endswith(" ") else f"{part}(" for part in opening)
        return TensorType(f"{text}{inner}{')' * len(opening)}")

    def _tensor(self, proto: Any) -> TensorType:
        dtype = dtype_name(proto.elem_type)
        if not proto.HasField("shape"):
            return TensorType(dtype)
        return TensorType(dtype, self._shape(tuple(map(_dim, proto.shape.dim))))

    def _shape(self, dims: tuple[Dim, ...]) -> tuple[Dim, ...] | None:
        if len(dims) > MAX_RANK:
            self._notes.add("damaged", f"A tensor has more than {MAX_RANK} dimensions")
            return None
        # Exporters write -1 for a size that varies.
        return tuple(None if isinstance(size, int) and size < 0 else size for size in dims)


def _dim(dim: Any) -> Dim:
    kind = dim.WhichOneof("value")
    if kind == "dim_param":
        return as_text(dim.dim_param)[:MAX_SYMBOL_CHARS] or None
    size: int = dim.dim_value
    return None if kind is None else size


def stored_bytes(code: int, dims: tuple[int, ...]) -> tuple[int, int]:
    """Return the elements and the bytes (packed below 8 bits) that a stored tensor claims.

    Bytes are 0 where elements have no fixed size; both are 0 where the sizes make no sense.
    """
    if len(dims) > MAX_RANK or min(dims, default=0) < 0:
        return 0, 0
    n_elements = math.prod(dims)
    return n_elements, (n_elements * DTYPE_BITS.get(dtype_name(code), 0) + 7) // 8
