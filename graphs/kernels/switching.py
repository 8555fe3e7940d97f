"""Kernel that swaps neighbours on a rank (greedy switch).

The graph is as in `graphs.kernels.crossings`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.kernels.compiler import kernel
from graphs.kernels.crossings import SOFT
from graphs.kernels.sorting import places, sort_range


@kernel
def _fill_sorted(
    v: int,
    ptr: NDArray[np.int64],
    other: NDArray[np.int64],
    other_port: NDArray[np.float64],
    place: NDArray[np.int64],
    values: NDArray[np.float64],
    rows: NDArray[np.int64],
    keys: NDArray[np.float64],
    scratch: NDArray[np.int64],
) -> None:
    """Write where the edges of v end in the other rank, sorted, at their CSR rows."""
    start, stop = ptr[v], ptr[v + 1]
    for e in range(start, stop):
        keys[e] = place[other[e]] + other_port[e]
        rows[e] = e
    sort_range(rows, keys, start, stop, scratch)
    for e in range(start, stop):
        values[e] = keys[rows[e]]


@kernel
def _saving(
    u: int, v: int, ptr: NDArray[np.int64], values: NDArray[np.float64], near: float
) -> int:
    """Return crossings of u left of v minus those of v left of u, on one side.

    Ends that are not farther apart than `near` do not cross.
    """
    saving = 0
    j_less, j_equal = ptr[v], ptr[v]
    for i in range(ptr[u], ptr[u + 1]):
        while j_less < ptr[v + 1] and values[j_less] < values[i] - near:
            j_less += 1
        while j_equal < ptr[v + 1] and values[j_equal] <= values[i] + near:
            j_equal += 1
        saving += (j_less - ptr[v]) - (ptr[v + 1] - j_equal)
    return saving


@kernel
def switch_neighbours(
    order: NDArray[np.int64],
    rank_ptr: NDArray[np.int64],
    down_ptr: NDArray[np.int64],
    down_dst: NDArray[np.int64],
    down_dst_port: NDArray[np.float64],
    up_ptr: NDArray[np.int64],
    up_src: NDArray[np.int64],
    up_src_port: NDArray[np.float64],
    is_fixed: NDArray[np.bool_],
    n_rounds: int,
) -> int:
    """Swap neighbours on a rank in place wherever that saves crossings (greedy switch).

    Parameters
    ----------
    order, rank_ptr, down_*, up_* : arrays
        As for `sweep`.
    is_fixed : bool array, shape (n,)
        Two of these are never swapped.
    n_rounds : int
        At most so many passes over all ranks.

    Returns
    -------
    int
        Crossings saved.
    """
    n_ranks = len(rank_ptr) - 1
    place = places(order, rank_ptr)
    above = np.empty(len(up_src), np.float64)
    below = np.empty(len(down_dst), np.float64)
    rows, scratch = np.empty(len(down_dst), np.int64), np.empty(len(down_dst), np.int64)
    keys = np.empty(len(down_dst), np.float64)
    is_settled = np.zeros(n_ranks, np.bool_)
    n_saved = 0
    for _ in range(n_rounds):
        n_before = n_saved
        for r in range(n_ranks):
            start, stop = rank_ptr[r], rank_ptr[r + 1]
            if is_settled[r] or stop - start < 2:
                continue
            is_settled[r] = True
            for i in range(start, stop):
                v = order[i]
                _fill_sorted(v, up_ptr, up_src, up_src_port, place, above, rows, keys, scratch)
                _fill_sorted(
                    v, down_ptr, down_dst, down_dst_port, place, below, rows, keys, scratch
                )
            saved = _switch_row(start, stop, order, place, up_ptr, above, down_ptr, below, is_fixed)
            n_saved += saved
            for near in range(max(r - 1, 0), min(r + 2, n_ranks)):
                is_settled[near] = is_settled[near] and saved == 0
        if n_saved == n_before:
            break
    return n_saved


@kernel
def _switch_row(
    start: int,
    stop: int,
    order: NDArray[np.int64],
    place: NDArray[np.int64],
    up_ptr: NDArray[np.int64],
    above: NDArray[np.float64],
    down_ptr: NDArray[np.int64],
    below: NDArray[np.float64],
    is_fixed: NDArray[np.bool_],
) -> int:
    """Go once from left to right over a rank and swap what crosses less the other way round."""
    n_saved = 0
    for i in range(start, stop - 1):
        u, v = order[i], order[i + 1]
        if is_fixed[u] and is_fixed[v]:
            continue
        saving = _saving(u, v, up_ptr, above, SOFT) + _saving(u, v, down_ptr, below, SOFT)
        soft = 0
        if saving == 0:
            soft = _saving(u, v, up_ptr, above, 0.0) + _saving(u, v, down_ptr, below, 0.0)
        if saving > 0 or soft > 0:
            order[i], order[i + 1] = v, u
            place[v], place[u] = i - start, i + 1 - start
            n_saved += saving + soft
    return n_saved
