"""Leave the weights of a large ONNX file on disk: rewrite it, in memory, without them.

Protobuf has no way to skip a field, so parsing a file holds all of its weights,
twice. Here the file's fields are walked, and each large `raw_data` of an
initializer is replaced by what ONNX writes for external data: a location
(`OWN_FILE`), an offset and a length. Imports no onnx.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from importers.onnx_wire import GRAPH
from importers.protobuf_wire import LENGTH, VARINT

SLIM_ABOVE_BYTES = 64 << 20  # smaller files are parsed faster than they are rewritten
MIN_WEIGHT_BYTES = 1024
OWN_FILE = "(this file)"  # a location that leads to the model file itself and to nothing else

INITIALIZER = 5  # of GraphProto
RAW_DATA, EXTERNAL_DATA, DATA_LOCATION = 9, 13, 14  # of TensorProto
_FIXED_BYTES = {1: 8, 5: 4}  # wire type -> length
_WINDOW_BYTES = 1 << 16

Change = Callable[[int, int], bytes | None]


def slim_model(path: Path, min_bytes: int = MIN_WEIGHT_BYTES) -> bytes | None:
    """Return the file's `ModelProto` with weights of at least `min_bytes` left in the file.

    Returns
    -------
    bytes or None
        None where the fields do not add up; the parser says then what is wrong.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with path.open("rb") as file:
        data = FileBytes(file.fileno())

        def raw(start: int, end: int) -> bytes | None:
            return _own_file(start, end) if end - start >= min_bytes else None

        def tensor(start: int, end: int) -> bytes | None:
            if end - start < min_bytes:
                return None
            return _field(INITIALIZER, _rewrite(data, start, end, RAW_DATA, raw))

        def graph(start: int, end: int) -> bytes | None:
            return _field(GRAPH, _rewrite(data, start, end, INITIALIZER, tensor))

        try:
            return _rewrite(data, 0, data.size, GRAPH, graph)
        except ValueError:
            return None


class FileBytes:
    """A file by positions, of which a small window is held.

    Not a memory map: touching one after somebody has cut the file would kill the process.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._window = b""
        self._start = 0
        self.size = os.fstat(descriptor).st_size

    def byte(self, at: int) -> int:
        """Return one byte; raises ValueError past the end of the file."""
        place = at - self._start
        if not 0 <= place < len(self._window):
            self._window = os.pread(self._descriptor, _WINDOW_BYTES, at)
            self._start, place = at, 0
        if not self._window:
            raise ValueError("the file ends too early")
        return self._window[place]

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes from `start` to `end`; raises ValueError if the file ends before."""
        found = bytearray()
        while len(found) < end - start:
            piece = os.pread(self._descriptor, end - start - len(found), start + len(found))
            if not piece:
                raise ValueError("the file ends too early")
            found += piece
        return bytes(found)


def _own_file(start: int, end: int) -> bytes:
    """Return the fields that say: the data is in this file, from `start` to `end`."""
    entries = {"location": OWN_FILE, "offset": str(start), "length": str(end - start)}
    written = [
        _field(EXTERNAL_DATA, _field(1, key.encode()) + _field(2, text.encode()))
        for key, text in entries.items()
    ]
    return b"".join(written) + bytes([DATA_LOCATION << 3 | VARINT, 1])


def _rewrite(data: FileBytes, start: int, end: int, number: int, change: Change) -> bytes:
    """Return a message with every field `number` replaced by what `change` makes of its body.

    `change` gets the body's bounds and returns whole fields, or None to keep it.
    """
    pieces: list[bytes] = []
    kept_from = start
    for found, at, body, after in _spans(data, start, end):
        new = change(body, after) if found == number else None
        if new is not None:
            pieces += (data.read(kept_from, at), new)
            kept_from = after
    pieces.append(data.read(kept_from, end))
    return b"".join(pieces)


def _spans(data: FileBytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield (field number, first byte, first byte of the body, one past it) of each field.

    The number is -1 for a field that has no length of its own.

    Raises
    ------
    ValueError
        The fields do not fill the message.
    """
    at = start
    while at < end:
        tag, body = _varint(data, at, end)
        wire_type = tag & 7
        if wire_type == LENGTH:
            length, body = _varint(data, body, end)
            after = body + length
        elif wire_type == VARINT:
            _value, after = _varint(data, body, end)
        elif wire_type in _FIXED_BYTES:
            after = body + _FIXED_BYTES[wire_type]
        else:
            raise ValueError("a wire type that ONNX does not use")
        if after > end:
            raise ValueError("a field is longer than its message")
        yield (tag >> 3 if wire_type == LENGTH else -1), at, body, after
        at = after


def _varint(data: FileBytes, at: int, end: int) -> tuple[int, int]:
    """Return the number at `at` and the position after it."""
    value = 0
    for place in range(min(10, end - at)):
        byte = data.byte(at + place)
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise ValueError("a number is cut")


def _field(number: int, body: bytes) -> bytes:
    """Return a field with its tag and its length."""
    return _written(number << 3 | LENGTH) + _written(len(body)) + body


def _written(value: int) -> bytes:
    """Return a number as a varint."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
