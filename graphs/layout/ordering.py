"""Phase: order the vertices of each rank so that few edges cross.

Depth-first orders from the top and from the bottom are swept by barycentres
down and up, then improved by switching neighbours; the best by counted
crossings wins, for each connected component by itself. Then the longest chains
are led anew as a whole, which no exchange of neighbours can do: a value that
many consume stays on one side of the graph. A round of sweeps costs O(E log E);
large graphs get one start, one round of chains, and only as many of these as are
affordable.
"""

from __future__ import annotations

import numpy as np

from graphs.kernels.crossings import count_crossings, initial_order
from graphs.kernels.sweeps import sweep
from graphs.kernels.switching import switch_neighbours
from graphs.kernels.threads import WINDOW, thread_chains
from graphs.layout.chains import Proper, Sides, net_lengths
from graphs.layout.csr import Ints

SWEEPS = 24
SWITCH_ROUNDS = 12
THREAD_ROUNDS = 2
MAX_THREAD_STEPS = 40_000_000  # of the innermost loop in one round: about a tenth of a second
SECOND_START_BELOW = 200_000  # vertices: above, one start has to do


def order_vertices(proper: Proper, below: Sides, above: Sides) -> tuple[Ints, int]:
    """Return the vertices rank by rank from left to right, and the crossings.

    Parameters
    ----------
    proper : Proper
    below, above : Sides

    Returns
    -------
    int64 array, shape (n,)
    int
    """
    down, up = below.rows, above.rows
    slot = np.empty(len(down), dtype=np.int64)
    slot[up] = _slots(proper, above)
    ranks = proper.rank_ptr
    for_count = (below.ptr, proper.lower[down], proper.upper_port[down], slot[down])
    from_above = (above.ptr, proper.upper[up], proper.upper_port[up])
    lower_port = proper.lower_port[down]
    for_switch = (*for_count[:2], lower_port, *from_above)
    for_threads = _threads(proper, below)

    def improved(order: Ints) -> tuple[Ints, Ints]:
        """Switch neighbours; return the order and the crossings of each part."""
        switch_neighbours(order, ranks, *for_switch, SWITCH_ROUNDS)
        counts = count_crossings(order, ranks, *for_count, above.ptr)
        return order, np.add.reduceat(counts, proper.part_ptr[:-1])

    best, counts = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    for order in _starts(proper, below, above):
        sweep(order, ranks, proper.part_ptr, *for_count, lower_port, *from_above, SWEEPS)
        best, counts = _merge(proper, best, counts, *improved(order))
        if counts.max(initial=0) == 0:
            break
    n_rounds = THREAD_ROUNDS if proper.n < SECOND_START_BELOW else 1
    for _ in range(n_rounds if len(for_threads[0]) else 0):
        order = best.copy()
        thread_chains(order, ranks, proper.rank, *for_count[:2], *for_threads[1:])
        best, counts = _merge(proper, best, counts, *improved(order), keep_equal=False)
    return best, int(counts.sum())


def _threads(proper: Proper, below: Sides) -> tuple[Ints, ...]:
    """Return the nets to lead anew (twice: to look at, to pass on) and what that takes."""
    length = net_lengths(proper)
    nets = _nets_to_thread(proper, length)
    rows = below.rows
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


def _starts(proper: Proper, below: Sides, above: Sides) -> list[Ints]:
    """Return the orders to start from."""
    top_down = np.argsort(proper.rank, kind="stable")
    down = proper.lower[below.rows]
    starts = [initial_order(proper.rank, proper.rank_ptr, top_down, below.ptr, down)]
    if proper.n < SECOND_START_BELOW:
        bottom_up = np.argsort(-proper.rank, kind="stable")
        up = proper.upper[above.rows]
        starts.append(initial_order(proper.rank, proper.rank_ptr, bottom_up, above.ptr, up))
    return starts


def _slots(proper: Proper, above: Sides) -> Ints:
    """Return for the rows of `above` the index of their port at the lower end, equal if shared."""
    lower, port = proper.lower[above.rows], proper.lower_port[above.rows]
    is_new = np.ones(len(lower), dtype=bool)
    is_new[1:] = (lower[1:] != lower[:-1]) | (port[1:] != port[:-1])
    count = np.cumsum(is_new)
    slots: Ints = count - count[above.ptr[lower]]
    return slots


def _merge(
    proper: Proper,
    best: Ints,
    best_counts: Ints,
    order: Ints,
    counts: Ints,
    *,
    keep_equal: bool = True,
) -> tuple[Ints, Ints]:
    """Take each part from whichever order crosses less there; of equals keep the one at hand."""
    if len(best) == 0:
        return order, counts
    is_better = counts < best_counts if keep_equal else counts <= best_counts
    rows = np.repeat(np.repeat(is_better, np.diff(proper.part_ptr)), np.diff(proper.rank_ptr))
    return np.where(rows, order, best), np.minimum(counts, best_counts)
