"""Kernels that order the vertices of each rank so that few edges cross.

A graph here is *proper*: each edge joins neighbouring ranks. ``order`` lists all
vertices, rank after rank; rank r is ``order[rank_ptr[r]:rank_ptr[r + 1]]``, and
``place[v]`` is the index of v in its rank. Edges are in CSR form both ways, and
within a vertex sorted by port; ``*_port`` is the place of an edge's end among
the ports of that vertex, as a fraction in (0, 1), equal where ends share a port.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.kernels.compiler import kernel
from graphs.kernels.sorting import sort_range

PATIENCE = 4  # rounds without a better order before giving up


@kernel
def initial_order(
    rank: NDArray[np.int64],
    rank_ptr: NDArray[np.int64],
    starts: NDArray[np.int64],
    ptr: NDArray[np.int64],
    dst: NDArray[np.int64],
) -> NDArray[np.int64]:
    """List vertices rank by rank in the order in which a depth-first search meets them.

    A tree comes out without crossings.

    Parameters
    ----------
    rank : int64 array, shape (n,)
    rank_ptr : int64 array, shape (n_ranks + 1,)
    starts : int64 array, shape (n,)
        Vertices in the order in which the search tries them.
    ptr, dst : int64 arrays
        Neighbours in CSR form.
    """
    n = len(rank)
    order = np.empty(n, np.int64)
    fill = rank_ptr[:-1].copy()
    seen = np.zeros(n, np.bool_)
    upcoming = ptr[:n].copy()
    stack = np.empty(n + 1, np.int64)
    for start in starts:
        if seen[start]:
            continue
        depth = 0
        stack[0] = start
        seen[start] = True
        order[fill[rank[start]]] = start
        fill[rank[start]] += 1
        while depth >= 0:
            v = stack[depth]
            if upcoming[v] == ptr[v + 1]:
                depth -= 1
                continue
            w = dst[upcoming[v]]
            upcoming[v] += 1
            if not seen[w]:
                seen[w] = True
                order[fill[rank[w]]] = w
                fill[rank[w]] += 1
                depth += 1
                stack[depth] = w
    return order


@kernel
def count_crossings(
    order: NDArray[np.int64],
    rank_ptr: NDArray[np.int64],
    down_ptr: NDArray[np.int64],
    down_dst: NDArray[np.int64],
    down_port: NDArray[np.float64],
    down_slot: NDArray[np.int64],
    up_ptr: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Count crossings between each rank and the next with a Fenwick tree, O(E log E).

    Parameters
    ----------
    order, rank_ptr : int64 arrays
    down_ptr, down_dst, down_port : arrays
        Edges downwards in CSR form, sorted by their upper port.
    down_slot : int64 array, shape (m,)
        Index of the lower port among the ports of the lower vertex, equal where shared.
    up_ptr : int64 array, shape (n + 1,)

    Returns
    -------
    int64 array, shape (n_ranks,)
        Crossings between rank r and rank r + 1.
    """
    n_ranks = len(rank_ptr) - 1
    result = np.zeros(n_ranks, np.int64)
    base = np.empty(len(order), np.int64)
    tree = np.zeros(len(down_dst) + 2, np.int64)
    for r in range(n_ranks - 1):
        size = 0
        for i in range(rank_ptr[r + 1], rank_ptr[r + 2]):
            v = order[i]
            base[v] = size
            size += up_ptr[v + 1] - up_ptr[v]
        if size < 2:
            continue
        for at in range(size + 1):
            tree[at] = 0
        n_seen = 0
        for i in range(rank_ptr[r], rank_ptr[r + 1]):
            u = order[i]
            first = down_ptr[u]
            while first < down_ptr[u + 1]:
                last = first
                while last < down_ptr[u + 1] and down_port[last] == down_port[first]:
                    at = base[down_dst[last]] + down_slot[last] + 1
                    n_before = 0
                    while at > 0:
                        n_before += tree[at]
                        at -= at & -at
                    result[r] += n_seen - n_before
                    last += 1
                for e in range(first, last):
                    at = base[down_dst[e]] + down_slot[e] + 1
                    while at <= size:
                        tree[at] += 1
                        at += at & -at
                n_seen += last - first
                first = last
    return result


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
    is_right_first: bool,
) -> None:
    """Sort one rank by the barycentres of its neighbours; what has none keeps its place."""
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
    for i in range(start, stop):
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
    n_rounds : int
        At most so many rounds; a round is one direction.

    Returns
    -------
    int64 array, shape (n_parts,)
        Crossings of the best order.
    """
    n_ranks, n_parts, n = len(rank_ptr) - 1, len(part_ptr) - 1, len(order)
    place = np.empty(n, np.int64)
    for r in range(n_ranks):
        for i in range(rank_ptr[r], rank_ptr[r + 1]):
            place[order[i]] = i - rank_ptr[r]
    keys = np.zeros(n, np.float64)
    movable, scratch = np.empty(n, np.int64), np.empty(n, np.int64)
    best_order = order.copy()
    best = np.full(n_parts, np.iinfo(np.int64).max)
    n_stale = 0
    for turn in range(n_rounds + 1):
        if turn > 0:
            is_right_first = turn % 4 >= 2
            for k in range(1, n_ranks):
                if turn % 2 == 1:
                    _sort_rank(
                        rank_ptr[k], rank_ptr[k + 1], order, place, up_ptr, up_src,
                        up_src_port, keys, movable, scratch, is_right_first,
                    )  # fmt: skip
                else:
                    r = n_ranks - 1 - k
                    _sort_rank(
                        rank_ptr[r], rank_ptr[r + 1], order, place, down_ptr, down_dst,
                        down_dst_port, keys, movable, scratch, is_right_first,
                    )  # fmt: skip
        counts = count_crossings(order, rank_ptr, down_ptr, down_dst, down_port, down_slot, up_ptr)
        n_stale += 1
        n_left = 0
        for p in range(n_parts):
            total = 0
            for r in range(part_ptr[p], part_ptr[p + 1]):
                total += counts[r]
            if total < best[p]:
                best[p] = total
                for i in range(rank_ptr[part_ptr[p]], rank_ptr[part_ptr[p + 1]]):
                    best_order[i] = order[i]
                n_stale = 0
            n_left += best[p]
        if n_stale >= PATIENCE or n_left == 0:
            break
    for i in range(n):
        order[i] = best_order[i]
    return best


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
def _saving(u: int, v: int, ptr: NDArray[np.int64], values: NDArray[np.float64]) -> int:
    """Return crossings of u left of v minus those of v left of u, on one side."""
    saving = 0
    j_less, j_equal = ptr[v], ptr[v]
    for i in range(ptr[u], ptr[u + 1]):
        while j_less < ptr[v + 1] and values[j_less] < values[i]:
            j_less += 1
        while j_equal < ptr[v + 1] and values[j_equal] <= values[i]:
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
    n_rounds: int,
) -> int:
    """Swap neighbours on a rank in place wherever that saves crossings (greedy switch).

    Parameters
    ----------
    order, rank_ptr, down_*, up_* : arrays
        As for `sweep`.
    n_rounds : int
        At most so many passes over all ranks.

    Returns
    -------
    int
        Crossings saved.
    """
    n_ranks, n = len(rank_ptr) - 1, len(order)
    place = np.empty(n, np.int64)
    for r in range(n_ranks):
        for i in range(rank_ptr[r], rank_ptr[r + 1]):
            place[order[i]] = i - rank_ptr[r]
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
            has_moved = False
            for i in range(start, stop - 1):
                u, v = order[i], order[i + 1]
                saving = _saving(u, v, up_ptr, above) + _saving(u, v, down_ptr, below)
                if saving > 0:
                    order[i], order[i + 1] = v, u
                    place[v], place[u] = i - start, i + 1 - start
                    n_saved += saving
                    has_moved = True
            if has_moved:
                for near in range(max(r - 1, 0), min(r + 2, n_ranks)):
                    is_settled[near] = False
        if n_saved == n_before:
            break
    return n_saved
