"""What an ONNX model's inputs take, as far as the model itself tells; in the worker only.

An input that is rounded to codes declares what the codes can hold; one that picks rows
of a table declares their number. Random data keeps to both. Needs `onnx`.
"""

from __future__ import annotations

from typing import Any

from measures.runners.onnx_codes import code_tensors, constant_tensors
from measures.samples import InputSpec

_NUMPY_OF_ORT = {"float": "float32", "double": "float64"}
_SAME_VALUES = {"Cast", "Identity", "Reshape", "Unsqueeze", "Squeeze", "Flatten"}


def specs(runner: Any, *models: Any) -> list[InputSpec]:
    """Return the inputs of a session, with the ranges that its model or its twin declares.

    Parameters
    ----------
    runner : InferenceSession
    *models : ModelProto
        Where several declare a range for one input, the first counts.
    """
    ranges: dict[str, tuple[float, float]] = {}
    for model in models:
        for name, bounds in declared_ranges(model).items():
            ranges.setdefault(name, bounds)
    return [_spec(value, ranges.get(value.name)) for value in runner.get_inputs()]


def declared_ranges(model: Any) -> dict[str, tuple[float, float]]:
    """Return (least, greatest) by name of the graph inputs whose range the model tells."""
    inputs = {value.name for value in model.graph.input}
    source = {name: name for name in inputs}
    tables = {name: tuple(t.dims) for name, t in constant_tensors(model).items()}
    steps = code_tensors(model)
    found: dict[str, tuple[float, float]] = {}
    for node in model.graph.node:
        if not node.input or not node.output:
            continue
        if node.op_type in _SAME_VALUES and node.input[0] in source:
            source[node.output[0]] = source[node.input[0]]
        elif node.op_type == "QuantizeLinear" and node.input[0] in source:
            own = steps.get(node.output[0])
            if own is not None and own.bounds is not None:
                found.setdefault(source[node.input[0]], (own.low, own.high))
        elif node.op_type == "Gather" and len(node.input) > 1 and node.input[1] in source:
            axis = next((int(a.i) for a in node.attribute if a.name == "axis"), 0)
            shape = tables.get(node.input[0], ())
            if -len(shape) <= axis < len(shape) and shape[axis] > 0:
                name = source[node.input[1]]
                high = min(found.get(name, (0.0, float("inf")))[1], float(shape[axis] - 1))
                found[name] = (0.0, high)
    return found


def _spec(value: Any, bounds: tuple[float, float] | None) -> InputSpec:
    inner = value.type.removeprefix("tensor(").removesuffix(")")
    shape = tuple(d if isinstance(d, int) and d >= 0 else None for d in value.shape)
    dims = tuple(d if isinstance(d, str) else "" for d in value.shape)
    low, high = bounds or (None, None)
    return InputSpec(value.name, _NUMPY_OF_ORT.get(inner, inner), shape, dims, low, high)
