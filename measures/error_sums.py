"""Sums from which the errors of one tensor follow, gathered sample by sample.

Whole tensors of large models do not fit into memory together, so each sample is
reduced to eight numbers as it comes. Imports nothing but NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(slots=True)
class ErrorSums:
    """Sums over all elements seen of a float tensor x and its quantized twin y.

    Attributes
    ----------
    n : int
        Elements.
    xx, yy, xy, dd : float
        Sums of x², y², x·y and (x − y)².
    largest : float
        Greatest |x − y|.
    n_ranged, n_saturated : int
        Elements whose quantized twin can hold a known range, and how many x of them lie
        more than half a step outside it.
    """

    n: int = 0
    xx: float = 0.0
    yy: float = 0.0
    xy: float = 0.0
    dd: float = 0.0
    largest: float = 0.0
    n_ranged: int = 0
    n_saturated: int = 0

    def add(
        self,
        x: NDArray[np.generic],
        y: NDArray[np.generic],
        bounds: tuple[float, float] | None = None,
    ) -> None:
        """Add the elements of one sample; the two shapes must be equal.

        Parameters
        ----------
        x, y : array
            The float tensor and its quantized twin as real numbers, of one shape.
        bounds : (float, float), optional
            What the twin can hold, half a step wider on both sides.

        Raises
        ------
        ValueError
            The shapes differ.
        """
        if x.shape != y.shape:
            raise ValueError(f"shapes {x.shape} and {y.shape} differ")
        if x.size == 0:
            return
        a = x.astype(np.float64).ravel()
        b = y.astype(np.float64).ravel()
        d = _differences(a, b)
        finite_a, finite_b = (np.where(np.isfinite(one), one, 0.0) for one in (a, b))
        self.n += a.size
        self.xx += float(finite_a @ finite_a)
        self.yy += float(finite_b @ finite_b)
        self.xy += float(finite_a @ finite_b)
        self.dd += float(d @ d)
        self.largest = max(self.largest, float(np.abs(d).max()))
        if bounds is not None:
            self.n_ranged += a.size
            self.n_saturated += int(np.count_nonzero((a < bounds[0]) | (a > bounds[1])))

    def row(self) -> list[float]:
        """Return the sums as JSON numbers, in the order of the attributes."""
        sums = [self.n, self.xx, self.yy, self.xy, self.dd, self.largest]
        return [*sums, self.n_ranged, self.n_saturated]

    @classmethod
    def from_row(cls, row: Sequence[float]) -> ErrorSums:
        """Return the sums that `row` gave."""
        n, xx, yy, xy, dd, largest, n_ranged, n_saturated = row
        return cls(int(n), xx, yy, xy, dd, largest, int(n_ranged), int(n_saturated))

    @property
    def mse(self) -> float:
        """Mean squared error, dd / n; NaN without elements."""
        return self.dd / self.n if self.n else math.nan

    @property
    def sqnr_db(self) -> float:
        """Signal-to-quantization-noise ratio, 10 log10(xx / dd), in dB; inf where exact."""
        if not self.n:
            return math.nan
        if self.dd == 0.0:
            return math.inf
        ratio = self.xx / self.dd
        return 10 * math.log10(ratio) if ratio > 0.0 else -math.inf

    @property
    def cosine_distance(self) -> float:
        """1 − xy / (|x| |y|), 0..2; 0 where both are zero; NaN without elements.

        1 where one is zero, or an element is no number on one side alone.
        """
        if not self.n:
            return math.nan
        if math.isinf(self.dd):
            return 1.0
        if self.xx == 0.0 or self.yy == 0.0:
            return 0.0 if self.xx == self.yy else 1.0
        return max(0.0, 1 - self.xy / math.sqrt(self.xx) / math.sqrt(self.yy))

    @property
    def saturated_share(self) -> float:
        """Share 0..1 of elements outside the twin's range; NaN where it has no known range."""
        return self.n_saturated / self.n_ranged if self.n_ranged else math.nan


def _differences(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a − b; infinite where one side alone is NaN or infinite, 0 where both are the same."""
    is_same = (a == b) | (np.isnan(a) & np.isnan(b))
    is_odd = ~is_same & ~(np.isfinite(a) & np.isfinite(b))
    is_plain = ~is_same & ~is_odd
    d = np.where(is_odd, np.inf, 0.0)
    np.subtract(a, b, out=d, where=is_plain)
    return d
