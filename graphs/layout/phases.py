"""The recipe for one scope: the phases in their order, each checked, nothing clever."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from graphs.layout import validate
from graphs.layout.chains import Proper, Sides, add_dummies, edges_above, edges_below
from graphs.layout.contract import LayoutCancelled
from graphs.layout.csr import Ints
from graphs.layout.ordering import order_vertices
from graphs.layout.placement import place_vertices, ways_across
from graphs.layout.ranking import rank_vertices
from graphs.layout.routing import draw_edges, draw_loops, loop_room
from graphs.layout.rows import Bands, stack_ranks
from graphs.layout.scope import Floats, Scope, ScopeLayout, Spacing
from graphs.layout.skeleton import Arrangement


@dataclass(slots=True)
class Watch:
    """Time by phase, and whether the layout is still wanted.

    Attributes
    ----------
    cancelled : callable or None
    seconds : dict of str to float
    """

    cancelled: Callable[[], bool] | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the time of a phase; raise `LayoutCancelled` before it where that is asked for."""
        if self.cancelled is not None and self.cancelled():
            raise LayoutCancelled
        start = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start


def arrange(scope: Scope, spacing: Spacing, watch: Watch, port_place: Ints) -> Arrangement:
    """Return ranks and order of the vertices of a skeleton; raises as `lay_out_scope`."""
    rows = np.flatnonzero(scope.src != scope.dst)
    with watch.phase("ranking"):
        ranks = rank_vertices(scope, rows)
        proper = add_dummies(scope, rows, ranks)
    with watch.phase("ordering"):
        free = np.full(scope.n_members, -1, dtype=np.int64)
        kept = np.concatenate([free, port_place])
        order, _ = _order(scope, proper, _sides(proper), spacing, kept)
    place = np.empty(proper.n, dtype=np.int64)
    place[order] = np.arange(proper.n)
    share = (place - proper.rank_ptr[proper.rank] + 0.5) / np.diff(proper.rank_ptr)[proper.rank]
    first = np.where(
        proper.rank[scope.dst[rows]] == proper.rank[scope.src[rows]] + 1,
        scope.dst[rows],
        proper.net_first[proper.edge_net],
    )
    edge_place = np.zeros((len(scope.src), 2))
    edge_place[rows, 0] = share[first]
    edge_place[rows, 1] = share[proper.upper[proper.edge_unit]]
    place = place[: scope.n_vertices]
    return Arrangement(ranks.rank, ranks.part, ranks.part_ptr, place, edge_place)


def _sides(proper: Proper) -> tuple[Sides, Sides]:
    return edges_below(proper), edges_above(proper)


def _order(
    scope: Scope,
    proper: Proper,
    sides: tuple[Sides, Sides],
    spacing: Spacing,
    kept: Ints,
) -> tuple[Ints, int]:
    """Return the order of all vertices and the crossings."""
    room = _room(scope, proper, spacing, np.zeros(scope.n_members))
    return order_vertices(
        proper, *sides, lambda order: ways_across(proper, order, sides, *room), kept
    )


def lay_out_scope(
    scope: Scope, spacing: Spacing, watch: Watch, arranged: Arrangement | None, kept: Ints
) -> ScopeLayout:
    """Return the layout of one scope.

    Parameters
    ----------
    scope : Scope
    spacing : Spacing
    watch : Watch
    arranged : Arrangement or None
        Ranks of all vertices; None where they are to be found.
    kept : int64 array, shape (n_vertices,)
        Places of members and ports, as for `order_vertices`.

    Raises
    ------
    LayoutError
        A phase broke its promise.
    LayoutCancelled
    """
    is_loop = scope.src == scope.dst
    rows, loops = np.flatnonzero(~is_loop), np.flatnonzero(is_loop)
    with watch.phase("ranking"):
        ranks = rank_vertices(scope, rows) if arranged is None else arranged
        proper = add_dummies(scope, rows, ranks)
        validate.check_ranks(proper)
    with watch.phase("ordering"):
        sides = _sides(proper)
        order, n_crossings = _order(scope, proper, sides, spacing, kept)
        validate.check_order(proper, order)
    with watch.phase("placement"):
        reach, gap = _room(scope, proper, spacing, loop_room(scope, loops))
        x = place_vertices(proper, order, sides, reach, gap)
        validate.check_placement(proper, order, x, reach, gap)
        bands = stack_ranks(scope, proper, spacing, x, reach[1], _wishes(scope, proper, kept))
        x += bands.part_x[proper.part]
        y = _member_tops(scope, proper, bands, rows)
    with watch.phase("routing"):
        n = scope.n_members
        left = x[:n] - 0.5 * scope.width
        path_ptr, points = draw_edges(scope, rows, proper, bands, x, y)
        loop_ends = path_ptr[-1] + 4 * (1 + np.arange(len(loops)))
        path_of_edge = np.empty(len(scope.src), dtype=np.int64)
        path_of_edge[np.concatenate([rows, loops])] = np.arange(len(scope.src))
    return ScopeLayout(
        width=bands.width,
        height=bands.height,
        x=left,
        y=y,
        in_x=x[n : n + scope.n_in],
        out_x=x[n + scope.n_in : scope.n_vertices],
        path_ptr=np.concatenate([path_ptr, loop_ends]),
        path_points=np.concatenate([points, draw_loops(scope, loops, left, y)]),
        path_of_edge=path_of_edge,
        n_crossings=n_crossings,
    )


def _room(
    scope: Scope, proper: Proper, spacing: Spacing, loops: Floats
) -> tuple[tuple[Floats, Floats], Floats]:
    """Return how far each vertex reaches left and right, and the gap that it wants."""
    n = scope.n_members
    half = np.zeros(proper.n)
    half[:n] = 0.5 * scope.width
    right = half.copy()
    right[:n] += loops
    gap = np.full(proper.n, spacing.edge_gap)
    gap[:n] = spacing.node_gap
    return (half, right), gap


def _wishes(scope: Scope, proper: Proper, kept: Ints) -> Floats:
    """Return for each part where it is met from outside: the mean place of its ports."""
    n, n_parts = scope.n_members, len(proper.part_ptr) - 1
    total, count = np.zeros(n_parts), np.zeros(n_parts)
    for ports in (slice(n, n + scope.n_in), slice(n + scope.n_in, scope.n_vertices)):
        place = kept[ports]
        np.add.at(total, proper.part[ports], place / max(int(place.max(initial=0)), 1))
        np.add.at(count, proper.part[ports], 1.0)
    return total / np.maximum(count, 1.0)


def _member_tops(scope: Scope, proper: Proper, bands: Bands, rows: Ints) -> Floats:
    """Return y of the members: in the middle of their rank, but ends near what they lead to."""
    n = scope.n_members
    rank = proper.rank[:n]
    spare = bands.bottom[rank] - bands.top[rank] - scope.height
    n_above = np.bincount(scope.dst[rows], minlength=n)[:n]
    n_below = np.bincount(scope.src[rows], minlength=n)[:n]
    share = np.where((n_above == 0) & (n_below > 0), 1.0, 0.5)
    share[(n_below == 0) & (n_above > 0)] = 0.0
    return bands.top[rank] + share * spare
