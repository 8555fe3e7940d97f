"""Positions on linear and logarithmic axes: the units in which plots compare and measure.

Axis units are the value itself on a linear axis and its decimal logarithm on a
log axis. This module imports NumPy only.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_MOST_DECADES = 300.0


class View(NamedTuple):
    """A rectangle in axis units."""

    x0: float
    x1: float
    y0: float
    y1: float


def to_axis(values: NDArray[np.float64], is_log: bool) -> NDArray[np.float64]:
    """Return values in axis units; what a log axis cannot show is NaN."""
    if not is_log:
        return values
    logs = np.full(len(values), np.nan)
    np.log10(values, where=values > 0, out=logs)
    return logs


def end_in_axis(value: float, is_log: bool) -> float:
    """Return an end of a box in axis units; on a log axis zero is infinitely far below."""
    if not is_log:
        return value
    return math.log10(value) if value > 0 else -math.inf


def from_axis(place: float, is_log: bool) -> float:
    """Return the value at a place in axis units; beyond a double's range the last one within."""
    return 10.0 ** min(max(place, -_MOST_DECADES), _MOST_DECADES) if is_log else place


def extent(place: NDArray[np.float64]) -> View:
    """Return the view of all points with a margin of 4 %, never empty."""
    ends = []
    for axis in place:
        low, high = float(axis.min()), float(axis.max())
        margin = 0.04 * (high - low) or 0.1 * abs(low) or 0.5
        ends += [low - margin, high + margin]
    return View(*ends)
