"""From a visible graph to boxes for the layout, and from its result to a scene.

Pure functions of columns: no widgets and no session.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from components.graph_view.scene import EdgeFlag, ItemFlag, ItemKind, Scene
from components.graph_view.text_size import DETAIL_PX, TITLE_PX, text_width
from components.palette import op_category
from graphs.ir import Graph, NodeKind
from graphs.layout import Boxes, Layout
from graphs.visible import Visible

NODE_HEIGHT = 38.0
PILL_HEIGHT = 28.0
GROUP_HEIGHT = 46.0
LEAST_WIDTH, MOST_WIDTH = 64.0, 236.0
SIDE_PADDING = 20.0  # text margins and accent stripe
HANDLE_WIDTH = 18.0  # of a group's handle, beside its text
NO_ACCENT = 255


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """The two lines of every item.

    Attributes
    ----------
    titles, details : list of str, length n_items
    """

    titles: list[str]
    details: list[str]


def labels_of(seen: Visible) -> Labels:
    """Return the lines of every item: label and output shape, or group name and node count."""
    graph = seen.graph
    n_below = _n_nodes_below(graph)
    first_shape = _FirstShape(graph)
    titles: list[str] = []
    details: list[str] = []
    spaces = seen.item_namespace.tolist()
    for node, space, is_open in zip(
        seen.item_node.tolist(), spaces, seen.item_is_expanded.tolist(), strict=True
    ):
        if node >= 0:
            view = graph.node(node)
            is_operator = view.kind is NodeKind.OPERATOR
            titles.append(_fitting(view.op_type) if is_operator else _short(view.id))
            details.append(first_shape(node))
        else:
            n = int(n_below[space])
            titles.append(graph.namespaces.title(space))
            details.append("" if is_open else _group_detail(graph, space, n))
    return Labels(titles, details)


def _group_detail(graph: Graph, space: int, n: int) -> str:
    """Return the second line of a group: what it holds, and whether the file has it."""
    inferred = ", inferred" if graph.namespaces.is_inferred[space] else ""
    return f"{n:,} node{'' if n == 1 else 's'}{inferred}"


def boxes_of(seen: Visible, labels: Labels) -> Boxes:
    """Return what the layout needs; sizes follow the labels.

    A group asks for the same size open and closed: so it does not move others for that alone.
    """
    kinds = item_kinds(seen)
    n_below = _n_nodes_below(seen.graph)
    spaces = np.where(seen.item_node < 0, seen.item_namespace, -1).tolist()
    details = [
        _group_detail(seen.graph, space, int(n_below[space])) if space >= 0 else detail
        for space, detail in zip(spaces, labels.details, strict=True)
    ]
    widths = np.array(
        [
            max(text_width(title, TITLE_PX), text_width(detail, DETAIL_PX)) + SIDE_PADDING
            for title, detail in zip(labels.titles, details, strict=True)
        ]
    )
    heights = np.full(seen.n_items, NODE_HEIGHT, dtype=np.float32)
    heights[kinds != ItemKind.OPERATOR] = PILL_HEIGHT
    heights[(kinds == ItemKind.INPUT) | (kinds == ItemKind.OUTPUT)] = NODE_HEIGHT
    is_group = (kinds == ItemKind.COLLAPSED_GROUP) | (kinds == ItemKind.EXPANDED_GROUP)
    heights[is_group] = GROUP_HEIGHT
    widths[is_group] += HANDLE_WIDTH
    return Boxes(
        width=np.clip(widths, LEAST_WIDTH, MOST_WIDTH).astype(np.float32),
        height=heights,
        parent=seen.item_parent,
        is_group=seen.item_is_expanded,
        is_constant=kinds == ItemKind.CONSTANT,
        source=seen.edge_source,
        target=seen.edge_target,
        source_slot=seen.edge_source_slot,
        target_slot=seen.edge_target_slot,
        is_closed=is_group & ~seen.item_is_expanded,
    )


def item_kinds(seen: Visible) -> NDArray[np.uint8]:
    """Return the `ItemKind` of every item, uint8, shape (n,)."""
    group = np.where(seen.item_is_expanded, ItemKind.EXPANDED_GROUP, ItemKind.COLLAPSED_GROUP)
    node = seen.graph.node_kind[np.maximum(seen.item_node, 0)]
    return np.where(seen.item_node >= 0, node, group).astype(np.uint8)


def scene_of(
    seen: Visible, labels: Labels, layout: Layout, *, graph_key: str, anchor_key: int = -1
) -> Scene:
    """Return the scene without overlay, selection and filter."""
    n = seen.n_items
    strings = Strings()
    segment_points, segment_edge = _segments(layout)
    return Scene(
        item_rect=np.stack([layout.x, layout.y, layout.width, layout.height], axis=1),
        item_parent=seen.item_parent,
        item_kind=item_kinds(seen),
        item_flags=_flags(seen),
        item_key=seen.item_key.astype(np.uint32),
        item_title=strings.indices(labels.titles),
        item_detail=strings.indices(labels.details),
        item_color=np.zeros((n, 4), dtype=np.uint8),
        item_accent=_accents(seen),
        item_selected=np.zeros(n, dtype=np.uint8),
        item_excluded=np.zeros(n, dtype=np.uint8),
        edge_ends=np.stack([seen.edge_source, seen.edge_target], axis=1).astype(np.uint32),
        edge_flags=_edge_flags(seen, layout),
        edge_label=strings.indices(_edge_labels(seen)),
        edge_count=seen.edge_count.astype(np.uint32),
        segment_points=segment_points,
        segment_edge=segment_edge,
        strings=strings.table(),
        graph_key=graph_key,
        anchor_key=anchor_key,
        size=(float(layout.total_width), float(layout.total_height)),
    )


class Strings:
    """Interns strings; the empty one is 0."""

    def __init__(self) -> None:
        self._index: dict[str, int] = {"": 0}

    def indices(self, texts: list[str]) -> NDArray[np.uint32]:
        """Return the table index of each text, uint32."""
        index = self._index
        return np.array([index.setdefault(t, len(index)) for t in texts], dtype=np.uint32)

    def table(self) -> tuple[str, ...]:
        """Return the strings in the order of their indices."""
        return tuple(self._index)


def per_item(
    seen: Visible,
    of_nodes: NDArray[np.float64],
    of_groups: Callable[[], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Return node values for node items and namespace values for group items, float64 (n,)."""
    values = of_nodes[np.maximum(seen.item_node, 0)]
    if (seen.item_node < 0).any():
        values = np.where(seen.item_node < 0, of_groups()[seen.item_namespace], values)
    return values


def _short(name: str) -> str:
    """Return the last part of a scoped name."""
    return name.rstrip("/").rsplit("/", 1)[-1] or name


@lru_cache(maxsize=4096)
def _fitting(op_type: str) -> str:
    """Return an op type without the outer parts of a domain that leaves no room for its name."""
    parts = op_type.split(".")
    is_name = all(part.isidentifier() for part in parts)  # free text is no domain
    while is_name and len(parts) > 1 and text_width(".".join(parts)) > MOST_WIDTH - SIDE_PADDING:
        parts.pop(0)
    return ".".join(parts) or op_type


class _FirstShape:
    """Text of the shape of a node's first output (of an output node: of what enters)."""

    def __init__(self, graph: Graph) -> None:
        self._texts = [t.shape_text() for t in graph.types]
        self._of_value = graph.value_type.tolist()
        self._value_ptr, self._in_ptr = graph.value_ptr.tolist(), graph.in_ptr.tolist()
        self._edge_value = graph.edge_value

    def __call__(self, node: int) -> str:
        if self._value_ptr[node] < self._value_ptr[node + 1]:
            return self._texts[self._of_value[self._value_ptr[node]]]
        if self._in_ptr[node] < self._in_ptr[node + 1]:
            return self._texts[self._of_value[self._edge_value[self._in_ptr[node]]]]
        return ""


def _n_nodes_below(graph: Graph) -> NDArray[np.int64]:
    """Operators, inputs and outputs in each namespace's subtree, int64 (k,)."""
    counted = graph.node_kind != NodeKind.CONSTANT
    own = np.bincount(graph.node_namespace[counted], minlength=len(graph.namespaces))
    before = np.concatenate([[0], np.cumsum(own)])
    return before[graph.namespaces.end] - before[:-1]


def _flags(seen: Visible) -> NDArray[np.uint8]:
    calls = np.zeros(seen.graph.n_nodes + 1, dtype=np.uint8)
    calls[list(seen.graph.subgraphs)] = ItemFlag.HAS_SUBGRAPH
    return calls[seen.item_node]  # -1, a group, reads the last row: no flag


def _accents(seen: Visible) -> NDArray[np.uint8]:
    graph = seen.graph
    of_op = np.array([op_category(op) for op in graph.op_types] or [0], dtype=np.uint8)
    node = np.maximum(seen.item_node, 0)
    is_operator = (seen.item_node >= 0) & (graph.node_kind[node] == NodeKind.OPERATOR)
    return np.where(is_operator, of_op[graph.node_op[node]], NO_ACCENT).astype(np.uint8)


def _edge_flags(seen: Visible, layout: Layout) -> NDArray[np.uint8]:
    lifted = (seen.edge_source_slot < 0) | (seen.edge_target_slot < 0)
    flags = (
        layout.edge_is_back * EdgeFlag.BACK
        + seen.edge_is_control * EdgeFlag.CONTROL
        + lifted * EdgeFlag.LIFTED
    )
    return flags.astype(np.uint8)


def _edge_labels(seen: Visible) -> list[str]:
    """What each edge carries: ``float32[1,64]``, or how many tensors it stands for."""
    graph = seen.graph
    texts = [str(t) for t in graph.types]
    types = graph.value_type[seen.edge_value].tolist()
    counts = seen.edge_count.tolist()
    return [
        texts[t] if n == 1 else f"{n:,} edges, the first {texts[t]}"
        for t, n in zip(types, counts, strict=True)
    ]


def _segments(layout: Layout) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
    """Cut paths into single Béziers, sorted so that neighbours are near each other."""
    starts, ends = layout.path_ptr[:-1], layout.path_ptr[1:]
    n_segments = np.maximum((ends - starts - 1) // 3, 0)
    edge = np.repeat(np.arange(len(starts)), n_segments)
    first = np.repeat(np.cumsum(n_segments) - n_segments, n_segments)
    nth = np.arange(len(edge)) - first
    at = starts[edge] + 3 * nth
    points = layout.path_points[at[:, None] + np.arange(4)].reshape(-1, 8)
    is_last = nth == n_segments[edge] - 1
    mark = edge.astype(np.uint32) | (is_last.astype(np.uint32) << np.uint32(31))
    order = np.argsort(_morton(points[:, 0] + points[:, 6], points[:, 1] + points[:, 7]))
    return np.ascontiguousarray(points[order], dtype=np.float32), mark[order]


def _morton(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Return the position on a Z curve of 2 x 16 bits."""
    if not len(x):
        return np.zeros(0, dtype=np.uint64)
    span = max(float(np.ptp(x)), float(np.ptp(y)), 1.0)
    spread = [_interleaved((v - v.min()) / span * 65535) for v in (x, y)]
    return spread[0] | (spread[1] << np.uint64(1))


def _interleaved(values: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Put a zero bit after each of 16 bits."""
    bits = values.astype(np.uint64)
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        bits = (bits | (bits << np.uint64(shift))) & np.uint64(mask)
    return bits
