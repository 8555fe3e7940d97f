"""What computes in a graph, and what feeds it: a side without what only moves data.

Transpositions, casts, quantization and calls are looked through, and constants become
weights of what reads them. The heavy skeleton looks through what converters fold away too
(activations, biases, normalizations). Linear; what is looked through is followed for at
most eight sources a node. Imports `graphs.match_side` and the table of op types.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from graphs.ir import NodeKind
from graphs.match_ops import COMMUTATIVE, FOLDED_INTO_CONSUMER, FOLDED_INTO_PRODUCER, TRANSPARENT
from graphs.match_side import Rows, Side

MAX_SOURCES = 8
NO_WEIGHT = frozenset(["int32", "int64", "bool", "string"])  # shapes, axes, biases
HEAVY_TRANSPARENT = TRANSPARENT | FOLDED_INTO_PRODUCER | FOLDED_INTO_CONSUMER


@dataclass(eq=False)
class Skeleton:
    """Columns over the rows of a side.

    Attributes
    ----------
    is_bone : list of bool
        Whether the row is in the skeleton: a computing operator, an input or an output.
    preds : list of tuple of (row, 0, place)
        Bones that feed a bone; the place counts them, and is 0 where their order means nothing.
    succs : list of list of (row, slot)
    weight_of : list of int
        The largest constant that a bone reads, or -1.
    order : list of int
        Bones, producers first.
    """

    is_bone: list[bool]
    preds: list[tuple[tuple[int, int, int], ...]]
    succs: list[list[tuple[int, int]]]
    weight_of: Rows
    order: Rows


def skeleton(side: Side, transparent: Container[str] = TRANSPARENT) -> Skeleton:
    """Return the skeleton of a side without the classes in `transparent`."""
    order = side.order
    is_bone = [
        kind != NodeKind.CONSTANT
        and not inner
        and (kind != NodeKind.OPERATOR or name not in transparent)
        for kind, inner, name in zip(side.kind, side.is_inner, side.class_names, strict=True)
    ]
    preds, weight_of = _look_through(side, order, is_bone)
    succs: list[list[tuple[int, int]]] = [[] for _ in is_bone]
    for row, entering in enumerate(preds):
        for source, _, place in entering:
            succs[source].append((row, place))
    return Skeleton(is_bone, preds, succs, weight_of, [row for row in order if is_bone[row]])


def _look_through(
    side: Side, order: Rows, is_bone: list[bool]
) -> tuple[list[tuple[tuple[int, int, int], ...]], Rows]:
    sources: list[tuple[int, ...]] = [()] * side.n  # bones and constants behind a row
    preds: list[tuple[tuple[int, int, int], ...]] = [()] * side.n
    weight_of = [-1] * side.n
    for row in order:
        behind = [source for at, _, _ in side.preds[row] for source in sources[at]]
        if side.kind[row] == NodeKind.CONSTANT:
            sources[row] = (row,)
        elif is_bone[row]:
            sources[row] = (row,)
            feeding = [s for s in behind if is_bone[s]]
            step = 0 if side.class_names[row] in COMMUTATIVE else 1
            preds[row] = tuple((s, 0, step * place) for place, s in enumerate(feeding))
            weight_of[row] = _largest(side, [s for s in behind if not is_bone[s]])
        else:
            sources[row] = tuple(dict.fromkeys(behind))[:MAX_SOURCES]
    return preds, weight_of


def _largest(side: Side, constants: Rows) -> int:
    """Return the constant with the most elements that may be weights; -1 without one."""
    best, most = -1, 1
    for row in constants:
        type = side.type(row) if side.kind[row] == NodeKind.CONSTANT else None
        n = (type.n_elements or 0) if type and type.dtype not in NO_WEIGHT else 0
        if n > most:
            best, most = row, n
    return best
