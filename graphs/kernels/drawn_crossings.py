"""Kernel that counts where drawn lines cross, for judging a drawing.

Apart from `crossings`, which counts on ranks and orders while a layout is made:
this one knows only where lines are, so it can judge any drawing. `warm` leaves
it out, because no layout needs it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.kernels.compiler import kernel


@kernel
def count_drawn_crossings(
    segments: NDArray[np.float64],
    is_end: NDArray[np.bool_],
    value: NDArray[np.int64],
    weight: NDArray[np.int64],
    first_band: NDArray[np.int64],
    band_ptr: NDArray[np.int64],
    band_rows: NDArray[np.int64],
) -> tuple[int, int]:
    """Count proper crossings of straight segments of different values, band by band.

    Where a corner of one line lies exactly on another, the lines of the greater
    value count as moved right, and down, by an infinitely small step: so a
    line that crosses at a corner is counted once, not twice or never, and one
    that only touches never or twice. A line that ends on another crosses nothing.

    Parameters
    ----------
    segments : float64 array, shape (k, 4)
        x, y, x, y of both ends; the first end is not right of the second.
    is_end : bool array, shape (k, 2)
        True where an end of the segment is the end of its whole line.
    value : int64 array, shape (k,)
        Segments of equal value do not count against each other.
    weight : int64 array, shape (k,)
        How many lines run along the segment.
    first_band : int64 array, shape (k,)
        Uppermost band that the segment reaches.
    band_ptr, band_rows : int64 arrays, shape (n_bands + 1,) and (r,)
        The segments that reach each band, sorted by their left end.

    Returns
    -------
    int
        Crossings of segments.
    int
        The same, each times the weights of both.

    Notes
    -----
    Costs as many steps as there are pairs that share a band and overlap in x.
    """
    n, n_weighted = 0, 0
    for band in range(len(band_ptr) - 1):
        for i in range(band_ptr[band], band_ptr[band + 1]):
            a = band_rows[i]
            for j in range(i + 1, band_ptr[band + 1]):
                b = band_rows[j]
                if segments[b, 0] > segments[a, 2]:
                    break
                if value[a] == value[b] or max(first_band[a], first_band[b]) != band:
                    continue
                if _cross(segments, is_end, a, b, 1 if value[b] > value[a] else -1):
                    n += 1
                    n_weighted += weight[a] * weight[b]
    return n, n_weighted


@kernel
def _cross(
    segments: NDArray[np.float64], is_end: NDArray[np.bool_], a: int, b: int, step: int
) -> bool:
    """Tell whether two segments cross; `step` is the sign of b's step to the right of a."""
    a_low, a_high = segments[a, 1], segments[a, 3]
    b_low, b_high = segments[b, 1], segments[b, 3]
    if max(a_low, a_high) < min(b_low, b_high) or max(b_low, b_high) < min(a_low, a_high):
        return False
    of_b = _side(segments, a, segments[b, 0], b_low, is_end[b, 0], step)
    if of_b == 0 or of_b + _side(segments, a, segments[b, 2], b_high, is_end[b, 1], step) != 0:
        return False
    of_a = _side(segments, b, segments[a, 0], a_low, is_end[a, 0], -step)
    return of_a != 0 and of_a + _side(segments, b, segments[a, 2], a_high, is_end[a, 1], -step) == 0


@kernel
def _side(
    segments: NDArray[np.float64], s: int, x: float, y: float, is_end: bool, step: int
) -> int:
    """Return on which side of the line through s a point lies: 1, -1, or 0 for an end on it."""
    across, along = segments[s, 2] - segments[s, 0], segments[s, 3] - segments[s, 1]
    turn = across * (y - segments[s, 1]) - along * (x - segments[s, 0])
    if turn == 0.0:
        if is_end:
            return 0
        turn = -along * step if along != 0.0 else across * step
    return 1 if turn > 0.0 else -1
