"""Phase: give each vertex its x. Straight blocks first, then as short as they can be.

In the place of Brandes-Köpf's four alignments there is one, by priority:
chains of dummies, then box to box, then mixed edges become straight vertical
blocks. So a long chain of operators is one straight line, and what skips it
runs beside it. Blocks are compacted between their leftmost and rightmost
places and then relaxed to weighted medians of their neighbours. Linear a round,
but for the medians.
"""

from __future__ import annotations

import numpy as np

from graphs.kernels.blocks import CLASS_WEIGHT, align, block_arcs, compact, relax
from graphs.kernels.topology import topological_order
from graphs.layout.chains import Proper, Sides
from graphs.layout.csr import Ints, group_rows
from graphs.layout.scope import Floats

RELAX_ROUNDS = 12


def place_vertices(
    proper: Proper,
    order: Ints,
    sides: tuple[Sides, Sides],
    reach: tuple[Floats, Floats],
    gap: Floats,
) -> Floats:
    """Return x of the centre of each vertex; each part starts at 0.

    Parameters
    ----------
    proper : Proper
    order : int64 array, shape (n,)
        Vertices rank by rank from left to right.
    sides : tuple of Sides
        Unit edges by upper and by lower end.
    reach : tuple of float64 arrays, shape (n,)
        How far a vertex reaches to the left and to the right of its centre.
    gap : float64 array, shape (n,)
        Free space that it wants; between two, the mean of both.
    """
    below, above = sides
    edge_class = _edge_classes(proper)
    chosen = align(
        order, proper.rank_ptr, below.ptr, proper.lower[below.rows], edge_class[below.rows],
        above.ptr, proper.upper[above.rows], edge_class[above.rows],
    )  # fmt: skip
    block, shift = _blocks(proper, chosen, above)
    n_blocks = int(block.max(initial=-1)) + 1
    tail, head, distance = block_arcs(order, proper.rank_ptr, block, shift, *reach, gap)
    out_ptr, by_tail = group_rows(tail, n_blocks)
    in_ptr, by_head = group_rows(head, n_blocks)
    out_arcs = (out_ptr, head[by_tail], distance[by_tail])
    block_order = topological_order(*out_arcs[:2])
    x = compact(
        block_order,
        *out_arcs,
        *_block_reach(block, n_blocks, shift, reach),
        _of_block(block, n_blocks, proper.part),
        len(proper.part_ptr) - 1,
    )
    in_arcs = (in_ptr, tail[by_head], distance[by_head])
    pulls = _pulls(proper, block, shift, edge_class, n_blocks)
    arrays = (*out_arcs, *in_arcs, *pulls)
    relax(x, block_order, *arrays, RELAX_ROUNDS)
    return _from_zero(x[block] + shift, reach[0], proper)


def ways_across(
    proper: Proper,
    order: Ints,
    sides: tuple[Sides, Sides],
    reach: tuple[Floats, Floats],
    gap: Floats,
) -> Floats:
    """Return how far the unit edges of each part go across, float64, shape (n_parts,).

    Parameters as for `place_vertices`.
    """
    x = place_vertices(proper, order, sides, reach, gap)
    away = np.abs(x[proper.upper] + proper.upper_x - x[proper.lower] - proper.lower_x)
    total = np.zeros(len(proper.part_ptr) - 1)
    np.add.at(total, proper.part[proper.upper], away)
    return total


def _edge_classes(proper: Proper) -> Ints:
    """Return 0 for edges between dummies, 1 between boxes or ports, 2 for mixed ones."""
    upper, lower = proper.upper >= proper.n_real, proper.lower >= proper.n_real
    return np.where(upper == lower, np.where(upper, 0, 1), 2)


def _blocks(proper: Proper, chosen: Ints, above: Sides) -> tuple[Ints, Floats]:
    """Return the block of each vertex and its x in the block.

    Where a vertex is entered lies on the block's line. An expanded group that is
    left elsewhere bends the edge that leaves it, and what follows returns to the
    line; else a pile of groups would wander off to one side. Follows the chosen
    edges by pointer jumping: the number of steps is the logarithm of the longest
    block.
    """
    n = proper.n
    root = np.arange(n)
    shift = np.zeros(n)
    rows = np.flatnonzero(chosen >= 0)
    edge = above.rows[chosen[rows]]
    root[rows] = proper.upper[edge]
    shift[root[rows]] = -proper.upper_x[edge]  # stays for what has no edge up in its block
    shift[rows] = -proper.lower_x[edge]
    while True:
        further = root[root]
        if np.array_equal(further, root):
            break
        root = further
    is_root = root == np.arange(n)
    return (np.cumsum(is_root) - 1)[root], shift


def _of_block(block: Ints, n_blocks: int, value: Ints) -> Ints:
    result = np.zeros(n_blocks, dtype=np.int64)
    result[block] = value
    return result


def _block_reach(
    block: Ints, n_blocks: int, shift: Floats, reach: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    left, right = np.full(n_blocks, -np.inf), np.full(n_blocks, -np.inf)
    np.maximum.at(left, block, reach[0] - shift)
    np.maximum.at(right, block, reach[1] + shift)
    return left, right


def _pulls(
    proper: Proper, block: Ints, shift: Floats, edge_class: Ints, n_blocks: int
) -> tuple[Ints, Ints, Floats, Floats]:
    """Return the unit edges between blocks, by each of their ends, as wishes for x."""
    a, b = block[proper.upper], block[proper.lower]
    rows = np.flatnonzero(a != b)
    at_upper = shift[proper.upper[rows]] + proper.upper_x[rows]
    at_lower = shift[proper.lower[rows]] + proper.lower_x[rows]
    owner = np.concatenate([a[rows], b[rows]])
    other = np.concatenate([b[rows], a[rows]])
    offset = np.concatenate([at_lower - at_upper, at_upper - at_lower])
    weight = np.tile(np.array(CLASS_WEIGHT)[edge_class[rows]], 2)
    ptr, order = group_rows(owner, n_blocks)
    return ptr, other[order], offset[order], weight[order]


def _from_zero(x: Floats, reach_left: Floats, proper: Proper) -> Floats:
    """Move each part so that its leftmost border is at 0."""
    least = np.full(len(proper.part_ptr) - 1, np.inf)
    np.minimum.at(least, proper.part, x - reach_left)
    moved: Floats = x - least[proper.part]
    return moved
