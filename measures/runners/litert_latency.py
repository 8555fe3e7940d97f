"""Time each operator of a TFLite model, alone on its recorded inputs; in the worker only.

LiteRT's Python package offers no profiler. Each operator runs as a model of its
own, with the delegate that the whole model would get, fed with the inputs that
it has in a run of the whole; the time of calling an empty model is subtracted.
What fusing gains and what memory traffic between operators costs is therefore
not seen: the result carries the time of the whole run, to compare with the sum.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.errors import NotRunnable
from measures.quantiles import QUANTILES
from measures.runners import litert_partial, litert_sessions
from measures.runners.clock import in_turns, plan, timed, whole_run
from measures.runners.progress import report
from measures.runners.single_op import OperatorCutter


def latency(request: dict[str, Any]) -> dict[str, Any]:
    """Return times of each operator and of the whole run, in ms.

    Parameters
    ----------
    request : dict
        ``path``, ``inputs`` or None, ``dims``, ``free_dimension``, ``images``, ``n_warmup``,
        ``n_repeats``, ``n_threads``.
    """
    n_warmup, n_repeats = int(request["n_warmup"]), int(request["n_repeats"])
    request, lacking = litert_partial.runnable(request)
    whole = litert_sessions.model(request)
    drawn = litert_sessions.feeds(whole, request)
    feed = drawn.feeds[0]
    litert_sessions.set_inputs(whole, feed)
    first_ns = timed(whole.invoke, 1)[0, 0]
    recorded = litert_sessions.model(request, keep_tensors=True)
    litert_sessions.set_inputs(recorded, feed)
    record_ns = timed(recorded.invoke, 1)[0, 0]  # on plain kernels: longer than a run of the whole
    n_needed = 1 + math.ceil(record_ns / max(1, first_ns))
    how = plan(n_repeats, n_warmup, first_ns / 1e9, n_needed)
    timed(whole.invoke, how.n_warmup)
    operators = _Operators(request, recorded, how.n_warmup, n_repeats)
    times = in_turns(how, whole.invoke, operators.take, operators.n)
    rows, skipped = operators.rows, operators.skipped
    return {
        "keys": [key for key, _ in rows],  # two operators may bear one name
        "node_ms": [ms for _, ms in rows],
        "other_ms": 0.0,
        **whole_run(times),
        "n_repeats": n_repeats,
        "n_warmup": how.n_warmup,
        "inputs": {name: list(value.shape) for name, value in feed.items()},
        "data": drawn.origin_of_first,
        "notes": [*drawn.notes, *how.notes(n_warmup)],
        "fused": {},
        "skipped": {**lacking, **skipped},
        "method": "LiteRT, each operator alone on its recorded inputs",
    }


class _Operators:
    """The operators of a model, to be timed one after the other; a run has `recorded` their inputs.

    Attributes
    ----------
    n : int
    rows : list of (str, [float, float, float])
        Key and median, p10 and p90 in ms of each that was taken.
    skipped : dict of str to str
        Key -> why it has no time.
    """

    def __init__(
        self, request: dict[str, Any], recorded: Any, n_warmup: int, n_repeats: int
    ) -> None:
        self._n_warmup, self._n_repeats = n_warmup, n_repeats
        self._n_threads = int(request["n_threads"])
        self._recorded = recorded
        self._cutter = OperatorCutter(Path(request["path"]).read_bytes())
        self.n = self._cutter.n_operators
        self._keys = _keys(self._recorded, self.n)
        empty = _alone(self._cutter, None, self._recorded, 1)
        self._call_ns = float(np.median(self._times(empty)))
        self.rows: list[tuple[str, list[float]]] = []
        self.skipped: dict[str, str] = {}

    def take(self, i: int) -> None:
        """Time one operator."""
        key = self._keys[i]
        report(i, self.n, key)
        try:
            runner = _alone(self._cutter, i, self._recorded, self._n_threads)
        except NotRunnable as error:
            self.skipped[key] = error.needs
            return
        ns = np.quantile(self._times(runner), QUANTILES)
        self.rows.append((key, (np.maximum(ns - self._call_ns, 0.0) / 1e6).tolist()))

    def _times(self, runner: Any) -> NDArray[np.int64]:
        """Return the wall time of the runs that count, ns."""
        times = timed(runner.invoke, self._n_warmup + self._n_repeats)
        return np.asarray(times[self._n_warmup :, 0])


def _keys(runner: Any, n_operators: int) -> list[str]:
    """Return the name of each operator's first output, as many as the file has operators."""
    known = litert_sessions.tensors(runner)
    operators = runner._get_ops_details()[:n_operators]  # noqa: SLF001 - no other way is offered
    firsts = [next((int(t) for t in o["outputs"] if t >= 0), -1) for o in operators]
    return [known[t].name if t >= 0 else "" for t in firsts]


def _alone(cutter: OperatorCutter, operator: int | None, recorded: Any, n_threads: int) -> Any:
    """Return an interpreter of one operator with its recorded inputs set.

    Raises
    ------
    NotRunnable
        The operator cannot run alone; `needs` says why.
    """
    reason = "" if operator is None else cutter.refusal(operator)
    if reason:
        raise NotRunnable("latency", reason)
    content, given = cutter.model_of(operator)
    shapes = iter([recorded.get_tensor(tensor).shape for tensor in given])
    runner = litert_sessions.interpreter(content, n_threads, sizes=lambda _: next(shapes))
    for details, tensor in zip(runner.get_input_details(), given, strict=True):
        runner.set_tensor(details["index"], recorded.get_tensor(tensor))
    return runner
