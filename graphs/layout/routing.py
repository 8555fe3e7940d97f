"""Phase: place the ports of leaves and draw the edges of a scope.

A port moves along its border to where its edge comes from, as far as the order
of the slots lets it; so most edges end in a straight line. An edge runs
vertically through the ranks and turns only between them.
"""

from __future__ import annotations

import numpy as np

from graphs.kernels.paths import route
from graphs.kernels.ports import spread_ports
from graphs.layout.chains import Proper
from graphs.layout.csr import Ints, pointers
from graphs.layout.rows import Bands
from graphs.layout.scope import Bools, Floats, Scope

PORT_GAP = 10.0  # world units between neighbouring ports of a leaf
PORT_INSET = 0.12  # share of a border that stays free at both corners
LOOP_REACH, LOOP_STEP = 18.0, 8.0  # how far the first self-loop of a box goes, and each more


def loop_room(scope: Scope, loops: Ints) -> Floats:
    """Return what self-loops need at the right of each member, shape (n,).

    Parameters
    ----------
    scope : Scope
    loops : int64 array
        Edges that are self-loops.
    """
    count = np.bincount(scope.src[loops], minlength=scope.n_members)[: scope.n_members]
    reach = 0.75 * (LOOP_REACH + LOOP_STEP * (count - 1))  # where the curve turns
    return np.where(count > 0, reach, 0.0)


def draw_loops(scope: Scope, loops: Ints, x: Floats, y: Floats) -> Floats:
    """Return one curve for each self-loop at the right side of its box, shape (4 * k, 2).

    Parameters
    ----------
    scope : Scope
    loops : int64 array, shape (k,)
        Edges, sorted by box.
    x, y : float64 array, shape (n,)
        Top-left corners of the members.
    """
    box = scope.src[loops]
    index = np.arange(len(loops)) - np.searchsorted(box, box)
    count = np.bincount(box, minlength=scope.n_members)[box]
    right = x[box] + scope.width[box]
    reach = right + LOOP_REACH + LOOP_STEP * index
    apart = 0.3 * (index + 1) / count  # of the height, from the middle: loops enclose each other
    low = y[box] + scope.height[box] * (0.5 + apart)
    high = y[box] + scope.height[box] * (0.5 - apart)
    points = np.stack([right, low, reach, low, reach, high, right, high], axis=1)
    return points.reshape(-1, 2)


def draw_edges(
    scope: Scope, rows: Ints, proper: Proper, bands: Bands, x: Floats, y: Floats
) -> tuple[Ints, Floats]:
    """Return the paths of the edges that are not loops.

    Parameters
    ----------
    scope : Scope
    rows : int64 array, shape (e,)
        Edges that are not self-loops.
    proper : Proper
    bands : Bands
    x : float64 array, shape (n,)
        Centres of all vertices, in the scope.
    y : float64 array, shape (n_members,)
        Top of the members.

    Returns
    -------
    int64 array, shape (e + 1,)
    float64 array, shape (p, 2)
    """
    net_x = _source_ports(scope, rows, proper, x)
    end_x = _target_ports(scope, rows, proper, x, net_x[proper.edge_net])
    src, dst = proper.net_src, scope.dst[rows]
    n_ports = scope.n_in + scope.n_out
    low = np.concatenate([y + scope.height, np.zeros(n_ports)])[src]
    high = np.concatenate([y, np.full(n_ports, bands.height)])[dst]
    nets = (pointers(proper.edge_net, len(src)), proper.rank[src], proper.net_first)
    ends = (end_x, high, proper.rank[dst])
    arguments = (*nets, net_x, low, x, *ends, bands.top, bands.bottom)
    path_ptr, _ = route(*arguments, 0)
    return route(*arguments, int(path_ptr[-1]))


def _source_ports(scope: Scope, rows: Ints, proper: Proper, x: Floats) -> Floats:
    """Return x of the upper port of each net."""
    is_first = np.ones(len(rows), dtype=bool)
    is_first[1:] = np.diff(proper.edge_net) != 0
    net = rows[is_first]
    src = scope.src[net]
    # A value's port looks for the first hop that is nearest to straight below.
    hops = np.flatnonzero(proper.upper < proper.n_real)
    goal = x[proper.lower[hops]] + proper.lower_x[hops]
    away = np.abs(goal - x[proper.upper[hops]] - proper.upper_x[hops])
    nearest = hops[np.lexsort((away, proper.unit_net[hops]))]
    first = np.searchsorted(proper.unit_net[nearest], np.arange(len(net)))
    unit = nearest[first]
    wanted = x[proper.lower[unit]] + proper.lower_x[unit]
    fixed = x[src] + proper.upper_x[unit]
    return _spread(scope, src, scope.is_src_ordered[net], x, wanted, fixed)


def _target_ports(scope: Scope, rows: Ints, proper: Proper, x: Floats, start_x: Floats) -> Floats:
    """Return x of the lower end of each edge."""
    dst, unit = scope.dst[rows], proper.edge_unit
    upper = proper.upper[unit]
    wanted = np.where(upper < proper.n_real, start_x, x[upper])
    fixed = x[dst] + proper.lower_x[unit]
    order = np.lexsort((scope.dst_port[rows], dst))
    is_ordered = scope.is_dst_ordered[rows][order]
    if not scope.is_strict:
        is_ordered = is_ordered & ~_would_cross(dst[order], is_ordered, wanted[order])
    result = np.empty(len(rows))
    result[order] = _spread(scope, dst[order], is_ordered, x, wanted[order], fixed[order])
    return result


def _would_cross(box: Ints, is_ordered: Bools, wanted: Floats) -> Bools:
    """Mask over edges, sorted by box and slot: the slots of this box are against their ways."""
    rows = np.flatnonzero(is_ordered)
    is_against = (box[rows][1:] == box[rows][:-1]) & (np.diff(wanted[rows]) < 0)
    crossed = np.zeros(int(box.max(initial=-1)) + 1, dtype=bool)
    crossed[box[rows][1:][is_against]] = True
    return crossed[box]


def _spread(
    scope: Scope, box: Ints, is_ordered: Bools, x: Floats, wanted: Floats, fixed: Floats
) -> Floats:
    """Place ports that are sorted by box and slot; those of groups and borders are fixed."""
    n, n_ports = scope.n_members, scope.n_in + scope.n_out
    is_free = np.concatenate([~_is_group(scope), np.zeros(n_ports, dtype=bool)])[box]
    rows = np.flatnonzero(is_free)
    result = fixed.copy()
    inset = PORT_INSET * scope.width
    left = x[:n] - 0.5 * scope.width
    ptr = pointers(box[rows], n)
    result[rows] = spread_ports(
        ptr, wanted[rows], is_ordered[rows], left + inset, left + scope.width - inset, PORT_GAP
    )
    return result


def _is_group(scope: Scope) -> Bools:
    """Mask over members: expanded groups with ports."""
    is_group = np.zeros(scope.n_vertices, dtype=bool)
    is_group[scope.src[~np.isnan(scope.src_x)]] = True
    is_group[scope.dst[~np.isnan(scope.dst_x)]] = True
    return is_group[: scope.n_members]
