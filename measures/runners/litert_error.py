"""Accumulated quantization error of a TFLite model against its float twin; in the worker only.

Both models run from the same real inputs on the plain kernels with every tensor
kept; operators' outputs are paired by tensor name and compared as real numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphs.errors import MeasureError, NotRunnable
from measures.error_sums import ErrorSums
from measures.runners import litert_sessions
from measures.runners.litert_sessions import Tensor


def error(request: dict[str, Any]) -> dict[str, Any]:
    """Return the error sums of each paired tensor.

    Parameters
    ----------
    request : dict
        ``path``, ``reference``, ``inputs`` or None, ``n_threads``.
    """
    n_threads = int(request["n_threads"])
    first = litert_sessions.interpreter(request["reference"], n_threads, keep_tensors=True)
    second = litert_sessions.interpreter(request["path"], n_threads, keep_tensors=True)
    found = _pairs(first, second)
    if not found:
        raise NotRunnable("quantization error", "tensor names that both models have")
    sums = [ErrorSums() for _ in found]
    feeds = litert_sessions.feeds(first, request)
    for feed in feeds:
        for runner in (first, second):
            litert_sessions.set_inputs(runner, feed)
            runner.invoke()
        for one, (a, b) in zip(sums, found, strict=True):
            x, y = a.real(first.get_tensor(a.index)), b.real(second.get_tensor(b.index))
            if x.shape != y.shape:
                reason = f"shapes {x.shape} and {y.shape} differ between the two models"
                raise MeasureError("quantization error", reason, node=b.name)
            one.add(x, y)
    names = [b.name for _, b in found]
    return {
        "tensors": names,
        "keys": names,
        "reference_keys": names,
        "scales": [float(b.scales[0]) if len(b.scales) == 1 else None for _, b in found],
        "sums": [s.row() for s in sums],
        "n_samples": len(feeds),
        "inputs": {name: list(value.shape) for name, value in feeds[0].items()},
        "method": "accumulated: both models run from the input on LiteRT's plain kernels",
    }


def _pairs(first: Any, second: Any) -> list[tuple[Tensor, Tensor]]:
    """Pair inputs and operators' outputs by name; a name that is not unique pairs nothing."""
    twins = _by_name(second)
    return [(a, twins[name]) for name, a in _by_name(first).items() if name in twins]


def _by_name(runner: Any) -> dict[str, Tensor]:
    known = litert_sessions.tensors(runner)
    indices = [d["index"] for d in runner.get_input_details()]
    for details in runner._get_ops_details():  # noqa: SLF001 - the package offers no other way
        indices.extend(int(i) for i in details["outputs"] if i >= 0)
    by_name: dict[str, Tensor] = {}
    doubled: set[str] = set()
    for index in dict.fromkeys(indices):
        name = known[index].name
        if name in by_name:
            doubled.add(name)
        by_name[name] = known[index]
    return {name: t for name, t in by_name.items() if name not in doubled and _is_number(t, runner)}


def _is_number(tensor: Tensor, runner: Any) -> bool:
    """Tell whether the tensor holds real numbers: floats, or integers with a scale."""
    details = runner._get_tensor_details(tensor.index, 0)  # noqa: SLF001
    return bool(len(tensor.scales)) or np.dtype(details["dtype"]).kind == "f"
