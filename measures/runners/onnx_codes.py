"""Which tensors of an ONNX model hold codes, and what a code stands for; in the worker only.

QOperator models compute on codes throughout: a tensor's scale and zero point are inputs
of the operator that makes it. https://onnxruntime.ai/docs/performance/model-optimizations/
quantization.html and the contrib operators' definitions. Needs `onnx`, loads nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Op type -> slots of the scale and zero point of its output.
OUTPUT_CODES = {
    "QuantizeLinear": (1, 2), "QLinearConv": (6, 7), "QLinearMatMul": (6, 7),
    "QLinearAdd": (6, 7), "QLinearMul": (6, 7), "QLinearLeakyRelu": (3, 4),
    "QLinearSigmoid": (3, 4), "QLinearSoftmax": (3, 4), "QLinearGlobalAveragePool": (3, 4),
    "QLinearAveragePool": (3, 4), "QLinearReduceMean": (3, 4), "QLinearConcat": (0, 1),
    "QLinearWhere": (7, 8), "QGemm": (7, 8),
}  # fmt: skip
# Op type -> (slot of a constant, its scale, its zero point, axis of the output channels).
WEIGHT_CODES = {
    "DequantizeLinear": (0, 1, 2, 1), "QLinearConv": (3, 4, 5, 0), "QLinearMatMul": (3, 4, 5, -1),
    "QGemm": (3, 4, 5, -1), "QLinearAdd": (3, 4, 5, 0), "QLinearMul": (3, 4, 5, 0),
}  # fmt: skip
# These move codes and change none, so their outputs have the steps of their first input.
MOVES = {
    "MaxPool", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Slice", "Gather",
    "Resize", "Pad", "Split", "Expand", "Identity", "DepthToSpace", "SpaceToDepth", "Concat",
}  # fmt: skip
CODE_SUFFIX = "_quantized"  # ONNX Runtime's quantizer: `conv1_out` -> `conv1_out_quantized`
MAX_STEP_ELEMENTS = 1 << 20
_INT_OF_TENSOR_TYPE = {2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 21: "uint4",
                       22: "int4"}  # fmt: skip
TENSOR_TYPES = {dtype: number for number, dtype in _INT_OF_TENSOR_TYPE.items()}
_RANGES = {"uint4": (0, 15), "int4": (-8, 7)}


@dataclass(frozen=True, slots=True)
class Steps:
    """How a tensor is rounded to codes.

    Attributes
    ----------
    scale, zero_point : str
        Tensors of the model; the second may be empty.
    step : float
        NaN where it is not one known number.
    low, high : float
        What the codes can stand for; NaN where not known.
    dtype : str
        Of the codes, e.g. ``"int8"``; empty where not known.
    """

    scale: str
    zero_point: str
    step: float
    low: float
    high: float
    dtype: str = ""

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Return the range, half a step wider on both sides; a value outside is saturated."""
        if math.isnan(self.low):
            return None
        return self.low - self.step / 2, self.high + self.step / 2


def small_constants(model: Any) -> dict[str, tuple[NDArray[np.generic], str]]:
    """Return the constants that may be scales or zero points, with the name of their dtype."""
    from onnx import numpy_helper

    found = {}
    for tensor in constant_tensors(model).values():
        n = math.prod(tensor.dims)
        is_small = 0 <= n <= MAX_STEP_ELEMENTS and not tensor.external_data
        if is_small and tensor.data_type in (1, 10, 11, *_INT_OF_TENSOR_TYPE):
            dtype = _INT_OF_TENSOR_TYPE.get(tensor.data_type, "float")
            if n == 1 or len(tensor.dims) <= 1:
                found[tensor.name] = (np.asarray(numpy_helper.to_array(tensor)), dtype)
    return found


def constant_tensors(model: Any) -> dict[str, Any]:
    """Return the TensorProto of each initializer and of each Constant node, by tensor name."""
    import onnx

    found = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and len(node.output) == 1:
            for attribute in node.attribute:
                if attribute.name == "value":
                    own = onnx.TensorProto()
                    own.CopyFrom(attribute.t)
                    own.name = node.output[0]
                    found[own.name] = own
    return found


def weight_axis(node: Any) -> int:
    """Return the axis of the output channels of the weight that a node reads (`WEIGHT_CODES`)."""
    attributes = {one.name: one for one in node.attribute}
    if node.op_type == "DequantizeLinear" and "axis" in attributes:
        return int(attributes["axis"].i)
    if node.op_type == "QGemm" and "transB" in attributes and attributes["transB"].i:
        return 0
    return WEIGHT_CODES[node.op_type][3]


def steps_of(
    scale: str,
    zero_point: str,
    constants: Mapping[str, tuple[NDArray[np.generic], str]],
    output_type: int = 0,
) -> Steps:
    """Return the steps that a scale and a zero point make, as far as they are constants.

    Parameters
    ----------
    scale, zero_point : str
        The second may be empty: zero, of the type that `output_type` says.
    constants : mapping of str to (array, str)
        As `small_constants` returns them.
    output_type : int
        A TensorProto.DataType; 0 for the operator's own default, uint8.
    """
    unknown = Steps(scale, zero_point, math.nan, math.nan, math.nan)
    value, _ = constants.get(scale, (np.zeros(0), ""))
    if value.size != 1:
        return unknown
    step = float(value.reshape(()))
    own = _INT_OF_TENSOR_TYPE.get(output_type, "") if output_type else "uint8"
    zero, dtype = constants.get(zero_point, (np.zeros(1), "" if zero_point else own))
    if not dtype or dtype == "float" or zero.size != 1:
        return Steps(scale, zero_point, step, math.nan, math.nan)
    least, greatest = _RANGES.get(dtype) or (np.iinfo(dtype).min, np.iinfo(dtype).max)
    offset = int(zero.reshape(()))
    low, high = step * (least - offset), step * (greatest - offset)
    return Steps(scale, zero_point, step, low, high, dtype)


def code_tensors(model: Any) -> dict[str, Steps]:
    """Return the steps of each tensor that an operator computes as codes."""
    constants = small_constants(model)
    found: dict[str, Steps] = {}
    for node in model.graph.node:
        slots = OUTPUT_CODES.get(node.op_type)
        if slots is not None and len(node.input) > slots[0] and node.output:
            zero_point = node.input[slots[1]] if len(node.input) > slots[1] else ""
            found[node.output[0]] = steps_of(
                node.input[slots[0]], zero_point, constants, _output_type(node)
            )
        elif node.op_type in MOVES and node.input and node.input[0] in found:
            for name in node.output:
                if name and (node.op_type != "MaxPool" or name == node.output[0]):
                    found[name] = found[node.input[0]]
    return found


def _output_type(node: Any) -> int:
    """Return the type that QuantizeLinear states for its codes; 0 for none."""
    return next((int(a.i) for a in node.attribute if a.name == "output_dtype"), 0)
