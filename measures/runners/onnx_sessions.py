"""Load an ONNX model and run it with ONNX Runtime; used in the worker process only.

Nodes are given names of ours before a session is made, since names in a file may
be missing, doubled or shared with the body of a loop. External data stays where
it is and is found by the runtime. https://onnxruntime.ai/docs/api/python/
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from graphs.errors import NotRunnable
from measures.runners.failure import words_of
from measures.runners.onnx_inputs import specs
from measures.samples import Feed, Samples, samples

MAX_MODEL_BYTES = 2**31 - 1  # of the graph without external data: protobuf's own limit
CPU = "CPUExecutionProvider"
# As the reader names them -> as ONNX Runtime does.
OPTIMIZATION_LEVELS = {
    "off": "ORT_DISABLE_ALL",
    "basic": "ORT_ENABLE_BASIC",
    "extended": "ORT_ENABLE_EXTENDED",
    "all": "ORT_ENABLE_ALL",
}

# Weights beside the saved graph: it is read for its nodes' names alone.
_OUT_OF_THE_WAY = {"file_name": "optimized.bin", "min_size_in_bytes": "1024"}


def load(path: str) -> Any:
    """Return the ModelProto without external data.

    Raises
    ------
    NotRunnable
        The file is larger than a protobuf message may be.
    """
    import onnx

    if Path(path).stat().st_size > MAX_MODEL_BYTES:
        raise NotRunnable("the model", "a graph of less than 2 GB (weights may be external data)")
    return onnx.load(path, load_external_data=False)


def node_keys(model: Any) -> list[str]:
    """Return a key for each top-level node: its name where unique, else its first output."""
    nodes = model.graph.node
    times = Counter(node.name for node in nodes)
    return [
        node.name
        if node.name and times[node.name] == 1
        else next((name for name in node.output if name), "")
        for node in nodes
    ]


def session(
    model: Any,
    path: str,
    n_threads: int,
    profile_prefix: str = "",
    *,
    optimization: str = "off",
    providers: Sequence[str] = (CPU,),
    save_as: str = "",
) -> Any:
    """Return an InferenceSession.

    Parameters
    ----------
    model : ModelProto
    path : str
        Its file: external data is looked for in that folder only.
    n_threads : int
    profile_prefix : str
        Of the profile's file; empty for none.
    optimization : str
        A key of `OPTIMIZATION_LEVELS`.
    providers : sequence of str
    save_as : str
        File for the graph as the runtime runs it; empty for none.

    Raises
    ------
    NotRunnable
        The runtime refuses the model, or lacks a provider.
    """
    import onnxruntime as ort

    there = ort.get_available_providers()
    missing = [name for name in providers if name not in there]
    if missing:
        needs = f"the provider {', '.join(missing)}; there are {', '.join(there)}"
        raise NotRunnable("the model", needs)
    options = _options(path, n_threads, optimization)
    if profile_prefix:
        options.enable_profiling = True
        options.profile_file_prefix = profile_prefix
    if save_as:
        options.optimized_model_filepath = save_as
        for key, value in _OUT_OF_THE_WAY.items():
            options.add_session_config_entry(f"session.optimized_model_external_initializers_{key}",
                                             value)  # fmt: skip
    try:
        return ort.InferenceSession(model.SerializeToString(), options, providers=list(providers))
    except Exception as error:  # the runtime's exceptions share no public base
        needs = f"a model that ONNX Runtime accepts ({words_of(error)})"
        raise NotRunnable("the model", needs) from error


def _options(path: str, n_threads: int, optimization: str) -> Any:
    import onnxruntime as ort

    options = ort.SessionOptions()
    if optimization not in OPTIMIZATION_LEVELS:
        needs = f"an optimization level: {', '.join(OPTIMIZATION_LEVELS)}"
        raise NotRunnable("the model", needs)
    level = getattr(ort.GraphOptimizationLevel, OPTIMIZATION_LEVELS[optimization])
    options.graph_optimization_level = level
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.intra_op_num_threads = n_threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    folder = str(Path(path).resolve().parent)
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", folder)
    return options


def feeds(runner: Any, request: dict[str, Any], *models: Any) -> Samples:
    """Return the feeds that a request asks for, within the ranges that the models declare."""
    return samples(specs(runner, *models), request)


def shapes_of(feed: Feed) -> dict[str, list[int]]:
    """Return the shape of each input."""
    return {name: list(np.shape(array)) for name, array in feed.items()}
