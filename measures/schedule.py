"""The order in which a graph's operators run. Imports nothing but `graphs` and NumPy."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from graphs.ir import Graph, NodeKind


def schedule(graph: Graph) -> NDArray[np.int32]:
    """Return the operators in an order in which they can run, int32, shape (n_operators,).

    The file's order where it is one, else the nearest: of the operators that may
    run, the first in the file is next. Those on a cycle come last, in the file's order.
    """
    source, target = graph.edge_source, graph.edge_target
    is_operator = graph.node_kind == NodeKind.OPERATOR
    between = is_operator[source] & is_operator[target]
    source, target = source[between], target[between]
    if np.all(source < target):
        return np.flatnonzero(is_operator).astype(np.int32)
    return _in_order(np.flatnonzero(is_operator), source, target, graph.n_nodes)


def _in_order(
    rows: NDArray[np.intp], source: NDArray[np.int32], target: NDArray[np.int32], n: int
) -> NDArray[np.int32]:
    waits = np.bincount(target, minlength=n).tolist()
    order = np.argsort(source, kind="stable")
    pointers = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=n))]).tolist()
    followers = target[order].tolist()
    ready = [row for row in rows.tolist() if waits[row] == 0]  # ascending, so a heap already
    done: list[int] = []
    while ready:
        row = heapq.heappop(ready)
        done.append(row)
        for follower in followers[pointers[row] : pointers[row + 1]]:
            waits[follower] -= 1
            if waits[follower] == 0:
                heapq.heappush(ready, follower)
    if len(done) < len(rows):
        is_done = np.zeros(n, dtype=bool)
        is_done[done] = True
        done += rows[~is_done[rows]].tolist()
    return np.array(done, dtype=np.int32)
