"""What every plot is given: one measure's values over n nodes, rows, and masks.

Rows are indices of nodes, masks have one entry a node. This module imports
NumPy and `graphs.node_data` only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphs.node_data import NodeData

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

_LARGEST = 1e300  # differences and margins of what is smaller do not overflow
_LOG_RATIO = 100.0  # two decades: below, a linear axis shows more


@dataclass(frozen=True, slots=True, eq=False)
class MeasureColumn:
    """One measure over n nodes.

    Attributes
    ----------
    name, unit : str
        May come from a file: untrusted text.
    values : float64 array, shape (n,)
        NaN where there is none; the index into `categories` of categorical data.
    is_higher_worse : bool
    is_additive : bool
        True where a sum over nodes means something (time, bytes), so that there
        is a total and a share of it.
    categories : tuple of str
        Labels of categorical data; empty if numeric.
    """

    name: str
    unit: str
    values: NDArray[np.float64]
    is_higher_worse: bool = True
    is_additive: bool = True
    categories: tuple[str, ...] = ()

    @classmethod
    def of(cls, data: NodeData) -> MeasureColumn:
        """Return the column of a graph's node data."""
        return cls(
            name=data.name,
            unit=data.unit,
            values=np.asarray(data.values, dtype=np.float64),
            is_higher_worse=data.is_higher_worse,
            is_additive="sum" in data.aggregations,
            categories=data.categories,
        )

    @property
    def label(self) -> str:
        """Name and unit, e.g. ``latency (ms)``."""
        return f"{self.name} ({self.unit})" if self.unit else self.name

    @property
    def total(self) -> float:
        """Sum of the finite values; NaN where a sum means nothing or nothing is there."""
        finite = self.values[np.isfinite(self.values)]
        return float(finite.sum()) if self.is_additive and finite.size else float("nan")

    @property
    def wants_log(self) -> bool:
        """True where the positive values span so much that a log axis shows more."""
        positive = self.values[np.isfinite(self.values) & (self.values > 0)]
        has_negative = bool((self.values < 0).any())
        if self.categories or has_negative or positive.size < 2:
            return False
        return bool(positive.max() / _LOG_RATIO > positive.min())

    def is_beyond(self, threshold: float) -> Mask:
        """Return which values are worse than a threshold; NaN is not.

        Returns
        -------
        bool array, shape (n,)
        """
        worse = np.greater if self.is_higher_worse else np.less
        return np.asarray(worse(self.values, threshold), dtype=np.bool_)


def is_drawable(values: NDArray[np.float64]) -> Mask:
    """Return which values an axis can show: neither NaN, infinite, nor near a double's end."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(values) < _LARGEST, dtype=np.bool_)


def as_rows(rows: ArrayLike, n: int) -> Rows:
    """Return `rows` sorted, each once, as int64.

    Raises
    ------
    IndexError
        A row is not one of the n.
    """
    unique = np.unique(np.asarray(rows, dtype=np.int64))
    if unique.size and (unique[0] < 0 or unique[-1] >= n):
        raise IndexError(f"row {unique[0] if unique[0] < 0 else unique[-1]} is not one of {n} rows")
    return unique


def as_mask(mask: ArrayLike | None, n: int) -> Mask | None:
    """Return `mask` as a bool array of length n, or None where it excludes nothing.

    Raises
    ------
    ValueError
        The length is not n.
    """
    if mask is None:
        return None
    array = np.asarray(mask, dtype=np.bool_)
    if array.shape != (n,):
        raise ValueError(f"a mask of {n} rows is needed, this one has the shape {array.shape}")
    return None if array.all() else array


def shortened(text: str, n_chars: int) -> str:
    """Return text from a file on one line, its middle cut out where it is longer than n_chars."""
    flat = " ".join(text[: 16 * n_chars].split()) if len(text) > 16 * n_chars else text
    flat = " ".join(flat.split())
    if len(flat) <= n_chars:
        return flat
    head = (n_chars - 1) // 3
    return f"{flat[:head]}…{text.rstrip()[-(n_chars - 1 - head) :]}"
