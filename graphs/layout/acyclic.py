"""First phase: which edges close a cycle. They are turned round until they are drawn.

Runs once for all groups: lifted to siblings, edges of different groups do not
touch, so one search serves them all. Two sets of marks are at hand for each
strongly connected component, those of a depth-first search and the edges that
point against the order of the file; the smaller is taken. Linear; not always
the fewest edges possible.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.kernels.topology import back_edges, strong_components
from graphs.layout.contract import Boxes
from graphs.layout.csr import Ints, group_rows


def box_depths(parent: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return how many groups are around each box, shape (n,)."""
    depth = np.zeros(len(parent), dtype=np.int32)
    above = parent.copy()
    inside = np.flatnonzero(above >= 0)
    while len(inside):
        depth[inside] += 1
        above[inside] = parent[above[inside]]
        inside = inside[above[inside] >= 0]
    return depth


def sibling_ends(boxes: Boxes, depth: NDArray[np.int32]) -> tuple[Ints, Ints]:
    """Lift the ends of each edge until they have one parent, shape (m,) each."""
    a, b = boxes.source.astype(np.int64), boxes.target.astype(np.int64)
    rows = np.flatnonzero(boxes.parent[a] != boxes.parent[b])
    while len(rows):
        depth_a, depth_b = depth[a[rows]], depth[b[rows]]
        up_a, up_b = rows[depth_a >= depth_b], rows[depth_b >= depth_a]
        a[up_a], b[up_b] = boxes.parent[a[up_a]], boxes.parent[b[up_b]]
        rows = rows[boxes.parent[a[rows]] != boxes.parent[b[rows]]]
    return a, b


def mark_back_edges(boxes: Boxes, depth: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Mark self-loops and the edges that close a cycle among siblings.

    Returns
    -------
    bool array, shape (m,)
        Without them no group holds a cycle of its members.
    """
    n = len(boxes.parent)
    a, b = sibling_ends(boxes, depth)
    is_back = a == b
    rows = np.flatnonzero(~is_back)
    ptr, by_source = group_rows(a[rows], n)
    rows = rows[by_source]
    upper, lower = a[rows], b[rows]
    n_in = np.bincount(lower, minlength=n)
    starts = np.argsort(n_in > 0, kind="stable")  # sources first, each in the order of the file
    by_search = back_edges(ptr, lower, starts)
    if by_search.any():
        label = strong_components(ptr, lower)
        against_file = (label[upper] == label[lower]) & (upper > lower)
        by_search = _fewer(by_search, against_file, label[upper])
    is_back[rows] = by_search
    marks: NDArray[np.bool_] = is_back
    return marks


def _fewer(
    by_search: NDArray[np.bool_], against_file: NDArray[np.bool_], label: Ints
) -> NDArray[np.bool_]:
    """In each strongly connected component take the marks that are fewer; if equal, the file's."""
    n_search = np.bincount(label, weights=by_search)
    n_file = np.bincount(label, weights=against_file)
    marks: NDArray[np.bool_] = np.where((n_file <= n_search)[label], against_file, by_search)
    return marks
