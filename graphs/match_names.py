"""Pair by what things are called and by what initializers hold; take back what cannot be.

Weights go first: equal contents are surer than equal names, and a converter that numbers nodes
anew gives old names to other nodes. A name is believed where the op classes agree and where
not all its neighbours contradict. Imports `graphs.match_state` only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from graphs.ir import NodeKind
from graphs.match_side import Rows, Side
from graphs.match_state import Work
from graphs.match_types import FixedPair
from graphs.match_weights import Weights


def pair_fixed(work: Work, fixed: Iterable[FixedPair]) -> list[FixedPair]:
    """Pair the first ids of each fixed pair and fold the others into them; return what failed."""
    by_a, by_b = _once(work.a, _id), _once(work.b, _id)
    failed = []
    for pair in fixed:
        rows_a = [by_a.get(id, -1) for id in pair.a]
        rows_b = [by_b.get(id, -1) for id in pair.b]
        rows = rows_a + rows_b
        if not rows or min(rows) < 0 or not _fix(work, rows_a, rows_b):
            failed.append(pair)
    return failed


def _fix(work: Work, rows_a: list[int], rows_b: list[int]) -> bool:
    """Pair two lists of free rows whatever they are; without a partner let each be alone."""
    taken = [work.to_b[row] >= 0 or row in work.host_a for row in rows_a]
    taken += [work.to_a[row] >= 0 or row in work.host_b for row in rows_b]
    if any(taken):
        return False
    if not rows_a or not rows_b:
        work.host_a.update((row, row) for row in rows_a)
        work.host_b.update((row, row) for row in rows_b)
        return True
    a, b = rows_a[0], rows_b[0]
    work.to_b[a], work.to_a[b] = b, a
    work.why[a], work.confidence[a] = "given", 1.0
    work.host_a.update((row, a) for row in rows_a[1:] if row != a)
    work.host_b.update((row, b) for row in rows_b[1:] if row != b)
    return True


def pair_by_weights(work: Work) -> None:
    """Pair initializers whose contents nobody else has, and the operators that read them."""
    held_a, held_b = _held(work.weights_a), _held(work.weights_b)
    for key, a in held_a.items():
        b = held_b.get(key, -1)
        if a >= 0 and b >= 0:
            work.pair(a, b, "equal weights", 0.97)
    _pair_readers(work, "equal weights", 0.97)


def _pair_readers(work: Work, why: str, confidence: float) -> None:
    """Pair the operators whose weights are paired, where nobody else reads these."""
    readers_b = _readers(work.b, work.skeleton_b.weight_of)
    for constant, reader in _readers(work.a, work.skeleton_a.weight_of).items():
        other = readers_b.get(work.to_b[constant], -1)
        if reader >= 0 and other >= 0:
            work.pair(reader, other, why, confidence)


def _held(weights: Weights) -> dict[tuple[int, int], int]:
    found: dict[tuple[int, int], int] = {}
    for row, content in weights.of.items():
        if content is not None and content.is_telling:
            key = (content.n_elements, content.in_any_order)
            found[key] = row if key not in found else -1
    return found


def _readers(side: Side, weight_of: list[int]) -> dict[int, int]:
    """Return constant -> the operator whose largest weight it is; -1 where several are."""
    found: dict[int, int] = {}
    for row, constant in enumerate(weight_of):
        if constant >= 0 and side.kind[row] == NodeKind.OPERATOR:
            found[constant] = row if constant not in found else -1
    return found


def pair_by_names(work: Work) -> None:
    """Pair equal ids, then equal tensor names, then names equal up to a format's decoration."""
    keys: list[tuple[Callable[[Side, int], object], str, float]] = [
        (_graph_and_id, "name", 0.95),
        (_id, "name", 0.95),
        (_tensor_name, "tensor name", 0.93),
        (_plain_name, "alike name", 0.85),
    ]
    for key, why, confidence in keys if work.options.is_id_fallback else keys[2:]:
        found_b = _once(work.b, key, work.to_a)
        for name, a in _once(work.a, key, work.to_b).items():
            b = found_b.get(name, -1)
            if a >= 0 and b >= 0 and name:
                work.pair(a, b, why, confidence)
    _pair_by_merged_names(work)
    _pair_readers(work, "weights of one name", 0.9)
    _take_back_contradicted(work)


def _pair_by_merged_names(work: Work) -> None:
    """Pair by one of the names that TFLite's converter joins with semicolons when it fuses."""
    for is_swapped in (False, True):
        side, other = (work.b, work.a) if is_swapped else (work.a, work.b)
        partner, back = (work.to_a, work.to_b) if is_swapped else (work.to_b, work.to_a)
        named = _once(other, _plain_name, back)
        for row in range(side.n):
            if partner[row] < 0 and ";" in side.ids[row]:
                for name in dict.fromkeys(side.ids[row][:8192].split(";")[:64]):
                    found = named.get((side.kind[row], _parts(name)), -1)
                    ends = (found, row) if is_swapped else (row, found)
                    if found >= 0 and work.pair(*ends, "one of its names", 0.85):
                        break


def pair_changed_names(work: Work) -> None:
    """Pair equal ids of different op types where a neighbour agrees, or there is none."""
    found_b = _once(work.b, _graph_and_id, work.to_a)
    for name, a in _once(work.a, _graph_and_id, work.to_b).items():
        b = found_b.get(name, -1)
        if a >= 0 and b >= 0 and a not in work.host_a and b not in work.host_b:
            agree, against = neighbours(work, a, b)
            if agree or not against:
                work.pair(a, b, "name", 0.8, any_class=True)


def _take_back_contradicted(work: Work) -> None:
    """Unpair names that two neighbours contradict and none supports."""
    bad = []
    for a, b in enumerate(work.to_b):
        if (
            b >= 0
            and not work.a.kind[a]
            and "name" in work.why[a]
            and not _is_fed_alike(work, a, b)
        ):
            agree, against = neighbours(work, a, b)
            if against > 1 and not agree:
                bad.append(a)
    for a in bad:
        work.unpair(a)


def _is_fed_alike(work: Work, a: int, b: int) -> bool:
    """Return whether an input of one is fed by the partner of what feeds the other."""
    return any(
        work.to_b[mine[0]] == theirs[0]
        for mine, theirs in zip(work.a.preds[a], work.b.preds[b], strict=False)
    )


def neighbours(work: Work, a: int, b: int) -> tuple[int, int]:
    """Return how many of the paired nodes around `a` are around `b`, and how many elsewhere.

    Free nodes are looked through: a Quantize between two nodes does not part them.
    """
    agree = against = 0
    for is_after in (False, True):
        near = set(_around(work.b, b, work.to_a, is_after))
        for row in _around(work.a, a, work.to_b, is_after):
            agree += work.to_b[row] in near
            against += work.to_b[row] not in near
    return agree, against


MAX_LOOKED_AT = 32  # rows around one, so that a chain of free nodes costs little


def _around(side: Side, row: int, partner: list[int], is_after: bool) -> Rows:
    """Return the nearest paired rows before or after a row."""
    found: Rows = []
    seen, waiting = {row}, [row]
    while waiting and len(seen) <= MAX_LOOKED_AT:
        at = waiting.pop()
        edges = side.succs[at] if is_after else side.preds[at]
        for other in [edge[0] for edge in edges[:MAX_LOOKED_AT]]:
            if other not in seen:
                seen.add(other)
                (found if partner[other] >= 0 else waiting).append(other)
    return found


def _once(
    side: Side, key: Callable[[Side, int], object], partner: list[int] | None = None
) -> dict[object, int]:
    """Return key -> free row; -1 where several free rows have it."""
    found: dict[object, int] = {}
    for row in range(side.n):
        if partner is None or partner[row] < 0:
            name = key(side, row)
            found[name] = row if name not in found else -1
    return found


def _id(side: Side, row: int) -> object:
    return side.ids[row]


def _graph_and_id(side: Side, row: int) -> object:
    at = side.graph_of[row]
    return (side.graphs[at].id if at else "", side.ids[row])


def _tensor_name(side: Side, row: int) -> object:
    name = side.value_name(row)
    return (side.kind[row], name) if name else None


_DECORATION = str.maketrans({":": "/", "_": "/", ".": "/", "-": "/"})


def _plain_name(side: Side, row: int) -> object:
    """Return the name without what formats put around it; None for one that says nothing."""
    parts = _parts(side.ids[row])
    return (side.kind[row], parts) if len(parts) > 1 else None


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part for part in name[:1024].lower().translate(_DECORATION).split("/") if part)
