"""Ordering kernels against slow twins."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from graphs.kernels import crossings, sweeps, switching, threads
from tests.graphs.kernels.proper_graphs import Sample, csr, sample, slow_crossings

SEEDS = range(60)


def counted(graph: Sample, order: np.ndarray) -> np.ndarray:
    """Count with the kernel."""
    down = graph.down
    return crossings.count_crossings(
        order, graph.rank_ptr, down["ptr"], down["dst"], down["port"], graph.down_slot,
        graph.up["ptr"],
    )  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_count_crossings(seed):
    """The Fenwick tree counts what a look at every pair of edges counts."""
    graph = sample(seed)
    assert counted(graph, graph.order).sum() == slow_crossings(graph, graph.order)


def slow_initial_order(graph: Sample, starts: list[int]) -> list[int]:
    """Meet vertices by a recursive depth-first search and list them by rank."""
    met: list[int] = []

    def visit(v: int) -> None:
        met.append(v)
        for w in graph.down["dst"][graph.down["ptr"][v] : graph.down["ptr"][v + 1]].tolist():
            if w not in met:
                visit(w)

    for start in starts:
        if start not in met:
            visit(start)
    return sorted(met, key=lambda v: graph.rank[v])


@pytest.mark.parametrize("seed", SEEDS)
def test_initial_order(seed):
    """The explicit stack lists vertices as recursion does."""
    graph = sample(seed)
    starts = np.argsort(graph.rank, kind="stable")
    order = crossings.initial_order(
        graph.rank, graph.rank_ptr, starts, graph.down["ptr"], graph.down["dst"]
    )
    assert order.tolist() == slow_initial_order(graph, starts.tolist())


def nothing_fixed(graph: Sample) -> tuple[np.ndarray, ...]:
    """Return what the kernels take where every vertex is free to move."""
    n = len(graph.order)
    return np.zeros(0, np.int64), np.zeros(len(graph.rank_ptr), np.int64), np.zeros(n, np.bool_)


@pytest.mark.parametrize("seed", SEEDS)
def test_fixed_vertices_keep_their_order(seed):
    """Neither sweeps nor switches change the order of fixed vertices among themselves."""
    graph = sample(seed)
    is_fixed = np.random.default_rng(seed).random(len(graph.order)) < 0.5
    fixed = graph.order[is_fixed[graph.order]]
    fixed_ptr = np.searchsorted(graph.rank[fixed], np.arange(len(graph.rank_ptr)))
    parts = np.array([0, len(graph.rank_ptr) - 1])
    order = graph.order.copy()
    down, up = graph.down, graph.up
    best = sweeps.sweep(
        order, graph.rank_ptr, parts, down["ptr"], down["dst"], down["port"], graph.down_slot,
        down["dst_port"], up["ptr"], up["src"], up["src_port"], fixed, fixed_ptr, is_fixed, 24,
    )  # fmt: skip
    assert order[is_fixed[order]].tolist() == fixed.tolist()
    assert best[0] == slow_crossings(graph, order)
    switching.switch_neighbours(
        order, graph.rank_ptr, down["ptr"], down["dst"], down["dst_port"], up["ptr"], up["src"],
        up["src_port"], is_fixed, 100,
    )  # fmt: skip
    assert order[is_fixed[order]].tolist() == fixed.tolist()
    assert sorted(order) == sorted(graph.order)


@pytest.mark.parametrize("seed", SEEDS)
def test_sweep_returns_the_best_it_saw(seed):
    """The order has the crossings that are reported, never more than at the start."""
    graph = sample(seed)
    order = graph.order.copy()
    parts = np.array([0, len(graph.rank_ptr) - 1])
    best = sweeps.sweep(
        order, graph.rank_ptr, parts, graph.down["ptr"], graph.down["dst"], graph.down["port"],
        graph.down_slot, graph.down["dst_port"], graph.up["ptr"], graph.up["src"],
        graph.up["src_port"], *nothing_fixed(graph), 24,
    )  # fmt: skip
    assert np.array_equal(graph.rank[order], graph.rank[graph.order])
    assert sorted(order) == sorted(graph.order)
    assert best[0] == slow_crossings(graph, order)
    assert best[0] <= slow_crossings(graph, graph.order)


@pytest.mark.parametrize("seed", SEEDS)
def test_switch_neighbours_saves_what_it_says(seed):
    """The saving is the difference of two slow counts, and no switch of two would save more."""
    graph = sample(seed)
    ports = (graph.down["dst_port"], graph.up["ptr"], graph.up["src"], graph.up["src_port"])
    order = graph.order.copy()
    saved = switching.switch_neighbours(
        order, graph.rank_ptr, graph.down["ptr"], graph.down["dst"], *ports,
        nothing_fixed(graph)[-1], 1000,
    )  # fmt: skip
    after = slow_crossings(graph, order)
    assert slow_crossings(graph, graph.order) - after == saved
    for i in range(len(order) - 1):
        if graph.rank[order[i]] == graph.rank[order[i + 1]]:
            other = order.copy()
            other[[i, i + 1]] = order[[i + 1, i]]
            assert slow_crossings(graph, other) >= after


def with_chain(seed: int) -> tuple[Sample, int, int, int]:
    """Return a sample with one chain added from a vertex on rank 0 to the last rank.

    Also its source, its first dummy and its length. The chain's edges come last.
    """
    graph = sample(seed)
    n_ranks = len(graph.rank_ptr) - 1
    n = len(graph.rank)
    first, length = n, n_ranks - 2
    dummies = list(range(n, n + length))
    rank = np.concatenate([graph.rank, np.arange(1, n_ranks - 1)])
    source, target = 0, n - 1
    ends = [source, *dummies, target]
    edges = [*graph.edges, *((a, b, 0.5, 0.5) for a, b in itertools.pairwise(ends))]
    order = np.concatenate([[*graph.order[graph.rank[graph.order] == r], *np.flatnonzero(rank[n:] == r) + n] for r in range(n_ranks)]).astype(np.int64)  # fmt: skip  # noqa: E501
    rank_ptr = np.array([np.count_nonzero(rank < r) for r in range(n_ranks + 1)])
    by_upper = sorted(edges, key=lambda e: e[0])
    down = {
        "ptr": csr([e[0] for e in by_upper], n + length),
        "dst": np.array([e[1] for e in by_upper]),
    }
    return Sample(rank, order, rank_ptr, edges, down, {}), source, first, length


def chain_crossings(graph: Sample, order: np.ndarray, n_chain_edges: int) -> int:
    """Count crossings of the chain with edges that do not share its source."""
    place = {int(v): i for i, v in enumerate(order)}
    chain, rest = graph.edges[-n_chain_edges:], graph.edges[:-n_chain_edges]
    source = chain[0][0]
    return sum(
        (place[a] - place[c]) * (place[b] - place[d]) < 0
        for a, b, *_ in chain
        for c, d, *_ in rest
        if graph.rank[a] == graph.rank[c] and not (a == source == c)
    )


@pytest.mark.parametrize("seed", [s for s in SEEDS if len(sample(s).rank_ptr) > 3])
def test_thread_chains_finds_the_best_way(seed):
    """A chain led anew crosses as little as the best of all ways, tried one by one."""
    graph, source, first, length = with_chain(seed)
    is_chain = np.array(
        [a >= first or b >= first for a, b, *_ in sorted(graph.edges, key=lambda e: e[0])]
    )
    order = graph.order.copy()
    threads.thread_chains(
        order, graph.rank_ptr, graph.rank, graph.down["ptr"], graph.down["dst"],
        np.where(is_chain, 0, 1), np.full(len(is_chain), 10), np.array([0]),
        np.array([source]), np.array([first]), np.array([length]),
    )  # fmt: skip
    assert sorted(order) == sorted(graph.order)
    assert np.array_equal(graph.rank[order], graph.rank[graph.order])
    best = None
    others = [
        [v for v in order if graph.rank[v] == r and v < first] for r in range(graph.rank.max() + 1)
    ]
    for places in itertools.product(*(range(len(others[1 + k]) + 1) for k in range(length))):
        tried: list[int] = list(others[0])
        for k, at in enumerate(places):
            row = others[1 + k]
            tried += [*row[:at], first + k, *row[at:]]
        tried += others[-1]
        count = chain_crossings(graph, np.array(tried), length + 1)
        best = count if best is None else min(best, count)
        if best == 0:
            break
    assert chain_crossings(graph, order, length + 1) == best
