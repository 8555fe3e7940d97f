"""What a tensor holds, in a few numbers: range, mean, zeros, a histogram, ranges of channels.

Memory is bounded: numbers are taken in pieces, and of a large tensor only some.
Imports NumPy only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_COUNTED = 1 << 24  # elements; of more than these a sample is taken
N_SAMPLED = 1 << 22
PIECE = 1 << 20  # elements converted at a time
MAX_BINS = 48
MAX_FIRST = 24
MAX_CHANNELS = 1 << 16


@dataclass(frozen=True, slots=True)
class ChannelRanges:
    """The largest magnitude in each slice along one axis: least and greatest of them."""

    axis: int
    n_channels: int
    least: float
    greatest: float


@dataclass(frozen=True, slots=True, eq=False)
class TensorSummary:
    """Statistics of a tensor.

    Attributes
    ----------
    shape : tuple of int
    n_counted : int
        Elements that the statistics are of; fewer than the tensor has where it is
        large, and 0 where its elements are no real numbers.
    low, high, mean, std : float
        Of the finite elements; NaN where there is none.
    n_zero, n_nan, n_infinite : int
    first : list
        The first elements, as Python objects.
    edges : float64 array, shape (k + 1,)
        Ascending ends of the bins of the finite elements; empty where there is none.
    counts : int64 array, shape (k,)
    channels : list of ChannelRanges
        Along the first and the last axis of a tensor with several.
    """

    shape: tuple[int, ...]
    n_counted: int
    low: float
    high: float
    mean: float
    std: float
    n_zero: int
    n_nan: int
    n_infinite: int
    first: list[object]
    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    channels: list[ChannelRanges]

    @property
    def n_elements(self) -> int:
        """Elements of the tensor."""
        return math.prod(self.shape)

    @property
    def is_sampled(self) -> bool:
        """Whether the statistics are of some of the elements only."""
        return 0 < self.n_counted < self.n_elements


@dataclass(slots=True)
class _Moments:
    """Running range, mean and squared distance from it, merged piece by piece."""

    n: int = 0
    low: float = math.inf
    high: float = -math.inf
    mean: float = 0.0
    squares: float = 0.0

    def add(self, values: NDArray[np.float64]) -> None:
        """Take finite values in (Chan, Golub, LeVeque 1983: pairwise merging of moments)."""
        if not values.size:
            return
        n, mean = self.n + values.size, float(values.mean())
        apart = mean - self.mean
        self.squares += float(np.square(values - mean).sum())
        self.squares += apart * apart * (self.n / n) * values.size
        self.mean += apart * (values.size / n)
        self.low = min(self.low, float(values.min()))
        self.high = max(self.high, float(values.max()))
        self.n = n


def summarize(data: NDArray[np.generic]) -> TensorSummary:
    """Return the statistics of a tensor.

    Parameters
    ----------
    data : array of any shape
        Numbers of NumPy or of ml_dtypes (bfloat16, float8, int4); anything else
        has first elements only.
    """
    moments = _Moments()
    n_counted = n_zero = n_nan = n_infinite = 0
    values = _counted(data)
    with np.errstate(all="ignore"):
        for piece in _pieces(values):
            finite = piece[np.isfinite(piece)]
            n_here = int(np.isnan(piece).sum())
            n_counted, n_nan = n_counted + piece.size, n_nan + n_here
            n_infinite += piece.size - finite.size - n_here
            n_zero += int(np.count_nonzero(finite == 0))
            moments.add(finite)
        edges = _edges(moments, data.dtype.kind in "iub")
        counts = np.zeros(max(len(edges) - 1, 0), dtype=np.int64)
        if len(counts):
            for piece in _pieces(values):
                counts += np.histogram(piece[np.isfinite(piece)], bins=edges)[0]
        channels = _channels(data)
    known = moments.n > 0
    return TensorSummary(
        shape=data.shape,
        n_counted=n_counted,
        low=moments.low if known else math.nan,
        high=moments.high if known else math.nan,
        mean=moments.mean if known else math.nan,
        std=math.sqrt(max(moments.squares / moments.n, 0.0)) if known else math.nan,
        n_zero=n_zero,
        n_nan=n_nan,
        n_infinite=n_infinite,
        first=data.flat[:MAX_FIRST].tolist(),
        edges=edges,
        counts=counts,
        channels=channels,
    )


def _is_small_float(data: NDArray[np.generic]) -> bool:
    """Whether the elements are ml_dtypes' numbers, which NumPy knows by their size only."""
    return data.dtype.kind == "V" and data.dtype.names is None and data.dtype.isbuiltin == 2


def _counted(data: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return the elements that are counted, in one row: all, or equally spaced ones."""
    if data.dtype.kind not in "fiub" and not _is_small_float(data):
        return np.zeros(0)
    if data.size <= MAX_COUNTED:
        return data.reshape(-1)
    stride = -(-data.size // N_SAMPLED)
    while math.gcd(stride, data.size) > 1:  # else some columns would never be seen
        stride += 1
    rows = np.arange(0, data.size, stride)
    return data[np.unravel_index(rows, data.shape)]


def _pieces(values: NDArray[np.generic]) -> Iterator[NDArray[np.float64]]:
    for start in range(0, len(values), PIECE):
        yield _as_float(values[start : start + PIECE])


def _as_float(values: NDArray[np.generic]) -> NDArray[np.float64]:
    if _is_small_float(values):
        values = values.astype(np.float32)
    return values.astype(np.float64)


def _edges(moments: _Moments, is_whole: bool) -> NDArray[np.float64]:
    """Return the ends of the bins; whole numbers are never cut between two bins."""
    low, high = moments.low, moments.high
    if not moments.n:
        return np.zeros(0)
    if is_whole and high - low < 2**50:
        width = math.ceil((high - low + 1) / MAX_BINS)
        return np.arange(low - 0.5, high + width + 0.5, width)[: MAX_BINS + 1]
    if not high > low:
        margin = 0.1 * abs(low) or 0.5
        return np.array([low - margin, high + margin])
    line = np.linspace(0, 1, MAX_BINS + 1)
    edges: NDArray[np.float64] = low * (1 - line) + high * line
    edges[0], edges[-1] = low, high
    # Neighbouring numbers leave no room for so many bins.
    return np.unique(edges) if np.isfinite(edges).all() else np.zeros(0)


def _channels(data: NDArray[np.generic]) -> list[ChannelRanges]:
    """Return the ranges along the first and the last axis; none of a vector or a large tensor."""
    is_number = data.dtype.kind in "fiu" or _is_small_float(data)
    if not is_number or data.ndim < 2 or not 0 < data.size <= MAX_COUNTED // 4:
        return []
    found = []
    numbers = np.abs(data.astype(np.float32))
    for axis in (0, data.ndim - 1):
        if 1 < data.shape[axis] <= MAX_CHANNELS and data.shape[axis] < data.size:
            others = tuple(a for a in range(data.ndim) if a != axis)
            largest = np.fmax.reduce(numbers, axis=others)
            if np.isfinite(largest).all():
                ends = float(largest.min()), float(largest.max())
                found.append(ChannelRanges(axis, data.shape[axis], *ends))
    return found
