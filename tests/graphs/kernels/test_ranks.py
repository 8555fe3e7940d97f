"""Ranking kernels against slow twins and against the true optimum."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from graphs.kernels import ranks, simplex, topology
from tests.graphs.kernels.proper_graphs import csr

SEEDS = range(60)


def dag(seed: int, n: int = 14) -> tuple[np.ndarray, ...]:
    """Return topological order, successors and predecessors of a seeded acyclic graph."""
    random = np.random.default_rng(seed)
    n = int(random.integers(2, n + 1))
    ends = np.sort(random.integers(0, n, size=(2 * n, 2)), axis=1)
    ends = ends[ends[:, 0] < ends[:, 1]]
    by_src, by_dst = ends[np.argsort(ends[:, 0])], ends[np.argsort(ends[:, 1])]
    out_ptr, in_ptr = csr(by_src[:, 0].tolist(), n), csr(by_dst[:, 1].tolist(), n)
    out_dst, in_src = by_src[:, 1].copy(), by_dst[:, 0].copy()
    return topology.topological_order(out_ptr, out_dst), out_ptr, out_dst, in_ptr, in_src


def edges(out_ptr: np.ndarray, out_dst: np.ndarray) -> list[tuple[int, int]]:
    """Return (source, target) of each edge."""
    return [
        (v, int(w)) for v in range(len(out_ptr) - 1) for w in out_dst[out_ptr[v] : out_ptr[v + 1]]
    ]


def slow_longest_path(n: int, pairs: list[tuple[int, int]], floor: np.ndarray) -> list[int]:
    """Relax all edges until nothing changes."""
    rank = floor.tolist()
    for _ in range(n):
        for a, b in pairs:
            rank[b] = max(rank[b], rank[a] + 1)
    return rank


def least_length(n: int, pairs: list[tuple[int, int]], top: int) -> float:
    """Return the least sum of edge lengths, by linear programming."""
    cost = np.zeros(n)
    rows = np.zeros((len(pairs), n))
    for k, (a, b) in enumerate(pairs):
        cost[b] += 1
        cost[a] -= 1
        rows[k, a], rows[k, b] = 1, -1
    solved = linprog(cost, A_ub=rows, b_ub=-np.ones(len(pairs)), bounds=[(0, top)] * n)
    return float(solved.fun)


@pytest.mark.parametrize("seed", SEEDS)
def test_longest_path(seed):
    """Ranks are the least that respect floors and edges."""
    order, out_ptr, out_dst, _, _ = dag(seed)
    floor = np.random.default_rng(seed).integers(0, 2, size=len(order))
    rank = ranks.longest_path(order, out_ptr, out_dst, floor)
    assert rank.tolist() == slow_longest_path(len(order), edges(out_ptr, out_dst), floor)


@pytest.mark.parametrize("seed", SEEDS)
def test_tighten_keeps_edges_and_pins(seed):
    """Tightening never turns or flattens an edge, moves no pinned vertex, adds no length."""
    order, *csrs = dag(seed)
    pairs = edges(*csrs[:2])
    before = ranks.longest_path(order, *csrs[:2], np.zeros(len(order), dtype=np.int64))
    pinned = np.random.default_rng(seed).random(len(order)) < 0.3
    after = before.copy()
    ranks.tighten(after, order, *csrs, pinned, 8)
    assert all(after[a] < after[b] for a, b in pairs)
    assert np.array_equal(after[pinned], before[pinned])
    lengths = [sum(rank[b] - rank[a] for a, b in pairs) for rank in (after, before)]
    assert lengths[0] <= lengths[1]


def test_tighten_is_near_the_optimum():
    """Over many graphs, edges are within a tenth of the least total length."""
    total, best = 0.0, 0.0
    for seed in range(100):
        order, *csrs = dag(seed, 30)
        pairs = edges(*csrs[:2])
        rank = ranks.longest_path(order, *csrs[:2], np.zeros(len(order), dtype=np.int64))
        ranks.tighten(rank, order, *csrs, np.zeros(len(order), dtype=bool), 8)
        total += sum(rank[b] - rank[a] for a, b in pairs)
        best += least_length(len(order), pairs, len(order))
    assert total <= 1.1 * best


@pytest.mark.parametrize("seed", range(100))
def test_network_simplex_reaches_the_optimum(seed):
    """Total edge length is what linear programming finds, from any ranks to start from."""
    order, *csrs = dag(seed, 30)
    pairs = edges(*csrs[:2])
    floor = np.random.default_rng(seed).integers(0, 9, size=len(order))
    rank = ranks.longest_path(order, *csrs[:2], floor)
    src, dst = (
        (np.array(ends, dtype=np.int64) for ends in zip(*pairs, strict=True))
        if pairs
        else (np.zeros(0, np.int64),) * 2
    )
    assert simplex.network_simplex(rank, src, dst, 10**7)
    assert all(rank[a] < rank[b] for a, b in pairs)
    length = sum(rank[b] - rank[a] for a, b in pairs)
    assert length == round(least_length(len(order), pairs, len(order)))


def test_network_simplex_that_gives_up_is_still_right():
    """Where the bound is met first, edges still point down and are no longer than before."""
    order, *csrs = dag(7, 30)
    pairs = edges(*csrs[:2])
    before = ranks.longest_path(order, *csrs[:2], np.zeros(len(order), dtype=np.int64))
    src, dst = (np.array(ends, dtype=np.int64) for ends in zip(*pairs, strict=True))
    for max_steps in range(0, 3000, 50):
        rank = before.copy()
        simplex.network_simplex(rank, src, dst, max_steps)
        assert np.all(rank[src] < rank[dst])
        assert np.sum(rank[dst] - rank[src]) <= np.sum(before[dst] - before[src])


def nets(seed: int, out_ptr: np.ndarray) -> np.ndarray:
    """Return the net of each outgoing edge: a vertex has one value, or one for each edge."""
    is_own = np.random.default_rng(seed).random(int(out_ptr[-1])) < 0.3
    is_own[out_ptr[:-1][np.diff(out_ptr) > 0]] = True
    return np.cumsum(is_own) - 1


def net_length(rank: np.ndarray, pairs: list[tuple[int, int]], net: np.ndarray) -> int:
    """Return the sum over nets of the way from the source to the farthest target."""
    far: dict[int, int] = {}
    for (a, b), k in zip(pairs, net.tolist(), strict=True):
        far[k] = max(far.get(k, 0), int(rank[b] - rank[a]))
    return sum(far.values())


def share(rank: np.ndarray, net: np.ndarray, graph: tuple, pinned: np.ndarray) -> np.ndarray:
    """Return ranks after `share_ways`."""
    order, out_ptr, out_dst, in_ptr, _ = graph
    source = np.repeat(np.arange(len(order)), np.diff(out_ptr))
    by_dst = np.lexsort((source, out_dst))
    after = rank.copy()
    ranks.share_ways(
        after, order, out_ptr, out_dst, net, in_ptr, source[by_dst], net[by_dst], pinned
    )
    return after


@pytest.mark.parametrize("seed", SEEDS)
def test_sharing_ways_keeps_edges_and_pins(seed):
    """No edge is turned or flattened, no pinned vertex moves, nets are no longer in all."""
    graph = dag(seed, 30)
    order, out_ptr, out_dst, *_ = graph
    pairs, net = edges(out_ptr, out_dst), nets(seed, out_ptr)
    before = ranks.longest_path(order, out_ptr, out_dst, np.zeros(len(order), dtype=np.int64))
    pinned = np.random.default_rng(seed).random(len(order)) < 0.2
    after = share(before, net, graph, pinned)
    assert all(after[a] < after[b] for a, b in pairs)
    assert np.array_equal(after[pinned], before[pinned])
    assert net_length(after, pairs, net) <= net_length(before, pairs, net)


def test_copies_of_a_shared_value_stand_beside_their_consumers():
    """One lane leads a weight down a chain; its transposes do not take a lane each."""
    length = 300  # 0: weight; 1 to 300: chain; 301 to 600: a transpose for each of these
    chain = [(v, v + 1) for v in range(1, length)]
    copies = [(0, length + v) for v in range(1, length + 1)]
    uses = [(length + v, v) for v in range(1, length + 1)]
    pairs = sorted([*copies, *chain, *uses])
    n = 2 * length + 1
    out_ptr, out_dst = csr([a for a, _ in pairs], n), np.array([b for _, b in pairs])
    in_ptr = csr(sorted(b for _, b in pairs), n)
    in_src = np.array([a for a, b in sorted(pairs, key=lambda p: (p[1], p[0]))])
    order = topology.topological_order(out_ptr, out_dst)
    graph = (order, out_ptr, out_dst, in_ptr, in_src)
    net = np.array([a for a, _ in pairs])
    before = ranks.longest_path(order, out_ptr, out_dst, np.zeros(n, dtype=np.int64))
    after = share(before, net, graph, np.zeros(n, dtype=bool))
    far = slice(1 + ranks.FAR, length + 1)
    assert np.array_equal(after[length + 1 :][far.start - 1 :], after[far] - 1)
    assert net_length(after, pairs, net) < 0.1 * net_length(before, pairs, net)
