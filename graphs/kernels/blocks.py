"""Kernels that join vertices into straight vertical blocks and give the blocks their x.

Graph and order are as in `graphs.kernels.crossings`. A block is a path with one
vertex on each of consecutive ranks; all its edges are exactly vertical. Edges
carry a class: 0 between two dummies of one chain, 1 between two boxes, 2 mixed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.kernels.compiler import kernel
from graphs.kernels.sorting import places, sort_range

CLASS_WEIGHT = (8.0, 1.0, 2.0)  # how much a bend in an edge of each class hurts; dot's numbers


@kernel
def _path_lengths(
    vertices: NDArray[np.int64],
    ptr: NDArray[np.int64],
    other: NDArray[np.int64],
    edge_class: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return for each vertex the longest path of edges between boxes that ends there.

    `vertices` come in an order in which all neighbours in `other` come first.
    """
    length = np.zeros(len(vertices), np.int64)
    for v in vertices:
        for e in range(ptr[v], ptr[v + 1]):
            if edge_class[e] == 1:
                length[v] = max(length[v], length[other[e]] + 1)
    return length


@kernel
def _favourites(
    wanted: int,
    ptr: NDArray[np.int64],
    other: NDArray[np.int64],
    edge_class: NDArray[np.int64],
    length: NDArray[np.int64],
    place: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return for each vertex the neighbour in a class with the longest path behind it, or -1.

    The (lower) median of them where several are equal.
    """
    n = len(ptr) - 1
    size = max(len(other), 1)
    rows, scratch = np.empty(size, np.int64), np.empty(size, np.int64)
    keys = np.empty(size, np.float64)
    result = np.full(n, -1, np.int64)
    for v in range(n):
        longest = -1
        for e in range(ptr[v], ptr[v + 1]):
            if edge_class[e] == wanted:
                longest = max(longest, length[other[e]])
        count = 0
        for e in range(ptr[v], ptr[v + 1]):
            if edge_class[e] == wanted and length[other[e]] == longest:
                rows[count] = e
                keys[e] = place[other[e]]
                count += 1
        if count > 0:
            sort_range(rows, keys, 0, count, scratch)
            result[v] = other[rows[(count - 1) // 2]]
    return result


@kernel
def _align_rank(
    row: NDArray[np.int64],
    wanted: int,
    must_agree: bool,
    up_ptr: NDArray[np.int64],
    up_src: NDArray[np.int64],
    up_class: NDArray[np.int64],
    place: NDArray[np.int64],
    parent: NDArray[np.int64],
    child: NDArray[np.int64],
    chosen: NDArray[np.int64],
    is_taken: NDArray[np.bool_],
    bound: NDArray[np.int64],
) -> None:
    """Choose edges of one class from one rank to the rank above, from left to right."""
    bound[len(row)] = len(place)
    for i in range(len(row) - 1, -1, -1):  # nearest chosen place to the right
        v = row[i]
        bound[i] = place[up_src[chosen[v]]] if chosen[v] >= 0 else bound[i + 1]
    left = -1
    for i in range(len(row)):
        v = row[i]
        if chosen[v] < 0 and parent[v] >= 0:
            best, least = -1, len(place) + 1
            for e in range(up_ptr[v], up_ptr[v + 1]):
                u = up_src[e]
                if up_class[e] != wanted or is_taken[u]:
                    continue
                if place[u] <= left or place[u] >= bound[i + 1]:
                    continue  # it would cross a chosen edge
                if must_agree and (child[u] != v or parent[v] != u):
                    continue
                away = abs(place[u] - place[parent[v]])
                if away < least:
                    best, least = e, away
            if best >= 0:
                chosen[v] = best
                is_taken[up_src[best]] = True
        if chosen[v] >= 0:
            left = place[up_src[chosen[v]]]


@kernel
def align(
    order: NDArray[np.int64],
    rank_ptr: NDArray[np.int64],
    down_ptr: NDArray[np.int64],
    down_dst: NDArray[np.int64],
    down_class: NDArray[np.int64],
    up_ptr: NDArray[np.int64],
    up_src: NDArray[np.int64],
    up_class: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Choose for each vertex at most one edge up that will be vertical.

    No vertex is chosen from below twice and no two chosen edges cross. The spine
    comes first: edges between boxes that lie on the longest path for both of
    their ends, the median one where several do. Then come chains of dummies,
    then other edges between boxes, then mixed ones. Linear but for the medians.

    Parameters
    ----------
    order, rank_ptr : int64 arrays
    down_ptr, down_dst, up_ptr, up_src : int64 arrays
        Unit edges in CSR form both ways.
    down_class, up_class : int64 arrays, shape (u,)
        Class of each edge in these.

    Returns
    -------
    int64 array, shape (n,)
        Row of the chosen edge in the upward CSR, or -1.
    """
    n, n_ranks = len(order), len(rank_ptr) - 1
    place = places(order, rank_ptr)
    from_above = _path_lengths(order, up_ptr, up_src, up_class)
    from_below = _path_lengths(order[::-1].copy(), down_ptr, down_dst, down_class)
    chosen = np.full(n, -1, np.int64)
    is_taken = np.zeros(n, np.bool_)  # from below
    bound = np.empty(n + 1, np.int64)
    for turn in range(5):
        wanted = 1 if turn == 0 else (0 if turn == 1 else (1 if turn == 2 else 2))
        must_agree = turn == 0 or turn == 3
        parent = _favourites(wanted, up_ptr, up_src, up_class, from_above, place)
        child = _favourites(wanted, down_ptr, down_dst, down_class, from_below, place)
        for r in range(1, n_ranks):
            row = order[rank_ptr[r] : rank_ptr[r + 1]]
            _align_rank(
                row, wanted, must_agree, up_ptr, up_src, up_class, place, parent, child,
                chosen, is_taken, bound,
            )  # fmt: skip
    return chosen


@kernel
def block_arcs(
    order: NDArray[np.int64],
    rank_ptr: NDArray[np.int64],
    block: NDArray[np.int64],
    shift: NDArray[np.float64],
    left: NDArray[np.float64],
    right: NDArray[np.float64],
    gap: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return what neighbours on a rank ask of their blocks: ``x[b] - x[a] >= distance``.

    Parameters
    ----------
    block : int64 array, shape (n,)
    shift : float64 array, shape (n,)
        x of a vertex relative to its block.
    left, right : float64 arrays, shape (n,)
        How far a vertex reaches to both sides.
    gap : float64 array, shape (n,)
        Free space that a vertex wants; between two, the mean of both.

    Returns
    -------
    tail, head : int64 arrays, shape (k,)
    distance : float64 array, shape (k,)
    """
    n_ranks = len(rank_ptr) - 1
    size = len(order)
    tail, head = np.empty(size, np.int64), np.empty(size, np.int64)
    distance = np.empty(size, np.float64)
    k = 0
    for r in range(n_ranks):
        for i in range(rank_ptr[r], rank_ptr[r + 1] - 1):
            a, b = order[i], order[i + 1]
            tail[k], head[k] = block[a], block[b]
            between = right[a] + 0.5 * (gap[a] + gap[b]) + left[b]
            distance[k] = shift[a] + between - shift[b]
            k += 1
    return tail[:k], head[:k], distance[:k]


@kernel
def compact(
    order: NDArray[np.int64],
    out_ptr: NDArray[np.int64],
    head: NDArray[np.int64],
    distance: NDArray[np.float64],
    reach_left: NDArray[np.float64],
    reach_right: NDArray[np.float64],
    part: NDArray[np.int64],
    n_parts: int,
) -> NDArray[np.float64]:
    """Return for each block the middle between its leftmost and its rightmost possible x.

    Parameters
    ----------
    order : int64 array, shape (n_blocks,)
        Topological order of the blocks from left to right.
    out_ptr, head, distance : arrays
        Arcs of `block_arcs` in CSR form.
    reach_left, reach_right : float64 arrays, shape (n_blocks,)
        How far a block reaches to both sides of its x.
    part : int64 array, shape (n_blocks,)
        Connected component; each is as wide as it must be.
    n_parts : int
    """
    lowest = reach_left.copy()
    width = np.zeros(n_parts, np.float64)
    for b in order:
        width[part[b]] = max(width[part[b]], lowest[b] + reach_right[b])
        for e in range(out_ptr[b], out_ptr[b + 1]):
            lowest[head[e]] = max(lowest[head[e]], lowest[b] + distance[e])
    highest = np.empty(len(order), np.float64)
    for i in range(len(order) - 1, -1, -1):
        b = order[i]
        highest[b] = width[part[b]] - reach_right[b]
        for e in range(out_ptr[b], out_ptr[b + 1]):
            highest[b] = min(highest[b], highest[head[e]] - distance[e])
    for b in range(len(order)):  # an expression of arrays costs longer to compile
        highest[b] = 0.5 * (lowest[b] + highest[b])
    return highest


@kernel
def _wanted(
    b: int,
    x: NDArray[np.float64],
    pulls: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]],
    rows: NDArray[np.int64],
    keys: NDArray[np.float64],
    scratch: NDArray[np.int64],
) -> float:
    """Return the weighted median of where the edges of a block want it."""
    pull_ptr, pull_block, pull_offset, pull_weight = pulls
    count = pull_ptr[b + 1] - pull_ptr[b]
    total = 0.0
    for k in range(count):
        e = pull_ptr[b] + k
        rows[k] = e
        keys[e] = x[pull_block[e]] + pull_offset[e]
        total += pull_weight[e]
    sort_range(rows, keys, 0, count, scratch)
    below = 0.0
    for k in range(count):
        e = rows[k]
        below += pull_weight[e]
        if 2.0 * below > total:
            return keys[e]
        if 2.0 * below == total:  # anything between two is as good: make one of them straight
            low, high = keys[e], keys[rows[k + 1]]
            return low if x[b] - low <= high - x[b] else high
    return x[b]


@kernel
def relax(
    x: NDArray[np.float64],
    order: NDArray[np.int64],
    out_ptr: NDArray[np.int64],
    head: NDArray[np.int64],
    out_distance: NDArray[np.float64],
    in_ptr: NDArray[np.int64],
    tail: NDArray[np.int64],
    in_distance: NDArray[np.float64],
    pull_ptr: NDArray[np.int64],
    pull_block: NDArray[np.int64],
    pull_offset: NDArray[np.float64],
    pull_weight: NDArray[np.float64],
    n_rounds: int,
) -> None:
    """Move blocks in place towards the weighted median of their neighbours.

    Neighbours on a rank keep their distance. A round goes once from left to
    right and once back; the sum of weighted horizontal edge lengths never grows.

    Parameters
    ----------
    x : float64 array, shape (n_blocks,)
    order, out_ptr, head, out_distance : arrays
        As for `compact`.
    in_ptr, tail, in_distance : arrays
        The same arcs by their heads.
    pull_ptr, pull_block, pull_offset, pull_weight : arrays
        CSR of the edges between blocks: block b wants to be at
        ``x[pull_block] + pull_offset``.
    n_rounds : int
    """
    n = len(order)
    size = max(len(pull_block), 1)
    rows, scratch = np.empty(size, np.int64), np.empty(size, np.int64)
    keys = np.empty(size, np.float64)
    pulls = (pull_ptr, pull_block, pull_offset, pull_weight)
    for turn in range(2 * n_rounds):
        has_moved = False
        for i in range(n):
            b = order[i] if turn % 2 == 0 else order[n - 1 - i]
            if pull_ptr[b] == pull_ptr[b + 1]:
                continue
            goal = _wanted(b, x, pulls, rows, keys, scratch)
            if goal < x[b]:
                for e in range(in_ptr[b], in_ptr[b + 1]):
                    goal = max(goal, x[tail[e]] + in_distance[e])
                goal = min(goal, x[b])
            else:
                for e in range(out_ptr[b], out_ptr[b + 1]):
                    goal = min(goal, x[head[e]] - out_distance[e])
                goal = max(goal, x[b])
            if abs(goal - x[b]) > 1e-6:
                x[b] = goal
                has_moved = True
        if not has_moved and turn % 2 == 1:
            break
