"""Kernels on plain directed graphs in CSR form: cycles, order, components.

Vertices are 0..n-1; ``ptr`` has n + 1 entries and ``dst[ptr[v]:ptr[v + 1]]`` are
the successors of v. All are linear in vertices and edges, none recurses.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.kernels.compiler import kernel


@kernel
def back_edges(
    ptr: NDArray[np.int64], dst: NDArray[np.int64], starts: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Mark the edges that a depth-first search finds to close a cycle.

    Reversing them leaves the graph without cycles.

    Parameters
    ----------
    ptr, dst : int64 arrays, shape (n + 1,) and (m,)
    starts : int64 array, shape (n,)
        Vertices in the order in which the search tries them.

    Returns
    -------
    bool array, shape (m,)
    """
    n = len(ptr) - 1
    is_seen, is_open = np.zeros(n, np.bool_), np.zeros(n, np.bool_)  # open: on the stack
    upcoming = ptr[:n].copy()
    stack = np.empty(n, np.int64)
    is_back = np.zeros(len(dst), np.bool_)
    for start in starts:
        if is_seen[start]:
            continue
        depth = 0
        stack[0] = start
        is_seen[start] = is_open[start] = True
        while depth >= 0:
            v = stack[depth]
            if upcoming[v] == ptr[v + 1]:
                is_open[v] = False
                depth -= 1
                continue
            edge = upcoming[v]
            upcoming[v] += 1
            w = dst[edge]
            if not is_seen[w]:
                is_seen[w] = is_open[w] = True
                depth += 1
                stack[depth] = w
            elif is_open[w]:
                is_back[edge] = True
    return is_back


@kernel
def strong_components(ptr: NDArray[np.int64], dst: NDArray[np.int64]) -> NDArray[np.int64]:
    """Label strongly connected components (Tarjan, on an explicit stack).

    Returns
    -------
    int64 array, shape (n,)
        Two vertices have equal labels where each reaches the other.
    """
    n = len(ptr) - 1
    label = np.full(n, -1, np.int64)
    seen = np.full(n, -1, np.int64)  # when a vertex was met
    lowest = np.empty(n, np.int64)  # the earliest open vertex that it reaches
    upcoming = ptr[:n].copy()
    stack, path = np.empty(n, np.int64), np.empty(n, np.int64)
    n_open, clock, n_labels = 0, 0, 0
    for start in range(n):
        if seen[start] >= 0:
            continue
        depth = 0
        path[0] = start
        while depth >= 0:
            v = path[depth]
            if seen[v] < 0:
                seen[v], lowest[v] = clock, clock
                clock += 1
                stack[n_open] = v
                n_open += 1
            if upcoming[v] < ptr[v + 1]:
                w = dst[upcoming[v]]
                upcoming[v] += 1
                if seen[w] < 0:
                    depth += 1
                    path[depth] = w
                elif label[w] < 0:
                    lowest[v] = min(lowest[v], seen[w])
                continue
            depth -= 1
            if depth >= 0:
                lowest[path[depth]] = min(lowest[path[depth]], lowest[v])
            if lowest[v] == seen[v]:
                while label[v] < 0:
                    n_open -= 1
                    label[stack[n_open]] = n_labels
                n_labels += 1
    return label


@kernel
def topological_order(ptr: NDArray[np.int64], dst: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the vertices so that edges point forward; fewer than n where there is a cycle.

    Returns
    -------
    int64 array, shape (at most n,)
    """
    n = len(ptr) - 1
    waiting = np.zeros(n, np.int64)
    for w in dst:
        waiting[w] += 1
    order = np.empty(n, np.int64)
    end = 0
    for v in range(n):
        if waiting[v] == 0:
            order[end] = v
            end += 1
    start = 0
    while start < end:
        v = order[start]
        start += 1
        for e in range(ptr[v], ptr[v + 1]):
            w = dst[e]
            waiting[w] -= 1
            if waiting[w] == 0:
                order[end] = w
                end += 1
    return order[:end]


@kernel
def components(
    n: int, src: NDArray[np.int64], dst: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int]:
    """Label weakly connected components, numbered by their first vertex.

    Returns
    -------
    int64 array, shape (n,)
        Component of each vertex.
    int
        Number of components.
    """
    root = np.empty(n, np.int64)
    for v in range(n):
        root[v] = v
    for e in range(len(src)):
        a, b = src[e], dst[e]
        while root[a] != a:
            root[a] = root[root[a]]
            a = root[a]
        while root[b] != b:
            root[b] = root[root[b]]
            b = root[b]
        if a < b:  # the smaller index is the root, so a root precedes its members
            root[b] = a
        else:
            root[a] = b
    label = np.empty(n, np.int64)
    count = 0
    for v in range(n):
        if root[v] == v:
            label[v] = count
            count += 1
        else:
            label[v] = label[root[v]]
    return label, count
