"""Kernel that leads a whole chain of dummies through the ranks so that it crosses least.

Sorting ranks one by one cannot move a long chain from one side of something to
the other; with all else fixed its best way is a shortest path, found rank by
rank. Graph and order are as in `graphs.kernels.crossings`.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphs.kernels.compiler import kernel
from graphs.kernels.sorting import places

Proper: TypeAlias = tuple[
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int64],
]
"""order, rank_ptr, rank, place, down_ptr, down_dst, down_net, down_weight."""

WINDOW = 16  # places to each side of where a dummy stands that are tried


@kernel
def thread_chains(
    order: NDArray[np.int64],
    rank_ptr: NDArray[np.int64],
    rank: NDArray[np.int64],
    down_ptr: NDArray[np.int64],
    down_dst: NDArray[np.int64],
    down_net: NDArray[np.int64],
    down_weight: NDArray[np.int64],
    nets: NDArray[np.int64],
    net_src: NDArray[np.int64],
    net_first: NDArray[np.int64],
    net_length: NDArray[np.int64],
) -> None:
    """Reinsert the dummies of each net in place at the places where its edges cross least.

    A net costs O(edges beside it + its length * WINDOW squared). The weighted
    crossings never grow.

    Parameters
    ----------
    order, rank_ptr : int64 arrays
        `order` is changed.
    rank : int64 array, shape (n,)
    down_ptr, down_dst, down_net, down_weight : int64 arrays
        Unit edges downwards in CSR form, the net of each, and what crossing it costs.
    nets : int64 array
        Which to lead anew, in this order.
    net_src, net_first, net_length : int64 arrays
        Source, first dummy and number of dummies of each net.
    """
    place = places(order, rank_ptr)
    longest = 1
    for net in nets:
        longest = max(longest, net_length[net])
    came_from = np.empty((longest, 2 * WINDOW + 1), np.int64)
    graph = (order, rank_ptr, rank, place, down_ptr, down_dst, down_net, down_weight)
    for net in nets:
        if net_length[net] > 0:
            best = _search(net, net_src[net], net_first[net], net_length[net], came_from, graph)
            for step in range(net_length[net] - 1, -1, -1):
                at = net_first[net] + step
                to = max(0, place[at] - WINDOW) + best
                _reinsert(at, to, rank_ptr[rank[at]], order, place)
                best = came_from[step, best]


@kernel
def _search(
    net: int, source: int, first: int, length: int, came_from: NDArray[np.int64], graph: Proper
) -> int:
    """Find the cheapest way of a chain; write its gaps into `came_from`, return the last one."""
    _, rank_ptr, rank, place, _, _, _, _ = graph
    wide = 2 * WINDOW + 1
    cost, further = np.zeros(wide, np.int64), np.zeros(wide, np.int64)
    grid = np.zeros((wide, wide), np.int64)
    low, n_gaps = place[source], 1  # the source does not move: one place
    here = 0
    for step in range(length):
        at = first + step
        size = rank_ptr[rank[at] + 1] - rank_ptr[rank[at]]  # with the dummy: so many gaps
        to_low = max(0, place[at] - WINDOW)
        n_to = min(size, place[at] + WINDOW + 1) - to_low
        above = at - 1 if step else -1
        _fill_grid(grid, rank[at] - 1, low, n_gaps, to_low, n_to, above, at, net, graph)
        before, here = here, place[at] - to_low
        for q in range(n_to):
            best = before  # where nothing is better the chain stays
            for p in range(n_gaps):
                if cost[p] + grid[p, q] < cost[best] + grid[best, q]:
                    best = p
            came_from[step, q] = best
            further[q] = cost[best] + grid[best, q]
        _add_targets(further, to_low, n_to, at, net, graph)
        cost, further = further, cost
        low, n_gaps = to_low, n_to
    best = here
    for p in range(n_gaps):
        if cost[p] < cost[best]:
            best = p
    return best


@kernel
def _among_others(v: int, at: int, place: NDArray[np.int64]) -> int:
    """Return the place of v on its rank without the dummy `at` (-1: with all)."""
    if at >= 0 and place[v] > place[at]:
        return place[v] - 1
    return place[v]


@kernel
def _fill_grid(
    grid: NDArray[np.int64],
    upper_rank: int,
    low: int,
    n_from: int,
    to_low: int,
    n_to: int,
    above: int,
    at: int,
    net: int,
    graph: Proper,
) -> None:
    """Write what a segment from gap ``low + p`` of a rank to gap ``to_low + q`` below crosses."""
    order, rank_ptr, _, place, down_ptr, down_dst, down_net, down_weight = graph
    for p in range(n_from):
        for q in range(n_to):
            grid[p, q] = 0
    start = rank_ptr[upper_rank]
    for i in range(start, rank_ptr[upper_rank + 1]):
        u = order[i]
        if above < 0 and i - start == low:
            continue  # other edges of the source: the ports decide, not the ranks
        p_after = _among_others(u, above, place) - low + 1  # first row with u < p
        for e in range(down_ptr[u], down_ptr[u + 1]):
            if down_net[e] != net:
                q_after = _among_others(down_dst[e], at, place) - to_low + 1
                _add_edge(grid, n_from, n_to, p_after, q_after, down_weight[e])
    for p in range(n_from):
        for q in range(1, n_to):
            grid[p, q] += grid[p, q - 1]
    for p in range(1, n_from):
        for q in range(n_to):
            grid[p, q] += grid[p - 1, q]


@kernel
def _add_edge(
    grid: NDArray[np.int64], n_from: int, n_to: int, p_after: int, q_after: int, weight: int
) -> None:
    """Add an edge, as differences: crossed where p >= p_after differs from q >= q_after."""
    is_left = p_after <= 0  # of the segments from row 0
    if is_left == (q_after > 0):
        grid[0, 0] += weight
    if 0 < q_after < n_to:
        grid[0, q_after] += -weight if is_left else weight
    if 0 < p_after < n_from:  # from this row on it is the other way round
        grid[p_after, 0] += weight if q_after > 0 else -weight
        if 0 < q_after < n_to:
            grid[p_after, q_after] -= 2 * weight


@kernel
def _add_targets(
    cost: NDArray[np.int64], low: int, n_gaps: int, at: int, net: int, graph: Proper
) -> None:
    """Add for each gap what the edges from there to the targets on the next rank cross."""
    order, rank_ptr, rank, place, down_ptr, down_dst, down_net, down_weight = graph
    for f in range(down_ptr[at], down_ptr[at + 1]):
        if down_dst[f] == at + 1:
            continue  # the chain itself
        goal = place[down_dst[f]]
        base = 0
        for i in range(rank_ptr[rank[at]], rank_ptr[rank[at] + 1]):
            u = order[i]
            if u == at:
                continue
            after = _among_others(u, at, place) - low + 1
            for e in range(down_ptr[u], down_ptr[u + 1]):
                side = place[down_dst[e]] - goal
                if down_net[e] == net or side == 0:
                    continue
                w = down_weight[e]
                if after <= 0:  # u is left of all gaps
                    base += w if side > 0 else 0
                elif after >= n_gaps:
                    base += w if side < 0 else 0
                else:
                    for p in range(n_gaps):
                        is_left = p >= after
                        cost[p] += w if is_left == (side > 0) else 0
        for p in range(n_gaps):
            cost[p] += base


@kernel
def _reinsert(
    at: int, to: int, start: int, order: NDArray[np.int64], place: NDArray[np.int64]
) -> None:
    """Move a vertex to another place on its rank."""
    step = 1 if to > place[at] else -1
    i = place[at]
    while i != to:
        order[start + i] = order[start + i + step]
        place[order[start + i]] = i
        i += step
    order[start + to] = at
    place[at] = to
