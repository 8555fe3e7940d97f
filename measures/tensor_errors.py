"""How the errors of one tensor are distributed, taken when somebody asks for it.

Histograms are filled while both models run over the samples, twice: once for the range,
once to count. The models run in a worker process; no framework is imported in this one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from measures.conditions import Conditions, conditions
from measures.images import Preprocessing
from measures.latency import RUNTIMES
from measures.quantization import N_RANDOM_SAMPLES, check_format, files_of, settings_of
from measures.runners.worker import Limits, Progress, run_task


@dataclass(frozen=True, slots=True, eq=False)
class TensorErrors:
    """How the errors of one tensor are distributed.

    Attributes
    ----------
    tensor : str
        Of the float model.
    kind : str
        ``"accumulated"`` or ``"local"``.
    key, reference_key : str
        Node of the quantized and of the float model.
    scale : float
        Quantization step; NaN where the tensor is not rounded by a single one.
    error_edges : float64 array, shape (k + 1,)
        Of quantized − float; symmetric around zero.
    error_counts : int64 array, shape (k,)
        Elements over all samples.
    value_edges : float64 array, shape (m + 1,)
        Of both axes of `value_counts`.
    value_counts : int64 array, shape (m, m)
        Elements by float value, then by quantized value.
    n_not_finite : int
        Elements that are not finite in one of the two; they are in no bin.
    conditions : Conditions
    notes : tuple of str
    """

    tensor: str
    kind: str
    key: str
    reference_key: str
    scale: float
    error_edges: NDArray[np.float64]
    error_counts: NDArray[np.int64]
    value_edges: NDArray[np.float64]
    value_counts: NDArray[np.int64]
    n_not_finite: int
    conditions: Conditions
    notes: tuple[str, ...] = ()


def tensor_errors(
    path: Path,
    reference: Path,
    format: str,
    tensor: str,
    inputs: Path | None = None,
    *,
    kind: Literal["accumulated", "local"] = "accumulated",
    n_threads: int = 1,
    free_dimension: int = 1,
    dims: Mapping[str, int] | None = None,
    n_samples: int = N_RANDOM_SAMPLES,
    images: Preprocessing | None = None,
    mapping: Mapping[str, str] | None = None,
    similar: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
    on_progress: Progress | None = None,
) -> TensorErrors:
    """Return how the errors of one tensor are distributed.

    Parameters
    ----------
    path, reference, format, inputs, n_threads, free_dimension, dims, n_samples, images, mapping, \
similar, limits, is_cancelled, on_progress
        As `measures.quantization.measure_error` takes them.
    tensor : str
        As `TensorError.tensor` names it.
    kind : str
        Errors that all nodes before added, or what the node itself adds.

    Raises
    ------
    NotRunnable
        No runner takes the format, the runtime refuses a model, or the tensor has no
        errors of that kind.
    MeasureError
        The run failed, crashed, or went over a limit.
    """
    check_format(format)
    settings = settings_of(n_threads, free_dimension, dims, images)
    request = {
        **settings,
        "n_samples": n_samples,
        **files_of(path, reference, inputs),
        "mapping": dict(mapping or {}),
        "similar": dict(similar or {}),
        "tensor": tensor,
        "kind": kind,
    }
    task = f"distribution {format}"
    result = run_task("the errors of a tensor", task, request, limits, is_cancelled, on_progress)
    used = {**settings, "n_samples": result["n_samples"]}
    held = conditions(
        result["method"], path, inputs, result["inputs"], used, RUNTIMES[format], result["data"],
        reference,
    )  # fmt: skip
    return _of_result(result, tensor, kind, held)


def _of_result(result: dict[str, Any], tensor: str, kind: str, held: Conditions) -> TensorErrors:
    return TensorErrors(
        tensor=tensor,
        kind=kind,
        key=str(result["key"]),
        reference_key=str(result["reference_key"]),
        scale=math.nan if result["scale"] is None else float(result["scale"]),
        error_edges=np.array(result["error_edges"], dtype=np.float64),
        error_counts=np.array(result["error_counts"], dtype=np.int64),
        value_edges=np.array(result["value_edges"], dtype=np.float64),
        value_counts=np.array(result["value_counts"], dtype=np.int64),
        n_not_finite=int(result["n_not_finite"]),
        conditions=held,
        notes=tuple(result["notes"]),
    )
