"""Load an ONNX model and run it with ONNX Runtime; used in the worker process only.

Nodes are given names of ours before a session is made, since names in a file may
be missing, doubled or shared with the body of a loop. External data stays where
it is and is found by the runtime. https://onnxruntime.ai/docs/api/python/
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from graphs.errors import NotRunnable
from measures.runners.failure import words_of
from measures.samples import Feed, InputSpec, batches, random_feed, read_samples

MAX_MODEL_BYTES = 2**31 - 1  # of the graph without external data: protobuf's own limit

_NUMPY_OF_ORT = {"float": "float32", "double": "float64"}


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


def session(model: Any, path: str, n_threads: int, profile_prefix: str = "") -> Any:
    """Return an InferenceSession on the CPU with graph optimization off.

    Raises
    ------
    NotRunnable
        The runtime refuses the model.
    """
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.intra_op_num_threads = n_threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    folder = str(Path(path).resolve().parent)
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", folder)
    if profile_prefix:
        options.enable_profiling = True
        options.profile_file_prefix = profile_prefix
    try:
        return ort.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # the runtime's exceptions share no public base
        needs = f"a model that ONNX Runtime accepts ({words_of(error)})"
        raise NotRunnable("the model", needs) from error


def feeds(runner: Any, request: dict[str, Any]) -> list[Feed]:
    """Return feeds from the request's ``inputs`` file, else one random feed."""
    specs = [_spec(value) for value in runner.get_inputs()]
    if request.get("inputs"):
        rows = read_samples(Path(request["inputs"]), specs)
        return batches(rows, int(request["batch"]))
    return [random_feed(specs, int(request.get("free_dimension", 1)))]


def _spec(value: Any) -> InputSpec:
    inner = value.type.removeprefix("tensor(").removesuffix(")")
    shape = tuple(d if isinstance(d, int) and d >= 0 else None for d in value.shape)
    return InputSpec(value.name, _NUMPY_OF_ORT.get(inner, inner), shape)


def shapes_of(feed: Feed) -> dict[str, list[int]]:
    """Return the shape of each input."""
    return {name: list(np.shape(array)) for name, array in feed.items()}
