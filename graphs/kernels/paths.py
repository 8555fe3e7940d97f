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
    way_ptr: NDArray[np.int64],
    way_x: NDArray[np.float64],
    way_rank: NDArray[np.int64],
    start_y: NDArray[np.float64],
    end_y: NDArray[np.float64],
    top: NDArray[np.float64],
    bottom: NDArray[np.float64],
    size: int,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Draw each edge: vertical through the ranks, S-shaped between them.

    Boxes lie inside their rank's band and beside the way points, so a path
    meets no box but those at its ends.

    Parameters
    ----------
    way_ptr : int64 array, shape (m + 1,)
    way_x : float64 array, shape (w,)
        x of an edge on each rank that it visits, both ends included.
    way_rank : int64 array, shape (w,)
    start_y, end_y : float64 arrays, shape (m,)
        y of the ports.
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
    n = len(start_y)
    path_ptr = np.zeros(n + 1, np.int64)
    points = np.empty((size, 2), np.float64)
    at = 0
    for edge in range(n):
        k = way_ptr[edge]
        x, y = way_x[k], start_y[edge]
        if at < size:
            points[at, 0], points[at, 1] = x, y
        at += 1
        for k in range(way_ptr[edge] + 1, way_ptr[edge + 1]):
            if abs(way_x[k] - x) < STRAIGHT:
                continue
            leave = bottom[way_rank[k - 1]]
            if leave - y > STRAIGHT:
                at = _curve(points, at, x, y, x, leave)
                y = leave
            at = _curve(points, at, x, y, way_x[k], top[way_rank[k]])
            x, y = way_x[k], top[way_rank[k]]
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
