"""The measures of quantization error: what each is called and how it follows from sums.

Imports the standard library and `measures.error_sums` only.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from measures.error_sums import ErrorSums

Kind = Literal["accumulated", "local", "weight"]


@dataclass(frozen=True, slots=True)
class ErrorMeasure:
    """One way to say how far two tensors are apart.

    Attributes
    ----------
    id : str
        For file names and options.
    name, unit : str
        For the reader.
    is_higher_worse : bool
    of : callable
        (ErrorSums, quantization step or NaN) -> value.
    kind : str
        ``"accumulated"`` holds what all nodes before added, ``"local"`` what the node
        itself adds, ``"weight"`` is of its constants, without running it.
    """

    id: str
    name: str
    unit: str
    is_higher_worse: bool
    of: Callable[[ErrorSums, float], float]
    kind: Kind = "accumulated"


def _rmse_over_scale(sums: ErrorSums, step: float) -> float:
    return math.sqrt(sums.mse) / step if step and sums.n else math.nan


def _largest(sums: ErrorSums, _: float) -> float:
    return sums.largest if sums.n else math.nan


_SQNR = ErrorMeasure("sqnr_db", "SQNR", "dB", False, lambda s, _: s.sqnr_db)
_MSE = ErrorMeasure("mse", "MSE", "", True, lambda s, _: s.mse)
_RMSE = ErrorMeasure("rmse_over_scale", "RMSE over scale", "steps", True, _rmse_over_scale)
_COSINE = ErrorMeasure("cosine_distance", "cosine distance", "", True,
                       lambda s, _: s.cosine_distance)  # fmt: skip
_LARGEST = ErrorMeasure("max_abs_error", "max abs error", "", True, _largest)
_SATURATED = ErrorMeasure("saturated_share", "saturated share", "", True,
                          lambda s, _: s.saturated_share)  # fmt: skip


def _local(of: ErrorMeasure) -> ErrorMeasure:
    return replace(of, id=f"{of.id}_local", name=f"{of.name} local", kind="local")


def _weight(of: ErrorMeasure) -> ErrorMeasure:
    return replace(of, id=f"weight_{of.id}", name=f"weight {of.name}", kind="weight")


ACCUMULATED_MEASURES = (_SQNR, _MSE, _RMSE, _COSINE, _LARGEST, _SATURATED)
LOCAL_MEASURES = tuple(_local(one) for one in (_SQNR, _MSE, _RMSE, _COSINE, _LARGEST))
WEIGHT_MEASURES = tuple(_weight(one) for one in (_SQNR, _MSE, _RMSE, _LARGEST))
ERROR_MEASURES = ACCUMULATED_MEASURES + LOCAL_MEASURES + WEIGHT_MEASURES
