"""Activation memory along the schedule, on graphs drawn by hand and against a slow twin."""

from __future__ import annotations

import time

import numpy as np
from hypothesis import given

from graphs.builder import GraphBuilder
from graphs.ir import Graph, NodeKind
from graphs.tensor_type import TensorType
from measures.cost_call import Sizes
from measures.memory import MemoryTimeline, memory_timeline, peak_memory
from measures.schedule import schedule
from tests.helpers.random_graphs import GraphRows, graph_rows


def _bytes(n: int | None) -> TensorType:
    return TensorType("int8", (n,))


def _skip(sizes: tuple[int | None, ...] = (100, 10, 20, 5)) -> Graph:
    """Return x -> a -> b -> c(b, x) -> out, with a weight into a; sizes of x, a, b, c in bytes."""
    builder = GraphBuilder("main")
    x = builder.add_node("x", "Input", kind=NodeKind.INPUT)
    w = builder.add_node("w", "Constant", kind=NodeKind.CONSTANT)
    a, b, c = (builder.add_node(name, "Op") for name in "abc")
    out = builder.add_node("out", "Output", kind=NodeKind.OUTPUT)
    made = [
        builder.add_value(n, 0, "", _bytes(s)) for n, s in zip((x, a, b, c), sizes, strict=True)
    ]
    weight = builder.add_value(w, 0, "", _bytes(1_000_000))
    for value, node, slot in [
        (made[0], a, 0), (weight, a, 1), (made[1], b, 0), (made[2], c, 0), (made[0], c, 1),
        (made[3], out, 0),
    ]:  # fmt: skip
        builder.add_edge(value, node, slot)
    return builder.build()


def test_a_value_lives_from_its_maker_to_its_last_reader() -> None:
    """The skipped input stays until it is added; weights are not activations."""
    timeline = memory_timeline(_skip())
    np.testing.assert_array_equal(timeline.live_bytes, [110, 130, 125])
    assert (timeline.peak_step, timeline.peak_bytes, timeline.is_complete) == (1, 130, True)
    graph = _skip()
    names = [graph.node_ids[graph.value_node[v]] for v in timeline.alive(1)]
    assert names == ["x", "b", "a"]


def test_a_step_with_a_value_of_unknown_size_has_no_number() -> None:
    """Where a size is unknown the timeline is a lower bound and says so; node data has none."""
    graph = _skip((100, None, 20, 5))
    timeline = memory_timeline(graph)
    np.testing.assert_array_equal(timeline.is_known, [False, False, True])
    np.testing.assert_array_equal(timeline.live_bytes, [100, 120, 125])
    assert not timeline.is_complete
    values = dict(zip(graph.node_ids, peak_memory(graph)[0].values.tolist(), strict=True))
    assert {name: v for name, v in values.items() if v == v} == {"c": 125}
    assert memory_timeline(graph, Sizes(batch=10)).peak_bytes == 130


def test_a_schedule_that_the_file_breaks_is_put_in_order() -> None:
    """Operators wait for what they read; those on a cycle come last, none is lost."""
    builder = GraphBuilder("main")
    late, early, left, right = (builder.add_node(n, "Op") for n in ("l", "e", "c1", "c2"))
    for source, target in [(early, late), (left, right), (right, left), (early, left)]:
        builder.add_edge(builder.add_value(source, target, ""), target, source)
    np.testing.assert_array_equal(schedule(builder.build()), [early, late, left, right])


def test_a_graph_without_operators_has_an_empty_timeline() -> None:
    """There is no step, no peak and no measure."""
    builder = GraphBuilder("main")
    builder.add_node("x", "Input", kind=NodeKind.INPUT)
    timeline = memory_timeline(builder.build())
    assert (timeline.peak_step, timeline.peak_bytes) == (-1, 0)
    assert peak_memory(builder.build()) == []


@given(graph_rows())
def test_the_timeline_is_that_of_an_allocator(rows: GraphRows) -> None:
    """Making and freeing every value in turn gives the same bytes at every step."""
    graph = rows.build()
    timeline = memory_timeline(graph)
    np.testing.assert_array_equal(timeline.live_bytes, _allocated(graph, timeline))
    order = {int(node): step for step, node in enumerate(timeline.nodes)}
    assert sorted(order) == np.flatnonzero(graph.node_kind == NodeKind.OPERATOR).tolist()


def _allocated(graph: Graph, timeline: MemoryTimeline) -> list[float]:
    """Return the bytes at each step, value by value, the slow way."""
    step_of = {int(node): step for step, node in enumerate(timeline.nodes)}
    live = [0.0] * len(step_of)
    for value, node in enumerate(graph.value_node.tolist()):
        n_bytes = graph.node(node).value_type(value).n_bytes
        edges = np.flatnonzero((graph.edge_value == value) & ~graph.edge_is_control)
        readers = graph.edge_target[edges].tolist()
        uses = [step_of[r] for r in readers if r in step_of]
        if any(graph.node_kind[r] == NodeKind.OUTPUT for r in readers):
            uses.append(len(live) - 1)
        if node in step_of:
            uses.append(step_of[node])
        if graph.node_kind[node] == NodeKind.CONSTANT or n_bytes is None or not uses:
            continue
        for step in range(step_of.get(node, 0), max(uses) + 1):
            live[step] += n_bytes
    return live


def test_fifty_thousand_nodes_in_the_wrong_order_take_no_time_to_notice() -> None:
    """The work is linear, also where the file's order has to be mended."""
    builder = GraphBuilder("main")
    nodes = [builder.add_node(f"n{i}", "Op") for i in range(50_000)]
    for node in nodes[1:]:
        value = builder.add_value(node, 0, "", TensorType("int8", (4,)))
        builder.add_edge(value, node - 1, 0)
    graph = builder.build()
    times = []
    for _ in range(3):  # the machine may be busy with something else: its own time, the best of it
        begin = time.process_time()
        timeline = memory_timeline(graph)
        times.append(time.process_time() - begin)
    assert min(times) < 0.3
    assert timeline.peak_bytes == 8
    assert timeline.nodes[0] == 49_999
