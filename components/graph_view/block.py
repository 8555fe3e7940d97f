"""A block of bytes: magic, version, JSON header, 8-byte aligned columns (`docs/wire_format.md`).

Knows containers only; what a scene, an overlay and a state hold is said in
`wire.py`. Must not import Panel or the scene.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.errors import WireError

MAGIC = b"OPSC"
VERSION = 2
PREFIX_BYTES = 16
ALIGNMENT_BYTES = 8
MAX_STRING_CHARS = 1_000  # names in a file may be megabytes long, a label is not
MAX_HEADER_BYTES = 1_000_000
DTYPES: Mapping[str, np.dtype[Any]] = {
    "u1": np.dtype("<u1"),
    "u4": np.dtype("<u4"),
    "i4": np.dtype("<i4"),
    "f4": np.dtype("<f4"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """One block, taken apart.

    Attributes
    ----------
    kind : {"scene", "overlay", "state", "twins"}
    columns : dict of str to array
        Views of the block, read-only.
    strings : dict of str to tuple of str
        The lists of strings, by name.
    scalars : dict of str to JSON value
        What else the header says.
    """

    kind: str
    columns: dict[str, NDArray[Any]]
    strings: dict[str, tuple[str, ...]]
    scalars: dict[str, Any]


def pack_block(
    kind: str,
    columns: Mapping[str, NDArray[Any]],
    strings: Sequence[str] | None,
    scalars: Mapping[str, Any],
) -> bytes:
    """Return a block of `columns`, and of `strings` unless None.

    Parameters
    ----------
    kind : str
    columns : mapping of str to array
        C-contiguous, little-endian, of a dtype in `DTYPES`.
    strings : sequence of str or None
        ``strings[0] == ""``; texts over `MAX_STRING_CHARS` are cut with an ellipsis.
    scalars : mapping of str to JSON value

    Raises
    ------
    WireError
        If the header is too long or the strings do not begin with the empty one.
    """
    named = dict(columns)
    if strings is not None:
        named["strings.utf8"], named["strings.ends"] = _pack_strings(strings)
    header_bytes = _header_room(kind, named, scalars)
    start = _aligned(PREFIX_BYTES + header_bytes)
    entries, total_bytes = _entries(named, start)
    header = _encode_header(kind, entries, scalars).ljust(header_bytes)
    block = bytearray(total_bytes)
    block[:PREFIX_BYTES] = MAGIC + struct.pack("<III", VERSION, header_bytes, 0)
    block[PREFIX_BYTES : PREFIX_BYTES + header_bytes] = header
    for (_, _, _, offset, n_bytes), column in zip(entries, named.values(), strict=True):
        block[offset : offset + n_bytes] = column.tobytes()
    return bytes(block)


def unpack(block: bytes) -> Block:
    """Take a block apart; its columns are views of `block`.

    Raises
    ------
    WireError
        If the block is not one, of another version, or its header does not fit its bytes.
    """
    header, columns_at = _header(block)
    columns: dict[str, NDArray[Any]] = {}
    for entry in header.pop("columns", []):
        name, array = _view(block, entry, columns_at)
        columns[name] = array
    strings = {
        name.removesuffix(".ends"): _unpack_strings(columns, name.removesuffix(".ends"))
        for name in tuple(columns)
        if name.endswith(".ends")
    }
    return Block(str(header.pop("kind", "")), columns, strings, header)


def _header_room(kind: str, columns: Mapping[str, NDArray[Any]], scalars: Mapping[str, Any]) -> int:
    # Offsets count from the block's start, behind a header whose length depends on their
    # digits: leave room for the longest and fill up with spaces.
    longest = 4 * MAX_HEADER_BYTES + sum(column.nbytes + 8 for column in columns.values())
    entries, _ = _entries(columns, longest)
    room = len(_encode_header(kind, entries, scalars))
    if room > MAX_HEADER_BYTES:
        raise WireError(f"a header of at most {MAX_HEADER_BYTES} bytes", str(room))
    return room


Entry = tuple[str, str, list[int], int, int]


def _entries(columns: Mapping[str, NDArray[Any]], start: int) -> tuple[list[Entry], int]:
    entries: list[Entry] = []
    offset = start
    for name, column in columns.items():
        dtype = column.dtype.str[1:]
        entries.append((name, dtype, list(column.shape), offset, column.nbytes))
        offset = _aligned(offset + column.nbytes)
    return entries, offset


def _encode_header(kind: str, entries: Sequence[Entry], scalars: Mapping[str, Any]) -> bytes:
    header = {"kind": kind, "columns": entries, **scalars}
    return json.dumps(header, separators=(",", ":"), allow_nan=False).encode()


def _aligned(offset: int) -> int:
    return -(-offset // ALIGNMENT_BYTES) * ALIGNMENT_BYTES


def _pack_strings(strings: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
    if not strings or strings[0] != "":
        raise WireError("strings that begin with the empty one", str(strings[:1]))
    encoded = [_shown(text).encode("utf-8", "replace") for text in strings]
    ends = np.cumsum([len(part) for part in encoded], dtype=np.uint64)
    if ends[-1] >= 2**32:
        raise WireError("under 4 GiB of strings", str(int(ends[-1])))
    return np.frombuffer(b"".join(encoded), np.uint8), ends.astype(np.uint32)


def _shown(text: str) -> str:
    return text if len(text) <= MAX_STRING_CHARS else text[: MAX_STRING_CHARS - 1] + "…"


def _header(block: bytes) -> tuple[dict[str, Any], int]:
    if len(block) < PREFIX_BYTES or block[:4] != MAGIC:
        raise WireError(f"a block that begins with {MAGIC!r}", repr(bytes(block[:4])))
    version, n_bytes, _ = struct.unpack_from("<III", block, 4)
    if version != VERSION:
        raise WireError(f"version {VERSION}", str(version))
    if PREFIX_BYTES + n_bytes > len(block):
        raise WireError(f"a header of {n_bytes} bytes", f"a block of {len(block)}")
    try:
        header = json.loads(block[PREFIX_BYTES : PREFIX_BYTES + n_bytes])
    except ValueError as error:
        raise WireError("a header in JSON", str(error)) from error
    if not isinstance(header, dict):
        raise WireError("a JSON object as header", type(header).__name__)
    return header, PREFIX_BYTES + n_bytes


def _view(block: bytes, entry: Any, columns_at: int) -> tuple[str, NDArray[Any]]:
    try:
        name, dtype, shape, offset, n_bytes = entry
        count = math.prod(shape)
        fits = columns_at <= offset and offset + n_bytes <= len(block)
        if not fits or count * DTYPES[dtype].itemsize != n_bytes or offset % ALIGNMENT_BYTES:
            raise WireError("a column inside the block, aligned, of its shape", str(entry))
        array = np.frombuffer(block, DTYPES[dtype], count, offset)
        return str(name), array.reshape(shape)
    except (TypeError, ValueError, KeyError) as error:
        raise WireError("[name, dtype, shape, offset, n_bytes]", str(entry)) from error


def _unpack_strings(columns: dict[str, NDArray[Any]], name: str) -> tuple[str, ...]:
    ends = columns.pop(f"{name}.ends")
    text = columns.pop(f"{name}.utf8", np.empty(0, np.uint8)).tobytes()
    if ends.size and (int(ends[-1]) > len(text) or bool(np.any(ends[1:] < ends[:-1]))):
        raise WireError(f"{name}.ends that rise to {len(text)}", str(int(ends[-1])))
    starts = [0, *ends.tolist()[:-1]]
    return tuple(
        text[start:end].decode("utf-8", "replace")
        for start, end in zip(starts, ends.tolist(), strict=True)
    )
