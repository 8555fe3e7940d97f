"""Edges of a vector picture: Béziers with arrow heads.

Few edges are drawn one by one and say on hovering what they carry; many are drawn together, one
path a kind, which takes a tenth of the bytes. Imports the scene and NumPy only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from components.graph_view.scene import EdgeFlag, Scene
from components.graph_view.svg_text import number, safe

MAX_SINGLE_EDGES = 3_000
_LAST = np.uint32(1 << 31)
_KINDS = (("w", 0), ("w x", EdgeFlag.CONTROL), ("w b", EdgeFlag.BACK))  # class, flag
_ARROW_LENGTH, _ARROW_HALF_WIDTH = 7.5, 3.4
_MOST_WIDTH = 2.6


def edges_svg(scene: Scene) -> Iterator[str]:
    """Yield the edges, then their arrow heads."""
    edge = (scene.segment_edge & ~_LAST).astype(np.int64)
    points = np.asarray(scene.segment_points, dtype=np.float64)
    kind = _kinds(scene)
    draw = _single if len(scene.edge_ends) <= MAX_SINGLE_EDGES else _together
    yield from draw(scene, points, edge, kind)
    is_last = (scene.segment_edge & _LAST) > 0
    for name, at in (("y", 0), ("y b", 2)):
        mine = is_last & ((kind[edge] == 2) == (at == 2))
        heads = _arrow_heads(points[mine], digits=1 if draw is _single else 0)
        if heads:
            yield f'<path class="{name}" d="{heads}"/>'


def _kinds(scene: Scene) -> NDArray[np.int64]:
    """Return the place in `_KINDS` of each edge, shape (m,)."""
    flags = scene.edge_flags
    is_control = (flags & EdgeFlag.CONTROL) > 0
    return np.where((flags & EdgeFlag.BACK) > 0, 2, np.where(is_control, 1, 0))


def _single(
    scene: Scene, points: NDArray[np.float64], edge: NDArray[np.int64], kind: NDArray[np.int64]
) -> Iterator[str]:
    order = np.argsort(edge, kind="stable")
    ends = np.searchsorted(edge[order], np.arange(len(scene.edge_ends) + 1)).tolist()
    labels, counts = scene.edge_label.tolist(), scene.edge_count.tolist()
    rows = points[order].tolist()
    for at, place in enumerate(kind.tolist()):
        path = "".join(_curve(row) for row in rows[ends[at] : ends[at + 1]])
        label = scene.strings[labels[at]]
        title = f"<title>{safe(label)}</title>" if label else ""
        yield f'<path class="{_KINDS[place][0]}"{_width(counts[at])} d="{path}">{title}</path>'


def _width(count: int) -> str:
    """Return the width of an edge that stands for several."""
    if count <= 1:
        return ""
    return f' stroke-width="{number(min(1.2 + 0.2 * math.log2(count), _MOST_WIDTH))}"'


def _together(
    scene: Scene, points: NDArray[np.float64], edge: NDArray[np.int64], kind: NDArray[np.int64]
) -> Iterator[str]:
    whole = np.round(points)
    for place, (name, _) in enumerate(_KINDS):
        rows = whole[kind[edge] == place].tolist()
        if rows:
            yield f'<path class="{name}" d="{"".join(map(_curve, rows))}"/>'


def _curve(row: Sequence[float]) -> str:
    """Return one Bézier, its points relative to the first; a straight one in short."""
    x, y, *rest = row
    if x == rest[0] == rest[2] == rest[4]:
        return f"M{number(x)} {number(y)}v{number(rest[5] - y)}"
    away = " ".join(number(value - (y if i % 2 else x)) for i, value in enumerate(rest))
    return f"M{number(x)} {number(y)}c{away}"


def _arrow_heads(points: NDArray[np.float64], digits: int) -> str:
    """Return triangles whose tips are the ends of the segments, to so many decimals."""
    tip = points[:, 6:8]
    along = tip - points[:, 4:6]
    flat = np.abs(along).sum(axis=1) < 1e-4
    along[flat] = tip[flat] - points[flat, 0:2]
    along[np.abs(along).sum(axis=1) < 1e-4] = (0.0, 1.0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    left = -_ARROW_LENGTH * along + _ARROW_HALF_WIDTH * across
    base = -2 * _ARROW_HALF_WIDTH * across
    rows = np.concatenate([tip, left, base], axis=1).round(digits).tolist()
    return "".join("M{} {}l{} {}l{} {}z".format(*map(number, row)) for row in rows)
