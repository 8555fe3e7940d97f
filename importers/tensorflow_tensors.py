"""Types and tensors of TensorFlow's messages: `TensorShapeProto`, `TensorProto`.

Specification:
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/tensor.proto

Messages are known by their fields; no framework is imported.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.errors import DamagedSource, UnsupportedFeature
from graphs.tensor_type import DTYPE_BITS, Dim, TensorType
from importers.tensorflow_ops import dtype_name

MAX_RANK = 254  # TensorFlow's own
MAX_REPEATED_BYTES = 256 << 20  # of a tensor that is stored as one value and a shape
_EXTENDED = frozenset(
    name for name in DTYPE_BITS if name.startswith(("float8", "float4", "int4", "uint4", "int2"))
) | {"bfloat16", "uint2", "float8_e4m3b11fnuz"}
# Field of TensorProto that holds the numbers where `tensor_content` does not.
_FIELDS = {
    "float32": "float_val",
    "float64": "double_val",
    "int64": "int64_val",
    "bool": "bool_val",
    "uint32": "uint32_val",
    "uint64": "uint64_val",
    "complex64": "scomplex_val",
    "complex128": "dcomplex_val",
    "string": "string_val",
}
_AS_BITS = frozenset({"float16", "bfloat16"})  # half_val holds bit patterns


class TypeTable:
    """Interns types, so that equal ones are one object."""

    def __init__(self) -> None:
        self._types: dict[TensorType, TensorType] = {}
        self._plain: dict[str, TensorType] = {}

    def of(self, dtype: str, shape: Any = None) -> TensorType:
        """Return the type of a dtype name and a `TensorShapeProto`, None where it is unknown."""
        if shape is None or shape.unknown_rank:
            found = self._plain.get(dtype)
            if found is None:
                found = self._plain[dtype] = TensorType(dtype)
            return found
        made = TensorType(dtype, dims_of(shape))
        return self._types.setdefault(made, made)


def dims_of(shape: Any) -> tuple[Dim, ...] | None:
    """Return the sizes of a `TensorShapeProto`; None where the rank is unknown or absurd."""
    if shape.unknown_rank or len(shape.dim) > MAX_RANK:
        return None
    return tuple(size if (size := dim.size) >= 0 else None for dim in shape.dim)


def stored_elements(tensor: Any) -> tuple[int, int]:
    """Return the elements of a `TensorProto` and the bytes that the file holds for them.

    A shape is believed only as far as there are bytes; a tensor that repeats one
    value counts what is stored.
    """
    dtype = dtype_name(tensor.dtype)
    bits = DTYPE_BITS.get(dtype, 0)
    content = len(tensor.tensor_content)
    if content:
        return (content * 8 // _stored_bits(dtype) if bits else 0), content
    field = _FIELDS.get(dtype, "half_val" if dtype in _AS_BITS else "int_val")
    n = len(getattr(tensor, field)) // (2 if dtype.startswith("complex") else 1)
    return n, (n * bits + 7) // 8


def _stored_bits(dtype: str) -> int:
    """Return the bits of an element in `tensor_content`, where small ones take a byte each."""
    return max(DTYPE_BITS[dtype], 8)


def decoded(tensor: Any, source: str, format: str) -> NDArray[np.generic]:
    """Return the data of a `TensorProto`; read-only where one value is repeated.

    Raises
    ------
    DamagedSource
        The file holds fewer values than the shape needs.
    UnsupportedFeature
        The dtype has no elements, or one value is repeated beyond all use.
    """
    dims = dims_of(tensor.tensor_shape)
    dtype = dtype_name(tensor.dtype)
    if dims is None or None in dims or len(dims) > 64:
        raise DamagedSource(source, "a tensor is stored without its shape", format=format)
    shape = tuple(int(d) for d in dims)  # type: ignore[arg-type]
    if tensor.tensor_content:
        return from_bytes(tensor.tensor_content, dtype, shape, source, format)
    values = _values(tensor, dtype, source, format)
    n = math.prod(shape)
    if len(values) == n:
        return values.reshape(shape)
    if n and (len(values) > n or not (len(values))):
        reason = f"a tensor has {len(values):,} values where its shape needs {n:,}"
        raise DamagedSource(source, reason, format=format)
    if n * max(values.itemsize, 1) > MAX_REPEATED_BYTES:
        raise UnsupportedFeature(source, f"one value repeated {n:,} times", format=format)
    if not n:
        return np.zeros(shape, values.dtype)
    filled = np.full(n, values[-1], values.dtype)  # TensorFlow repeats the last one
    filled[: len(values)] = values
    return filled.reshape(shape)


def _values(tensor: Any, dtype: str, source: str, format: str) -> NDArray[np.generic]:
    if dtype == "string":
        texts = np.empty(len(tensor.string_val), dtype=object)
        texts[:] = [one.decode("utf-8", "backslashreplace") for one in tensor.string_val]
        return texts
    numpy_type = _numpy_type(dtype, source, format)
    if dtype in _AS_BITS:
        return np.array(tensor.half_val, np.int64).astype(np.uint16).view(numpy_type)
    if dtype.startswith("float8"):
        return np.frombuffer(tensor.float8_val, np.uint8).view(numpy_type)
    numbers = np.array(getattr(tensor, _FIELDS.get(dtype, "int_val")))
    if dtype.startswith("complex"):
        return (numbers[0::2] + 1j * numbers[1::2][: len(numbers[0::2])]).astype(numpy_type)
    return numbers.astype(numpy_type)


def from_bytes(
    data: bytes, dtype: str, shape: tuple[int, ...], source: str, format: str
) -> NDArray[np.generic]:
    """Return little-endian numbers as an array.

    Raises
    ------
    DamagedSource
        The bytes are not as many as the shape needs.
    UnsupportedFeature
        The dtype has no elements of fixed size.
    """
    numpy_type = _numpy_type(dtype, source, format)
    n = math.prod(shape)
    if n * numpy_type.itemsize != len(data):
        reason = f"a tensor has {len(data):,} bytes, its shape needs {n * numpy_type.itemsize:,}"
        raise DamagedSource(source, reason, format=format)
    return np.frombuffer(data, numpy_type.newbyteorder("<")).reshape(shape)


def _numpy_type(dtype: str, source: str, format: str) -> np.dtype[np.generic]:
    if dtype in _EXTENDED:
        import ml_dtypes

        found: np.dtype[np.generic] = np.dtype(getattr(ml_dtypes, dtype))
        return found
    if dtype not in DTYPE_BITS:
        kind = dtype or "unknown"
        raise UnsupportedFeature(source, f"values of type {kind}", format=format)
    return np.dtype(dtype)
