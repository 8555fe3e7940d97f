"""One node beside the many that do its work, found by what surrounds them."""

from __future__ import annotations

from graphs.builder import GraphBuilder
from graphs.ir import Graph, NodeKind
from graphs.match import match
from graphs.match_types import Matching, MatchOptions

Op = tuple[str, str, tuple[str, ...]]  # id, op type, ids of what it reads
NAMELESS = MatchOptions(use_names=False)


def graph_of(*ops: Op) -> Graph:
    """Return an input ``x``, the operators in order and an output behind the last."""
    builder = GraphBuilder("main")
    values = {"x": builder.add_value(builder.add_node("x", "", "", NodeKind.INPUT), 0)}
    for id, op_type, reads in ops:
        node = builder.add_node(id, op_type)
        for slot, name in enumerate(reads):
            builder.add_edge(values[name], node, slot)
        values[id] = builder.add_value(node, 0)
    builder.add_edge(values[ops[-1][0]], builder.add_node("y", "", "", NodeKind.OUTPUT), 0)
    return builder.build()


BEFORE: Op = ("before", "MatMul", ("x",))
WRITTEN_OUT: tuple[Op, ...] = (
    BEFORE,
    ("cube", "Pow", ("before",)),
    ("inner", "Add", ("before", "cube")),
    ("bend", "Tanh", ("inner",)),
    ("gelu", "Mul", ("before", "bend")),
    ("after", "Softmax", ("gelu",)),
)


def one_for_many(*more: Op, reads: str = "before") -> Graph:
    """Return the same model with one operator for the function in its middle."""
    return graph_of(BEFORE, *more, ("fast", "FastGelu", (reads,)), ("after", "Softmax", ("fast",)))


def pairs_of(matching: Matching) -> dict[str, tuple[set[str], set[str], str]]:
    """Return the pair of each node of A."""
    return {id: (set(p.a), set(p.b), p.kind) for p in matching.pairs for id in p.a}


def test_many_nodes_are_fused_into_one() -> None:
    """What lies between the same two pairs is one pair, with all its nodes."""
    found = pairs_of(match(graph_of(*WRITTEN_OUT), one_for_many(), NAMELESS))
    assert found["bend"] == ({"gelu", "cube", "inner", "bend"}, {"fast"}, "fused")


def test_one_node_is_split_into_many() -> None:
    """The other way round the pair is a split."""
    found = pairs_of(match(one_for_many(), graph_of(*WRITTEN_OUT), NAMELESS))
    assert found["fast"] == ({"fast"}, {"gelu", "cube", "inner", "bend"}, "split")


def test_a_region_that_something_else_reads_is_none() -> None:
    """A node whose value goes elsewhere too still stands for itself."""
    ops = (*WRITTEN_OUT, ("also", "Exp", ("bend",)), ("sum", "Concat", ("after", "also")))
    found = pairs_of(match(graph_of(*ops), one_for_many(), NAMELESS))
    assert found["gelu"][1] != {"fast"} and found["bend"][2] == "removed"


def test_other_inputs_make_it_another_function() -> None:
    """A node that reads another pair than the region does is added, the region removed."""
    other = one_for_many(("other", "Conv", ("x",)), reads="other")
    a = graph_of(("other", "Conv", ("x",)), *WRITTEN_OUT)
    found = pairs_of(match(a, other))
    assert all(found[id][2] == "removed" for id in ("gelu", "cube", "inner", "bend"))


def test_another_function_in_the_same_place_is_a_change() -> None:
    """One free node in the place of another of another op type is that node, changed."""
    a = graph_of(BEFORE, ("r", "Relu", ("before",)), ("after", "Softmax", ("r",)))
    b = graph_of(BEFORE, ("t", "Tanh", ("before",)), ("after", "Softmax", ("t",)))
    assert pairs_of(match(a, b, NAMELESS))["r"] == ({"r"}, {"t"}, "changed")


def test_what_only_moves_data_does_no_work() -> None:
    """A rectifier is not the quantization that stands in its place."""
    a = graph_of(BEFORE, ("r", "Relu", ("before",)), ("after", "Softmax", ("r",)))
    b = graph_of(
        BEFORE,
        ("q", "QuantizeLinear", ("before",)),
        ("d", "DequantizeLinear", ("q",)),
        ("after", "Softmax", ("d",)),
    )
    assert not any("d" in pair[1] and "r" in pair[0] and len(pair[0]) == 1
                   for pair in pairs_of(match(a, b, NAMELESS)).values())  # fmt: skip
