"""Pair the tensors of a float ONNX model with those of its QDQ twin; in the worker only.

Names decide, and the way of the data: where the quantized model passes a tensor
through QuantizeLinear and DequantizeLinear, its dequantized value is what the
next node reads and what is compared. Needs `onnx`, loads nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from measures.runners.onnx_sessions import node_keys

Rounding = tuple[str, str, float]  # input tensor, output tensor, scale or NaN


@dataclass(frozen=True, slots=True)
class Pair:
    """A float tensor and what it became.

    Attributes
    ----------
    reference : str
        Tensor of the float model: the output of a node, or a graph input.
    quantized : str
        Tensor of the quantized model that is compared with it.
    reference_key, key : str
        Node of the float and of the quantized model that computes it.
    scale : float
        Quantization step; NaN where the tensor is not quantized, or not by one step.
    """

    reference: str
    quantized: str
    reference_key: str
    key: str
    scale: float


@dataclass(slots=True)
class _Flow:
    """Who produces a tensor and how it is rounded, in one model."""

    producer: dict[str, str] = field(default_factory=dict)
    rounded: dict[str, Rounding] = field(default_factory=dict)  # by input of QuantizeLinear
    restored: dict[str, Rounding] = field(default_factory=dict)  # by output of DequantizeLinear


def pairs(reference: Any, quantized: Any) -> list[Pair]:
    """Return the pairs, in the float model's order, graph inputs first."""
    flow = _flow(quantized)
    found = []
    for name, reference_key in _tensors(reference):
        if name in flow.rounded:
            _, result, scale = flow.rounded[name]
            key = flow.producer.get(name, name)
        elif name in flow.restored:
            source, result, scale = flow.restored[name]
            key = flow.producer.get(source, source)
        elif name in flow.producer:
            result, scale, key = name, math.nan, flow.producer[name]
        else:
            continue
        found.append(Pair(name, result, reference_key, key, scale))
    return found


def expose(model: Any, tensors: Iterable[str]) -> None:
    """Make tensors graph outputs, so that a run returns them."""
    import onnx

    known = {value.name for value in model.graph.output}
    for name in tensors:
        if name not in known:
            known.add(name)
            model.graph.output.append(onnx.ValueInfoProto(name=name))


def _tensors(model: Any) -> Iterable[tuple[str, str]]:
    """Yield each tensor that a run computes or is given, with the key of its node."""
    constants = {tensor.name for tensor in model.graph.initializer}
    for value in model.graph.input:
        if value.name not in constants:
            yield value.name, value.name
    for node, key in zip(model.graph.node, node_keys(model), strict=True):
        for name in node.output:
            if name and node.op_type != "Constant":
                yield name, key


def _flow(model: Any) -> _Flow:
    flow = _Flow()
    steps = _steps(model)
    coded: dict[str, tuple[str, float]] = {}  # output of QuantizeLinear -> its input, scale
    for node, key in zip(model.graph.node, node_keys(model), strict=True):
        for name in node.output:
            flow.producer[name] = key
        if node.op_type == "QuantizeLinear" and len(node.input) > 1:
            coded[node.output[0]] = (node.input[0], steps.get(node.input[1], math.nan))
        elif node.op_type == "DequantizeLinear" and node.input and node.input[0] in coded:
            source, scale = coded[node.input[0]]
            entry = (source, node.output[0], scale)
            flow.rounded.setdefault(source, entry)
            flow.restored[node.output[0]] = entry
    return flow


def _steps(model: Any) -> dict[str, float]:
    """Return the constants that are one float: quantization steps are among them."""
    from onnx import numpy_helper

    steps = {}
    for tensor in model.graph.initializer:
        is_one = all(d == 1 for d in tensor.dims)
        if is_one and tensor.data_type in (1, 10, 11) and not tensor.external_data:
            steps[tensor.name] = float(np.asarray(numpy_helper.to_array(tensor)).reshape(()))
    return steps
