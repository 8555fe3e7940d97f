"""Pair a node with the nodes that a converter wrote for it, by the names that it gave them.

TensorFlow Lite's converter names each node after the ones that it stands for, joined with
semicolons, and numbers those that it made of one: ``a/div;a/div1``, ``a/div;a/div2``. Where
all names of a node say the same, it is a part of the node of that name, so the last part is
its partner and the others join the pair. Imports `graphs.match_state`.
"""

from __future__ import annotations

from graphs.ir import NodeKind
from graphs.match_side import Rows, Side
from graphs.match_state import Work

MAX_PARTS = 16  # nodes made of one; more is no expansion but a name that says nothing


def pair_expanded(work: Work) -> None:
    """Pair free nodes with the one that they were made of, on either side."""
    for is_swapped in (False, True):
        side, other = (work.b, work.a) if is_swapped else (work.a, work.b)
        partner, host = (work.to_a, work.host_b) if is_swapped else (work.to_b, work.host_a)
        whole = {
            id: row for row, id in enumerate(other.ids) if other.kind[row] == NodeKind.OPERATOR
        }
        for name, parts in _parts_of(side).items():
            origin = whole.get(name, -1)
            if origin >= 0 and len(parts) <= MAX_PARTS:
                _join(work, origin, parts, is_swapped, partner, host)


def _parts_of(side: Side) -> dict[str, Rows]:
    """Return name -> the operators made of the node of that name, producers first."""
    found: dict[str, Rows] = {}
    for row in side.order:
        if side.kind[row] == NodeKind.OPERATOR and ";" in side.ids[row]:
            name = origin_of(side.ids[row])
            if name:
                found.setdefault(name, []).append(row)
    return found


def origin_of(id: str) -> str:
    """Return the one name that all parts of an id repeat, but for a number; empty without."""
    first, *rest = id[:4096].split(";")
    for name in rest:
        number = name.removeprefix(first)
        if not name.startswith(first) or (number and not number.isdecimal()):
            return ""
    return first


def _join(
    work: Work, origin: int, parts: Rows, is_swapped: bool, partner: Rows, host: dict[int, int]
) -> None:
    """Let the parts be one pair with their origin, as far as they are free."""
    free = [row for row in parts if partner[row] < 0 and row not in host]
    joined = [row for row in parts if partner[row] == origin]
    if not joined and free:
        ends = (origin, free[-1]) if is_swapped else (free[-1], origin)
        if work.pair(*ends, "one of its names", 0.85, any_class=True):
            joined = [free.pop()]
    if joined:
        host.update((row, joined[0]) for row in free)
