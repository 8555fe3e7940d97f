"""Equal groups, against a search for a matching of members that shares no code with them."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import importers
from graphs.builder import GraphBuilder
from graphs.ir import EmptySource, Facts, Graph, NodeKind
from graphs.repeats import equal_groups
from graphs.tensor_type import TensorType
from tests.helpers.random_graphs import GraphRows, graph_rows

F32 = TensorType("float32", (4,))


def members(graph: Graph, space: int) -> list[int]:
    """Return the nodes in a namespace and all inside it."""
    end = int(graph.namespaces.end[space])
    return [i for i, s in enumerate(graph.node_namespace.tolist()) if space <= s < end]


def describe(graph: Graph, space: int, order: tuple[int, ...]) -> object:
    """Return everything that counts of a group whose members stand in an order; slow and plain."""
    place = {node: i for i, node in enumerate(order)}
    depth, outer, inner_space = graph.namespaces.depth, {}, {}
    rows = []
    for node in order:
        one = graph.node(node)
        at = int(graph.node_namespace[node])
        op = "" if one.kind is NodeKind.CONSTANT else one.op_type
        outputs = [(int(graph.value_slot[v]), one.value_type(v)) for v in one.outputs]
        level = int(depth[at] - depth[space])
        number = inner_space.setdefault(at, len(inner_space))
        rows.append((op, one.kind, outputs, level, number, graph.subgraphs.get(node)))
    wires = []
    for node in order:
        entering = []
        for edge in graph.node(node).in_edges:
            value, source = int(graph.edge_value[edge]), int(graph.edge_source[edge])
            control = bool(graph.edge_is_control[edge])
            slot = -1 if control else int(graph.edge_target_slot[edge])
            start = place.get(source, -1)
            out_slot = int(graph.value_slot[value]) if start >= 0 else 0
            entering.append((slot, start, out_slot, value, control))
        for slot, start, out_slot, value, control in sorted(entering):
            known = outer.setdefault(value, len(outer)) if start < 0 else -1
            kind = graph.types[graph.value_type[value]] if start < 0 else None
            wires.append((place[node], slot, start, out_slot, control, known, kind))
    read = {
        (place[s], int(graph.value_slot[v]))
        for s, t, v in zip(graph.edge_source, graph.edge_target, graph.edge_value, strict=True)
        if s in place and t not in place
    }
    return rows, wires, sorted(read)


def can_be_matched(graph: Graph, one: int, other: int) -> bool:
    """Whether some order of the members of `other` describes it as `one` is described."""
    wanted = describe(graph, one, tuple(members(graph, one)))
    orders = itertools.permutations(members(graph, other))
    return any(describe(graph, other, order) == wanted for order in orders)


@given(graph_rows(max_nodes=8))
def test_groups_called_equal_can_be_matched(rows: GraphRows) -> None:
    """No two groups of one class differ: a matching of their members exists."""
    graph = rows.build()
    classes = equal_groups(graph)
    for one, other in itertools.combinations(range(1, len(classes)), 2):
        sizes = len(members(graph, one)), len(members(graph, other))
        if classes[one] == classes[other]:
            assert sizes[0] == sizes[1]
            assert sizes[0] == 0 or can_be_matched(graph, one, other)


@st.composite
def copies(draw: st.DrawFn) -> tuple[Graph, int]:
    """Draw a graph with copies of one block, each written in an order of its own."""
    n, n_copies = draw(st.integers(2, 6)), draw(st.integers(2, 4))
    ops = draw(st.lists(st.sampled_from(["Add", "Mul"]), min_size=n, max_size=n))
    wires = [(draw(st.integers(-1, t - 1)), t) for t in range(n) for _ in range(2)]
    builder = GraphBuilder("g")
    entry = builder.add_value(builder.add_node("x", "Input", kind=NodeKind.INPUT), 0, type=F32)
    for copy in range(n_copies):
        order = draw(st.permutations(range(n)))
        value = {}
        for at in order:
            # Op types with their place: no two members can be confused, whatever the order.
            node = builder.add_node(f"{copy}/{at}", f"{ops[at]}{at}", f"block_{copy}")
            value[at] = builder.add_value(node, 0, type=F32)
        for slot, (source, target) in enumerate(wires):
            start = entry if source < 0 else value[source]
            builder.add_edge(start, builder.index_of[f"{copy}/{target}"], slot)
    return builder.build(), n_copies


@given(copies())
def test_copies_are_equal_in_whatever_order_they_are_written(drawn: tuple[Graph, int]) -> None:
    """The order of a file's rows does not count."""
    graph, n_copies = drawn
    assert Counter(equal_groups(graph).tolist()).most_common(1)[0][1] == n_copies


def chain(
    n: int, parts: tuple[str, ...] = ("MatMul", "Add", "Relu"), change: str = ""
) -> tuple[GraphBuilder, list[int]]:
    """Return n blocks in a row, equal but for the first, which has one input; one may differ."""
    builder = GraphBuilder("g")
    nodes = [builder.add_node("x", "Input", kind=NodeKind.INPUT)]
    value = before = builder.add_value(nodes[0], 0, type=F32)
    for block in range(n):
        is_last = block == n - 1
        for at, part in enumerate(parts):
            op = "Gelu" if is_last and change == "op" and at == 1 else part
            node = builder.add_node(f"n{block}_{at}", op, f"layers.{block}")
            nodes.append(node)
            swap = is_last and change == "slot" and at == 1
            builder.add_edge(value, node, 1 if swap else 0)
            builder.add_edge(before, node, 0 if swap else 1)
            wide = is_last and change == "type" and at == 1
            before, value = value, builder.add_value(
                node, 0, type=TensorType("float32", (8,)) if wide else F32
            )  # fmt: skip
    end = builder.add_node("y", "Output", kind=NodeKind.OUTPUT)
    builder.add_edge(value, end, 0)
    builder.add_edge(before, end, 1)
    return builder, nodes


def test_blocks_in_a_row_are_one_class() -> None:
    """The first block is wired to the input twice, the others are equal."""
    builder, _ = chain(6)
    classes = equal_groups(builder.build())[1:]
    assert len(set(classes.tolist())) == 2
    assert np.unique(classes[1:]).size == 1


@pytest.mark.parametrize("change", ["op", "slot", "type"])
def test_one_difference_makes_another_class(change: str) -> None:
    """An op type, the order of inputs, and a tensor type each tell a group apart."""
    builder, _ = chain(4, change=change)
    classes = equal_groups(builder.build())[2:]
    assert classes[0] == classes[1] != classes[2]


def test_types_count_only_where_asked() -> None:
    """Without types a block of another width is equal."""
    builder, _ = chain(4, change="type")
    classes = equal_groups(builder.build(), with_types=False)[2:]
    assert len(set(classes.tolist())) == 1


class Sayings(EmptySource):
    """Says the same of every node, and something else of one."""

    def __init__(self, odd: int, name: str) -> None:
        self.odd, self.name = odd, name

    def attributes(self, node: int) -> Facts:
        """Return one attribute."""
        return [(self.name, f"%{node} odd" if node == self.odd else f"%{node} even")]


def test_attributes_count_but_names_in_them_do_not() -> None:
    """A setting tells groups apart; a value's name, or a place in the source code, does not."""
    builder, nodes = chain(4)
    graph = builder.build(Sayings(nodes[-1], "axis"))
    classes = equal_groups(graph)[2:]
    assert classes[0] == classes[1] != classes[2]
    assert len(set(equal_groups(graph, with_attributes=False)[2:].tolist())) == 1
    placed = replace(graph, source=Sayings(nodes[-1], "stack_trace"))
    assert len(set(equal_groups(placed)[2:].tolist())) == 1


def test_a_group_does_not_equal_what_it_only_wraps() -> None:
    """How deep members lie counts: a group around one group is not that group."""
    builder = GraphBuilder("g")
    for outer in ("a", "b"):
        for name in ("x", "y"):
            builder.add_node(f"{outer}{name}", "Add", f"{outer}/inner")
    classes = equal_groups(builder.build())
    names = builder.build().namespaces
    of = {path: int(classes[i]) for i, path in enumerate(names.paths)}
    assert of["a"] == of["b"] != of["a/inner"] == of["b/inner"]


def test_long_chains_and_deep_groups_need_no_recursion_and_little_time() -> None:
    """50,000 nodes in 5,000 groups, and a chain that no refining reaches through."""
    parts = tuple(f"op{i}" for i in range(10))
    graph = chain(5_000, parts)[0].build()
    builder = GraphBuilder("long")
    value = builder.add_value(builder.add_node("x", "Input", kind=NodeKind.INPUT), 0)
    for i in range(20_000):
        node = builder.add_node(f"n{i}", "Add", f"half_{i // 10_000}")
        builder.add_edge(value, node, 0)
        value = builder.add_value(node, 0)
    builder.add_edge(value, builder.add_node("y", "Output", kind=NodeKind.OUTPUT), 0)
    begin = time.process_time()
    classes = equal_groups(graph)[1:]
    halves = equal_groups(builder.build())[1:]
    assert time.process_time() - begin < 3  # 0.4 s; the limit is for a busy machine
    assert Counter(classes.tolist()).most_common(1)[0][1] == 4_999
    assert halves[0] == halves[1]


def test_blocks_of_real_decoders_are_equal(corpus: Path) -> None:
    """Every block of a decoder is equal to the others, the first one aside where it differs."""
    wanted = {
        "torch/moe_decoder_126L_6e_core_aten.pt2": 126,
        "torch/llama_32L_h64.pt2": 32,
        "torch/vit_12L_h64.pt2": 12,
        "onnx/gpt2_12L_h64_dynamo.onnx": 12,
        "mlir/jax_llm12_fwd_locs.mlir": 12,
    }
    for file, n_blocks in wanted.items():
        graph = importers.read(corpus / file).graphs[0]
        classes = equal_groups(graph)
        n_nodes = np.array([len(members(graph, s)) for s in range(len(classes))])
        repeated = np.flatnonzero(np.bincount(classes)[classes] > 1)
        largest = repeated[n_nodes[repeated].argmax()]
        assert int(np.sum(classes == classes[largest])) == n_blocks, file
