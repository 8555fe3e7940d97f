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
    order, last = np.empty(n, np.int64), np.empty(n, np.int64)
    number, total = np.empty(n, np.int64), np.empty(n, np.int64)
    while n_steps < max_steps:
        n_steps += n + 2 * m
        _root_forest(src, dst, near_ptr, near, is_tree, parent, order, number, last)
        leaving, at, least = -1, -1, 0
        for v in range(n):
            total[v] = balance[v]
        for i in range(n - 1, -1, -1):  # the cut value of an edge is the balance of its subtree
            v = order[i]
            e = parent[v]
            if e < 0:
                continue
            up = dst[e] if src[e] == v else src[e]
            total[up] += total[v]
            cut = total[v] if src[e] == v else -total[v]
            if cut < least:
                leaving, at, least = e, v, cut
        if leaving < 0:
            return True
        # The subtree of `at` moves away from the leaving edge until another edge is tight.
        sign = -1 if src[leaving] == at else 1
        entering, room = -1, 0
        for e in range(m):
            a_in = number[at] <= number[src[e]] <= last[at]
            b_in = number[at] <= number[dst[e]] <= last[at]
            if a_in != b_in and a_in == (sign == 1):
                slack = rank[dst[e]] - rank[src[e]] - 1
                if entering < 0 or slack < room:
                    entering, room = e, slack
        for v in range(n):
            if number[at] <= number[v] <= last[at]:
                rank[v] += sign * room
        is_tree[leaving], is_tree[entering] = False, True
    growth = 0  # joining trees may cost length that no pivot has saved yet
    for v in range(n):
        growth += balance[v] * (before[v] - rank[v])
    if growth > 0:
        for v in range(n):
            rank[v] = before[v]
    return False


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
    label = np.arange(n)
    for e in range(m):  # what is tight already
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
    total = np.zeros(n, np.int64)  # by label
    for v in range(n):
        label[v] = label[label[v]]  # the label of a smaller vertex is final
        total[label[v]] += balance[v]
    n_steps = n + m
    while n_steps < max_steps:
        n_steps += n + m
        best, room = -1, 0
        for e in range(m):
            if label[src[e]] == label[dst[e]]:
                continue
            slack = rank[dst[e]] - rank[src[e]] - 1
            if best < 0 or slack < room:
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
