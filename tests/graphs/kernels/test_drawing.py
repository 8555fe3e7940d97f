"""Kernels that place ports, write paths and pack parts, against slow twins."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from graphs.kernels import paths, ports, shelves

SEEDS = range(40)


def slow_line_up(wanted: list[float], is_ordered: list[bool]) -> list[int]:
    """Put each free port before the first ordered one that is not left of it."""
    rest = sorted((i for i, o in enumerate(is_ordered) if not o), key=lambda i: wanted[i])
    line: list[int] = []
    for i in (i for i, o in enumerate(is_ordered) if o):
        while rest and wanted[rest[0]] < wanted[i]:
            line.append(rest.pop(0))
        line.append(i)
    return line + rest


@pytest.mark.parametrize("seed", SEEDS)
def test_spread_ports_keeps_order_and_gaps(seed):
    """Ports lie on their side, in slot order, and all are apart."""
    random = np.random.default_rng(seed)
    counts = random.integers(0, 8, size=3)
    ptr = np.concatenate([[0], np.cumsum(counts)])
    wanted = random.uniform(-50, 150, size=ptr[-1])
    is_ordered = random.random(ptr[-1]) < 0.7
    low, high = np.array([0.0, 20.0, 40.0]), np.array([100.0, 30.0, 41.0])
    x = ports.spread_ports(ptr, wanted, is_ordered, low, high, 10.0)
    for s in range(3):
        rows = np.arange(ptr[s], ptr[s + 1])
        line = slow_line_up(wanted[rows].tolist(), is_ordered[rows].tolist())
        placed = x[rows][line]
        step = min(10.0, (high[s] - low[s]) / max(len(rows), 1))
        assert np.all(np.diff(placed) >= step - 1e-9)
        assert np.all((placed >= low[s] - 1e-9) & (placed <= high[s] + 1e-9))


@pytest.mark.parametrize("seed", range(10))
def test_spread_ports_is_nearest(seed):
    """Where the side is long enough, ports are as near to what they want as a solver gets them."""
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 6))
    wanted = random.uniform(0, 1000, size=n)
    x = ports.spread_ports(
        np.array([0, n]), wanted, np.ones(n, bool), np.array([-500.0]), np.array([1500.0]), 10.0
    )
    limits = [{"type": "ineq", "fun": lambda p, i=i: p[i + 1] - p[i] - 10.0} for i in range(n - 1)]
    best = minimize(lambda p: np.sum((p - wanted) ** 2), np.sort(wanted), constraints=limits)
    assert np.sum((x - wanted) ** 2) <= best.fun + 1e-3


def test_spread_ports_keeps_straight_edges_straight():
    """A port right below its source stays there; the others make room."""
    x = ports.spread_ports(
        np.array([0, 3]), np.array([50.0, 49.0, 400.0]), np.array([False, True, True]),
        np.array([0.0]), np.array([100.0]), 10.0,
    )  # fmt: skip
    assert x[2] == 100.0
    assert x[0] - x[1] == pytest.approx(10.0)
    alone = ports.spread_ports(
        np.array([0, 2]), np.array([30.0, 900.0]), np.ones(2, bool), np.array([0.0]),
        np.array([100.0]), 10.0,
    )  # fmt: skip
    assert alone[0] == 30.0


def slow_route(
    ways: list[tuple[float, int]], start_y: float, end_y: float, top: np.ndarray, bottom: np.ndarray
) -> list[tuple[float, float]]:
    """Write one path: a list of curves, each straight down or an S between two ranks."""
    (x, _), *rest = ways
    y = start_y
    curves: list[tuple[float, float, float, float]] = []
    for to_x, rank in rest:
        if abs(to_x - x) >= 0.01:
            if bottom[rank - 1] - y > 0.01:
                curves.append((x, y, x, bottom[rank - 1]))
                y = bottom[rank - 1]
            curves.append((x, y, to_x, top[rank]))
            x, y = to_x, top[rank]
    if end_y - y > 0.01 or not curves:
        curves.append((x, y, x, end_y))
    points = [(ways[0][0], start_y)]
    for x0, y0, x1, y1 in curves:
        a, b = ((2 * y0 + y1) / 3, (y0 + 2 * y1) / 3) if x0 == x1 else ((y0 + y1) / 2,) * 2
        points += [(x0, a), (x1, b), (x1, y1)]
    return points


@pytest.mark.parametrize("seed", SEEDS)
def test_route(seed):
    """Nets are drawn as if each of their edges were drawn alone."""
    random = np.random.default_rng(seed)
    n_ranks = int(random.integers(2, 7))
    top = np.arange(n_ranks) * 100.0
    bottom = top + random.uniform(0, 60, size=n_ranks)
    n_nets = int(random.integers(1, 5))
    net_rank = random.integers(0, n_ranks - 1, size=n_nets)
    counts = random.integers(1, 4, size=n_nets)
    net = np.repeat(np.arange(n_nets), counts)
    end_rank = np.array([random.integers(net_rank[k] + 1, n_ranks) for k in net])
    far = np.array([end_rank[net == k].max() for k in range(n_nets)])
    length = far - net_rank - 1
    net_first = np.cumsum(length) - length
    dummy_x = random.choice([0.0, 10.0, 20.0], size=max(int(length.sum()), 1))
    start_x = random.choice([0.0, 10.0], size=n_nets)
    end_x = random.choice([0.0, 10.0], size=len(net))
    start_y, end_y = bottom[net_rank] - 2.0, top[end_rank] + 3.0
    arguments = (
        np.concatenate([[0], np.cumsum(counts)]), net_rank, net_first, start_x, start_y, dummy_x,
        end_x, end_y, end_rank, top, bottom,
    )  # fmt: skip
    path_ptr, _ = paths.route(*arguments, 0)
    path_ptr, points = paths.route(*arguments, int(path_ptr[-1]))
    for e, k in enumerate(net):
        inner = [
            (dummy_x[net_first[k] + r - net_rank[k] - 1], r)
            for r in range(net_rank[k] + 1, end_rank[e])
        ]
        ways = [(start_x[k], int(net_rank[k])), *inner, (end_x[e], int(end_rank[e]))]
        expected = slow_route(ways, start_y[k], end_y[e], top, bottom)
        assert np.allclose(points[path_ptr[e] : path_ptr[e + 1]], expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_join_paths(seed):
    """Pieces follow each other at their origins without the doubled joint; back edges turn."""
    random = np.random.default_rng(seed)
    sizes = 1 + 3 * random.integers(1, 4, size=5)
    path_ptr = np.concatenate([[0], np.cumsum(sizes)])
    points = random.uniform(0, 10, size=(path_ptr[-1], 2))
    pieces = [random.integers(0, 5, size=random.integers(1, 4)) for _ in range(4)]
    piece_ptr = np.concatenate([[0], np.cumsum([len(p) for p in pieces])])
    piece_path = np.concatenate(pieces)
    origin = random.uniform(0, 100, size=(len(piece_path), 2))
    is_back = random.random(4) < 0.5
    expected = []
    for e in range(4):
        whole = []
        for k in range(piece_ptr[e], piece_ptr[e + 1]):
            own = points[path_ptr[piece_path[k]] : path_ptr[piece_path[k] + 1]] + origin[k]
            whole.extend(own[0 if k == piece_ptr[e] else 1 :])
        expected.append(whole[::-1] if is_back[e] else whole)
    out_ptr = np.concatenate([[0], np.cumsum([len(w) for w in expected])])
    out = np.empty((out_ptr[-1], 2), np.float32)
    paths.join_paths(
        piece_ptr, piece_path, origin[:, 0].copy(), origin[:, 1].copy(), path_ptr, points,
        is_back, out_ptr, out,
    )  # fmt: skip
    assert np.allclose(out, np.concatenate(expected), rtol=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_pack_shelves(seed):
    """No two rectangles touch, none sticks out unless it is wider than all."""
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 40))
    width, height = random.uniform(1, 50, size=(2, n))
    order = np.argsort(-height)
    x, y = shelves.pack_shelves(order, width, height, 120.0, 4.0)
    for i in range(n):
        for j in range(i):
            apart_x = x[i] + width[i] + 4 <= x[j] + 1e-9 or x[j] + width[j] + 4 <= x[i] + 1e-9
            apart_y = y[i] + height[i] + 4 <= y[j] + 1e-9 or y[j] + height[j] + 4 <= y[i] + 1e-9
            assert apart_x or apart_y
    assert np.all((x >= 0) & (y >= 0))
    assert np.all((x + width <= 120.0 + 1e-9) | (x == 0))
