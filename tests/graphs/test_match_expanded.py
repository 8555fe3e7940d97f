"""Nodes that a converter wrote for one node, told by the names that it gave them."""

from __future__ import annotations

import pytest

from graphs.builder import GraphBuilder
from graphs.ir import EmptySource, Facts, Graph, NodeKind
from graphs.match import match
from graphs.match_expanded import origin_of
from graphs.match_side import Vocabulary, make_side
from graphs.match_types import MatchOptions


def chain(*ops: tuple[str, str]) -> Graph:
    """Return operators (id, op type) behind each other, between an input and an output."""
    builder = GraphBuilder("main")
    value = builder.add_value(builder.add_node("x", "", "", NodeKind.INPUT), 0)
    for id, op_type in ops:
        node = builder.add_node(id, op_type)
        builder.add_edge(value, node, 0)
        value = builder.add_value(node, 0)
    builder.add_edge(value, builder.add_node("y", "", "", NodeKind.OUTPUT), 0)
    return builder.build()


@pytest.mark.parametrize(
    ("id", "origin"),
    [
        ("a/div;a/div", "a/div"),
        ("a/div;a/div2", "a/div"),
        ("a/div;a/div;a/div13", "a/div"),
        ("a/div;a/sub", ""),
        ("a/div;a/divided", ""),
        ("a/relu;a/conv1", ""),
        ("a", "a"),
    ],
)
def test_an_origin_is_the_one_name_that_all_parts_repeat(id: str, origin: str) -> None:
    """Only a number may tell the parts of a node apart; two names are two nodes fused."""
    assert origin_of(id) == origin


def test_what_one_node_was_written_as_is_one_pair() -> None:
    """A normalization written as product and sum has both, and is split."""
    a = chain(("conv", "Conv2D"), ("m/norm", "FusedBatchNormV3"), ("soft", "Softmax"))
    b = chain(
        ("c", "CONV_2D"), ("m/norm;m/norm2", "MUL"), ("m/norm;m/norm3", "ADD"), ("s", "SOFTMAX")
    )
    pairs = {pair.a[0]: pair for pair in match(a, b, is_same_format=False).pairs if pair.a}
    assert set(pairs["m/norm"].b) == {"m/norm;m/norm2", "m/norm;m/norm3"}
    assert pairs["m/norm"].kind == "split"
    assert pairs["m/norm"].why == "one of its names"


def test_without_names_nothing_is_told_by_them() -> None:
    """Who asks for no names gets none, however telling they are."""
    a = chain(("m/norm", "FusedBatchNormV3"))
    b = chain(("m/norm;m/norm2", "MUL"), ("m/norm;m/norm3", "ADD"))
    matching = match(a, b, MatchOptions(use_names=False), is_same_format=False)
    assert all("name" not in pair.why for pair in matching.pairs)


class TanhSource(EmptySource):
    """Says of every node that it computes a hyperbolic tangent."""

    def attributes(self, node: int) -> Facts:
        """Return the function's name."""
        return [("activation", "tanh")]


def test_an_activation_is_what_its_attribute_says() -> None:
    """A Keras `Activation` is of the class of the operator that its function is elsewhere."""
    builder = GraphBuilder("main")
    builder.add_value(builder.add_node("act", "Activation"), 0)
    side = make_side([builder.build(TanhSource())], Vocabulary())
    assert side.class_names == ["hyperbolic tangent"]
