"""Bins of a histogram: edges once, then counts of any subset in one `bincount`.

This module imports NumPy only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from components.plots.columns import Mask, Rows, is_drawable

MAX_BINS = 60
_MIN_BINS = 8
_CONSTANT = 1e-9  # relative spread below which all values count as one


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """k bins over n values.

    Attributes
    ----------
    edges : float64 array, shape (k + 1,)
        Ascending, in value units; a bin holds its left edge, the last one both.
    index : int32 array, shape (n,)
        The bin of each value, k for a value without one.
    n_hidden : int
        Values <= 0 that a log axis cannot show.
    n_infinite : int
        Infinite values, and those too large for any axis.
    is_log : bool
    """

    edges: NDArray[np.float64]
    index: NDArray[np.int32]
    n_hidden: int
    n_infinite: int
    is_log: bool

    def __len__(self) -> int:
        """Return k."""
        return max(len(self.edges) - 1, 0)

    def count(self, subset: Mask | Rows | None = None) -> NDArray[np.int64]:
        """Return how many values of a subset (rows or mask; all if None) lie in each bin."""
        index = self.index if subset is None else self.index[subset]
        return np.bincount(index, minlength=len(self) + 1)[: len(self)]

    def bounds(self, bin: int) -> tuple[float, float]:
        """Return the least and greatest value that a bin may hold, both included."""
        right = float(self.edges[bin + 1])
        if bin < len(self) - 1:
            right = float(np.nextafter(right, -np.inf))
        return float(self.edges[bin]), right

    def at(self, value: float) -> int | None:
        """Return the bin of a value, None outside."""
        if not self.edges[0] <= value <= self.edges[-1] or not len(self):
            return None
        return int(min(np.searchsorted(self.edges, value, side="right") - 1, len(self) - 1))


def make_bins(
    values: NDArray[np.float64],
    *,
    is_log: bool = False,
    n_categories: int = 0,
    max_bins: int = MAX_BINS,
) -> Bins:
    """Choose bins for values.

    Whole numbers of a small range get one bin each, as do categories; equal
    values get one bin around them; all else equal widths, as many as the square
    root of the count, on a log axis equal in the logarithm.
    """
    finite = is_drawable(values)
    usable = finite & (values > 0) if is_log else finite
    n_infinite = int((~np.isnan(values) & ~finite).sum())
    n_hidden = int(finite.sum() - usable.sum())
    edges = _edges(values[usable], is_log=is_log, n_categories=n_categories, max_bins=max_bins)
    k = max(len(edges) - 1, 0)
    index = np.full(len(values), k, dtype=np.int32)
    if k:
        place = np.searchsorted(edges, values[usable], side="right") - 1
        index[usable] = np.clip(place, 0, k - 1)
    return Bins(edges, index, n_hidden, n_infinite, is_log)


def _edges(
    values: NDArray[np.float64], *, is_log: bool, n_categories: int, max_bins: int
) -> NDArray[np.float64]:
    if n_categories:
        return np.arange(n_categories + 1) - 0.5
    if not values.size:
        return np.zeros(0)
    low, high = float(values.min()), float(values.max())
    if high - low <= _CONSTANT * max(abs(low), abs(high)):
        return _around(low, high, is_log=is_log)
    if not is_log and high - low < max_bins and bool((values == np.rint(values)).all()):
        return np.arange(low, high + 2) - 0.5
    n_bins = int(min(max(np.sqrt(values.size), _MIN_BINS), max_bins))
    line = np.linspace(0, 1, n_bins + 1)
    if is_log:
        edges = 10 ** (np.log10(low) * (1 - line) + np.log10(high) * line)
    else:
        edges = low * (1 - line) + high * line
    edges[0], edges[-1] = low, high
    return np.maximum.accumulate(edges)


def _around(low: float, high: float, *, is_log: bool) -> NDArray[np.float64]:
    """Return one bin around equal values."""
    if is_log:
        return np.array([low / 1.25, high * 1.25])
    margin = 0.1 * max(abs(low), abs(high)) or 0.5
    return np.array([low - margin, high + margin])
