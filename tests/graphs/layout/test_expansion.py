"""What stays where it is when groups are opened, and how borders are met."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from components.graph_view.drawing import boxes_of, labels_of
from graphs.builder import GraphBuilder
from graphs.ir import Graph, NodeKind
from graphs.layout import Layout, lay_out
from graphs.layout.cache import ScopeCache
from graphs.visible import Visible, visible
from importers import read


def nested_graph(seed: int, n_nodes: int = 40, n_groups: int = 6) -> Graph:
    """Return a seeded acyclic connected graph; half of its nodes lie in groups of neighbours."""
    random = np.random.default_rng(seed)
    builder = GraphBuilder("g")
    values = []
    for i in range(n_nodes):
        group = int(random.integers(-n_groups, n_groups))
        scope = f"g{i * n_groups // n_nodes}" if group >= 0 else ""
        row = builder.add_node(f"n{i}", "Op", scope, NodeKind.OPERATOR)
        for slot in range(min(i, int(random.integers(1, 4)))):  # at least one: connected
            builder.add_edge(values[int(random.integers(max(0, i - 12), i))], row, slot)
        values.append(builder.add_value(row, 0, f"v{i}"))
    return builder.build()


def drawn(graph: Graph, expanded: set[int]) -> tuple[Visible, Layout]:
    """Lay out a graph as the page does."""
    seen = visible(graph, expanded)
    return seen, lay_out(boxes_of(seen, labels_of(seen)), cache=ScopeCache(2**26))


def places(seen: Visible, layout: Layout) -> dict[int, tuple[int, float, float]]:
    """Return for each item by key: its parent's key, and its middle."""
    key = seen.item_key.tolist()
    parents = [key[p] if p >= 0 else -1 for p in seen.item_parent.tolist()]
    x, y = layout.x + 0.5 * layout.width, layout.y + 0.5 * layout.height
    return {k: (p, a, b) for k, p, a, b in zip(key, parents, x.tolist(), y.tolist(), strict=True)}


def n_turned(before: dict, after: dict) -> int:
    """Return how many pairs of siblings changed sides, of those on one rank and of all others."""
    turned = 0
    both = [key for key in before if key in after]
    for a, b in itertools.combinations(both, 2):
        (p, ax, ay), (q, bx, by) = before[a], before[b]
        if p != q:
            continue
        (_, cx, cy), (_, dx, dy) = after[a], after[b]
        is_same_rank = abs(ay - by) < 1
        turned += is_same_rank and (ax - bx) * (cx - dx) < -1
        turned += abs(ay - by) > 60 and (ay - by) * (cy - dy) < -1
    return turned


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(seed=st.integers(0, 2**32 - 1))
def test_nothing_changes_sides_when_a_group_is_opened(seed):
    """What was left of something stays left of it, and what was above it stays above."""
    graph = nested_graph(seed)
    seen, layout = drawn(graph, set())
    assume(not layout.edge_is_back.any())  # closed groups may be a cycle, which opens with them
    before = places(seen, layout)
    groups = [key - graph.n_nodes for key in before if key >= graph.n_nodes]
    for group in groups[:3]:
        assert n_turned(before, places(*drawn(graph, {group}))) == 0


@pytest.mark.parametrize("seed", range(5))
def test_one_drawing_for_the_same_open_groups(seed):
    """In whatever order groups are opened, the drawing is the same."""
    graph = nested_graph(seed)
    groups = list(range(1, len(graph.namespaces)))
    cache = ScopeCache(2**26)
    seen = visible(graph, groups)
    for n_open in range(len(groups)):
        part = visible(graph, groups[::-1][:n_open])
        lay_out(boxes_of(part, labels_of(part)), cache=cache)
    boxes = boxes_of(seen, labels_of(seen))
    late, fresh = lay_out(boxes, cache=cache), lay_out(boxes, cache=ScopeCache(2**26))
    assert late.x.tobytes() == fresh.x.tobytes()
    assert late.path_points.tobytes() == fresh.path_points.tobytes()


def test_a_border_is_met_in_the_order_in_which_edges_come():
    """Inputs from the left and from the right enter a group without crossing above it."""
    builder = GraphBuilder("g")
    x = builder.add_value(builder.add_node("x", "Input", "", NodeKind.INPUT), 0)
    sides = []
    for name in "ab":
        row = builder.add_node(name, "Op", "")
        builder.add_edge(x, row, 0)
        sides.append(builder.add_value(row, 0))
    for name, value in zip(("first", "second"), reversed(sides), strict=True):
        row = builder.add_node(f"g/{name}", "Op", "g")
        builder.add_edge(value, row, 0)
    _, layout = drawn(builder.build(), {1})
    assert layout.n_crossings == 0


REAL = (
    "onnx/silero_vad_16k_op15.onnx",
    "onnx/TFBertForQuestionAnswering.onnx",
    "onnx/basic_pitch_nmp.onnx",
    "json/coco-ssd.me.json",
    "onnx/gpt2_12L_h64_dynamo.onnx",
    "torch/vit_12L_h64.pt2",
)


@pytest.mark.parametrize("name", REAL)
def test_nothing_changes_sides_in_real_models(corpus, name):
    """Whichever group is opened first, the others stay, unless closed ones feed each other."""
    graph = read(corpus / name).graphs[0]
    before = places(*drawn(graph, set()))
    for key in [key for key in before if key >= graph.n_nodes][:10]:
        assert n_turned(before, places(*drawn(graph, {key - graph.n_nodes}))) == 0
