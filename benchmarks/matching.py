"""How long pairing two large graphs takes, and how much of the truth it finds.

The truth is that of seeded edits (`tests/helpers/graph_edits.py`): what is missed is counted
and not felt. Nodes that nothing tells apart count as missed where they are paired crosswise.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks.graphs import decoder
from benchmarks.rows import Row
from graphs.ir import Graph
from graphs.match import match
from graphs.match_types import DEFAULT_OPTIONS, Matching, MatchOptions
from tests.helpers.graph_edits import Edited, disguised, edited, precision_and_recall

N_NODES = 20_000
SHARE = 0.01
SEEDS = (1, 2, 3)
WITHOUT_NAMES = MatchOptions(use_names=False)


def run() -> list[Row]:
    """Return the rows of this benchmark; times are the slowest, truth is the least found."""
    dense, experts = decoder(N_NODES), decoder(N_NODES, n_experts=8)
    match(decoder(300), decoder(300))
    return [
        *_rows("1 % edited", dense, _edited, DEFAULT_OPTIONS, 1.5, 0.01),
        *_rows("1 % edited, experts", experts, _edited, DEFAULT_OPTIONS, 1.5, 0.01),
        *_rows("no names, shuffled", dense, disguised, WITHOUT_NAMES, 3.0, 0.03),
    ]


def _edited(graph: Graph, seed: int) -> Edited:
    return edited(graph, SHARE, seed)


def _rows(
    what: str,
    graph: Graph,
    change: Callable[[Graph, int], Edited],
    options: MatchOptions,
    max_seconds: float,
    max_missed: float,
) -> list[Row]:
    """Time matching with each seed's changed graph, and count wrong and missed pairs."""
    seconds, missed = [], []
    for seed in SEEDS:
        truth = change(graph, seed)
        taken, matching = _timed(graph, truth.graph, options)
        seconds.append(taken)
        missed.append(1 - min(precision_and_recall(matching.id_pairs(), truth.pairs)))
    return [
        Row(f"matching: 20,000 nodes, {what}", max(seconds), "s", max_seconds),
        Row(f"matching: wrong or missed, {what}", max(missed), "", max_missed),
    ]


def _timed(a: Graph, b: Graph, options: MatchOptions) -> tuple[float, Matching]:
    """Take the time of the processor: matching has one thread, and other work does not count."""
    start = time.process_time()
    matching = match(a, b, options)
    return time.process_time() - start, matching
