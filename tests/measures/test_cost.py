"""FLOPs and bytes against values worked out by hand; unknown where the file does not say."""

from __future__ import annotations

import time

import numpy as np
import pytest

from graphs.builder import GraphBuilder
from graphs.ir import EmptySource, Facts, Graph, NodeKind
from graphs.tensor_type import TensorType
from measures.cost import Sizes, cost, cost_measures, flops_by_op_type
from measures.cost_call import whole_numbers

Shape = tuple[int | str | None, ...] | None
ATTENTION = {"num_heads": "2", "key_dim": "8", "value_dim": "8"}
CHANNELS_LAST = "[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]"


class _Written(EmptySource):
    """A source in which every node has the same attributes."""

    def __init__(self, attributes: dict[str, str]) -> None:
        self._attributes = attributes

    def attributes(self, node: int) -> Facts:
        """Return the attributes."""
        return list(self._attributes.items())


def _one(
    op_type: str, inputs: list[Shape], output: Shape, attributes: dict[str, str] | None = None
) -> Graph:
    """Return a graph of one operator, each input a graph input of float32."""
    builder = GraphBuilder("main")
    node = builder.add_node("node", op_type)
    for slot, shape in enumerate(inputs):
        given = builder.add_node(f"in{slot}", "Input", kind=NodeKind.INPUT)
        value = builder.add_value(given, 0, f"in{slot}", TensorType("float32", shape))
        builder.add_edge(value, node, slot)
    builder.add_value(node, 0, "out", TensorType("float32", output))
    return builder.build(_Written(attributes or {}))


# op type, inputs, output, attributes, multiply-accumulates
CONTRACTIONS = [
    ("Gemm", [(5, 7), (7, 3), (3,)], (5, 3), {}, 5 * 7 * 3),
    ("Gemm", [(7, 5), (3, 7)], (5, 3), {"transA": "1", "transB": "1"}, 5 * 7 * 3),
    ("MatMul", [(2, 4, 5, 7), (7, 3)], (2, 4, 5, 3), {}, 8 * 5 * 7 * 3),
    ("MatMul", [(7,), (7, 3)], (3,), {}, 21),
    ("MatMul", [(7, 5), (7, 3)], (5, 3), {"transpose_a": "true"}, 5 * 7 * 3),
    ("QLinearMatMul", [(5, 7), (), (), (7, 3), (), (), (), ()], (5, 3), {}, 105),
    ("BATCH_MATMUL", [(2, 7, 5), (2, 7, 3)], (2, 5, 3), {"adj_x": "true"}, 2 * 105),
    ("FULLY_CONNECTED", [(4, 2, 8), (16, 8), (16,)], (4, 2, 16), {}, 4 * 2 * 8 * 16),
    ("FULLY_CONNECTED", [(1, 2, 2, 8), (16, 32)], (1, 16), {}, 32 * 16),
    ("Dense", [(4, 8), (8, 16), (16,)], (4, 16), {}, 4 * 8 * 16),
    ("aten.linear.default", [(4, 8), (16, 8)], (4, 16), {}, 4 * 8 * 16),
    ("aten.addmm.default", [(3,), (5, 7), (7, 3)], (5, 3), {}, 105),
    ("Einsum", [(2, 5, 7), (2, 7, 3)], (2, 5, 3), {"equation": "bik,bkj->bij"}, 210),
    ("dot", [(5, 7), (3, 7)], (5, 3), {"lhs_contracting_dims": "{1}"}, 105),
    ("stablehlo.dot_general", [(2, 5, 7), (2, 7, 3)], (2, 5, 3),
     {"batching_dims": "[0] x [0]", "contracting_dims": "[2] x [1]"}, 210),
    ("stablehlo.dot_general", [(2, 5, 7), (2, 7, 3)], (2, 5, 3),
     {"dot_dimension_numbers": "#stablehlo.dot<lhs_batching_dimensions = [0], "
      "lhs_contracting_dimensions = [2], rhs_contracting_dimensions = [1]>"}, 210),
    ("Conv", [(1, 3, 32, 32), (16, 3, 3, 3), (16,)], (1, 16, 32, 32), {}, 16 * 1024 * 27),
    ("Conv", [(1, 8, 32, 32), (16, 2, 3, 3)], (1, 16, 15, 15), {"group": "4"}, 16 * 225 * 18),
    ("Conv", [(1, 8, 32, 32), (8, 1, 3, 3)], (1, 8, 32, 32), {"group": "8"}, 8 * 1024 * 9),
    ("ConvTranspose", [(1, 8, 4, 4), (8, 3, 2, 2)], (1, 3, 8, 8), {}, 8 * 16 * 3 * 4),
    ("QLinearConv", [(1, 3, 8, 8), (), (), (4, 3, 1, 1), (), (), (), ()], (1, 4, 8, 8), {},
     4 * 64 * 3),
    ("CONV_2D", [(1, 8, 8, 3), (4, 3, 3, 3), (4,)], (1, 8, 8, 4), {}, 4 * 64 * 27),
    ("conv_2d", [(1, 8, 8, 3), (4, 3, 3, 3), (4,)], (1, 8, 8, 4), {}, 4 * 64 * 27),
    ("DEPTHWISE_CONV_2D", [(1, 8, 8, 3), (1, 3, 3, 6)], (1, 8, 8, 6), {}, 6 * 64 * 9),
    ("TRANSPOSE_CONV", [(4,), (3, 2, 2, 8), (1, 4, 4, 8)], (1, 8, 8, 3), {}, 8 * 16 * 12),
    ("Conv2D", [(1, 8, 8, 4), (3, 3, 2, 6)], (1, 8, 8, 6), {"groups": "2"}, 6 * 64 * 18),
    ("DepthwiseConv2D", [(1, 8, 8, 3), (3, 3, 3, 2)], (1, 8, 8, 6), {}, 6 * 64 * 9),
    ("DepthwiseConv2dNative", [(1, 8, 8, 3), (3, 3, 3, 2)], (1, 8, 8, 6), {}, 6 * 64 * 9),
    ("SeparableConv2D", [(1, 8, 8, 3), (3, 3, 3, 2), (1, 1, 6, 5)], (1, 8, 8, 5), {},
     64 * 6 * 9 + 64 * 6 * 5),
    ("Conv2DBackpropInput", [(4,), (2, 2, 3, 8), (1, 4, 4, 8)], (1, 8, 8, 3), {}, 8 * 16 * 12),
    ("Conv2DTranspose", [(1, 4, 4, 8), (2, 2, 3, 8)], (1, 8, 8, 3), {}, 8 * 16 * 12),
    ("aten.convolution.default", [(1, 8, 4, 4), (8, 3, 2, 2)], (1, 3, 8, 8),
     {"transposed": "True"}, 8 * 16 * 12),
    ("convolution", [(1, 4, 8, 8), (6, 2, 3, 3)], (1, 6, 6, 6),
     {"dim_labels": "bf01_oi01->bf01"}, 6 * 36 * 18),
    ("stablehlo.convolution", [(1, 8, 8, 4), (3, 3, 2, 6)], (1, 6, 6, 6),
     {"dimension_numbers": f"#stablehlo.conv<{CHANNELS_LAST}>"}, 6 * 36 * 18),
    ("stablehlo.convolution", [(1, 8, 8, 4), (3, 3, 2, 6)], (1, 6, 6, 6),
     {"text": f", ) dim_numbers = {CHANNELS_LAST}, window ="}, 6 * 36 * 18),
    ("aten.scaled_dot_product_attention.default", [(2, 4, 9, 16), (2, 4, 7, 16), (2, 4, 7, 8)],
     (2, 4, 9, 8), {}, 8 * 9 * 7 * (16 + 8)),
    ("Attention", [(2, 4, 9, 16), (2, 4, 7, 16), (2, 4, 7, 8)], (2, 4, 9, 8), {},
     8 * 9 * 7 * (16 + 8)),
    ("Attention", [(2, 9, 64), (2, 7, 32), (2, 7, 16)], (2, 9, 32),
     {"q_num_heads": "4", "kv_num_heads": "2"}, 2 * 4 * 9 * 7 * (16 + 8)),
    ("com.microsoft.Attention", [(2, 9, 64), (64, 192), (192,)], (2, 9, 64), {},
     2 * 9 * (64 * 192 + 2 * 9 * 64)),
    ("MultiHeadAttention",
     [(3, 9, 16), (3, 7, 16), (16, 2, 8), (2, 8), (2, 8, 16), (16,), (16, 2, 8)],
     (3, 9, 16), ATTENTION, 3 * (2 * 9 * 16 * 16 + 2 * 7 * 16 * 16 + 2 * 9 * 7 * 16)),
    ("LSTM", [(10, 3, 6), (2, 32, 6), (2, 32, 8), (2, 64)], (10, 2, 3, 8), {},
     10 * 3 * 2 * (32 * 6 + 32 * 8)),
    ("GRU", [(3, 10, 6), (6, 24), (8, 24), (2, 24)], (3, 10, 8), {}, 30 * (6 * 24 + 8 * 24)),
    ("Bidirectional", [(3, 10, 6), (6, 32), (8, 32), (32,), (6, 32), (8, 32), (32,)],
     (3, 10, 16), {}, 30 * 2 * (6 * 32 + 8 * 32)),
    ("SVDF", [(2, 6), (12, 6), (12, 5)], (2, 4), {}, 2 * (72 + 60)),
]  # fmt: skip

# op type, inputs, output, attributes, operations
ELEMENTS = [
    ("Relu", [(2, 8)], (2, 8), {}, 16),
    ("aten.add.Tensor", [(2, 8), (8,)], (2, 8), {}, 16),
    ("aten.mul.Tensor", [(2, 8)], (2, 8), {}, 16),
    ("Add", [(2, 8), (2, 8), (2, 8)], (2, 8), {}, 32),
    ("Sum", [(2, 8), (2, 8), (2, 8)], (2, 8), {}, 32),
    ("Sum", [(2, 8), (1,)], (2,), {}, 16),
    ("stablehlo.exponential", [(2, 8)], (2, 8), {}, 16),
    ("log-plus-one", [(2, 8)], (2, 8), {}, 16),
    ("FlexMul", [(2, 8), (2, 8)], (2, 8), {}, 16),
    ("ReduceMean", [(2, 8)], (2, 1), {}, 16),
    ("aten.mean.dim", [(2, 8)], (2, 1), {}, 16),
    ("reduce", [(2, 8), ()], (2,), {}, 16),
    ("GlobalAveragePool", [(1, 4, 6, 6)], (1, 4, 1, 1), {}, 144),
    ("MaxPool", [(1, 4, 6, 6)], (1, 4, 3, 3), {"kernel_shape": "[2, 3]"}, 36 * 6),
    ("AVERAGE_POOL_2D", [(1, 6, 6, 4)], (1, 3, 3, 4),
     {"filter_width": "3", "filter_height": "2"}, 36 * 6),
    ("MaxPool", [(1, 6, 6, 4)], (1, 3, 3, 4), {"ksize": "[1, 2, 3, 1]"}, 36 * 6),
    ("aten.max_pool2d.default", [(1, 4, 6, 6)], (1, 4, 3, 3), {"kernel_size": "[2]"}, 36 * 4),
    ("reduce-window", [(1, 4, 6, 6), ()], (1, 4, 3, 3),
     {"window": "{size=1x1x2x3 stride=1x1x2x2}"}, 36 * 6),
    ("stablehlo.reduce_window", [(1, 6, 6, 4), ()], (1, 3, 3, 4),
     {"window_dimensions": "array<i64: 1, 2, 3, 1>"}, 36 * 6),
    ("Softmax", [(2, 8)], (2, 8), {}, 80),
    ("aten._softmax.default", [(2, 8)], (2, 8), {}, 80),
    ("BatchNormalization", [(1, 4, 3, 3), (4,), (4,), (4,), (4,)], (1, 4, 3, 3), {}, 72),
    ("aten.layer_norm.default", [(2, 8), (8,), (8,)], (2, 8), {}, 112),
    ("QuantizeLinear", [(2, 8), (), ()], (2, 8), {}, 48),
    ("DequantizeLinear", [(2, 8), (), ()], (2, 8), {}, 32),
    ("Resize", [(1, 4, 3, 3)], (1, 4, 6, 6), {"mode": "nearest"}, 0),
    ("RESIZE_BILINEAR", [(1, 3, 3, 4), (2,)], (1, 6, 6, 4), {}, 144 * 9),
    ("Reshape", [None, (2,)], None, {}, 0),
    ("aten.view.default", [(2, 8)], (16,), {}, 0),
    ("get-tuple-element", [None], None, {}, 0),
]  # fmt: skip

UNKNOWN = [
    ("Relu", [("batch", 8)], ("batch", 8), {}),
    ("Conv", [(1, 3, 8, 8), None], (1, 4, 8, 8), {}),
    ("Conv", [(1, 3, 8, 8), (4, 3, 3, 3)], None, {}),
    ("Conv", [(1, 3, 8, 8)], (1, 4, 8, 8), {}),
    ("MatMul", [(None, 7), (7, 3)], (None, 3), {}),
    ("MatMul", [(5, 7), (7, 3)], (4, 3), {}),
    ("MaxPool", [(1, 4, 6, 6)], (1, 4, 3, 3), {}),
    ("dot", [(5, 7), (7, 3)], (5, 3), {}),
    ("convolution", [(1, 4, 8, 8), (6, 2, 3, 3)], (1, 6, 6, 6), {}),
    ("LSTM", [(3, 6), (32, 6), (32, 8)], (3, 8), {}),
    ("Relu", [(2**62, 2**62)], (-1, 4), {}),
    ("my.domain.Add", [(2, 8), (2, 8)], (2, 8), {}),
    ("while", [(2, 8)], (2, 8), {}),
    ("Add", [(2, 8), (2, 8)], None, {}),
]


@pytest.mark.parametrize(("op", "inputs", "output", "attributes", "macs"), CONTRACTIONS)
def test_contractions_count_their_multiply_accumulates(
    op: str, inputs: list[Shape], output: Shape, attributes: dict[str, str], macs: int
) -> None:
    """Products, convolutions, attention and recurrence do two operations a multiply-accumulate."""
    found = cost(_one(op, inputs, output, attributes))
    assert (found.macs[0], found.flops[0]) == (macs, 2 * macs)


@pytest.mark.parametrize(("op", "inputs", "output", "attributes", "flops"), ELEMENTS)
def test_everything_else_counts_by_element(
    op: str, inputs: list[Shape], output: Shape, attributes: dict[str, str], flops: int
) -> None:
    """Pointwise functions, reductions, pools and normalisations; what moves data does nothing."""
    found = cost(_one(op, inputs, output, attributes))
    assert (found.flops[0], found.macs[0]) == (flops, 0)


@pytest.mark.parametrize(("op", "inputs", "output", "attributes"), UNKNOWN)
def test_what_the_file_does_not_say_is_unknown_and_not_zero(
    op: str, inputs: list[Shape], output: Shape, attributes: dict[str, str]
) -> None:
    """An open dimension, a missing shape or attribute, an op type of no table: no number."""
    found = cost(_one(op, inputs, output, attributes))
    assert np.isnan(found.flops[0]) and np.isnan(found.macs[0])


def test_open_dimensions_take_the_sizes_that_are_given() -> None:
    """Symbols by name, an open first dimension by the batch; others stay unknown."""
    named = _one("Relu", [("n", "t")], ("n", "t"))
    assert cost(named, Sizes({"n": 3, "t": 5})).flops[0] == 15
    assert np.isnan(cost(named, Sizes({"n": 3})).flops[0])
    assert cost(_one("Relu", [(None, 4)], (None, 4)), Sizes(batch=6)).flops[0] == 24
    assert np.isnan(cost(_one("Relu", [(4, None)], (4, None)), Sizes(batch=6)).flops[0])


def test_bytes_tell_weights_from_activations() -> None:
    """A constant is weight; all else that comes in or goes out is activation."""
    builder = GraphBuilder("main")
    x = builder.add_node("x", "Input", kind=NodeKind.INPUT)
    w = builder.add_node("w", "Constant", kind=NodeKind.CONSTANT)
    node = builder.add_node("node", "Gemm")
    for slot, (row, shape) in enumerate([(x, (5, 7)), (w, (7, 3))]):
        builder.add_edge(builder.add_value(row, 0, "", TensorType("float32", shape)), node, slot)
    builder.add_value(node, 0, "out", TensorType("float32", (5, 3)))
    found = cost(builder.build())
    assert found.weight_bytes[node] == 84
    assert found.activation_bytes[node] == (35 + 15) * 4
    assert found.intensity[node] == 2 * 105 / (84 + 200)
    assert np.isnan(found.activation_bytes[[x, w]]).all()


def test_attributes_of_one_call_are_not_taken_for_those_of_another() -> None:
    """Two pools of equal shapes with other windows do other work."""

    class Source(EmptySource):
        def attributes(self, node: int) -> Facts:
            return [("kernel_shape", f"[{node + 1}, 1]")]

    builder = GraphBuilder("main")
    pools = [builder.add_node(f"pool{i}", "MaxPool") for i in range(3)]
    for pool in pools:
        builder.add_value(pool, 0, f"v{pool}", TensorType("float32", (1, 1, 4, 4)))
    np.testing.assert_array_equal(cost(builder.build(Source())).flops, [16, 32, 48])


def test_shapes_pass_through_quantizers_that_have_none() -> None:
    """A convolution between QuantizeLinear and DequantizeLinear without shapes has its cost."""
    builder = GraphBuilder("main")
    x = builder.add_node("x", "Input", kind=NodeKind.INPUT)
    w = builder.add_node("w", "Constant", kind=NodeKind.CONSTANT)
    dq = builder.add_node("dq", "DequantizeLinear")
    conv = builder.add_node("conv", "Conv")
    data = builder.add_value(x, 0, "x", TensorType("float32", (1, 3, 8, 8)))
    kernel = builder.add_value(w, 0, "w", TensorType("int8", (4, 3, 3, 3)))
    plain = builder.add_value(dq, 0, "dq")
    builder.add_value(conv, 0, "y", TensorType("float32", (1, 4, 6, 6)))
    builder.add_edge(kernel, dq, 0)
    builder.add_edge(data, conv, 0)
    builder.add_edge(plain, conv, 1)
    found = cost(builder.build())
    assert (found.macs[conv], found.flops[dq]) == (4 * 36 * 27, 2 * 108)


def test_measures_name_units_and_the_batch_they_were_counted_at() -> None:
    """The names say the batch only where the file leaves it open; empty measures are left out."""
    closed = cost_measures(_one("Relu", [(2, 8)], (2, 8)), Sizes(batch=1))
    assert [one.label for one in closed] == [
        "compute (FLOPs)",
        "multiply-accumulates (MACs)",
        "activation traffic (bytes)",
        "arithmetic intensity (FLOPs/byte)",
    ]
    graph = _one("Relu", [(None, 8)], (None, 8))
    assert cost_measures(graph, Sizes(batch=1))[0].label == "compute at batch 1 (FLOPs)"
    assert cost_measures(graph) == []


def test_op_types_without_a_rule_are_named() -> None:
    """The reader learns which op types are not counted."""
    graph = _one("MyOperator", [(2, 8)], (2, 8))
    assert cost(graph).unknown_op_types == ("MyOperator",)
    assert str(cost_measures(graph)[0].notes[0]).endswith("op types: MyOperator")
    counted = _one("Relu", [(2, 8)], (2, 8))
    assert flops_by_op_type(counted, cost(counted).flops) == {"Relu": 16}


def test_whole_numbers_are_read_from_every_way_to_write_a_list() -> None:
    """ONNX, HLO and MLIR; the digits of a type's name are no entries."""
    assert whole_numbers("[3, 3]") == [3, 3]
    assert whole_numbers("{0,2}") == [0, 2]
    assert whole_numbers("array<i32: 5, -5>") == [5, -5]
    assert whole_numbers("dense<2> : tensor<3xi64>") == [2]
    assert whole_numbers("3 : si32") == [3]


def test_fifty_thousand_nodes_take_no_time_to_notice() -> None:
    """Equal calls are worked out once, so that a large model opens without a delay."""
    builder = GraphBuilder("main")
    value = builder.add_value(
        builder.add_node("x", "Input", kind=NodeKind.INPUT), 0, "x", TensorType("float32", (4, 4))
    )
    for i in range(50_000):
        node = builder.add_node(f"n{i}", "MatMul" if i % 2 else "Relu")
        for slot in range(1 + i % 2):
            builder.add_edge(value, node, slot)
        value = builder.add_value(node, 0, f"v{i}", TensorType("float32", (4, 4)))
    graph = builder.build()
    times = []
    for _ in range(3):  # the machine may be busy with something else: its own time, the best of it
        begin = time.process_time()
        found = cost(graph)
        times.append(time.process_time() - begin)
    assert min(times) < 0.3
    assert np.nansum(found.macs) == 25_000 * 64
