"""Time each node of an ONNX model with ONNX Runtime's profiler; in the worker process only.

The profiler writes one event a node and run, with whole microseconds. Its own
work (about 2 µs a node: shapes as text, counters) lies inside the time that it
reports, so short nodes come out too long; the run as a whole is therefore also
timed without it, and the result carries both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.errors import MeasureError
from measures.quantiles import QUANTILES, grouped_quantiles
from measures.runners import onnx_sessions
from measures.runners.clock import timed
from measures.runners.failure import words_of
from measures.samples import Feed

MAX_EVENTS = 900_000  # the profiler drops events beyond a million
N_TURNS = 5
_PREFIX = "opscope."
_OURS = re.compile(r"opscope\.(\d+)\.")


def latency(request: dict[str, Any]) -> dict[str, Any]:
    """Return times of each node and of the whole run, in ms.

    Parameters
    ----------
    request : dict
        ``path``, ``inputs`` or None, ``batch``, ``free_dimension``, ``n_warmup``,
        ``n_repeats``, ``n_threads``.
    """
    model = onnx_sessions.load(request["path"])
    keys = onnx_sessions.node_keys(model)
    for i, node in enumerate(model.graph.node):
        node.name = f"{_PREFIX}{i}."
    path, n_threads = request["path"], int(request["n_threads"])
    n_warmup = int(request["n_warmup"])
    n_repeats = max(1, min(int(request["n_repeats"]), MAX_EVENTS // max(1, len(keys)) - n_warmup))
    plain = onnx_sessions.session(model, path, n_threads)
    feed = onnx_sessions.feeds(plain, request)[0]
    profiled = onnx_sessions.session(model, path, n_threads, str(Path.cwd() / "profile"))
    try:
        whole = _in_turns(plain, profiled, feed, n_warmup, n_repeats)
    except Exception as error:  # the runtime's exceptions share no public base
        raise _failure(error, keys) from error
    times, other_us = _node_times(Path(profiled.end_profiling()), n_warmup, n_repeats)
    return {
        "keys": [keys[i] for i in times],
        "node_ms": [(grouped_quantiles(us, QUANTILES) / 1e3).tolist() for us in times.values()],
        "other_ms": float(np.median(other_us)) / 1e3 if len(other_us) else 0.0,
        "whole_ms": float(np.median(whole[:, 0])) / 1e6,
        "whole_cpu_ms": float(np.median(whole[:, 1])) / 1e6,
        "n_repeats": n_repeats,
        "inputs": onnx_sessions.shapes_of(feed),
        "skipped": {},
        "method": "ONNX Runtime's profiler, graph optimization off",
    }


def _failure(error: Exception, keys: list[str]) -> MeasureError:
    """Return an error that names the node as the file does, where the runtime names one."""
    words = words_of(error)
    found = _OURS.search(str(error))
    key = keys[int(found.group(1))] if found and int(found.group(1)) < len(keys) else ""
    if found:
        words = words.replace(found.group(0), key)
    return MeasureError("latency", words, node=key)


def _in_turns(
    plain: Any, profiled: Any, feed: Feed, n_warmup: int, n_repeats: int
) -> NDArray[np.int64]:
    """Run both sessions in turns, so that a busy moment of the machine disturbs both.

    Returns
    -------
    int64 array, shape (k, 2)
        Wall and CPU time of the runs without profiler, ns; the first of each turn,
        whose caches the other session has emptied, does not count.
    """
    for _ in range(n_warmup):
        plain.run(None, feed)
        profiled.run(None, feed)
    parts = []
    for turn in range(N_TURNS):
        n_plain = 1 + max(1, n_repeats // (5 * N_TURNS))
        parts.append(timed(lambda: plain.run(None, feed), n_plain)[1:])
        for _ in range(n_repeats * turn // N_TURNS, n_repeats * (turn + 1) // N_TURNS):
            profiled.run(None, feed)
    return np.concatenate(parts)


def _node_times(
    profile: Path, n_warmup: int, n_repeats: int
) -> tuple[dict[int, NDArray[np.float64]], NDArray[np.float64]]:
    """Return µs of each top-level node by run, and µs by run of what is none of them.

    A node that the runtime doubled (``.../duplicated``) is summed with its original.
    Events of a loop's body carry names of their own and lie within the loop's time.
    """
    runs = n_warmup + n_repeats
    by_name: dict[str, list[int]] = {}
    for name, duration_us in _kernel_events(profile):
        by_name.setdefault(name, []).append(duration_us)
    nodes: dict[int, NDArray[np.float64]] = {}
    other = np.zeros(n_repeats)
    for name, durations in by_name.items():
        found = _OURS.match(name)
        if len(durations) % runs:
            if found:
                raise MeasureError("latency", "a node did not run once in every run")
            continue
        per_run = np.array(durations, dtype=np.float64).reshape(runs, -1).sum(axis=1)[n_warmup:]
        if found:
            index = int(found.group(1))
            nodes[index] = nodes.get(index, 0.0) + per_run
        else:
            other += per_run
    return dict(sorted(nodes.items())), other


def _kernel_events(profile: Path) -> Iterator[tuple[str, int]]:
    """Yield node name and µs; the file has one event a line and may be hundreds of MB."""
    with profile.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if '"Node"' not in line:
                continue
            event = json.loads(line.strip().rstrip(","))
            name = event["name"]
            if event.get("cat") == "Node" and name.endswith("_kernel_time"):
                yield name.removesuffix("_kernel_time"), int(event["dur"])
