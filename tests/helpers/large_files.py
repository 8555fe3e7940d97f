"""Write a large file of each format: chains of operations in blocks, every third node a weight.

A maker returns the file's name and content, for about as many nodes as it is asked for.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from tests.helpers import keras_files, pytorch_files
from tests.helpers.protobuf_writer import message

File = tuple[str, bytes]
N_IN_BLOCK = 40
F32 = 11  # of XLA's PrimitiveType


def block(i: int) -> str:
    """Return the namespace of the operation `i`."""
    return f"model/block_{i // N_IN_BLOCK}/unit_{i % N_IN_BLOCK}"


def onnx_file(n: int) -> File:
    """Return matrix products and activations, with a weight for each product."""
    from onnx import TensorProto, helper, numpy_helper

    nodes, weights, last = [], [], "x"
    kernel = numpy_helper.from_array(np.ones((4, 4), np.float32), "")
    for i in range(n // 3):
        weight = TensorProto()
        weight.CopyFrom(kernel)
        weight.name = f"{block(i)}/kernel"
        weights.append(weight)
        product, active = f"{block(i)}/MatMul_output", f"{block(i)}/Relu_output"
        inputs = [last, weight.name]
        nodes.append(helper.make_node("MatMul", inputs, [product], f"/{block(i)}/MatMul"))
        nodes.append(helper.make_node("Relu", [product], [active], f"/{block(i)}/Relu"))
        last = active
    ends = [helper.make_tensor_value_info(v, TensorProto.FLOAT, [1, 4]) for v in ("x", last)]
    graph = helper.make_graph(nodes, "large", ends[:1], ends[1:], weights)
    return "large.onnx", helper.make_model(graph).SerializeToString()


def tflite_file(n: int) -> File:
    """Return fully connected operators and activations."""
    from tests.helpers.tflite_writer import Operator, Subgraph, Tensor, tflite_bytes

    tensors, operators = [Tensor("x")], []
    for i in range(n // 3):
        last = len(tensors) - 1
        tensors += [
            Tensor(f"{block(i)}/kernel", (4, 4), data=bytes(64)),
            Tensor(f"{block(i)}/dense"),
            Tensor(f"{block(i)}/relu"),
        ]
        operators.append(Operator(9, [last, last + 1], [last + 2]))
        operators.append(Operator(19, [last + 2], [last + 3]))
    ends = Subgraph(tensors, operators, [0], [len(tensors) - 1])
    return "large.tflite", tflite_bytes([ends])


def _graph_def(n: int) -> Any:
    from tensorboard.compat.proto import graph_pb2

    from tests.helpers import tensorflow_models as made

    graph, last = graph_pb2.GraphDef(), "x"
    made.add(graph, "x", "Placeholder", dtype=made.FLOAT)
    for i in range(n // 3):
        made.constant(graph, f"{block(i)}/kernel", np.zeros(4, np.float32))
        made.add(graph, f"{block(i)}/MatMul", "MatMul", [last, f"{block(i)}/kernel"], T=made.FLOAT)
        last = f"{block(i)}/Relu"
        made.add(graph, last, "Relu", [f"{block(i)}/MatMul"], T=made.FLOAT, _output_shapes=[[4]])
    return graph


def graph_def_file(n: int) -> File:
    """Return a frozen graph in binary."""
    return "large.pb", _graph_def(n).SerializeToString()


def graph_text_file(n: int) -> File:
    """Return a frozen graph in protobuf's text form."""
    from google.protobuf import text_format

    return "large.pbtxt", text_format.MessageToString(_graph_def(n)).encode()


def saved_model_file(n: int) -> File:
    """Return a SavedModel of one MetaGraph."""
    from tensorboard.compat.proto import meta_graph_pb2

    from tests.helpers import tensorflow_models as made

    meta = meta_graph_pb2.MetaGraphDef(graph_def=_graph_def(n))
    return "saved_model.pb", made.saved_model(meta)


def keras_config(n: int, units: int = 8) -> dict[str, Any]:
    """Return the configuration of a chain of `n` operations, every other one dense."""
    names = [f"d{i}" for i in range(n)]
    parts = [keras_files.source("x", None, units)]
    for i, (name, last) in enumerate(zip(names, ["x", *names], strict=False)):
        calls = [[keras_files.tensor(last)]]
        if i % 2:
            parts.append(keras_files.part("Activation", name, calls, activation="relu"))
        else:
            parts.append(keras_files.part("Dense", name, calls, units=units, use_bias=False))
    return keras_files.model("m", parts, ["x", 0, 0], [names[-1], 0, 0])


def keras_file(n: int) -> File:
    """Return an archive of Keras 3."""
    arrays, kernel = {}, np.ones((8, 8), np.float32)
    for i in range(n // 3):
        arrays["layers/dense" + (f"_{i}" if i else "") + "/vars/0"] = kernel
    weights = keras_files.hdf5(arrays, {})
    return "large.keras", keras_files.archive(keras_config(n // 3 * 2), weights, 8)


def keras_2_file(n: int) -> File:
    """Return an HDF5 file of Keras 2."""
    operations, last, n_operations = [], "x", n // 3 * 2
    shape = {"batch_input_shape": [None, 8], "dtype": "float32", "name": "x"}
    operations.append(
        {"class_name": "InputLayer", "name": "x", "config": shape, "inbound_nodes": []}
    )
    for i in range(n_operations):
        config = {"name": f"d{i}", "dtype": "float32"}
        config |= {"activation": "relu"} if i % 2 else {"units": 8, "use_bias": False}
        kind, inbound = "Activation" if i % 2 else "Dense", [[[last, 0, 0, {}]]]
        operations.append(
            {"class_name": kind, "name": f"d{i}", "config": config, "inbound_nodes": inbound}
        )
        last = f"d{i}"
    model = {"name": "m", "layers": operations, "input_layers": [["x", 0, 0]],
             "output_layers": [[last, 0, 0]]}  # fmt: skip
    whole = json.dumps({"class_name": "Functional", "config": model})
    return "large.h5", _legacy_weights(n_operations, whole)


def _legacy_weights(n_operations: int, configuration: str) -> bytes:
    """Return the file of Keras 2: a group for each operation, a kernel in every other one."""
    dense = range(0, n_operations, 2)
    kernel = np.ones((8, 8), np.float32)
    arrays = {f"model_weights/d{i}/d{i}/kernel:0": kernel for i in dense}
    attributes: dict[str, dict[str, Any]] = {
        f"model_weights/d{i}": {"weight_names": np.array([] if i % 2 else [f"d{i}/kernel:0"], "S")}
        for i in range(n_operations)
    }
    # An attribute of HDF5 holds 64 KB: Keras cuts longer lists into numbered pieces.
    names = np.array([f"d{i}" for i in range(n_operations)], "S")
    pieces = np.array_split(names, len(names) * names.itemsize // 60_000 + 1)
    word = "layer" + "_names"
    attributes["model_weights"] = {f"{word}{i}": piece for i, piece in enumerate(pieces)}
    about = {"keras_version": "2.15.0", "backend": "tensorflow"}
    attributes["/"] = {"model_config": configuration, **about}
    return keras_files.hdf5(arrays, attributes)


def keras_configuration_file(n: int) -> File:
    """Return a configuration alone."""
    return "large.json", json.dumps(keras_config(n)).encode()


def exported_file(n: int) -> File:
    """Return an exported program of linear calls, each in a module of its own."""
    nodes, names = [], [f"v{i}" for i in range(n)]
    for i, (source, target) in enumerate(pairwise(names)):
        stack = f"{block(i)},{block(i).replace('/', '.')},torch.nn.ReLU"
        call = pytorch_files.node(
            "torch.ops.aten.relu.default", {"self": pytorch_files.tensor(source)}, [],
            nn_module_stack=stack, stack_trace=f'File "m.py", line {i}, in forward',
        )  # fmt: skip
        nodes.append(call | {"outputs": [pytorch_files.tensor(target)], "name": target})
    types = {name: pytorch_files.meta(2) for name in names}
    top = pytorch_files.graph(names[:1], nodes, [pytorch_files.tensor(names[-1])], types)
    inputs = [pytorch_files.user_input(names[0])]
    whole = pytorch_files.program(top, inputs, [pytorch_files.user_output(names[-1])])
    return "large.pt2", pytorch_files.layout_2_9(whole, {})


def torchscript_file(n: int) -> File:
    """Return a traced function; torch makes it."""
    import torch

    def chain(x: torch.Tensor) -> torch.Tensor:
        for _ in range(n):
            x = torch.neg(x)
        return x

    file = io.BytesIO()
    torch.jit.save(torch.jit.trace(chain, (torch.zeros(2),), check_trace=False), file)
    return "large.pt", file.getvalue()


def hlo_file(n: int) -> File:
    """Return a computation as text."""
    lines = ["HloModule m\nENTRY %main (x: f32[8]) -> f32[8] {\n  %x0 = f32[8]{0} parameter(0)"]
    for i in range(1, n):
        root = "ROOT " if i == n - 1 else ""
        lines.append(
            f"  {root}%x{i} = f32[8]{{0}} add(%x{i - 1}, %x{i // 2}), "
            f'metadata={{op_name="jit(f)/{block(i)}/add" source_file="m.py" source_line={i}}}'
        )
    return "large.hlo", "\n".join([*lines, "}"]).encode()


def hlo_proto_file(n: int) -> File:
    """Return the same computation as a message."""
    shape = message((2, F32), (3, (8,)), (5, message((1, (0,)))))
    fields: list[tuple[int, object]] = [(1, "main")]
    fields.append((2, message((1, "x0"), (2, "parameter"), (3, shape), (35, 1))))
    for i in range(1, n):
        meta = message((2, f"jit(f)/{block(i)}/add"), (3, "m.py"), (4, i))
        ids = (i, i // 2 + 1)
        fields.append(
            (2, message((1, f"x{i}"), (2, "add"), (3, shape), (7, meta), (35, i + 1), (36, ids)))
        )
    body = b"".join(message(one) for one in [*fields, (5, 1), (6, n)])
    return "large.hlo.pb", message((1, "m"), (2, "main"), (3, body), (6, 1))


def mlir_file(n: int) -> File:
    """Return a function in MLIR's text."""
    lines = ["func.func @main(%x0: tensor<8xf32>) -> tensor<8xf32> {"]
    lines += [
        f"  %x{i} = stablehlo.add %x{i - 1}, %x{i // 2} : tensor<8xf32> loc(#l{i})"
        for i in range(1, n)
    ]
    lines.append(f"  return %x{n - 1} : tensor<8xf32>\n}}")
    lines.append('#f = loc(callsite("g"("m.py":1:1) at "f"("m.py":2:1)))')
    lines += [f'#l{i} = loc("jit(f)/{block(i)}/add"(#f))' for i in range(1, n)]
    return "large.mlir", "\n".join(lines).encode()


def mlir_bytecode_file(n: int) -> File:
    """Return the same function as bytecode; jaxlib makes it."""
    from jaxlib.mlir import ir

    from importers.mlir_worker import _register

    file = io.BytesIO()
    with ir.Context() as context:
        _register(context)
        ir.Module.parse(mlir_file(n)[1].decode()).operation.write_bytecode(file)
    return "large.mlirbc", file.getvalue()


def opscope_json_file(n: int) -> File:
    """Return the ONNX model in our own format."""
    import importers
    from importers.opscope_json_write import opscope_json

    name, content = onnx_file(n)
    return "large.opscope.json", opscope_json(importers.read(content, name=name))


def model_explorer_file(n: int) -> File:
    """Return the ONNX model in Model Explorer's format."""
    import importers
    from importers.model_explorer_write import write_model_explorer

    name, content = onnx_file(n)
    return "large.json", write_model_explorer(importers.read(content, name=name))


MAKERS: dict[str, Callable[[int], File]] = {
    "HLO": hlo_file,
    "HLO, HloProto": hlo_proto_file,
    "Keras": keras_file,
    "Keras 2": keras_2_file,
    "Keras configuration": keras_configuration_file,
    "Model Explorer JSON": model_explorer_file,
    "ONNX": onnx_file,
    "Opscope JSON": opscope_json_file,
    "PyTorch ExportedProgram": exported_file,
    "StableHLO / MLIR": mlir_file,
    "StableHLO / MLIR, bytecode": mlir_bytecode_file,
    "TensorFlow GraphDef": graph_def_file,
    "TensorFlow GraphDef, text": graph_text_file,
    "TensorFlow SavedModel": saved_model_file,
    "TFLite": tflite_file,
    "TorchScript": torchscript_file,
}
