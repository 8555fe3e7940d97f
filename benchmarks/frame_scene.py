"""A seeded scene of any size, laid out on a grid: nested groups, nodes, edges. No layout engine.

Apart from the benchmarks that draw it, since browser tests draw it as well.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from components.graph_view.scene import ItemKind, Scene

NODE_WIDTH, NODE_HEIGHT, GAP = 120.0, 38.0, 24.0
PADDING, HEADER = 14.0, 26.0
OP_TYPES = ("Conv", "MatMul", "Add", "Relu", "Softmax", "LayerNormalization", "QuantizeLinear")


def grid_scene(
    n_nodes: int, n_groups: int, n_edges: int, *, seed: int = 0, graph_key: str = "grid"
) -> Scene:
    """Return a scene of `n_groups` expanded groups on a grid, `n_nodes` nodes stacked in them.

    Every tenth group encloses the nine that follow it. Edges join nodes that are near.
    """
    rng = np.random.default_rng(seed)
    rect, parent, kind, nodes = _boxes(n_nodes, n_groups)
    n = len(rect)
    source = rng.integers(0, n_nodes - 1, n_edges)
    target = np.minimum(source + 1 + rng.geometric(0.25, n_edges), n_nodes - 1)
    ends = np.stack([nodes[source], nodes[target]], axis=1).astype(np.uint32)
    strings = ("", *OP_TYPES, *(f"1×{8 * i}×56×56" for i in range(1, 65)), "float32[1,64,56,56]")
    is_node = kind == ItemKind.OPERATOR
    op = rng.integers(0, len(OP_TYPES), n)
    detail = 1 + len(OP_TYPES) + rng.integers(0, 64, n)
    points = _curves(rect, ends)
    order = np.lexsort((points[:, 0], points[:, 1] // 2000)).astype(np.uint32)
    return Scene(
        item_rect=rect,
        item_parent=parent,
        item_kind=kind,
        item_flags=np.zeros(n, np.uint8),
        item_key=np.arange(n, dtype=np.uint32),
        item_title=(1 + op).astype(np.uint32),
        item_detail=np.where(is_node, detail, 0).astype(np.uint32),
        item_color=np.zeros((n, 4), np.uint8),
        item_accent=np.where(is_node, op, 255).astype(np.uint8),
        item_selected=np.zeros(n, np.uint8),
        item_excluded=np.zeros(n, np.uint8),
        edge_ends=ends,
        edge_flags=np.zeros(n_edges, np.uint8),
        edge_label=np.full(n_edges, len(strings) - 1, np.uint32),
        edge_count=np.ones(n_edges, np.uint32),
        segment_points=points[order],
        segment_edge=order | np.uint32(0x80000000),
        strings=strings,
        graph_key=graph_key,
        size=(float((rect[:, 0] + rect[:, 2]).max()), float((rect[:, 1] + rect[:, 3]).max())),
    )


def spread_scene(
    scene: Scene, factor: tuple[float, float], offset: tuple[float, float], first_key: int
) -> Scene:
    """Return a scene with every box elsewhere: places times `factor` plus `offset`.

    Its keys begin at `first_key`, in the same order.
    """
    by, away = np.array(factor, np.float32), np.array(offset, np.float32)
    rect = scene.item_rect.copy()
    rect[:, :2] = rect[:, :2] * by + away
    return replace(
        scene,
        item_rect=rect,
        item_key=np.arange(len(rect), dtype=np.uint32) + np.uint32(first_key),
        segment_points=scene.segment_points * np.tile(by, 4) + np.tile(away, 4),
        size=(scene.size[0] * factor[0] + offset[0], scene.size[1] * factor[1] + offset[1]),
        graph_key=f"{scene.graph_key} from {first_key}",
    )


def _boxes(
    n_nodes: int, n_groups: int
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.uint8], NDArray[np.int64]]:
    """Rectangles, parents and kinds of all items, and the items that are nodes."""
    per_group = -(-n_nodes // n_groups)
    inner_height = HEADER + 2 * PADDING + per_group * (NODE_HEIGHT + GAP) - GAP
    cell_width, cell_height = NODE_WIDTH + 2 * PADDING + GAP, inner_height + GAP
    columns = max(1, round((n_groups * cell_height / cell_width / 1.6) ** 0.5))
    columns = -(-columns // 10) * 10
    rect: list[tuple[float, float, float, float]] = []
    parent: list[int] = []
    kind: list[int] = []
    nodes: list[int] = []
    outer = -1
    for group in range(n_groups):
        x, y = (group % columns) * cell_width, (group // columns) * (cell_height + HEADER)
        if group % 10 == 0:
            outer = len(rect)
            rect.append((x - 6, y - HEADER, 10 * cell_width - 12, inner_height + HEADER + 8))
            parent.append(-1)
            kind.append(ItemKind.EXPANDED_GROUP)
        item = len(rect)
        if group % 10:
            rect.append((x, y, NODE_WIDTH + 2 * PADDING, inner_height))
            parent.append(outer)
            kind.append(ItemKind.EXPANDED_GROUP)
        else:
            item = outer
        for row in range(min(per_group, n_nodes - len(nodes))):
            top = y + HEADER + PADDING + row * (NODE_HEIGHT + GAP)
            nodes.append(len(rect))
            rect.append((x + PADDING, top, NODE_WIDTH, NODE_HEIGHT))
            parent.append(item)
            kind.append(ItemKind.OPERATOR)
    return (
        np.array(rect, np.float32),
        np.array(parent, np.int32),
        np.array(kind, np.uint8),
        np.array(nodes),
    )


def _curves(rect: NDArray[np.float32], ends: NDArray[np.uint32]) -> NDArray[np.float32]:
    """One cubic Bézier an edge, from the lower border of its source to the upper of its target."""
    source, target = rect[ends[:, 0]], rect[ends[:, 1]]
    x0, y0 = source[:, 0] + source[:, 2] / 2, source[:, 1] + source[:, 3]
    x1, y1 = target[:, 0] + target[:, 2] / 2, target[:, 1]
    bend = np.maximum(np.abs(y1 - y0) / 2, 12)
    return np.stack([x0, y0, x0, y0 + bend, x1, y1 - bend, x1, y1], axis=1).astype(np.float32)
