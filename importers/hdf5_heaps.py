"""Check the heaps that hold an HDF5 file's texts of variable length, before HDF5 walks them.

The library steps from object to object by the sizes that the file states, and
runs for ever over an object of no size. Specification, "Global Heap":
https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t4.html
Imports no h5py.
"""

from __future__ import annotations

import mmap
import struct

MARK = b"GCOL\x01\0\0\0"  # signature, version, three reserved bytes
_HEAD_BYTES = 16  # of a collection, and of an object in it


def broken_heap(data: bytes | mmap.mmap, start: int, end: int) -> int | None:
    """Return the position of a heap whose objects do not fill it one after another, or None.

    Parameters
    ----------
    data : bytes or mmap
    start, end : int
        Where in it the HDF5 file lies.
    """
    at = data.find(MARK, start, end)
    while at >= 0:
        if not _is_whole(data, at, end):
            return at
        at = data.find(MARK, at + len(MARK), end)
    return None


def _is_whole(data: bytes | mmap.mmap, at: int, end: int) -> bool:
    if at + _HEAD_BYTES > end:
        return False
    size: int = struct.unpack_from("<Q", data, at + len(MARK))[0]
    last = at + size
    if not _HEAD_BYTES <= size <= end - at:
        return False
    at += _HEAD_BYTES
    while at + _HEAD_BYTES <= last:
        index, length = struct.unpack_from("<H6xQ", data, at)
        # The free space at the end is object 0, whose size counts its own head.
        at += _HEAD_BYTES + (length + 7) // 8 * 8 if index else length
        if length == 0 and index == 0:
            return False
    return at <= last
