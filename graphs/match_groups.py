"""Pair the groups whose members are paired with each other.

A group's partner is the namespace of the other side with which it shares the largest part of
both, members of inner groups counted; both must choose each other. Linear in pairs times the depth
of their namespaces. Imports `graphs.match_types` and the columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import isqrt

from graphs.ir import Graph
from graphs.match_types import GroupPair

Key = tuple[int, int]  # place of the graph, namespace
MAX_DEPTH_COUNTED = 16  # a pair of paths is counted at each two of their depths,
MAX_COUNTED = 400_000  # as far as they are not too many in all


def group_pairs(
    graphs_a: Sequence[Graph],
    graphs_b: Sequence[Graph],
    rows: Sequence[tuple[int, int, int, int]],
) -> tuple[GroupPair, ...]:
    """Return the groups that choose each other, in A's order.

    Parameters
    ----------
    graphs_a, graphs_b : sequence of Graph
    rows : sequence of (graph of A, node, graph of B, node)
        The pairs, by place and row.
    """
    sizes_a, sizes_b = _sizes(graphs_a), _sizes(graphs_b)
    spaces_a: list[list[int]] = [graph.node_namespace.tolist() for graph in graphs_a]
    spaces_b: list[list[int]] = [graph.node_namespace.tolist() for graph in graphs_b]
    leaves: Counter[tuple[Key, Key]] = Counter(
        ((at, spaces_a[at][node]), (there, spaces_b[there][other]))
        for at, node, there, other in rows
    )
    depth = max(1, min(MAX_DEPTH_COUNTED, isqrt(MAX_COUNTED // max(1, len(leaves)))))
    shared: Counter[tuple[Key, Key]] = Counter()
    around_a = {mine: _around(graphs_a, mine)[:depth] for mine in {mine for mine, _ in leaves}}
    around_b = {own: _around(graphs_b, own)[:depth] for own in {theirs for _, theirs in leaves}}
    for (mine, theirs), n in leaves.items():
        for outer in around_a[mine]:
            for other in around_b[theirs]:
                shared[outer, other] += n
    best_a = _best(shared, 0, sizes_a, sizes_b)
    best_b = _best(shared, 1, sizes_b, sizes_a)
    found = []
    for mine in sorted(best_a):
        theirs = best_a[mine]
        if best_b.get(theirs) == mine:
            found.append(_pair(graphs_a, graphs_b, mine, theirs, shared, sizes_a, sizes_b))
    return tuple(found)


def _pair(
    graphs_a: Sequence[Graph],
    graphs_b: Sequence[Graph],
    mine: Key,
    theirs: Key,
    shared: Counter[tuple[Key, Key]],
    sizes_a: Counter[Key],
    sizes_b: Counter[Key],
) -> GroupPair:
    a, b = graphs_a[mine[0]], graphs_b[theirs[0]]
    return GroupPair(
        a.namespaces.paths[mine[1]],
        b.namespaces.paths[theirs[1]],
        shared[mine, theirs],
        sizes_a[mine],
        sizes_b[theirs],
        a.id,
        b.id,
    )


def _around(graphs: Sequence[Graph], key: Key) -> list[Key]:
    """Return a namespace and those around it, without the root."""
    at, own = key
    if not own:
        return []
    return [(at, one) for one in (own, *graphs[at].namespaces.ancestors(own))][:MAX_DEPTH_COUNTED]


def _sizes(graphs: Sequence[Graph]) -> Counter[Key]:
    sizes: Counter[Key] = Counter()
    for at, graph in enumerate(graphs):
        for own, n in Counter(graph.node_namespace.tolist()).items():
            for key in _around(graphs, (at, own)):
                sizes[key] += n
    return sizes


def _best(
    shared: Counter[tuple[Key, Key]], end: int, own: Counter[Key], other: Counter[Key]
) -> dict[Key, Key]:
    """Return the partner of each: the largest share of both, of those the most, of those the first.

    By the share (Dice 1945) and not the number, for what is around a partner shares as much.
    """
    best: dict[Key, tuple[float, int, Key]] = {}
    for keys, n in shared.items():
        mine, theirs = keys[end], keys[1 - end]
        rank = (-2.0 * n / (own[mine] + other[theirs]), -n, theirs)
        if mine not in best or rank < best[mine]:
            best[mine] = rank
    return {mine: rank[2] for mine, rank in best.items()}
