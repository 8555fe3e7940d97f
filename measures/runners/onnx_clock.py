"""What ONNX Runtime's profiler adds to the time of a node; in the worker process only.

Between the two readings of the clock that make a node's time, the profiler also writes
the shapes of its inputs and outputs as text: about 2 µs, more than many a node takes.
A chain of nodes that do next to nothing, run with the profiler and without, tells how
much on this machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from measures.quantiles import QUANTILES, grouped_quantiles
from measures.runners import onnx_sessions
from measures.runners.clock import timed
from measures.samples import Feed

N_NODES, N_RUNS, N_WARMUP = 50, 60, 10
WIDE = 8  # inputs of a node in the second chain
_SHAPE = (1, 1, 1, 1)
# A node's event as the runtime writes it; several times faster than reading all of its JSON.
_EVENT = re.compile(
    rb'\{"cat" : "Node","pid" :\d+,"tid" :\d+,"dur" :(\d+),"ts" :\d+,"ph" : "X",'
    rb'"name" :"([^"\\]*)_kernel_time"'
)
TAKEN = (QUANTILES[0], QUANTILES[1], QUANTILES[0])


@dataclass(frozen=True, slots=True)
class ProfilerCost:
    """What the profiler adds to the median, the p10 and the p90 of a node's time.

    Attributes
    ----------
    node_us, input_us : float64 array, shape (3,)
        For a node with one input, and for each further one; in the order of `QUANTILES`.
    """

    node_us: NDArray[np.float64]
    input_us: NDArray[np.float64]

    def us(self, n_inputs: int) -> NDArray[np.float64]:
        """Return it for a node with so many inputs, shape (3,)."""
        return self.node_us + self.input_us * max(0, n_inputs - 1)


def profiler_cost(n_threads: int) -> ProfilerCost:
    """Measure what the profiler adds, in about a tenth of a second."""
    narrow, wide = (_added_us(n_inputs, n_threads) for n_inputs in (1, WIDE))
    return ProfilerCost(np.maximum(narrow, 0.0), np.maximum((wide - narrow) / (WIDE - 1), 0.0))


def _added_us(n_inputs: int, n_threads: int) -> NDArray[np.float64]:
    """Return how much longer a node of the chain takes with the profiler than without, µs.

    In the order of `QUANTILES`; of the p90 no more than of the median is known, since what
    other work on the machine adds to it is none of the profiler's.
    """
    feed: Feed = {"v0": np.zeros(_SHAPE, np.float32)}
    long, short = _chain(N_NODES, n_inputs), _chain(1, n_inputs)
    prefix = str(Path.cwd() / f"calibration_{n_inputs}")
    plain, alone = (onnx_sessions.session(m, "chain.onnx", n_threads) for m in (long, short))
    profiled = onnx_sessions.session(long, "chain.onnx", n_threads, prefix)
    whole, one = (_times_us(runner, feed) for runner in (plain, alone))
    timed(lambda: profiled.run(None, feed), N_WARMUP + N_RUNS)
    plain_us = (whole - one) / (N_NODES - 1)  # without what a run as a whole costs
    taken = [us for _, us in kernel_events(Path(profiled.end_profiling()))]
    nodes = np.array(taken, dtype=np.float64).reshape(-1, N_NODES)[N_WARMUP:].T
    profiled_us = np.mean([grouped_quantiles(durations, TAKEN) for durations in nodes], axis=0)
    return np.asarray(profiled_us - plain_us, dtype=np.float64)


def _times_us(runner: Any, feed: Feed) -> NDArray[np.float64]:
    """Return the time of a run, in the order of `TAKEN`."""
    ns = timed(lambda: runner.run(None, feed), N_WARMUP + N_RUNS)[N_WARMUP:, 0]
    return np.quantile(ns.astype(np.float64), TAKEN) / 1e3


def _chain(n_nodes: int, n_inputs: int) -> Any:
    """Return a model of nodes that add a number to itself, or turn its sign, one after another."""
    from onnx import TensorProto, helper

    op = "Sum" if n_inputs > 1 else "Neg"
    nodes = [helper.make_node(op, [f"v{i}"] * n_inputs, [f"v{i + 1}"]) for i in range(n_nodes)]
    first, last = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, _SHAPE)
        for name in ("v0", f"v{n_nodes}")
    )
    graph = helper.make_graph(nodes, "chain", [first], [last])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def kernel_events(profile: Path) -> Iterator[tuple[str, int]]:
    """Yield node name and µs; the file has one event a line and may be hundreds of MB."""
    with profile.open("rb") as lines:
        for line in lines:
            found = _EVENT.match(line)
            if found is not None:
                yield found[2].decode(errors="replace"), int(found[1])
            elif b'"Node"' in line:  # written otherwise than the runtime does as a rule
                event = orjson.loads(line.strip().rstrip(b","))
                name = event["name"]
                if event.get("cat") == "Node" and name.endswith("_kernel_time"):
                    yield name.removesuffix("_kernel_time"), int(event["dur"])
