"""Phase: give each rank its band of y, and pack connected components into the scope.

Components that hold ports stand side by side, each from the top border to the
bottom one; the others are packed beside them so that the whole is about 1.6
times as wide as high.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from graphs.kernels.shelves import pack_shelves
from graphs.layout.chains import Proper
from graphs.layout.csr import Ints
from graphs.layout.scope import Bools, Floats, Scope, Spacing

ASPECT = 1.6  # width to height
STEEP_GAP = 0.12  # share of the longest horizontal way that a gap between ranks gets as height
MAX_GAP = 3.0  # times the gap that the options ask for


@dataclass(frozen=True, slots=True, eq=False)
class Bands:
    """Where ranks and components lie in the scope.

    Attributes
    ----------
    top, bottom : float64 array, shape (n_ranks,)
    part_x : float64 array, shape (n_parts,)
        To be added to x.
    width, height : float
        Of the scope's box.
    """

    top: Floats
    bottom: Floats
    part_x: Floats
    width: float
    height: float


def stack_ranks(
    scope: Scope, proper: Proper, spacing: Spacing, x: Floats, reach_right: Floats, wish: Floats
) -> Bands:
    """Return the bands.

    Parameters
    ----------
    scope : Scope
    proper : Proper
    spacing : Spacing
    x : float64 array, shape (n,)
        Centres; each part starts at 0.
    reach_right : float64 array, shape (n,)
    wish : float64 array, shape (n_parts,)
        Parts with ports stand in this order from left to right.
    """
    n_ranks = len(proper.rank_ptr) - 1
    n_parts = len(proper.part_ptr) - 1
    part_of_rank = np.repeat(np.arange(n_parts), np.diff(proper.part_ptr))
    in_ranks, out_ranks = _port_ranks(scope, proper)
    height = np.zeros(n_ranks)
    np.maximum.at(height, proper.rank[: scope.n_members], scope.height)
    step = height + _gaps(proper, spacing, x)
    step[in_ranks] = 0.0
    top = np.cumsum(step) - step
    top -= top[proper.part_ptr[:-1]][part_of_rank]
    part_height = np.zeros(n_parts)
    is_port_rank = np.zeros(n_ranks, dtype=bool)
    is_port_rank[in_ranks], is_port_rank[out_ranks] = True, True
    own = np.flatnonzero(~is_port_rank)
    np.maximum.at(part_height, part_of_rank[own], (top + height)[own])
    part_width = np.zeros(n_parts)
    np.maximum.at(part_width, proper.part, x + reach_right)
    has_ports = np.zeros(n_parts, dtype=bool)
    has_ports[part_of_rank[is_port_rank]] = True
    part_x, part_y, size = _pack(part_width, part_height, (has_ports, wish), spacing)
    above = max(spacing.pad_y[0], spacing.rank_gap) if scope.n_in else spacing.pad_y[0]
    below = max(spacing.pad_y[1], spacing.rank_gap) if scope.n_out else spacing.pad_y[1]
    total_width = max(size[0] + sum(spacing.pad_x), scope.min_width)
    total_height = max(above + size[1] + below, scope.min_height)
    spare = total_width - size[0] - sum(spacing.pad_x)
    top += part_y[part_of_rank] + above
    bottom = top + height
    top[in_ranks] = bottom[in_ranks] = 0.0
    top[out_ranks] = bottom[out_ranks] = total_height
    return Bands(top, bottom, part_x + spacing.pad_x[0] + 0.5 * spare, total_width, total_height)


def _port_ranks(scope: Scope, proper: Proper) -> tuple[Ints, Ints]:
    first_out = scope.n_members + scope.n_in
    ranks = proper.rank
    return (
        np.unique(ranks[scope.n_members : first_out]),
        np.unique(ranks[first_out : scope.n_vertices]),
    )


def _gaps(proper: Proper, spacing: Spacing, x: Floats) -> Floats:
    """Return the gap below each rank: wider where edges go far across, so that they can turn."""
    across = np.zeros(len(proper.rank_ptr) - 1)
    way = np.abs(x[proper.upper] + proper.upper_x - x[proper.lower] - proper.lower_x)
    np.maximum.at(across, proper.rank[proper.upper], way)
    return np.clip(STEEP_GAP * across, spacing.rank_gap, MAX_GAP * spacing.rank_gap)


def _pack(
    width: Floats, height: Floats, ports: tuple[Bools, Floats], spacing: Spacing
) -> tuple[Floats, Floats, tuple[float, float]]:
    """Return where each part goes, and the size of all."""
    x, y = np.zeros(len(width)), np.zeros(len(width))
    gap = max(spacing.node_gap, spacing.rank_gap)
    has_ports, wish = ports
    in_row, others = np.flatnonzero(has_ports), np.flatnonzero(~has_ports)
    in_row = in_row[np.argsort(wish[in_row], kind="stable")]
    steps = width[in_row] + spacing.node_gap
    x[in_row] = np.cumsum(steps) - steps
    row_width, row_height = float(steps.sum()), float(height[in_row].max(initial=0.0))
    if len(others) == 1 and not len(in_row):
        return x, y, (float(width[0]), float(height[0]))
    if len(others):
        area = float(np.sum((width[others] + gap) * (height[others] + gap)))
        wanted = max(math.sqrt(ASPECT * area), float(width[others].max()))
        order = np.argsort(-height[others], kind="stable")
        x[others], y[others] = pack_shelves(order, width[others], height[others], wanted, gap)
        x[others] += row_width + (gap - spacing.node_gap if len(in_row) else 0.0)
    total = float((x + width).max()), float(max((y + height).max(), row_height))
    return x, y, total
