"""Kernel that finds the ranks of least total edge length: network simplex.

Gansner, Koutsofios, North, Vo: A technique for drawing directed graphs (1993).
Each pivot here costs O(n + m), which is enough since it starts from ranks that
`graphs.kernels.ranks.tighten` left near the optimum; a bound on the steps makes
it give up on large graphs with what it has reached.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.kernels.compiler import kernel


@kernel
def network_simplex(
    rank: NDArray[np.int64],
    src: NDArray[np.int64],
    dst: NDArray[np.int64],
    max_steps: int,
) -> bool:
    """Lower the sum of ``rank[dst] - rank[src]`` in place to its minimum.

    Parameters
    ----------
    rank : int64 array, shape (n,)
        ``rank[src] < rank[dst]`` for every edge, before and after. The sum never grows.
    src, dst : int64 arrays, shape (m,)
    max_steps : int
        Bound on the steps of the innermost loops.

    Returns
    -------
    bool
        False where the bound was met first.
    """
    n, m = len(rank), len(src)
    balance = np.zeros(n, np.int64)  # edges out minus edges in
    for e in range(m):
        balance[src[e]] += 1
        balance[dst[e]] -= 1
    before = rank.copy()
    is_tree = np.zeros(m, np.bool_)
    n_steps = _tight_forest(rank, src, dst, balance, is_tree, max_steps)
    near_ptr, near = _incident(n, src, dst)
    parent = np.empty(n, np.int64)  # edge of the forest that leads to the root, -1 at a root
    order, last, number = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    while n_steps < max_steps:
        n_steps += n + 2 * m
        _root_forest(src, dst, near_ptr, near, is_tree, parent, order, number, last)
        at = _worst_cut(src, dst, parent, order, balance)
        if at < 0:
            return True
        leaving = parent[at]
        sign = -1 if src[leaving] == at else 1
        entering, room = _entering(rank, src, dst, number, number[at], last[at], sign)
        for v in range(n):
            if number[at] <= number[v] <= last[at]:
                rank[v] += sign * room
        is_tree[leaving], is_tree[entering] = False, True
    growth = 0  # joining trees may cost length that no pivot has saved yet
    for v in range(n):
        growth += balance[v] * (before[v] - rank[v])
    for v in range(n if growth > 0 else 0):
        rank[v] = before[v]
    return False


@kernel
def _worst_cut(
    src: NDArray[np.int64],
    dst: NDArray[np.int64],
    parent: NDArray[np.int64],
    order: NDArray[np.int64],
    balance: NDArray[np.int64],
) -> int:
    """Return the vertex above which the edge of the forest has the least cut value, or -1.

    The cut value of an edge is the balance of the subtree below it, up to its
    sign: edges within the subtree cancel. -1 where none is negative.
    """
    total = balance.copy()
    worst, least = -1, 0
    for i in range(len(order) - 1, -1, -1):
        v = order[i]
        e = parent[v]
        if e < 0:
            continue
        total[dst[e] if src[e] == v else src[e]] += total[v]
        cut = total[v] if src[e] == v else -total[v]
        if cut < least:
            worst, least = v, cut
    return worst


@kernel
def _entering(
    rank: NDArray[np.int64],
    src: NDArray[np.int64],
    dst: NDArray[np.int64],
    number: NDArray[np.int64],
    first: int,
    last: int,
    sign: int,
) -> tuple[int, int]:
    """Return the first edge to become tight when the subtree moves, and how far it can move.

    The subtree are the vertices numbered `first` to `last`; it moves away from
    the edge that leaves the forest, down for sign 1, up for -1.
    """
    entering, room = -1, 0
    for e in range(len(src)):
        is_src_in = first <= number[src[e]] <= last
        is_dst_in = first <= number[dst[e]] <= last
        if is_src_in != is_dst_in and is_src_in == (sign == 1):
            slack = rank[dst[e]] - rank[src[e]] - 1
            if entering < 0 or slack < room:
                entering, room = e, slack
    return entering, room


@kernel
def _tight_forest(
    rank: NDArray[np.int64],
    src: NDArray[np.int64],
    dst: NDArray[np.int64],
    balance: NDArray[np.int64],
    is_tree: NDArray[np.bool_],
    max_steps: int,
) -> int:
    """Mark a spanning forest of edges of length 1, moving trees together; count the steps."""
    n, m = len(rank), len(src)
    label = _tight_trees(rank, src, dst, is_tree)
    total = np.zeros(n, np.int64)  # by label
    for v in range(n):
        total[label[v]] += balance[v]
    n_steps = n + m
    while n_steps < max_steps:
        n_steps += n + m
        best, room = -1, 0
        for e in range(m):
            slack = rank[dst[e]] - rank[src[e]] - 1
            if label[src[e]] != label[dst[e]] and (best < 0 or slack < room):
                best, room = e, slack
        if best < 0:
            break
        a, b = label[src[best]], label[dst[best]]
        move_lower = total[b] < -total[a]  # cheaper to lift b's tree than to lower a's
        total[a] += total[b]
        for v in range(n):
            if label[v] == b:
                rank[v] -= room if move_lower else 0
                label[v] = a
            elif label[v] == a:
                rank[v] += 0 if move_lower else room
        is_tree[best] = True
    return n_steps


@kernel
def _tight_trees(
    rank: NDArray[np.int64],
    src: NDArray[np.int64],
    dst: NDArray[np.int64],
    is_tree: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Mark a forest of the edges that are tight already; label each vertex with its tree."""
    label = np.empty(len(rank), np.int64)
    for v in range(len(rank)):  # arange costs longer to compile
        label[v] = v
    for e in range(len(src)):
        a, b = src[e], dst[e]
        while label[a] != a:
            label[a] = label[label[a]]
            a = label[a]
        while label[b] != b:
            label[b] = label[label[b]]
            b = label[b]
        if a != b and rank[dst[e]] - rank[src[e]] == 1:
            is_tree[e] = True
            label[max(a, b)] = min(a, b)
    for v in range(len(rank)):
        label[v] = label[label[v]]  # the label of a smaller vertex is final
    return label


@kernel
def _incident(
    n: int, src: NDArray[np.int64], dst: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the edges at each vertex in CSR form."""
    ptr = np.zeros(n + 1, np.int64)
    for e in range(len(src)):
        ptr[src[e] + 1] += 1
        ptr[dst[e] + 1] += 1
    for v in range(n):
        ptr[v + 1] += ptr[v]
    fill = ptr.copy()
    near = np.empty(2 * len(src), np.int64)
    for e in range(len(src)):
        near[fill[src[e]]] = e
        fill[src[e]] += 1
        near[fill[dst[e]]] = e
        fill[dst[e]] += 1
    return ptr, near


@kernel
def _root_forest(
    src: NDArray[np.int64],
    dst: NDArray[np.int64],
    near_ptr: NDArray[np.int64],
    near: NDArray[np.int64],
    is_tree: NDArray[np.bool_],
    parent: NDArray[np.int64],
    order: NDArray[np.int64],
    number: NDArray[np.int64],
    last: NDArray[np.int64],
) -> None:
    """Number the vertices in preorder; the subtree of v is ``number[v]..last[v]``."""
    n = len(parent)
    for v in range(n):
        number[v] = -1
    upcoming = near_ptr[:n].copy()
    stack = np.empty(n, np.int64)
    count = 0
    for root in range(n):
        if number[root] >= 0:
            continue
        depth = 0
        stack[0], parent[root] = root, -1
        number[root], order[count] = count, root
        count += 1
        while depth >= 0:
            v = stack[depth]
            if upcoming[v] == near_ptr[v + 1]:
                last[v] = count - 1
                depth -= 1
                continue
            e = near[upcoming[v]]
            upcoming[v] += 1
            if not is_tree[e]:
                continue
            w = dst[e] if src[e] == v else src[e]
            if number[w] < 0:
                number[w], order[count], parent[w] = count, w, e
                count += 1
                depth += 1
                stack[depth] = w
