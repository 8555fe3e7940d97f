"""How long a search, the visible graph and a check of all invariants take on a large graph."""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks.graphs import decoder
from benchmarks.rows import Row
from graphs.check import problems
from graphs.query import search
from graphs.visible import visible

N_NODES = 50_000
REPEATS = 5
QUERY = "norm op:mul ns:layers/1/ -name:zebra"


def run() -> list[Row]:
    """Return the rows of this benchmark."""
    graph = decoder(N_NODES)
    n_hits = len(search(graph, QUERY))
    searching = _best_ms(lambda: search(graph, QUERY))
    words = _best_ms(lambda: search(graph, "block attention"))
    rival = f"{n_hits:,} hits; two free words: {words:.1f} ms"
    everything = range(len(graph.namespaces))
    return [
        Row("query: name, op and namespace search, 50,000 nodes", max(searching, words), "ms",
            None, rival),
        Row("query: visible graph, all groups open, 50,000 nodes",
            _best_ms(lambda: visible(graph, everything)), "ms"),
        Row("query: all invariants, 50,000 nodes", _best_ms(lambda: problems(graph)), "ms"),
    ]  # fmt: skip


def _best_ms(work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds) * 1e3
