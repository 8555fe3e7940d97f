"""What several kernels need: a stable sort, and the places of vertices on their ranks.

The sort is apart because numba's own `argsort` costs seconds to compile and is
not stable; small ranges are sorted by insertion, large ones by merging.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.kernels.compiler import kernel

RUN = 16  # ranges up to this length are sorted by insertion


@kernel
def sort_range(
    items: NDArray[np.int64],
    keys: NDArray[np.float64],
    start: int,
    stop: int,
    scratch: NDArray[np.int64],
) -> None:
    """Sort ``items[start:stop]`` in place by ``keys[item]``, equal keys in their order.

    Parameters
    ----------
    items : int64 array
    keys : float64 array, indexed by item
    start, stop : int
    scratch : int64 array, at least as long as `items`
    """
    for low in range(start, stop, RUN):
        high = min(low + RUN, stop)
        for i in range(low + 1, high):
            item = items[i]
            key = keys[item]
            j = i - 1
            while j >= low and keys[items[j]] > key:
                items[j + 1] = items[j]
                j -= 1
            items[j + 1] = item
    width = RUN
    while width < stop - start:
        for low in range(start, stop, 2 * width):
            middle = min(low + width, stop)
            high = min(low + 2 * width, stop)
            i, j = low, middle
            for k in range(low, high):
                if i < middle and (j >= high or keys[items[i]] <= keys[items[j]]):
                    scratch[k] = items[i]
                    i += 1
                else:
                    scratch[k] = items[j]
                    j += 1
        for k in range(start, stop):  # slices cost a second to compile
            items[k] = scratch[k]
        width *= 2


@kernel
def places(order: NDArray[np.int64], rank_ptr: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the index of each vertex in its rank.

    Parameters
    ----------
    order : int64 array, shape (n,)
        Vertices, rank after rank.
    rank_ptr : int64 array, shape (n_ranks + 1,)
        Where each rank starts.
    """
    place = np.empty(len(order), np.int64)
    for r in range(len(rank_ptr) - 1):
        for i in range(rank_ptr[r], rank_ptr[r + 1]):
            place[order[i]] = i - rank_ptr[r]
    return place
