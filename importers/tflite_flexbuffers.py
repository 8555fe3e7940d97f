"""FlexBuffers as text: the options of custom operators, which carry their own field names.

Format: https://flatbuffers.dev/flexbuffers. Bytes from a file are hostile: the
`flatbuffers` package follows shared vectors without a bound, so that a few
hundred bytes can stand for 2**64 items. Here depth and number of items are
bounded. Imports nothing of ours.
"""

from __future__ import annotations

import struct

MAX_DEPTH = 8
MAX_ITEMS = 2000
MAX_TEXT_BYTES = 4096

_INT, _UINT, _FLOAT, _KEY, _STRING, _MAP, _VECTOR, _BLOB, _BOOL = 1, 2, 3, 4, 5, 9, 10, 25, 26
_INDIRECT = {6: _INT, 7: _UINT, 8: _FLOAT}
_TYPED = {11: _INT, 12: _UINT, 13: _FLOAT, 14: _KEY, 15: _STRING, 36: _BOOL}
_FIXED = {16 + i: ((_INT, _UINT, _FLOAT)[i % 3], 2 + i // 3) for i in range(9)}
_NUMBERS = {_INT: "bhiq", _UINT: "BHIQ", _BOOL: "BHIQ"}


def flexbuffer_facts(data: bytes) -> list[tuple[str, str]] | None:
    """Return the items of a map as (key, text), or one nameless item for any other root.

    None where the bytes are no FlexBuffer.
    """
    try:
        return _Reader(data).facts()
    except (ValueError, struct.error):
        return None


class _Reader:
    """Walks one buffer; raises ValueError where it is none."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.left = MAX_ITEMS

    def facts(self) -> list[tuple[str, str]]:
        if len(self.data) < 3:
            raise ValueError("too short")
        width, packed = self.data[-1], self.data[-2]
        at = len(self.data) - 2 - width
        if packed >> 2 == _MAP:
            where = self._follow(at, width)
            return self._map(where, 1 << (packed & 3), 0)
        return [("", self._text(at, width, packed, 0))]

    def _number(self, at: int, width: int, kind: int) -> int | float:
        if width not in (1, 2, 4, 8) or at < 0 or at + width > len(self.data):
            raise ValueError("outside")
        if kind == _FLOAT:
            layout = {2: "e", 4: "f", 8: "d"}.get(width)
            if layout is None:
                raise ValueError("a float of one byte")
        else:
            layout = _NUMBERS[kind][width.bit_length() - 1]
        number: int | float = struct.unpack_from(f"<{layout}", self.data, at)[0]
        return number

    def _follow(self, at: int, width: int) -> int:
        return at - int(self._number(at, width, _UINT))

    def _text(self, at: int, width: int, packed: int, depth: int) -> str:
        self.left -= 1
        if self.left < 0 or depth > MAX_DEPTH:
            return "…"
        kind, inner = packed >> 2, 1 << (packed & 3)
        if kind == 0:
            return "null"
        if kind == _BOOL:
            return "true" if self._number(at, width, _BOOL) else "false"
        if kind in (_INT, _UINT, _FLOAT):
            return f"{self._number(at, width, kind):.10g}"
        where = self._follow(at, width)
        if kind in _INDIRECT:
            return f"{self._number(where, inner, _INDIRECT[kind]):.10g}"
        if kind == _KEY:
            return self._key(where)
        if kind in (_STRING, _BLOB):
            return self._bytes(where, inner, is_text=kind == _STRING)
        if kind == _MAP:
            return "{" + ", ".join(f"{k}: {v}" for k, v in self._map(where, inner, depth)) + "}"
        return "[" + ", ".join(self._items(kind, where, inner, depth)) + "]"

    def _key(self, at: int) -> str:
        if at < 0:
            raise ValueError("outside")
        end = self.data.find(b"\0", at, at + MAX_TEXT_BYTES)
        if end < 0:
            raise ValueError("a key without an end")
        return self.data[at:end].decode("utf-8", "replace")

    def _bytes(self, at: int, width: int, *, is_text: bool) -> str:
        length = int(self._number(at - width, width, _UINT))
        if at < 0 or at + length > len(self.data):
            raise ValueError("outside")
        shown = self.data[at : at + min(length, MAX_TEXT_BYTES)]
        if not is_text:
            return shown.hex(" ")
        text = shown.decode("utf-8", "replace")
        return text if text.isprintable() else repr(shown)[2:-1]

    def _items(self, kind: int, at: int, width: int, depth: int) -> list[str]:
        if kind in _FIXED:
            kind, count = _FIXED[kind]
            packed = [kind << 2] * count
        else:
            count = self._count(at, width)
            if kind == _VECTOR:
                packed = list(self.data[at + count * width : at + count * (width + 1)])
            elif kind in _TYPED:
                packed = [_TYPED[kind] << 2] * min(count, MAX_ITEMS)
            else:
                raise ValueError("an unknown type")
        return [
            self._text(at + i * width, width, one, depth + 1)
            for i, one in enumerate(packed[: self.left])
        ]

    def _map(self, at: int, width: int, depth: int) -> list[tuple[str, str]]:
        count = self._count(at, width)
        keys = self._follow(at - 3 * width, width)
        key_width = int(self._number(at - 2 * width, width, _UINT))
        found = []
        for i in range(min(count, self.left)):
            key = self._key(self._follow(keys + i * key_width, key_width))
            packed = self.data[at + count * width + i]
            found.append((key, self._text(at + i * width, width, packed, depth + 1)))
        return found

    def _count(self, at: int, width: int) -> int:
        count = int(self._number(at - width, width, _UINT))
        if at + count * (width + 1) > len(self.data) + count:
            raise ValueError("outside")
        return count
