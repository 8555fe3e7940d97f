"""The error of one weight against its float twin, by tensor and by channel; in the worker only.

Imports NumPy and `measures.error_sums` only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from measures.error_sums import ErrorSums

MAX_CHANNELS = 1 << 20


def real_of(
    codes: NDArray[np.generic],
    scales: NDArray[np.float64],
    zero_points: NDArray[np.int64],
    axis: int,
) -> NDArray[np.float64]:
    """Return codes as real numbers: scale × (code − zero point), by channel along `axis`.

    Raises
    ------
    ValueError
        The number of scales is neither one nor that of the channels.
    """
    shape = [1] * codes.ndim
    if scales.size > 1:
        shape[axis] = -1
    zeros = zero_points.reshape(shape if zero_points.size > 1 else [1] * codes.ndim)
    real: NDArray[np.float64] = scales.reshape(shape) * (codes.astype(np.int64) - zeros)
    if real.shape != codes.shape:
        raise ValueError(f"{scales.size} scales do not fit shape {codes.shape}")
    return real


def weight_row(
    tensor: str,
    key: str,
    real: NDArray[np.generic],
    twin: NDArray[np.generic],
    scales: NDArray[np.float64],
    axis: int,
) -> dict[str, Any]:
    """Return the error of one weight as JSON types.

    Parameters
    ----------
    tensor, key : str
        Name of the weight, and the node that reads it.
    real, twin : array, one shape
        The float weight and its quantized twin as real numbers.
    scales : float64 array, shape (1,) or (n_channels,)
    axis : int
        Of the channels; used where there are several scales, else the first.
    """
    sums = ErrorSums()
    sums.add(real, twin)
    along = axis % real.ndim if real.ndim else 0
    channels: list[list[float]] = []
    if real.ndim and 1 < real.shape[along] <= MAX_CHANNELS:
        channels = _by_channel(real, twin, along)
    return {
        "tensor": tensor,
        "key": key,
        "axis": along,
        "scales": scales.ravel().tolist(),
        "sums": sums.row(),
        "channels": channels,
    }


def _by_channel(
    real: NDArray[np.generic], twin: NDArray[np.generic], axis: int
) -> list[list[float]]:
    """Return the row of sums of each channel, all channels at once."""
    a, b = (np.moveaxis(v.astype(np.float64), axis, 0).reshape(v.shape[axis], -1)
            for v in (real, twin))  # fmt: skip
    d = a - b
    n = np.full(len(a), a.shape[1], dtype=np.float64)
    largest = np.abs(d).max(axis=1) if a.shape[1] else np.zeros(len(a))
    none = np.zeros(len(a))
    columns = [n, *((p * q).sum(axis=1) for p, q in ((a, a), (b, b), (a, b), (d, d))),
               largest, none, none]  # fmt: skip
    rows: list[list[float]] = np.stack(columns, axis=1).tolist()
    return rows
