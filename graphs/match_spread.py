"""From a pair to its neighbours: what enters by the same slot, what leaves to the only such reader.

Every pair is looked around once in each view, so this is linear in the edges. A pair of which
neither side leaves a choice is nearly as sure as the pair it comes from. Imports
`graphs.match_state` only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from graphs.match_state import Work

MAX_READERS = 4096  # a value that feeds more is no landmark, and looking around it is dear


class Neighbours(Protocol):
    """Edges both ways; see `graphs.match_structure.View`."""

    preds: Sequence[tuple[tuple[int, int, int], ...]]
    succs: Sequence[list[tuple[int, int]]]


def spread(work: Work, a: Neighbours, b: Neighbours) -> int:
    """Pair around the fresh pairs until there are none; return how many were made."""
    made = 0
    while work.fresh:
        mine, theirs = work.fresh.pop()
        if work.to_b[mine] == theirs:
            made += _entering(work, a, b, mine, theirs)
            made += _leaving(work, a, b, mine, theirs)
    return made


def spread_all(work: Work, a: Neighbours, b: Neighbours) -> int:
    """Pair around all pairs that have a free neighbour, in the order of A's rows."""
    near = {
        edge[0]
        for row in work.free_a()
        for edges in (a.preds[row], a.succs[row])
        for edge in edges[:MAX_READERS]
        if work.to_b[edge[0]] >= 0
    }
    work.fresh = [(mine, work.to_b[mine]) for mine in sorted(near, reverse=True)]
    return spread(work, a, b)


def _entering(work: Work, a: Neighbours, b: Neighbours, mine: int, theirs: int) -> int:
    by_slot = {(slot, out): row for row, out, slot in b.preds[theirs]}
    made, free = 0, 0
    for row, out, slot in a.preds[mine]:
        if work.to_b[row] < 0:
            other = by_slot.get((slot, out), -1)
            if other < 0 or not _pair(work, row, other, mine):
                free += 1
    if free:
        made += _only_ones(
            work,
            mine,
            [(work.a.class_of[row], row) for row, _, _ in a.preds[mine]],
            [(work.b.class_of[row], row) for row, _, _ in b.preds[theirs]],
        )
    return made


def _leaving(work: Work, a: Neighbours, b: Neighbours, mine: int, theirs: int) -> int:
    if len(a.succs[mine]) > MAX_READERS or len(b.succs[theirs]) > MAX_READERS:
        return 0
    return _only_ones(
        work,
        mine,
        [(work.a.class_of[row], row) for row, _ in a.succs[mine]],
        [(work.b.class_of[row], row) for row, _ in b.succs[theirs]],
    )


def _only_ones(
    work: Work, mine: int, keyed_a: list[tuple[int, int]], keyed_b: list[tuple[int, int]]
) -> int:
    """Pair the free rows that are the only ones of their class on both sides."""
    only_a = _only(keyed_a, work.to_b)
    if not only_a:
        return 0
    only_b = _only(keyed_b, work.to_a)
    made = 0
    for key, row in only_a.items():
        other = only_b.get(key, -1)
        if row >= 0 and other >= 0:
            made += _pair(work, row, other, mine)
    return made


def _only(keyed: list[tuple[int, int]], partner: list[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for key, row in keyed:
        if partner[row] < 0 and found.get(key) != row:
            found[key] = row if key not in found else -1
    return found


def _pair(work: Work, row: int, other: int, beside: int) -> bool:
    if work.guard is not None:
        mine, theirs = work.guard[0].get(row), work.guard[1].get(other)
        if mine is None or mine != theirs:
            return False
    confidence = max(0.5, 0.98 * work.confidence[beside])
    return work.pair(row, other, "beside a pair", confidence)
