"""Rows grouped by their owner, as pointers (compressed sparse rows)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def pointers(owner: NDArray[np.integer], n: int) -> Ints:
    """Return where each of n owners starts once rows are sorted by owner, shape (n + 1,)."""
    ptr = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(owner, minlength=n), out=ptr[1:])
    return ptr


def group_rows(owner: NDArray[np.integer], n: int) -> tuple[Ints, Ints]:
    """Return pointers and the rows sorted by owner, in their order within an owner.

    Parameters
    ----------
    owner : int array, shape (m,)
        Values in 0..n-1.
    n : int

    Returns
    -------
    ptr : int64 array, shape (n + 1,)
    rows : int64 array, shape (m,)
    """
    return pointers(owner, n), np.argsort(owner, kind="stable")


def spread_ranges(counts: Ints) -> tuple[Ints, Ints]:
    """Return for ranges of the given lengths the owner and the index within it, concatenated."""
    owner = np.repeat(np.arange(len(counts)), counts)
    start = np.cumsum(counts) - counts
    return owner, np.arange(len(owner)) - start[owner]
