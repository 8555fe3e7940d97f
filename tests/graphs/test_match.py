"""Matching against the truth of seeded edits, on small hand-made cases, and on hostile graphs."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.graphs import decoder
from graphs.builder import GraphBuilder
from graphs.check import problems
from graphs.ir import Graph, NodeKind
from graphs.match import match, match_models
from graphs.match_types import FixedPair, Matching, MatchOptions
from graphs.tensor_type import TensorType
from tests.helpers.graph_edits import (
    EDITS,
    asymmetric_ids,
    disguised,
    edited,
    precision_and_recall,
)
from tests.helpers.random_graphs import GraphRows, graph_rows
from tests.helpers.small_models import caller_model, two_block_graph
from tests.helpers.zoo import ZOO, zoo_boxes

NAMELESS = MatchOptions(use_names=False)
FLOAT, INT8 = TensorType("float32", (1, 8)), TensorType("int8", (1, 8))
Op = tuple[str, str, tuple[str, ...]]  # id, op type, ids of what it reads


def graph_of(*ops: Op, type: TensorType = FLOAT) -> Graph:
    """Return an input ``x``, the operators in order and an output behind the last."""
    builder = GraphBuilder("main")
    values = {"x": builder.add_value(builder.add_node("x", "", "", NodeKind.INPUT), 0, "x", type)}
    for id, op_type, reads in ops:
        node = builder.add_node(id, op_type)
        for slot, name in enumerate(reads):
            builder.add_edge(values[name], node, slot)
        values[id] = builder.add_value(node, 0, f"{id}_out", type)
    out = builder.add_node("y", "", "", NodeKind.OUTPUT)
    builder.add_edge(values[ops[-1][0]], out, 0)
    return builder.build()


def found(matching: Matching) -> set[tuple[tuple[str, ...], tuple[str, ...], str]]:
    """Return the pairs that are not equal, without reasons."""
    return {(p.a, p.b, p.kind) for p in matching.pairs if p.kind != "equal"}


def zoo_graph(name: str) -> Graph:
    """Return the leaves and edges of a drawing of the zoo, all of one op type."""
    boxes, builder = zoo_boxes(name), GraphBuilder("main")
    values = {}
    for at in np.flatnonzero(~boxes.is_group).tolist():
        node = builder.add_node(f"n{at}", "Relu")
        values[at] = node, [builder.add_value(node, slot) for slot in range(3)]
    for source, slot, target, place in zip(
        boxes.source, boxes.source_slot, boxes.target, boxes.target_slot, strict=True
    ):
        builder.add_edge(values[source][1][slot], values[target][0], int(place))
    return builder.build()


@pytest.mark.parametrize("name", ZOO)
def test_a_graph_matches_itself(name: str) -> None:
    """Every node of a graph is equal to itself and to nothing else."""
    graph = zoo_graph(name)
    matching = match(graph, graph)
    assert matching.is_equal
    assert sorted(matching.id_pairs()) == sorted((id, id) for id in graph.node_ids)


@pytest.mark.parametrize("seed", range(4))
def test_edits_of_a_share_of_the_nodes_are_found(seed: int) -> None:
    """One node in a hundred edited: precision and recall are at least 0.99."""
    graph = decoder(3000, seed)
    truth = edited(graph, 0.01, seed)
    assert not problems(truth.graph)
    precision, recall = precision_and_recall(match(graph, truth.graph).id_pairs(), truth.pairs)
    assert precision >= 0.99 and recall >= 0.99


@pytest.mark.parametrize("edit", EDITS)
def test_each_edit_has_its_kind(edit: str) -> None:
    """What was deleted is removed, inserted added, fused fused, retyped and rewired changed."""
    graph = decoder(800, 3)
    truth = edited(graph, 0.01, 5, [edit])
    matching = match(graph, truth.graph)
    of = {id: pair for pair in matching.pairs for id in (*pair.a, *pair.b)}
    wanted = {
        "delete": ("removed", set()),
        "insert": ("added", set()),
        "rename": ("equal", set()),
        "fuse": ("fused", {"op type"}),
        "retype": ("changed", {"op type"}),
        "rewire": ("changed", {"inputs"}),
    }
    kind, changes = wanted[edit]
    assert len(truth.kinds) == 8
    for id in truth.kinds:
        assert of[id].kind == kind
        assert {change.what for change in of[id].changes} >= changes


def test_names_and_order_are_not_needed() -> None:
    """Without names, with shuffled rows, a graph is found again from its structure alone."""
    graph = decoder(3000, 1)
    truth = disguised(graph, 2)
    precision, recall = precision_and_recall(
        match(graph, truth.graph, NAMELESS).id_pairs(), truth.pairs
    )
    assert precision >= 0.97 and recall >= 0.97


def twins() -> Graph:
    """Return a graph with parts that only their names tell apart, between parts that differ."""
    ops: list[Op] = [("in", "Conv", ("x",))]
    for branch in ("left", "right"):
        for op, op_type, read in (("a", "Relu", "in"), ("b", "Tanh", "a"), ("c", "Exp", "b")):
            ops.append((f"{branch}/{op}", op_type, (read if op == "a" else f"{branch}/{read}",)))
    ops.append(("sum", "ReduceSum", ("in",)))
    return graph_of(*ops)


NAMELESS_GRAPHS = {
    "decoder": lambda: decoder(1500, 1),
    "experts": lambda: decoder(1500, 1, n_experts=4),
    "twins": twins,
}


@pytest.mark.parametrize("name", NAMELESS_GRAPHS)
def test_what_its_place_tells_apart_is_found_without_names(name: str) -> None:
    """Of the nodes that a slow refinement tells from all others, 0.97 are paired rightly."""
    graph = NAMELESS_GRAPHS[name]()
    truth = disguised(graph, 5)
    told = asymmetric_ids(graph)
    pairs = set(match(graph, truth.graph, NAMELESS).id_pairs())
    wanted = {(old, new) for old, new in truth.pairs if old in told}
    assert len(wanted) > 3
    assert len(wanted & pairs) >= 0.97 * len(wanted)


def test_only_twins_are_symmetric() -> None:
    """The slow refinement tells all but the two equal branches apart."""
    graph = twins()
    assert set(graph.node_ids) - asymmetric_ids(graph) == {
        f"{branch}/{op}" for branch in ("left", "right") for op in "abc"
    }


def test_edits_without_names_shift_no_run_of_equal_blocks() -> None:
    """Edited, nameless and shuffled: equal blocks beside an edit are not paired one too far."""
    graph = decoder(3000, 1)
    changed = edited(graph, 0.005, 7)
    hidden = disguised(changed.graph, 8)
    new_name = dict(hidden.pairs)
    truth = {(a, new_name[b]) for a, b in changed.pairs}
    precision, recall = precision_and_recall(match(graph, hidden.graph, NAMELESS).id_pairs(), truth)
    assert precision >= 0.97 and recall >= 0.95


def test_each_node_is_in_one_pair() -> None:
    """Whatever was edited, the pairs hold every node of both sides once."""
    graph = decoder(1500, 1)
    other = edited(graph, 0.1, 2).graph
    matching = match(graph, other)
    assert sorted(id for pair in matching.pairs for id in pair.a) == sorted(graph.node_ids)
    assert sorted(id for pair in matching.pairs for id in pair.b) == sorted(other.node_ids)
    assert sum(matching.counts().values()) == len(matching.pairs)
    assert all(0 <= pair.confidence <= 1 and pair.why for pair in matching.pairs)


@given(graph_rows(), graph_rows(), st.booleans(), st.booleans())
def test_any_two_graphs_are_paired_whole(
    a: GraphRows, b: GraphRows, is_same_format: bool, use_names: bool
) -> None:
    """Cycles, control edges, odd slots and names: every node is in one pair of a sound kind."""
    mine, theirs = a.build(), b.build()
    matching = match(mine, theirs, MatchOptions(use_names=use_names), is_same_format=is_same_format)
    assert sorted(id for pair in matching.pairs for id in pair.a) == sorted(mine.node_ids)
    assert sorted(id for pair in matching.pairs for id in pair.b) == sorted(theirs.node_ids)
    for pair in matching.pairs:
        assert (pair.kind == "added") == (not pair.a) and (pair.kind == "removed") == (not pair.b)
        if pair.a and pair.b:
            kinds = {graph.node(graph.node_ids.index(ids[0])).kind
                     for graph, ids in ((mine, pair.a), (theirs, pair.b))}  # fmt: skip
            assert len(kinds) == 1


def test_a_matching_says_the_same_in_every_process() -> None:
    """Another process, with other hash seeds, makes the same pairs."""
    code = (
        "from benchmarks.graphs import decoder; from graphs.match import match;"
        "from tests.helpers.graph_edits import edited; import hashlib;"
        "g = decoder(600); m = match(g, edited(g, 0.05, 1).graph);"
        "print(hashlib.sha256(repr(m.pairs).encode()).hexdigest())"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_what_a_converter_fuses_is_one_pair() -> None:
    """Convolution, normalization and rectifier of one format beside one operator of another."""
    a = graph_of(
        ("conv", "Conv", ("x",)),
        ("norm", "BatchNormalization", ("conv",)),
        ("relu", "Relu", ("norm",)),
        ("pool", "MaxPool", ("relu",)),
    )
    b = graph_of(("c", "CONV_2D", ("x",)), ("p", "MAX_POOL_2D", ("c",)))
    matching = match(a, b, is_same_format=False)
    assert found(matching) == {(("conv", "norm", "relu"), ("c",), "fused")}


def test_quantization_around_an_operator_is_a_split() -> None:
    """Quantize and Dequantize around an operator belong to it; a clipped rectifier is fused."""
    a = graph_of(
        ("conv", "Conv", ("x",)), ("pool", "MaxPool", ("conv",)), ("relu", "Relu", ("pool",))
    )
    b = graph_of(
        ("q0", "QuantizeLinear", ("x",)),
        ("d0", "DequantizeLinear", ("q0",)),
        ("conv", "Conv", ("d0",)),
        ("q1", "QuantizeLinear", ("conv",)),
        ("d1", "DequantizeLinear", ("q1",)),
        ("pool", "MaxPool", ("d1",)),
        ("q2", "QuantizeLinear", ("pool",)),
        ("d2", "DequantizeLinear", ("q2",)),
    )
    kinds = {pair.a[0]: (set(pair.a), set(pair.b), pair.kind) for pair in match(a, b).pairs}
    assert kinds["conv"] == ({"conv"}, {"q0", "d0", "conv", "q1"}, "split")
    assert kinds["pool"] == ({"pool", "relu"}, {"d1", "pool", "q2", "d2"}, "fused")


def test_a_node_taken_out_is_removed_not_fused() -> None:
    """Within one format a missing rectifier without a sign of fusion was removed."""
    a = graph_of(("c", "Conv", ("x",)), ("r", "Relu", ("c",)), ("d", "Conv", ("r",)))
    b = graph_of(("c", "Conv", ("x",)), ("d", "Conv", ("c",)))
    assert (("r",), (), "removed") in found(match(a, b))


def named_outputs(*ops: tuple[str, str, str]) -> Graph:
    """Return operators (id, op type, name of its tensor) behind each other."""
    builder = GraphBuilder("main")
    value = builder.add_value(builder.add_node("x", "", "", NodeKind.INPUT), 0, "x", FLOAT)
    for id, op_type, tensor in ops:
        node = builder.add_node(id, op_type)
        builder.add_edge(value, node, 0)
        value = builder.add_value(node, 0, tensor, FLOAT)
    builder.add_edge(value, builder.add_node("y", "", "", NodeKind.OUTPUT), 0)
    return builder.build()


def test_a_normalization_goes_into_the_weights_of_a_convolution() -> None:
    """Where the convolution took over the name of the normalization's tensor, they are fused."""
    a = named_outputs(("c", "Conv", "t"), ("n", "BatchNormalization", "last"))
    b = named_outputs(("c", "Conv", "last"))
    assert found(match(a, b)) == {(("c", "n"), ("c",), "fused")}


def test_a_function_put_behind_another_is_added() -> None:
    """That it bears the old last tensor's name makes it no part of the node before."""
    a = named_outputs(("r", "Relu", "last"))
    b = named_outputs(("r", "Relu", "t"), ("new", "Tanh", "last"))
    assert found(match(a, b)) == {((), ("new",), "added")}


def test_other_types_are_named() -> None:
    """A pair with other element types is changed and says which."""
    ops: tuple[Op, ...] = (("c", "Conv", ("x",)), ("r", "Relu", ("c",)))
    matching = match(graph_of(*ops), graph_of(*ops, type=INT8))
    pair = next(pair for pair in matching.pairs if pair.a == ("c",))
    assert pair.kind == "changed"
    assert [(c.what, c.a, c.b) for c in pair.changes] == [("dtype", "float32", "int8")]


def test_between_formats_the_width_of_indices_is_no_difference() -> None:
    """What one format counts in 64 bits and the other in 32 is equal; within a format it is not."""
    ops: tuple[Op, ...] = (("c", "Cast", ("x",)), ("a", "ArgMax", ("c",)))
    a, b = (graph_of(*ops, type=TensorType(dtype, (1, 8))) for dtype in ("int64", "int32"))
    assert match(a, b, is_same_format=False).is_equal
    assert not match(a, b).is_equal


def test_names_of_nodes_that_were_numbered_anew_are_not_believed() -> None:
    """Where all neighbours contradict, a name pairs nothing: its structure does."""
    ops = ["Conv", "Relu", "MaxPool", "Conv", "Sigmoid", "Conv", "Tanh", "Softmax"]
    a = graph_of(*chain(ops, 0))
    b = graph_of(*chain(ops[1:], 0))
    pairs = set(match(a, b).id_pairs())
    assert {("n3", "n2"), ("n5", "n4"), ("n7", "n6")} <= pairs


def chain(ops: list[str], start: int) -> list[Op]:
    """Return operators behind each other named by their number."""
    names = ["x", *(f"n{at}" for at in range(start, start + len(ops)))]
    return [(names[at + 1], op, (names[at],)) for at, op in enumerate(ops)]


def test_a_given_pair_stands() -> None:
    """A reader's pair is kept against names and structure; one that is not there is reported."""
    graph = two_block_graph()
    given = (FixedPair(("a/conv",), ("b/c/conv",)), FixedPair(("nobody",), ("a/relu",)))
    matching = match(graph, graph, MatchOptions(fixed=given))
    pair = next(pair for pair in matching.pairs if "a/conv" in pair.a)
    assert pair.b == ("b/c/conv",) and pair.why == "given" and pair.confidence == 1.0
    assert len(matching.ignored) == 1 and "nobody" in matching.ignored[0]


def test_called_graphs_are_compared() -> None:
    """What a node calls belongs to the model: its nodes are paired too."""
    matching = match_models(caller_model(), caller_model())
    assert ("inner", "inner") in set(matching.id_pairs())
    assert {pair.a_graph for pair in matching.pairs} == {"main", "body"}


def test_groups_are_matched_from_their_members() -> None:
    """Groups with the same members are partners, whatever they are called."""
    matching = match(decoder(400), decoder(400))
    assert {(pair.a, pair.b) for pair in matching.groups} == {
        (path, path) for path in decoder(400).namespaces.paths[1:]
    }
    assert all(pair.confidence == 1.0 for pair in matching.groups)


def repeated(n: int, edges: list[tuple[int, int]], op_type: str = "Relu") -> Graph:
    """Return n nodes of one op type, each edge into the next free slot."""
    builder, slots = GraphBuilder("main"), [0] * n
    for at in range(n):
        builder.add_value(builder.add_node(f"{op_type}{n}_{at}", op_type), 0)
    for source, target in edges:
        builder.add_edge(source, target, slots[target])
        slots[target] += 1
    return builder.build()


HOSTILE = {
    "isolated": lambda n: [],
    "chain": lambda n: [(at, at + 1) for at in range(n - 1)],
    "cycle": lambda n: [(at, (at + 1) % n) for at in range(n)],
    "star": lambda n: [(0, at) for at in range(1, n)],
    "fan in": lambda n: [(at, 0) for at in range(1, n)],
    "ladder": lambda n: [(at, at + k) for at in range(n - 2) for k in (1, 2)],
}


@pytest.mark.parametrize("shape", HOSTILE)
@pytest.mark.parametrize("op_type", ["Relu", "Transpose"])
def test_nothing_to_hold_on_to_costs_bounded_time(shape: str, op_type: str) -> None:
    """Thousands of nodes that nothing tells apart: no recursion, no quadratic walk."""
    a = repeated(6000, HOSTILE[shape](6000), op_type)
    b = repeated(6005, HOSTILE[shape](6005), op_type)
    start = time.process_time()
    matching = match(a, b, NAMELESS)
    assert time.process_time() - start < 20
    assert sum(len(pair.a) for pair in matching.pairs) == 6000
    assert sum(len(pair.b) for pair in matching.pairs) == 6005
