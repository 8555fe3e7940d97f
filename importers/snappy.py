"""Unpack a block of Snappy's raw format, as older TensorFlow writes the index of a checkpoint.

Specification: https://github.com/google/snappy/blob/main/format_description.txt
Imports nothing of ours.
"""

from __future__ import annotations


def unpacked(data: bytes, limit: int) -> bytes:
    """Return the content of a raw Snappy block.

    Raises
    ------
    ValueError
        The block is corrupt, or states more than `limit` bytes.
    """
    length, at = _length(data)
    if length > limit:
        raise ValueError(f"a compressed block claims {length:,} bytes")
    out = bytearray()
    while at < len(data) and len(out) <= length:
        tag = data[at]
        at += 1
        if tag & 3 == 0:
            size, at = _literal_size(data, tag, at)
            if at + size > len(data):
                break
            out += data[at : at + size]
            at += size
        else:
            size, back, at = _copy(data, tag, at)
            if not 0 < back <= len(out):
                raise ValueError("a compressed block refers to what is not there")
            start = len(out) - back
            if back >= size:
                out += out[start : start + size]
            else:  # the copy reads what it writes
                piece = bytes(out[start:])
                out += (piece * (size // back + 1))[:size]
    if len(out) != length:
        raise ValueError("a compressed block is cut")
    return bytes(out)


def _length(data: bytes) -> tuple[int, int]:
    value = 0
    for place, byte in enumerate(data[:5]):
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, place + 1
    raise ValueError("a compressed block has no length")


def _literal_size(data: bytes, tag: int, at: int) -> tuple[int, int]:
    """Return the bytes of a literal and where they start."""
    size = tag >> 2
    if size < 60:
        return size + 1, at
    n = size - 59
    return int.from_bytes(data[at : at + n], "little") + 1, at + n


def _copy(data: bytes, tag: int, at: int) -> tuple[int, int, int]:
    """Return the bytes of a copy, how far back they lie, and where the next tag is."""
    if tag & 3 == 1:
        size, n = (tag >> 2 & 7) + 4, 1
        high = (tag >> 5) << 8
    else:
        size, n, high = (tag >> 2) + 1, 2 if tag & 3 == 2 else 4, 0
    if at + n > len(data):
        raise ValueError("a compressed block is cut")
    return size, high | int.from_bytes(data[at : at + n], "little"), at + n
