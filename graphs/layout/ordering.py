"""Phase: order the vertices of each rank so that few edges cross.

Several orders are tried, each connected component takes the best for itself. An
order starts from a depth-first search, from the top or from the bottom, is swept
by barycentres down and up, and improved by switching neighbours. Then the longest
chains are led anew as a whole, which no exchange of neighbours can do: a value
that many consume stays on one side of the graph. A round of sweeps costs
O(E log E); the larger a graph, the fewer orders are tried, and only as many
chains led anew as are affordable.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Iterator

import numpy as np

from graphs.kernels.crossings import SOFT, count_crossings, initial_order
from graphs.kernels.sweeps import sweep
from graphs.kernels.switching import switch_neighbours
from graphs.kernels.threads import WINDOW, thread_chains
from graphs.layout.chains import Proper, Sides, net_lengths
from graphs.layout.csr import Ints, pointers
from graphs.layout.scope import Bools, Floats

SWEEPS = 24
SWITCH_ROUNDS = 12
THREAD_ROUNDS = 2
MAX_THREAD_STEPS = 40_000_000  # of the innermost loop in one round: about a tenth of a second
MAX_VERTICES_TRIED = 100_000  # over all orders: so a small graph gets all, a large one the first
CROSSING_COST = 500.0  # world units of way that a reader would rather follow than one crossing
WISH_COST = 30.0  # world units of way that two inputs in the order of their slots are worth


def order_vertices(
    proper: Proper,
    below: Sides,
    above: Sides,
    ways: Callable[[Ints], Floats],
    kept: Ints,
) -> tuple[Ints, int]:
    """Return the vertices rank by rank from left to right, and the crossings.

    Parameters
    ----------
    proper : Proper
    below, above : Sides
    ways : callable
        Gives for an order the sum over each part of how far unit edges go across,
        in world units.
    kept : int64 array, shape (n_real,)
        Place of each member among those of its rank, which it keeps, or -1; then of each port,
        which it would like to keep: what is outside comes in that order.

    Returns
    -------
    int64 array, shape (n,)
    int
    """
    view = _View(proper, below, above, kept)
    best = counts = np.empty(0, dtype=np.int64)
    cost = np.empty(0)
    for order, port in _starts(proper, below, above):
        order, found = view.improve(order, port)
        if 2 * proper.n > MAX_VERTICES_TRIED:  # the only one
            return order, int(found.sum())
        found_cost = view.cost(order, found, ways)
        if len(best) == 0:
            best, counts, cost = order, found, found_cost
        is_better = found_cost < cost
        best = np.where(_of_vertices(proper, is_better), order, best)
        counts, cost = np.where(is_better, found, counts), np.minimum(cost, found_cost)
        if not np.any(cost):
            break
    return best, int(counts.sum())


def _starts(proper: Proper, below: Sides, above: Sides) -> Iterator[tuple[Ints, Floats]]:
    """Yield the orders to start from, each with the lower ports that it is improved by."""
    free = np.where(np.abs(proper.lower_port - 0.5) < SOFT, 0.5, proper.lower_port)
    ends = ((below, proper.lower, 1), (above, proper.upper, -1))
    tried = itertools.product((False, True), (proper.lower_port, free), ends)
    n_tried = max(MAX_VERTICES_TRIED // max(proper.n, 1), 1)
    for is_mirrored, port, (sides, end, sign) in itertools.islice(tried, n_tried):
        rows = sides.rows[_mirrored(sides.ptr)] if is_mirrored else sides.rows
        by_rank = np.argsort(sign * proper.rank, kind="stable")
        yield initial_order(proper.rank, proper.rank_ptr, by_rank, sides.ptr, end[rows]), port


def _mirrored(ptr: Ints) -> Ints:
    """Return the rows of a CSR, those of each vertex from last to first."""
    rows: Ints = np.repeat(ptr[:-1] + ptr[1:] - 1, np.diff(ptr)) - np.arange(ptr[-1])
    return rows


def _of_vertices(proper: Proper, of_part: Bools) -> Bools:
    """Return for each place in an order the value of its part."""
    return np.repeat(np.repeat(of_part, np.diff(proper.part_ptr)), np.diff(proper.rank_ptr))


class _View:
    """The columns that the kernels of this phase share."""

    def __init__(self, proper: Proper, below: Sides, above: Sides, kept: Ints) -> None:
        self.proper, self.below, self.above = proper, below, above
        down, up = below.rows, above.rows
        self.down = (below.ptr, proper.lower[down], proper.upper_port[down])
        self.up = (above.ptr, proper.upper[up], proper.upper_port[up])
        self.slot, self.wish = self._slots(SOFT), self._slots(0.0)
        self.threads = self._threads()
        n_members = len(kept) - proper.n_ports
        self.kept, self.port_ranks = kept, np.unique(proper.rank[n_members : len(kept)]).tolist()
        self.fixed = self._fixed(kept[:n_members])

    def _fixed(self, kept: Ints) -> tuple[Ints, Ints, Bools]:
        """Return the members that keep their order, rank by rank: vertices, pointers, mask."""
        proper, fixed = self.proper, np.flatnonzero(kept >= 0)
        fixed = fixed[np.lexsort((kept[fixed], proper.rank[fixed]))]
        is_fixed = np.zeros(proper.n, dtype=bool)
        is_fixed[fixed] = True
        return fixed, pointers(proper.rank[fixed], len(proper.rank_ptr) - 1), is_fixed

    def improve(self, order: Ints, lower_port: Floats) -> tuple[Ints, Ints]:
        """Return a better order and the crossings of each part; `order` is overwritten."""
        order[self.fixed[-1][order]] = self.fixed[0]
        proper, port = self.proper, lower_port[self.below.rows]
        columns = (*self.down, self.slot, port, *self.up, *self.fixed)
        sweep(order, proper.rank_ptr, proper.part_ptr, *columns, SWEEPS)
        best, counts = self._switch(order, port)
        for _ in range(THREAD_ROUNDS if len(self.threads[0]) and counts.any() else 0):
            order = best.copy()
            thread_chains(order, proper.rank_ptr, proper.rank, *self.down[:2], *self.threads[1:])
            order, found = self._switch(order, port)
            best = np.where(_of_vertices(proper, found <= counts), order, best)
            counts = np.minimum(found, counts)
        return best, counts

    def _switch(self, order: Ints, port: Floats) -> tuple[Ints, Ints]:
        ranks = self.proper.rank_ptr
        ptr, lower, _ = self.down
        columns = (ptr, lower, port, *self.up, self.fixed[-1])
        switch_neighbours(order, ranks, *columns, SWITCH_ROUNDS)
        return order, self.crossings(order, self.slot)

    def crossings(self, order: Ints, slot: Ints) -> Ints:
        """Return the crossings of each part."""
        counts = count_crossings(order, self.proper.rank_ptr, *self.down, slot, self.above.ptr)
        of_parts: Ints = np.add.reduceat(counts, self.proper.part_ptr[:-1])
        return of_parts

    def cost(self, order: Ints, counts: Ints, ways: Callable[[Ints], Floats]) -> Floats:
        """Return what a reader pays for each part, in world units of way across."""
        n_against = self.crossings(order, self.wish) - counts
        n_outside = counts + self.crossings_outside(order)
        cost: Floats = ways(order) + CROSSING_COST * n_outside + WISH_COST * n_against
        return cost

    def crossings_outside(self, order: Ints) -> Ints:
        """Return how often ports at the borders of each part stand against their wished order."""
        total = np.zeros(len(self.proper.part_ptr) - 1, dtype=np.int64)
        for rank in self.port_ranks:
            ports = order[self.proper.rank_ptr[rank] : self.proper.rank_ptr[rank + 1]]
            seen: list[int] = []
            for place in self.kept[ports].tolist():
                total[self.proper.part[ports[0]]] += len(seen) - bisect.bisect_right(seen, place)
                bisect.insort(seen, place)
        return total

    def _slots(self, apart: float) -> Ints:
        """Return for the edges downwards the index of their port at the lower end.

        Equal where shared, or where ports are not `apart` from each other.
        """
        proper, rows = self.proper, self.above.rows
        lower, port = proper.lower[rows], proper.lower_port[rows]
        is_new = np.ones(len(lower), dtype=bool)
        is_new[1:] = (lower[1:] != lower[:-1]) | (port[1:] - port[:-1] > apart)
        count = np.cumsum(is_new)
        slot = np.empty(len(rows), dtype=np.int64)
        slot[rows] = count - count[self.above.ptr[lower]]
        return slot[self.below.rows]

    def _threads(self) -> tuple[Ints, ...]:
        """Return the nets to lead anew (twice: to look at, to pass on) and what that takes."""
        proper, rows = self.proper, self.below.rows
        length = net_lengths(proper)
        nets = _nets_to_thread(proper, length)
        weight = _crossing_weights(proper)[rows]
        return nets, proper.unit_net[rows], weight, nets, proper.net_src, proper.net_first, length


def _nets_to_thread(proper: Proper, length: Ints) -> Ints:
    """Return the nets with dummies, the longest first, as far as they are affordable."""
    n_units = np.bincount(proper.rank[proper.upper], minlength=len(proper.rank_ptr) - 1)
    n_tried = np.minimum(np.diff(proper.rank_ptr), 2 * WINDOW + 1)
    before = np.concatenate([[0], np.cumsum(n_units + n_tried**2)])
    first = proper.rank[proper.net_src]
    cost = before[first + length] - before[first]
    nets = np.argsort(-length, kind="stable")
    nets = nets[: np.count_nonzero(length)]
    return nets[np.cumsum(cost[nets]) <= MAX_THREAD_STEPS]


def _crossing_weights(proper: Proper) -> Ints:
    """Return what a long chain pays to cross an edge: a little more between two boxes.

    Such an edge may be part of the spine, which stays straight and makes the chain bend.
    """
    is_short = (proper.upper < proper.n_real) & (proper.lower < proper.n_real)
    return np.where(is_short, 12, 10)
