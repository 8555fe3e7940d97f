"""Quantization error of each node: a quantized model against its float twin.

Two kinds, always told apart. Accumulated: both models run from the same inputs, so a
node's error holds what all nodes before it added. Local: each node runs on the float
model's tensors, so its error is what it adds on its own. Errors of weights are read off
the files. The models run in a worker process; no framework is imported in this one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from graphs.errors import NotRunnable
from graphs.ir import Graph
from graphs.node_data import Aggregation, NodeData
from measures.columns import node_data_of
from measures.conditions import Conditions, conditions
from measures.error_measures import ERROR_MEASURES, ErrorMeasure
from measures.error_sums import ErrorSums
from measures.images import Preprocessing
from measures.latency import RUNTIMES
from measures.runners.worker import Limits, Progress, run_task
from measures.weight_error import UNKNOWN_TWINS, Twins, WeightError, same_weights

__all__ = ["ERROR_MEASURES", "ErrorMeasure", "QuantizationError", "TensorError", "measure_error"]

N_RANDOM_SAMPLES = 4


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
        Of the accumulated error.
    local : ErrorSums
        Of the local error; no elements where it could not be taken.
    paired_by : str
        ``"name"``, ``"mapping"``, ``"structure"``, or ``"place"`` among the operators.
    """

    tensor: str
    key: str
    reference_key: str
    scale: float
    sums: ErrorSums
    local: ErrorSums = field(default_factory=ErrorSums)
    paired_by: str = "name"


@dataclass(frozen=True, slots=True)
class QuantizationError:
    """Errors of all paired tensors, over `n_samples` inputs.

    Attributes
    ----------
    tensors : tuple of TensorError
    n_samples : int
    conditions : Conditions
    weights : tuple of WeightError
    twins : Twins
        Whether the two models hold the same weights: if not, no error here is of quantization.
    notes : tuple of str
        What was guessed, and what could not be measured.
    """

    tensors: tuple[TensorError, ...]
    n_samples: int
    conditions: Conditions
    weights: tuple[WeightError, ...] = ()
    twins: Twins = UNKNOWN_TWINS
    notes: tuple[str, ...] = ()

    def values(self, measure: ErrorMeasure, *, by_reference: bool = False) -> dict[str, float]:
        """Return a measure by node of the quantized model, or of the float model.

        A node with several outputs or weights takes its worst; NaN is left out.
        """
        found: dict[str, float] = {}
        worse = max if measure.is_higher_worse else min
        for key, value in self._values(measure, by_reference):
            if not math.isnan(value):
                found[key] = worse(found.get(key, value), value)
        return found

    def _values(self, measure: ErrorMeasure, by_reference: bool) -> Iterator[tuple[str, float]]:
        if measure.kind == "weight":
            twin = {one.key: one.reference_key for one in self.tensors} if by_reference else {}
            for weight in self.weights:
                yield twin.get(weight.key, weight.key), measure.of(weight.sums, weight.step)
            return
        for one in self.tensors:
            key = one.reference_key if by_reference else one.key
            sums = one.local if measure.kind == "local" else one.sums
            yield key, measure.of(sums, one.scale)

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
    dims: Mapping[str, int] | None = None,
    n_samples: int = N_RANDOM_SAMPLES,
    images: Preprocessing | None = None,
    mapping: Mapping[str, str] | None = None,
    similar: Mapping[str, str] | None = None,
    is_local: bool = True,
    limits: Limits | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
    on_progress: Progress | None = None,
) -> QuantizationError:
    """Compare a quantized model with its float twin, tensor by tensor.

    Parameters
    ----------
    path, reference : Path
        The quantized model and its float twin, of one format.
    format : str
        As `graphs.ir.Model.format` names it.
    inputs : Path, optional
        An `.npz` of real numbers, one array an input, samples along the first axis; an
        `.npy` for a single input; or a folder of pictures. Without it, `n_samples`
        seeded random samples.
    n_threads, free_dimension : int
    dims : mapping of str to int, optional
        Sizes of free dimensions by name; the others take `free_dimension`.
    n_samples : int
        Random samples; a file is used whole.
    images : Preprocessing, optional
        Of a folder of pictures.
    mapping, similar : mapping of str to str, optional
        Tensor of the float model -> tensor of the quantized one: before what names say, and
        where names say nothing (`measures.pairing`).
    is_local : bool
        Take local errors too: about twice the time.
    limits : Limits, optional
    is_cancelled : callable
    on_progress : callable, optional
        Told (steps done, steps, what is done now).

    Raises
    ------
    NotRunnable
        No runner takes the format, the runtime refuses a model, or no tensor pairs.
    MeasureError
        The run failed, crashed, or went over a limit.
    """
    check_format(format)
    settings = settings_of(n_threads, free_dimension, dims, images)
    request = {
        **settings,
        "n_samples": n_samples,
        "mapping": dict(mapping or {}),
        "similar": dict(similar or {}),
        "is_local": is_local,
        **files_of(path, reference, inputs),
    }
    task = f"error {format}"
    result = run_task("quantization error", task, request, limits, is_cancelled, on_progress)
    used = {**settings, "n_samples": result["n_samples"], **(limits or Limits()).as_settings()}
    held = conditions(
        result["method"], path, inputs, result["inputs"], used, RUNTIMES[format], result["data"],
        reference,
    )  # fmt: skip
    return _of_result(result, held)


def check_format(format: str) -> None:
    """Refuse a format that no runner takes.

    Raises
    ------
    NotRunnable
    """
    if format not in RUNTIMES:
        needs = f"a runner for {format}; there are {', '.join(RUNTIMES)}"
        raise NotRunnable("quantization error", needs)


def settings_of(
    n_threads: int,
    free_dimension: int,
    dims: Mapping[str, int] | None,
    images: Preprocessing | None,
) -> dict[str, Any]:
    """Return how the models are run, for a request and for the record."""
    return {
        "n_threads": n_threads,
        "free_dimension": free_dimension,
        "dims": dict(dims or {}),
        "images": asdict(images) if images else None,
    }


def files_of(path: Path, reference: Path, inputs: Path | None) -> dict[str, str | None]:
    """Return the paths of a request; the worker runs in a folder of its own."""
    return {
        "path": str(path.resolve()),
        "reference": str(reference.resolve()),
        "inputs": str(inputs.resolve()) if inputs else None,
    }


def _of_result(result: dict[str, Any], held: Conditions) -> QuantizationError:
    """Return what the worker took, and the conditions that held."""
    weights = tuple(WeightError.of(row) for row in result["weights"])
    return QuantizationError(
        tensors=_tensor_errors(result),
        n_samples=int(result["n_samples"]),
        conditions=held,
        weights=weights,
        twins=same_weights(weights),
        notes=tuple(result["notes"]),
    )


def _tensor_errors(result: dict[str, Any]) -> tuple[TensorError, ...]:
    columns = (result[k] for k in ("tensors", "keys", "reference_keys", "scales", "sums", "local",
                                     "paired_by"))  # fmt: skip
    return tuple(
        TensorError(
            tensor,
            key,
            twin,
            math.nan if step is None else step,
            ErrorSums.from_row(row),
            ErrorSums.from_row(own),
            how,
        )
        for tensor, key, twin, step, row, own, how in zip(*columns, strict=True)
    )
