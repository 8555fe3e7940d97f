"""Phase: give each vertex its rank, so that every edge points to a higher one.

Longest path makes the fewest ranks; tightening then pulls constants and other
loose ends towards their consumers, and network simplex goes on from there to
the least total edge length where the graph is not too large. Each connected
component has ranks of its own, numbered one component after the other: so
components never share a rank, and all later phases treat them at once. Ports at
the top are alone on the first rank of their component, ports at the bottom
alone on the last.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphs.errors import LayoutError
from graphs.kernels.ranks import longest_path, share_ways, tighten
from graphs.kernels.simplex import network_simplex
from graphs.kernels.topology import components, topological_order
from graphs.layout.csr import Ints, group_rows
from graphs.layout.scope import Bools, Scope

TIGHTEN_ROUNDS = 8  # in practice two or three suffice
MAX_LANES = 8  # ranks passed for each vertex; beyond it copies of a value share its lane
MAX_SIMPLEX_STEPS = 10_000_000  # of the innermost loop: some 30 ms


@dataclass(frozen=True, slots=True, eq=False)
class Ranks:
    """Ranks of v vertices in parts (connected components).

    Attributes
    ----------
    rank : int64 array, shape (v,)
        Unique to the part.
    part : int64 array, shape (v,)
    part_ptr : int64 array, shape (n_parts + 1,)
        Ranks of each part.
    """

    rank: Ints
    part: Ints
    part_ptr: Ints

    @property
    def n_parts(self) -> int:
        """Number of connected components."""
        return len(self.part_ptr) - 1


def rank_vertices(scope: Scope, rows: Ints) -> Ranks:
    """Return the ranks.

    Parameters
    ----------
    scope : Scope
    rows : int64 array
        Edges that are not self-loops.

    Raises
    ------
    LayoutError
        The edges hold a cycle.
    """
    v, n = scope.n_vertices, scope.n_members
    src, dst = scope.src[rows], scope.dst[rows]
    part, n_parts = components(v, src, dst)
    out_ptr, by_src = group_rows(src, v)
    in_ptr, by_dst = group_rows(dst, v)
    out_dst, in_src = dst[by_src], src[by_dst]
    order = topological_order(out_ptr, out_dst)
    if len(order) < v:
        raise LayoutError("ranking", f"{v - len(order)} vertices lie on a cycle")
    is_in, is_out = _port_masks(scope)
    has_in = np.zeros(n_parts, dtype=np.int64)
    has_in[part[is_in]] = 1
    rank = longest_path(order, out_ptr, out_dst, np.where(is_in, 0, has_in[part]))
    last = np.zeros(n_parts, dtype=np.int64)
    np.maximum.at(last, part[:n], rank[:n])
    rank[is_out] = last[part[is_out]] + 1
    tighten(rank, order, out_ptr, out_dst, in_ptr, in_src, is_in | is_out, TIGHTEN_ROUNDS)
    _reach_optimum(rank, src, dst, part, (is_in, is_out))
    net = nets_of(scope, rows)
    if _n_passed(rank, src, dst, net) > MAX_LANES * v:
        out_arcs = (out_ptr, out_dst, net[by_src])
        share_ways(rank, order, *out_arcs, in_ptr, in_src, net[by_dst], is_in | is_out)
    return _by_part(rank, part, n_parts)


def _n_passed(rank: Ints, src: Ints, dst: Ints, net: Ints) -> int:
    """Return how many ranks nets pass in all: the dummies that they will need."""
    passed = np.zeros(int(net.max(initial=-1)) + 1, dtype=np.int64)
    np.maximum.at(passed, net, rank[dst] - rank[src] - 1)
    return int(passed.sum())


def nets_of(scope: Scope, rows: Ints) -> Ints:
    """Return the net of each edge, numbered as they come: edges of one value are one net."""
    is_first = np.zeros(len(rows), dtype=bool)
    src, port = scope.src[rows], scope.src_port[rows]
    is_first[1:] = (np.diff(src) != 0) | (np.diff(port) != 0)
    nets: Ints = np.cumsum(is_first)
    return nets


def _reach_optimum(
    rank: Ints, src: Ints, dst: Ints, part: Ints, ports: tuple[Bools, Bools]
) -> None:
    """Improve ranks in place; the ports of a part at one border move as one vertex."""
    is_in, is_out = ports
    vertex = np.arange(len(rank))
    for is_port in ports:
        rows = np.flatnonzero(is_port)
        first = np.full(len(rank), len(rank))
        np.minimum.at(first, part[rows], rows)
        vertex[rows] = first[part[rows]]
    network_simplex(rank, vertex[src], vertex[dst], MAX_SIMPLEX_STEPS)
    inner = ~(is_in | is_out)
    low = np.full(len(rank), np.iinfo(np.int64).max)
    high = np.full(len(rank), np.iinfo(np.int64).min)
    np.minimum.at(low, part[inner], rank[inner])
    np.maximum.at(high, part[inner], rank[inner])
    rank[is_in], rank[is_out] = low[part[is_in]] - 1, high[part[is_out]] + 1
    rank -= rank.min(initial=0)


def _port_masks(scope: Scope) -> tuple[Bools, Bools]:
    index = np.arange(scope.n_vertices)
    is_out = index >= scope.n_members + scope.n_in
    return (index >= scope.n_members) & ~is_out, is_out


def _by_part(rank: Ints, part: Ints, n_parts: int) -> Ranks:
    """Close empty ranks and number those of each part after those of the part before."""
    height = int(rank.max(initial=0)) + 1
    used, dense = np.unique(part * height + rank, return_inverse=True)
    part_ptr = np.searchsorted(used, np.arange(n_parts + 1) * height)
    return Ranks(dense.reshape(-1).astype(np.int64), part, part_ptr.astype(np.int64))
