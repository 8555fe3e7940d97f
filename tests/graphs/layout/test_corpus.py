"""The layout contract over real models."""

from __future__ import annotations

import time

import numpy as np
import pytest

from components.graph_view.drawing import boxes_of as page_boxes_of
from components.graph_view.drawing import labels_of
from graphs.errors import ReadError
from graphs.layout import Boxes, LayoutOptions, lay_out
from graphs.layout.cache import ScopeCache
from graphs.visible import Visible, visible
from importers import read
from tests.graphs.layout.promises import (
    assert_edges_point_down,
    assert_ends_on_borders,
    assert_inside_groups,
    assert_keeps_promises,
    assert_no_overlap,
    assert_sizes,
    turned,
)

MODELS = (
    "onnx/TFBertForQuestionAnswering.onnx",
    "onnx/attention_past_state.onnx",
    "onnx/basic_pitch_nmp.onnx",
    "onnx/silero_vad_16k_op15.onnx",
    "onnx/yunet_s_320_qdq_int8.onnx",
    "tflite/kv_cache_two_signatures.tflite",
    "tflite/mobilenetv2_a035_int8.tflite",
    "json/coco-ssd.me.json",
)
LARGE = ("onnx/gpt2_12L_h64_dynamo.onnx", "onnx/moe_decoder_126L_24e_ts.onnx")


def boxes_of(shown: Visible) -> Boxes:
    """Return the boxes of a visible graph, as wide as their labels."""
    graph = shown.graph
    labels = [graph.node(i).label if i >= 0 else "a group" for i in shown.item_node.tolist()]
    kinds = graph.node_kind[shown.item_node]
    return Boxes(
        width=np.array([30 + 7 * min(len(label), 30) for label in labels], dtype=np.float32),
        height=np.full(shown.n_items, 28, dtype=np.float32),
        parent=shown.item_parent,
        is_group=shown.item_is_expanded,
        is_constant=(shown.item_node >= 0) & (kinds == 3),
        source=shown.edge_source,
        target=shown.edge_target,
        source_slot=shown.edge_source_slot,
        target_slot=shown.edge_target_slot,
    )


@pytest.mark.parametrize("view", ["collapsed", "expanded", "constants", "flat"])
@pytest.mark.parametrize("name", MODELS)
def test_small_models(corpus, name, view):
    """Every graph of a real model keeps all promises, however it is shown."""
    for graph in read(corpus / name).graphs:
        expanded = () if view == "collapsed" else range(len(graph.namespaces))
        shown = visible(graph, expanded, flat=view == "flat", show_constants=view == "constants")
        boxes = boxes_of(shown)
        layout = lay_out(boxes, cache=ScopeCache(2**28))
        assert_keeps_promises(boxes, layout, LayoutOptions())


@pytest.mark.parametrize("view", ["expanded", "flat"])
@pytest.mark.parametrize("name", LARGE)
def test_large_models(corpus, name, view):
    """Models of tens of thousands of nodes keep the promises that can be looked at so often."""
    graph = read(corpus / name).graphs[0]
    shown = visible(graph, range(len(graph.namespaces)), flat=view == "flat")
    boxes = boxes_of(shown)
    start = time.perf_counter()
    layout = lay_out(boxes, cache=ScopeCache(2**28))
    assert time.perf_counter() - start < 60
    rect, paths = turned(boxes, layout, LayoutOptions())
    assert_sizes(boxes, layout)
    assert_edges_point_down(boxes, rect, layout.edge_is_back)
    assert_ends_on_borders(boxes, rect, paths, layout.edge_is_back)
    if view == "expanded":
        assert_inside_groups(boxes, layout, LayoutOptions())
        assert_no_overlap(boxes, layout)


NO_MODELS = {"LICENSES", "malformed", "profiles"}
LOOKED_AT = 600  # nodes; the slow look at larger ones is left to the tests above


@pytest.mark.slow
@pytest.mark.parametrize("view", ["collapsed", "expanded", "flat"])
def test_every_file(corpus, view):
    """Graphs of every format keep all promises, drawn as the page draws them."""
    n_looked_at = 0
    for path in sorted(corpus.rglob("*")):
        if not path.is_file() or NO_MODELS & set(path.relative_to(corpus).parts):
            continue
        try:
            graphs = read(path).graphs
        except ReadError:
            continue  # node data, weights beside a model
        for graph in graphs:
            if graph.n_nodes > LOOKED_AT:
                continue
            expanded = range(len(graph.namespaces)) if view == "expanded" else ()
            seen = visible(graph, expanded, flat=view == "flat")
            boxes = page_boxes_of(seen, labels_of(seen))
            layout = lay_out(boxes, cache=ScopeCache(2**28))
            assert_keeps_promises(boxes, layout, LayoutOptions())
            n_looked_at += 1
    assert n_looked_at > 300
