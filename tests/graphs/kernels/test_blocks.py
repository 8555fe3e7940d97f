"""Placement kernels against slow twins and against what they promise."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from graphs.kernels import blocks, topology
from tests.graphs.kernels.proper_graphs import Sample, csr, sample

SEEDS = range(60)


def classes(graph: Sample, seed: int) -> tuple[np.ndarray, dict[tuple[int, int], int]]:
    """Return which vertices are dummies, and the class of the edges between two vertices."""
    is_dummy = np.random.default_rng(seed).random(len(graph.rank)) < 0.5
    of = {
        (a, b): (0 if is_dummy[a] else 1) if is_dummy[a] == is_dummy[b] else 2
        for a, b, *_ in graph.edges
    }
    return is_dummy, of


def aligned(graph: Sample, seed: int) -> tuple[np.ndarray, dict[tuple[int, int], int]]:
    """Return the chosen upper neighbour of each vertex (-1: none), and the edges' classes."""
    _, of = classes(graph, seed)
    owners = np.repeat(np.arange(len(graph.rank)), np.diff(graph.down["ptr"]))
    down = np.array([of[a, b] for a, b in zip(owners, graph.down["dst"], strict=True)], np.int64)
    owners = np.repeat(np.arange(len(graph.rank)), np.diff(graph.up["ptr"]))
    up = np.array([of[a, b] for a, b in zip(graph.up["src"], owners, strict=True)], np.int64)
    chosen = blocks.align(
        graph.order, graph.rank_ptr, graph.down["ptr"], graph.down["dst"], down,
        graph.up["ptr"], graph.up["src"], up,
    )  # fmt: skip
    above = np.where(chosen >= 0, np.append(graph.up["src"], -1)[chosen], -1)
    return above, of


@pytest.mark.parametrize("seed", SEEDS)
def test_align_chooses_edges_that_can_all_be_vertical(seed):
    """Chosen edges exist, share no end and do not cross."""
    graph = sample(seed)
    above, of = aligned(graph, seed)
    place = {int(v): i for i, v in enumerate(graph.order)}
    pairs = [(int(u), v) for v, u in enumerate(above) if u >= 0]
    assert all(pair in of for pair in pairs)
    assert len({u for u, _ in pairs}) == len(pairs)
    for (a, b), (c, d) in itertools.combinations(pairs, 2):
        if graph.rank[a] == graph.rank[c]:
            assert (place[a] - place[c]) * (place[b] - place[d]) > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_align_leaves_no_edge_that_could_be_added(seed):
    """Every edge not chosen shares an end with a chosen one, or would cross one."""
    graph = sample(seed)
    above, of = aligned(graph, seed)
    place = {int(v): i for i, v in enumerate(graph.order)}
    pairs = [(int(u), v) for v, u in enumerate(above) if u >= 0]
    for a, b in of:
        near = [(c, d) for c, d in pairs if graph.rank[a] == graph.rank[c]]
        crossed = [(place[a] - place[c]) * (place[b] - place[d]) < 0 for c, d in near]
        assert any(crossed) or any(a == c or b == d for c, d in near)


def test_align_prefers_the_spine():
    """Of two parents the one with the longer path of boxes behind it is chosen."""
    # a(0) -> b(2) -> d(3), c(1) -> d: ranks a | c b | d, c to the left of b
    chosen = blocks.align(
        np.array([0, 1, 2, 3]), np.array([0, 1, 3, 4]),
        np.array([0, 1, 2, 3, 3]), np.array([2, 3, 3]), np.array([1, 1, 1]),
        np.array([0, 0, 0, 1, 3]), np.array([0, 1, 2]), np.array([1, 1, 1]),
    )  # fmt: skip
    assert chosen.tolist() == [-1, -1, 0, 2]


def block_graph(seed: int) -> dict[str, np.ndarray]:
    """Return seeded blocks with arcs from left to right, and pulls between them."""
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 12))
    ends = np.sort(random.integers(0, n, size=(2 * n, 2)), axis=1)
    ends = ends[ends[:, 0] < ends[:, 1]]
    distance = random.uniform(1, 20, size=len(ends))
    by_tail, by_head = np.argsort(ends[:, 0], kind="stable"), np.argsort(ends[:, 1], kind="stable")
    pulls = random.integers(0, n, size=(n, 2))
    pulls = pulls[pulls[:, 0] != pulls[:, 1]]
    offset = random.uniform(-5, 5, size=len(pulls))
    weight = random.choice([1.0, 2.0, 8.0], size=len(pulls))
    owner = np.concatenate([pulls[:, 0], pulls[:, 1]])
    rows = np.argsort(owner, kind="stable")
    return {
        "out_ptr": csr(ends[:, 0].tolist(), n), "head": ends[by_tail, 1].copy(),
        "out_distance": distance[by_tail],
        "in_ptr": csr(ends[:, 1].tolist(), n), "tail": ends[by_head, 0].copy(),
        "in_distance": distance[by_head],
        "pull_ptr": csr(owner.tolist(), n),
        "pull_block": np.concatenate([pulls[:, 1], pulls[:, 0]])[rows],
        "pull_offset": np.concatenate([offset, -offset])[rows],
        "pull_weight": np.concatenate([weight, weight])[rows],
        "ends": ends, "distance": distance,
    }  # fmt: skip


def cost(graph: dict[str, np.ndarray], x: np.ndarray) -> float:
    """Return the weighted sum of how far blocks are from where their edges want them."""
    owner = np.repeat(np.arange(len(x)), np.diff(graph["pull_ptr"]))
    goal = x[graph["pull_block"]] + graph["pull_offset"]
    return float(np.sum(graph["pull_weight"] * np.abs(x[owner] - goal)))


def compacted(graph: dict[str, np.ndarray]) -> np.ndarray:
    """Run the kernel with one part and blocks of width 2."""
    n = len(graph["out_ptr"]) - 1
    order = topology.topological_order(graph["out_ptr"], graph["head"])
    ones = np.ones(n)
    return blocks.compact(
        order, graph["out_ptr"], graph["head"], graph["out_distance"], ones, ones,
        np.zeros(n, np.int64), 1,
    )  # fmt: skip


def slow_compact(graph: dict[str, np.ndarray]) -> np.ndarray:
    """Push everything to the left, then to the right, until nothing moves; take the middle."""
    n = len(graph["out_ptr"]) - 1
    arcs = list(zip(*graph["ends"].T, graph["distance"], strict=True)) if len(graph["ends"]) else []
    low = np.ones(n)
    for _ in range(n):
        for a, b, d in arcs:
            low[b] = max(low[b], low[a] + d)
    high = np.full(n, low.max())
    for _ in range(n):
        for a, b, d in arcs:
            high[a] = min(high[a], high[b] - d)
    return 0.5 * (low + high)


@pytest.mark.parametrize("seed", SEEDS)
def test_compact(seed):
    """Blocks are in the middle of where they can be."""
    graph = block_graph(seed)
    assert np.allclose(compacted(graph), slow_compact(graph))


@pytest.mark.parametrize("seed", SEEDS)
def test_relax_shortens_and_keeps_distances(seed):
    """Weighted edge length never grows, and no two neighbours come too near."""
    graph = block_graph(seed)
    before = compacted(graph)
    x = before.copy()
    order = topology.topological_order(graph["out_ptr"], graph["head"])
    names = (
        "out_ptr", "head", "out_distance", "in_ptr", "tail", "in_distance",
        "pull_ptr", "pull_block", "pull_offset", "pull_weight",
    )  # fmt: skip
    blocks.relax(x, order, *(graph[name] for name in names), 12)
    assert cost(graph, x) <= cost(graph, before) + 1e-6
    ends = graph["ends"]
    assert np.all(x[ends[:, 1]] - x[ends[:, 0]] >= graph["distance"] - 1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_block_arcs(seed):
    """Each two neighbours on a rank ask for the room that they take."""
    graph = sample(seed)
    random = np.random.default_rng(seed)
    n = len(graph.rank)
    block = random.permutation(n)
    shift, left, right, gap = random.uniform(0, 9, size=(4, n))
    tail, head, distance = blocks.block_arcs(
        graph.order, graph.rank_ptr, block, shift, left, right, gap
    )
    pairs = [(a, b) for a, b in itertools.pairwise(graph.order) if graph.rank[a] == graph.rank[b]]
    assert tail.tolist() == [block[a] for a, _ in pairs]
    assert head.tolist() == [block[b] for _, b in pairs]
    room = [shift[a] + right[a] + (gap[a] + gap[b]) / 2 + left[b] - shift[b] for a, b in pairs]
    assert np.allclose(distance, room)
