"""Phase: order the vertices of each rank so that few edges cross.

Depth-first orders from the top and from the bottom are swept by barycentres
down and up, then improved by switching neighbours; the best by counted
crossings wins, for each connected component by itself. A round of sweeps costs
O(E log E); small graphs get more starts than large ones.
"""

from __future__ import annotations

import numpy as np

from graphs.kernels.crossings import count_crossings, initial_order, sweep, switch_neighbours
from graphs.kernels.threads import thread_chains
from graphs.layout.chains import Proper, Sides, net_lengths
from graphs.layout.csr import Ints

SWEEPS = 24
SWITCH_ROUNDS = 12
MAX_THREADED = 150_000  # dummies that are led anew, at most
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
    for_count = (proper.lower[down], proper.upper_port[down], slot[down])
    for_sweep = (proper.lower_port[down], above.ptr, proper.upper[up], proper.upper_port[up])
    for_switch = (below.ptr, proper.lower[down], proper.lower_port[down])
    length = net_lengths(proper)
    nets = _nets_to_thread(length)
    for_threads = (
        proper.lower[down], proper.unit_net[down], _crossing_weights(proper)[down],
        nets, proper.net_src, proper.net_first, length,
    )  # fmt: skip
    best = np.empty(0, dtype=np.int64)
    best_counts = np.full(len(proper.part_ptr) - 1, np.iinfo(np.int64).max)
    for order in _starts(proper, below, above):
        sweep(
            order, proper.rank_ptr, proper.part_ptr, below.ptr, *for_count, *for_sweep, SWEEPS
        )
        switch_neighbours(order, proper.rank_ptr, *for_switch, *for_sweep[1:], SWITCH_ROUNDS)
        if len(nets):
            thread_chains(order, proper.rank_ptr, proper.rank, below.ptr, *for_threads)
            switch_neighbours(order, proper.rank_ptr, *for_switch, *for_sweep[1:], SWITCH_ROUNDS)
        counts = count_crossings(order, proper.rank_ptr, below.ptr, *for_count, above.ptr)
        by_part = np.add.reduceat(counts, proper.part_ptr[:-1])
        best, best_counts = _merge(proper, best, best_counts, order, by_part)
        if best_counts.max(initial=0) == 0:
            break
    return best, int(best_counts.sum())


def _nets_to_thread(length: Ints) -> Ints:
    """Return the nets with dummies, the longest first, as far as they are affordable."""
    nets = np.argsort(-length, kind="stable")
    nets = nets[: np.count_nonzero(length)]
    return nets[np.cumsum(length[nets]) <= MAX_THREADED]


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
    return (count - count[above.ptr[lower]]).astype(np.int64)


def _merge(
    proper: Proper, best: Ints, best_counts: Ints, order: Ints, counts: Ints
) -> tuple[Ints, Ints]:
    """Take each part from whichever order crosses less there."""
    if len(best) == 0:
        return order, counts
    is_better = np.repeat(counts < best_counts, np.diff(proper.part_ptr))
    rows = np.repeat(is_better, np.diff(proper.rank_ptr))
    return np.where(rows, order, best), np.minimum(counts, best_counts)
