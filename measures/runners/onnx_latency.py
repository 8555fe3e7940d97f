"""Time each node of an ONNX model with ONNX Runtime's profiler; in the worker process only.

The profiler writes one event a node and run, with whole microseconds. Its own
work (about 2 µs a node) lies inside the time that it reports: it is measured
(`measures/runners/onnx_clock.py`) and taken off. The run as a whole is also timed
without the profiler, and the result carries both. With optimization on, the time of a
fused kernel is given to one of the nodes that it stands for, the others are told.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.errors import MeasureError, NotRunnable
from measures.quantiles import QUANTILES, grouped_quantiles
from measures.runners import onnx_partial, onnx_sessions
from measures.runners.clock import Plan, in_turns, plan, timed, whole_run
from measures.runners.failure import words_of
from measures.runners.onnx_clock import kernel_events, profiler_cost
from measures.runners.onnx_fusion import NAME_PREFIX, OURS, Fusion, fusion, node_of_name
from measures.runners.onnx_reach import has_body
from measures.runners.progress import report
from measures.samples import Feed

MAX_EVENTS = 900_000  # the profiler drops events beyond a million
# Writing and reading an event takes longer than many a node: of many nodes fewer runs do.
ENOUGH_EVENTS = 80_000
ENOUGH_RUNS = 20
OPTIMIZED = "optimized.onnx"


def latency(request: dict[str, Any]) -> dict[str, Any]:
    """Return times of each node and of the whole run, in ms.

    Parameters
    ----------
    request : dict
        ``path``, ``inputs`` or None, ``batch``, ``dims``, ``free_dimension``, ``images``,
        ``n_warmup``, ``n_repeats``, ``n_threads``, ``optimization``, ``providers``.
    """
    model = onnx_sessions.load(request["path"])
    keys = onnx_sessions.node_keys(model)
    n_inputs = [sum(map(bool, node.input)) for node in model.graph.node]
    for i, node in enumerate(model.graph.node):
        node.name = f"{NAME_PREFIX}{i}."
    is_optimized = request.get("optimization", "off") != "off"
    plain, skipped = onnx_partial.session(
        model, lambda: _session(model, request, save_as=OPTIMIZED if is_optimized else "")
    )
    drawn = onnx_sessions.feeds(plain, request, model)
    feed = drawn.feeds[0]
    n_wanted, n_warmup = int(request["n_repeats"]), int(request["n_warmup"])
    try:
        whole, profile, how, n_repeats = _profiled(model, plain, request, feed)
    except NotRunnable:
        raise
    except Exception as error:  # the runtime's exceptions share no public base
        raise _failure(error, keys) from error
    fused = fusion(model, onnx_sessions.load(OPTIMIZED)) if is_optimized else Fusion()
    times, other_us = _node_times(profile, how.n_warmup, n_repeats, _indices(model, fused))
    cost = profiler_cost(int(request["n_threads"]))
    return {
        "keys": [keys[i] for i in times],
        "node_ms": [_quantiles_ms(us, cost.us(n_inputs[i])) for i, us in times.items()],
        "other_ms": float(np.median(other_us)) / 1e3 if len(other_us) else 0.0,
        **whole_run(whole),
        "n_repeats": n_repeats,
        "inputs": onnx_sessions.shapes_of(feed),
        "data": drawn.origin_of_first,
        "n_warmup": how.n_warmup,
        "notes": [*drawn.notes, *_few_runs(n_repeats, n_wanted), *how.notes(n_warmup)],
        "fused": _fused(keys, fused, model, times),
        "skipped": {keys[_index_of(name)]: reason for name, reason in skipped.items()}
        | {keys[_index(model, i)]: "the optimizer removed it" for i in fused.removed},
        "method": f"ONNX Runtime's profiler, its own {cost.node_us[0]:.1f} µs a node taken off, "
        f"graph optimization {request.get('optimization')}",
    }


def _profiled(
    model: Any, plain: Any, request: dict[str, Any], feed: Feed
) -> tuple[NDArray[np.int64], Path, Plan, int]:
    """Run the model with the profiler and without; return the latter's times, and the profile.

    Returns
    -------
    int64 array, shape (k, 2)
        Wall and CPU time of the runs without profiler, ns.
    Path
        Of the profile.
    Plan
    int
        Profiled runs that count.
    """
    first_ns = timed(lambda: plain.run(None, feed), 1)[0, 0]
    n_events, n_counted = _n_events(model, request, feed)
    n_repeats, n_warmup = _n_runs(int(request["n_repeats"]), int(request["n_warmup"]), n_events)
    how = plan(n_repeats, n_warmup, first_ns / 1e9, 1 + n_counted)
    profiled = _session(model, request, prefix=str(Path.cwd() / "profile"))
    whole = _in_turns(plain, profiled, feed, how, n_repeats)
    return whole, Path(profiled.end_profiling()), how, n_repeats


def _n_events(model: Any, request: dict[str, Any], feed: Feed) -> tuple[int, int]:
    """Return how many events a run writes, and how many runs it took to know that.

    One a node, and in loops one for each round and for each node in each round: how often
    a loop goes round is known only when it is run.
    """
    if not any(map(has_body, model.graph.node)):
        return len(model.graph.node), 0
    counted = _session(model, request, prefix=str(Path.cwd() / "counted"))
    counted.run(None, feed)
    with Path(counted.end_profiling()).open("rb") as lines:  # one event a line
        n_events = sum(1 for _ in lines)
    if n_events > MAX_EVENTS:
        needs = f"loops that make at most {MAX_EVENTS:,} events in a run, for the profiler"
        raise NotRunnable("latency", needs)
    return n_events, 1


def _n_runs(n_wanted: int, n_warmup: int, n_events: int) -> tuple[int, int]:
    """Return how many runs are profiled and how many warm up: as wanted, fewer of many events."""
    enough = max(ENOUGH_RUNS, ENOUGH_EVENTS // max(1, n_events))
    most = max(1, MAX_EVENTS // max(1, n_events))
    n_runs = max(1, min(n_wanted, enough, most - n_warmup))
    return n_runs, min(n_warmup, most - n_runs)


def _few_runs(n_runs: int, n_wanted: int) -> list[str]:
    if n_runs == n_wanted:
        return []
    return [f"{n_runs} runs of {n_wanted}: writing the profile of more would take longer than they"]


def _quantiles_ms(durations_us: NDArray[np.float64], cost_us: NDArray[np.float64]) -> list[float]:
    """Return median, p10 and p90 without what the profiler adds."""
    taken = np.maximum(grouped_quantiles(durations_us, QUANTILES) - cost_us, 0.0) / 1e3
    median, low, high = taken.tolist()
    return [median, min(low, median), max(high, median)]  # what is taken off is not exact


def _session(model: Any, request: dict[str, Any], prefix: str = "", save_as: str = "") -> Any:
    return onnx_sessions.session(
        model,
        request["path"],
        int(request["n_threads"]),
        prefix,
        optimization=request.get("optimization", "off"),
        providers=request.get("providers") or (onnx_sessions.CPU,),
        save_as=save_as,
    )


def _index(model: Any, place: int) -> int:
    """Return the index in the file of a node by its place in what is run."""
    return _index_of(model.graph.node[place].name)


def _index_of(name: str) -> int:
    """Return the index in the file of a node by the name that we gave it."""
    found = node_of_name(name)
    assert found is not None
    return found


def _indices(model: Any, fused: Fusion) -> dict[str, int]:
    """Return the index in the file of each kernel that the optimizer made, by its name."""
    return {name: _index(model, i) for name, i in fused.node_of.items()}


def _fused(keys: list[str], fused: Fusion, model: Any, times: Mapping[int, Any]) -> dict[str, str]:
    """Return key -> key of the node that bears its time."""
    found = {}
    for gone, into in fused.fused_into.items():
        index = _index(model, into)
        if index in times:
            found[keys[_index(model, gone)]] = keys[index]
    return found


def _failure(error: Exception, keys: list[str]) -> MeasureError:
    """Return an error that names the node as the file does, where the runtime names one."""
    words = words_of(error)
    found = OURS.search(str(error))
    key = keys[int(found.group(1))] if found and int(found.group(1)) < len(keys) else ""
    if found:
        words = words.replace(found.group(0), key)
    return MeasureError("latency", words, node=key)


def _in_turns(
    plain: Any, profiled: Any, feed: Feed, how: Plan, n_repeats: int
) -> NDArray[np.int64]:
    """Run both sessions in turns; return wall and CPU time of those without profiler, ns."""
    for _ in range(how.n_warmup):
        plain.run(None, feed)
        profiled.run(None, feed)

    def run(i: int) -> None:
        profiled.run(None, feed)
        report(i, n_repeats, f"run {i + 1} of {n_repeats}")

    return in_turns(how, lambda: plain.run(None, feed), run, n_repeats)


def _node_times(
    profile: Path, n_warmup: int, n_repeats: int, made: Mapping[str, int] | None = None
) -> tuple[dict[int, NDArray[np.float64]], NDArray[np.float64]]:
    """Return µs of each top-level node by run, and µs by run of what is none of them.

    A node that the runtime doubled (``.../duplicated``) is summed with its original,
    and a kernel that the optimizer made with the node that `made` gives it to.
    Events of a loop's body carry names of their own and lie within the loop's time.
    """
    runs = n_warmup + n_repeats
    by_name: dict[str, list[int]] = {}
    for name, duration_us in kernel_events(profile):
        by_name.setdefault(name, []).append(duration_us)
    nodes: dict[int, NDArray[np.float64]] = {}
    other = np.zeros(n_repeats)
    for name, durations in by_name.items():
        index = (made or {}).get(name, node_of_name(name))
        if len(durations) % runs:
            if index is not None:
                raise MeasureError("latency", "a node did not run once in every run")
            continue
        per_run = np.array(durations, dtype=np.float64).reshape(runs, -1).sum(axis=1)[n_warmup:]
        if index is not None:
            nodes[index] = nodes.get(index, 0.0) + per_run
        else:
            other += per_run
    return dict(sorted(nodes.items())), other
