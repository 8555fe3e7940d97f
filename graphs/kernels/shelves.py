"""Kernel that packs rectangles into an area of a wanted width."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.kernels.compiler import kernel


@kernel
def pack_shelves(
    order: NDArray[np.int64],
    width: NDArray[np.float64],
    height: NDArray[np.float64],
    total_width: float,
    gap: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pack rectangles on shelves; low ones stand on each other in a column of their shelf.

    Parameters
    ----------
    order : int64 array, shape (n,)
        The order to pack in, from high to low.
    width, height : float64 arrays, shape (n,)
    total_width : float
        A shelf ends there, unless one rectangle is wider.
    gap : float
        Between rectangles, both ways.

    Returns
    -------
    x, y : float64 arrays, shape (n,)
    """
    x, y = np.empty(len(order), np.float64), np.empty(len(order), np.float64)
    shelf_y, shelf_height = 0.0, -1.0
    column_x, column_width, column_y = 0.0, 0.0, 0.0
    for i in order:
        fits = column_y + height[i] <= shelf_y + shelf_height
        if fits and (column_x == 0.0 or column_x + width[i] <= total_width):
            x[i], y[i] = column_x, column_y
            column_width = max(column_width, width[i])
            column_y += height[i] + gap
            continue
        column_x += column_width + gap
        if shelf_height < 0 or column_x + width[i] > total_width:
            shelf_y = shelf_y + shelf_height + gap if shelf_height >= 0 else 0.0
            shelf_height = height[i]
            column_x = 0.0
        x[i], y[i] = column_x, shelf_y
        column_width = width[i]
        column_y = shelf_y + height[i] + gap
    return x, y
