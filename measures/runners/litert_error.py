"""Quantization error of a TFLite model against its float twin; in the worker only.

Both models run from the same real inputs on the plain kernels with every tensor
kept; operators' outputs are paired and compared as real numbers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from graphs.errors import MeasureError, NotRunnable
from measures.runners import litert_partial, litert_sessions, litert_weights
from measures.runners.comparison import Comparison
from measures.runners.failure import without_error
from measures.runners.litert_local import LocalRun
from measures.runners.litert_pairs import Pair, pairs
from measures.runners.single_op import OperatorCutter
from measures.samples import Feed, Samples

METHOD = "both models on LiteRT's plain kernels, every tensor kept"


def error(request: dict[str, Any]) -> dict[str, Any]:
    """Return the error sums of each paired tensor, and those of the weights.

    Parameters
    ----------
    request : dict
        ``path``, ``reference``, ``inputs`` or None, ``dims``, ``free_dimension``,
        ``n_samples``, ``images``, ``n_threads``, ``mapping``, ``similar``, ``is_local``.
    """
    run = _compare(request)
    run.run()
    return run.result(weights(request)["weights"])


def distribution(request: dict[str, Any]) -> dict[str, Any]:
    """Return how the errors of one tensor are distributed.

    Parameters
    ----------
    request : dict
        As `error` takes it, and ``tensor`` and ``kind``.
    """
    run = _compare({**request, "is_local": request["kind"] == "local"})
    return run.distribution(request["tensor"], request["kind"])


def _compare(request: dict[str, Any]) -> _Errors:
    """Return both models ready to run."""
    request, lacking = litert_partial.runnable(request, "reference")
    request, also_lacking = litert_partial.runnable(request)
    first = litert_sessions.model(request, "reference", keep_tensors=True)
    second = litert_sessions.model(request, keep_tensors=True)
    found = pairs(first, second, request.get("mapping"), request.get("similar"))
    if not found:
        raise NotRunnable("quantization error", "tensor names that both models have")
    drawn = litert_sessions.feeds(first, request, second)
    run = _Errors(request, found, first, second, drawn)
    run.failures += without_error({**lacking, **also_lacking})
    return run


def weights(request: dict[str, Any]) -> dict[str, Any]:
    """Return the error sums of the weights; nothing is run.

    Parameters
    ----------
    request : dict
        ``path``, ``reference``, ``mapping``, ``similar``.
    """
    first, second = (OperatorCutter(Path(request[k]).read_bytes()) for k in ("reference", "path"))
    mapping, similar = (request.get(k) or {} for k in ("mapping", "similar"))
    return {"weights": litert_weights.rows(first, second, mapping, similar)}


class _Errors(Comparison):
    """Adds up the errors of samples; the run of single operators begins with the first sample."""

    method = METHOD

    def __init__(
        self, request: dict[str, Any], found: list[Pair], first: Any, second: Any, drawn: Samples
    ) -> None:
        names = [p.reference.name for p in found]
        super().__init__(names, [p.quantized.name for p in found], names, found, drawn)
        self._request, self._pairs = request, found
        self._first, self._second = first, second
        self._is_local = bool(request.get("is_local", True))
        self._nodes: LocalRun | None = None

    @property
    def steps(self) -> list[float | None]:
        """The quantization step of each pair; None where there is not one."""
        return [_step(pair) for pair in self._pairs]

    def add(self, feed: Feed) -> None:
        """Add one sample."""
        for runner in (self._first, self._second):
            litert_sessions.set_inputs(runner, feed)
            runner.invoke()
        for one, pair in zip(self.sums, self._pairs, strict=True):
            stored = self._second.get_tensor(pair.quantized.index)
            x = pair.reference.real(self._first.get_tensor(pair.reference.index))
            y = pair.quantized.real(stored)
            if x.shape != y.shape:
                reason = f"shapes {x.shape} and {y.shape} differ between the two models"
                raise MeasureError("quantization error", reason, node=pair.quantized.name)
            one.add(x, y, _bounds(pair, stored.dtype))
        if self._is_local:
            self._add_local()

    def _add_local(self) -> None:
        if self._nodes is None:
            self._nodes = LocalRun(self._request, self._pairs, self._first, self._second)
            self.skipped |= self._nodes.skipped
        for i, result in self._nodes.run():
            self.add_local(i, result)


def _step(pair: Pair) -> float | None:
    scales = pair.quantized.scales
    return float(scales[0]) if len(scales) == 1 else None


def _bounds(pair: Pair, dtype: Any) -> tuple[float, float] | None:
    """Return what the twin can hold, half a step wider on both sides."""
    ends, step = pair.quantized.range(np.dtype(dtype)), _step(pair)
    return None if ends is None or step is None else (ends[0] - step / 2, ends[1] + step / 2)
