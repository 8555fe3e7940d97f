"""Quantization error of each node: a quantized model against its float twin.

The error is accumulated: both models run from the same inputs, so a node's error
holds what all nodes before it added. Tensors are paired by name. The models run
in a worker process; no framework is imported in this one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphs.errors import NotRunnable
from graphs.ir import Graph
from graphs.node_data import Aggregation, NodeData
from measures.columns import node_data_of
from measures.conditions import Conditions, conditions
from measures.error_sums import ErrorSums
from measures.latency import RUNTIMES
from measures.runners.worker import Limits, run_task


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
    """

    id: str
    name: str
    unit: str
    is_higher_worse: bool
    of: Callable[[ErrorSums, float], float]


ERROR_MEASURES = (
    ErrorMeasure("sqnr_db", "SQNR", "dB", False, lambda s, _: s.sqnr_db),
    ErrorMeasure("mse", "MSE", "", True, lambda s, _: s.mse),
    ErrorMeasure(
        "rmse_over_scale",
        "RMSE over scale",
        "steps",
        True,
        lambda s, step: math.sqrt(s.mse) / step if step else math.nan,
    ),
    ErrorMeasure("cosine_distance", "cosine distance", "", True, lambda s, _: s.cosine_distance),
    ErrorMeasure(
        "max_abs_error", "max abs error", "", True, lambda s, _: s.largest if s.n else math.nan
    ),
)


@dataclass(frozen=True, slots=True)
class TensorError:
    """The error of one pair of tensors.

    Attributes
    ----------
    tensor : str
        Name in the float model.
    key, reference_key : str
        Node of the quantized and of the float model that computes it.
    scale : float
        Quantization step; NaN where the tensor is not quantized by a single step.
    sums : ErrorSums
    """

    tensor: str
    key: str
    reference_key: str
    scale: float
    sums: ErrorSums


@dataclass(frozen=True, slots=True)
class QuantizationError:
    """Errors of all paired tensors, over `n_samples` inputs."""

    tensors: tuple[TensorError, ...]
    n_samples: int
    conditions: Conditions

    def values(self, measure: ErrorMeasure, *, by_reference: bool = False) -> dict[str, float]:
        """Return a measure by node of the quantized model, or of the float model.

        A node with several outputs takes its worst; NaN is left out.
        """
        found: dict[str, float] = {}
        worse = max if measure.is_higher_worse else min
        for one in self.tensors:
            value = measure.of(one.sums, one.scale)
            key = one.reference_key if by_reference else one.key
            if not math.isnan(value):
                found[key] = worse(found.get(key, value), value)
        return found

    def node_data(self, graph: Graph, *, by_reference: bool = False) -> list[NodeData]:
        """Return one set of node data for each measure that has values."""
        sets = []
        for measure in ERROR_MEASURES:
            values = self.values(measure, by_reference=by_reference)
            worst: Aggregation = "max" if measure.is_higher_worse else "min"
            if values:
                sets.append(
                    node_data_of(
                        graph,
                        values,
                        measure.name,
                        measure.unit,
                        aggregations=(worst, "mean"),
                        is_higher_worse=measure.is_higher_worse,
                    )
                )
        return sets


def measure_error(
    path: Path,
    reference: Path,
    format: str,
    inputs: Path | None = None,
    *,
    n_threads: int = 1,
    free_dimension: int = 1,
    limits: Limits | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> QuantizationError:
    """Compare a quantized model with its float twin, tensor by tensor.

    Parameters
    ----------
    path, reference : Path
        The quantized model and its float twin, of one format.
    format : str
        As `graphs.ir.Model.format` names it.
    inputs : Path, optional
        An `.npz` of real numbers, one array an input, samples along the first
        axis; without it, one seeded random sample.
    n_threads, free_dimension : int
    limits : Limits, optional
    is_cancelled : callable

    Raises
    ------
    NotRunnable
        No runner takes the format, the runtime refuses a model, or no tensor pairs.
    MeasureError
        The run failed, crashed, or went over a limit.
    """
    if format not in RUNTIMES:
        needs = f"a runner for {format}; there are {', '.join(RUNTIMES)}"
        raise NotRunnable("quantization error", needs)
    settings = {"n_threads": n_threads, "free_dimension": free_dimension}
    request = {
        **settings,
        "path": str(path.resolve()),
        "reference": str(reference.resolve()),
        "inputs": str(inputs.resolve()) if inputs else None,
    }
    result = run_task("quantization error", f"error {format}", request, limits, is_cancelled)
    used = {**settings, "n_samples": result["n_samples"]}
    return QuantizationError(
        tensors=_tensor_errors(result),
        n_samples=int(result["n_samples"]),
        conditions=conditions(
            result["method"], path, inputs, result["inputs"], used, RUNTIMES[format]
        ),
    )


def _tensor_errors(result: dict[str, Any]) -> tuple[TensorError, ...]:
    columns = (result[k] for k in ("tensors", "keys", "reference_keys", "scales", "sums"))
    return tuple(
        TensorError(tensor, key, twin, math.nan if step is None else step, ErrorSums.from_row(row))
        for tensor, key, twin, step, row in zip(*columns, strict=True)
    )
