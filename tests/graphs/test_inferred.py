"""Inferred groups: what they hold, that rows keep their numbers, and what the rules leave alone."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import importers
from graphs.builder import GraphBuilder
from graphs.check import problems
from graphs.inferred import best_groups, infer_groups, n_lying_flat
from graphs.inferred_blocks import depth_first
from graphs.inferred_names import prefixes
from graphs.ir import EmptySource, Facts, Graph, NodeKind
from tests.helpers.random_graphs import GraphRows, graph_rows


def flat(
    rows: list[tuple[str, str]], namespace: str = "", source: EmptySource | None = None
) -> Graph:
    """Return a chain of (name, op type) between an input and an output; each has a weight."""
    builder = GraphBuilder("g")
    value = builder.add_value(builder.add_node("x", "Input", kind=NodeKind.INPUT), 0)
    for name, op in rows:
        node = builder.add_node(name, op, namespace)
        weight = builder.add_node(f"{name}/weight", "Const", namespace, NodeKind.CONSTANT)
        builder.add_edge(value, node, 0)
        builder.add_edge(builder.add_value(weight, 0), node, 1)
        value = builder.add_value(node, 0)
    builder.add_edge(value, builder.add_node("y", "Output", kind=NodeKind.OUTPUT), 0)
    return builder.build(source)


def residual_blocks(n: int, before: int = 2, after: int = 3) -> Graph:
    """Return n residual blocks of four operators in a row, and others around; no names say so."""
    builder = GraphBuilder("g")
    value = builder.add_value(builder.add_node("x", "Input", kind=NodeKind.INPUT), 0)

    def add(op: str, *inputs: int) -> int:
        node = builder.add_node(f"n{builder.n_nodes}", op)
        for slot, one in enumerate(inputs):
            builder.add_edge(one, node, slot)
        return builder.add_value(node, 0)

    for i in range(before):
        value = add(f"stem{i}", value)
    for _ in range(n):
        inner = add("Conv", add("Relu", add("Conv", value)))
        value = add("Add", inner, value)
    for i in range(after):
        value = add(f"head{i}", value)
    builder.add_edge(value, builder.add_node("y", "Output", kind=NodeKind.OUTPUT), 0)
    return builder.build()


def inside(graph: Graph, path: str) -> list[str]:
    """Return the ids of the nodes directly in a namespace."""
    space = graph.namespaces.index(path)
    return [graph.node_ids[i] for i in np.flatnonzero(graph.node_namespace == space)]


def inferred(graph: Graph) -> list[str]:
    """Return the paths of the inferred groups."""
    marks = graph.namespaces.is_inferred.tolist()
    return [p for p, is_one in zip(graph.namespaces.paths, marks, strict=True) if is_one]


BLOCKS = [
    (f"block_{i}_{part}", op)
    for i in range(1, 7)
    for part, op in (("expand", "Conv"), ("expand_BN", "Norm"), ("project", "Conv"))
]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("block_1_expand_BN", ["block_1", "block_1_expand", "block_1_expand_BN"]),
        ("conv2_block1_1_bn", ["conv2", "conv2_block1", "conv2_block1_1", "conv2_block1_1_bn"]),
        ("layers.0.mlp/MatMul", ["layers.0", "layers.0.mlp", "layers.0.mlp/MatMul"]),
        ("Conv_12", ["Conv_12"]),
        ("%12", ["%12"]),
        ("__a__b", ["__a", "__a__b"]),
        ("", []),
    ],
)
def test_names_are_cut_at_separators_and_numbers_stay_with_their_word(
    name: str, wanted: list[str]
) -> None:
    """What a name begins with, shortest first."""
    assert prefixes(name) == wanted


def test_common_beginnings_become_groups_with_their_constants() -> None:
    """Each block holds its operators and their weights; the graph's input stays outside."""
    graph = infer_groups(flat(BLOCKS), "names")
    assert inferred(graph) == [f"block_{i}" for i in range(1, 7)]
    names = [name for name, _ in BLOCKS[3:6]]
    assert sorted(inside(graph, "block_2")) == sorted([*names, *[f"{n}/weight" for n in names]])
    assert inside(graph, "") == ["x", "y"]


def test_rows_do_not_change() -> None:
    """Only namespaces differ: every other column is the same object."""
    given_graph = flat(BLOCKS)
    for by in ("names", "structure"):
        graph = infer_groups(given_graph, by)
        assert graph is not given_graph
        assert problems(graph) == []
        for column in ("node_ids", "node_op", "edge_value", "value_type", "value_names", "types"):
            assert getattr(graph, column) is getattr(given_graph, column)


@pytest.mark.parametrize(
    "rows",
    [
        [(f"Conv_{i}", "Conv") for i in range(30)],  # numbers count, they do not group
        [(f"conv.w{i}", "Conv") for i in range(30)],  # one op type
        [(f"{i}_{op}", op) for i in range(15) for op in ("Q", "DQ")],  # a number is no name
        [(f"model_{op}{i}", op) for i in range(15) for op in ("Conv", "Relu")],  # all of them
        [(f"{part}_x{i}", op) for i in range(15) for part, op in (("a", "A"), ("b", "B"))],
        BLOCKS[:9],  # read at a glance as it is
    ],
)
def test_names_that_say_nothing_make_no_groups(rows: list[tuple[str, str]]) -> None:
    """Counters, one op type, a prefix of all, scattered members and small graphs stay flat."""
    graph = flat(rows)
    assert infer_groups(graph, "names") is graph


@pytest.mark.parametrize("n", [5, 12, 60])
def test_a_block_that_occurs_n_times_becomes_n_groups(n: int) -> None:
    """All operators of every residual block, cut where one value goes from block to block."""
    graph = infer_groups(residual_blocks(n), "structure")
    paths = [p for p in inferred(graph) if p.rpartition("/")[2].startswith("block ")]
    assert len(paths) == n
    ops = [[graph.node(graph.node_ids.index(i)).op_type for i in inside(graph, p)] for p in paths]
    assert ops == [["Conv", "Relu", "Conv", "Add"]] * n
    assert problems(graph) == []


def test_blocks_are_wired_alike() -> None:
    """A run with the same op types but another wire inside is not among the blocks."""
    builder = GraphBuilder("g")
    value = builder.add_value(builder.add_node("x", "Input", kind=NodeKind.INPUT), 0)
    for i in range(8):
        entry = value
        for at, op in enumerate(("A", "B", "C")):
            node = builder.add_node(f"n{i}_{at}", op)
            builder.add_edge(value, node, 0)
            if at == 2:
                builder.add_edge(entry, node, 1)
            if at == 1 and i == 3:
                builder.add_edge(value, node, 1)
            value = builder.add_value(node, 0)
    graph = infer_groups(builder.build(), "structure")
    grouped = {i for path in inferred(graph) for i in inside(graph, path)}
    assert len(inferred(graph)) == 7
    assert not grouped & {"n3_0", "n3_1", "n3_2"}


def test_one_op_type_over_and_over_is_no_block() -> None:
    """A run that is itself a repetition says nothing."""
    graph = flat([(f"n{i}", "Add") for i in range(100)])
    assert infer_groups(graph, "structure") is graph


class Spaces(EmptySource):
    """Says of each namespace its number."""

    def group_attributes(self, namespace: int) -> Facts:
        """Return the number."""
        return [("number", str(namespace))]


def test_groups_of_the_file_stay_and_keep_what_is_said_of_them() -> None:
    """Inferred groups lie in the file's; the source is asked for the file's own numbers."""
    before = flat(BLOCKS, "model/body", Spaces())
    graph = infer_groups(before, "names")
    names = graph.namespaces
    assert [p for p in names.paths if p not in inferred(graph)] == ["", "model", "model/body"]
    assert "model/body/block_3" in inferred(graph)
    said = {path: graph.source.group_attributes(i) for i, path in enumerate(names.paths)}
    old = {path: Spaces().group_attributes(i) for i, path in enumerate(before.namespaces.paths)}
    assert all(said[path] == old[path] for path in old)
    assert said["model/body/block_3"] == [("group", "inferred from common names")]


def test_the_best_groups_are_the_files_then_names_then_structure() -> None:
    """What the author wrote wins; a graph that nothing helps stays as it is."""
    named = flat([(f"block_{i}_{part}", op) for i in range(20) for part, op in zip("abc", "ABC")])  # noqa: B905
    nameless = residual_blocks(20)
    hopeless = flat([(f"n{i}", f"op{i}") for i in range(60)])
    grouped = GraphBuilder("g")
    for i in range(100):
        grouped.add_node(f"n{i}", "Add", f"block_{i // 10}")
    for graph, origin in (
        (named, "names"), (nameless, "structure"), (hopeless, "file"), (grouped.build(), "file"),
    ):  # fmt: skip
        found, best = best_groups(graph)
        assert found == origin
        assert (best is graph) == (origin == "file")
        assert n_lying_flat(best) <= n_lying_flat(graph)


@given(graph_rows(max_nodes=30), st.sampled_from(["names", "structure"]))
def test_every_graph_stays_valid(rows: GraphRows, by: str) -> None:
    """Cycles, control edges and odd names included; nodes of the file's groups stay in them."""
    rows.namespaces = [rows.namespaces[i % 3] for i in range(len(rows.namespaces))]
    graph = rows.build()
    found = infer_groups(graph, by)
    assert problems(found) == []
    for node in range(graph.n_nodes):
        path = found.node(node).namespace
        given_path = graph.node(node).namespace
        assert path == given_path or path.startswith(f"{given_path}/" if given_path else "")
    again = infer_groups(graph, by)
    assert again.namespaces.paths == found.namespaces.paths


@given(st.integers(1, 12), st.data())
def test_depth_first_is_an_order_of_all(n: int, data: st.DataObject) -> None:
    """Every item once; producers first where there is no cycle."""
    ends = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1))
    wires = sorted(data.draw(st.lists(ends, max_size=20)), key=lambda one: one[1])
    forward = data.draw(st.booleans())
    wires = [w for w in wires if w[0] < w[1]] if forward else wires
    source, target = np.array(wires, dtype=np.int64).reshape(-1, 2).T
    order = depth_first(n, source, target).tolist()
    assert sorted(order) == list(range(n))
    if forward:
        assert all(order.index(s) < order.index(t) for s, t in wires)


def test_fifty_thousand_flat_nodes_take_little_time() -> None:
    """Both ways, on blocks that repeat and on a sequence that repeats at every length."""
    blocks = residual_blocks(12_500)
    same = flat([(f"a_b_{i}_c", "Add") for i in range(25_000)])
    begin = time.process_time()
    assert len(inferred(infer_groups(blocks, "structure"))) >= 12_500
    for graph in (blocks, same):
        infer_groups(graph, "names")
    infer_groups(same, "structure")
    assert time.process_time() - begin < 12  # 2 s; the limit is for a busy machine


def test_real_files_get_the_blocks_that_a_reader_expects(corpus: Path) -> None:
    """By which way, how many groups of the first kind, and an example."""
    wanted = {
        "keras/mobilenetv2_a035.keras": ("names", "block_", 16),
        "keras/vww_96_legacy_tfkeras2.h5": ("structure", "block ", 13),
        "keras/fer2013_mini_XCEPTION_keras2.0.hdf5": ("structure", "block ", 4),
        "tf/lstm_frozen.pb": ("structure", "block ", 28),
        "tflite/mobilenetv2_a035_float.tflite": ("names", "block_", 16),
        "onnx/gpt2_12L_h64_dynamo.onnx": ("file", "", 0),
        "onnx/moe_decoder_126L_24e_ts.onnx": ("file", "", 0),
    }
    for file, (origin, beginning, n) in wanted.items():
        found, graph = best_groups(importers.read(corpus / file).graphs[0])
        names = [p.rpartition("/")[2] for p in inferred(graph)]
        assert (found, sum(name.startswith(beginning) for name in names)) == (origin, n), file
