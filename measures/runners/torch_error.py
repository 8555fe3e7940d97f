"""Quantization error of a PyTorch program (PT2E) against its float twin; in the worker only.

Both programs run side by side on eager kernels, one sample at a time; each pair of tensors
is reduced to sums as soon as both are there, and what nobody reads again is let go.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.errors import MeasureError, NotRunnable
from measures.error_sums import ErrorSums
from measures.runners import torch_programs, torch_weights
from measures.runners.failure import how_paired, words_of
from measures.runners.progress import report
from measures.runners.torch_local import LocalRun
from measures.runners.torch_pairs import Pair, key_of, pairs, qparams
from measures.runners.torch_programs import Program
from measures.runners.torch_steps import Steps
from measures.samples import Feed, renamed

MAX_TOLD = 20
METHOD = "both programs on PyTorch's eager kernels"


def error(request: dict[str, Any]) -> dict[str, Any]:
    """Return the error sums of each paired tensor, and those of the weights.

    Parameters
    ----------
    request : dict
        ``path``, ``reference``, ``inputs`` or None, ``dims``, ``free_dimension``,
        ``n_samples``, ``images``, ``n_threads``, ``mapping``, ``similar``, ``is_local``.
    """
    import torch

    torch.set_num_threads(int(request["n_threads"]))
    first, second = (torch_programs.load(request[k]) for k in ("reference", "path"))
    found = pairs(first, second, request.get("mapping") or {}, request.get("similar") or {})
    if not found:
        raise NotRunnable("quantization error", "tensors that both programs have")
    drawn = torch_programs.feeds(first, request)
    run = _Errors(first, second, found, drawn.free, bool(request.get("is_local", True)))
    feeds = drawn.samples.feeds
    for i, feed in enumerate(feeds):
        report(i, len(feeds), f"sample {i + 1} of {len(feeds)}")
        with torch.no_grad():
            run.add(feed)
    return {
        "tensors": [p.reference.name for p in found],
        "keys": [key_of(p.own) for p in found],
        "reference_keys": [key_of(p.reference) for p in found],
        "paired_by": [p.how for p in found],
        "scales": run.steps,
        "sums": [s.row() for s in run.sums],
        "local": [s.row() for s in run.local],
        "weights": torch_weights.rows(first, second, found),
        "notes": [*drawn.samples.notes, *run.notes],
        "n_samples": len(feeds),
        "inputs": {name: list(value.shape) for name, value in feeds[0].items()},
        "data": drawn.samples.origin,
        "method": METHOD,
    }


def weights(request: dict[str, Any]) -> dict[str, Any]:
    """Return the error sums of the weights; nothing but dequantization is run.

    Parameters
    ----------
    request : dict
        ``path``, ``reference``.
    """
    first, second = (torch_programs.load(request[k]) for k in ("reference", "path"))
    return {"weights": torch_weights.rows(first, second, pairs(first, second, {}, {}))}


class _Errors:
    """Adds up the errors of samples."""

    def __init__(
        self,
        first: Program,
        second: Program,
        found: list[Pair],
        free: dict[str, int],
        is_local: bool,
    ) -> None:
        self._first, self._second, self._pairs, self._free = first, second, found, free
        self._due: dict[Any, list[int]] = {}
        for i, pair in enumerate(found):
            self._due.setdefault(pair.quantized, []).append(i)
        self._local = LocalRun(first, second, found) if is_local else None
        self.sums = [ErrorSums() for _ in found]
        self.local = [ErrorSums() for _ in found]
        self.steps: list[float | None] = [None for _ in found]
        self._failures: list[str] = []

    def add(self, feed: Feed) -> None:
        """Add one sample."""
        wanted = [pair.reference for pair in self._pairs]
        wanted += self._local.wanted if self._local else []
        own = renamed(feed, [node.name for node in self._second.inputs])
        floats = Steps(self._first.module, self._first.values(feed, self._free), wanted)
        values = self._second.values(own, self._free)
        twins = Steps(self._second.module, values)
        for _ in range(len(self._second.module.graph.nodes) - 1):  # the last one is the output
            node, result = twins.step()
            for i in self._due.get(node, ()):
                self._compare(i, floats, result, values)
            if self._local is not None:
                self._add_local(node, floats, values)

    def _compare(self, i: int, floats: Steps, y: Any, values: dict[str, Any]) -> None:
        pair = self._pairs[i]
        x = floats.value(pair.reference)
        floats.release(pair.reference)
        if x.shape != y.shape:
            reason = f"shapes {tuple(x.shape)} and {tuple(y.shape)} differ between the two programs"
            raise MeasureError("quantization error", reason, node=key_of(pair.own))
        self.steps[i], bounds = step_and_bounds(pair, values)
        self.sums[i].add(as_numpy(x), as_numpy(y), bounds)

    def _add_local(self, node: Any, floats: Steps, values: dict[str, Any]) -> None:
        assert self._local is not None
        try:
            for i, (x, y) in self._local.results(node, floats, values):
                self.local[i].add(as_numpy(x), as_numpy(y))
        except Exception as error:  # torch raises whatever its kernels raise
            self._failures.append(f"Local errors are missing: {words_of(error)}")
            self._local = None
            self.local = [ErrorSums() for _ in self._pairs]

    @property
    def notes(self) -> list[str]:
        """What was paired otherwise than by name, and what has no local error, and why."""
        notes = how_paired(pair.how for pair in self._pairs)
        skipped = list(self._local.skipped.items()) if self._local else []
        notes += [f"No local error of {name}: {reason}" for name, reason in skipped[:MAX_TOLD]]
        rest = len(skipped) - MAX_TOLD
        return [*notes, *self._failures, *([f"and of {rest:,} more"] if rest > 0 else [])]


def as_numpy(value: Any) -> NDArray[np.generic]:
    """Return a tensor of real numbers as float32 or float64."""
    import torch

    plain = value.detach()
    return np.asarray(plain.numpy() if plain.dtype == torch.float64 else plain.float().numpy())


def step_and_bounds(
    pair: Pair, values: dict[str, Any]
) -> tuple[float | None, tuple[float, float] | None]:
    """Return the quantization step of a pair, and what its twin can hold, half a step wider.

    None where the tensor is not rounded, or not by one step that is known beforehand.
    """
    if pair.quantize is None:
        return None, None
    scale, zero, low, high = (_number(one, values) for one in qparams(pair.quantize))
    if scale is None:
        return None, None
    if zero is None or low is None or high is None:
        return scale, None
    return scale, (scale * (low - zero - 0.5), scale * (high - zero + 0.5))


def _number(given: Any, values: dict[str, Any]) -> float | None:
    """Return an argument as one number: itself, or the one element of a constant."""
    if hasattr(given, "op"):
        given = values.get(given.name) if given.op == "placeholder" else None
    if hasattr(given, "numel"):
        given = given.item() if given.numel() == 1 else None
    return None if given is None else float(given)
