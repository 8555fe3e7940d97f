"""Local quantization error of TFLite operators: what each adds on its own; in the worker only.

Every operator of the quantized model runs alone on the float model's tensors, rounded
as it stores them; its float twin runs alone on the same rounded tensors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.errors import NotRunnable
from measures.runners import litert_sessions
from measures.runners.failure import words_of
from measures.runners.litert_pairs import Pair
from measures.runners.litert_sessions import Tensor
from measures.runners.single_op import OperatorCutter

Result = tuple[NDArray[np.generic], NDArray[np.generic]] | str  # or why there is none


@dataclass(slots=True)
class _Alone:
    """One operator of one model: its interpreter, and which tensors it is given and gives."""

    runner: Any
    given: list[int]
    outputs: list[int]


@dataclass(slots=True)
class _Twins:
    reference: _Alone
    quantized: _Alone
    members: list[int] = field(default_factory=list)  # pairs whose tensors they give


class LocalRun:
    """Runs each operator of a pair of models on the float model's tensors.

    Parameters
    ----------
    request : dict
        ``path``, ``reference``, ``n_threads``.
    found : list of Pair
    first, second : Interpreter
        Of the whole float and quantized model; a run of both comes before each `run`.

    Attributes
    ----------
    skipped : dict of str to str
        Name of a quantized tensor -> why it has no local error.
    """

    def __init__(self, request: dict[str, Any], found: list[Pair], first: Any, second: Any) -> None:
        self._n_threads = int(request["n_threads"])
        self._pairs, self._first, self._second = found, first, second
        self._twin_of = {p.reference.index: p.quantized for p in found}
        self._source_of = {p.quantized.index: p.reference for p in found}
        cutters = [OperatorCutter(Path(request[k]).read_bytes()) for k in ("reference", "path")]
        self.skipped: dict[str, str] = {}
        made: dict[tuple[int, int], _Twins | str] = {}
        for i, pair in enumerate(found):
            if pair.op < 0 or pair.reference_op < 0:
                continue
            ops = (pair.reference_op, pair.op)
            if ops not in made:
                made[ops] = self._twins(cutters, ops)
            twins = made[ops]
            if isinstance(twins, str):
                self.skipped[pair.quantized.name] = twins
            else:
                twins.members.append(i)
        self._twins_made = [t for t in made.values() if isinstance(t, _Twins)]

    def run(self) -> Iterator[tuple[int, Result]]:
        """Yield index of a pair and (float, quantized) as real numbers, for one sample.

        An operator that fails is left out from then on.
        """
        for i, pair in enumerate(self._pairs):
            if pair.op < 0 and pair.reference_op < 0:  # a graph input: its rounding is its error
                x = self._float(pair.reference)
                yield i, (x, pair.quantized.real(self._stored(pair.quantized, x)))
        for twins in list(self._twins_made):
            try:
                self._invoke(twins)
            except (RuntimeError, ValueError) as error:
                self._twins_made.remove(twins)
                yield from ((i, words_of(error)) for i in twins.members)
                continue
            for i in twins.members:
                pair = self._pairs[i]
                exact = _output(twins.reference, pair.reference)
                # The float model computes in float32: finer digits are no error of the node.
                yield i, (exact, _output(twins.quantized, pair.quantized).astype(exact.dtype))

    def _invoke(self, twins: _Twins) -> None:
        for details, index in _inputs(twins.quantized):
            source = self._source_of.get(index)
            value = self._second.get_tensor(index)  # indices and shapes: as they are
            if source is not None:
                tensor = self._twin_of[source.index]
                value = self._stored(tensor, self._float(source))
            twins.quantized.runner.set_tensor(details["index"], value)
        for details, index in _inputs(twins.reference):
            value, twin = self._first.get_tensor(index), self._twin_of.get(index)
            if twin is not None:
                stored = self._stored(twin, value.astype(np.float64))
                value = twin.real(stored).astype(value.dtype)
            twins.reference.runner.set_tensor(details["index"], value)
        twins.quantized.runner.invoke()
        twins.reference.runner.invoke()

    def _float(self, tensor: Tensor) -> NDArray[np.generic]:
        return tensor.real(self._first.get_tensor(tensor.index))

    def _stored(self, tensor: Tensor, real: NDArray[np.generic]) -> NDArray[np.generic]:
        details = self._second._get_tensor_details(tensor.index, 0)  # noqa: SLF001 - no other way
        return tensor.stored(real, details["dtype"])

    def _twins(self, cutters: list[OperatorCutter], ops: tuple[int, int]) -> _Twins | str:
        """Return both operators alone, or why they cannot be compared so."""
        found = []
        known = (self._twin_of, self._source_of)
        runs = zip(cutters, ops, (self._first, self._second), known, strict=True)
        for cutter, op, whole, paired in runs:
            reason = cutter.refusal(op)
            if reason:
                return f"it needs {reason}"
            content, given = cutter.model_of(op)
            if not all(t in paired or _is_exact(whole, t) for t in given):
                return "an input of it has no twin in the other model"
            outputs = [int(t) for t in cutter.graph.operators[op].outputs if t >= 0]
            try:
                found.append(_Alone(self._interpreter(content, given, whole), given, outputs))
            except NotRunnable as error:
                return error.needs
            except (RuntimeError, ValueError) as error:  # a tensor that no run has filled
                return words_of(error)
        return _Twins(found[0], found[1])

    def _interpreter(self, content: bytes, given: list[int], whole: Any) -> Any:
        shapes = iter([whole.get_tensor(t).shape for t in given])
        return litert_sessions.interpreter(
            content, self._n_threads, keep_tensors=True, sizes=lambda _: next(shapes)
        )


def _inputs(alone: _Alone) -> list[tuple[dict[str, Any], int]]:
    return list(zip(alone.runner.get_input_details(), alone.given, strict=True))


def _output(alone: _Alone, tensor: Tensor) -> NDArray[np.generic]:
    details = alone.runner.get_output_details()[alone.outputs.index(tensor.index)]
    return tensor.real(alone.runner.get_tensor(details["index"]))


def _is_exact(whole: Any, index: int) -> bool:
    """Tell whether a tensor holds whole numbers that both models compute alike."""
    details = whole._get_tensor_details(index, 0)  # noqa: SLF001 - the package offers no other way
    scales = details["quantization_parameters"]["scales"]
    return np.dtype(details["dtype"]).kind in "iub" and not len(scales)
