"""Break files in the ways in which files break, and in those that an attacker would choose.

Every mutation is a function of (content, other, draw): `other` is a second file
of the same format to splice with, `draw` the only source of chance.
"""

from __future__ import annotations

import gzip
import io
import random
import re
import struct
import zipfile
import zlib

Draw = random.Random
NUMBERS = (
    0,
    1,
    2,
    4,
    127,
    128,
    255,
    2**15,
    2**16,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**63 - 1,
    2**64 - 1,
)
HUGE_VARINTS = (b"\xff" * 9 + b"\x01", b"\xff" * 4 + b"\x07", b"\x80" * 9 + b"\x01", b"\xff" * 16)
OPENERS = (b"{", b"[", b"(", b"<", b'"', b"\\", b"\n", b"{" * 300, b"(" * 3000, b"[" * 3000)
_DATE = (2020, 1, 1, 0, 0, 0)


def mutated(content: bytes, other: bytes, draw: Draw) -> bytes:
    """Return the content broken in one to four places; archives also inside their members."""
    if content[:4] == b"PK\x03\x04" and draw.random() < 0.75:
        return _in_member(content, draw)
    if content[:2] == b"\x1f\x8b" and draw.random() < 0.75:
        return gzip.compress(mutated(gzip.decompress(content), content, draw), 1, mtime=0)
    ways = TEXT_WAYS if _is_text(content) else BINARY_WAYS
    for _ in range(draw.choice((1, 1, 1, 2, 3, 4))):
        content = draw.choice(ways)(content or b"\0", other or b"\0", draw)
    return content


def _is_text(content: bytes) -> bool:
    return b"\0" not in content[:1000] and content[:200].isascii()


def _span(content: bytes, draw: Draw, limit: int) -> tuple[int, int]:
    start = draw.randrange(len(content))
    return start, start + draw.randint(1, min(limit, len(content)))


def _flip(content: bytes, other: bytes, draw: Draw) -> bytes:
    broken = bytearray(content)
    for _ in range(draw.randint(1, 4)):
        broken[draw.randrange(len(broken))] ^= 1 << draw.randrange(8)
    return bytes(broken)


def _byte(content: bytes, other: bytes, draw: Draw) -> bytes:
    at = draw.randrange(len(content))
    return content[:at] + bytes([draw.randrange(256)]) + content[at + 1 :]


def _cut(content: bytes, other: bytes, draw: Draw) -> bytes:
    return content[: draw.randrange(len(content))]


def _drop(content: bytes, other: bytes, draw: Draw) -> bytes:
    start, end = _span(content, draw, 64)
    return content[:start] + content[end:]


def _repeat(content: bytes, other: bytes, draw: Draw) -> bytes:
    start, end = _span(content, draw, 200)
    return content[:start] + content[start:end] * draw.choice((2, 2, 3, 50)) + content[end:]


def _swap(content: bytes, other: bytes, draw: Draw) -> bytes:
    length = draw.randint(1, max(1, min(64, len(content) // 2)))
    a, b = sorted(draw.randrange(max(1, len(content) - length)) for _ in range(2))
    b = max(b, a + length)
    first, second = content[a : a + length], content[b : b + length]
    return content[:a] + second + content[a + length : b] + first + content[b + length :]


def _splice(content: bytes, other: bytes, draw: Draw) -> bytes:
    at = draw.randrange(len(content))
    if draw.random() < 0.5:  # the same place in both, where their heads agree
        return content[:at] + other[min(at, len(other)) :]
    return content[:at] + other[draw.randrange(len(other)) :]


def _varint(content: bytes, other: bytes, draw: Draw) -> bytes:
    at = draw.randrange(len(content))
    n_replaced = draw.choice((0, 1, 1, 2))
    return content[:at] + draw.choice(HUGE_VARINTS) + content[at + n_replaced :]


def _number(content: bytes, other: bytes, draw: Draw) -> bytes:
    size = draw.choice((1, 2, 4, 4, 8))
    at = draw.randrange(len(content)) // size * size
    number = draw.choice((*NUMBERS, len(content), draw.randrange(2 * len(content))))
    packed = struct.pack("<Q", number)[:size]
    return content[:at] + packed + content[at + size :]


def _digits(content: bytes, other: bytes, draw: Draw) -> bytes:
    """Replace a written number by one that few expect."""
    found = list(re.finditer(rb"-?\d+", content[:100_000]))
    if not found:
        return _byte(content, other, draw)
    at = draw.choice(found)
    texts = [b"", b"-1", b"1e999", b"9" * draw.choice((10, 20, 400, 5000)), b"NaN", b"0x"]
    return content[: at.start()] + draw.choice(texts) + content[at.end() :]


def _opener(content: bytes, other: bytes, draw: Draw) -> bytes:
    at = draw.randrange(len(content))
    return content[:at] + draw.choice(OPENERS) + content[at:]


def _closer(content: bytes, other: bytes, draw: Draw) -> bytes:
    found = list(re.finditer(rb'[\]\[{}()<>",:=]', content[:100_000]))
    if not found:
        return _byte(content, other, draw)
    at = draw.choice(found).start()
    return content[:at] + content[at + 1 :]


def _lines(content: bytes, other: bytes, draw: Draw) -> bytes:
    lines = content.splitlines(keepends=True)
    a, b = draw.randrange(len(lines)), draw.randrange(len(lines))
    if draw.random() < 0.5:
        lines[a], lines[b] = lines[b], lines[a]
    else:
        lines.insert(a, lines[b])
    return b"".join(lines)


def _words(content: bytes, other: bytes, draw: Draw) -> bytes:
    """Put one word of the text where another is."""
    found = list(re.finditer(rb"[\w.%@]+", content[:100_000]))
    if len(found) < 2:
        return _byte(content, other, draw)
    at, word = draw.choice(found), draw.choice(found)[0]
    return content[: at.start()] + word + content[at.end() :]


BINARY_WAYS = (_flip, _byte, _cut, _drop, _repeat, _swap, _splice, _varint, _number, _number)
TEXT_WAYS = (_flip, _byte, _cut, _drop, _repeat, _swap, _splice, _digits, _digits, _opener,
             _closer, _lines, _words, _words)  # fmt: skip


def _in_member(content: bytes, draw: Draw) -> bytes:
    """Break one member of a ZIP archive, or leave it out, or double it, and pack all again."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [(one.filename, archive.read(one)) for one in archive.infolist()]
    except (zipfile.BadZipFile, zlib.error, NotImplementedError):
        return _flip(content, content, draw)
    at = draw.randrange(len(members))
    name, inside = members[at]
    way = draw.random()
    if way < 0.05:
        del members[at]
    elif way < 0.1:
        members.append((draw.choice(("../x", "/etc/x", name + "x", "a/" * 200)), inside))
    else:
        members[at] = (name, mutated(inside, draw.choice(members)[1], draw))
    return zipped(members)


def zipped(members: list[tuple[str, bytes]]) -> bytes:
    """Return a ZIP archive that is the same each time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, inside in dict(members).items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), inside)
    return out.getvalue()
