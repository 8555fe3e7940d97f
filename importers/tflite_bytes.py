"""Bounded reading of a FlatBuffer, in pages, so that weights between the tables are not read.

A FlatBuffer is a web of offsets, and in a hostile file any of them may point
anywhere. Here every read is checked against the length of the file, and one
opening may read no more bytes than a few times that length: vectors that
overlap cannot make a small file look like a huge one. No recursion.

Format: https://flatbuffers.dev/internals. Apart from `tflite.py` because it
knows nothing of models; imports neither numpy nor the `flatbuffers` package.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import BinaryIO, Self

from graphs.errors import DamagedSource, ReadError
from importers.base import Probe

FORMAT = "TFLite"
PAGE_BITS = 13  # pages of 8 KiB: small beside weights, large beside tables
WHOLE_BITS = 62  # bytes in memory are one page
OVERLAP = 8  # bytes that a page shares with the next one, so that no number is split
MAX_VTABLE_BYTES = 4096
READ_FACTOR = 8  # shared vectors and strings are read more than once; a bomb much more often
READ_FLOOR = 1 << 20
TABLE_COST = 32  # bytes that reading a table's numbers counts as

_I32 = struct.Struct("<i").unpack_from
_U32 = struct.Struct("<I").unpack_from
SCALARS = {
    "i1": (struct.Struct("<b"), 1),
    "u1": (struct.Struct("<B"), 1),
    "b1": (struct.Struct("<?"), 1),
    "i2": (struct.Struct("<h"), 2),
    "u2": (struct.Struct("<H"), 2),
    "i4": (struct.Struct("<i"), 4),
    "u4": (struct.Struct("<I"), 4),
    "f4": (struct.Struct("<f"), 4),
    "i8": (struct.Struct("<q"), 8),
    "u8": (struct.Struct("<Q"), 8),
    "f8": (struct.Struct("<d"), 8),
}


class FlatFile:
    """The bytes of one FlatBuffer, read a page at a time and kept.

    What was read stays in memory, so a file that is replaced later does not
    change what an open model says of itself; what was not read yet is refused
    then (`DamagedSource`).

    Parameters
    ----------
    probe : Probe
    """

    def __init__(self, probe: Probe) -> None:
        self.name = probe.name
        self.path = probe.path
        self.size = probe.size
        self._pages: dict[int, bytes] = {}
        self._bits = PAGE_BITS
        self._file: BinaryIO | None = None
        self._stamp: tuple[int, int, int] | None = None
        self._vtables: dict[int, tuple[int, ...]] = {}
        if probe.content is not None:
            self._bits = WHOLE_BITS
            self._pages[0] = probe.content
        self._mask = (1 << self._bits) - 1
        self.renew()

    def __enter__(self) -> Self:
        """Keep the file open while many pages are read."""
        if self._bits == PAGE_BITS:
            self._file = self._open()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file; later reads open it again for themselves."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def renew(self) -> None:
        """Grant a fresh amount of bytes that may be read."""
        self._left = READ_FACTOR * self.size + READ_FLOOR

    def damaged(self, reason: str, at: int | None = None) -> DamagedSource:
        """Return the error to raise."""
        return DamagedSource(self.name, reason, format=FORMAT, offset=at)

    def u16(self, at: int) -> int:
        """Return the unsigned 16-bit number at byte `at`."""
        return int(self.scalar(at, "u2"))

    def i32(self, at: int) -> int:
        """Return the signed 32-bit number at byte `at`."""
        try:
            number: int = _I32(self._pages[at >> self._bits], at & self._mask)[0]
        except (KeyError, struct.error):
            number = _I32(*self._spot(at, 4))[0]
        return number

    def u32(self, at: int) -> int:
        """Return the unsigned 32-bit number at byte `at`."""
        try:
            number: int = _U32(self._pages[at >> self._bits], at & self._mask)[0]
        except (KeyError, struct.error):
            number = _U32(*self._spot(at, 4))[0]
        return number

    def scalar(self, at: int, kind: str) -> int | float:
        """Return the number of a kind in `SCALARS` at byte `at`."""
        layout, width = SCALARS[kind]
        try:
            found = layout.unpack_from(self._pages[at >> self._bits], at & self._mask)
        except (KeyError, struct.error):
            found = layout.unpack_from(*self._spot(at, width))
        number: int | float = found[0]
        return number

    def span(self, start: int, length: int) -> bytes:
        """Return `length` bytes from `start`, and count them as read."""
        if length < 0 or start < 0 or start + length > self.size:
            raise self.damaged(f"{length:,} bytes reach past its end", start)
        self._spend(length + 1, start)
        first, last = start >> self._bits, (start + max(length, 1) - 1) >> self._bits
        offset = start - (first << self._bits)
        if first == last:
            return self._page(first)[offset : offset + length]
        if last - first > 16:
            return self._read(start, length)
        width = 1 << self._bits
        joined = b"".join(self._page(i)[:width] for i in range(first, last + 1))
        return joined[offset : offset + length]

    def vtable(self, table: int) -> tuple[int, ...]:
        """Return the offset of each field of the table at `table`; 0 where it is absent."""
        self._spend(TABLE_COST, table)
        at = table - self.i32(table)
        known = self._vtables.get(at)
        if known is not None:
            return known
        length = self.u16(at)
        if length < 4 or length % 2 or length > MAX_VTABLE_BYTES:
            raise self.damaged(f"a table has a description of {length} bytes", at)
        raw = self.span(at, length)
        offsets: tuple[int, ...] = struct.unpack(f"<{length // 2}H", raw)[2:]
        self._vtables[at] = offsets
        return offsets

    def _spend(self, n_bytes: int, at: int) -> None:
        self._left -= n_bytes
        if self._left < 0:
            raise self.damaged("its tables overlap and claim more than it holds", at)

    def _spot(self, at: int, width: int) -> tuple[bytes, int]:
        """Return the page of a number and where it lies there; the way in for all but the known."""
        if at < 0 or at + width > self.size:
            raise self.damaged("an offset points outside of it", at)
        return self._page(at >> self._bits), at & self._mask

    def _page(self, number: int) -> bytes:
        page = self._pages.get(number)
        if page is None:
            start = number << self._bits
            page = self._read(start, min((1 << self._bits) + OVERLAP, self.size - start))
            self._pages[number] = page
        return page

    def _read(self, start: int, length: int) -> bytes:
        if self._bits == WHOLE_BITS:
            return self._pages[0][start : start + length]
        file = self._file or self._open()
        try:
            file.seek(start)
            data = file.read(length)
        except OSError as error:
            raise ReadError(self.name, f"it cannot be read: {error.strerror}") from error
        finally:
            if file is not self._file:
                file.close()
        if len(data) != length:
            raise self.damaged("it became shorter while it was open", start)
        return data

    def _open(self) -> BinaryIO:
        assert self.path is not None
        try:
            file = Path(self.path).open("rb")  # noqa: SIM115  closed by the callers
        except OSError as error:
            raise ReadError(self.name, f"it cannot be read: {error.strerror}") from error
        status = os.fstat(file.fileno())
        stamp = (status.st_ino, status.st_size, status.st_mtime_ns)
        self._stamp = self._stamp or stamp
        if stamp != self._stamp or status.st_size != self.size:
            file.close()
            raise ReadError(self.name, "it was replaced after it was opened; open it again")
        return file


class Table:
    """A table: where it lies, and where its fields are. Fields are asked for by slot.

    Parameters
    ----------
    file : FlatFile
    at : int
        Byte position of the table.
    """

    __slots__ = ("_fields", "at", "file")

    def __init__(self, file: FlatFile, at: int) -> None:
        self.file = file
        self.at = at
        self._fields = file.vtable(at)

    def field(self, slot: int) -> int:
        """Return the byte position of a field, 0 where it is absent."""
        if slot >= len(self._fields):
            return 0
        offset = self._fields[slot]
        return self.at + offset if offset else 0

    def i32(self, slot: int, default: int = 0) -> int:
        """Return a signed 32-bit field."""
        at = self.field(slot)
        return self.file.i32(at) if at else default

    def u32(self, slot: int, default: int = 0) -> int:
        """Return an unsigned 32-bit field."""
        at = self.field(slot)
        return self.file.u32(at) if at else default

    def scalar(self, slot: int, kind: str, default: float = 0) -> int | float:
        """Return a field of a kind in `SCALARS`."""
        at = self.field(slot)
        return self.file.scalar(at, kind) if at else default

    def table(self, slot: int) -> Table | None:
        """Return the table that a field points to, or None."""
        at = self.field(slot)
        return Table(self.file, at + self.file.u32(at)) if at else None

    def vector(self, slot: int, item_bytes: int) -> tuple[int, int]:
        """Return the position of a vector's first item and their number, checked to fit.

        Both are 0 where the field is absent.
        """
        at = self.field(slot)
        if not at:
            return 0, 0
        start = at + self.file.u32(at)
        count = self.file.u32(start)
        if start + 4 + count * item_bytes > self.file.size:
            raise self.file.damaged(f"a list of {count:,} items reaches past its end", start)
        return start + 4, count

    def numbers(self, slot: int, kind: str) -> tuple[int | float, ...]:
        """Return a vector of numbers of a kind in `SCALARS`, empty where absent."""
        layout, width = SCALARS[kind]
        start, count = self.vector(slot, width)
        if not count:
            return ()
        return struct.unpack(f"<{count}{layout.format[1:]}", self.file.span(start, count * width))

    def i32s(self, slot: int) -> tuple[int, ...]:
        """Return a vector of signed 32-bit numbers, empty where absent."""
        start, count = self.vector(slot, 4)
        if not count:
            return ()
        return struct.unpack(f"<{count}i", self.file.span(start, count * 4))

    def tables(self, slot: int) -> list[Table]:
        """Return a vector of tables, empty where absent."""
        start, count = self.vector(slot, 4)
        offsets = struct.unpack(f"<{count}I", self.file.span(start, count * 4)) if count else ()
        return [Table(self.file, start + 4 * i + offset) for i, offset in enumerate(offsets)]

    def raw(self, slot: int) -> bytes:
        """Return a vector of bytes or the bytes of a string, empty where absent."""
        start, count = self.vector(slot, 1)
        return self.file.span(start, count) if count else b""
