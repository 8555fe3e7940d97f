"""Phase: cut long edges at each rank they pass, by dummies.

One chain serves all edges of a value (a net): it runs from the source down to
the rank above the farthest target, and each target hangs on it. So the number
of dummies grows with the depth of the graph times the values that are alive,
not with their consumers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.errors import LayoutError
from graphs.kernels.crossings import SOFT
from graphs.layout.csr import Ints, group_rows, pointers, spread_ranges
from graphs.layout.ranking import Ranks, nets_of
from graphs.layout.scope import Bools, Floats, Scope
from graphs.layout.skeleton import Arrangement

MAX_VERTICES = 20_000_000  # about 4 GB of columns; a file may ask for more


@dataclass(frozen=True, slots=True, eq=False)
class Proper:
    """A graph whose u unit edges join neighbouring ranks: v vertices, then d dummies.

    Attributes
    ----------
    n_real : int
        v, members and ports.
    n_ports : int
        The last of these.
    rank, part : int64 array, shape (v + d,)
    rank_ptr : int64 array, shape (n_ranks + 1,)
        Vertices of a rank in any order of vertices by rank.
    part_ptr : int64 array, shape (n_parts + 1,)
    upper, lower : int64 array, shape (u,)
        Ends of the unit edges.
    upper_x, lower_x : float64 array, shape (u,)
        Where a unit edge meets its ends, from their centres.
    upper_port, lower_port : float64 array, shape (u,)
        Place of the port among those of the end, a fraction in (0, 1).
    net_src : int64 array, shape (k,)
        Source of each net.
    net_first : int64 array, shape (k,)
        First dummy of each net.
    edge_net : int64 array, shape (e,)
        Net of each edge that is not a loop.
    edge_unit : int64 array, shape (e,)
        Unit edge that ends at the target.
    unit_net : int64 array, shape (u,)
    """

    n_real: int
    n_ports: int
    rank: Ints
    part: Ints
    rank_ptr: Ints
    part_ptr: Ints
    upper: Ints
    lower: Ints
    upper_x: Floats
    lower_x: Floats
    upper_port: Floats
    lower_port: Floats
    net_src: Ints
    net_first: Ints
    edge_net: Ints
    edge_unit: Ints
    unit_net: Ints

    @property
    def n(self) -> int:
        """Vertices with dummies."""
        return len(self.rank)


def add_dummies(scope: Scope, rows: Ints, ranks: Ranks | Arrangement) -> Proper:
    """Return the proper graph.

    Parameters
    ----------
    scope : Scope
    rows : int64 array, shape (e,)
        Edges that are not self-loops, in their order.
    ranks : Ranks or Arrangement

    Raises
    ------
    LayoutError
        It would have more than `MAX_VERTICES` vertices.
    """
    rank, v = ranks.rank, scope.n_vertices
    src, dst = scope.src[rows], scope.dst[rows]
    net = nets_of(scope, rows)
    is_first = np.diff(net, prepend=-1) > 0
    net_src = src[is_first]
    far = np.zeros(len(net_src), dtype=np.int64)
    np.maximum.at(far, net, rank[dst])
    n_dummies = np.maximum(far - rank[net_src] - 1, 0)
    if v + int(n_dummies.sum()) > MAX_VERTICES:
        raise LayoutError("chains", f"edges pass {int(n_dummies.sum()):,} ranks in all")
    dummy_net, step = spread_ranges(n_dummies)
    net_first = v + np.cumsum(n_dummies) - n_dummies
    all_rank = np.concatenate([rank, rank[net_src[dummy_net]] + 1 + step])
    hop = rank[dst] - rank[src] - 1  # dummies before the target
    ends = (_source_ends(scope, rows), _target_ends(scope, rows))
    inner = _chain_units(v, dummy_net, step, net_src, *(c[is_first] for c in ends[0]))
    last = _last_units(src, dst, hop, net_first[net], *ends)
    units = [np.concatenate(pair) for pair in zip(inner, last, strict=True)]
    upper, lower, upper_x, lower_x, upper_port, lower_port = units
    return Proper(
        n_real=v,
        n_ports=scope.n_in + scope.n_out,
        rank=all_rank,
        part=np.concatenate([ranks.part, ranks.part[net_src[dummy_net]]]),
        rank_ptr=pointers(all_rank, int(ranks.part_ptr[-1])),
        part_ptr=ranks.part_ptr,
        upper=upper,
        lower=lower,
        upper_x=upper_x,
        lower_x=lower_x,
        upper_port=upper_port,
        lower_port=lower_port,
        net_src=net_src,
        net_first=net_first,
        edge_net=net,
        edge_unit=len(dummy_net) + np.arange(len(rows)),
        unit_net=np.concatenate([dummy_net, net]),
    )


def _chain_units(
    v: int, net: Ints, step: Ints, net_src: Ints, net_x: Floats, net_port: Floats
) -> list[NDArray[Any]]:
    """Return the unit edges that end at a dummy: ends, and where they meet them."""
    dummy = v + np.arange(len(net))
    starts = step == 0  # the first dummy of a chain hangs on the source
    return [
        np.where(starts, net_src[net], dummy - 1),
        dummy,
        np.where(starts, net_x[net], 0.0),
        np.zeros(len(dummy)),
        np.where(starts, net_port[net], 0.5),
        np.full(len(dummy), 0.5),
    ]


def _last_units(
    src: Ints,
    dst: Ints,
    hop: Ints,
    first: Ints,
    source_ends: tuple[Floats, Floats],
    target_ends: tuple[Floats, Floats],
) -> list[NDArray[Any]]:
    """Return the unit edges that end at a target: from the source itself or from a dummy."""
    is_short = hop == 0
    return [
        np.where(is_short, src, first + hop - 1),
        dst,
        np.where(is_short, source_ends[0], 0.0),
        target_ends[0],
        np.where(is_short, source_ends[1], 0.5),
        target_ends[1],
    ]


def _source_ends(scope: Scope, rows: Ints) -> tuple[Floats, Floats]:
    return _ends(
        scope, scope.src[rows], scope.src_port[rows], scope.is_src_ordered[rows], scope.src_x[rows]
    )


def _target_ends(scope: Scope, rows: Ints) -> tuple[Floats, Floats]:
    return _ends(
        scope,
        scope.dst[rows],
        scope.dst_port[rows],
        scope.is_dst_ordered[rows],
        scope.dst_x[rows],
        is_soft=not scope.is_strict,
    )


def _ends(
    scope: Scope, vertex: Ints, port: Ints, is_ordered: Bools, x: Floats, is_soft: bool = False
) -> tuple[Floats, Floats]:
    """Return where edges meet a vertex: x from its centre, and a fraction of its ports.

    Ports of a leaf are placed later; until then they count as its centre. Of soft
    ones the order of the slots remains as a difference that decides between equals.
    """
    n_ports = np.zeros(scope.n_vertices, dtype=np.int64)
    np.maximum.at(n_ports, vertex, port + 1)
    fraction = np.where(is_ordered, (port + 1) / (n_ports[vertex] + 1), 0.5)
    if is_soft:
        fraction = 0.5 + SOFT * (fraction - 0.5)
    is_fixed = ~np.isnan(x)
    width = np.concatenate([scope.width, np.ones(scope.n_in + scope.n_out)])[vertex]
    offset = np.where(is_fixed, x - 0.5 * width, 0.0)
    inside = np.clip(np.where(is_fixed, x, 0.0) / np.maximum(width, 1e-9), 0.001, 0.999)
    return offset, np.where(is_fixed, inside, fraction)


def net_lengths(proper: Proper) -> Ints:
    """Return the number of dummies of each net, shape (k,)."""
    return np.diff(np.append(proper.net_first, proper.n))


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """Unit edges in CSR form by one end, within it sorted by port.

    Attributes
    ----------
    ptr : int64 array, shape (n + 1,)
    rows : int64 array, shape (u,)
        Unit edges.
    """

    ptr: Ints
    rows: Ints


def edges_below(proper: Proper) -> Sides:
    """Return the unit edges by their upper end."""
    return _sides(proper.upper, proper.upper_port, proper.n)


def edges_above(proper: Proper) -> Sides:
    """Return the unit edges by their lower end."""
    return _sides(proper.lower, proper.lower_port, proper.n)


def _sides(end: Ints, port: Floats, n: int) -> Sides:
    by_port = np.argsort(port, kind="stable")
    ptr, rows = group_rows(end[by_port], n)
    return Sides(ptr, by_port[rows])
