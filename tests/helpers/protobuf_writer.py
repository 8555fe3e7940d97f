"""Write protobuf messages by field number, for formats whose messages are read by hand."""

from __future__ import annotations


def message(*fields: tuple[int, object]) -> bytes:
    """Return a message.

    Parameters
    ----------
    *fields : (int, object)
        Number and value: an int is a varint, a str or bytes a length and content
        (four bytes under field 24 a fixed number, as HLO's epsilon), a tuple of
        ints a packed list.
    """
    found = b""
    for number, value in fields:
        if isinstance(value, int):
            found += varint(number << 3) + varint(value)
        elif isinstance(value, bytes) and number == 24 and len(value) == 4:
            found += varint(number << 3 | 5) + value
        else:
            content = _content(value)
            found += varint(number << 3 | 2) + varint(len(content)) + content
    return found


def varint(number: int) -> bytes:
    """Return a number in seven-bit groups; a negative one as 64 bits."""
    number &= (1 << 64) - 1
    groups = bytearray()
    while number >= 0x80:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)


def _content(value: object) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, tuple):
        return b"".join(map(varint, value))
    assert isinstance(value, bytes)
    return value
