"""Kernels that write edge paths as cubic Béziers, and one that joins them across groups.

A path of k curves has 1 + 3k points: on, off, off, on, ... x is across the
ranks, y along them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.kernels.compiler import kernel

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
    bend_rank, bend_x = np.empty(len(top), np.int64), np.empty(len(top), np.float64)
    at = 0
    for net in range(len(net_rank)):
        far = net_rank[net]
        for edge in range(net_ptr[net], net_ptr[net + 1]):
            far = max(far, end_rank[edge])
        n_bends = 0
        x = start_x[net]
        for rank in range(net_rank[net] + 1, far):
            dummy = net_first[net] + rank - net_rank[net] - 1
            if abs(vertex_x[dummy] - x) >= STRAIGHT:
                x = vertex_x[dummy]
                bend_rank[n_bends], bend_x[n_bends] = rank, x
                n_bends += 1
        for edge in range(net_ptr[net], net_ptr[net + 1]):
            x, y = start_x[net], start_y[net]
            if at < size:
                points[at, 0], points[at, 1] = x, y
            at += 1
            for k in range(n_bends + 1):
                is_end = k == n_bends or bend_rank[k] >= end_rank[edge]
                rank = end_rank[edge] if is_end else bend_rank[k]
                to_x = end_x[edge] if is_end else bend_x[k]
                if abs(to_x - x) >= STRAIGHT:
                    leave = bottom[rank - 1]
                    if leave - y > STRAIGHT:
                        at = _curve(points, at, x, y, x, leave)
                        y = leave
                    at = _curve(points, at, x, y, to_x, top[rank])
                    x, y = to_x, top[rank]
                if is_end:
                    break
            if end_y[edge] - y > STRAIGHT or at == path_ptr[edge] + 1:
                at = _curve(points, at, x, y, x, end_y[edge])
            path_ptr[edge + 1] = at
    return path_ptr, points


@kernel
def join_paths(
    piece_ptr: NDArray[np.int64],
    piece_path: NDArray[np.int64],
    piece_x: NDArray[np.float64],
    piece_y: NDArray[np.float64],
    path_ptr: NDArray[np.int64],
    path_points: NDArray[np.float64],
    is_backwards: NDArray[np.bool_],
    out_ptr: NDArray[np.int64],
    out: NDArray[np.float32],
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
