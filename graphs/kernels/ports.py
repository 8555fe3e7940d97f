"""Kernel that spreads the ports of a box along its border."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.kernels.compiler import kernel
from graphs.kernels.sorting import sort_range


@kernel
def spread_ports(
    ptr: NDArray[np.int64],
    wanted: NDArray[np.float64],
    is_ordered: NDArray[np.bool_],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    gap: float,
) -> NDArray[np.float64]:
    """Put ports near where their edges come from, in slot order, at distinct points.

    Solves ``min sum w (x - wanted)^2`` under ``x[i + 1] - x[i] >= gap`` by pooling
    adjacent violators, where w is large for a port whose edge can be vertical.

    Parameters
    ----------
    ptr : int64 array, shape (k + 1,)
        Ports of side s are the rows ``ptr[s]:ptr[s + 1]``, in slot order.
    wanted : float64 array, shape (p,)
        x of the other end of the port's edge.
    is_ordered : bool array, shape (p,)
        False for a port that may stand anywhere among the others.
    low, high : float64 arrays, shape (k,)
        Where the ports of a side may lie.
    gap : float
        Between ports; smaller where a side is short.

    Returns
    -------
    float64 array, shape (p,)
    """
    n = len(wanted)
    x = np.empty(n, np.float64)
    free, line = np.empty(n, np.int64), np.empty(n, np.int64)
    scratch = np.empty(n, np.int64)
    mean, weight = np.empty(n, np.float64), np.empty(n, np.float64)
    length = np.empty(n, np.int64)
    for s in range(len(ptr) - 1):
        start, stop = ptr[s], ptr[s + 1]
        count = stop - start
        if count == 0:
            continue
        _line_up(start, stop, wanted, is_ordered, free, line, scratch)
        step = min(gap, (high[s] - low[s]) / count)
        last_pool = -1
        for k in range(count):  # pool adjacent violators on wanted - k * step
            goal = wanted[line[k]]
            inside = low[s] <= goal <= high[s]
            last_pool += 1
            mean[last_pool] = min(max(goal, low[s]), high[s]) - k * step
            weight[last_pool] = 100.0 if inside else 1.0
            length[last_pool] = 1
            while last_pool > 0 and mean[last_pool - 1] >= mean[last_pool]:
                a, b = last_pool - 1, last_pool
                both = weight[a] + weight[b]
                mean[a] = (mean[a] * weight[a] + mean[b] * weight[b]) / both
                weight[a] = both
                length[a] += length[b]
                last_pool = a
        k = 0
        for p in range(last_pool + 1):
            for _ in range(length[p]):
                limit = high[s] - (count - 1) * step
                x[line[k]] = min(max(mean[p], low[s]), limit) + k * step
                k += 1
    return x


@kernel
def _line_up(
    start: int,
    stop: int,
    wanted: NDArray[np.float64],
    is_ordered: NDArray[np.bool_],
    free: NDArray[np.int64],
    line: NDArray[np.int64],
    scratch: NDArray[np.int64],
) -> None:
    """Write the rows of a side from left to right: ordered ones as they are, others merged in."""
    n_free = 0
    for row in range(start, stop):
        if not is_ordered[row]:
            free[n_free] = row
            n_free += 1
    sort_range(free, wanted, 0, n_free, scratch)
    i, k = 0, 0
    for row in range(start, stop):
        if is_ordered[row]:
            while i < n_free and wanted[free[i]] < wanted[row]:
                line[k] = free[i]
                i, k = i + 1, k + 1
            line[k] = row
            k += 1
    while i < n_free:
        line[k] = free[i]
        i, k = i + 1, k + 1
