"""Quantization error of weights, by tensor and by channel, read off the files; nothing is run.

It also tells whether two models hold the same weights at all: a difference between
models that were trained apart is no quantization error. The files are read in a
worker process; no framework is imported in this one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.errors import NotRunnable
from measures.error_sums import ErrorSums
from measures.runners.worker import Limits, run_task

FORMATS = ("ONNX", "TFLite", "PyTorch ExportedProgram")
MIN_ELEMENTS = 8
# Rounding to 4 bits leaves more than 15 dB; weights of two trainings are 0 dB apart or worse.
SAME_WEIGHTS_DB = 6.0
ROUNDED_STEPS = 1.0  # rounding moves a weight by half a step at most


@dataclass(frozen=True, slots=True, eq=False)
class WeightError:
    """The error of one weight.

    Attributes
    ----------
    tensor : str
        Name in the float model.
    key : str
        Node of the quantized model that reads it.
    axis : int
        Of the channels.
    scales : float64 array, shape (1,), (n_channels,) or (0,)
        Quantization steps; empty where the twin holds floats.
    sums : ErrorSums
        Over the whole tensor.
    channels : tuple of ErrorSums
        By channel; empty for a single one.
    """

    tensor: str
    key: str
    axis: int
    scales: NDArray[np.float64]
    sums: ErrorSums
    channels: tuple[ErrorSums, ...]

    @property
    def rmse_over_scale(self) -> float:
        """Root of the mean of (error / step of its channel)²; NaN without steps."""
        if self.scales.size == 1 and self.scales[0] > 0:
            return math.sqrt(self.sums.mse) / float(self.scales[0])
        if not self.scales.size or self.scales.size != len(self.channels):
            return math.nan
        squares = np.array([one.dd for one in self.channels])
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = np.where(squares > 0, squares / self.scales**2, 0.0)
        return math.sqrt(float(scaled.sum()) / self.sums.n)

    @property
    def step(self) -> float:
        """The one step that gives `rmse_over_scale`; NaN where there is none."""
        ratio = self.rmse_over_scale
        if ratio == 0:  # without an error every step gives it
            return float(self.scales.max())
        return math.sqrt(self.sums.mse) / ratio

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> WeightError:
        """Return what a worker's row says."""
        return cls(
            tensor=str(row["tensor"]),
            key=str(row["key"]),
            axis=int(row["axis"]),
            scales=np.array(row["scales"], dtype=np.float64),
            sums=ErrorSums.from_row(row["sums"]),
            channels=tuple(ErrorSums.from_row(one) for one in row["channels"]),
        )


@dataclass(frozen=True, slots=True)
class Twins:
    """Whether two models are one model's float and quantized form.

    Attributes
    ----------
    is_same : bool or None
        None where they share no weight to tell it by.
    reason : str
        One sentence for the reader.
    """

    is_same: bool | None
    reason: str


UNKNOWN_TWINS = Twins(None, "the models share no weight by which to tell whether they are twins")


def same_weights(weights: Sequence[WeightError]) -> Twins:
    """Tell whether the weights of two models are the same but for rounding.

    The median, by elements, of the weights' signal-to-noise ratios decides.
    """
    told = [w for w in weights if w.sums.n >= MIN_ELEMENTS and w.sums.xx > 0]
    if not told:
        return UNKNOWN_TWINS
    median = _median([w.sums.sqnr_db for w in told], told)
    steps = _median([w.rmse_over_scale for w in told], told)
    shown = "equal" if median == math.inf else f"{median:.1f} dB above their difference"
    shown += f" (median of {len(told)} tensors)"
    if median < SAME_WEIGHTS_DB:
        reason = "the weights are not the same model's, the two were trained apart: they are "
        return Twins(False, reason + shown + ". The difference is not quantization error")
    if steps > ROUNDED_STEPS:
        reason = f"the quantized weights are {steps:.1f} steps from the float ones (median), which "
        reason += "rounding cannot explain: trained further or rescaled. They are "
        return Twins(True, reason + shown)
    return Twins(True, f"same weights: {shown}")


def _median(values: Sequence[float], weights: Sequence[WeightError]) -> float:
    """Return the median over all elements, each with the value of its tensor; NaN without any."""
    of = np.asarray(values, dtype=np.float64)
    known = ~np.isnan(of)
    if not known.any():
        return math.nan
    counts = np.array([w.sums.n for w in weights], dtype=np.float64)[known]
    order = np.argsort(of[known])
    upto = np.cumsum(counts[order])
    return float(of[known][order][np.searchsorted(upto, upto[-1] / 2)])


def measure_weight_error(
    path: Path,
    reference: Path,
    format: str,
    limits: Limits | None = None,
    mapping: Mapping[str, str] | None = None,
    similar: Mapping[str, str] | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> tuple[WeightError, ...]:
    """Compare the weights of a quantized model with those of its float twin.

    Parameters
    ----------
    path, reference : Path
        The quantized model and its float twin, of one format.
    format : str
        ``"ONNX"``, ``"TFLite"`` or ``"PyTorch ExportedProgram"``.
    limits : Limits, optional
    mapping, similar : mapping of str to str, optional
        Tensor of the float model -> tensor of the quantized one: before what names say, and
        where names say nothing (`measures.pairing`).
    is_cancelled : callable
        Asked many times a second; True ends the reading.

    Returns
    -------
    tuple of WeightError
        One a quantized weight that has a float twin of its shape.

    Raises
    ------
    NotRunnable
        The weights of that format cannot be compared.
    MeasureError
        Reading failed, or was cancelled.
    """
    if format not in FORMATS:
        raise NotRunnable("weight error", f"a model in {' or '.join(FORMATS)}, not {format}")
    request = {
        "path": str(path.resolve()),
        "reference": str(reference.resolve()),
        "mapping": dict(mapping or {}),
        "similar": dict(similar or {}),
    }
    result = run_task("weight error", f"weights {format}", request, limits, is_cancelled)
    return tuple(WeightError.of(row) for row in result["weights"])
