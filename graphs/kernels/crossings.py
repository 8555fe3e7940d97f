"""Kernels that find a first order of the vertices of each rank, and count its crossings.

A graph here is *proper*: each edge joins neighbouring ranks. ``order`` lists all
vertices, rank after rank; rank r is ``order[rank_ptr[r]:rank_ptr[r + 1]]``, and
``place[v]`` is the index of v in its rank. Edges are in CSR form both ways, and
within a vertex sorted by port; ``*_port`` is the place of an edge's end among
the ports of that vertex, as a fraction in (0, 1), equal where ends share a port and
less than `SOFT` apart where their order is a wish.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.kernels.compiler import kernel

SOFT = 1e-6
"""Ports nearer to each other than this may change places: no crossing is counted there."""


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
            first, stop = down_ptr[order[i]], down_ptr[order[i] + 1]
            while first < stop:
                last = first + 1
                while last < stop and down_port[last] - down_port[first] < SOFT:
                    last += 1
                result[r] += _cross_and_add(
                    first, last, n_seen, base, down_dst, down_slot, tree, size
                )
                n_seen += last - first
                first = last
    return result


@kernel
def _cross_and_add(
    first: int,
    last: int,
    n_seen: int,
    base: NDArray[np.int64],
    down_dst: NDArray[np.int64],
    down_slot: NDArray[np.int64],
    tree: NDArray[np.int64],
    size: int,
) -> int:
    """Count what the edges of one port cross of those seen before, then add them to the tree."""
    n_crossed = 0
    for e in range(first, last):
        at = base[down_dst[e]] + down_slot[e] + 1
        n_crossed += n_seen
        while at > 0:
            n_crossed -= tree[at]
            at -= at & -at
    for e in range(first, last):
        at = base[down_dst[e]] + down_slot[e] + 1
        while at <= size:
            tree[at] += 1
            at += at & -at
    return n_crossed
