"""Tiny ONNX models for the tests of measures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def one_node_model(path: Path, n_elements: int = 4, *, is_endless: bool = False) -> Path:
    """Write a model without inputs: it fills a tensor, or loops for ever."""
    if is_endless:
        nodes, constants = _endless_loop()
        dtype, shape = TensorProto.FLOAT, [1]
    else:
        nodes = [helper.make_node("ConstantOfShape", ["shape"], ["y"], "fill")]
        constants = [numpy_helper.from_array(np.array([n_elements], np.int64), "shape")]
        dtype, shape = TensorProto.FLOAT, [n_elements]
    return _save(path, nodes, constants, [], [helper.make_tensor_value_info("y", dtype, shape)])


def _endless_loop() -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    values = {
        name: helper.make_tensor_value_info(name, dtype, shape)
        for name, dtype, shape in (
            ("i", TensorProto.INT64, []),
            ("go_on", TensorProto.BOOL, []),
            ("x", TensorProto.FLOAT, [1]),
            ("still", TensorProto.BOOL, []),
            ("z", TensorProto.FLOAT, [1]),
        )
    }
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go_on"], ["still"], "keep"),
            helper.make_node("Neg", ["x"], ["z"], "turn"),
        ],
        "body",
        [values["i"], values["go_on"], values["x"]],
        [values["still"], values["z"]],
    )
    loop = helper.make_node("Loop", ["", "yes", "start"], ["y"], "loop", body=body)
    constants = [
        numpy_helper.from_array(np.array(True), "yes"),
        numpy_helper.from_array(np.zeros(1, np.float32), "start"),
    ]
    return [loop], constants


def counting_loop(path: Path, n_rounds: int) -> Path:
    """Write a model whose one loop turns the sign of a tensor so many times."""
    nodes, constants = _endless_loop()
    nodes[0].input[0] = "rounds"
    constants.append(numpy_helper.from_array(np.array(n_rounds, np.int64), "rounds"))
    return _save(
        path, nodes, constants, [], [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])]
    )


def product_model(path: Path, n: int, n_products: int) -> Path:
    """Write a chain of products of n × n matrices."""
    nodes = [helper.make_node("ConstantOfShape", ["shape"], ["v0"], "fill")]
    nodes += [
        helper.make_node("MatMul", [f"v{i}", "v0"], [f"v{i + 1}"], f"product{i}")
        for i in range(n_products)
    ]
    constants = [numpy_helper.from_array(np.array([n, n], np.int64), "shape")]
    last = helper.make_tensor_value_info(f"v{n_products}", TensorProto.FLOAT, [n, n])
    return _save(path, nodes, constants, [], [last])


def chain_model(path: Path, names: list[str]) -> Path:
    """Write a chain of Neg nodes with these names, over a free number of rows."""
    nodes = [
        helper.make_node("Neg", [f"v{i}"], [f"v{i + 1}"], name) for i, name in enumerate(names)
    ]
    shape = ["rows", 8]
    given = helper.make_tensor_value_info("v0", TensorProto.FLOAT, shape)
    result = helper.make_tensor_value_info(f"v{len(names)}", TensorProto.FLOAT, shape)
    return _save(path, nodes, [], [given], [result])


def broken_model(path: Path, name: str) -> Path:
    """Write a model that loads and whose only node fails: it reads past the end of a table."""
    constants = [
        numpy_helper.from_array(np.zeros(3, np.float32), "table"),
        numpy_helper.from_array(np.array([100], np.int64), "at"),
    ]
    node = helper.make_node("Gather", ["table", "at"], ["y"], name)
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    return _save(path, [node], constants, [], [result])


def quantizer_model(path: Path, scale: float, *, is_quantized: bool) -> Path:
    """Write x -> Neg -> y, in the quantized twin rounded to int8 steps of `scale` and back."""
    nodes = [helper.make_node("Neg", ["x"], ["hidden"], "block/neg")]
    constants = []
    last = "hidden"
    if is_quantized:
        constants = [
            numpy_helper.from_array(np.array(scale, np.float32), "step"),
            numpy_helper.from_array(np.array(0, np.int8), "zero"),
        ]
        nodes += [
            helper.make_node("QuantizeLinear", ["hidden", "step", "zero"], ["code"], "q"),
            helper.make_node("DequantizeLinear", ["code", "step", "zero"], ["rounded"], "dq"),
        ]
        last = "rounded"
    nodes.append(helper.make_node("Abs", [last], ["y"], "block/abs"))
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", 1000])
        for name in ("x", "y")
    ]
    return _save(path, nodes, constants, values[:1], values[1:])


def _save(
    path: Path,
    nodes: list[onnx.NodeProto],
    constants: list[onnx.TensorProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
) -> Path:
    graph = helper.make_graph(nodes, "main", inputs, outputs, constants)
    opsets = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    path.write_bytes(model.SerializeToString())
    return path
