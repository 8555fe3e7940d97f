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
        n_pools = _pool(line, count, wanted, low[s], high[s], step, mean, weight, length)
        limit = high[s] - (count - 1) * step
        k = 0
        for p in range(n_pools):
            for _ in range(length[p]):
                x[line[k]] = min(max(mean[p], low[s]), limit) + k * step
                k += 1
    return x


@kernel
def _pool(
    line: NDArray[np.int64],
    count: int,
    wanted: NDArray[np.float64],
    low: float,
    high: float,
    step: float,
    mean: NDArray[np.float64],
    weight: NDArray[np.float64],
    length: NDArray[np.int64],
) -> int:
    """Pool adjacent violators of a rising order on ``wanted - k * step``; count the pools."""
    last = -1
    for k in range(count):
        goal = wanted[line[k]]
        last += 1
        mean[last] = min(max(goal, low), high) - k * step
        weight[last] = 100.0 if low <= goal <= high else 1.0
        length[last] = 1
        while last > 0 and mean[last - 1] >= mean[last]:
            a, b = last - 1, last
            both = weight[a] + weight[b]
            mean[a] = (mean[a] * weight[a] + mean[b] * weight[b]) / both
            weight[a] = both
            length[a] += length[b]
            last = a
    return last + 1


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
