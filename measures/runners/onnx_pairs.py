"""Pair the tensors of a float ONNX model with those of its quantized twin; in the worker only.

Names decide, and the way of the data: where the quantized model passes a tensor
through QuantizeLinear and DequantizeLinear, its dequantized value is what the
next node reads and what is compared. Where operators compute on codes (QOperator),
the codes are turned into real numbers. Needs `onnx`, loads nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from measures.runners.onnx_codes import CODE_SUFFIX, Steps, code_tensors
from measures.runners.onnx_sessions import node_keys

REAL_PREFIX = "opscope.real/"  # of a tensor of ours: codes as real numbers
_UNKNOWN = Steps("", "", math.nan, math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class Pair:
    """A float tensor and what it became.

    Attributes
    ----------
    reference : str
        Tensor of the float model: the output of a node, or a graph input.
    quantized : str
        Tensor of the quantized model that is compared with it, real numbers.
    reference_key, key : str
        Node of the float and of the quantized model that computes it.
    steps : Steps
        How it is rounded; all NaN where it is not.
    cut : str
        Tensor of the quantized model as its node computes it, before it is rounded;
        codes where `is_code`.
    rounding : tuple of int
        The nodes between `cut` and `quantized`, by index; empty where not rounded.
    is_code : bool
        `cut` holds codes.
    how : str
        What the pair was made by: ``"name"``, ``"mapping"`` or ``"structure"``.
    """

    reference: str
    quantized: str
    reference_key: str
    key: str
    steps: Steps = _UNKNOWN
    cut: str = ""
    rounding: tuple[int, ...] = ()
    is_code: bool = False
    how: str = "name"

    @property
    def code(self) -> str:
        """The tensor of codes that only a node of ours turns into real numbers, or empty."""
        ours = self.quantized.startswith(REAL_PREFIX)
        return self.quantized.removeprefix(REAL_PREFIX) if ours else ""


@dataclass(frozen=True, slots=True)
class _Rounding:
    source: str  # input of QuantizeLinear
    result: str  # output of DequantizeLinear
    steps: Steps
    nodes: tuple[int, ...]


@dataclass(slots=True)
class _Flow:
    """Who produces a tensor and how it is rounded, in one model."""

    producer: dict[str, str] = field(default_factory=dict)
    rounded: dict[str, _Rounding] = field(default_factory=dict)  # by input of QuantizeLinear
    restored: dict[str, _Rounding] = field(default_factory=dict)  # by output of DequantizeLinear
    codes: dict[str, Steps] = field(default_factory=dict)  # of operators on codes


def pairs(
    reference: Any,
    quantized: Any,
    mapping: Mapping[str, str] | None = None,
    similar: Mapping[str, str] | None = None,
) -> list[Pair]:
    """Return the pairs, in the float model's order, graph inputs first.

    Parameters
    ----------
    reference, quantized : ModelProto
    mapping, similar : mapping of str to str, optional
        Tensor of the float model -> tensor of the quantized one: before what names say, and
        where names say nothing.
    """
    flow = _flow(quantized)
    given, like = mapping or {}, similar or {}
    found = []
    for name, key in _tensors(reference):
        tried = (("mapping", given.get(name)), ("name", name), ("structure", like.get(name)))
        made = (
            (how, pair)
            for how, twin in tried
            if twin is not None and (pair := _pair(name, twin, key, flow)) is not None
        )
        how, pair = next(made, ("", None))
        if pair is not None:
            found.append(pair if how == "name" else replace(pair, how=how))
    return found


def _pair(reference: str, name: str, reference_key: str, flow: _Flow) -> Pair | None:
    """Return the pair of a float tensor with what the quantized model calls `name`."""
    how = flow.rounded.get(name) or flow.restored.get(name)
    if how is not None and how.source not in flow.codes:
        key = flow.producer.get(how.source, how.source)
        return Pair(reference, how.result, reference_key, key, how.steps, how.source, how.nodes)
    for code in (name + CODE_SUFFIX, how.source if how is not None else ""):
        if code in flow.codes:
            real, key = REAL_PREFIX + code, flow.producer[code]
            return Pair(reference, real, reference_key, key, flow.codes[code], code, is_code=True)
    if name in flow.producer:
        return Pair(reference, name, reference_key, flow.producer[name], cut=name)
    return None


def restore(model: Any, found: Iterable[Pair]) -> None:
    """Append the nodes that turn the codes of QOperator pairs into real numbers."""
    for pair in {pair.quantized: pair for pair in found if pair.code}.values():
        model.graph.node.append(dequantizer(pair.code, pair.quantized, pair.steps))


def dequantizer(codes: str, real: str, steps: Steps) -> Any:
    """Return a node that turns codes into real numbers."""
    from onnx import helper

    inputs = [codes, steps.scale, *([steps.zero_point] if steps.zero_point else [])]
    return helper.make_node("DequantizeLinear", inputs, [real])


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
    steps = code_tensors(model)
    coded: dict[str, tuple[str, int]] = {}  # output of QuantizeLinear -> its input, its index
    keys = node_keys(model)
    for i, (node, key) in enumerate(zip(model.graph.node, keys, strict=True)):
        for name in node.output:
            flow.producer[name] = key
        if node.op_type == "QuantizeLinear" and len(node.input) > 1:
            coded[node.output[0]] = (node.input[0], i)
        elif node.op_type == "DequantizeLinear" and node.input and node.input[0] in coded:
            source, first = coded[node.input[0]]
            entry = _Rounding(source, node.output[0], steps[node.input[0]], (first, i))
            flow.rounded.setdefault(source, entry)
            flow.restored[node.output[0]] = entry
        elif node.op_type == "DequantizeLinear" and node.input and node.input[0] in steps:
            code = node.input[0]
            entry = _Rounding(code, node.output[0], steps[code], (i,))
            flow.restored[node.output[0]] = entry
    for code, (source, first) in coded.items():  # read as codes alone: QOperator
        entry = _Rounding(source, REAL_PREFIX + code, steps[code], (first,))
        flow.rounded.setdefault(source, entry)
    flow.codes = {name: own for name, own in steps.items() if name not in coded}
    return flow
