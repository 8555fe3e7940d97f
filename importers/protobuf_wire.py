"""The protobuf wire format by hand, within bounds, without recursion.

For messages that no package has, and for heads of files, of which the rest is not there.

Specification: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
MAX_VARINT_BYTES = 10

Field = tuple[int, int, int, int]  # number, wire type, varint or start, end


class BrokenWire(ValueError):
    """Bytes that are no message; its argument is the offset."""


def fields(data: bytes, start: int, end: int) -> Iterator[Field]:
    """Yield the fields of the message in ``data[start:end]``.

    Of a varint the third item is its value; of everything else it is where the
    content starts, and the fourth where it ends.

    Raises
    ------
    BrokenWire
        A field leaves the message, or is of a wire type that does not exist.
    """
    at = start
    while at < end:
        tag = data[at]
        if tag < 0x80:
            at += 1
        else:
            tag, at = varint(data, at, end)
        number, wire_type = tag >> 3, tag & 7
        if number == 0:
            raise BrokenWire(at)
        if wire_type == VARINT:
            value, at = varint(data, at, end)
            yield number, VARINT, value, at
            continue
        if wire_type == LENGTH:
            length, at = varint(data, at, end)
        elif wire_type in (FIXED64, FIXED32):
            length = 8 if wire_type == FIXED64 else 4
        else:
            raise BrokenWire(at)
        if at + length > end:
            raise BrokenWire(at)
        yield number, wire_type, at, at + length
        at += length


def present_fields(head: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """Yield (field number, wire type, varint or length, bytes present) of a message's head.

    Ends at the end of `head`, which may cut the last field. What is neither a number nor of
    stated length ends the walk as field 0, which no message has.
    """
    at = 0
    try:
        while at < len(head):
            tag, at = varint(head, at, len(head))
            number, wire_type = tag >> 3, tag & 7
            if number == 0 or wire_type not in (VARINT, LENGTH):
                yield 0, wire_type, 0, b""
                return
            value, at = varint(head, at, len(head))
            if wire_type == LENGTH:
                yield number, wire_type, value, head[at : at + value]
                at += value
            else:
                yield number, wire_type, value, b""
    except BrokenWire:  # the head ends inside a number
        return


def varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Return the number at `at`, and where the next field starts.

    Raises
    ------
    BrokenWire
        The number does not end in time.
    """
    value = shift = 0
    for place in range(at, min(end, at + MAX_VARINT_BYTES)):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place + 1
        shift += 7
    raise BrokenWire(at)


def numbers(data: bytes, field: Field) -> list[int]:
    """Return what one field adds to a list of integers, packed or not."""
    _number, wire_type, at, end = field
    if wire_type == VARINT:
        return [signed(at)]
    found: list[int] = []
    while at < end:
        value, at = varint(data, at, end)
        found.append(signed(value))
    return found


def signed(value: int) -> int:
    """Return a varint as the 64-bit number that it stands for."""
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


def text(data: bytes, field: Field) -> str:
    """Return a field's content as text, what is not UTF-8 mended; empty for a number."""
    _number, wire_type, at, end = field
    return data[at:end].decode("utf-8", "backslashreplace") if wire_type == LENGTH else ""
