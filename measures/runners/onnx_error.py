"""Quantization error of an ONNX model against its float twin; in the worker only.

Both models run from the same inputs with graph optimization off and all paired
tensors as outputs, one sample at a time and in portions; each is reduced to sums.
"""

from __future__ import annotations

import math
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np

from graphs.errors import MeasureError, NotRunnable
from measures.runners import onnx_sessions, onnx_weights
from measures.runners.comparison import Comparison
from measures.runners.failure import without_error
from measures.runners.onnx_local import LocalRun, Tensors
from measures.runners.onnx_pairs import Pair, expose, pairs, restore
from measures.runners.onnx_partial import Partial
from measures.runners.portions import Portions
from measures.samples import Feed, Samples, renamed

_FLOATS = ("tensor(float)", "tensor(double)", "tensor(float16)")
MAX_SAMPLE_BYTES = 1 << 30  # of tensors of both models that are in memory together
METHOD = "both models on ONNX Runtime's CPU kernels, graph optimization off"


def error(request: dict[str, Any]) -> dict[str, Any]:
    """Return the error sums of each paired tensor, and those of the weights.

    Parameters
    ----------
    request : dict
        ``path``, ``reference``, ``inputs`` or None, ``dims``, ``free_dimension``,
        ``n_samples``, ``images``, ``n_threads``, ``mapping``, ``similar``, ``is_local``.
    """
    held = weights(request)["weights"]
    run = _compare(request)
    run.run()
    return run.result(held)


def distribution(request: dict[str, Any]) -> dict[str, Any]:
    """Return how the errors of one tensor are distributed.

    Parameters
    ----------
    request : dict
        As `error` takes it, and ``tensor`` and ``kind``.
    """
    is_local = request["kind"] == "local"
    run = _compare({**request, "is_local": is_local}, "" if is_local else request["tensor"])
    return run.distribution(request["tensor"], request["kind"])


def _compare(request: dict[str, Any], only: str = "") -> _Errors:
    """Return both models ready to run, with all pairs or that of one tensor.

    What the runtime lacks of either model is taken out.
    """
    sources = Partial(request["reference"]), Partial(request["path"])
    while True:
        models = [source.model() for source in sources]
        found = _paired(models[0], models[1], request, only)
        runners = _sessions(sources, models, int(request["n_threads"]))
        if runners is not None:
            break
    found = _comparable(found, *runners)
    if not found:
        needs = (
            f"a twin of the tensor {only[:100]}" if only else "tensor names that both models have"
        )
        raise NotRunnable("quantization error", needs)
    drawn = onnx_sessions.feeds(runners[0], {**request, "batch": 1}, *models)
    run = _Errors(request, found, sources, runners, drawn)
    run.failures += without_error({**sources[0].skipped, **sources[1].skipped})
    return run


def _paired(reference: Any, quantized: Any, request: dict[str, Any], only: str) -> list[Pair]:
    """Return the pairs; both models give their tensors as outputs from then on."""
    found = pairs(reference, quantized, request.get("mapping"), request.get("similar"))
    found = [p for p in found if not only or p.reference == only]
    given = {value.name for value in reference.graph.input}
    expose(reference, [p.reference for p in found if p.reference not in given])
    restore(quantized, found)
    expose(quantized, [p.quantized for p in found])
    return found


def _sessions(
    sources: tuple[Partial, Partial], models: list[Any], n_threads: int
) -> tuple[Any, Any] | None:
    """Return a session of each model; None where the runtime lacks a part, which is left out.

    Raises
    ------
    NotRunnable
        The runtime refuses a model for another reason.
    """
    made = []
    for source, model in zip(sources, models, strict=True):
        try:
            made.append(onnx_sessions.session(model, source.path, n_threads))
        except NotRunnable as error:
            source.leave_out(error)
            return None
    return made[0], made[1]


def weights(request: dict[str, Any]) -> dict[str, Any]:
    """Return the error sums of the weights; nothing is run.

    Parameters
    ----------
    request : dict
        ``path``, ``reference``, ``mapping``, ``similar``.
    """
    reference, quantized = (onnx_sessions.load(request[k]) for k in ("reference", "path"))
    return {"weights": onnx_weights.rows(reference, quantized, request)}


def _comparable(found: list[Pair], first: Any, second: Any) -> list[Pair]:
    """Keep the pairs that are real numbers in both models."""
    given = {v.name for v in first.get_inputs() if v.type in _FLOATS}
    floats = given | {v.name for v in first.get_outputs() if v.type in _FLOATS}
    twins = {v.name for v in second.get_outputs() if v.type in _FLOATS}
    return [p for p in found if p.reference in floats and p.quantized in twins]


class _Errors(Comparison):
    """Adds up the errors of samples; the run of single nodes begins with the first sample."""

    method = METHOD

    def __init__(
        self,
        request: dict[str, Any],
        found: list[Pair],
        sources: tuple[Partial, Partial],
        runners: tuple[Any, Any],
        drawn: Samples,
    ) -> None:
        names = [p.reference for p in found]
        super().__init__(names, [p.key for p in found], [p.reference_key for p in found],
                         found, drawn)  # fmt: skip
        self._n_threads = int(request["n_threads"])
        self._pairs, self._sources = found, sources
        self._first, self._second = runners
        self._is_local = bool(request.get("is_local", True))
        self._nodes: LocalRun | None = None
        self._dtypes: list[tuple[Any, Any]] = [(None, None) for _ in found]
        self._portions = Portions(len(found), MAX_SAMPLE_BYTES)
        # Beside both tensors of a pair, what it is fed with is in memory.
        self._local_portions = Portions(len(found), MAX_SAMPLE_BYTES // 2)

    @property
    def steps(self) -> list[float | None]:
        """The quantization step of each pair; None where there is not one."""
        return [None if math.isnan(p.steps.step) else p.steps.step for p in self._pairs]

    def add(self, feed: Feed) -> None:
        """Add one sample, its tensors in portions."""
        own = renamed(feed, [value.name for value in self._second.get_inputs()])
        kept: Tensors = dict(feed)
        for portion in self._portions:
            floats, twins = self._tensors(portion, feed, own)
            for i in portion:
                self._add(i, floats, twins)
            if self._is_local and self._portions.total_bytes <= MAX_SAMPLE_BYTES:
                kept |= floats
            else:
                kept = dict(feed)
        if self._is_local:
            self._add_local(kept, feed, own)

    def _tensors(self, portion: list[int], feed: Feed, own: Feed) -> tuple[Tensors, Tensors]:
        """Return the tensors of some pairs in the float and in the quantized model."""
        found = [self._pairs[i] for i in portion]
        names = [p.reference for p in found if p.reference not in feed]
        floats = {**feed, **_run(self._first, names, feed)}
        return floats, _run(self._second, [p.quantized for p in found], own)

    def _add(self, i: int, floats: Tensors, twins: Tensors) -> None:
        pair = self._pairs[i]
        x, y = np.asarray(floats[pair.reference]), np.asarray(twins[pair.quantized])
        if x.shape != y.shape:
            reason = f"shapes {x.shape} and {y.shape} differ between the two models"
            raise MeasureError("quantization error", reason, node=pair.key)
        for portions in (self._portions, self._local_portions):
            portions.learn(i, x.nbytes + y.nbytes)
        self._dtypes[i] = (x.dtype, y.dtype)
        self.sums[i].add(x, y, pair.steps.bounds)

    def _add_local(self, kept: Tensors, feed: Feed, own: Feed) -> None:
        """Add local errors; what is not kept of the float model is computed once more."""
        if self._nodes is None:
            self._nodes = LocalRun(
                self._sources, self._n_threads, self._pairs, self._dtypes,
                list(self._local_portions),
            )  # fmt: skip

        def floats(names: AbstractSet[str]) -> Tensors:
            missing = sorted(names - set(kept))
            return {**kept, **_run(self._first, missing, feed)}

        for i, result in self._nodes.run(floats, own):
            self.add_local(i, result)


def _run(runner: Any, names: list[str], feed: Feed) -> Tensors:
    wanted = list(dict.fromkeys(names))
    return dict(zip(wanted, runner.run(wanted, feed), strict=True)) if wanted else {}
