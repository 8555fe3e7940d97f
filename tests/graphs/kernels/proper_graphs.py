"""Seeded graphs between ranks, with ports, and slow looks at them. Twins of `graphs.kernels`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Sample:
    """A graph whose edges join neighbouring ranks, in CSR form both ways.

    `edges` are rows (upper, lower, upper port, lower port); ports are fractions.
    """

    rank: NDArray[np.int64]
    order: NDArray[np.int64]
    rank_ptr: NDArray[np.int64]
    edges: list[tuple[int, int, float, float]]
    down: dict[str, NDArray]
    up: dict[str, NDArray]

    @property
    def down_slot(self) -> NDArray[np.int64]:
        """Index of the lower port among the distinct ports of the lower vertex."""
        ports: dict[int, set[float]] = {}
        for _, b, _, port in self.edges:
            ports.setdefault(b, set()).add(port)
        rows = zip(self.down["dst"], self.down["dst_port"], strict=True)
        return np.array([sorted(ports[b]).index(p) for b, p in rows], dtype=np.int64)


def sample(seed: int) -> Sample:
    """Return a seeded graph: 2 to 6 ranks of 1 to 8 vertices, parallel edges, shared ports."""
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 9, size=random.integers(2, 7))
    rank = np.repeat(np.arange(len(sizes)), sizes)
    rank_ptr = np.concatenate([[0], np.cumsum(sizes)])
    order = np.concatenate(
        [random.permutation(np.flatnonzero(rank == r)) for r in range(len(sizes))]
    )
    edges = []
    for r in range(len(sizes) - 1):
        for _ in range(random.integers(0, 2 * sizes[r] + 2)):
            a = int(rank_ptr[r] + random.integers(sizes[r]))
            b = int(rank_ptr[r + 1] + random.integers(sizes[r + 1]))
            edges.append((a, b, *(float(p) for p in random.choice([0.25, 0.5, 0.75], size=2))))
    return Sample(rank, order, rank_ptr, edges, *_both_ways(edges, len(rank)))


def _both_ways(
    edges: list[tuple[int, int, float, float]], n: int
) -> tuple[dict[str, NDArray], dict[str, NDArray]]:
    by_upper = sorted(edges, key=lambda e: (e[0], e[2]))
    by_lower = sorted(edges, key=lambda e: (e[1], e[3]))
    down = {
        "ptr": csr([e[0] for e in by_upper], n),
        "dst": np.array([e[1] for e in by_upper], dtype=np.int64),
        "port": np.array([e[2] for e in by_upper], dtype=np.float64),
        "dst_port": np.array([e[3] for e in by_upper], dtype=np.float64),
    }
    up = {
        "ptr": csr([e[1] for e in by_lower], n),
        "src": np.array([e[0] for e in by_lower], dtype=np.int64),
        "src_port": np.array([e[2] for e in by_lower], dtype=np.float64),
    }
    return down, up


def csr(owners: list[int], n: int) -> NDArray[np.int64]:
    """Return pointers into rows that are sorted by owner."""
    return np.array([sum(o < v for o in owners) for v in range(n + 1)], dtype=np.int64)


def slow_crossings(graph: Sample, order: NDArray[np.int64], *, with_ports: bool = True) -> int:
    """Count pairs of edges that cross, by looking at every pair."""
    place = {int(v): i for i, v in enumerate(order)}
    ends = [
        (graph.rank[a], (place[a], pa * with_ports), (place[b], pb * with_ports))
        for a, b, pa, pb in graph.edges
    ]
    return sum(
        r == s and ((a < c and b > d) or (a > c and b < d))
        for k, (r, a, b) in enumerate(ends)
        for s, c, d in ends[k + 1 :]
    )
