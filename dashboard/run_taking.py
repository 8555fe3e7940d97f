"""Take what a run holds: calls the measures and turns their results into facts and columns.

Blocks until the worker process is done: call it in a job. Imports no widgets.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dashboard.run_files import FileSource
from dashboard.run_record import ErrorFacts, LatencyFacts, SetInfo
from graphs.ir import Graph
from graphs.node_data import Aggregation
from measures.columns import node_data_of
from measures.error_measures import ERROR_MEASURES
from measures.images import Preprocessing
from measures.latency import RUNTIMES, Latency, LatencySettings, measure_latency
from measures.quantization import N_RANDOM_SAMPLES, QuantizationError, measure_error
from measures.runners.worker import Limits, Progress

Kind = Literal["latency", "error"]
Column = tuple[SetInfo, NDArray[np.float64]]

MAX_TOLD = 5
MAX_SKIPPED = 2000  # kept in a record; all are counted


@dataclass(frozen=True, slots=True)
class Request:
    """What is measured, and how.

    Attributes
    ----------
    model, reference, inputs : FileSource or None
        The reference is the float model; without inputs, seeded random data.
    format : str
        A key of `measures.latency.RUNTIMES`.
    graph : Graph
        That bears the results.
    kinds : tuple of Kind
        In this order.
    are_pictures : bool
        The inputs are a folder of pictures.
    mapping : mapping of str to str
        Float tensor -> quantized tensor, where names differ.
    """

    model: FileSource
    format: str
    graph: Graph
    kinds: tuple[Kind, ...]
    settings: LatencySettings = field(default_factory=LatencySettings)
    reference: FileSource | None = None
    inputs: FileSource | None = None
    are_pictures: bool = False
    n_samples: int = N_RANDOM_SAMPLES
    mapping: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Part:
    """What one measurement gave: columns over the graph's nodes, and facts."""

    columns: list[Column]
    latency: LatencyFacts | None = None
    error: ErrorFacts | None = None


def runtime_of(format: str) -> str:
    """Return the key of `RUNTIMES` that runs a model of that format; empty for none."""
    return next((key for key in RUNTIMES if format.lower().startswith(key.lower())), "")


def take(
    kind: Kind, request: Request, is_cancelled: Callable[[], bool], on_progress: Progress
) -> Part:
    """Measure; return what was found.

    Raises
    ------
    MeasureError
        As `measure_latency` and `measure_error` do.
    """
    with ExitStack() as stack:
        model = stack.enter_context(request.model.on_disk())
        inputs = request.inputs
        place = (
            nullcontext(None) if inputs is None else inputs.on_disk(is_folder=request.are_pictures)
        )
        data = stack.enter_context(place)
        if kind == "latency":
            taken = measure_latency(
                model, request.format, data, request.settings, request.limits, is_cancelled,
                on_progress,
            )  # fmt: skip
            return latency_part(taken, request.graph)
        assert request.reference is not None
        reference = stack.enter_context(request.reference.on_disk())
        found = _error(request, model, reference, data, is_cancelled, on_progress)
        return error_part(found, request.graph, request.reference.name)


def _error(
    request: Request,
    model: Path,
    reference: Path,
    data: Path | None,
    is_cancelled: Callable[[], bool],
    on_progress: Progress,
) -> QuantizationError:
    settings = request.settings
    images: Preprocessing | None = settings.images
    return measure_error(
        model,
        reference,
        request.format,
        data,
        n_threads=settings.n_threads,
        free_dimension=settings.free_dimension,
        dims=settings.dims,
        n_samples=request.n_samples,
        images=images,
        mapping=request.mapping,
        limits=request.limits,
        is_cancelled=is_cancelled,
        on_progress=on_progress,
    )


def latency_part(taken: Latency, graph: Graph) -> Part:
    """Return the columns and facts of a measurement of latency."""
    share = SetInfo("latency_share", "latency share", "%", ("sum", "max", "mean"), True)
    named = (
        (_time("latency_ms", "latency"), taken.median_ms),
        (_time("latency_p10_ms", "latency p10"), taken.p10_ms),
        (_time("latency_p90_ms", "latency p90"), taken.p90_ms),
        (share, taken.share * 100),
    )
    columns: list[Column] = []
    unmatched: tuple[str, ...] = ()
    for info, values in named:
        by_key = dict(zip(taken.keys, values.tolist(), strict=True))
        data = node_data_of(graph, by_key, info.name, info.unit)
        unmatched = data.unmatched
        columns.append((info, data.values))
    facts = LatencyFacts(
        whole_ms=taken.whole_ms,
        whole_p10_ms=_finite(taken.whole_p10_ms),
        whole_p90_ms=_finite(taken.whole_p90_ms),
        whole_cpu_ms=taken.whole_cpu_ms,
        other_ms=taken.other_ms,
        coverage=taken.coverage if taken.whole_ms > 0 else 0.0,
        n_nodes=len(taken.keys),
        skipped=_first(taken.skipped),
        fused=_first(taken.fused),
        notes=(*taken.notes, *_cut(taken.skipped, taken.fused), *_unmatched(unmatched)),
        conditions=taken.conditions.as_json(),
    )
    return Part(columns, latency=facts)


def error_part(found: QuantizationError, graph: Graph, reference: str) -> Part:
    """Return the columns and facts of a measurement of error."""
    columns: list[Column] = []
    unmatched: dict[str, None] = {}
    for one in ERROR_MEASURES:
        values = found.values(one)
        if not values:
            continue
        worst: Aggregation = "max" if one.is_higher_worse else "min"
        info = SetInfo(one.id, one.name, one.unit, (worst, "mean"), one.is_higher_worse)
        data = node_data_of(graph, values, one.name, one.unit)
        unmatched |= dict.fromkeys(data.unmatched)
        columns.append((info, data.values))
    facts = ErrorFacts(
        reference=reference,
        n_samples=found.n_samples,
        is_same=found.twins.is_same,
        reason=found.twins.reason,
        notes=(*found.notes, *_unmatched(tuple(unmatched))),
        pairs=tuple((one.tensor, one.key, one.reference_key) for one in found.tensors),
        conditions=found.conditions.as_json(),
    )
    return Part(columns, error=facts)


def _time(id: str, name: str) -> SetInfo:
    return SetInfo(id, name, "ms", ("sum", "max", "mean"), True)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _first(told: Mapping[str, str]) -> dict[str, str]:
    return dict(list(told.items())[:MAX_SKIPPED])


def _cut(*told: Mapping[str, str]) -> list[str]:
    more = sum(max(0, len(one) - MAX_SKIPPED) for one in told)
    return [f"{more:,} more nodes were skipped or fused than are listed"] if more else []


def _unmatched(keys: tuple[str, ...]) -> list[str]:
    if not keys:
        return []
    shown = ", ".join(keys[:MAX_TOLD]) + (" …" if len(keys) > MAX_TOLD else "")
    return [f"{len(keys):,} measured names match no node of the graph: {shown}"]
