"""The scene of the golden file: small, with every kind of item, flag and string."""

from __future__ import annotations

import numpy as np

from components.graph_view.scene import EdgeFlag, ItemFlag, ItemKind, Legend, Scene, Strips

SERIAL = 7


KINDS = (
    ItemKind.INPUT,
    ItemKind.EXPANDED_GROUP,
    ItemKind.OPERATOR,
    ItemKind.CONSTANT,
    ItemKind.COLLAPSED_GROUP,
    ItemKind.OUTPUT,
)
RECTS = (
    (40, 0, 100, 38),
    (0, 74, 260, 120),
    (14, 114, 100, 38),
    (130, 114, 116, 28),
    (40, 230, 120, 46),
    (40, 312, 100, 38),
)


def golden_scene() -> Scene:
    """Return six items, one in another, one with a strip, and three edges, one of two segments."""
    strings = ("", "input", "block", "Conv", "卷积", "طبقة", "<b>logits</b>", "1×3", "float32[1,3]")
    return Scene(
        item_rect=np.array(RECTS, np.float32),
        item_parent=np.array([-1, -1, 1, 1, -1, -1], np.int32),
        item_kind=np.array(KINDS, np.uint8),
        item_flags=np.array([0, 0, ItemFlag.HAS_SUBGRAPH, 0, 0, 0], np.uint8),
        item_key=np.array([3, 100, 5, 6, 101, 4_000_000_000], np.uint32),
        item_title=np.array([1, 2, 3, 4, 5, 6], np.uint32),
        item_detail=np.array([7, 0, 7, 0, 7, 0], np.uint32),
        item_color=np.arange(24, dtype=np.uint8).reshape(6, 4),
        item_accent=np.array([255, 255, 0, 255, 255, 15], np.uint8),
        item_selected=np.array([0, 0, 255, 0, 64, 0], np.uint8),
        item_excluded=np.array([255, 0, 0, 0, 128, 0], np.uint8),
        edge_ends=np.array([[0, 2], [3, 2], [2, 4]], np.uint32),
        edge_flags=np.array([EdgeFlag.CONTROL, 0, EdgeFlag.LIFTED | EdgeFlag.BACK], np.uint8),
        edge_label=np.array([8, 8, 0], np.uint32),
        edge_count=np.array([1, 1, 12], np.uint32),
        segment_points=np.linspace(-1, 1, 32, dtype=np.float32).reshape(4, 8),
        segment_edge=np.array([2, 0x80000000, 0x80000001, 0x80000002], np.uint32),
        strips=Strips(
            np.array([4], np.uint32),
            np.array([[200, 0, 30, 5, 0, 0, 0, 0, 20]], np.uint8),
            np.arange(36, dtype=np.uint8).reshape(9, 4) + np.uint8(100),
        ),
        strings=strings,
        graph_key="golden",
        anchor_key=100,
        size=(260.0, 350.5),
        legend=Legend(
            "latency (ms), groups: sum",
            ((0.0, "#440154"), (1.0, "#fde725")),
            ((0.0, "0"), (1.0, "2.4")),
            (("#9e9e9e", "no value"),),
        ),
    )
