"""Quantization error of a PyTorch program (PT2E) against its float twin; in the worker only.

Both programs run side by side on eager kernels, one sample at a time; each pair of tensors
is reduced to sums as soon as both are there, and what nobody reads again is let go.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.errors import MeasureError, NotRunnable
from measures.runners import torch_programs, torch_weights
from measures.runners.comparison import Comparison
from measures.runners.failure import without_error
from measures.runners.torch_local import LocalRun
from measures.runners.torch_pairs import Pair, key_of, pairs, qparams
from measures.runners.torch_programs import Drawn, Program
from measures.runners.torch_steps import Steps
from measures.samples import Feed, renamed

METHOD = "both programs on PyTorch's eager kernels"


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
    return run.result(torch_weights.rows(run.first, run.second, run.pairs))


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
    """Return both programs ready to run."""
    import torch

    torch.set_num_threads(int(request["n_threads"]))
    first, second = (torch_programs.load(request[k]) for k in ("reference", "path"))
    found = pairs(first, second, request.get("mapping") or {}, request.get("similar") or {})
    if not found:
        raise NotRunnable("quantization error", "tensors that both programs have")
    drawn = torch_programs.feeds(first, request)
    run = _Errors(first, second, found, drawn, bool(request.get("is_local", True)))
    run.failures += without_error({**first.skipped, **second.skipped})
    return run


def weights(request: dict[str, Any]) -> dict[str, Any]:
    """Return the error sums of the weights; nothing but dequantization is run.

    Parameters
    ----------
    request : dict
        ``path``, ``reference``, ``mapping``, ``similar``.
    """
    first, second = (torch_programs.load(request[k]) for k in ("reference", "path"))
    found = pairs(first, second, request.get("mapping") or {}, request.get("similar") or {})
    return {"weights": torch_weights.rows(first, second, found)}


class _Errors(Comparison):
    """Adds up the errors of samples."""

    method = METHOD

    def __init__(
        self, first: Program, second: Program, found: list[Pair], drawn: Drawn, is_local: bool
    ) -> None:
        names = [p.reference.name for p in found]
        keys, twins = [key_of(p.own) for p in found], [key_of(p.reference) for p in found]
        super().__init__(names, keys, twins, found, drawn.samples)
        self.first, self.second, self.pairs, self._free = first, second, found, drawn.free
        self._due: dict[Any, list[int]] = {}
        for i, pair in enumerate(found):
            self._due.setdefault(pair.quantized, []).append(i)
        self._nodes = LocalRun(first, second, found) if is_local else None
        self.skipped = self._nodes.skipped if self._nodes else {}
        self._steps: list[float | None] = [None for _ in found]

    @property
    def steps(self) -> list[float | None]:
        """The quantization step of each pair; None where there is not one."""
        return self._steps

    def add(self, feed: Feed) -> None:
        """Add one sample."""
        import torch

        wanted = [pair.reference for pair in self.pairs]
        wanted += self._nodes.wanted if self._nodes else []
        own = renamed(feed, [node.name for node in self.second.inputs])
        floats = Steps(self.first.module, self.first.values(feed, self._free), wanted)
        values = self.second.values(own, self._free)
        twins = Steps(self.second.module, values)
        with torch.no_grad():
            for _ in range(len(self.second.module.graph.nodes) - 1):  # the last is the output
                node, result = twins.step()
                for i in self._due.get(node, ()):
                    self._compare(i, floats, result, values)
                if self._nodes is not None:
                    self._add_local(node, floats, values)

    def _compare(self, i: int, floats: Steps, y: Any, values: dict[str, Any]) -> None:
        pair = self.pairs[i]
        x = floats.value(pair.reference)
        floats.release(pair.reference)
        if x.shape != y.shape:
            reason = f"shapes {tuple(x.shape)} and {tuple(y.shape)} differ between the two programs"
            raise MeasureError("quantization error", reason, node=key_of(pair.own))
        self._steps[i], bounds = step_and_bounds(pair, values)
        self.sums[i].add(as_numpy(x), as_numpy(y), bounds)

    def _add_local(self, node: Any, floats: Steps, values: dict[str, Any]) -> None:
        assert self._nodes is not None
        for i, result in self._nodes.results(node, floats, values):
            is_there = not isinstance(result, str)
            self.add_local(i, (as_numpy(result[0]), as_numpy(result[1])) if is_there else result)


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
