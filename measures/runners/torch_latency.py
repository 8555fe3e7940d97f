"""Time each call of an exported PyTorch program; in the worker process only.

The program runs as torch runs it, one eager kernel after another, with the clock read
between the calls: a node's time is what passes until the next one, Python's share of
calling it included. Nothing is compiled or fused, so `torch.compile` will be faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter_ns
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.errors import MeasureError
from measures.quantiles import QUANTILES
from measures.runners import torch_programs
from measures.runners.clock import Plan, in_turns, plan, timed, whole_run
from measures.runners.failure import words_of
from measures.runners.progress import report

METHOD = "PyTorch's eager kernels, one call after another, the clock read between them"
_stamps: list[int] = []


def latency(request: dict[str, Any]) -> dict[str, Any]:
    """Return times of each call and of the whole run, in ms.

    Parameters
    ----------
    request : dict
        ``path``, ``inputs`` or None, ``dims``, ``free_dimension``, ``images``, ``n_warmup``,
        ``n_repeats``, ``n_threads``.
    """
    import torch

    torch.set_num_threads(int(request["n_threads"]))
    program = torch_programs.load(request["path"])
    drawn = torch_programs.feeds(program, request)
    feed = drawn.samples.feeds[0]
    values = program.values(feed, drawn.free)
    arguments = [values[node.name] for node in program.placeholders]
    n_repeats = int(request["n_repeats"])
    stamped, owners = _stamped(program.module)
    keys = list(dict.fromkeys(owners))
    n_warmup = int(request["n_warmup"])
    try:
        with torch.no_grad():
            whole, stamps, how = _in_turns(program.module, stamped, arguments, n_warmup, n_repeats)
    except Exception as error:  # torch raises whatever its kernels raise
        at = owners[len(_stamps) - 1] if 0 < len(_stamps) <= len(owners) else ""
        raise MeasureError("latency", words_of(error), node=at) from error
    place = {key: i for i, key in enumerate(keys)}
    by_node = np.zeros((n_repeats, len(keys)))
    for i, key in enumerate(owners):
        by_node[:, place[key]] += stamps[:, i + 1] - stamps[:, i]
    return {
        "keys": keys,
        "node_ms": (np.quantile(by_node, QUANTILES, axis=0).T / 1e6).tolist(),
        "other_ms": 0.0,
        **whole_run(whole),
        "n_repeats": n_repeats,
        "inputs": {name: list(value.shape) for name, value in feed.items()},
        "data": drawn.samples.origin_of_first,
        "n_warmup": how.n_warmup,
        "notes": [*drawn.samples.notes, *how.notes(n_warmup)],
        "fused": {},
        "skipped": program.skipped,
        "method": METHOD,
    }


def stamp() -> None:
    """Note the time."""
    _stamps.append(perf_counter_ns())


def _stamped(module: Any) -> tuple[Any, list[str]]:
    """Return a copy of a program that notes the time around each call, and whose calls they are.

    Picking one of a node's results is counted with that node.
    """
    import torch

    graph = torch.fx.Graph()
    graph.output(graph.graph_copy(module.graph, {}))
    calls = [node for node in graph.nodes if node.op == "call_function"]
    owners = []
    for i, node in enumerate(calls):
        if not i:
            with graph.inserting_before(node):
                graph.call_function(stamp)
        with graph.inserting_after(node):
            graph.call_function(stamp)
        owners.append(owner(node).name)
    return torch.fx.GraphModule(module, graph), owners


def owner(node: Any) -> Any:
    """Return the node that computes what `node` picks from its results; itself if it picks none."""
    while node.op == "call_function" and getattr(node.target, "__name__", "") == "getitem":
        node = node.args[0]
    return node


def _in_turns(
    plain: Any, stamped: Any, arguments: Sequence[Any], n_warmup: int, n_repeats: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], Plan]:
    """Run both in turns.

    Returns
    -------
    int64 array, shape (k, 2)
        Wall and CPU time of the runs without stamps, ns.
    int64 array, shape (n_repeats, n_calls + 1)
        Time stamps, ns.
    Plan
    """
    first_ns = timed(lambda: plain(*arguments), 1)[0, 0]
    how = plan(n_repeats, n_warmup, first_ns / 1e9)
    rows = []
    for _ in range(how.n_warmup):
        plain(*arguments)
        _run(stamped, arguments)

    def run(i: int) -> None:
        rows.append(_run(stamped, arguments))
        report(i, n_repeats, f"run {i + 1} of {n_repeats}")

    whole = in_turns(how, lambda: plain(*arguments), run, n_repeats)
    return whole, np.stack(rows), how


def _run(stamped: Any, arguments: Sequence[Any]) -> NDArray[np.int64]:
    _stamps.clear()
    stamped(*arguments)
    return np.array(_stamps, dtype=np.int64)
