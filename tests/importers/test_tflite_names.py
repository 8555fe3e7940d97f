"""The hierarchy in the names of TFLite's tensors."""

from __future__ import annotations

import time

import pytest

from importers.tflite_names import common_scope, tensor_namespace


@pytest.mark.parametrize(
    ("name", "op_type", "namespace"),
    [
        ("", "ADD", ""),
        ("Identity", "SOFTMAX", ""),
        ("StatefulPartitionedCall:0", "ADD", ""),
        ("model/dense/MatMul", "FULLY_CONNECTED", "model/dense"),
        ("a/b\\/c/Relu", "RELU", "a/b\\/c"),
        # The convolution, not its activation or its normalisation.
        ("m/relu/Relu6;m/bn/FusedBatchNormV3;m/conv1/Conv2D", "CONV_2D", "m/conv1"),
        ("m/relu/Relu6;m/bn/add_1;m/conv1/convolution;m/bn/sub1", "CONV_2D", "m/conv1"),
        ("m/relu/Relu6;m/bn/mul_1;m/dw/depthwise;m/bn/sub1", "DEPTHWISE_CONV_2D", "m/dw"),
        ("m/d/MatMul;m/d/Relu;m/d/BiasAdd", "FULLY_CONNECTED", "m/d"),
        # A shared constant brings the name of another operation of the same kind.
        ("m/a_4/Relu;m/c_2/BiasAdd;m/c_3/Conv2D;m/c_2/Conv2D1", "CONV_2D", "m/c_2"),
        # None is the operator's own: what they have in common.
        ("m/block/one/Foo;m/block/two/Bar", "ADD", "m/block"),
        ("one/Foo;two/Bar", "ADD", ""),
        # PyTorch's converter names modules, and ends in a semicolon.
        ("net/Sequential_0/Conv2d_1;", "CONV_2D", "net/Sequential_0/Conv2d_1"),
        ("net/Conv2d_1;2", "RELU", "net/Conv2d_1"),
        ("net/a/Conv2d_1;net/a/BatchNorm_2;", "CONV_2D", "net/a/Conv2d_1"),
        # JAX's tracing is no module.
        ("jit(wrapper)/jit(main)/Toy/block/mul", "MUL", "Toy/block"),
        ("jit(f)/Toy/jit(main)/mul;jit(f)/Toy/add", "MUL", "Toy/jit(main)"),
        ("jit(f)", "MUL", ""),
        (";;", "ADD", ""),
        ("/", "ADD", ""),
    ],
)
def test_namespace(name, op_type, namespace):
    """The namespace is that of the part of a fused name that the operator itself is."""
    assert tensor_namespace(name, op_type) == namespace


def test_a_name_of_many_parts():
    """A name that pretends to be fused from 200,000 operations is read at once."""
    started = time.monotonic()
    assert tensor_namespace("a/b/Conv2D;" * 200_000 + "c", "CONV_2D") == "a/b"
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    ("scopes", "common"),
    [
        ([], []),
        ([["a", "b"]], ["a", "b"]),
        ([["a", "b"], ["a", "bc"]], ["a"]),
        ([["a"], []], []),
        ([["a", "b", "c"], ["a", "b"], ["a", "b", "d"]], ["a", "b"]),
    ],
)
def test_common_scope(scopes, common):
    """The common scope compares whole parts, not letters."""
    assert common_scope(scopes) == common
