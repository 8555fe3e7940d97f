"""Tiny ONNX models, built with onnx's own helper, one function for each thing they exercise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import (
    AttributeProto,
    GraphProto,
    ModelProto,
    NodeProto,
    TensorProto,
    helper,
    numpy_helper,
)

FLOAT = TensorProto.FLOAT
OPSET = helper.make_opsetid("", 17)


def value(name: str, shape: Sequence[int | str | None] | None = (2, 3)):
    """Return a float value of that name."""
    return helper.make_tensor_value_info(name, FLOAT, shape)


def weight(name: str, array: np.ndarray | None = None) -> TensorProto:
    """Return an initializer."""
    data = np.arange(6, dtype=np.float32).reshape(2, 3) if array is None else array
    return numpy_helper.from_array(data, name)


def model_of(graph: GraphProto, **more: object) -> ModelProto:
    """Return a model of that graph, IR version and operator set pinned."""
    more.setdefault("opset_imports", [OPSET])
    return helper.make_model(graph, ir_version=10, producer_name="tests", **more)


def graph_of(
    nodes: Sequence[NodeProto],
    inputs: Sequence[str] = ("x",),
    outputs: Sequence[str] = ("y",),
    initializers: Sequence[TensorProto] = (),
    name: str = "tiny",
) -> GraphProto:
    """Return a graph whose inputs and outputs are floats of shape 2×3."""
    declared = [value(n) for n in inputs], [value(n) for n in outputs]
    return helper.make_graph(list(nodes), name, *declared, initializer=list(initializers))


def node(op: str, inputs: str, outputs: str, name: str = "", **attributes: object) -> NodeProto:
    """Return a node; names are separated by spaces, ``-`` is one left out."""
    names = [["" if n == "-" else n for n in text.split()] for text in (inputs, outputs)]
    return helper.make_node(op, *names, name=name, **attributes)


def small() -> ModelProto:
    """Return x + w, times a Constant, in two scopes."""
    nodes = [
        node("Add", "x w", "/block/Add_out", "/block/Add"),
        node("Constant", "", "two", "/block/mul/Constant", value=weight("", np.float32([2.0]))),
        node("Mul", "/block/Add_out two", "y", "/block/mul/Mul"),
    ]
    return model_of(graph_of(nodes, initializers=[weight("w")]))


def branching() -> ModelProto:
    """Return an If in whose branches outer values are used, one of them two graphs deep."""
    inner = graph_of([node("Add", "x w", "deep", "deep_add")], (), ("deep",), name="inner")
    then_nodes = [node("If", "c", "a", "again", then_branch=inner, else_branch=inner)]
    then_branch = graph_of(then_nodes, (), ("a",), name="then")
    else_branch = graph_of([node("Neg", "x", "b", "negate")], (), ("b",), name="else")
    outer = node("If", "c", "y", "choose", then_branch=then_branch, else_branch=else_branch)
    graph = graph_of([outer], initializers=[weight("w")])
    graph.input.append(helper.make_tensor_value_info("c", TensorProto.BOOL, []))
    return model_of(graph)


def with_functions() -> ModelProto:
    """Return two overloads of a function, one of which calls another function."""
    imports = [OPSET, helper.make_opsetid("my.ops", 1)]
    twice = helper.make_function(
        "my.ops", "Twice", ["a"], ["b"], [node("Add", "a a", "b")], [OPSET], overload="float"
    )
    calls = helper.make_node("Twice", ["a"], ["t"], domain="my.ops", overload="float")
    four = helper.make_function(
        "my.ops", "Twice", ["a"], ["b"], [calls, node("Add", "t t", "b")], imports, ["axis"]
    )
    call = helper.make_node("Twice", ["x"], ["y"], name="call", domain="my.ops")
    graph = graph_of([call, helper.make_node("Thing", ["x"], ["z"], domain="my.ops")])
    return model_of(graph, functions=[twice, four], opset_imports=imports)


def quantized() -> ModelProto:
    """Return a weight of int8 with one scale a channel, and an input quantized by one scale."""
    tensors = [
        weight("q", np.arange(-3, 3, dtype=np.int8).reshape(2, 3)),
        weight("s", np.linspace(0.1, 0.2, 20, dtype=np.float32)),
        weight("s1", np.float32(0.5)),
        weight("z1", np.uint8(128)),
    ]
    nodes = [
        node("DequantizeLinear", "q s", "dq", "dequantize", axis=1),
        node("QuantizeLinear", "x s1 z1", "xq", "quantize"),
        node("DequantizeLinear", "xq s1 z1", "xd", "back"),
        node("Add", "xd dq", "y", "add"),
    ]
    return model_of(graph_of(nodes, initializers=tensors))


def external(location: str, offset: str = "0", length: str | None = "24") -> ModelProto:
    """Return a model whose only weight, six floats, lies in another file."""
    tensor = TensorProto(name="w", data_type=FLOAT, dims=[2, 3])
    tensor.data_location = TensorProto.EXTERNAL
    entries = {"location": location, "offset": offset, "length": length}
    for key, text in entries.items():
        if text is not None:
            tensor.external_data.add(key=key, value=text)
    return model_of(graph_of([node("Add", "x w", "y", "add")], initializers=[tensor]))


def every_attribute() -> ModelProto:
    """Return a node with an attribute of every kind, and a Constant for each kind of value."""
    attributes = {
        "f": 1.5,
        "i": -7,
        "s": "text",
        "fs": [0.25, 0.5],
        "is_": list(range(300)),
        "ss": ["a", "b"],
        "t": weight("named"),
    }
    odd = node("Odd", "x", "y", "odd", **attributes)
    odd.attribute.add(name="kind", type=AttributeProto.UNDEFINED)
    odd.attribute.add(name="long", type=AttributeProto.STRING, s=b"z" * 10_000)
    odd.domain = "my.ops"
    constants = [
        node("Constant", "", "c0", "c0", value_float=2.5),
        node("Constant", "", "c1", "c1", value_floats=[1.0, 2.0]),
        node("Constant", "", "c2", "c2", value_int=3),
        node("Constant", "", "c3", "c3", value_ints=[4, 5, 6]),
        node("Constant", "", "c4", "c4", value_string="hi"),
        node("Constant", "", "c5", "c5", value_strings=["a", "b"]),
        node("Constant", "", "c6", "c6", sparse_value=sparse("c6")),
        node("Constant", "", "c7", "c7"),
    ]
    graph = graph_of([*constants, odd])
    graph.sparse_initializer.append(sparse("sp"))
    return model_of(graph, opset_imports=[OPSET, helper.make_opsetid("my.ops", 1)])


def sparse(name: str):
    """Return a sparse 3×4 tensor with 5 at (1, 2) and 6 at (2, 3)."""
    values = weight(name, np.float32([5, 6]))
    return helper.make_sparse_tensor(values, weight("at", np.int64([6, 11])), [3, 4])
