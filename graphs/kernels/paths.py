"""Kernels that write edge paths as cubic Béziers, and one that joins them across groups.

A path of k curves has 1 + 3k points: on, off, off, on, ... x is across the
ranks, y along them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.kernels.compiler import Table, kernel

STRAIGHT = 0.01  # world units: less is no bend


@kernel
def _curve(
    points: NDArray[np.float64], at: int, x: float, y: float, to_x: float, to_y: float
) -> int:
    """Write the three points after (x, y) that lead to (to_x, to_y) with vertical tangents."""
    if at + 3 <= len(points):
        middle = 0.5 * (y + to_y)
        is_straight = abs(x - to_x) < STRAIGHT
        points[at, 0], points[at, 1] = x, (2 * y + to_y) / 3 if is_straight else middle
        points[at + 1, 0], points[at + 1, 1] = to_x, (y + 2 * to_y) / 3 if is_straight else middle
        points[at + 2, 0], points[at + 2, 1] = to_x, to_y
    return at + 3


@kernel
def route(
    net_ptr: NDArray[np.int64],
    net_rank: NDArray[np.int64],
    net_first: NDArray[np.int64],
    start_x: NDArray[np.float64],
    start_y: NDArray[np.float64],
    vertex_x: NDArray[np.float64],
    end_x: NDArray[np.float64],
    end_y: NDArray[np.float64],
    end_rank: NDArray[np.int64],
    top: NDArray[np.float64],
    bottom: NDArray[np.float64],
    size: int,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Draw each edge: vertical through the ranks, S-shaped between them.

    Boxes lie inside their rank's band and beside the way points, so a path
    meets no box but those at its ends. The edges of a net follow one chain: its
    bends are found once, and each edge takes those before its target. So the
    cost is that of the dummies and of the points written, not of all ranks that
    all edges pass.

    Parameters
    ----------
    net_ptr : int64 array, shape (k + 1,)
        Edges of each net.
    net_rank, net_first : int64 arrays, shape (k,)
        Rank of the source; first dummy of the chain, one a rank from there on.
    start_x, start_y : float64 arrays, shape (k,)
        Upper port.
    vertex_x : float64 array, shape (n,)
        x of all vertices, dummies among them.
    end_x, end_y : float64 arrays, shape (m,)
        Lower port.
    end_rank : int64 array, shape (m,)
    top, bottom : float64 arrays, shape (n_ranks,)
        Band of each rank.
    size : int
        Room for points; call with 0 first to learn how many there are.

    Returns
    -------
    int64 array, shape (m + 1,)
        Where the points of each edge start.
    float64 array, shape (size, 2)
    """
    path_ptr = np.zeros(len(end_x) + 1, np.int64)
    points = np.empty((size, 2), np.float64)
    bend_rank, bend_x = np.empty(len(top) + 1, np.int64), np.empty(len(top) + 1, np.float64)
    at = 0
    for net in range(len(net_rank)):
        far = net_rank[net]
        for edge in range(net_ptr[net], net_ptr[net + 1]):
            far = max(far, end_rank[edge])
        chain = vertex_x[net_first[net] : net_first[net] + max(far - net_rank[net] - 1, 0)]
        n_bends = _find_bends(start_x[net], net_rank[net] + 1, chain, bend_rank, bend_x)
        for edge in range(net_ptr[net], net_ptr[net + 1]):
            n_own = 0
            while n_own < n_bends and bend_rank[n_own] < end_rank[edge]:
                n_own += 1
            kept = bend_rank[n_own], bend_x[n_own]  # the edge's end stands in for the next bend
            bend_rank[n_own], bend_x[n_own] = end_rank[edge], end_x[edge]
            at = _path(
                points, at, start_x[net], start_y[net], end_y[edge], bend_rank, bend_x, n_own + 1,
                top, bottom,
            )  # fmt: skip
            bend_rank[n_own], bend_x[n_own] = kept
            path_ptr[edge + 1] = at
    return path_ptr, points


@kernel
def _find_bends(
    x: float,
    rank: int,
    chain: NDArray[np.float64],
    bend_rank: NDArray[np.int64],
    bend_x: NDArray[np.float64],
) -> int:
    """Write where a chain of dummies from `rank` on leaves the line, and count how often."""
    n_bends = 0
    for k in range(len(chain)):
        if abs(chain[k] - x) >= STRAIGHT:
            x = chain[k]
            bend_rank[n_bends], bend_x[n_bends] = rank + k, x
            n_bends += 1
    return n_bends


@kernel
def _path(
    points: NDArray[np.float64],
    at: int,
    x: float,
    y: float,
    end_y: float,
    bend_rank: NDArray[np.int64],
    bend_x: NDArray[np.float64],
    n_bends: int,
    top: NDArray[np.float64],
    bottom: NDArray[np.float64],
) -> int:
    """Write a path from (x, y) through the bends down to `end_y`; return where it ends."""
    start = at
    if at < len(points):
        points[at, 0], points[at, 1] = x, y
    at += 1
    for k in range(n_bends):
        rank, to_x = bend_rank[k], bend_x[k]
        if abs(to_x - x) < STRAIGHT:
            continue
        leave = bottom[rank - 1]
        if leave - y > STRAIGHT:
            at = _curve(points, at, x, y, x, leave)
            y = leave
        at = _curve(points, at, x, y, to_x, top[rank])
        x, y = to_x, top[rank]
    if end_y - y > STRAIGHT or at == start + 1:
        at = _curve(points, at, x, y, x, end_y)
    return at


@kernel
def join_paths(
    piece_ptr: NDArray[np.int64],
    piece_path: NDArray[np.int64],
    piece_x: NDArray[np.float64],
    piece_y: NDArray[np.float64],
    path_ptr: NDArray[np.int64],
    path_points: Table[np.float64],
    is_backwards: NDArray[np.bool_],
    out_ptr: NDArray[np.int64],
    out: Table[np.float32],
) -> None:
    """Write whole edges: their pieces one after the other, moved to where their groups lie.

    Parameters
    ----------
    piece_ptr : int64 array, shape (m + 1,)
        Pieces of each edge, from the upper end to the lower.
    piece_path : int64 array, shape (k,)
        Row of the piece in `path_ptr`.
    piece_x, piece_y : float64 arrays, shape (k,)
        Origin of the piece's group.
    path_ptr, path_points : arrays
        All paths, relative to their groups.
    is_backwards : bool array, shape (m,)
        Edges that are written from the lower end to the upper.
    out_ptr : int64 array, shape (m + 1,)
        Where the points of each edge go.
    out : float32 array, shape (out_ptr[m], 2)
        Written.
    """
    for edge in range(len(piece_ptr) - 1):
        at = out_ptr[edge]
        for k in range(piece_ptr[edge], piece_ptr[edge + 1]):
            path = piece_path[k]
            skip = 0 if k == piece_ptr[edge] else 1  # the joint belongs to both pieces
            for p in range(path_ptr[path] + skip, path_ptr[path + 1]):
                out[at, 0] = path_points[p, 0] + piece_x[k]
                out[at, 1] = path_points[p, 1] + piece_y[k]
                at += 1
        if is_backwards[edge]:
            i, j = out_ptr[edge], at - 1
            while i < j:
                for axis in range(2):
                    out[i, axis], out[j, axis] = out[j, axis], out[i, axis]
                i, j = i + 1, j - 1
