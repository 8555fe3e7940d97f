"""Weights and constants of an exported program, one at a time, on demand.

Since torch 2.9 a member of the archive holds the raw bytes of a storage and a JSON file
says which tensor is which view of it. Before, torch.save wrote one ZIP archive of all,
whose pickle `pytorch_pickle` reads without unpickling. Imports no torch.
"""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from graphs.errors import DamagedSource, UnsupportedFeature, quoted
from graphs.tensor_type import DTYPE_BITS
from importers.dtypes import TORCH_DTYPES
from importers.pytorch_archive import CONSTANTS, FORMAT, WEIGHTS, Archive, ModelFiles
from importers.pytorch_pickle import PickleRefused, StoredTensor, stored_tensors
from importers.pytorch_schema import (
    DECODING_ERRORS,
    Dimension,
    Payload,
    TensorMeta,
    decode_payloads,
)

MAX_CONFIG_BYTES = 256 << 20
MAX_PICKLE_BYTES = 256 << 20
MAX_VIEW_ELEMENTS = 1 << 26  # of a view that shows stored elements more than once
_EXTENDED = ("bfloat16", "float8")  # not NumPy's own: they come from `ml_dtypes`


class Weights:
    """The stored tensors of one model, by name.

    Parameters
    ----------
    archive : Archive
    files : ModelFiles
    """

    def __init__(self, archive: Archive, files: ModelFiles) -> None:
        self._archive = archive
        self._files = files

    def array(self, name: str, *, is_constant: bool) -> NDArray[np.generic] | None:
        """Return a tensor's data; None where the file holds none.

        Parameters
        ----------
        name : str
            As the signature calls it.
        is_constant : bool
            Whether to look among the constants first, as for a buffer that is not persistent.

        Raises
        ------
        graphs.errors.ReadError
            The data is missing, cut, pickled, or less than its shape needs.
        """
        places = [(CONSTANTS, self._files.constants), (WEIGHTS, self._files.weights)]
        for folder, member in places if is_constant else reversed(places):
            if member.endswith(".pt"):
                found = self._pickled(member).get(name)
                if found is not None:
                    return self._from_pickled(member, found)
            else:
                payload = self._payloads(member).get(name)
                if payload is not None:
                    return self._raw(folder, name, payload)
        return None

    def storages(self) -> dict[str, str]:
        """Return which run of bytes each weight is a view of, as far as a JSON file says so."""
        if self._files.weights.endswith(".pt"):
            return {}
        return {name: p.path_name for name, p in self._payloads(self._files.weights).items()}

    def _payloads(self, member: str) -> dict[str, Payload]:
        return self._configs[member]

    @cached_property
    def _configs(self) -> dict[str, dict[str, Payload]]:
        """The two JSON files by name; nothing for one that is not there."""
        found: dict[str, dict[str, Payload]] = {}
        for member in (self._files.weights, self._files.constants):
            found[member] = {}
            if self._archive.size(member) > 0 and not member.endswith(".pt"):
                content = self._archive.read(member, MAX_CONFIG_BYTES)
                try:
                    found[member] = decode_payloads(content).config
                except DECODING_ERRORS as error:
                    raise self._archive.damaged(f"{member} is not as it must be") from error
        return found

    def _raw(self, folder: str, name: str, payload: Payload) -> NDArray[np.generic] | None:
        if payload.use_pickle or payload.tensor_meta is None:
            feature = f"the data of {quoted(name)}, which is a Python pickle"
            raise UnsupportedFeature(self._archive.name, feature, format=FORMAT)
        member = folder + payload.path_name
        if self._archive.size(member) == 0:
            return None  # exported without data
        meta = payload.tensor_meta
        try:
            stored = _stored(payload.path_name, meta)
        except ValueError as error:
            raise self._archive.damaged(f"the shape of {quoted(name)}: {error}") from error
        return _view(self._archive, self._archive.read(member), stored)

    def _pickled(self, member: str) -> dict[str, StoredTensor]:
        return self._pickles[member]

    @cached_property
    def _pickles(self) -> dict[str, dict[str, StoredTensor]]:
        """What torch.save wrote, by member and name."""
        found: dict[str, dict[str, StoredTensor]] = {}
        for member in (self._files.weights, self._files.constants):
            found[member] = {}
            if self._archive.size(member) > 0 and member.endswith(".pt"):
                data = _inner(self._archive, member, "data.pkl", MAX_PICKLE_BYTES)
                try:
                    found[member] = stored_tensors(data)
                except PickleRefused as error:
                    raise self._archive.damaged(f"the pickle in {member}: {error}") from error
        return found

    def _from_pickled(self, member: str, stored: StoredTensor) -> NDArray[np.generic]:
        data = _inner(self._archive, member, f"data/{stored.key}", 1 << 40)
        return _view(self._archive, data, stored)


def _stored(key: str, meta: TensorMeta) -> StoredTensor:
    """Return a tensor's view of its storage; raises ValueError where a size is no number."""
    dtype = TORCH_DTYPES.get(meta.dtype, "")
    shape = tuple(map(_size, meta.sizes))
    strides = tuple(map(_size, meta.strides)) if meta.strides or not shape else _packed(shape)
    if len(strides) != len(shape) or len(shape) > 64:
        raise ValueError(f"{len(shape)} sizes and {len(strides)} strides")
    offset = 0 if meta.storage_offset is None else _size(meta.storage_offset)
    return StoredTensor(key, dtype, offset, shape, strides)


def _packed(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(math.prod(shape[i + 1 :]) for i in range(len(shape)))


def _size(dimension: Dimension) -> int:
    number = dimension.as_int
    if number is None or not 0 <= number < 1 << 62:
        raise ValueError(f"{number} is no size")
    return number


def _view(archive: Archive, data: bytes, stored: StoredTensor) -> NDArray[np.generic]:
    """Return stored bytes as a tensor; every element is proved to lie in them first."""
    dtype = _numpy_dtype(archive, stored.dtype)
    flat = np.frombuffer(data, dtype, len(data) // dtype.itemsize)
    n_elements = math.prod(stored.shape)
    if n_elements == 0:
        return flat[:0].reshape([min(size, 1) for size in stored.shape])
    steps = zip(stored.shape, stored.strides, strict=True)
    last = stored.offset + sum((size - 1) * stride for size, stride in steps)
    if last >= len(flat):
        reason = f"a tensor of shape {list(stored.shape)} has {len(data):,} bytes"
        raise archive.damaged(reason)
    if n_elements > max(len(flat), MAX_VIEW_ELEMENTS):
        feature = f"a view of {n_elements:,} elements of {len(flat):,}"
        raise UnsupportedFeature(archive.name, feature, format=FORMAT)
    strides = [stride * dtype.itemsize for stride in stored.strides]
    return as_strided(flat[stored.offset :], stored.shape, strides, writeable=False)


def _numpy_dtype(archive: Archive, dtype: str) -> np.dtype[np.generic]:
    if dtype not in DTYPE_BITS:
        raise UnsupportedFeature(archive.name, f"values of type {dtype or 'unknown'}")
    if dtype.startswith(_EXTENDED):
        import ml_dtypes

        found: np.dtype[np.generic] = np.dtype(getattr(ml_dtypes, dtype))
        return found
    return np.dtype(dtype).newbyteorder("<")


def _inner(archive: Archive, member: str, wanted: str, limit: int) -> bytes:
    """Return a member of the archive that torch.save wrote into a member.

    Raises
    ------
    DamagedSource
        There is none, or it is cut.
    """
    with archive.inner(member) as zipped:
        for info in zipped.infolist():
            if info.filename.partition("/")[2] == wanted:
                if info.file_size > min(limit, archive.size(member)):
                    raise archive.damaged(f"{member} claims more than it holds")
                return zipped.read(info)
    raise DamagedSource(archive.name, f"{member} has no {wanted}", format=FORMAT)
