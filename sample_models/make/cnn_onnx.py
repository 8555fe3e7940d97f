"""Write the digits CNN as float and int8 ONNX.

Needs `onnx` and `onnxruntime`. Names follow the steps: node ``stem/conv`` gives
the value ``stem/conv_out``, so that the nodes that quantization adds
(``stem/conv_out_QuantizeLinear``) land in the group of the node they belong to.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sample_models.make.architecture import IMAGE_SIZE_PX, N_CLASSES, Step
from sample_models.make.train import Weights

OPSET = 17
IR_VERSION = 10
PRODUCER = "opscope sample_models"

_PLAIN = {"relu": "Relu", "sigmoid": "Sigmoid", "add": "Add", "mul": "Mul"}


def write_float(path: Path, steps: list[Step], weights: dict[str, Weights]) -> None:
    """Write the float model; its input is ``image``, float32 [batch, 1, 8, 8], 0..16."""
    import onnx
    from onnx import TensorProto, helper

    writer = _Writer(weights)
    for step in steps:
        writer.add(step)
    writer.rename_output("probabilities")
    side = IMAGE_SIZE_PX
    graph = helper.make_graph(
        writer.nodes,
        "digits_cnn",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, side, side])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", N_CLASSES])],
        writer.initializers,
    )
    model = helper.make_model(
        graph,
        producer_name=PRODUCER,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    model = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def write_int8(path: Path, float_path: Path, images: NDArray[np.float32]) -> None:
    """Quantize the float model to int8 (QDQ, weights per channel), ranges from `images`."""
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    quantize_static(
        str(float_path),
        str(path),
        _calibration(images),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QInt8,
        weight_type=QuantType.QInt8,
    )
    # The quantizer drops the shapes of what it did not touch.
    model = onnx.shape_inference.infer_shapes(onnx.load(path), check_type=True, strict_mode=True)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def as_onnx_input(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return images (n, 8, 8, 1) as the ONNX model takes them, (n, 1, 8, 8)."""
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2))


def _calibration(images: NDArray[np.float32]) -> Any:
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            self.rows: Iterator[NDArray[np.float32]] = iter(as_onnx_input(images))

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            row = next(self.rows, None)
            return None if row is None else {"image": row[np.newaxis]}

    return Reader()


class _Writer:
    """Turns steps into nodes and weights into initializers."""

    def __init__(self, weights: dict[str, Weights]) -> None:
        self.weights = weights
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []

    def add(self, step: Step) -> None:
        inputs = [_value(name) for name in step.inputs]
        if step.op in _PLAIN:
            self.node(_PLAIN[step.op], step.name, inputs)
        elif step.op in ("conv", "depthwise"):
            self.conv(step, inputs)
        elif step.op == "dense":
            self.dense(step, inputs)
        elif step.op == "scale":
            factor = self.constant(f"{step.name}_factor", np.float32(1 / 16))
            self.node("Mul", step.name, [*inputs, factor])
        elif step.op == "resize":
            self.resize(step, inputs)
        elif step.op == "pool":
            self.node("GlobalAveragePool", step.name, inputs)
        else:
            self.node("Softmax", step.name, inputs, axis=-1)

    def node(self, op_type: str, name: str, inputs: list[str], **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(op_type, inputs, [_value(name)], name, **attributes))
        return _value(name)

    def constant(self, name: str, data: Any) -> str:
        from onnx import numpy_helper

        self.initializers.append(numpy_helper.from_array(np.asarray(data), name))
        return name

    def conv(self, step: Step, inputs: list[str]) -> None:
        own = self.weights[step.name]
        is_depthwise = step.op == "depthwise"
        axes = (2, 3, 0, 1) if is_depthwise else (3, 2, 0, 1)  # to (out, in / group, h, w)
        kernel = np.ascontiguousarray(own.kernel.transpose(axes))
        before, after = _padding(step)
        self.node(
            "Conv",
            step.name,
            [*inputs, self.constant(f"{step.name}_weight", kernel),
             self.constant(f"{step.name}_bias", own.bias)],
            kernel_shape=[step.kernel] * 2,
            strides=[step.stride] * 2,
            pads=[before, before, after, after],
            group=len(own.bias) if is_depthwise else 1,
        )  # fmt: skip

    def dense(self, step: Step, inputs: list[str]) -> None:
        own = self.weights[step.name]
        flat = self.node("Flatten", f"{step.name}_flatten", inputs, axis=1)
        kernel = self.constant(f"{step.name}_weight", np.ascontiguousarray(own.kernel.T))
        bias = self.constant(f"{step.name}_bias", own.bias)
        self.node("Gemm", step.name, [flat, kernel, bias], transB=1)

    def resize(self, step: Step, inputs: list[str]) -> None:
        factor = step.channels / IMAGE_SIZE_PX
        scales = self.constant(f"{step.name}_scales", np.array([1, 1, factor, factor], np.float32))
        self.node("Resize", step.name, [*inputs, "", scales], mode="linear")

    def rename_output(self, name: str) -> None:
        self.nodes[-1].output[0] = name


def _value(step: str) -> str:
    return step if step == "image" else f"{step}_out"


def _padding(step: Step) -> tuple[int, int]:
    """Return padding before and after: as TensorFlow's SAME does for even sizes."""
    total = max(step.kernel - step.stride, 0)
    return total // 2, total - total // 2
