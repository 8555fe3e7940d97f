"""The data of MLIR constants, decoded when somebody looks. Imports no framework.

Elements: https://mlir.llvm.org/docs/Dialects/Builtin/#denseintorfpelementsattr
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from graphs.errors import DamagedSource, UnsupportedFeature, quoted
from graphs.tensor_type import DTYPE_BITS, TensorType
from importers.hlo_source import from_words, numpy_dtype
from importers.mlir_text import FORMAT
from importers.mlir_types import closing

MAX_ELEMENTS = 1 << 28  # a splat of few bytes may claim any number

_DENSE = re.compile(r"\bdense(_resource)?<")
_HEX = re.compile(r'\s*"0x([0-9A-Fa-f]*)"\s*\Z')
_WORD = re.compile(r"\([^()]*\)|[^\s\[\](),]+")
_SCALAR = re.compile(r"[\s<{=]*(-?(?:0x[0-9A-Fa-f]+|[\d.]+(?:[eE][+\-]?\d+)?)|true|false)\b")
_RESOURCE_HEADER_BYTES = 4  # alignment of the blob

Blob = Callable[[str], str | None]


def constant_data(own: str, type: TensorType, blob: Blob, name: str) -> NDArray[np.generic] | None:
    """Return the data that an operation's text states; None where it holds none.

    Parameters
    ----------
    own : str
        Text of the operation.
    type : TensorType
        Of its result.
    blob : callable
        Name of a resource -> its hexadecimal digits; None where there is none.
    name : str
        Name of the file.

    Raises
    ------
    DamagedSource
        There are more or fewer elements than the type has.
    UnsupportedFeature
        The type has no elements of a fixed size, or too many.
    """
    dense = _DENSE.search(own)
    if dense is None:
        word = _SCALAR.match(own)
        if word is None or type.shape not in ((), None):
            return None
        return _from_text(word[1], TensorType(_scalar_dtype(type, word[1]), ()), name)
    start = dense.end()
    inner = own[start : max(start, closing(own, start - 1) - 1)]
    _check(type, name)
    if dense[1]:
        key = inner.strip().strip('"')
        digits = blob(key)
        if digits is None:
            return None
        return _from_hex(digits[2 * _RESOURCE_HEADER_BYTES :], type, name)
    digits_found = _HEX.match(inner)
    if digits_found is not None:
        return _from_hex(digits_found[1], type, name)
    return _from_text(inner, type, name)


def _check(type: TensorType, name: str) -> None:
    count = type.n_elements
    if count is None or type.dtype not in DTYPE_BITS:
        raise UnsupportedFeature(name, f"values of type {quoted(type)}", format=FORMAT)
    if count > MAX_ELEMENTS:
        raise UnsupportedFeature(name, f"a constant of {count:,} elements", format=FORMAT)


def _scalar_dtype(type: TensorType, word: str) -> str:
    if type.dtype in DTYPE_BITS:
        return type.dtype
    if word in ("true", "false"):
        return "bool"
    return "int64" if re.fullmatch(r"-?(?:\d+|0x[0-9A-Fa-f]+)", word) else "float64"


def _from_hex(digits: str, type: TensorType, name: str) -> NDArray[np.generic]:
    count = type.n_elements or 0
    data = bytes.fromhex(digits if len(digits) % 2 == 0 else "")
    bits = DTYPE_BITS[type.dtype]
    if type.dtype == "bool" and len(data) == (count + 7) // 8 and len(data) != count:
        array: NDArray[np.generic] = np.unpackbits(
            np.frombuffer(data, np.uint8), count=count, bitorder="little"
        ).astype(bool)
        return _shaped(array, type)
    if bits < 8:
        array = np.frombuffer(data, np.int8 if type.dtype.startswith("int") else np.uint8)
    else:
        width = bits // 8
        stored = numpy_dtype(type.dtype).newbyteorder("<")
        array = np.frombuffer(data[: len(data) // width * width], stored)
    if len(array) == 1 and count != 1:  # one element stands for all
        array = np.broadcast_to(array, (count,))
    if len(array) != count:
        raise _wrong_count(count, len(array), name)
    return _shaped(array if bits >= 8 else array.astype(numpy_dtype(type.dtype)), type)


def _from_text(inner: str, type: TensorType, name: str) -> NDArray[np.generic]:
    count = type.n_elements or 0
    words = [word.strip() for word in _WORD.findall(inner)]
    if len(words) == 1 and count != 1:
        one = _numbers(words, TensorType(type.dtype, (1,)), name)
        return _shaped(np.broadcast_to(one, (count,)), type)
    if len(words) != count:
        raise _wrong_count(count, len(words), name)
    return _numbers(words, type, name)


def _numbers(words: list[str], type: TensorType, name: str) -> NDArray[np.generic]:
    """Return numbers; a float may be written as its bits, ``0xFF800000``."""
    is_float = not type.dtype.startswith(("int", "uint", "bool", "complex"))
    if is_float and any(word.startswith("0x") for word in words):
        return _shaped(np.concatenate([_float(word, type, name) for word in words]), type)
    if not is_float and any("0x" in word for word in words):
        words = [str(int(w, 16)) if "(" not in w and "0x" in w else w for w in words]
    return from_words(words, type, name)


def _float(word: str, type: TensorType, name: str) -> NDArray[np.generic]:
    if not word.startswith("0x"):
        return from_words([word], TensorType(type.dtype, (1,)), name)
    width = max(1, DTYPE_BITS[type.dtype] // 8)
    try:
        raw = int(word, 16).to_bytes(width, "little")
    except (OverflowError, ValueError) as error:
        raise DamagedSource(name, f"{quoted(word)} is no number", format=FORMAT) from error
    return np.frombuffer(raw, numpy_dtype(type.dtype).newbyteorder("<"))


def _shaped(array: NDArray[np.generic], type: TensorType) -> NDArray[np.generic]:
    return array.reshape(tuple(size for size in type.shape or () if isinstance(size, int)))


def _wrong_count(wanted: int, found: int, name: str) -> DamagedSource:
    reason = f"a constant of {wanted:,} elements has {found:,}"
    return DamagedSource(name, reason, format=FORMAT)
