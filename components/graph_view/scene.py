"""Scene: the columns that the browser draws. World units, y down. Twin of `src/scene.ts`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, IntFlag

import numpy as np
from numpy.typing import NDArray


class ItemKind(IntEnum):
    """What an item is; the renderer's shape and colour follow it."""

    OPERATOR = 0
    INPUT = 1
    OUTPUT = 2
    CONSTANT = 3
    COLLAPSED_GROUP = 4
    EXPANDED_GROUP = 5


class ItemFlag(IntFlag):
    """Marks on an item."""

    HAS_SUBGRAPH = 1


class EdgeFlag(IntFlag):
    """Marks on an edge."""

    BACK = 1
    CONTROL = 2
    LIFTED = 4


@dataclass(frozen=True, slots=True)
class Legend:
    """What the overlay's colours mean.

    Attributes
    ----------
    title : str
        Measure and unit, and how groups are aggregated, e.g. ``latency (ms), groups: sum``.
    stops : tuple of (position 0..1, "#rrggbb")
        Gradient, or empty for categories.
    ticks : tuple of (position 0..1, text)
        Labels along the gradient.
    swatches : tuple of ("#rrggbb", text)
        Categories or thresholds; the whole legend when there is no gradient.
    """

    title: str
    stops: tuple[tuple[float, str], ...] = ()
    ticks: tuple[tuple[float, str], ...] = ()
    swatches: tuple[tuple[str, str], ...] = ()


N_PARTS = 9  # colours of a strip at most


@dataclass(frozen=True, slots=True, eq=False)
class Strips:
    """What g collapsed groups hold, as shares: a thin strip of colours along the lower edge.

    Attributes
    ----------
    strip_item : uint32 array, shape (g,)
        The items.
    strip_parts : uint8 array, shape (g, 9)
        Shares from left to right, 255 together; 0 of what does not occur.
    strip_color : uint8 array, shape (9, 4)
        Colour of each part; one for all strips.
    """

    strip_item: NDArray[np.uint32]
    strip_parts: NDArray[np.uint8]
    strip_color: NDArray[np.uint8]


NO_STRIPS = Strips(
    np.zeros(0, np.uint32), np.zeros((0, N_PARTS), np.uint8), np.zeros((N_PARTS, 4), np.uint8)
)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """n items in preorder (a group before its members), m edges, s curve segments.

    Attributes
    ----------
    item_rect : float32 array, shape (n, 4)
        x, y (top-left), width, height.
    item_parent : int32 array, shape (n,)
        Item of the enclosing expanded group, -1 at the top.
    item_kind : uint8 array, shape (n,)
        `ItemKind`.
    item_flags : uint8 array, shape (n,)
        `ItemFlag`.
    item_key : uint32 array, shape (n,)
        Identity across scenes of one graph; messages speak in keys.
    item_title, item_detail : uint32 array, shape (n,)
        Index into `strings`: the label, and the smaller second line (shape,
        node count or the overlay's value); 0 is the empty string.
    item_color : uint8 array, shape (n, 4)
        Overlay colour; alpha 0 where the theme's own colour for the kind is used.
    item_accent : uint8 array, shape (n,)
        Op category 0..15, a thin coloured edge that tells op types apart; 255 for none.
    item_selected, item_excluded : uint8 array, shape (n,)
        0..255: share of the item's nodes that is selected / that a filter excludes.
    edge_ends : uint32 array, shape (m, 2)
        Source and target item.
    edge_flags : uint8 array, shape (m,)
        `EdgeFlag`.
    edge_label : uint32 array, shape (m,)
        Index into `strings`: what the edge carries, for its tooltip.
    edge_count : uint32 array, shape (m,)
        How many edges of the graph it stands for.
    segment_points : float32 array, shape (s, 8)
        One cubic Bézier a row: x0 y0 x1 y1 x2 y2 x3 y3. Rows are in an order in
        which neighbours are near each other, for culling in runs.
    segment_edge : uint32 array, shape (s,)
        Edge of a segment, with the top bit set on the segment that ends at the target.
    strips : Strips
    strings : tuple of str
        ``strings[0] == ""``.
    graph_key : str
        Tells scenes of different graphs apart: no animation between them.
    anchor_key : int
        Item that the reader clicked and that keeps its place on the screen; -1 for none.
    size : tuple of (float, float)
        World width and height of the drawing.
    legend : Legend or None
    """

    item_rect: NDArray[np.float32]
    item_parent: NDArray[np.int32]
    item_kind: NDArray[np.uint8]
    item_flags: NDArray[np.uint8]
    item_key: NDArray[np.uint32]
    item_title: NDArray[np.uint32]
    item_detail: NDArray[np.uint32]
    item_color: NDArray[np.uint8]
    item_accent: NDArray[np.uint8]
    item_selected: NDArray[np.uint8]
    item_excluded: NDArray[np.uint8]
    edge_ends: NDArray[np.uint32]
    edge_flags: NDArray[np.uint8]
    edge_label: NDArray[np.uint32]
    edge_count: NDArray[np.uint32]
    segment_points: NDArray[np.float32]
    segment_edge: NDArray[np.uint32]
    strips: Strips = NO_STRIPS
    strings: tuple[str, ...] = ("",)
    graph_key: str = ""
    anchor_key: int = -1
    size: tuple[float, float] = (0.0, 0.0)
    legend: Legend | None = field(default=None)
