"""Accumulated quantization error of an ONNX model against its float twin; in the worker only.

Both models run from the same inputs with graph optimization off and all paired
tensors as outputs, one sample at a time; each sample is reduced to sums.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphs.errors import MeasureError, NotRunnable
from measures.error_sums import ErrorSums
from measures.runners import onnx_sessions
from measures.runners.onnx_pairs import Pair, expose, pairs
from measures.samples import Feed, renamed

_FLOATS = ("tensor(float)", "tensor(double)", "tensor(float16)")


def error(request: dict[str, Any]) -> dict[str, Any]:
    """Return the error sums of each paired tensor.

    Parameters
    ----------
    request : dict
        ``path``, ``reference``, ``inputs`` or None, ``free_dimension``, ``n_threads``.
    """
    reference = onnx_sessions.load(request["reference"])
    quantized = onnx_sessions.load(request["path"])
    found = pairs(reference, quantized)
    given = {value.name for value in reference.graph.input}
    expose(reference, [p.reference for p in found if p.reference not in given])
    expose(quantized, [p.quantized for p in found])
    n_threads = int(request["n_threads"])
    first = onnx_sessions.session(reference, request["reference"], n_threads)
    second = onnx_sessions.session(quantized, request["path"], n_threads)
    found = _comparable(found, first, second)
    if not found:
        raise NotRunnable("quantization error", "tensor names that both models have")
    feeds = onnx_sessions.feeds(first, {**request, "batch": 1})
    sums = [ErrorSums() for _ in found]
    for feed in feeds:
        _add(sums, found, first, second, feed)
    return {
        "tensors": [p.reference for p in found],
        "keys": [p.key for p in found],
        "reference_keys": [p.reference_key for p in found],
        "scales": [None if math.isnan(p.scale) else p.scale for p in found],
        "sums": [s.row() for s in sums],
        "n_samples": len(feeds),
        "inputs": onnx_sessions.shapes_of(feeds[0]),
        "method": "accumulated: both models run from the input, graph optimization off",
    }


def _comparable(found: list[Pair], first: Any, second: Any) -> list[Pair]:
    """Keep the pairs that are floats on both sides."""
    given = {v.name for v in first.get_inputs() if v.type in _FLOATS}
    floats = given | {v.name for v in first.get_outputs() if v.type in _FLOATS}
    twins = {v.name for v in second.get_outputs() if v.type in _FLOATS}
    return [p for p in found if p.reference in floats and p.quantized in twins]


def _add(sums: list[ErrorSums], found: list[Pair], first: Any, second: Any, feed: Feed) -> None:
    computed = list(dict.fromkeys(p.reference for p in found if p.reference not in feed))
    floats = {**feed, **dict(zip(computed, first.run(computed, feed), strict=True))}
    names = list(dict.fromkeys(p.quantized for p in found))
    own = renamed(feed, [value.name for value in second.get_inputs()])
    twins = dict(zip(names, second.run(names, own), strict=True))
    for one, pair in zip(sums, found, strict=True):
        x, y = np.asarray(floats[pair.reference]), np.asarray(twins[pair.quantized])
        if x.shape != y.shape:
            reason = f"shapes {x.shape} and {y.shape} differ between the two models"
            raise MeasureError("quantization error", reason, node=pair.key)
        one.add(x, y)
