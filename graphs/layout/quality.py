"""How good a drawing is: crossings and edge length, measured on the drawn paths.

Apart from the phases because it looks at the result alone, as a reader does: it
can judge any drawing that is written as a `Layout`, another engine's too.
Nothing that makes a layout imports it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphs.kernels.drawn_crossings import (
    count_between_rungs,
    count_inversions,
    count_tied_inversions,
)
from graphs.layout.contract import Layout
from graphs.layout.csr import Ints, pointers, spread_ranges
from graphs.layout.scope import Bools, Floats

PIECES = 16  # straight pieces of a bent curve; a power of two, so that points at k / 16 are exact
FLAT = 0.01  # world units: a curve that strays less from its chord is one piece
CHUNK = 100_000  # curves that are cut into pieces at a time
MAX_SEGMENTS = 20_000_000  # about 3 GB of columns: of more bent curves each is cut less finely


@dataclass(frozen=True, slots=True)
class Crossings:
    """How often edges of different values cross in a drawing.

    Attributes
    ----------
    n : int
        What a reader sees: where edges of one value share their way, it counts once.
    n_by_pairs : int
        Pairs of edges, as if each were drawn alone: to compare with engines that do that.
    """

    n: int
    n_by_pairs: int


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """k straight segments, each once for its value.

    `ends` float64 (k, 4): x, y, x, y. `is_end` bool (k, 2): the path ends there.
    `value` int64 (k,). `weight` int64 (k,): how many edges run along it.
    """

    ends: Floats
    is_end: Bools
    value: Ints
    weight: Ints


def edge_length(layout: Layout) -> float:
    """Return the sum of the lengths of all edges in world units, each edge taken alone."""
    curves, _ = _curves(layout)
    total = 0.0
    for points in _pieces(curves, PIECES):
        total += float(np.hypot(*np.moveaxis(np.diff(points, axis=1), 2, 0)).sum())
    return total


def crossings(
    layout: Layout, source: NDArray[np.int32], source_slot: NDArray[np.int32]
) -> Crossings:
    """Count the points where edges of different values properly cross.

    Edges with equal (source, slot) carry one value and do not count against
    each other. An edge that ends on another, or in the same point, crosses nothing.

    Parameters
    ----------
    layout : Layout
        Its paths are all that is looked at.
    source, source_slot : int32 array, shape (m,)
        As in `Boxes`.

    Notes
    -----
    Curves are cut into straight pieces. Those that begin and end at the same y
    are counted by their orders at both, O(n log n) however many cross; others are
    compared where they overlap. In a drawing from left to right x and y change
    places for that.
    """
    if not len(source):
        return Crossings(0, 0)
    curves, edge = _curves(layout)
    if _runs_across(curves):
        curves = curves[:, :, ::-1].copy()
    width = int(source_slot.max()) + 2
    _, value = np.unique(source.astype(np.int64) * width + source_slot + 1, return_inverse=True)
    lines = _lines(curves, value.reshape(-1)[edge], _path_ends(edge))
    return _count(lines)


def _curves(layout: Layout) -> tuple[NDArray[np.float32], Ints]:
    """Return the control points of every curve, (c, 4, 2), and the edge of each."""
    n_curves = np.maximum(np.diff(layout.path_ptr.astype(np.int64)) - 1, 0) // 3
    edge, nth = spread_ranges(n_curves)
    first = layout.path_ptr[edge] + 3 * nth
    return layout.path_points[first[:, None] + np.arange(4)], edge


def _runs_across(curves: NDArray[np.float32]) -> bool:
    """Tell whether most curves set out more to a side than up or down."""
    dx, dy = np.abs(curves[:, 1] - curves[:, 0]).T
    return bool(np.count_nonzero(dx > 1.001 * dy) > np.count_nonzero(dy > 1.001 * dx))


def _path_ends(edge: Ints) -> Bools:
    """Mark the curves that begin and that end a path, (c, 2)."""
    ends = np.ones((len(edge), 2), dtype=bool)
    ends[1:, 0] = ends[:-1, 1] = edge[1:] != edge[:-1]
    return ends


def _is_flat(curves: NDArray[np.float32]) -> Bools:
    """Mark curves that are as good as their chord: nowhere aside of it, nor beyond its ends."""
    points = curves.astype(np.float64) - curves[:, :1]
    chord = points[:, 3]
    length = np.hypot(chord[:, 0], chord[:, 1])
    safe = np.maximum(length, FLAT)
    flat: Bools = length > 0
    for k in (1, 2):
        x, y = points[:, k, 0], points[:, k, 1]
        aside = np.abs(chord[:, 0] * y - chord[:, 1] * x) / safe
        along = (chord[:, 0] * x + chord[:, 1] * y) / safe
        flat &= (aside <= FLAT) & (along >= -FLAT) & (along <= length + FLAT)
    return flat


def _pieces(curves: NDArray[np.float32], n_pieces: int) -> Iterator[Floats]:
    """Yield points along the curves, chunk by chunk, (c, n_pieces + 1, 2)."""
    t = np.arange(n_pieces + 1) / n_pieces
    basis = ((1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3)
    for start in range(0, len(curves), CHUNK):
        chunk = curves[start : start + CHUNK].astype(np.float64)
        points = np.zeros((len(chunk), n_pieces + 1, 2))
        for k in range(4):
            points += basis[k][None, :, None] * chunk[:, k, None, :]
        yield points


def _lines(curves: NDArray[np.float32], value: Ints, is_end: Bools) -> _Lines:
    """Cut curves into straight pieces; what edges of one value share is there once."""
    is_flat = _is_flat(curves)
    chords = curves[:, [0, 3]].astype(np.float64)
    is_level = is_flat & np.any(chords[:, 0] == chords[:, 1], axis=1)
    level, bent = np.flatnonzero(is_level), np.flatnonzero(~is_level)
    bent, weight = _distinct(curves, value, bent)
    is_chord = is_flat[bent]
    sloped, round_ = bent[is_chord], bent[~is_chord]
    parts = [
        _level_lines(chords[level], value[level], is_end[level]),
        _Lines(chords[sloped].reshape(-1, 4), is_end[sloped], value[sloped], weight[is_chord]),
        _round_lines(curves[round_], value[round_], is_end[round_], weight[~is_chord]),
    ]
    return _Lines(
        np.concatenate([part.ends for part in parts]),
        np.concatenate([part.is_end for part in parts]),
        np.concatenate([part.value for part in parts]),
        np.concatenate([part.weight for part in parts]),
    )


def _distinct(curves: NDArray[np.float32], value: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Return one row of each set of equal curves of one value, and how many there are."""
    own = np.ascontiguousarray(curves[rows].reshape(-1, 8)).view(np.int64)
    keys = np.column_stack([value[rows], own])
    order = np.lexsort(keys.T)
    is_new = np.ones(len(rows), dtype=bool)
    is_new[1:] = np.any(keys[order[1:]] != keys[order[:-1]], axis=1)
    starts = np.flatnonzero(is_new)
    return rows[order[starts]], np.diff(starts, append=len(rows))


def _round_lines(curves: NDArray[np.float32], value: Ints, is_end: Bools, weight: Ints) -> _Lines:
    """Cut bent curves into pieces."""
    n_pieces = PIECES
    while n_pieces > 1 and n_pieces * len(curves) > MAX_SEGMENTS:
        n_pieces //= 2
    points = np.concatenate([np.zeros((0, n_pieces + 1, 2)), *_pieces(curves, n_pieces)])
    ends = np.zeros((len(curves), n_pieces, 2), dtype=bool)
    ends[:, 0, 0], ends[:, -1, 1] = is_end[:, 0], is_end[:, 1]
    return _Lines(
        np.concatenate([points[:, :-1], points[:, 1:]], axis=2).reshape(-1, 4),
        ends.reshape(-1, 2),
        np.repeat(value, n_pieces),
        np.repeat(weight, n_pieces),
    )


def _level_lines(chords: Floats, value: Ints, is_end: Bools) -> _Lines:
    """Cut vertical and horizontal lines of one value where any of them ends, and merge the rest.

    Edges of a value run along one line and leave it one after the other, so they
    share stretches but not whole curves.
    """
    axis = (chords[:, 0, 0] == chords[:, 1, 0]).astype(np.int64)  # that the line runs along
    row = np.arange(len(chords))
    at = np.concatenate([chords[row, 0, axis], chords[row, 1, axis]])
    step = np.where(chords[row, 0, axis] < chords[row, 1, axis], 1, -1)
    line = _numbered(value, axis, chords[row, 0, 1 - axis])
    order = np.lexsort((at, np.tile(line, 2)))
    n_open = np.cumsum(np.concatenate([step, -step])[order])
    owner, at = np.tile(row, 2)[order], at[order]
    is_new = np.ones(len(order), dtype=bool)
    is_new[1:] = (np.diff(at) != 0) | (np.diff(np.tile(line, 2)[order]) != 0)
    point = np.cumsum(is_new) - 1
    is_last = np.append(is_new[1:], True)[: len(order)]
    after = n_open[is_last]
    before = np.append(0, after)[:-1]
    # Where an edge ends and others of its value run on, the line does not end.
    is_stop = np.bincount(point, weights=is_end.T.reshape(-1)[order]) > 0
    is_stop &= (before == 0) | (after == 0)
    low = np.flatnonzero(is_last & (n_open > 0))
    who = owner[low]
    ends = np.empty((len(low), 2, 2))
    every = np.arange(len(low))
    ends[every, :, axis[who]] = np.stack([at[low], at[low + 1]], axis=1)
    ends[every, :, 1 - axis[who]] = chords[who, 0, 1 - axis[who]][:, None]
    stops = np.stack([is_stop[point[low]], is_stop[point[low] + 1]], axis=1)
    return _Lines(ends.reshape(-1, 4), stops, value[who], n_open[low])


def _numbered(*columns: NDArray[np.generic]) -> Ints:
    """Return a number for each distinct row of the columns."""
    order = np.lexsort(columns)
    is_new = np.zeros(len(order), dtype=bool)
    for column in columns:
        is_new[1:] |= column[order[1:]] != column[order[:-1]]
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.cumsum(is_new)
    return number


def _count(lines: _Lines) -> Crossings:
    """Count within rungs and between them."""
    # The upper end first; of level segments the left one.
    x0, y0, x1, y1 = lines.ends.T
    is_turned = (y0 > y1) | ((y0 == y1) & (x0 > x1))
    ends = np.where(is_turned[:, None], lines.ends[:, [2, 3, 0, 1]], lines.ends)
    is_end = np.where(is_turned[:, None], lines.is_end[:, ::-1], lines.is_end)
    rung = _numbered(ends[:, 3], ends[:, 1] == ends[:, 3], ends[:, 1])
    lines = _Lines(ends, is_end, lines.value, lines.weight)
    within, between = _within_rungs(lines, rung), _between_rungs(lines, rung)
    return Crossings(int(within[0] + between[0]), int(within[1] + between[1]))


def _within_rungs(lines: _Lines, rung: Ints) -> tuple[int, int]:
    """Count what changes its order between the upper and the lower end of a rung."""
    rows = np.flatnonzero(lines.ends[:, 1] < lines.ends[:, 3])
    upper = rows[np.lexsort((lines.value[rows], lines.ends[rows, 0], rung[rows]))]
    lower = rows[np.lexsort((lines.value[rows], lines.ends[rows, 2], rung[rows]))]
    upper_place, lower_place = (np.empty(len(rung), dtype=np.int64) for _ in range(2))
    upper_place[upper] = lower_place[lower] = np.arange(len(rows))
    ptr = pointers(rung[rows], int(rung.max(initial=0)) + 1)
    found = np.array(count_inversions(lower_place[upper], lines.weight[upper], ptr))
    of_value = _numbered(lines.value[upper], rung[upper])
    alike = upper[np.argsort(of_value, kind="stable")]
    groups = pointers(of_value, int(of_value.max(initial=0)) + 1)
    found -= count_inversions(lower_place[alike], lines.weight[alike], groups)
    for end, order, place in ((0, upper, lower_place), (1, lower, upper_place)):
        found -= count_tied_inversions(
            lines.ends[order, 2 * end],
            lines.is_end[order, end],
            lines.value[order],
            lines.weight[order],
            place[order],
            ptr,
        )
    return int(found[0]), int(found[1])


def _between_rungs(lines: _Lines, rung: Ints) -> tuple[int, int]:
    left = np.minimum(lines.ends[:, 0], lines.ends[:, 2])
    right = np.maximum(lines.ends[:, 0], lines.ends[:, 2])
    order = np.lexsort((left, rung))
    ptr = pointers(rung, int(rung.max(initial=0)) + 1)
    starts, left, right = ptr[:-1], left[order], right[order]
    reach = [
        np.minimum.reduceat(left, starts),
        np.maximum.reduceat(right, starts),
        np.maximum.reduceat(right - left, starts),
    ]
    return count_between_rungs(
        lines.ends[order],
        lines.is_end[order],
        lines.value[order],
        lines.weight[order],
        ptr,
        np.stack(reach, axis=1),
    )
