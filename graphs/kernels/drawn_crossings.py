"""Kernels that count where drawn lines cross, for judging a drawing.

Apart from `crossings`, which counts on ranks and orders while a layout is made:
these know only where lines are, so they can judge any drawing. `warm` leaves
them out, because no layout needs them.

A *rung* holds the segments that begin at one y and end at another. In a layered
drawing most segments between two ranks are one rung: which of them cross follows
from their orders at both ends, without a look at pairs.

Where a corner of one line lies exactly on another, the lines of the greater
value count as moved right by an infinitely small step: a line that crosses at a
corner is counted once, not twice or never, and one that only touches never or
twice. A level segment counts as lying just below its y. A line that ends on
another crosses nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.kernels.compiler import kernel


@kernel
def count_inversions(
    place: NDArray[np.int64], weight: NDArray[np.int64], ptr: NDArray[np.int64]
) -> tuple[int, int]:
    """Count pairs of one range that stand in the wrong order, by merging: O(n log n).

    Parameters
    ----------
    place : int64 array, shape (n,)
        Distinct within a range.
    weight : int64 array, shape (n,)
    ptr : int64 array, shape (n_ranges + 1,)

    Returns
    -------
    int
        Pairs.
    int
        The same, each times the weights of both.
    """
    n_pairs, n_weighted = 0, 0
    items, merged = np.arange(len(place)), np.empty(len(place), np.int64)
    for r in range(len(ptr) - 1):
        start, stop = ptr[r], ptr[r + 1]
        width = 1
        while width < stop - start:
            for low in range(start, stop, 2 * width):
                middle, high = min(low + width, stop), min(low + 2 * width, stop)
                i, j = low, middle
                left = 0  # weight of the left half that is still to come
                for k in range(low, middle):
                    left += weight[items[k]]
                for k in range(low, high):
                    if i < middle and (j >= high or place[items[i]] <= place[items[j]]):
                        merged[k] = items[i]
                        left -= weight[items[i]]
                        i += 1
                    else:
                        merged[k] = items[j]
                        n_pairs += middle - i
                        n_weighted += left * weight[items[j]]
                        j += 1
            for k in range(start, stop):
                items[k] = merged[k]
            width *= 2
    return n_pairs, n_weighted


@kernel
def count_tied_inversions(
    x: NDArray[np.float64],
    is_end: NDArray[np.bool_],
    value: NDArray[np.int64],
    weight: NDArray[np.int64],
    place: NDArray[np.int64],
    ptr: NDArray[np.int64],
) -> tuple[int, int]:
    """Count the inversions of segments that meet where a line ends: they are no crossings.

    Parameters
    ----------
    x, is_end, value, weight : arrays, shape (n,)
        One end of each segment; in a range sorted by x, then by value.
    place : int64 array, shape (n,)
        Order at the other end.
    ptr : int64 array, shape (n_ranges + 1,)

    Returns
    -------
    int, int
        Pairs, and each times the weights of both.
    """
    n_pairs, n_weighted = 0, 0
    for r in range(len(ptr) - 1):
        other = ptr[r]  # the first after i that differs in x or value
        for i in range(ptr[r], ptr[r + 1]):
            while other < ptr[r + 1] and x[other] == x[i] and value[other] == value[i]:
                other += 1
            for j in range(other, ptr[r + 1]):
                if x[j] != x[i]:
                    break
                if (is_end[i] or is_end[j]) and place[i] > place[j]:
                    n_pairs += 1
                    n_weighted += weight[i] * weight[j]
    return n_pairs, n_weighted


@kernel
def count_between_rungs(
    segments: NDArray[np.float64],
    is_end: NDArray[np.bool_],
    value: NDArray[np.int64],
    weight: NDArray[np.int64],
    ptr: NDArray[np.int64],
    reach: NDArray[np.float64],
) -> tuple[int, int]:
    """Count crossings of segments of different values and rungs that overlap in y.

    Parameters
    ----------
    segments : float64 array, shape (n, 4)
        x, y of the upper end, x, y of the lower one; of level segments of the left
        and the right. Sorted by their least x within a rung.
    is_end : bool array, shape (n, 2)
        True where an end of the segment is the end of its whole line.
    value, weight : int64 arrays, shape (n,)
    ptr : int64 array, shape (n_rungs + 1,)
        Rungs by upper y; level ones after the others.
    reach : float64 array, shape (n_rungs, 3)
        Least x, greatest x, and width of the widest segment.

    Returns
    -------
    int, int
        Pairs, and each times the weights of both.

    Notes
    -----
    Costs a step for each pair of rungs that overlap in y, and one for each pair
    of segments that overlap in x as well.
    """
    n_pairs, n_weighted = 0, 0
    open_rungs, n_open = np.empty(len(ptr), np.int64), 0
    for rung in range(len(ptr) - 1):
        y = segments[ptr[rung], 1]
        n_kept = 0
        for k in range(n_open):
            other = open_rungs[k]
            if segments[ptr[other], 3] <= y:
                continue
            open_rungs[n_kept] = other
            n_kept += 1
            if reach[other, 0] > reach[rung, 1] or reach[other, 1] < reach[rung, 0]:
                continue
            few, many = rung, other
            if ptr[few + 1] - ptr[few] > ptr[many + 1] - ptr[many]:
                few, many = many, few
            for a in range(ptr[few], ptr[few + 1]):
                found, weighted = _cross_rung(
                    segments, is_end, value, weight, a, ptr[many], ptr[many + 1], reach[many, 2]
                )
                n_pairs += found
                n_weighted += weighted
        n_open = n_kept
        if segments[ptr[rung], 3] > y:  # nothing that begins later meets a level one
            open_rungs[n_open] = rung
            n_open += 1
    return n_pairs, n_weighted


@kernel
def _cross_rung(
    segments: NDArray[np.float64],
    is_end: NDArray[np.bool_],
    value: NDArray[np.int64],
    weight: NDArray[np.int64],
    a: int,
    start: int,
    stop: int,
    widest: float,
) -> tuple[int, int]:
    """Count what segment a crosses in a rung."""
    left, right = min(segments[a, 0], segments[a, 2]), max(segments[a, 0], segments[a, 2])
    low, high = start, stop
    while low < high:  # to the first that can reach a
        middle = (low + high) // 2
        if min(segments[middle, 0], segments[middle, 2]) < left - widest:
            low = middle + 1
        else:
            high = middle
    n_pairs, n_weighted = 0, 0
    for b in range(low, stop):
        if min(segments[b, 0], segments[b, 2]) > right:
            break
        if value[a] != value[b] and max(segments[b, 0], segments[b, 2]) >= left:
            if segments[a, 1] == segments[a, 3]:
                is_crossed = _crosses_level(segments, is_end, value, a, b)
            elif segments[b, 1] == segments[b, 3]:
                is_crossed = _crosses_level(segments, is_end, value, b, a)
            else:
                is_crossed = (
                    _upper_side(segments, is_end, value, a, b)
                    * _lower_side(segments, is_end, value, a, b)
                    < 0
                )
            if is_crossed:
                n_pairs += 1
                n_weighted += weight[a] * weight[b]
    return n_pairs, n_weighted


@kernel
def _crosses_level(
    segments: NDArray[np.float64],
    is_end: NDArray[np.bool_],
    value: NDArray[np.int64],
    level: int,
    s: int,
) -> bool:
    """Tell whether a segment that begins at or above a level one and ends below crosses it."""
    if segments[s, 1] == segments[level, 1] and is_end[s, 0]:
        return False
    left = _side(segments, is_end, value, level, 0, s)
    return left < 0 < _side(segments, is_end, value, level, 1, s)


@kernel
def _upper_side(
    segments: NDArray[np.float64],
    is_end: NDArray[np.bool_],
    value: NDArray[np.int64],
    a: int,
    b: int,
) -> int:
    """Return on which side of b segment a is where the later of them begins: 1 for right, or -1."""
    if segments[a, 1] < segments[b, 1] or (segments[a, 1] == segments[b, 1] and is_end[b, 0]):
        return -_side(segments, is_end, value, b, 0, a)
    return _side(segments, is_end, value, a, 0, b)


@kernel
def _lower_side(
    segments: NDArray[np.float64],
    is_end: NDArray[np.bool_],
    value: NDArray[np.int64],
    a: int,
    b: int,
) -> int:
    """Return on which side of b segment a is where the first of them ends: 1 for right, or -1."""
    if segments[a, 3] > segments[b, 3] or (segments[a, 3] == segments[b, 3] and is_end[b, 1]):
        return -_side(segments, is_end, value, b, 1, a)
    return _side(segments, is_end, value, a, 1, b)


@kernel
def _side(
    segments: NDArray[np.float64],
    is_end: NDArray[np.bool_],
    value: NDArray[np.int64],
    a: int,
    end: int,
    b: int,
) -> int:
    """Return the side of b that an end of a is on: 1 for right, -1, 0 where a line ends on b."""
    x, y = segments[a, 2 * end] - segments[b, 0], segments[a, 2 * end + 1] - segments[b, 1]
    turn = x * (segments[b, 3] - segments[b, 1]) - y * (segments[b, 2] - segments[b, 0])
    if turn == 0.0:
        if is_end[a, end]:
            return 0
        return 1 if value[a] > value[b] else -1
    return 1 if turn > 0.0 else -1
