"""Pair what has the same surroundings: colour refinement with paired nodes as landmarks.

A node's colour is a hash of what it is and of the colours around it. Two are used, both cut
off at nodes that are paired already, whose colour is the pair itself:

- the cones: all that a node is computed from, and all that is computed from it, each in one
  walk along the topological order. The fixed point of refinement in that direction, exact
  on any depth, linear.
- the neighbourhood of 1, 2, 4 and 8 steps both ways (Weisfeiler and Lehman 1968; Shervashidze
  et al. 2011), which an edit farther away does not touch.

A colour that one free node of each side has pairs them; the widest colours go first. What is
left with equal colours is symmetric and paired in order. Imports `graphs.match_state`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from graphs.match_order import longest_increasing
from graphs.match_side import Rows, Side
from graphs.match_skeleton import Skeleton
from graphs.match_spread import spread
from graphs.match_state import Work
from graphs.match_weights import mix

RADII = (8, 4, 2, 1)
MAX_UNSURE_RADIUS = 2  # between formats a colour of that few steps has to keep the order too
MAX_ROUNDS = 6
Label = Callable[[int], int]


@dataclass(eq=False)
class View:
    """What is neighbour of what: a side as it is, or its skeleton.

    Attributes
    ----------
    preds, succs : as in `graphs.match_side.Side`
    order : list of int
        The rows in view, producers first.
    waiting : list of int
        Those of them that were free when last asked.
    """

    preds: Sequence[tuple[tuple[int, int, int], ...]]
    succs: Sequence[list[tuple[int, int]]]
    order: Rows
    waiting: Rows = field(init=False)

    def __post_init__(self) -> None:
        self.waiting = self.order


def whole(side: Side) -> View:
    """Return all rows and edges of a side."""
    return View(side.preds, side.succs, side.order)


def bones(of: Skeleton) -> View:
    """Return the rows and edges of a skeleton."""
    return View(of.preds, of.succs, of.order)


@dataclass(frozen=True, eq=False)
class Both:
    """The same view of both sides, with labels that mean the same on both."""

    a: View
    b: View
    label_a: Label
    label_b: Label
    why: str
    confidence: float


def surroundings(work: Work, both: Both, radius: int) -> tuple[dict[int, int], dict[int, int]]:
    """Return the colours of all free rows, paired ones counting as what they are.

    Unlike those that pair by themselves these do not say where a node is, only what is around
    it: a run of equal blocks has equal colours.
    """
    free_a, free_b = free_rows(work, both)
    return (
        _steps(both.a, free_a, both.label_a, None, radius),
        _steps(both.b, free_b, both.label_b, None, radius),
    )


def pair_by_structure(work: Work, both: Both) -> int:
    """Pair nodes of equal colours until nothing changes; return how many pairs were made."""
    total = 0
    for _ in range(MAX_ROUNDS):
        made = _by_cones(work, both)
        for radius in RADII:
            made += _by_steps(work, both, radius)
        total += made
        if not made:
            break
    return total


def pair_symmetric(work: Work, both: Both) -> int:
    """Pair what has equal colours by its order, each with what hangs on it."""
    cones_a, cones_b = _cones_of(work, both)
    buckets: dict[int, tuple[Rows, Rows]] = {}
    for at, cones in enumerate((cones_a, cones_b)):
        for row, colour in cones.items():
            buckets.setdefault(colour, ([], []))[at].append(row)
    made = 0
    for mine, theirs in buckets.values():
        if len(mine) == len(theirs):
            for a, b in zip(mine, theirs, strict=True):
                if work.to_b[a] < 0 and work.to_a[b] < 0:
                    made += work.pair(a, b, f"{both.why}, one of {len(mine)} alike", 0.6)
                    made += spread(work, both.a, both.b)
    return made


def _by_cones(work: Work, both: Both) -> int:
    return _pair_unique(work, both, *_cones_of(work, both), "all around it")


def _cones_of(work: Work, both: Both) -> tuple[dict[int, int], dict[int, int]]:
    free_a, free_b = free_rows(work, both)
    return (
        _cones(both.a, free_a, both.label_a, work.mark_a),
        _cones(both.b, free_b, both.label_b, work.mark_b),
    )


def free_rows(work: Work, both: Both) -> tuple[Rows, Rows]:
    """Return the rows in view that are neither paired nor folded."""
    a, b = both.a, both.b
    a.waiting = [row for row in a.waiting if work.to_b[row] < 0 and row not in work.host_a]
    b.waiting = [row for row in b.waiting if work.to_a[row] < 0 and row not in work.host_b]
    return a.waiting, b.waiting


def _cones(view: View, free: Rows, label: Label, mark: Label) -> dict[int, int]:
    """Return one number for all above and below each free row; `mark` tells landmarks."""
    own = {row: label(row) for row in free}
    above: dict[int, int] = {}
    below: dict[int, int] = {}
    for row in free:
        entering = [
            (above[s] if s in above else mark(s), out, slot) for s, out, slot in view.preds[row]
        ]
        above[row] = hash((own[row], *entering))
    for row in reversed(free):
        leaving = [(below[t] if t in below else mark(t), slot) for t, slot in view.succs[row]]
        below[row] = hash((own[row], *sorted(leaving)))
    return {row: hash((above[row], below[row])) for row in free}


def _by_steps(work: Work, both: Both, radius: int) -> int:
    free_a, free_b = free_rows(work, both)
    if not free_a or not free_b:
        return 0
    colours_a = _steps(both.a, free_a, both.label_a, work.mark_a, radius)
    colours_b = _steps(both.b, free_b, both.label_b, work.mark_b, radius)
    what = f"{radius} steps around it" if radius > 1 else "1 step around it"
    is_sure = work.is_same_format or radius > MAX_UNSURE_RADIUS
    return _pair_unique(work, both, colours_a, colours_b, what, is_sure=is_sure)


def _steps(view: View, free: Rows, label: Label, mark: Label | None, radius: int) -> dict[int, int]:
    """Return the colours of the free rows after `radius` rounds of refinement."""
    place = {row: at for at, row in enumerate(free)}
    n = len(free)
    fixed: dict[int, int] = {}
    ends: list[int] = []
    sources: list[int] = []
    slots: list[int] = []
    for row, at in place.items():
        for other, _, slot in view.preds[row]:
            ends.append(at)
            sources.append(_column(other, place, fixed, n))
            slots.append(2 * slot)
        for other, slot in view.succs[row]:
            ends.append(at)
            sources.append(_column(other, place, fixed, n))
            slots.append(2 * slot + 1)
    own = np.array([label(row) & _MASK for row in free], dtype=np.uint64)
    told = [(mark or label)(row) & _MASK for row in fixed]
    marks = np.array(told, dtype=np.uint64)
    colours = np.concatenate([mix(own), mix(marks + np.uint64(1 << 40))])
    order = np.argsort(np.array(ends, dtype=np.int64), kind="stable")
    return dict(
        zip(free, _refined(colours, n, order, ends, sources, slots, radius).tolist(), strict=True)
    )


_MASK = (1 << 64) - 1


def _column(row: int, place: dict[int, int], fixed: dict[int, int], n: int) -> int:
    at = place.get(row)
    return at if at is not None else fixed.setdefault(row, n + len(fixed))


def _refined(
    colours: NDArray[np.uint64],
    n: int,
    order: NDArray[np.int64],
    ends: list[int],
    sources: list[int],
    slots: list[int],
    radius: int,
) -> NDArray[np.uint64]:
    """Mix the colours around into the first `n`, `radius` times."""
    source = np.array(sources, dtype=np.int64)[order]
    salt = mix(np.array(slots, dtype=np.uint64)[order])
    count = np.bincount(np.array(ends, dtype=np.int64), minlength=n)
    has_any = count > 0
    starts = (np.cumsum(count) - count)[has_any]
    with np.errstate(over="ignore"):
        for _ in range(radius):
            around = np.zeros(n, dtype=np.uint64)
            if len(source):
                around[has_any] = np.add.reduceat(mix(colours[source] ^ salt), starts)
            colours[:n] = mix(colours[:n] * np.uint64(3) + around)
    return colours[:n]


def _pair_unique(
    work: Work,
    both: Both,
    colours_a: dict[int, int],
    colours_b: dict[int, int],
    what: str,
    *,
    is_sure: bool = True,
) -> int:
    """Pair the rows whose colour nobody else on their side has."""
    once_a, once_b = _once(colours_a), _once(colours_b)
    found = [(a, once_b.get(colour, -1)) for colour, a in once_a.items()]
    found = [(a, b) for a, b in found if a >= 0 and b >= 0]
    if not is_sure:
        found = _in_order(work, both, found)
    made = sum(work.pair(a, b, f"{both.why}: {what}", both.confidence) for a, b in found)
    if made:
        made += spread(work, both.a, both.b)
    return made


def _in_order(work: Work, both: Both, found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the pairs that come in the same order on both sides, with those made already.

    Where little around two nodes is compared, and each format says it differently, a colour may
    be unique on both sides and still not the same node: in another of many equal blocks, say.
    """
    place = {row: at for at, row in enumerate(both.b.order)}
    wanted = dict(found)
    line = [
        (row, place[work.to_b[row] if work.to_b[row] >= 0 else wanted[row]])
        for row in both.a.order
        if work.to_b[row] in place or row in wanted
    ]
    kept = longest_increasing([there for _, there in line])
    rows = {line[at][0] for at in kept}
    return [(a, b) for a, b in found if a in rows]


def _once(colours: dict[int, int]) -> dict[int, int]:
    """Return colour -> row; -1 where several rows have it."""
    found: dict[int, int] = {}
    for row, colour in colours.items():
        found[colour] = row if colour not in found else -1
    return found
