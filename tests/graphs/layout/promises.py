"""The promises of a layout, each checked by an obvious slow look at its boxes and paths."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.layout import Boxes, Layout, LayoutOptions

SLACK = 0.02  # world units, for float32


def assert_keeps_promises(boxes: Boxes, layout: Layout, options: LayoutOptions) -> None:
    """Check every promise that `docs/layout.md` makes of one layout."""
    assert_sizes(boxes, layout)
    assert_inside_groups(boxes, layout, options)
    assert_no_overlap(boxes, layout)
    down, paths = turned(boxes, layout, options)
    assert_edges_point_down(boxes, down, layout.edge_is_back)
    assert_ends_on_borders(boxes, down, paths, layout.edge_is_back)
    assert_ports(boxes, paths, layout.edge_is_back, is_strict=options.strict_ports)
    assert_smooth(boxes, paths)
    assert_paths_avoid_boxes(boxes, down, paths)


def turned(
    boxes: Boxes, layout: Layout, options: LayoutOptions
) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
    """Return rectangles (n, 4: left, top, right, bottom) and paths, as if drawn downwards."""
    rect = np.stack([layout.x, layout.y, layout.x + layout.width, layout.y + layout.height], 1)
    points = layout.path_points
    if options.direction == "right":
        rect, points = rect[:, [1, 0, 3, 2]], points[:, ::-1]
    cuts = layout.path_ptr
    paths = [points[cuts[i] : cuts[i + 1]].astype(float) for i in range(len(boxes.source))]
    return rect.astype(float), paths


def assert_sizes(boxes: Boxes, layout: Layout) -> None:
    """Leaves keep their size, groups are at least as large as asked, all is in the total."""
    leaf = ~boxes.is_group
    assert np.array_equal(layout.width[leaf], boxes.width[leaf])
    assert np.array_equal(layout.height[leaf], boxes.height[leaf])
    assert np.all(layout.width >= boxes.width - SLACK)
    assert np.all(layout.height >= boxes.height - SLACK)
    assert np.all(layout.x >= -SLACK)
    assert np.all(layout.y >= -SLACK)
    slack = SLACK + 3e-7 * max(layout.total_width, layout.total_height)
    assert np.all(layout.x + layout.width <= layout.total_width + slack)
    assert np.all(layout.y + layout.height <= layout.total_height + slack)
    for edge in range(len(boxes.source)):
        path = layout.path_points[layout.path_ptr[edge] : layout.path_ptr[edge + 1]]
        points = curve_points(path.astype(float))
        assert points.min() >= -SLACK
        assert points[:, 0].max() <= layout.total_width + slack
        assert points[:, 1].max() <= layout.total_height + slack


def assert_inside_groups(boxes: Boxes, layout: Layout, options: LayoutOptions) -> None:
    """Members lie inside their group, below its header, with its padding around them."""
    slack = SLACK + 3e-7 * max(layout.total_width, layout.total_height)
    pad = options.group_padding - slack
    for i in np.flatnonzero(boxes.parent >= 0):
        g = boxes.parent[i]
        assert layout.x[i] >= layout.x[g] + pad
        assert layout.y[i] >= layout.y[g] + options.group_header + pad
        assert layout.x[i] + layout.width[i] <= layout.x[g] + layout.width[g] - pad
        assert layout.y[i] + layout.height[i] <= layout.y[g] + layout.height[g] - pad


def assert_no_overlap(boxes: Boxes, layout: Layout) -> None:
    """No two siblings share any area."""
    slack = SLACK + 3e-7 * max(layout.total_width, layout.total_height)
    x, y = layout.x, layout.y
    right, bottom = x + layout.width, y + layout.height
    for group in np.unique(boxes.parent):
        members = np.flatnonzero(boxes.parent == group)
        for k, a in enumerate(members):
            b = members[k + 1 :]
            wide = np.minimum(right[a], right[b]) - np.maximum(x[a], x[b])
            high = np.minimum(bottom[a], bottom[b]) - np.maximum(y[a], y[b])
            assert not np.any((wide > slack) & (high > slack))


def rounding(rect: NDArray[np.float64]) -> float:
    """Return how far float32 may be off in a drawing of that size."""
    return SLACK + 3e-7 * float(rect.max(initial=0.0))


def ancestors(boxes: Boxes, box: int) -> list[int]:
    """Return a box and the groups around it, innermost first."""
    found = [int(box)]
    while boxes.parent[found[-1]] >= 0:
        found.append(int(boxes.parent[found[-1]]))
    return found


def siblings_on_edge(boxes: Boxes, edge: int) -> tuple[int, int]:
    """Return the ends of an edge, lifted until they have one parent."""
    up, down = ancestors(boxes, boxes.source[edge]), ancestors(boxes, boxes.target[edge])
    for a in up:
        for b in down:
            if boxes.parent[a] == boxes.parent[b]:
                return a, b
    raise AssertionError("two boxes always have a place in common")


def assert_edges_point_down(
    boxes: Boxes, rect: NDArray[np.float64], is_back: NDArray[np.bool_]
) -> None:
    """An edge leads from an upper to a lower rank, a back edge the other way; a loop is back."""
    for edge in range(len(boxes.source)):
        a, b = siblings_on_edge(boxes, edge)
        if a == b:
            assert is_back[edge]
        elif is_back[edge]:
            assert rect[a, 1] > rect[b, 3]
        else:
            assert rect[b, 1] > rect[a, 3]


def assert_ends_on_borders(
    boxes: Boxes,
    rect: NDArray[np.float64],
    paths: list[NDArray[np.float64]],
    is_back: NDArray[np.bool_],
) -> None:
    """Edges leave at the bottom and enter at the top; back edges the other way, loops at a side."""
    slack = rounding(rect)
    for edge, path in enumerate(paths):
        a, b = rect[boxes.source[edge]], rect[boxes.target[edge]]
        assert len(path) >= 4
        assert len(path) % 3 == 1
        if boxes.source[edge] == boxes.target[edge]:
            assert np.allclose([path[0, 0], path[-1, 0]], a[2], atol=SLACK)
            assert np.all((path[[0, -1], 1] > a[1]) & (path[[0, -1], 1] < a[3]))
            continue
        start, end = (a[1], b[3]) if is_back[edge] else (a[3], b[1])
        assert abs(path[0, 1] - start) < slack
        assert abs(path[-1, 1] - end) < slack
        assert a[0] - slack <= path[0, 0] <= a[2] + slack
        assert b[0] - slack <= path[-1, 0] <= b[2] + slack


def assert_ports(
    boxes: Boxes,
    paths: list[NDArray[np.float64]],
    is_back: NDArray[np.bool_],
    *,
    is_strict: bool,
) -> None:
    """On a leaf, slots come from left to right at distinct points; one value has one point.

    Inputs may leave the order of their slots where their edges come from the other way round.
    """
    is_plain = ~is_back & (boxes.source != boxes.target)
    for box in range(len(boxes.parent)):
        inputs = np.flatnonzero(is_plain & (boxes.target == box))
        ends = np.array([paths[e][-1, 0] for e in inputs])
        assert len(np.unique(ends)) == len(ends)
        slots = boxes.target_slot[inputs]
        if np.all(slots >= 0):
            by_slot = np.argsort(slots, kind="stable")
            is_kept = np.all(np.diff(ends[by_slot]) > 0)
            if not is_strict and not is_kept:
                came_from = np.array([paths[e][-4, 0] for e in inputs])[by_slot]
                assert np.any(np.diff(came_from) < SLACK)
            else:
                assert is_kept
        outputs = np.flatnonzero(is_plain & (boxes.source == box))
        starts = np.array([paths[e][0, 0] for e in outputs])
        slots = boxes.source_slot[outputs]
        for slot in np.unique(slots):
            assert len(np.unique(starts[slots == slot])) == 1
        if len(slots) and np.all(slots >= 0):
            by_slot = [starts[slots == slot][0] for slot in np.unique(slots)]
            assert np.all(np.diff(by_slot) > 0)


def assert_smooth(boxes: Boxes, paths: list[NDArray[np.float64]]) -> None:
    """Wherever two curves of an edge meet, both are vertical."""
    for edge, path in enumerate(paths):
        if boxes.source[edge] == boxes.target[edge]:
            continue
        on = np.arange(0, len(path), 3)
        assert np.allclose(path[on[:-1] + 1, 0], path[on[:-1], 0], atol=SLACK)
        assert np.allclose(path[on[1:] - 1, 0], path[on[1:], 0], atol=SLACK)


def curve_points(path: NDArray[np.float64], n: int = 17) -> NDArray[np.float64]:
    """Return points along a chain of cubic Béziers, shape (k * n, 2)."""
    t = np.linspace(0, 1, n)[:, None]
    parts = [
        (1 - t) ** 3 * path[k]
        + 3 * (1 - t) ** 2 * t * path[k + 1]
        + 3 * (1 - t) * t**2 * path[k + 2]
        + t**3 * path[k + 3]
        for k in range(0, len(path) - 1, 3)
    ]
    return np.concatenate(parts)


def assert_paths_avoid_boxes(
    boxes: Boxes, rect: NDArray[np.float64], paths: list[NDArray[np.float64]]
) -> None:
    """An edge runs through no leaf, and through no group but those around its ends."""
    for edge, path in enumerate(paths):
        points = curve_points(path)
        low, high = points.min(0) - SLACK, points.max(0) + SLACK
        near = np.flatnonzero(np.all((rect[:, :2] < high) & (rect[:, 2:] > low), axis=1))
        mine = {*ancestors(boxes, boxes.source[edge]), *ancestors(boxes, boxes.target[edge])}
        others = np.array([i for i in near if i not in mine or not boxes.is_group[i]], dtype=int)
        low, high = rect[others, :2] + SLACK, rect[others, 2:] - SLACK
        inside = np.all((points[:, None] > low) & (points[:, None] < high), axis=2)
        assert not inside.any(), f"edge {edge} runs through box {others[inside.any(0)]}"
