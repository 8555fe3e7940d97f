"""Compare the weights of a float ONNX model with those of its quantized twin; nothing is run.

A weight pairs by the nodes that a mapping says, then by its name without the quantizer's suffix,
then by the node and the slot that read it: nodes pair by name or by structure. Needs `onnx`.
External data is read from the model's own folder only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measures.runners.onnx_codes import CODE_SUFFIX, WEIGHT_CODES, constant_tensors, weight_axis
from measures.runners.onnx_pairs import Pair, pairs
from measures.runners.onnx_sessions import node_keys
from measures.runners.weight_rows import real_of, weight_row

MAX_WEIGHT_BYTES = 2 << 30
_ACTIVATIONS = frozenset(
    {"Relu", "Clip", "LeakyRelu", "Sigmoid", "Tanh", "HardSwish", "HardSigmoid"}
)
_MAX_ACTIVATIONS = 4
_FLOAT_SLOT = {3: 1}  # of operators on codes, whose inputs bring scale and zero point


@dataclass(frozen=True, slots=True)
class _Weight:
    codes: str
    scale: str
    zero_point: str
    axis: int
    readers: tuple[tuple[str, int], ...]  # key and slot of the nodes that read it


def rows(reference: Any, quantized: Any, request: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the error of each quantized weight that has a float twin of its shape."""
    floats, codes = constant_tensors(reference), constant_tensors(quantized)
    paired = pairs(reference, quantized, request.get("mapping"), request.get("similar"))
    readers = _Readers(reference, floats, paired)
    found = []
    for weight in _weights(quantized, set(codes)):
        twin = _twin(weight, floats, readers)
        if twin and list(floats[twin].dims) == list(codes[weight.codes].dims):
            row = _row(weight, twin, floats, codes, request)
            found += [row] if row else []
    return found


class _Readers:
    """Finds what the float twin of a node reads.

    Parameters
    ----------
    reference : ModelProto
        The float model.
    floats : mapping of str to TensorProto
        Its constants.
    found : sequence of Pair
    """

    def __init__(self, reference: Any, floats: Mapping[str, Any], found: Sequence[Pair]) -> None:
        keys = node_keys(reference)
        self._nodes = dict(zip(keys, reference.graph.node, strict=True))
        self._maker = {name: key for key, node in self._nodes.items() for name in node.output}
        self._floats = floats
        self._twin = {pair.key: pair.reference_key for pair in found}
        self._told = {pair.key for pair in found if pair.how == "mapping"}

    def constant(self, weight: _Weight, *, is_told: bool) -> str:
        """Return the constant at the weight's place, or empty; of nodes that a mapping names."""
        for key, slot in weight.readers:
            twins = [self._twin.get(key, "")] if is_told else [self._twin.get(key, ""), key]
            if is_told and key not in self._told:
                continue
            for twin in twins:
                name = self._read_by(twin, _FLOAT_SLOT.get(slot, slot))
                if name:
                    return name
        return ""

    def _read_by(self, key: str, slot: int) -> str:
        """Return the constant that a float node reads, or the one whose result it activates.

        Quantization folds an activation into what comes before it: their results are paired.
        """
        node = self._nodes.get(key)
        for _ in range(_MAX_ACTIVATIONS):  # a damaged graph may go round in a circle
            if node is None or node.op_type not in _ACTIVATIONS or not node.input:
                break
            node = self._nodes.get(self._maker.get(node.input[0], ""))
        if node is None or len(node.input) <= slot:
            return ""
        return node.input[slot] if node.input[slot] in self._floats else ""


def _twin(weight: _Weight, floats: dict[str, Any], readers: _Readers) -> str:
    told = readers.constant(weight, is_told=True)
    if told:
        return told
    for name in (weight.codes.removesuffix(CODE_SUFFIX), weight.codes):
        if name in floats:
            return name
    return readers.constant(weight, is_told=False)


def _row(
    weight: _Weight,
    twin: str,
    floats: dict[str, Any],
    codes: dict[str, Any],
    request: dict[str, Any],
) -> dict[str, Any] | None:
    real = _array(floats[twin], request["reference"])
    stored = _array(codes[weight.codes], request["path"])
    scales = _array(codes[weight.scale], request["path"])
    zeros: NDArray[np.generic] | None = np.zeros(1, np.int64)
    if weight.zero_point in codes:
        zeros = _array(codes[weight.zero_point], request["path"])
    if real is None or stored is None or scales is None or zeros is None or real.dtype.kind != "f":
        return None
    steps = np.atleast_1d(scales.astype(np.float64))
    try:
        back = real_of(stored, steps, np.atleast_1d(zeros.astype(np.int64)), weight.axis)
    except (ValueError, IndexError):
        return None  # blocked quantization, or a damaged model: the run says the rest
    key = weight.readers[0][0] if weight.readers else weight.codes
    return weight_row(twin, key, real, back, steps, weight.axis)


def _weights(model: Any, constants: set[str]) -> Iterator[_Weight]:
    """Yield each constant of codes once, with the nodes that read it or its real numbers."""
    keys = node_keys(model)
    op_types = {key: node.op_type for key, node in zip(keys, model.graph.node, strict=True)}
    readers: dict[str, list[tuple[str, int]]] = {}
    for key, node in zip(keys, model.graph.node, strict=True):
        for slot, name in enumerate(node.input):
            readers.setdefault(name, []).append((key, slot))
    seen: set[str] = set()
    for name in sorted(constants):  # what MatMulInteger reads: scaled by a later node
        stem = name.removesuffix(CODE_SUFFIX)
        has_steps = {stem + "_scale", stem + "_zero_point"} <= constants
        own = readers.get(name, [])
        integer = [(k, s) for k, s in own if op_types[k] in ("MatMulInteger", "ConvInteger")]
        if stem != name and has_steps and integer:
            seen.add(name)
            axis = 0 if op_types[integer[0][0]] == "ConvInteger" else -1
            yield _Weight(name, stem + "_scale", stem + "_zero_point", axis, tuple(integer))
    for key, node in zip(keys, model.graph.node, strict=True):
        at, scale, zero, _ = WEIGHT_CODES.get(node.op_type, (-1, 0, 0, 0))
        inputs = [*node.input, *[""] * 9]
        is_weight = at >= 0 and inputs[at] in constants and inputs[scale] in constants
        if not is_weight or inputs[at] in seen:
            continue
        seen.add(inputs[at])
        by: tuple[tuple[str, int], ...] = ((key, at),)
        if node.op_type == "DequantizeLinear":
            by = tuple(readers.get(node.output[0], ()))
        yield _Weight(inputs[at], inputs[scale], inputs[zero], weight_axis(node), by)


def _array(tensor: Any, path: str) -> NDArray[np.generic] | None:
    """Return a constant's values; None where they are too large or not in the file's folder."""
    from onnx import numpy_helper
    from onnx.external_data_helper import load_external_data_for_tensor

    if math.prod(tensor.dims) * 8 > MAX_WEIGHT_BYTES:
        return None
    try:
        if tensor.external_data:
            own = type(tensor)()
            own.CopyFrom(tensor)
            load_external_data_for_tensor(own, str(Path(path).resolve().parent))
            tensor = own
        return np.asarray(numpy_helper.to_array(tensor))
    except Exception:  # onnx raises its own kinds; a weight that cannot be read has no error
        return None
