"""What each phase promises, checked on columns; a broken promise names its phase.

The checks here are linear and cheap, and run in every layout.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.errors import LayoutError
from graphs.layout.chains import Proper
from graphs.layout.contract import Boxes, Layout
from graphs.layout.csr import Ints
from graphs.layout.scope import Floats

TOLERANCE = 1e-3  # world units, for float64 sums
MAX_LENGTH = 1e6  # world units: what a single box may measure


def check_boxes(boxes: Boxes) -> None:
    """Refuse boxes that break the contract of `Boxes`."""
    n, m = len(boxes.parent), len(boxes.source)
    for name in ("width", "height", "is_group", "is_constant"):
        _require(len(getattr(boxes, name)) == n, "input", f"{name} has not {n} rows")
    for name in ("target", "source_slot", "target_slot"):
        _require(len(getattr(boxes, name)) == m, "input", f"{name} has not {m} rows")
    for name in ("is_group", "is_constant"):
        _require(getattr(boxes, name).dtype == bool, "input", f"{name} is no mask")
    index = np.arange(n)
    _require(bool(np.all(boxes.parent < index)), "input", "a box comes before its group")
    _require(bool(np.all(boxes.parent >= -1)), "input", "a parent is below -1")
    inside = boxes.parent[boxes.parent >= 0]
    _require(bool(np.all(boxes.is_group[inside])), "input", "a box lies in a box that is no group")
    has_members = np.zeros(n, dtype=bool)
    has_members[inside] = True
    _require(bool(np.all(has_members[boxes.is_group])), "input", "a group has no members")
    for name in ("width", "height"):
        size = getattr(boxes, name)
        good = np.isfinite(size) & (size >= 0) & (size <= MAX_LENGTH)
        _require(bool(np.all(good)), "input", f"a {name} is negative, not finite or too large")
    for name in ("source", "target"):
        ends = getattr(boxes, name)
        _require(bool(np.all((ends >= 0) & (ends < n))), "input", f"a {name} does not exist")
        _require(not np.any(boxes.is_group[ends]), "input", f"a {name} is an expanded group")
    for name in ("source_slot", "target_slot"):
        _require(bool(np.all(getattr(boxes, name) >= -1)), "input", f"a {name} is below -1")


def check_ranks(proper: Proper) -> None:
    """Each unit edge leads to the next rank."""
    step = proper.rank[proper.lower] - proper.rank[proper.upper]
    _require(bool(np.all(step == 1)), "ranking", "an edge does not lead to the next rank")


def check_order(proper: Proper, order: Ints) -> None:
    """The order holds each vertex once, on its rank."""
    seen = np.bincount(order, minlength=proper.n)
    _require(len(seen) == proper.n and bool(np.all(seen == 1)), "ordering", "a vertex is lost")
    rank = np.repeat(np.arange(len(proper.rank_ptr) - 1), np.diff(proper.rank_ptr))
    _require(np.array_equal(proper.rank[order], rank), "ordering", "a vertex left its rank")


def check_placement(
    proper: Proper, order: Ints, x: Floats, reach: tuple[Floats, Floats], gap: Floats
) -> None:
    """Neighbours on a rank keep their distance."""
    a, b = order[:-1], order[1:]
    same = proper.rank[a] == proper.rank[b]
    a, b = a[same], b[same]
    free = (x[b] - reach[0][b]) - (x[a] + reach[1][a]) - 0.5 * (gap[a] + gap[b])
    allowed = TOLERANCE + 1e-9 * float(np.abs(x).max(initial=0.0))
    _require(bool(np.all(np.isfinite(x))), "placement", "a position is not finite")
    _require(float(free.min(initial=0.0)) > -allowed, "placement", "neighbours are too near")


def check_layout(boxes: Boxes, layout: Layout) -> None:
    """All is finite and members lie inside their groups, but for float32 rounding."""
    columns: list[NDArray[np.float32]] = [layout.x, layout.y, layout.width, layout.height]
    finite = all(bool(np.all(np.isfinite(c))) for c in (*columns, layout.path_points))
    _require(finite, "assembly", "a number is not finite")
    inner = np.flatnonzero(boxes.parent >= 0)
    outer = boxes.parent[inner]
    slack = 0.01 + 1e-6 * max(layout.total_width, layout.total_height)
    for low, size in ((layout.x, layout.width), (layout.y, layout.height)):
        begins = bool(np.all(low[inner] >= low[outer] - slack))
        ends = bool(np.all(low[inner] + size[inner] <= low[outer] + size[outer] + slack))
        _require(begins and ends, "nesting", "a box lies outside its group")


def _require(holds: bool, stage: str, otherwise: str) -> None:
    if not holds:
        raise LayoutError(stage, otherwise)
