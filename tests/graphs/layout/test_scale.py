"""Large and extreme graphs: no recursion, no quadratic step, whatever the shape.

The limits here are loose, for busy machines; `benchmarks/layout.py` has the real numbers.
"""

from __future__ import annotations

import time

import numpy as np
import pytest

from graphs.kernels import warm
from graphs.layout import Boxes, Layout, lay_out
from graphs.layout.cache import ScopeCache

LIMIT_S = 20.0


def plain(n: int, source: np.ndarray, target: np.ndarray) -> Boxes:
    """Return n equal boxes at the top, with edges that have no slots."""
    no_slot = np.full(len(source), -1, dtype=np.int32)
    return Boxes(
        width=np.full(n, 100, dtype=np.float32),
        height=np.full(n, 28, dtype=np.float32),
        parent=np.full(n, -1, dtype=np.int32),
        is_group=np.zeros(n, dtype=bool),
        is_constant=np.zeros(n, dtype=bool),
        source=source.astype(np.int32),
        target=target.astype(np.int32),
        source_slot=no_slot,
        target_slot=no_slot,
    )


def timed(boxes: Boxes) -> Layout:
    """Lay out within the limit, with all kernels warm and an empty cache."""
    warm()
    start = time.perf_counter()
    layout = lay_out(boxes, cache=ScopeCache(2**30))
    assert time.perf_counter() - start < LIMIT_S
    return layout


def test_chain_of_100_000():
    """A chain of 100,000 boxes is one straight line."""
    i = np.arange(99_999)
    layout = timed(plain(100_000, i, i + 1))
    assert np.all(np.diff(layout.y) > 28)
    assert np.ptp(layout.x) == 0
    assert len(layout.path_points) == 4 * 99_999


def test_fan_of_20_000():
    """20,000 boxes between one source and one sink stand on one rank, without a crossing."""
    i = np.arange(1, 20_001)
    source = np.concatenate([np.zeros(20_000), i])
    target = np.concatenate([i, np.full(20_000, 20_001)])
    layout = timed(plain(20_002, source, target))
    assert len(np.unique(layout.y)) == 3
    assert layout.n_crossings == 0


def test_cycle_of_5_000():
    """A cycle of 5,000 boxes has one back edge."""
    i = np.arange(5_000)
    layout = timed(plain(5_000, i, (i + 1) % 5_000))
    assert layout.edge_is_back.sum() == 1


def test_complete_bipartite():
    """40,000 edges between two ranks cross as often as they must."""
    a, b = np.divmod(np.arange(40_000), 200)
    layout = timed(plain(400, a, 200 + b))
    assert layout.n_crossings == (200 * 199 // 2) ** 2


def test_20_000_components():
    """Boxes without edges are packed to about 1.6 times as wide as high."""
    layout = timed(plain(20_000, np.zeros(0), np.zeros(0)))
    assert 1.3 < layout.total_width / layout.total_height < 1.9


def test_nested_2_000_deep():
    """Groups nested 2,000 deep, with an edge through all borders, need no recursion."""
    depth = 2_000
    good = plain(depth + 2, np.array([depth, depth + 1]), np.array([depth + 1, depth]))
    parent = np.concatenate([np.arange(-1, depth), [-1]]).astype(np.int32)
    is_group = np.arange(depth + 2) < depth
    columns = {name: getattr(good, name) for name in Boxes.__dataclass_fields__}
    layout = timed(Boxes(**{**columns, "parent": parent, "is_group": is_group}))
    assert layout.edge_is_back.sum() == 1
    assert np.all(np.diff(layout.y[:depth]) > 0)


def test_value_with_20_000_consumers_along_a_chain():
    """A mask that feeds every box of a chain has one chain of dummies, not 200 million."""
    n = 20_000
    i = np.arange(1, n)
    source = np.concatenate([i[:-1], np.zeros(n - 1)])
    target = np.concatenate([i[1:], i])
    layout = timed(plain(n, source, target))
    assert len(layout.path_points) < 40 * n


@pytest.mark.parametrize("seed", range(3))
def test_random_graph(seed):
    """10,000 boxes with local random edges, some of them backwards."""
    random = np.random.default_rng(seed)
    source = random.integers(0, 10_000, 15_000)
    target = np.clip(source + random.integers(-3, 30, 15_000), 0, 9_999)
    layout = timed(plain(10_000, source, target))
    assert np.all(np.isfinite(layout.path_points))
