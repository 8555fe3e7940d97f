"""Quantization error of a TFLite model against its float twin; in the worker only.

Both models run from the same real inputs on the plain kernels with every tensor
kept; operators' outputs are paired and compared as real numbers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from graphs.errors import MeasureError, NotRunnable
from measures.error_sums import ErrorSums
from measures.runners import litert_sessions, litert_weights
from measures.runners.failure import how_paired, words_of
from measures.runners.litert_local import LocalRun
from measures.runners.litert_pairs import Pair, pairs
from measures.runners.progress import report
from measures.runners.single_op import OperatorCutter
from measures.samples import Feed

MAX_TOLD = 20
METHOD = "both models on LiteRT's plain kernels, every tensor kept"


def error(request: dict[str, Any]) -> dict[str, Any]:
    """Return the error sums of each paired tensor, and those of the weights.

    Parameters
    ----------
    request : dict
        ``path``, ``reference``, ``inputs`` or None, ``dims``, ``free_dimension``,
        ``n_samples``, ``images``, ``n_threads``, ``mapping``, ``similar``, ``is_local``.
    """
    first = litert_sessions.model(request, "reference", keep_tensors=True)
    second = litert_sessions.model(request, keep_tensors=True)
    found = pairs(first, second, request.get("mapping"), request.get("similar"))
    if not found:
        raise NotRunnable("quantization error", "tensor names that both models have")
    drawn = litert_sessions.feeds(first, request, second)
    run = _Errors(request, found, first, second)
    for i, feed in enumerate(drawn.feeds):
        report(i, len(drawn.feeds), f"sample {i + 1} of {len(drawn.feeds)}")
        run.add(feed)
    return {
        "tensors": [p.reference.name for p in found],
        "keys": [p.quantized.name for p in found],
        "reference_keys": [p.reference.name for p in found],
        "paired_by": [p.how for p in found],
        "scales": [_step(p) for p in found],
        "sums": [s.row() for s in run.sums],
        "local": [s.row() for s in run.local],
        "weights": weights(request)["weights"],
        "notes": [*drawn.notes, *how_paired(p.how for p in found), *run.notes],
        "n_samples": len(drawn.feeds),
        "inputs": {name: list(value.shape) for name, value in drawn.feeds[0].items()},
        "data": drawn.origin,
        "method": METHOD,
    }


def weights(request: dict[str, Any]) -> dict[str, Any]:
    """Return the error sums of the weights; nothing is run.

    Parameters
    ----------
    request : dict
        ``path``, ``reference``.
    """
    cutters = (OperatorCutter(Path(request[k]).read_bytes()) for k in ("reference", "path"))
    return {"weights": litert_weights.rows(*cutters)}


class _Errors:
    """Adds up the errors of samples; the run of single operators begins with the first sample."""

    def __init__(self, request: dict[str, Any], found: list[Pair], first: Any, second: Any) -> None:
        self._request, self._pairs = request, found
        self._first, self._second = first, second
        self._is_local = bool(request.get("is_local", True))
        self._nodes: LocalRun | None = None
        self._failures: list[str] = []
        self.sums = [ErrorSums() for _ in found]
        self.local = [ErrorSums() for _ in found]

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
        try:
            if self._nodes is None:
                self._nodes = LocalRun(self._request, self._pairs, self._first, self._second)
            for at, (x, y) in self._nodes.run().items():
                self.local[at].add(x, y)
        except (RuntimeError, ValueError) as error:
            self._failures.append(f"Local errors are missing: {words_of(error)}")
            self._is_local = False
            self.local = [ErrorSums() for _ in self._pairs]

    @property
    def notes(self) -> list[str]:
        """What has no local error, and why."""
        skipped = list(self._nodes.skipped.items()) if self._nodes else []
        told = [f"No local error of {name}: {reason}" for name, reason in skipped[:MAX_TOLD]]
        n_more = len(skipped) - len(told)
        return [*self._failures, *told, *([f"and of {n_more:,} more"] if n_more else [])]


def _step(pair: Pair) -> float | None:
    scales = pair.quantized.scales
    return float(scales[0]) if len(scales) == 1 else None


def _bounds(pair: Pair, dtype: Any) -> tuple[float, float] | None:
    """Return what the twin can hold, half a step wider on both sides."""
    ends, step = pair.quantized.range(np.dtype(dtype)), _step(pair)
    return None if ends is None or step is None else (ends[0] - step / 2, ends[1] + step / 2)
