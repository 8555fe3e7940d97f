"""Decode the tensors of an ONNX file on demand, inline or beside the model.

Every size is compared with the bytes that are really there before anything is
allocated, and external data is read from the model's own folder only.
External data: https://github.com/onnx/onnx/blob/main/docs/ExternalData.md
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.errors import DamagedSource, ReadError, UnsupportedFeature
from graphs.tensor_type import DTYPE_BITS
from importers.base import Probe
from importers.onnx_slim import OWN_FILE
from importers.onnx_types import as_text, dtype_name, stored_bytes

EXTERNAL = 1  # TensorProto.DataLocation
MAX_DENSE_ELEMENTS = 1 << 28  # of a sparse tensor that is written out


@dataclass(frozen=True, slots=True)
class External:
    """Where a tensor's bytes lie outside the model file, as the file claims it.

    Attributes
    ----------
    location : str
        Path relative to the model's folder.
    offset : int
        First byte.
    length : int or None
        Bytes, where stated.
    """

    location: str
    offset: int = 0
    length: int | None = None


def external_of(tensor: Any) -> External:
    """Return where the bytes of a tensor lie.

    Raises
    ------
    ValueError
        The entry has no location, or an offset or a length that is no number.
    """
    entries = {as_text(entry.key): as_text(entry.value) for entry in tensor.external_data}
    location = entries.get("location", "")
    if not location:
        raise ValueError("no location is given")
    offset, length = entries.get("offset", "0"), entries.get("length")
    numbers = [_size(offset), None if length is None else _size(length)]
    return External(location, numbers[0] or 0, numbers[1])


def _size(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise ValueError(f"“{text[:40]}” is no number of bytes")
    return int(text)


def locate(model: Path | None, location: str) -> Path:
    """Return the file that holds external data.

    Parameters
    ----------
    model : Path or None
        The model file; None for an upload.
    location : str
        Relative to the model's folder; or `onnx_slim.OWN_FILE`.

    Raises
    ------
    ValueError
        It is outside the model's folder, links resolved, or is no regular file;
        the text says which.
    """
    if model is None:
        raise ValueError("the model was opened without its folder, so no file beside it is known")
    if location == OWN_FILE:
        return model
    relative = Path(location)
    if relative.is_absolute() or ".." in relative.parts or "\0" in location or "\\" in location:
        raise ValueError("it is outside the model's folder, which is never read")
    try:
        home = model.parent.resolve()
        path = (home / relative).resolve()
        if not path.is_relative_to(home):
            raise ValueError("it is outside the model's folder, which is never read")
        if not path.is_file():
            raise ValueError("there is no such file beside the model")
    except (OSError, RuntimeError) as error:
        raise ValueError("it cannot be reached") from error
    return path


class TensorReader:
    """Decodes the tensors of one model file.

    Parameters
    ----------
    probe : Probe
        The source; external data is looked for beside its file.
    """

    def __init__(self, probe: Probe) -> None:
        self.name = probe.name
        self.path = probe.path

    def array(self, tensor: Any) -> NDArray[np.generic]:
        """Return the data of a `TensorProto`; strings as an object array.

        Raises
        ------
        ReadError
            The data is missing, cut, outside the model's folder, or of a dtype
            that is not known.
        """
        code, dims = tensor.data_type, tuple(tensor.dims)
        n_elements, n_bytes = stored_bytes(code, dims)
        if min(dims, default=0) < 0 or len(dims) > 32:
            raise DamagedSource(self.name, f"a tensor claims the shape {dims[:8]}", format="ONNX")
        if tensor.HasField("segment"):
            raise UnsupportedFeature(self.name, "a tensor in segments", format="ONNX")
        if dtype_name(code) == "string":
            return self._strings(tensor, dims, n_elements)
        if dtype_name(code) not in DTYPE_BITS:
            raise UnsupportedFeature(self.name, f"tensor type {code}", format="ONNX")
        if tensor.data_location == EXTERNAL:
            return self._decode(_with_raw(code, dims, self._external(tensor, n_bytes)))
        self._check_inline(tensor, n_elements, n_bytes)
        return self._decode(tensor)

    def sparse(self, sparse: Any) -> NDArray[np.generic]:
        """Return the data of a `SparseTensorProto`, written out.

        Raises
        ------
        ReadError
            As `array`; or the dense form has more than `MAX_DENSE_ELEMENTS`.
        """
        dims = tuple(sparse.dims)
        n_elements, _n_bytes = stored_bytes(sparse.values.data_type, dims)
        if n_elements > MAX_DENSE_ELEMENTS:
            reason = f"the sparse tensor has {n_elements:,} elements when written out"
            raise ReadError(self.name, reason, format="ONNX")
        values, indices = self.array(sparse.values), self.array(sparse.indices)
        if min(dims, default=0) < 0 or len(dims) > 32 or indices.dtype.kind not in "iu":
            raise DamagedSource(self.name, "a sparse tensor makes no sense", format="ONNX")
        if indices.ndim == 2 and indices.shape[1] == len(dims):
            flat = np.zeros(len(indices), dtype=np.int64)
            for axis, size in enumerate(dims):
                column = indices[:, axis]
                self._check_range(column, size)
                flat = flat * size + column.astype(np.int64)
        else:
            flat = indices.reshape(-1).astype(np.int64)
            self._check_range(flat, n_elements)
        if len(flat) != values.size:
            raise DamagedSource(self.name, "a sparse tensor lacks values", format="ONNX")
        dense = np.zeros(n_elements, dtype=values.dtype)
        dense[flat] = values.reshape(-1)
        return dense.reshape(dims)

    def _check_range(self, indices: NDArray[Any], size: int) -> None:
        if indices.size and (indices.min() < 0 or indices.max() >= size):
            raise DamagedSource(self.name, "a sparse tensor points outside itself", format="ONNX")

    def _strings(self, tensor: Any, dims: tuple[int, ...], n: int) -> NDArray[np.generic]:
        texts = [as_text(bytes(item)) for item in tensor.string_data]
        if len(texts) != n:
            raise self._mismatch(len(texts), n, "strings")
        array = np.empty(n, dtype=object)
        array[:] = texts
        return array.reshape(dims)

    def _external(self, tensor: Any, n_bytes: int) -> bytes:
        """Read exactly the bytes that the shape needs."""
        try:
            where = external_of(tensor)
            path = locate(self.path, where.location)
            if where.length not in (None, n_bytes):
                raise ValueError(f"{where.length:,} bytes are given, its shape needs {n_bytes:,}")
            with path.open("rb") as file:
                if where.offset + n_bytes > path.stat().st_size:
                    raise ValueError("the file ends before the tensor does")
                file.seek(where.offset)
                return file.read(n_bytes)
        except (ValueError, OSError) as error:
            label = as_text(tensor.name)
            reason = f"the data of {label} is not inside the model, and {error}"
            raise ReadError(self.name, reason, format="ONNX") from error

    def _check_inline(self, tensor: Any, n_elements: int, n_bytes: int) -> None:
        """Compare what the shape needs with what is there."""
        if tensor.HasField("raw_data"):
            if len(tensor.raw_data) != n_bytes:
                raise self._mismatch(len(tensor.raw_data), n_bytes, "bytes")
            return
        stored = {
            "float32": (tensor.float_data, 1),
            "complex64": (tensor.float_data, 2),
            "float64": (tensor.double_data, 1),
            "complex128": (tensor.double_data, 2),
            "int64": (tensor.int64_data, 1),
            "uint32": (tensor.uint64_data, 1),
            "uint64": (tensor.uint64_data, 1),
        }
        dtype = dtype_name(tensor.data_type)
        items, per_element = stored.get(dtype, (tensor.int32_data, 1))
        bits = DTYPE_BITS[dtype]
        # Below six bits an int32 holds one packed byte.
        needed = n_elements * per_element if bits > 4 else math.ceil(n_elements * bits / 8)
        if len(items) != needed:
            raise self._mismatch(len(items), needed, "numbers")

    def _decode(self, tensor: Any) -> NDArray[np.generic]:
        from onnx import numpy_helper

        try:
            array: NDArray[np.generic] = numpy_helper.to_array(tensor)
        except (ValueError, TypeError, KeyError, OverflowError, MemoryError) as error:
            raise DamagedSource(self.name, f"a tensor: {error}", format="ONNX") from error
        return array

    def _mismatch(self, got: int, needed: int, what: str) -> DamagedSource:
        reason = f"a tensor has {got:,} {what} where its shape needs {needed:,}"
        return DamagedSource(self.name, reason, format="ONNX")


def _with_raw(code: int, dims: tuple[int, ...], raw: bytes) -> Any:
    from onnx import TensorProto

    return TensorProto(data_type=code, dims=dims, raw_data=raw)
