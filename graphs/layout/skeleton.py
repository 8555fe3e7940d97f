"""What of a scope stays as it is when groups in it are opened and closed.

Members of a scope get their ranks, and their order on a rank, from its *skeleton*: the scope as
if all groups in it were closed. So an expansion moves what is around the group apart, and turns
nothing round. It depends on the scope alone, not on what was drawn before: the same groups open
give the same drawing, in whatever order they were opened.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np

from graphs.layout.csr import Ints
from graphs.layout.scope import Bools, Floats, Scope


@dataclass(frozen=True, slots=True, eq=False)
class Skeleton:
    """A scope with closed groups, and what it says of the open ones.

    Attributes
    ----------
    scope : Scope
    vertex : int64 array, shape (n_vertices,)
        Vertex of `scope` for each vertex of the scope it was made of.
    edge : int64 array, shape (e,)
        The same for edges.
    port_place : int64 array, shape (scope.n_in + scope.n_out,)
        Place of each port among those of its border.
    """

    scope: Scope
    vertex: Ints
    edge: Ints
    port_place: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Arrangement:
    """Ranks and order of the vertices of a skeleton.

    Attributes
    ----------
    rank, part : int64 array, shape (v,)
    part_ptr : int64 array, shape (n_parts + 1,)
        As in `graphs.layout.ranking.Ranks`.
    place : int64 array, shape (v,)
        Place among all that is on the rank.
    edge_place : float64 array, shape (e, 2)
        Where each edge is on the rank below its source and on the rank above its target, as a
        share of that rank; port by port where it is a neighbour.
    """

    rank: Ints
    part: Ints
    part_ptr: Ints
    place: Ints
    edge_place: Floats

    @property
    def nbytes(self) -> int:
        """Size of the columns."""
        columns = (self.rank, self.part, self.part_ptr, self.place, self.edge_place)
        return sum(column.nbytes for column in columns)

    def at(self, vertex: Ints) -> Arrangement:
        """Return the arrangement of vertices that stand for those of the skeleton."""
        return replace(
            self, rank=self.rank[vertex], part=self.part[vertex], place=self.place[vertex]
        )


def skeleton_of(scope: Scope, is_group: Bools, port_place: Ints) -> Skeleton | None:
    """Return the skeleton of a scope, or None where it would be the scope itself.

    Parameters
    ----------
    scope : Scope
        Open groups as small as they can be.
    is_group : bool array, shape (n_members,)
        Groups, open or closed.
    port_place : int64 array, shape (n_in + n_out,)
        Place of each port of the scope among those of its border.
    """
    n = scope.n_members
    is_group = np.concatenate([is_group, np.zeros(scope.n_in + scope.n_out, dtype=bool)])
    src_port = np.where(is_group[scope.src], 0, scope.src_port)
    dst_port = np.where(is_group[scope.dst], 0, scope.dst_port)
    wide = int(max(src_port.max(initial=0), dst_port.max(initial=0))) + 1
    border_in = (scope.src >= n) & (scope.src < n + scope.n_in)
    border_out = scope.dst >= n + scope.n_in
    at_in = _merged(scope.src[border_in] - n, (scope.dst * wide + dst_port)[border_in], scope.n_in)
    at_out = _merged(
        scope.dst[border_out] - n - scope.n_in,
        (scope.src * wide + src_port)[border_out],
        scope.n_out,
    )
    n_in = int(at_in.max(initial=-1)) + 1
    n_out = int(at_out.max(initial=-1)) + 1
    if not is_group.any() and n_in + n_out == scope.n_in + scope.n_out:
        return None
    vertex = np.concatenate([np.arange(n), n + at_in, n + n_in + at_out])
    ends = np.stack([vertex[scope.src], src_port, vertex[scope.dst], dst_port])
    _, first, edge = np.unique(ends, axis=1, return_index=True, return_inverse=True)
    src, src_port, dst, dst_port = ends[:, first]
    nothing = np.full(len(first), np.nan)
    closed = replace(
        scope,
        n_in=n_in,
        n_out=n_out,
        src=src,
        src_port=src_port,
        dst=dst,
        dst_port=dst_port,
        is_src_ordered=scope.is_src_ordered[first],
        is_dst_ordered=scope.is_dst_ordered[first],
        src_x=nothing,
        dst_x=nothing,
    )
    merged_place = np.full(n_in + n_out, np.iinfo(np.int64).max)
    np.minimum.at(merged_place, vertex[n:] - n, port_place)
    return Skeleton(closed, vertex, edge.reshape(-1), merged_place)


def _merged(port: Ints, end: Ints, n_ports: int) -> Ints:
    """Return for each port at a border the number of those that lead to the same ends.

    How many values pass there depends on whether groups are open; where they lead does not.
    """
    order = np.lexsort((end, port))
    cuts = np.searchsorted(port[order], np.arange(n_ports + 1)).tolist()
    ends = end[order]
    numbers: dict[bytes, int] = {}
    keys = [np.unique(ends[a:b]).tobytes() for a, b in itertools.pairwise(cuts)]
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)
