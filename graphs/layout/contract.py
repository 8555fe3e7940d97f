"""What goes into a layout and what comes out. World units, y down, top-left origin.

Kept apart from the graph: a layout knows boxes, nesting and edges, no models.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from graphs.errors import LayoutError

Direction = Literal["down", "right"]


@dataclass(frozen=True, slots=True)
class LayoutOptions:
    """Distances in world units.

    Attributes
    ----------
    direction : {"down", "right"}
        Where edges point.
    node_gap, rank_gap, edge_gap : float
        Between neighbours on a rank, between ranks, between an edge and what is beside it.
    strict_ports : bool
        True: the inputs of a leaf stand in the order of their slots, always. False: unless
        edges would cross for it, which happens once in some twenty nodes of real models.
    group_padding, group_header : float
        Free border inside an expanded group, and the height of its title bar at the top.
    """

    direction: Direction = "down"
    node_gap: float = 16.0
    rank_gap: float = 36.0
    edge_gap: float = 8.0
    group_padding: float = 14.0
    group_header: float = 26.0
    strict_ports: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """What is to be laid out: n boxes in preorder (a group before its members), m edges.

    Attributes
    ----------
    width, height : float32 array, shape (n,)
        Size of a leaf; for an expanded group the least size (its title).
    parent : int32 array, shape (n,)
        Box of the enclosing expanded group, -1 at the top; ``parent[i] < i``.
    is_group : bool array, shape (n,)
        True for an expanded group. A group has at least one member.
    is_constant : bool array, shape (n,)
        True for a constant: it belongs on the rank before its first consumer.
    source, target : int32 array, shape (m,)
        Boxes; never expanded groups. May be equal (self-loop), may repeat (parallel).
    source_slot, target_slot : int32 array, shape (m,)
        Order of the ports on a box; -1 where it has none. Edges that share
        (source, source_slot) carry one value and may share their way.
    is_closed : bool array, shape (n,), optional
        True for a closed group: what is around it keeps its place when the group is opened.
        None: there is none.
    """

    width: NDArray[np.float32]
    height: NDArray[np.float32]
    parent: NDArray[np.int32]
    is_group: NDArray[np.bool_]
    is_constant: NDArray[np.bool_]
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    source_slot: NDArray[np.int32]
    target_slot: NDArray[np.int32]
    is_closed: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where everything is.

    Attributes
    ----------
    x, y : float32 array, shape (n,)
        Top-left corners in world units, absolute (not relative to the parent).
    width, height : float32 array, shape (n,)
        Leaves keep their size; groups enclose their members, padding and header.
    path_ptr : int32 array, shape (m + 1,)
        The points of edge i are the rows ``path_ptr[i]:path_ptr[i + 1]``.
    path_points : float32 array, shape (p, 2)
        World units. An edge is a chain of k >= 1 cubic Béziers: 1 + 3k points
        (on, off, off, on, ...), from the border of its source box to the border
        of its target box.
    edge_is_back : bool array, shape (m,)
        True for an edge that closes a cycle and points against the direction.
    total_width, total_height : float
        World units.
    seconds_by_phase : dict of str to float
    n_crossings : int
        Crossings counted by the ordering phase, summed over all groups.
    """

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    width: NDArray[np.float32]
    height: NDArray[np.float32]
    path_ptr: NDArray[np.int32]
    path_points: NDArray[np.float32]
    edge_is_back: NDArray[np.bool_]
    total_width: float
    total_height: float
    seconds_by_phase: dict[str, float] = field(default_factory=dict)
    n_crossings: int = 0


class LayoutCancelled(LayoutError):
    """The layout was given up because nobody waits for it any more."""

    def __init__(self) -> None:
        super().__init__("waiting", "it was cancelled")
