"""Kernels that give each vertex of an acyclic graph its rank (row in the drawing)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.kernels.compiler import kernel

FAR = 64  # ranks; for less, a lane of its own crosses fewer others


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


@kernel
def share_ways(
    rank: NDArray[np.int64],
    order: NDArray[np.int64],
    out_ptr: NDArray[np.int64],
    out_dst: NDArray[np.int64],
    out_net: NDArray[np.int64],
    in_ptr: NDArray[np.int64],
    in_src: NDArray[np.int64],
    in_net: NDArray[np.int64],
    is_pinned: NDArray[np.bool_],
) -> None:
    """Move vertices down in place where that shortens the sum of the lengths of nets.

    A net (all edges of one value) is as long as the way to its farthest target, since its
    edges share it. So the transpose of a shared weight costs nothing beside its consumer if
    the weight is led farther anyway; at the top it costs a lane of its own. From the last
    vertex to the first, each goes to the rank that is best while all others stay, if that is
    `FAR` away.

    Parameters
    ----------
    rank : int64 array, shape (n,)
        Changed in place; ``rank[u] < rank[v]`` still holds along edges.
    order : int64 array, shape (n,)
        Topological order.
    out_ptr, out_dst, out_net : int64 arrays
        Successors in CSR form and the net of each edge; those of a net are neighbours.
    in_ptr, in_src, in_net : int64 arrays
        Predecessors in CSR form and the net of each edge.
    is_pinned : bool array, shape (n,)
        Vertices that stay.
    """
    n_nets = 0
    for net in out_net:
        n_nets = max(n_nets, net + 1)
    far, second = np.full(n_nets, -1, np.int64), np.full(n_nets, -1, np.int64)
    farthest = np.full(n_nets, -1, np.int64)
    for e in range(len(out_net)):
        _reach(out_net[e], out_dst[e], rank[out_dst[e]], far, second, farthest)
    ends = np.empty(len(in_net), np.int64)
    for i in range(len(rank) - 1, -1, -1):
        v = order[i]
        if is_pinned[v] or out_ptr[v] == out_ptr[v + 1]:
            continue
        n_out, last, limit = 0, -1, rank[out_dst[out_ptr[v]]]
        for e in range(out_ptr[v], out_ptr[v + 1]):
            n_out += out_net[e] != last
            last = out_net[e]
            limit = min(limit, rank[out_dst[e]])
        n_in = 0
        for e in range(in_ptr[v], in_ptr[v + 1]):
            net, u = in_net[e], in_src[e]
            if second[net] >= 0 or in_ptr[u] < in_ptr[u + 1] or is_pinned[u]:
                ends[n_in] = second[net] if farthest[net] == v else far[net]  # without v
                n_in += 1  # a source that serves v alone follows it
        goal = _best_rank(ends[:n_in], n_out, limit - 1)
        if goal >= rank[v] + FAR:
            rank[v] = goal
            for e in range(in_ptr[v], in_ptr[v + 1]):
                _reach(in_net[e], v, goal, far, second, farthest)


@kernel
def _best_rank(ends: NDArray[np.int64], n_out: int, limit: int) -> int:
    """Return the rank at which more nets begin to grow above a vertex than shrink below it.

    A net grows from its end: -1 where it leads nowhere else. Where as many grow as shrink
    the vertex goes on if it shares one, since others may follow.
    """
    above, n_grown, n_own = -1, 0, 0
    for end in ends:
        n_own += end < 0
    if len(ends) > 0 and n_own == len(ends):
        return -1
    n_grown = n_own
    while n_grown <= n_out:
        least, count = limit, 0
        for end in ends:
            if above < end < least:
                least, count = end, 0
            count += end == least
        if least == limit:
            return limit
        above = least
        n_grown += count
    return above


@kernel
def _reach(
    net: int,
    v: int,
    rank: int,
    far: NDArray[np.int64],
    second: NDArray[np.int64],
    farthest: NDArray[np.int64],
) -> None:
    """Note that a net reaches v on a rank: its farthest end, and that of all others."""
    if farthest[net] == v:
        far[net] = max(far[net], rank)
    elif rank > far[net]:
        far[net], second[net], farthest[net] = rank, far[net], v
    else:
        second[net] = max(second[net], rank)
