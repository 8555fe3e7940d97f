"""Time each operator of a TFLite model, alone on its recorded inputs; in the worker only.

LiteRT's Python package offers no profiler. Each operator runs as a model of its
own, with the delegate that the whole model would get, fed with the inputs that
it has in a run of the whole; the time of calling an empty model is subtracted.
What fusing gains and what memory traffic between operators costs is therefore
not seen: the result carries the time of the whole run, to compare with the sum.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from graphs.errors import NotRunnable
from measures.quantiles import QUANTILES
from measures.runners import litert_partial, litert_sessions
from measures.runners.clock import timed, whole_run
from measures.runners.progress import report
from measures.runners.single_op import OperatorCutter
from measures.samples import Feed

MIN_WHOLE_RUNS = 5


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
    # The operators alone take as long as the whole: so that both take little more than
    # `n_repeats` runs, the whole runs less often.
    n_whole = max(MIN_WHOLE_RUNS, n_repeats // 10)
    timed(whole.invoke, n_warmup)
    before = timed(whole.invoke, n_whole)
    rows, skipped = _operators(request, feed, n_warmup, n_repeats)
    after = timed(whole.invoke, n_whole)  # again, should the machine have grown busy
    return {
        "keys": [key for key, _ in rows],  # two operators may bear one name
        "node_ms": [ms for _, ms in rows],
        "other_ms": 0.0,
        **whole_run(np.concatenate([before, after])),
        "n_repeats": n_repeats,
        "inputs": {name: list(value.shape) for name, value in feed.items()},
        "data": drawn.origin_of_first,
        "notes": list(drawn.notes),
        "fused": {},
        "skipped": {**lacking, **skipped},
        "method": "LiteRT, each operator alone on its recorded inputs",
    }


def _operators(
    request: dict[str, Any], feed: Feed, n_warmup: int, n_repeats: int
) -> tuple[list[tuple[str, list[float]]], dict[str, str]]:
    """Return key and median, p10 and p90 in ms of each operator, and why others have none."""
    recorded = litert_sessions.model(request, keep_tensors=True)
    litert_sessions.set_inputs(recorded, feed)
    recorded.invoke()
    cutter = OperatorCutter(Path(request["path"]).read_bytes())
    empty = _alone(cutter, None, recorded, 1)
    call_ns = float(np.median(timed(empty.invoke, n_warmup + n_repeats)[n_warmup:, 0]))
    rows: list[tuple[str, list[float]]] = []
    skipped: dict[str, str] = {}
    for i, key in enumerate(_keys(recorded, cutter.n_operators)):
        report(i, cutter.n_operators, key)
        try:
            runner = _alone(cutter, i, recorded, int(request["n_threads"]))
        except NotRunnable as error:
            skipped[key] = error.needs
            continue
        wall_ns = timed(runner.invoke, n_warmup + n_repeats)[n_warmup:, 0]
        ns = np.quantile(wall_ns, QUANTILES)
        rows.append((key, (np.maximum(ns - call_ns, 0.0) / 1e6).tolist()))
    return rows, skipped


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
