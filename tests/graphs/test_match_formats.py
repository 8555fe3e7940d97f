"""Two formats' ways to write one model, with nothing but structure to hold on to."""

from __future__ import annotations

import pytest

from graphs.builder import GraphBuilder
from graphs.ir import Graph, NodeKind
from graphs.match import match
from graphs.match_side import Vocabulary, make_side
from graphs.match_types import Matching
from graphs.tensor_type import TensorType

N_BLOCKS = 5


class Writer:
    """Writes operators that read values and constants, without types of what is computed."""

    def __init__(self) -> None:
        self.builder = GraphBuilder("main")

    def node(self, id: str, op_type: str, *reads: int) -> int:
        """Add an operator; return its value."""
        node = self.builder.add_node(id, op_type)
        for slot, value in enumerate(reads):
            self.builder.add_edge(value, node, slot)
        return self.builder.add_value(node, 0)

    def end(self, id: str, kind: NodeKind, type: TensorType | None = None) -> int:
        """Add an input or a constant; return its value."""
        node = self.builder.add_node(id, "", "", kind)
        return self.builder.add_value(node, 0, "", type or TensorType())

    def weight(self, id: str, *shape: int) -> int:
        """Add a constant of fractions."""
        return self.end(id, NodeKind.CONSTANT, TensorType("float32", shape))

    def built(self, value: int) -> Graph:
        """Add the output and build."""
        out = self.builder.add_node("y", "", "", NodeKind.OUTPUT)
        self.builder.add_edge(value, out, 0)
        return self.builder.build()


def torch_like() -> Graph:
    """Return equal blocks with a residual sum; a linear operator has its bias inside."""
    w = Writer()
    x = w.end("x", NodeKind.INPUT)
    for at in range(N_BLOCKS):
        norm = w.node(f"norm{at}", "aten.layer_norm", x, w.weight(f"n{at}", 8))
        up = w.node(f"up{at}", "aten.linear", norm, w.weight(f"u{at}", 16, 8),
                    w.weight(f"ub{at}", 16))  # fmt: skip
        act = w.node(f"act{at}", "aten.gelu", up)
        down = w.node(f"down{at}", "aten.linear", act, w.weight(f"d{at}", 8, 16),
                      w.weight(f"db{at}", 8))  # fmt: skip
        x = w.node(f"sum{at}", "aten.add", x, down)
    return w.built(x)


def onnx_like() -> Graph:
    """Return the same model with products and biases apart, sums turned, an identity between."""
    w = Writer()
    x = w.node("i", "Identity", w.end("in", NodeKind.INPUT))
    for at in range(N_BLOCKS):
        norm = w.node(f"LayerNorm_{at}", "LayerNormalization", x, w.weight(f"p{5 * at}", 8))
        up = w.node(f"MatMul_{at}", "MatMul", norm, w.weight(f"p{5 * at + 1}", 8, 16))
        up = w.node(f"Bias_{at}", "Add", w.weight(f"p{5 * at + 2}", 16), up)
        act = w.node(f"Gelu_{at}", "Gelu", up)
        down = w.node(f"Product_{at}", "MatMul", act, w.weight(f"p{5 * at + 3}", 16, 8))
        down = w.node(f"Offset_{at}", "Add", w.weight(f"p{5 * at + 4}", 8), down)
        x = w.node(f"Sum_{at}", "Add", down, x)
    return w.built(x)


def matched(is_swapped: bool) -> Matching:
    """Return the matching of both, either way round."""
    graphs = (onnx_like(), torch_like()) if is_swapped else (torch_like(), onnx_like())
    return match(*graphs, is_same_format=False)


@pytest.mark.parametrize("is_swapped", [False, True])
def test_equal_blocks_are_paired_in_their_order(is_swapped: bool) -> None:
    """Each operator of a block has its partner in the same block of the other format."""
    wanted = {
        "norm": "LayerNorm_",
        "up": "MatMul_",
        "act": "Gelu_",
        "down": "Product_",
        "sum": "Sum_",
    }
    pairs = set(matched(is_swapped).id_pairs())
    for at in range(N_BLOCKS):
        for mine, theirs in wanted.items():
            ends = (f"{mine}{at}", f"{theirs}{at}")
            assert (ends[::-1] if is_swapped else ends) in pairs


def test_a_bias_belongs_to_its_product() -> None:
    """Product and bias of one format are split from the linear operator of the other."""
    found = {pair.a[0]: pair for pair in matched(is_swapped=False).pairs if pair.a}
    for at in range(N_BLOCKS):
        pair = found[f"up{at}"]
        assert pair.kind == "split"
        assert {f"MatMul_{at}", f"Bias_{at}"} <= set(pair.b)
    assert all(found[f"sum{at}"].kind == "equal" for at in range(N_BLOCKS))


def test_an_addition_of_a_constant_tensor_is_a_bias() -> None:
    """Directly or dequantized; an addition of a number or of data is not."""
    w = Writer()
    x = w.end("x", NodeKind.INPUT)
    quantized = w.end("q", NodeKind.CONSTANT, TensorType("int8", (8,)))
    y = w.node("plain", "Add", x, w.weight("w", 8))
    y = w.node("stored", "Add", w.node("dq", "DequantizeLinear", quantized, w.weight("s")), y)
    y = w.node("number", "Add", y, w.weight("one"))
    side = make_side([w.built(w.node("sum", "Add", y, x))], Vocabulary())
    classes = dict(zip(side.ids, side.class_names, strict=True))
    assert {id: classes[id] for id in ("plain", "stored", "number", "sum")} == {
        "plain": "bias",
        "stored": "bias",
        "number": "addition",
        "sum": "addition",
    }
