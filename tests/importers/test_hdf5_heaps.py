"""Heaps of texts in HDF5 files: whole ones pass, those that HDF5 would walk for ever do not."""

from __future__ import annotations

import io
import struct

import h5py
import pytest

import importers
from graphs.errors import DamagedSource
from importers.hdf5_heaps import MARK, broken_heap
from tests.helpers.fuzz_samples import samples_of


def test_what_hdf5_writes_is_whole() -> None:
    """Heaps of short, long, many and replaced texts are accepted."""
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        for i in range(300):
            file.attrs[f"a{i % 50}"] = "x" * (i * 37 % 5000)
    content = out.getvalue()
    assert content.count(MARK) > 1
    assert broken_heap(content, 0, len(content)) is None


def _heap(*objects: tuple[int, int, int], size: int = 128) -> bytes:
    """Return a heap of (index, stated length, bytes that follow)."""
    body = b"".join(struct.pack("<HHIQ", i, 1, 0, length) + bytes(n) for i, length, n in objects)
    return (MARK + struct.pack("<Q", size) + body).ljust(128, b"\0")


@pytest.mark.parametrize(
    "heap",
    [
        _heap((1, 8, 8)),
        _heap((1, 2**40, 8)),
        _heap((1, 2**64 - 1, 8)),
        _heap((0, 96, 0), size=2**63),
        _heap((0, 96, 0), size=8),
        MARK + b"\1",
    ],
    ids=["no end", "far", "wraps", "large heap", "small heap", "cut"],
)
def test_a_heap_that_leads_nowhere_is_found(heap: bytes) -> None:
    """Objects must follow each other to the heap's end; the position of the heap is given."""
    assert broken_heap(b"\0" * 24 + heap, 0, 24 + len(heap)) == 24
    whole = _heap((1, 8, 8), (0, 88, 72))
    assert broken_heap(whole, 0, len(whole)) is None


def test_an_endless_heap_is_refused_on_opening() -> None:
    """A Keras file over which HDF5 would never come back ends in an error at once."""
    content = samples_of("Keras")[1].content
    heap = content.index(MARK)
    broken = content[: heap + 24] + struct.pack("<Q", 24) + content[heap + 32 :]
    importers.read(content, name="m.h5")
    with pytest.raises(DamagedSource, match="heap of texts"):
        importers.read(broken, name="m.h5")
