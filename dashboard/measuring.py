"""`opscope measure`: take latency and quantization error from the shell, for scripts and CI.

Writes Model Explorer's node data or CSV, prints the worst nodes, and says by its exit
status whether a bound was exceeded. The models run in a worker process.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import importers
from dashboard.comparison import read_mapping
from dashboard.measured import N_WORST, Measured, MeasuredSet, over, to_text, write, write_channels
from dashboard.run_channels import channel_errors
from graphs.errors import MeasureError, NodeDataError, NotRunnable, OpscopeError, quoted
from graphs.ir import Model
from graphs.match_types import DEFAULT_OPTIONS
from measures.error_measures import ERROR_MEASURES, WEIGHT_MEASURES
from measures.images import Preprocessing
from measures.latency import RUNTIMES, LatencySettings, measure_latency
from measures.pairing import TensorPairs, pair_tensors
from measures.quantization import measure_error
from measures.runners.worker import Limits
from measures.weight_error import WeightError, measure_weight_error, same_weights

LATENCIES = ("latency_ms", "latency_p10_ms", "latency_p90_ms", "latency_share")
FUSED = "latency_fused_ms"
KNOWN = (*LATENCIES, FUSED, *(one.id for one in ERROR_MEASURES))  # what a bound may be set on
EXIT_EXCEEDED = 1
EXIT_BAD_FILE = 2


def measure(values: argparse.Namespace) -> int:
    """Run the command; return its exit status.

    Raises
    ------
    OpscopeError
        The model cannot be read, or nothing could be measured.
    """
    for path in (values.out, values.channels):
        _check_out(path)
    _check_names(values.fail_above, KNOWN)
    model = importers.read(values.model)
    format = _format(model)
    found = Measured()
    images = Preprocessing(values.image_color, values.image_mean, values.image_std)
    if values.latency or not (values.error or values.reference):
        _attempt(found, lambda: _latency(values, format, images, found))
    if values.error or values.reference:
        _attempt(found, lambda: _error(values, model, images, found))
    if found.sets:
        print(to_text(found))
    if values.out is not None and found.sets:
        write(values.out, found)
    if values.channels is not None:
        _write_channels(values.channels, found)
    if not found.failures:
        _check_names(values.fail_above, [one.id for one in found.sets])
    exceeded = [line for bound in values.fail_above for line in over(found, *bound)]
    for line in exceeded:
        print(f"opscope: {line}", file=sys.stderr)
    for reason in found.failures:
        print(f"opscope: {quoted(reason, 400)}", file=sys.stderr)
    return EXIT_EXCEEDED if exceeded else EXIT_BAD_FILE if found.failures else 0


def _check_out(path: Path | None) -> None:
    """Refuse a file that could not be written before anything is measured."""
    if path is None:
        return
    if path.suffix.lower() not in (".json", ".csv"):
        raise NodeDataError(str(path), "write to a file that ends in .json or .csv")
    if not path.resolve().parent.is_dir():
        raise NodeDataError(str(path), "its folder does not exist")


def _format(model: Model) -> str:
    if model.format not in RUNTIMES:
        raise NotRunnable("the model", f"a format that runs here: {', '.join(RUNTIMES)}")
    return model.format


def _attempt(found: Measured, take: Callable[[], None]) -> None:
    """Take a measure; one that fails does not take the others with it, unless it is alone."""
    try:
        take()
    except OpscopeError as error:
        found.failures.append(str(error))


def _limits(values: argparse.Namespace) -> Limits:
    return Limits(float(values.time_limit), values.memory_limit << 20)


def _latency(
    values: argparse.Namespace, format: str, images: Preprocessing, found: Measured
) -> None:
    settings = LatencySettings(
        n_repeats=values.repeat,
        n_warmup=values.warm_up,
        n_threads=values.threads,
        dims=dict(values.dim),
        optimization=values.optimize,
        providers=tuple(values.provider),
        images=images,
    )
    taken = measure_latency(values.model, format, values.inputs, settings, _limits(values))
    columns = (taken.median_ms, taken.p10_ms, taken.p90_ms, taken.share)
    for name, column in zip(LATENCIES, columns, strict=True):
        found.sets.append(MeasuredSet(name, dict(zip(taken.keys, column.tolist(), strict=True))))
    if taken.fused:
        found.sets.append(MeasuredSet(FUSED, taken.fused_ms()))
    share = "" if not taken.whole_ms else f"; its nodes sum to {taken.coverage:.0%} of that"
    found.lines += [
        f"latency: {taken.conditions.method}; {taken.conditions.data}",
        f"latency: the whole run takes {taken.whole_ms:.4g} ms without profiling{share}",
        *(f"latency: {note}" for note in taken.notes),
        *_some("is computed in the kernel of", taken.fused),
        *_some("has no time:", taken.skipped),
    ]


def _some(words: str, told: Mapping[str, str]) -> list[str]:
    """Return a line for each of the first entries, and one for the rest."""
    lines = [f"latency: {key} {words} {other}" for key, other in list(told.items())[:N_WORST]]
    rest = len(told) - len(lines)
    return [*lines, f"latency: and {rest:,} more"] if rest else lines


def _error(
    values: argparse.Namespace, model: Model, images: Preprocessing, found: Measured
) -> None:
    if values.reference is None:
        raise NotRunnable("quantization error", "the float model: --reference FLOAT_MODEL")
    twin = importers.read(values.reference)
    if _format(twin) != model.format:
        raise NotRunnable(
            "quantization error", f"a float model in {model.format}, not {twin.format}"
        )
    options = DEFAULT_OPTIONS if values.mapping is None else read_mapping(values.mapping)
    tensors = pair_tensors(twin, model, options)
    try:
        taken = measure_error(
            values.model,
            values.reference,
            model.format,
            values.inputs,
            n_threads=values.threads,
            dims=dict(values.dim),
            n_samples=values.samples,
            images=images,
            mapping=tensors.given,
            similar=tensors.similar,
            limits=_limits(values),
        )
    except MeasureError:  # weights can be compared all the same: nothing is run for that
        _weights_alone(values, model.format, tensors, found)
        raise
    _keep_channels(found, taken.weights)
    for one in ERROR_MEASURES:
        by_node = taken.values(one)
        if by_node:
            found.sets.append(MeasuredSet(one.id, by_node, one.is_higher_worse))
    found.lines += [
        f"error: {taken.conditions.method}; {taken.conditions.data}",
        f"error: {'WARNING: ' if taken.twins.is_same is False else ''}{taken.twins.reason}",
        *(f"error: {note}" for note in (*tensors.notes, *taken.notes)),
    ]


def _write_channels(path: Path, found: Measured) -> None:
    if len(found.channels):
        write_channels(path, found)
    else:
        found.failures.append("--channels needs weights that both models have, of several channels")


def _keep_channels(found: Measured, weights: Sequence[WeightError]) -> None:
    found.channels, notes = channel_errors(weights, {})
    found.lines += [f"error: {note}" for note in notes]


def _weights_alone(
    values: argparse.Namespace, format: str, tensors: TensorPairs, found: Measured
) -> None:
    try:
        weights = measure_weight_error(
            values.model, values.reference, format, _limits(values), tensors.given,
            tensors.similar,
        )  # fmt: skip
    except MeasureError:
        return  # the first failure is the one to tell
    _keep_channels(found, weights)
    for one in WEIGHT_MEASURES:
        by_node: dict[str, float] = {}
        worse = max if one.is_higher_worse else min
        for weight in weights:
            value = one.of(weight.sums, weight.step)
            if not math.isnan(value):
                by_node[weight.key] = worse(by_node.get(weight.key, value), value)
        if by_node:
            found.sets.append(MeasuredSet(one.id, by_node, one.is_higher_worse))
    found.lines.append(f"error: weights alone; {same_weights(weights).reason}")


def _check_names(bounds: Sequence[tuple[str, float]], there: Sequence[str]) -> None:
    for id, _ in bounds:
        if id not in there:
            raise NotRunnable("--fail-above", f"one of these, not {id}: {', '.join(there)}")
