"""Pair a free node with the free nodes that do its work on the other side, by what surrounds them.

A runtime writes one operator where there were many (a normalization, a GELU, an attention), or
another one in its place. Where a paired node reads a free one, and its partner reads a free one
by the same slot, the second with all free nodes that only lead to it is a region. If the same
pairs feed the region and the first node, these are one. Each region is looked at from its end
only and is at most `MAX_NODES` nodes, so this is linear. Imports `graphs.match_state`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graphs.ir import NodeKind
from graphs.match_ops import TRANSPARENT
from graphs.match_side import Rows, Side
from graphs.match_state import Work

MAX_NODES = 64
MAX_READERS = 8  # of a free node that are looked at


@dataclass(eq=False)
class _Half:
    """One side of the work."""

    side: Side
    partner: list[int]
    host: dict[int, int]

    def is_free(self, row: int) -> bool:
        """Return whether a row is an operator that nothing was found for."""
        return (
            self.partner[row] < 0
            and row not in self.host
            and self.side.kind[row] == NodeKind.OPERATOR
            and not self.side.is_inner[row]
        )


def pair_regions(work: Work) -> None:
    """Pair free nodes with free regions, either way round."""
    a = _Half(work.a, work.to_b, work.host_a)
    b = _Half(work.b, work.to_a, work.host_b)
    for one, many, is_swapped in ((b, a, True), (a, b, False)):
        for row in one.side.order:
            if one.is_free(row) and one.side.class_names[row] not in TRANSPARENT:
                _pair(work, one, many, row, is_swapped)


def _pair(work: Work, one: _Half, many: _Half, row: int, is_swapped: bool) -> None:
    """Pair a row with the first region that has its surroundings."""
    fed = _feeding(one, [row])
    if not fed:
        return
    wanted = {one.partner[source] for source in fed}
    for end in dict.fromkeys(_opposite(one, many, row)):
        region = _region(many, end)
        if region and _feeding(many, region) == wanted:
            ends = (end, row) if is_swapped else (row, end)
            if work.pair(*ends, "same surroundings", 0.75, any_class=True):
                many.host.update((member, end) for member in region if member != end)
                return


def _opposite(one: _Half, many: _Half, row: int) -> Iterator[int]:
    """Yield the free rows that the partners of a row's readers read where these read the row."""
    for reader, slot in one.side.succs[row][:MAX_READERS]:
        other = one.partner[reader]
        if other >= 0 and len(many.side.preds[other]) <= MAX_NODES:
            for source, _, there in many.side.preds[other]:
                if there == slot and many.is_free(source):
                    yield source


def _region(half: _Half, end: int) -> Rows:
    """Return a row and the free ones that lead to it.

    Empty where one leads elsewhere too, or where all of them only move data.
    """
    region, waiting = {end}, [end]
    while waiting:
        for source, _, _ in half.side.preds[waiting.pop()]:
            if source not in region and half.is_free(source):
                region.add(source)
                waiting.append(source)
                if len(region) > MAX_NODES:
                    return []
    is_closed = all(
        target in region for row in region if row != end for target, _ in half.side.succs[row]
    )
    is_computing = any(half.side.class_names[row] not in TRANSPARENT for row in region)
    return sorted(region) if is_closed and is_computing else []


def _feeding(half: _Half, rows: Rows) -> set[int]:
    """Return the paired rows whose data enter some rows, free moves looked through."""
    inside, waiting, found = set(rows), list(rows), set()
    while waiting and len(inside) <= MAX_NODES:
        for source, _, _ in half.side.preds[waiting.pop()]:
            if half.side.kind[source] == NodeKind.CONSTANT or source in inside:
                continue
            if half.partner[source] >= 0:
                found.add(source)
            elif half.side.class_names[source] in TRANSPARENT:
                inside.add(source)
                waiting.append(source)
            else:
                return set()
    return found
