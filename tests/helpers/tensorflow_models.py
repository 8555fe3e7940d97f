"""Small TensorFlow models written with TensorBoard's messages, and checkpoints written by hand."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tensorboard.compat.proto import graph_pb2, meta_graph_pb2

FLOAT, INT32, STRING, RESOURCE = 1, 3, 7, 20
_CODES = {"float32": FLOAT, "int32": INT32, "int64": 9}


def varint(number: int) -> bytes:
    """Return a number as protobuf and LevelDB write it."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def saved_model(*metas: Any) -> bytes:
    """Return the bytes of a SavedModel of MetaGraphs."""
    bodies = [meta.SerializeToString() for meta in metas]
    return b"\x08\x01" + b"".join(b"\x12" + varint(len(body)) + body for body in bodies)


def add(graph: Any, name: str, op: str, inputs: Sequence[str] = (), **attr: Any) -> Any:
    """Append a node; attributes are dtype codes (`T`, `dtype`), numbers, texts or functions."""
    node = graph.node.add() if hasattr(graph, "node") else graph.node_def.add()
    node.name, node.op = name, op
    node.input.extend(inputs)
    for key, value in attr.items():
        _set(node.attr[key], key, value)
    return node


def _set(attr: Any, key: str, value: Any) -> None:
    if key in ("T", "dtype", "DstT", "out_type"):
        attr.type = value
    elif key in ("Tin", "Tout"):
        attr.list.type.extend(value)
    elif key in ("f", "body", "cond"):
        attr.func.name = value
    elif key == "_output_shapes":
        for sizes in value:
            shape(attr.list.shape.add(), sizes)
    elif key == "shape":
        shape(attr.shape, value)
    elif isinstance(value, np.ndarray):
        tensor = attr.tensor
        tensor.dtype = _CODES[value.dtype.name]
        shape(tensor.tensor_shape, value.shape)
        tensor.tensor_content = value.tobytes()
    elif isinstance(value, int):
        attr.i = value
    else:
        attr.s = value


def shape(message: Any, sizes: Sequence[int] | None) -> None:
    """Fill in a `TensorShapeProto`; None is an unknown rank."""
    if sizes is None:
        message.unknown_rank = True
    for size in sizes or ():
        message.dim.add(size=size)


def constant(graph: Any, name: str, values: np.ndarray, inputs: Sequence[str] = ()) -> None:
    """Append a Const."""
    add(graph, name, "Const", inputs, dtype=_CODES[values.dtype.name], value=values)


def small_graph() -> Any:
    """Return a GraphDef: x -> dense/MatMul -> dense/Relu, a control edge, and two outputs."""
    graph = graph_pb2.GraphDef()
    add(graph, "x", "Placeholder", dtype=FLOAT, shape=[-1, 4])
    constant(graph, "dense/kernel", np.arange(12, dtype=np.float32).reshape(4, 3))
    add(graph, "dense/MatMul", "MatMul", ["x", "dense/kernel"], T=FLOAT, _output_shapes=[[-1, 3]])
    add(graph, "dense/Relu", "Relu", ["dense/MatMul:0"], T=FLOAT, _output_shapes=[[-1, 3]])
    add(graph, "check", "NoOp", ["^dense/Relu"])
    constant(graph, "axis", np.array(1, np.int32))
    add(graph, "split", "Split", ["axis", "dense/Relu", "^check"], T=FLOAT, num_split=3)
    add(graph, "last", "Identity", ["split:2"], T=FLOAT)
    return graph


def loop_graph() -> Any:
    """Return a GraphDef with a loop of control flow v1."""
    graph = graph_pb2.GraphDef()
    constant(graph, "start", np.array(0, np.int32))
    add(graph, "w/Enter", "Enter", ["start"], T=INT32, frame_name=b"w")
    add(graph, "w/Merge", "Merge", ["w/Enter", "w/NextIteration"], T=INT32)
    constant(graph, "w/Less/y", np.array(9, np.int32), ["^w/Merge"])
    add(graph, "w/Less", "Less", ["w/Merge", "w/Less/y"], T=INT32)
    add(graph, "w/LoopCond", "LoopCond", ["w/Less"])
    add(graph, "w/Switch", "Switch", ["w/Merge", "w/LoopCond"], T=INT32)
    add(graph, "w/NextIteration", "NextIteration", ["w/Switch:1"], T=INT32)
    add(graph, "w/Exit", "Exit", ["w/Switch"], T=INT32)
    return graph


def add_function(
    graph: Any, name: str, inputs: Mapping[str, int], outputs: Mapping[str, tuple[int, str]]
) -> Any:
    """Append a function: argument -> dtype, result -> (dtype, where it comes from)."""
    function = graph.library.function.add()
    function.signature.name = name
    for arg, dtype in inputs.items():
        function.signature.input_arg.add(name=arg, type=dtype)
    for arg, (dtype, source) in outputs.items():
        function.signature.output_arg.add(name=arg, type=dtype)
        function.ret[arg] = source
    return function


def tf2_meta() -> Any:
    """Return a MetaGraph as TF2 writes it: variable, signature, wrapper, model, saver.

    The model is ``identity = x @ kernel`` in ``__inference_model_7``, called by
    ``__inference_signature_wrapper_9``, called by the outermost graph.
    """
    meta = meta_graph_pb2.MetaGraphDef()
    meta.meta_info_def.tags.append("serve")
    meta.meta_info_def.tensorflow_version = "2.99"
    graph = meta.graph_def
    add(
        graph, "dense/kernel", "VarHandleOp", dtype=FLOAT, shape=[4, 3], shared_name=b"dense/kernel"
    )
    add(graph, "dense/kernel/Read/ReadVariableOp", "ReadVariableOp", ["dense/kernel"], dtype=FLOAT)
    add(graph, "serving_default_x", "Placeholder", dtype=FLOAT, shape=[-1, 4])
    name = "dense/kernel"
    call = {"Tin": [FLOAT, RESOURCE], "Tout": [FLOAT]}
    add(graph, "StatefulPartitionedCall", "StatefulPartitionedCall",
        ["serving_default_x", name], f="__inference_signature_wrapper_9", **call)  # fmt: skip
    add(graph, "saver_filename", "Placeholder", dtype=STRING, shape=[])
    add(graph, "StatefulPartitionedCall_1", "StatefulPartitionedCall",
        ["saver_filename", "dense/kernel/Read/ReadVariableOp"], f="__inference__traced_save_11",
        Tin=[STRING, FLOAT], Tout=[STRING])  # fmt: skip
    _tf2_functions(graph, call)
    meta.saver_def.filename_tensor_name = "saver_filename:0"
    meta.saver_def.save_tensor_name = "StatefulPartitionedCall_1:0"
    signature = meta.signature_def["serving_default"]
    for infos, name, tensor, sizes in (
        (signature.inputs, "image", "serving_default_x:0", [-1, 4]),
        (signature.outputs, "scores", "StatefulPartitionedCall:0", [-1, 3]),
    ):
        infos[name].name, infos[name].dtype = tensor, FLOAT
        shape(infos[name].tensor_shape, sizes)
    return meta


def _tf2_functions(graph: Any, call: Mapping[str, Any]) -> None:
    wrapper = add_function(
        graph, "__inference_signature_wrapper_9", {"x": FLOAT, "unknown": RESOURCE},
        {"identity": (FLOAT, "Identity:output:0")},
    )  # fmt: skip
    add(wrapper, "call", "StatefulPartitionedCall", ["x", "unknown"],
        f="__inference_model_7", **call)  # fmt: skip
    add(wrapper, "Identity", "Identity", ["call:output:0", "^call"], T=FLOAT)
    model = add_function(
        graph, "__inference_model_7", {"x": FLOAT, "resource": RESOURCE},
        {"identity": (FLOAT, "net/dense/MatMul:product:0")},
    )  # fmt: skip
    add(model, "net/dense/MatMul/ReadVariableOp", "ReadVariableOp", ["resource"], dtype=FLOAT)
    add(model, "net/dense/MatMul", "MatMul",
        ["x", "net/dense/MatMul/ReadVariableOp:value:0"], T=FLOAT)  # fmt: skip
    saver = add_function(
        graph, "__inference__traced_save_11", {"file": STRING, "tensor": FLOAT},
        {"identity": (STRING, "file")},
    )  # fmt: skip
    add(saver, "SaveV2", "SaveV2", ["file", "tensor"])


def table(entries: Mapping[bytes, bytes], pack: Any = None) -> bytes:
    """Return a LevelDB table with one block; `pack` compresses it with Snappy."""
    block = b"".join(
        b"\x00" + varint(len(key)) + varint(len(value)) + key + value
        for key, value in sorted(entries.items())
    )
    data = _stored(block + struct.pack("<II", 0, 1), pack)
    handle = varint(0) + varint(len(data) - 5)
    index = b"\x00\x01" + varint(len(handle)) + b"~" + handle + struct.pack("<II", 0, 1)
    at = len(data)
    footer = varint(0) + varint(0) + varint(at) + varint(len(index))
    end = footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)
    return data + _stored(index, None) + end


def _stored(block: bytes, pack: Any) -> bytes:
    return (pack(block) + b"\x01" if pack else block + b"\x00") + b"\0" * 4


def entry(dtype: int, sizes: Sequence[int], offset: int, size: int) -> bytes:
    """Return a `BundleEntryProto`."""
    dims = b"".join(b"\x12" + varint(len(d)) + d for d in (b"\x08" + varint(n) for n in sizes))
    numbers = b"\x20" + varint(offset) + b"\x28" + varint(size)
    return b"\x08" + varint(dtype) + b"\x12" + varint(len(dims)) + dims + numbers


def write_folder(
    folder: Path, meta: Any, variables: Mapping[str, np.ndarray], pack: Any = None
) -> None:
    """Write a SavedModel with a checkpoint of float variables, keyed by name."""
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(saved_model(meta))
    entries, data = {b"": b"\x08\x01"}, b""
    for name, values in variables.items():
        raw = values.tobytes()
        entries[name.encode()] = entry(_CODES[values.dtype.name], values.shape, len(data), len(raw))
        data += raw
    (folder / "variables" / "variables.index").write_bytes(table(entries, pack))
    (folder / "variables" / "variables.data-00000-of-00001").write_bytes(data)
