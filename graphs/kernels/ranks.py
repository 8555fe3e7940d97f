"""Kernels that give each vertex of an acyclic graph its rank (row in the drawing)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.kernels.compiler import kernel


@kernel
def longest_path(
    order: NDArray[np.int64],
    ptr: NDArray[np.int64],
    dst: NDArray[np.int64],
    floor: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Put each vertex on the least rank that is at its floor and below all its predecessors.

    Linear; makes the fewest ranks, but leaves what has no predecessor at the top.

    Parameters
    ----------
    order : int64 array, shape (n,)
        Topological order.
    ptr, dst : int64 arrays
        Successors in CSR form.
    floor : int64 array, shape (n,)
        Least rank of each vertex.
    """
    rank = floor.copy()
    for v in order:
        below = rank[v] + 1
        for e in range(ptr[v], ptr[v + 1]):
            rank[dst[e]] = max(rank[dst[e]], below)
    return rank


@kernel
def tighten(
    rank: NDArray[np.int64],
    order: NDArray[np.int64],
    out_ptr: NDArray[np.int64],
    out_dst: NDArray[np.int64],
    in_ptr: NDArray[np.int64],
    in_src: NDArray[np.int64],
    is_pinned: NDArray[np.bool_],
    n_rounds: int,
) -> None:
    """Shorten the sum of edge lengths in place, without breaking ``rank[u] < rank[v]``.

    A vertex that has more edges below than above moves down as far as they let
    it, and the other way round. What is tied to it by an edge of length 1 and
    can only move together with it counts with it: a tree of constants moves as
    a whole. A round is linear; the result is a local optimum, not always the
    least sum that network simplex finds.

    Parameters
    ----------
    rank : int64 array, shape (n,)
        Changed in place.
    order : int64 array, shape (n,)
        Topological order.
    out_ptr, out_dst, in_ptr, in_src : int64 arrays
        Successors and predecessors in CSR form.
    is_pinned : bool array, shape (n,)
        Vertices that stay.
    n_rounds : int
        At most so many rounds; fewer when nothing moves.
    """
    backwards = order[::-1].copy()
    for _ in range(n_rounds):
        n_moved = _pull(rank, order, out_ptr, out_dst, in_ptr, in_src, is_pinned, 1)
        n_moved += _pull(rank, backwards, in_ptr, in_src, out_ptr, out_dst, is_pinned, -1)
        if n_moved == 0:
            break


@kernel
def _pull(
    rank: NDArray[np.int64],
    order: NDArray[np.int64],
    ahead_ptr: NDArray[np.int64],
    ahead: NDArray[np.int64],
    behind_ptr: NDArray[np.int64],
    behind: NDArray[np.int64],
    is_pinned: NDArray[np.bool_],
    sign: int,
) -> int:
    """Move vertices ahead (down for sign 1, up for -1) where that saves length; count moves."""
    n = len(rank)
    n_tight = np.zeros(n, np.int64)  # neighbours ahead at distance 1
    gain = np.zeros(n, np.int64)  # what a move by one saves
    for v in order:
        n_ahead = ahead_ptr[v + 1] - ahead_ptr[v]
        gain[v] += n_ahead - (behind_ptr[v + 1] - behind_ptr[v])
        for e in range(ahead_ptr[v], ahead_ptr[v + 1]):
            n_tight[v] += (rank[ahead[e]] - rank[v]) * sign == 1
        if gain[v] > 0 and n_tight[v] == 1 and not is_pinned[v]:
            for e in range(ahead_ptr[v], ahead_ptr[v + 1]):
                if (rank[ahead[e]] - rank[v]) * sign == 1:
                    gain[ahead[e]] += gain[v]
    n_moved = 0
    for i in range(n - 1, -1, -1):
        v = order[i]
        if gain[v] <= 0 or is_pinned[v] or ahead_ptr[v] == ahead_ptr[v + 1]:
            continue
        room = (rank[ahead[ahead_ptr[v]]] - rank[v]) * sign - 1
        for e in range(ahead_ptr[v], ahead_ptr[v + 1]):
            room = min(room, (rank[ahead[e]] - rank[v]) * sign - 1)
        if room > 0:
            rank[v] += sign * room
            n_moved += 1
    return n_moved
