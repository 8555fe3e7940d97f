"""Layout on seeded decoders and on extreme shapes: warm, one thread, empty caches.

Times are the best of a few runs. Growth is the processor time of a graph over that of one of half
its size, so that what else the machine does has no part in it. Expansion is measured as a session
sees it: the layout before it is in the cache.
"""

from __future__ import annotations

import itertools
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.graphs import decoder
from benchmarks.rows import Row
from graphs.ir import Graph
from graphs.kernels import warm
from graphs.layout import Boxes, Layout, lay_out
from graphs.layout.cache import ScopeCache
from graphs.visible import Visible, visible

REPEATS = 3
NODE_WIDTH, NODE_HEIGHT = 120.0, 32.0
GROWTH_SIZES = (5_000, 10_000, 20_000, 40_000, 80_000)
CACHE_BYTES = 2**30


def run() -> list[Row]:
    """Measure and return the rows."""
    start = time.perf_counter()
    warm()
    rows = [Row("layout: kernels loaded or compiled", time.perf_counter() - start, "s")]
    rows += _decoders()
    rows += _growth()
    rows += _expansion()
    rows.append(_memory())
    return rows + _extremes()


def _decoders() -> list[Row]:
    rows = []
    for n_nodes, limit in ((27_000, 0.5), (50_000, 1.0), (100_000, 2.5)):
        graph = decoder(n_nodes)
        flat = boxes_of(visible(graph, flat=True, show_constants=True))
        name = f"layout: decoder of {n_nodes:,} nodes"
        rows.append(_row(f"{name}, flat", flat, limit))
        if n_nodes == 27_000:
            whole = visible(graph, range(len(graph.namespaces)), show_constants=True)
            rows.append(_row(f"{name}, all groups expanded", boxes_of(whole), 0.3))
    return rows


def _growth() -> list[Row]:
    """Return how much longer a graph of twice the size takes, at worst."""
    times = []
    for n_nodes in GROWTH_SIZES:
        boxes = boxes_of(visible(decoder(n_nodes), flat=True, show_constants=True))
        times.append(timed(boxes, time.thread_time)[0])
    ratios = [b / a for a, b in itertools.pairwise(times)]
    told = ", ".join(f"{ms:.0f}" for ms in 1000 * np.array(times))
    name = "layout: time when the graph doubles, 5,000 to 80,000"
    return [Row(name, max(ratios), "x", 2.3, f"{told} ms")]


def _expansion() -> list[Row]:
    """Return the time of expanding one block of a decoder whose layout is cached."""
    graph = decoder(50_000)
    names = graph.namespaces
    around = names.index("layers")
    blocks = [i for i in range(len(names)) if names.parent[i] == around]
    cache = ScopeCache(CACHE_BYTES)
    expanded = {around, *blocks[: len(blocks) // 2]}
    lay_out(boxes_of(visible(graph, expanded)), cache=cache)
    times = []
    for block in blocks[len(blocks) // 2 :][:9]:
        expanded.add(block)
        boxes = boxes_of(visible(graph, expanded))
        start = time.perf_counter()
        lay_out(boxes, cache=cache)
        times.append(1000 * (time.perf_counter() - start))
    name = "layout: expanding one group at 50,000 nodes"
    return [Row(name, statistics.median(times), "ms", 40.0)]


def _memory() -> Row:
    """Return the peak memory of a process that lays out 100,000 nodes and does nothing else."""
    done = subprocess.run(
        [sys.executable, "-c", _LAY_OUT_100_000], check=True, capture_output=True, text=True
    )
    before, after = (float(word) for word in done.stdout.split())
    told = f"{before:,.0f} MB of them before the layout"
    return Row("layout: peak memory of 100,000 nodes, flat", after, "MB", 1000.0, told)


_LAY_OUT_100_000 = """
import resource
from benchmarks.graphs import decoder
from benchmarks.layout import boxes_of
from graphs.layout import lay_out
from graphs.visible import visible
boxes = boxes_of(visible(decoder(100_000), flat=True, show_constants=True))
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(peak())
lay_out(boxes)
print(peak())
"""


def _extremes() -> list[Row]:
    i = np.arange(100_000)
    fan = i[1:20_001]
    a, b = np.divmod(i[:40_000], 200)
    shapes = {
        "chain of 100,000": (100_000, i[:-1], i[1:]),
        "fan of 20,000": (
            20_002,
            np.concatenate([0 * fan, fan]),
            np.concatenate([fan, 0 * fan + 20_001]),
        ),
        "cycle of 5,000": (5_000, i[:5_000], (i[:5_000] + 1) % 5_000),
        "complete bipartite 200 x 200": (400, a, 200 + b),
    }
    return [_row(f"layout: {name}", plain(*shape), 2.0) for name, shape in shapes.items()]


def _row(name: str, boxes: Boxes, limit: float) -> Row:
    seconds, layout = timed(boxes)
    told = f"{layout.n_crossings:,} crossings, {len(layout.path_points):,} points"
    return Row(name, seconds, "s", limit, told)


def timed(boxes: Boxes, clock: Callable[[], float] = time.perf_counter) -> tuple[float, Layout]:
    """Return the best time of a few layouts in seconds, and the layout."""
    best = float("inf")
    for _ in range(REPEATS):
        start = clock()
        layout = lay_out(boxes, cache=ScopeCache(CACHE_BYTES))
        best = min(best, clock() - start)
    return best, layout


def boxes_of(shown: Visible) -> Boxes:
    """Return the boxes of a visible graph, all leaves of one size."""
    n = shown.n_items
    graph: Graph = shown.graph
    is_constant = (shown.item_node >= 0) & (graph.node_kind[shown.item_node] == 3)
    return Boxes(
        width=np.full(n, NODE_WIDTH, dtype=np.float32),
        height=np.full(n, NODE_HEIGHT, dtype=np.float32),
        parent=shown.item_parent,
        is_group=shown.item_is_expanded,
        is_constant=is_constant,
        source=shown.edge_source,
        target=shown.edge_target,
        source_slot=shown.edge_source_slot,
        target_slot=shown.edge_target_slot,
    )


def plain(n: int, source: NDArray[np.int64], target: NDArray[np.int64]) -> Boxes:
    """Return n boxes at the top, with edges that have no slots."""
    no_slot = np.full(len(source), -1, dtype=np.int32)
    return Boxes(
        width=np.full(n, NODE_WIDTH, dtype=np.float32),
        height=np.full(n, NODE_HEIGHT, dtype=np.float32),
        parent=np.full(n, -1, dtype=np.int32),
        is_group=np.zeros(n, dtype=bool),
        is_constant=np.zeros(n, dtype=bool),
        source=source.astype(np.int32),
        target=target.astype(np.int32),
        source_slot=no_slot,
        target_slot=no_slot,
    )
