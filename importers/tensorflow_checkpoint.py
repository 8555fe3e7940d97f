"""Read what a checkpoint holds from its index, and one tensor on demand from its data files.

`variables.index` is a table of LevelDB's format, sorted by key; TensorFlow before
2.0 compressed its blocks: https://github.com/google/leveldb/blob/main/doc/table_format.md
Its values are `BundleEntryProto`:
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/tensor_bundle.proto

No file outside the model's folder is opened. Imports no framework.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.errors import DamagedSource, ReadError, UnsupportedFeature, quoted
from graphs.tensor_type import TensorType
from importers.notes import Notes
from importers.snappy import unpacked
from importers.tensorflow_messages import Messages
from importers.tensorflow_ops import dtype_name
from importers.tensorflow_tensors import TypeTable, from_bytes

INDEX = "variables/variables.index"
OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
MAX_INDEX_BYTES = 64 << 20
MAX_KEY_BYTES = 64 << 20  # of all keys and unpacked blocks: a key may repeat the one before
MAX_OBJECT_GRAPH_BYTES = 64 << 20
_MAGIC = 0xDB4775248B80FB57
_FOOTER_BYTES, _TRAILER_BYTES = 48, 5
_BIG_ENDIAN = 1
_SNAPPY = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a tensor lies.

    Attributes
    ----------
    type : TensorType
    shard : int
        Number of the data file.
    offset, size : int
        Bytes.
    is_sliced : bool
        True where it is stored in parts.
    """

    type: TensorType
    shard: int
    offset: int
    size: int
    is_sliced: bool


@dataclass(slots=True)
class Checkpoint:
    """The tensors of one checkpoint.

    Attributes
    ----------
    folder : Path or None
        The model's; None for an upload.
    name, format : str
        Of the model, for errors.
    entries : dict of str to Entry
        By key.
    n_shards : int
    key_of : dict of str to str
        Full name of a variable -> key, where the checkpoint stores objects by their path.
    """

    folder: Path | None = None
    name: str = ""
    format: str = ""
    entries: dict[str, Entry] = field(default_factory=dict)
    n_shards: int = 1
    key_of: dict[str, str] = field(default_factory=dict)

    def find(self, variable: str) -> tuple[str, Entry] | None:
        """Return key and entry of a variable by its full name; None if it is not there."""
        key = self.key_of.get(variable, variable)
        entry = self.entries.get(key)
        return None if entry is None else (key, entry)

    def tensor(self, entry: Entry) -> NDArray[np.generic]:
        """Return the data of an entry.

        Raises
        ------
        ReadError
            The file is missing, outside the folder, or too short.
        """
        if entry.is_sliced:
            raise UnsupportedFeature(
                self.name, "a variable stored in several parts", format=self.format
            )
        shape = entry.type.shape
        if shape is None or not all(isinstance(d, int) for d in shape):
            raise DamagedSource(self.name, "a variable has no shape", format=self.format)
        sizes = tuple(int(d) for d in shape)  # type: ignore[arg-type]
        data = self._bytes(entry, entry.size)
        return from_bytes(data, entry.type.dtype, sizes, self.name, self.format)

    def _bytes(self, entry: Entry, limit: int) -> bytes:
        location = f"variables/variables.data-{entry.shard:05d}-of-{self.n_shards:05d}"
        path = beside(self.folder, location)
        if path is None:
            reason = f"its weights lie in {quoted(location)}, which is not in its folder"
            raise ReadError(self.name, reason, format=self.format)
        try:
            if not 0 <= entry.offset <= path.stat().st_size - entry.size or entry.size < 0:
                reason = f"{quoted(location)} ends before a tensor in it does"
                raise DamagedSource(self.name, reason, format=self.format)
            with path.open("rb") as file:
                file.seek(entry.offset)
                return file.read(min(entry.size, limit))
        except OSError as error:
            reason = f"{quoted(location)} cannot be read: {error.strerror}"
            raise ReadError(self.name, reason, format=self.format) from error

    def read_names(self, messages: Messages) -> None:
        """Fill in `key_of` from the graph of objects that a TF2 checkpoint stores as a string."""
        entry = self.entries.get(OBJECT_GRAPH)
        if entry is None or entry.type.dtype != "string":
            return
        if entry.size > MAX_OBJECT_GRAPH_BYTES:
            raise DamagedSource(self.name, "its checkpoint's graph of objects is too large")
        data = self._bytes(entry, MAX_OBJECT_GRAPH_BYTES)
        length, at = _varint(data, 0)
        at += 4  # a checksum of the lengths
        if length != len(data) - at:
            raise DamagedSource(self.name, "its checkpoint's graph of objects is cut")
        objects = _parsed(messages.object_graph, data[at:], self.name)
        for node in objects.nodes:
            for one in node.attributes:
                if one.full_name and one.checkpoint_key in self.entries:
                    self.key_of.setdefault(one.full_name, one.checkpoint_key)


def beside(folder: Path | None, location: str) -> Path | None:
    """Return a regular file inside the model's folder, links resolved; None if there is none."""
    if folder is None:
        return None
    try:
        home = folder.resolve()
        path = (home / location).resolve()
        return path if path.is_relative_to(home) and path.is_file() else None
    except (OSError, ValueError, RuntimeError):
        return None


def read_checkpoint(
    folder: Path | None, name: str, format: str, messages: Messages, notes: Notes
) -> Checkpoint | None:
    """Return what the checkpoint beside a SavedModel holds; None where there is none.

    One that is damaged is noted, and gives what could be read of it.
    """
    path = beside(folder, INDEX)
    if path is None:
        return None
    found = Checkpoint(folder, name, format)
    try:
        if path.stat().st_size > MAX_INDEX_BYTES:
            raise DamagedSource(name, f"{INDEX} is too large")
        _read_entries(found, path.read_bytes(), messages)
        found.read_names(messages)
    except (ReadError, OSError, ValueError, struct.error, IndexError) as error:
        reason = getattr(error, "reason", None) or str(error)
        notes.add("damaged", "The checkpoint of the variables cannot be read whole", reason)
    return found


def _read_entries(found: Checkpoint, data: bytes, messages: Messages) -> None:
    types = TypeTable()
    for key, value in table_entries(data):
        if not key:
            header = _parsed(messages.bundle_header, value, found.name)
            found.n_shards = max(1, header.num_shards)
            if header.endianness == _BIG_ENDIAN:
                raise DamagedSource(found.name, f"{INDEX} is of a big-endian machine")
            continue
        one = _parsed(messages.bundle_entry, value, found.name)
        type = types.of(dtype_name(one.dtype), one.shape)
        entry = Entry(type, one.shard_id, one.offset, one.size, bool(one.slices))
        found.entries[key.decode("utf-8", "backslashreplace")] = entry


def _parsed(cls: Any, data: bytes, name: str) -> Any:
    try:
        return cls.FromString(data)
    except Exception as error:
        if type(error).__name__ != "DecodeError":
            raise
        raise DamagedSource(name, "an entry of its checkpoint is corrupt") from error


def table_entries(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield keys and values of a LevelDB table.

    Raises
    ------
    ValueError
        It is no such table, is cut, or compressed.
    """
    if len(data) < _FOOTER_BYTES or struct.unpack("<Q", data[-8:])[0] != _MAGIC:
        raise ValueError("it is not a table of LevelDB's format, or it is cut")
    footer = data[-_FOOTER_BYTES:]
    _, at = _varint(footer, 0)
    _, at = _varint(footer, at)
    budget = [MAX_KEY_BYTES]
    seen: set[int] = set()
    for _, handle in _block(data, *_handle(footer, at), budget):
        offset, size = _handle(handle, 0)
        if offset in seen:
            raise ValueError("two entries of its index name one block")
        seen.add(offset)
        yield from _block(data, offset, size, budget)


def _handle(data: bytes, at: int) -> tuple[int, int]:
    offset, at = _varint(data, at)
    size, _ = _varint(data, at)
    return offset, size


def _block(data: bytes, offset: int, size: int, budget: list[int]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the entries of a block; each key repeats the start of the one before."""
    end = offset + size
    if end + _TRAILER_BYTES > len(data) or size < 4:
        raise ValueError("a block lies outside of it")
    if data[end] == _SNAPPY:
        data = unpacked(data[offset:end], budget[0])
        budget[0] -= len(data)
        offset, end = 0, len(data)
    elif data[end]:
        raise ValueError("it is compressed in an unknown way")
    if end - offset < 4:
        raise ValueError("a block is corrupt")
    (n_restarts,) = struct.unpack("<I", data[end - 4 : end])
    end -= 4 * (n_restarts + 1)
    if end < offset:
        raise ValueError("a block is corrupt")
    key = b""
    at = offset
    while at < end:
        n_shared, at = _varint(data, at)
        n_own, at = _varint(data, at)
        n_value, at = _varint(data, at)
        if n_shared > len(key) or at + n_own + n_value > end:
            raise ValueError("an entry leaves its block")
        key = key[:n_shared] + data[at : at + n_own]
        budget[0] -= len(key)
        if budget[0] < 0:
            raise ValueError("its keys are longer than any model's")
        at += n_own
        yield key, data[at : at + n_value]
        at += n_value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(10):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at
    raise ValueError("a number is cut")
