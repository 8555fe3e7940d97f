"""Quantiles of times that a clock gave in whole units. Imports nothing but NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

QUANTILES = (0.5, 0.1, 0.9)  # median first


def grouped_quantiles(
    durations: NDArray[np.float64], quantiles: Sequence[float]
) -> NDArray[np.float64]:
    """Return quantiles of durations that were rounded down to whole units.

    A duration d stands for the interval [d, d + 1); within the interval that holds
    the quantile, values are taken as spread evenly (as `statistics.median_grouped`
    does around d). So 100 runs of 2.4 units, seen as 2s and 3s, do not come out as 2.

    Parameters
    ----------
    durations : float64 array, shape (n,), n >= 1
        Whole numbers.
    quantiles : sequence of float, 0..1

    Returns
    -------
    float64 array, shape (len(quantiles),)
    """
    values, counts = np.unique(durations, return_counts=True)
    upto = np.cumsum(counts)
    wanted = np.asarray(quantiles, dtype=np.float64) * len(durations)
    at = np.minimum(np.searchsorted(upto, wanted), len(values) - 1)
    inside = (wanted - (upto[at] - counts[at])) / counts[at]
    return np.asarray(values[at] + np.clip(inside, 0.0, 1.0), dtype=np.float64)
