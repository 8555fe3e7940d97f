"""Kernel that orders ranks by the barycentres of their neighbours (Sugiyama's sweeps).

The graph is as in `graphs.kernels.crossings`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.kernels.compiler import kernel
from graphs.kernels.crossings import count_crossings
from graphs.kernels.sorting import places, sort_range

PATIENCE = 4  # rounds without a better order before giving up
UNKNOWN = 2**63 - 1  # more crossings than any order has


@kernel
def _sort_rank(
    start: int,
    stop: int,
    order: NDArray[np.int64],
    place: NDArray[np.int64],
    ptr: NDArray[np.int64],
    other: NDArray[np.int64],
    other_port: NDArray[np.float64],
    keys: NDArray[np.float64],
    movable: NDArray[np.int64],
    scratch: NDArray[np.int64],
    fixed: NDArray[np.int64],
    next_fixed: int,
    is_fixed: NDArray[np.bool_],
    is_right_first: bool,
) -> None:
    """Sort one rank by the barycentres of its neighbours; what has none keeps its place.

    Fixed vertices take their places among themselves in their own order.
    """
    n_movable = 0
    for i in range(start, stop):
        v = order[i]
        degree = ptr[v + 1] - ptr[v]
        if degree > 0:
            total = 0.0
            for e in range(ptr[v], ptr[v + 1]):
                total += place[other[e]] + other_port[e]
            keys[v] = total / degree
            movable[n_movable] = v
            n_movable += 1
    if is_right_first:
        for k in range(n_movable // 2):
            last = n_movable - 1 - k
            movable[k], movable[last] = movable[last], movable[k]
    sort_range(movable, keys, 0, n_movable, scratch)
    k = 0
    for i in range(start, stop):
        v = order[i]
        if ptr[v + 1] > ptr[v]:
            order[i] = movable[k]
            k += 1
    _settle(start, stop, order, place, fixed, next_fixed, is_fixed)


@kernel
def _settle(
    start: int,
    stop: int,
    order: NDArray[np.int64],
    place: NDArray[np.int64],
    fixed: NDArray[np.int64],
    next_fixed: int,
    is_fixed: NDArray[np.bool_],
) -> None:
    """Give fixed vertices their own order, in the places that they have; write the places."""
    for i in range(start, stop):
        if is_fixed[order[i]]:
            order[i] = fixed[next_fixed]
            next_fixed += 1
        place[order[i]] = i - start


@kernel
def sweep(
    order: NDArray[np.int64],
    rank_ptr: NDArray[np.int64],
    part_ptr: NDArray[np.int64],
    down_ptr: NDArray[np.int64],
    down_dst: NDArray[np.int64],
    down_port: NDArray[np.float64],
    down_slot: NDArray[np.int64],
    down_dst_port: NDArray[np.float64],
    up_ptr: NDArray[np.int64],
    up_src: NDArray[np.int64],
    up_src_port: NDArray[np.float64],
    fixed: NDArray[np.int64],
    fixed_ptr: NDArray[np.int64],
    is_fixed: NDArray[np.bool_],
    n_rounds: int,
) -> NDArray[np.int64]:
    """Sort ranks by barycentres, down and up in turn; keep the best order of each part.

    Parameters
    ----------
    order : int64 array, shape (n,)
        Changed in place; the best order replaces it.
    rank_ptr : int64 array, shape (n_ranks + 1,)
    part_ptr : int64 array, shape (n_parts + 1,)
        Ranks of each connected component.
    down_ptr, down_dst, down_port, down_slot, down_dst_port : arrays
        Edges downwards: as for `count_crossings`, and the fraction of the lower port.
    up_ptr, up_src, up_src_port : arrays
        Edges upwards, and the fraction of the upper port.
    fixed : int64 array, shape (k,)
        Vertices that keep their order among themselves, rank by rank.
    fixed_ptr : int64 array, shape (n_ranks + 1,)
    is_fixed : bool array, shape (n,)
    n_rounds : int
        At most so many rounds; a round is one direction.

    Returns
    -------
    int64 array, shape (n_parts,)
        Crossings of the best order.
    """
    n, n_parts = len(order), len(part_ptr) - 1
    place = places(order, rank_ptr)
    keys = np.zeros(n, np.float64)
    movable, scratch = np.empty(n, np.int64), np.empty(n, np.int64)
    best_order = order.copy()
    best = np.full(n_parts, np.int64(UNKNOWN), np.int64)
    n_stale = 0
    room = (order, place, keys, movable, scratch, fixed, fixed_ptr, is_fixed)
    for turn in range(n_rounds + 1):
        if turn % 2 == 1:
            _sort_all(rank_ptr, True, turn % 4 >= 2, room, up_ptr, up_src, up_src_port)
        elif turn > 0:
            _sort_all(rank_ptr, False, turn % 4 >= 2, room, down_ptr, down_dst, down_dst_port)
        counts = count_crossings(order, rank_ptr, down_ptr, down_dst, down_port, down_slot, up_ptr)
        is_better = _keep_better(counts, best, order, best_order, rank_ptr, part_ptr)
        n_stale = 0 if is_better else n_stale + 1
        n_crossed = 0
        for p in range(n_parts):
            n_crossed += best[p]
        if n_stale >= PATIENCE or n_crossed == 0:
            break
    order[:] = best_order
    return best


@kernel
def _sort_all(
    rank_ptr: NDArray[np.int64],
    is_down: bool,
    is_right_first: bool,
    room: tuple[
        NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64],
        NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_],
    ],
    ptr: NDArray[np.int64],
    other: NDArray[np.int64],
    other_port: NDArray[np.float64],
) -> None:  # fmt: skip
    """Sort every rank but the first by the one before it, from the top or from the bottom."""
    order, place, keys, movable, scratch, fixed, fixed_ptr, is_fixed = room
    n_ranks = len(rank_ptr) - 1
    for k in range(1, n_ranks):
        r = k if is_down else n_ranks - 1 - k
        _sort_rank(
            rank_ptr[r], rank_ptr[r + 1], order, place, ptr, other, other_port, keys, movable,
            scratch, fixed, fixed_ptr[r], is_fixed, is_right_first,
        )  # fmt: skip


@kernel
def _keep_better(
    counts: NDArray[np.int64],
    best: NDArray[np.int64],
    order: NDArray[np.int64],
    best_order: NDArray[np.int64],
    rank_ptr: NDArray[np.int64],
    part_ptr: NDArray[np.int64],
) -> bool:
    """Copy the order of each part that crosses less than before; tell whether one did."""
    is_better = False
    for p in range(len(best)):
        total = 0
        for r in range(part_ptr[p], part_ptr[p + 1]):
            total += counts[r]
        if total < best[p]:
            is_better = True
            best[p] = total
            for i in range(rank_ptr[part_ptr[p]], rank_ptr[part_ptr[p + 1]]):
                best_order[i] = order[i]
    return is_better
