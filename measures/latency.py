"""Latency of each node: run a model many times in a worker process and take the median.

ONNX by ONNX Runtime's profiler (`measures/runners/onnx_latency.py`), TFLite by
running each operator alone (`measures/runners/litert_latency.py`), PyTorch by reading
the clock between calls (`measures/runners/torch_latency.py`); each says what that
misses. No framework is imported in this process.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.errors import NotRunnable
from graphs.ir import Graph
from graphs.node_data import NodeData
from measures.columns import node_data_of
from measures.conditions import Conditions, conditions
from measures.images import Preprocessing
from measures.runners.worker import Limits, Progress, run_task

# Format -> distributions whose versions the record names.
RUNTIMES = {
    "ONNX": ("onnxruntime", "onnx", "numpy"),
    "TFLite": ("ai-edge-litert", "numpy"),
    "PyTorch ExportedProgram": ("torch", "numpy"),
}


BUSY_SHARE = 0.8  # of its time that a run by itself computes


@dataclass(frozen=True, slots=True)
class LatencySettings:
    """How to measure.

    Attributes
    ----------
    n_repeats, n_warmup : int
        Runs that count, and runs before them that do not.
    n_threads : int
        Threads within one operator.
    batch : int
        Samples of the inputs file that make one run; free dimensions otherwise
        take `free_dimension`. TFLite runs single samples, PyTorch as many as the program
        was exported for.
    free_dimension : int
        Size of a free dimension that `dims` does not name, where inputs are drawn at random.
    dims : mapping of str to int
        Sizes of free dimensions by name, or by ``INPUT.AXIS`` where they have none.
    optimization : str
        Of the graph, by ONNX Runtime: ``"off"``, ``"basic"``, ``"extended"`` or ``"all"``.
        Others than ``"off"`` fuse nodes: see `Latency.fused`.
    providers : tuple of str
        Of ONNX Runtime, by preference; empty for the CPU.
    images : Preprocessing, optional
        Of a folder of pictures.
    """

    n_repeats: int = 100
    n_warmup: int = 5
    n_threads: int = 1
    batch: int = 1
    free_dimension: int = 1
    dims: Mapping[str, int] = field(default_factory=dict)
    optimization: str = "off"
    providers: tuple[str, ...] = ()
    images: Preprocessing | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Latency:
    """Times of a model's nodes, n of them.

    Attributes
    ----------
    keys : tuple of str, length n
        Node name where it is unique in the file, else the name of its first output.
    median_ms, p10_ms, p90_ms : float64 array, shape (n,)
    whole_ms : float
        Median wall time of the whole run, measured without a profiler.
    whole_cpu_ms : float
        Median CPU time of that run, over all threads: below `whole_ms` where the
        machine was busy with something else.
    other_ms : float
        Time of what the runtime ran and no node of the file stands for.
    whole_p10_ms, whole_p90_ms : float
        Of the wall time of the whole run.
    skipped : mapping of str to str
        Key -> why it has no time.
    conditions : Conditions
    fused : mapping of str to str
        Key of a node that a fused kernel computes -> key of the node that bears its time.
    notes : tuple of str
        What was guessed.
    """

    keys: tuple[str, ...]
    median_ms: NDArray[np.float64]
    p10_ms: NDArray[np.float64]
    p90_ms: NDArray[np.float64]
    whole_ms: float
    whole_cpu_ms: float
    other_ms: float
    skipped: Mapping[str, str]
    conditions: Conditions
    whole_p10_ms: float = math.nan
    whole_p90_ms: float = math.nan
    fused: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def coverage(self) -> float:
        """Sum of the nodes over the whole run: above 1 where measuring added time."""
        return float(self.median_ms.sum()) / self.whole_ms

    @property
    def share(self) -> NDArray[np.float64]:
        """Each node's median over the sum of all, 0..1, float64, shape (n,)."""
        total = float(self.median_ms.sum())
        return self.median_ms / total if total > 0 else np.zeros_like(self.median_ms)

    def values(self) -> dict[str, float]:
        """Return the median in ms by key."""
        return dict(zip(self.keys, self.median_ms.tolist(), strict=True))

    def fused_ms(self) -> dict[str, float]:
        """Return the median of the fused kernel in ms, by key of every node that it computes.

        The node that bears the kernel's time is one of them; a kernel of several nodes
        has its time several times here, so these do not add up.
        """
        medians = self.values()
        found = {bearer: medians[bearer] for bearer in self.fused.values() if bearer in medians}
        return found | {key: found[to] for key, to in self.fused.items() if to in found}

    def node_data(self, graph: Graph) -> NodeData:
        """Return the medians as node data of a graph."""
        return node_data_of(
            graph, self.values(), "latency", "ms", aggregations=("sum", "max", "mean")
        )


def measure_latency(
    path: Path,
    format: str,
    inputs: Path | None = None,
    settings: LatencySettings | None = None,
    limits: Limits | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
    on_progress: Progress | None = None,
) -> Latency:
    """Time each node of a model.

    Parameters
    ----------
    path : Path
    format : str
        A key of `RUNTIMES`, as `graphs.ir.Model.format` names it.
    inputs : Path, optional
        An `.npz` with one array a model input, samples along the first axis, an `.npy`
        for a single input, or a folder of pictures; without it, seeded random data.
    settings : LatencySettings, optional
    limits : Limits, optional
    is_cancelled : callable
    on_progress : callable, optional
        Told (steps done, steps, what is done now).

    Raises
    ------
    NotRunnable
        No runner takes the format, or the runtime refuses the model or its inputs.
    MeasureError
        The run failed, crashed, or went over a limit.
    """
    if format not in RUNTIMES:
        raise NotRunnable("latency", f"a runner for {format}; there are {', '.join(RUNTIMES)}")
    settings = settings or LatencySettings()
    request = {
        **asdict(settings),
        "path": str(path.resolve()),
        "inputs": str(inputs.resolve()) if inputs else None,
    }
    result = run_task("latency", f"latency {format}", request, limits, is_cancelled, on_progress)
    used = {**asdict(settings), **{k: result[k] for k in ("n_repeats", "n_warmup")}}
    used |= (limits or Limits()).as_settings()
    held = conditions(
        result["method"], path, inputs, result["inputs"], used, RUNTIMES[format], result["data"]
    )
    return _of_result(result, held)


def _of_result(result: dict[str, Any], held: Conditions) -> Latency:
    """Return what the worker took, and the conditions that held."""
    times = np.array(result["node_ms"], dtype=np.float64).reshape(-1, 3)
    return Latency(
        keys=tuple(result["keys"]),
        median_ms=times[:, 0],
        p10_ms=times[:, 1],
        p90_ms=times[:, 2],
        whole_ms=float(result["whole_ms"]),
        whole_cpu_ms=float(result["whole_cpu_ms"]),
        other_ms=float(result["other_ms"]),
        skipped=result["skipped"],
        conditions=held,
        whole_p10_ms=float(result["whole_p10_ms"]),
        whole_p90_ms=float(result["whole_p90_ms"]),
        fused=result["fused"],
        notes=(*result["notes"], *_busy(result, held)),
    )


def _busy(result: dict[str, Any], held: Conditions) -> list[str]:
    """Return a note where other work on the machine made the whole run wait; else none."""
    wall, cpu = float(result["whole_ms"]), float(result["whole_cpu_ms"])
    if held.settings["n_threads"] != 1 or cpu > BUSY_SHARE * wall:
        return []
    return [
        f"The machine was busy with other work: of the {wall:.4g} ms that the whole run took it "
        f"computed {cpu:.4g} ms. The nodes' medians hardly hold such waiting"
    ]
