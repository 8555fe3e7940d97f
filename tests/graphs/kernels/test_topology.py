"""Kernels on plain directed graphs against slow twins."""

from __future__ import annotations

import numpy as np
import pytest

from graphs.kernels import topology
from graphs.kernels.sorting import sort_range
from tests.graphs.kernels.proper_graphs import csr

SEEDS = range(60)


def digraph(seed: int) -> tuple[int, list[tuple[int, int]]]:
    """Return a seeded graph of 1 to 14 vertices without loops; parallel edges are allowed."""
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 15))
    ends = random.integers(0, n, size=(int(random.integers(0, 2 * n)), 2)).tolist()
    return n, sorted((a, b) for a, b in ends if a != b)


def arrays(n: int, edges: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the graph in CSR form."""
    return csr([a for a, _ in edges], n), np.array([b for _, b in edges], dtype=np.int64)


def reaches(n: int, edges: list[tuple[int, int]]) -> np.ndarray:
    """Return who reaches whom, by squaring."""
    matrix = np.eye(n, dtype=bool)
    for a, b in edges:
        matrix[a, b] = True
    for _ in range(n):
        matrix = matrix @ matrix
    return matrix


def slow_back_edges(n: int, edges: list[tuple[int, int]], starts: list[int]) -> list[bool]:
    """Mark back edges by a recursive depth-first search."""
    is_back = [False] * len(edges)
    state = [0] * n

    def visit(v: int) -> None:
        state[v] = 1
        for k, (a, b) in enumerate(edges):
            if a == v:
                is_back[k] = state[b] == 1
                if state[b] == 0:
                    visit(b)
        state[v] = 2

    for start in starts:
        if state[start] == 0:
            visit(start)
    return is_back


@pytest.mark.parametrize("seed", SEEDS)
def test_back_edges(seed):
    """The explicit stack marks what recursion marks, and the rest has no cycle."""
    n, edges = digraph(seed)
    starts = np.random.default_rng(seed).permutation(n)
    marks = topology.back_edges(*arrays(n, edges), starts)
    assert marks.tolist() == slow_back_edges(n, edges, starts.tolist())
    rest = [edge for edge, is_back in zip(edges, marks, strict=True) if not is_back]
    assert len(topology.topological_order(*arrays(n, rest))) == n


@pytest.mark.parametrize("seed", SEEDS)
def test_strong_components(seed):
    """Two vertices share a label exactly where each reaches the other."""
    n, edges = digraph(seed)
    label = topology.strong_components(*arrays(n, edges))
    way = reaches(n, edges)
    assert np.array_equal(label[:, None] == label, way & way.T)


@pytest.mark.parametrize("seed", SEEDS)
def test_topological_order(seed):
    """Edges point forward, and what lies on or behind a cycle is left out."""
    n, edges = digraph(seed)
    order = topology.topological_order(*arrays(n, edges)).tolist()
    at = {v: i for i, v in enumerate(order)}
    assert len(at) == len(order)
    assert all(a in at and at[a] < at[b] for a, b in edges if b in at)
    way = reaches(n, edges)
    on_cycle = [v for v in range(n) if any(w != v and way[v, w] and way[w, v] for w in range(n))]
    behind = {w for v in on_cycle for w in range(n) if way[v, w]}
    assert set(order) == set(range(n)) - behind


@pytest.mark.parametrize("seed", SEEDS)
def test_components(seed):
    """Components are those of the undirected graph, numbered by their first vertex."""
    n, edges = digraph(seed)
    ends = np.array(edges, dtype=np.int64).reshape(-1, 2)
    label, count = topology.components(n, ends[:, 0].copy(), ends[:, 1].copy())
    way = reaches(n, [*edges, *((b, a) for a, b in edges)])
    assert np.array_equal(label[:, None] == label, way)
    assert list(dict.fromkeys(label.tolist())) == list(range(count))


@pytest.mark.parametrize("n", [0, 1, 2, 15, 16, 17, 33, 100, 1000])
def test_sort_range(n):
    """A range is sorted stably, and what is outside it stays."""
    random = np.random.default_rng(n)
    keys = random.integers(0, max(n // 3, 1), size=n + 4).astype(float)
    items = random.permutation(n + 4)
    expected = [*items[:2], *sorted(items[2 : n + 2], key=lambda i: keys[i]), *items[n + 2 :]]
    sort_range(items, keys, 2, n + 2, np.empty_like(items))
    assert items.tolist() == expected
