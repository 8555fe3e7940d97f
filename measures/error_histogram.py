"""How the errors of one tensor are distributed: histograms that are filled sample by sample.

The first pass over the samples finds the ranges, the second counts: a tensor is never
kept. Imports nothing but NumPy.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

N_BINS = 101  # of errors: odd, so that zero lies in the middle of a bin
N_CELLS = 128  # of float against quantized values, along each axis


class ErrorRange:
    """Least and greatest value of a float tensor and its twin, and the largest error."""

    def __init__(self) -> None:
        self.low, self.high, self.largest = math.inf, -math.inf, 0.0

    def add(
        self,
        x: NDArray[np.generic],
        y: NDArray[np.generic],
        bounds: tuple[float, float] | None = None,
    ) -> None:
        """Add the elements of one sample; what is not finite does not count."""
        a, b = _finite(x, y)
        if a.size:
            self.low = min(self.low, float(a.min()), float(b.min()))
            self.high = max(self.high, float(a.max()), float(b.max()))
            self.largest = max(self.largest, float(np.abs(b - a).max()))


class ErrorHistogram:
    """Counts of errors, and of float against quantized values.

    Parameters
    ----------
    found : ErrorRange
        Of the same samples.

    Attributes
    ----------
    error_edges : float64 array, shape (N_BINS + 1,)
        Of quantized − float; symmetric around zero.
    error_counts : int64 array, shape (N_BINS,)
    value_edges : float64 array, shape (N_CELLS + 1,)
        Of both axes of `value_counts`.
    value_counts : int64 array, shape (N_CELLS, N_CELLS)
        By float value, then by quantized value.
    n_not_finite : int
        Elements that are not finite in one of the two.
    """

    def __init__(self, found: ErrorRange) -> None:
        is_empty = found.low > found.high
        low, high = (0.0, 1.0) if is_empty else (found.low, found.high)
        self.error_edges = _edges(-found.largest, found.largest, N_BINS)
        self.value_edges = _edges(low, high, N_CELLS)
        self.error_counts = np.zeros(N_BINS, dtype=np.int64)
        self.value_counts = np.zeros((N_CELLS, N_CELLS), dtype=np.int64)
        self.n_not_finite = 0

    def add(
        self,
        x: NDArray[np.generic],
        y: NDArray[np.generic],
        bounds: tuple[float, float] | None = None,
    ) -> None:
        """Add the elements of one sample."""
        a, b = _finite(x, y)
        self.n_not_finite += x.size - a.size
        self.error_counts += np.bincount(_bins(b - a, self.error_edges), minlength=N_BINS)
        cell = _bins(a, self.value_edges) * N_CELLS + _bins(b, self.value_edges)
        counts = np.bincount(cell, minlength=N_CELLS * N_CELLS)
        self.value_counts += counts.reshape(N_CELLS, N_CELLS)

    def as_json(self) -> dict[str, Any]:
        """Return JSON types."""
        return {
            "error_edges": self.error_edges.tolist(),
            "error_counts": self.error_counts.tolist(),
            "value_edges": self.value_edges.tolist(),
            "value_counts": self.value_counts.tolist(),
            "n_not_finite": self.n_not_finite,
        }


def _finite(
    x: NDArray[np.generic], y: NDArray[np.generic]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a, b = x.astype(np.float64).ravel(), y.astype(np.float64).ravel()
    is_finite = np.isfinite(a) & np.isfinite(b)
    return (a, b) if is_finite.all() else (a[is_finite], b[is_finite])


def _edges(low: float, high: float, n_bins: int) -> NDArray[np.float64]:
    """Return evenly spaced edges; around a single value they are a little apart."""
    least = max(abs(low), abs(high)) * 1e-9 or 0.5
    if high - low < least:
        low, high = low - least / 2, high + least / 2
    return np.linspace(low, high, n_bins + 1)


def _bins(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the bin of each value; the last bin holds its upper edge, as NumPy's does."""
    n_bins = len(edges) - 1
    found = np.searchsorted(edges, values, side="right") - 1
    return np.clip(found, 0, n_bins - 1)
