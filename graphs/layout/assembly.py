"""Last phase: put the laid-out scopes into each other and join the pieces of edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphs.errors import LayoutError
from graphs.kernels.paths import join_paths
from graphs.layout.contract import Boxes, Layout, LayoutOptions
from graphs.layout.csr import Ints
from graphs.layout.nesting import Plan
from graphs.layout.scope import Floats, ScopeLayout

MAX_POINTS = 100_000_000  # 800 MB of float32 pairs


@dataclass(frozen=True, slots=True, eq=False)
class _Positions:
    """Top-left corners and sizes of all boxes, and the origins of the scopes."""

    x: Floats
    y: Floats
    width: Floats
    height: Floats
    scope_x: Floats
    scope_y: Floats


def assemble(
    boxes: Boxes,
    plan: Plan,
    layouts: list[ScopeLayout],
    is_back: NDArray[np.bool_],
    options: LayoutOptions,
) -> Layout:
    """Return the whole layout.

    Parameters
    ----------
    boxes : Boxes
        As they came, not turned.
    plan : Plan
    layouts : list of ScopeLayout, one a scope
    is_back : bool array, shape (m,)
    options : LayoutOptions

    Raises
    ------
    LayoutError
        The paths have more than `MAX_POINTS` points in all.
    """
    at = _positions(plan, layouts, len(boxes.parent))
    path_ptr, points = _paths(plan, layouts, at, is_back)
    leaf = ~boxes.is_group
    is_turned = options.direction == "right"
    sizes = (at.height, at.width) if is_turned else (at.width, at.height)
    corner = (at.y, at.x) if is_turned else (at.x, at.y)
    top = layouts[0]
    total = (top.height, top.width) if is_turned else (top.width, top.height)
    return Layout(
        x=corner[0].astype(np.float32),
        y=corner[1].astype(np.float32),
        width=np.where(leaf, boxes.width, sizes[0]).astype(np.float32),
        height=np.where(leaf, boxes.height, sizes[1]).astype(np.float32),
        path_ptr=path_ptr.astype(np.int32),
        path_points=points[:, ::-1].copy() if is_turned else points,
        edge_is_back=is_back,
        total_width=float(total[0]),
        total_height=float(total[1]),
        n_crossings=sum(layout.n_crossings for layout in layouts),
    )


def _positions(plan: Plan, layouts: list[ScopeLayout], n: int) -> _Positions:
    """Add up the places of boxes from the outermost scope inwards."""
    x, y, width, height = (np.zeros(n) for _ in range(4))
    scope_x, scope_y = np.zeros(len(layouts)), np.zeros(len(layouts))
    ptr = plan.member_ptr.tolist()
    boxes = plan.scope_box.tolist()
    for scope, layout in enumerate(layouts):  # a scope comes after the one around it
        if scope:
            box = boxes[scope]
            scope_x[scope], scope_y[scope] = x[box], y[box]
            width[box], height[box] = layout.width, layout.height
        members = plan.member_box[ptr[scope] : ptr[scope + 1]]
        x[members] = layout.x + scope_x[scope]
        y[members] = layout.y + scope_y[scope]
    return _Positions(x, y, width, height, scope_x, scope_y)


def _paths(
    plan: Plan, layouts: list[ScopeLayout], at: _Positions, is_back: NDArray[np.bool_]
) -> tuple[Ints, NDArray[np.float32]]:
    """Join the pieces of each edge; a back edge is written from its own source."""
    first_path, path_ptr, points, edge_path = _concatenate(plan, layouts)
    path = first_path[plan.piece_scope] + edge_path[plan.piece_edge]
    n_points = path_ptr[path + 1] - path_ptr[path]
    n_pieces = np.diff(plan.piece_ptr)
    total = np.concatenate([[0], np.cumsum(n_points - 1)])
    edge_ptr = total[plan.piece_ptr] + np.arange(len(n_pieces) + 1)
    if edge_ptr[-1] > MAX_POINTS:
        raise LayoutError("assembly", f"edge paths would have {edge_ptr[-1]:,} points")
    out = np.empty((int(edge_ptr[-1]), 2), dtype=np.float32)
    origin_x, origin_y = at.scope_x[plan.piece_scope], at.scope_y[plan.piece_scope]
    join_paths(plan.piece_ptr, path, origin_x, origin_y, path_ptr, points, is_back, edge_ptr, out)
    return edge_ptr, out


def _concatenate(plan: Plan, layouts: list[ScopeLayout]) -> tuple[Ints, Ints, Floats, Ints]:
    """Return each scope's first path, all paths of distinct layouts, and each edge's path."""
    index: dict[int, int] = {}
    distinct: list[ScopeLayout] = []
    which = np.empty(len(layouts), dtype=np.int64)
    for scope, layout in enumerate(layouts):
        which[scope] = index.setdefault(id(layout), len(distinct))
        if which[scope] == len(distinct):
            distinct.append(layout)
    n_paths = np.array([len(d.path_ptr) - 1 for d in distinct])
    n_points = np.array([len(d.path_points) for d in distinct])
    point_base = np.cumsum(n_points) - n_points
    starts = [d.path_ptr[:-1] + base for d, base in zip(distinct, point_base, strict=True)]
    path_ptr = np.concatenate([*starts, [n_points.sum()]])
    points = np.concatenate([d.path_points for d in distinct])
    first_path = (np.cumsum(n_paths) - n_paths)[which]
    edge_path = np.concatenate([layout.path_of_edge for layout in layouts])
    return first_path, path_ptr, points, edge_path
