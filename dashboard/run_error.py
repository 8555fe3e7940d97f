"""Quantization error as a part of a run: pairs the tensors, measures, turns it into columns.

Where the models cannot run, their weights are compared all the same. Imports no widgets.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Literal

import msgspec

import importers
from dashboard.comparison import read_mapping
from dashboard.opening import read_cached
from dashboard.run_channels import channel_errors
from dashboard.run_files import FileSource
from dashboard.run_record import ErrorFacts, SetInfo, TensorPair
from dashboard.run_request import Column, Part, Request, unmatched_note
from graphs.errors import MeasureError, NotRunnable
from graphs.ir import Graph, Model
from graphs.match_types import DEFAULT_OPTIONS
from graphs.node_data import Aggregation
from measures.columns import node_data_of
from measures.conditions import conditions
from measures.error_measures import ERROR_MEASURES
from measures.latency import RUNTIMES
from measures.pairing import TensorPairs, pair_tensors
from measures.quantization import QuantizationError, measure_error
from measures.runners.worker import Progress
from measures.tensor_errors import TensorErrors, tensor_errors
from measures.weight_error import measure_weight_error, same_weights

WEIGHTS_ALONE = "weights read off the files; no model was run"


def take_error(
    request: Request,
    model: Path,
    data: Path | None,
    is_cancelled: Callable[[], bool],
    on_progress: Progress,
) -> Part:
    """Measure the error of a model's file; return its columns and facts.

    Raises
    ------
    OpscopeError
        There is no float model of the same format, or nothing could be measured.
    """
    twin = reference_model(request)
    assert request.reference is not None
    tensors = _tensor_pairs(request, twin)
    with request.reference.on_disk() as reference:
        trouble = None
        try:
            found = _measured(request, model, reference, data, tensors, is_cancelled, on_progress)
        except MeasureError as error:
            if is_cancelled():
                raise
            found = _weights_alone(request, model, reference, tensors, error, is_cancelled)
            trouble = error
    part = error_part(found, request.graph, twin.graphs[0], request.reference.name, tensors.notes)
    facts = part.error
    if facts is not None and request.mapping is not None:
        told = {"mapping": request.mapping.name, "mapping_sha256": request.mapping.sha256()}
        facts = msgspec.structs.replace(facts, **told)
    return replace(part, error=facts, trouble=trouble)


def take_distribution(
    request: Request,
    tensor: str,
    kind: Literal["accumulated", "local"],
    is_cancelled: Callable[[], bool],
    on_progress: Progress,
) -> TensorErrors:
    """Return how the errors of one tensor of the float model are distributed.

    Raises
    ------
    OpscopeError
        As `take_error`, or the tensor has no errors of that kind.
    """
    twin = reference_model(request)
    assert request.reference is not None
    tensors, settings = _tensor_pairs(request, twin), request.settings
    with ExitStack() as stack:
        model = stack.enter_context(request.file.on_disk())
        reference = stack.enter_context(request.reference.on_disk())
        data = None
        if request.inputs is not None:
            place = request.inputs.on_disk(is_folder=request.are_pictures)
            data = stack.enter_context(place)
        return tensor_errors(
            model,
            reference,
            request.model.format,
            tensor,
            data,
            kind=kind,
            n_threads=settings.n_threads,
            free_dimension=settings.free_dimension,
            dims=settings.dims,
            n_samples=request.n_samples,
            images=settings.images,
            mapping=tensors.given,
            similar=tensors.similar,
            limits=request.limits,
            is_cancelled=is_cancelled,
            on_progress=on_progress,
        )


def _tensor_pairs(request: Request, twin: Model) -> TensorPairs:
    """Return what a mapping and the structure pair."""
    options = DEFAULT_OPTIONS
    if request.mapping is not None:
        with request.mapping.on_disk() as path:
            options = read_mapping(path)
    return pair_tensors(twin, request.model, options)


def reference_model(request: Request) -> Model:
    """Read the float model.

    Raises
    ------
    ReadError
        The file is no model.
    NotRunnable
        None was chosen, or it is of another format.
    """
    if request.reference is None:
        raise NotRunnable("quantization error", "the float model")
    twin = _read(request.reference)
    if twin.format != request.model.format:
        needs = f"a float model in {request.model.format}, not {twin.format}"
        raise NotRunnable("quantization error", needs)
    return twin


def _read(file: FileSource) -> Model:
    if file.path is not None:
        return read_cached(file.path)
    name, content = file.files[0]
    return importers.read(content, name=name)


def _measured(
    request: Request,
    model: Path,
    reference: Path,
    data: Path | None,
    tensors: TensorPairs,
    is_cancelled: Callable[[], bool],
    on_progress: Progress,
) -> QuantizationError:
    settings = request.settings
    return measure_error(
        model,
        reference,
        request.model.format,
        data,
        n_threads=settings.n_threads,
        free_dimension=settings.free_dimension,
        dims=settings.dims,
        n_samples=request.n_samples,
        images=settings.images,
        mapping=tensors.given,
        similar=tensors.similar,
        limits=request.limits,
        is_cancelled=is_cancelled,
        on_progress=on_progress,
    )


def _weights_alone(
    request: Request,
    model: Path,
    reference: Path,
    tensors: TensorPairs,
    failure: MeasureError,
    is_cancelled: Callable[[], bool],
) -> QuantizationError:
    """Return the errors of weights; the failure of the run where they have none either."""
    format = request.model.format
    try:
        weights = measure_weight_error(
            model, reference, format, request.limits, tensors.given, tensors.similar, is_cancelled
        )
    except MeasureError as error:
        raise (error if is_cancelled() else failure) from None
    if not weights:
        raise failure
    used = request.limits.as_settings()
    held = conditions(WEIGHTS_ALONE, model, None, {}, used, RUNTIMES[format], reference=reference)
    return QuantizationError((), 0, held, weights, same_weights(weights))


def error_part(
    found: QuantizationError,
    graph: Graph,
    twin: Graph,
    reference: str,
    notes: tuple[str, ...] = (),
) -> Part:
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
    ids, twin_ids = _ids(graph), _ids(twin)
    channels, cut = channel_errors(found.weights, ids)
    facts = ErrorFacts(
        reference=reference,
        n_samples=found.n_samples,
        is_same=found.twins.is_same,
        reason=found.twins.reason,
        notes=(*notes, *found.notes, *cut, *unmatched_note(tuple(unmatched))),
        pairs=tuple(
            TensorPair(
                one.tensor,
                twin_ids.get(one.reference_key, one.reference_key),
                ids.get(one.key, one.key),
                one.paired_by,
            )
            for one in found.tensors
        ),
        conditions=found.conditions.as_json(),
    )
    return Part(columns, error=facts, channels=channels)


def _ids(graph: Graph) -> dict[str, str]:
    """Return the node id for each name that a runtime may use for a node."""
    by_tensor = zip(graph.value_names, graph.value_node.tolist(), strict=True)
    return {name: graph.node_ids[row] for name, row in by_tensor if name} | {
        id: id for id in graph.node_ids
    }
