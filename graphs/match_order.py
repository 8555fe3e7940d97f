"""Align what is left along the topological order, between pairs that keep their order.

Both sides are read producers first. The longest chain of pairs that come in the same order on
both (longest increasing subsequence; Fredman 1975) cuts them into windows; in a window the
longest common subsequence of what the nodes are is paired, as in a text diff. That is found
with bit vectors (Crochemore et al. 2001; Hyyrö 2004), one Python integer a row, so a window
of p by q nodes takes p·q/8 bytes and as many steps of 64 bits; larger windows than
`MAX_CELLS` are cut at their ends, where alignment is surest. A pair is made only where a
paired neighbour agrees. Imports `graphs.match_state` only.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from graphs.match_side import Rows
from graphs.match_spread import Neighbours, spread
from graphs.match_state import Work

MAX_CELLS = 1 << 28  # 32 MB of bit vectors


class Ordered(Neighbours, Protocol):
    """A view with its order, producers first."""

    order: Rows


Colours = tuple[Mapping[int, int], Mapping[int, int]]


def pair_by_order(
    work: Work,
    a: Ordered,
    b: Ordered,
    colours: Colours,
    *,
    is_sure: bool = False,
    min_share: float = 0.0,
) -> int:
    """Pair along the order; return how many pairs were made, those beside them included.

    Parameters
    ----------
    work : Work
    a, b : Ordered
    colours : pair of mapping
        Row -> what has to be equal, on either side.
    is_sure : bool
        Whether equal colours are support enough.
    min_share : float
        A window is passed over unless this share of its shorter side comes in the same order.
    """
    mine_left = {colours[0].get(row) for row in a.order if work.to_b[row] < 0} - {None}
    if not any(colours[1].get(row) in mine_left for row in b.order if work.to_a[row] < 0):
        return 0
    free_a = [row for row in a.order if row not in work.host_a]
    free_b = [row for row in b.order if row not in work.host_b]
    made = 0
    for mine, theirs in _windows(work, free_a, free_b):
        labels = [colours[0].get(row, -1) for row in mine], [colours[1].get(r, -2) for r in theirs]
        places = longest_common(*labels)
        if len(places) < min_share * min(len(mine), len(theirs)):
            continue
        for i, j in places:
            row, other = mine[i], theirs[j]
            if is_sure or _has_support(work, a, b, row, other):
                made += work.pair(row, other, "order", 0.6)
                made += spread(work, a, b)
    return made


def _windows(work: Work, rows_a: Rows, rows_b: Rows) -> Iterator[tuple[Rows, Rows]]:
    """Yield the free rows between the pairs of the longest chain."""
    place = {row: at for at, row in enumerate(rows_b)}
    known = [
        (at, place[work.to_b[row]])
        for at, row in enumerate(rows_a)
        if work.to_b[row] >= 0 and work.to_b[row] in place
    ]
    chain = [known[at] for at in longest_increasing([there for _, there in known])]
    from_a = from_b = 0
    for to_a, to_b in [*chain, (len(rows_a), len(rows_b))]:
        mine = [row for row in rows_a[from_a:to_a] if work.to_b[row] < 0]
        theirs = [row for row in rows_b[from_b:to_b] if work.to_a[row] < 0]
        if mine and theirs:
            yield from _cut(mine, theirs)
        from_a, from_b = to_a + 1, to_b + 1


def _cut(mine: Rows, theirs: Rows) -> Iterator[tuple[Rows, Rows]]:
    """Yield a window, or its two ends where it is too large."""
    if len(mine) * len(theirs) <= MAX_CELLS:
        yield mine, theirs
        return
    half = int((MAX_CELLS // 4) ** 0.5)
    yield mine[:half], theirs[:half]
    yield mine[half:][-half:], theirs[half:][-half:]


def _has_support(work: Work, a: Ordered, b: Ordered, row: int, other: int) -> bool:
    near = {source for source, _, _ in b.preds[other]} | {t for t, _ in b.succs[other]}
    around = [source for source, _, _ in a.preds[row]] + [t for t, _ in a.succs[row]]
    beside = [work.to_b[one] for one in around if work.to_b[one] >= 0]
    return any(one in near for one in beside)


def longest_increasing(numbers: Sequence[int]) -> Rows:
    """Return places of a longest strictly increasing subsequence, in order; n log n."""
    tails: Rows = []
    places: Rows = []
    before: Rows = []
    for at, number in enumerate(numbers):
        k = bisect_left(tails, number)
        before.append(places[k - 1] if k else -1)
        if k == len(tails):
            tails.append(number)
            places.append(at)
        else:
            tails[k], places[k] = number, at
    chain = []
    at = places[-1] if places else -1
    while at >= 0:
        chain.append(at)
        at = before[at]
    return chain[::-1]


def longest_common(a: Sequence[int], b: Sequence[int]) -> list[tuple[int, int]]:
    """Return the places of a longest common subsequence of two sequences, in order.

    Notes
    -----
    Row i is a bit vector over `b` whose zeros are where the length grows:
    ``v = (v + (v & m)) | (v & ~m)`` with m the places of ``a[i]``. The walk back follows
    the rows that are kept.
    """
    full = (1 << len(b)) - 1
    places: dict[int, int] = {}
    for at, label in enumerate(b):
        places[label] = places.get(label, 0) | 1 << at
    rows, v = [full], full
    for label in a:
        match = places.get(label, 0)
        v = ((v + (v & match)) | (v & ~match)) & full
        rows.append(v)
    return _walk_back(rows, len(a), len(b), a, b)


def _walk_back(
    rows: list[int], i: int, j: int, a: Sequence[int], b: Sequence[int]
) -> list[tuple[int, int]]:
    """Follow the rows back from their ends; a step looks at one bit of each of two rows."""
    found = []
    while i and j:
        if not rows[i] >> (j - 1) & 1:  # the length grows here: in this row, or above it too
            if rows[i - 1] >> (j - 1) & 1:
                found.append((i - 1, j - 1))
                i, j = i - 1, j - 1
            else:
                i -= 1
        else:
            j -= 1
    return found[::-1]
