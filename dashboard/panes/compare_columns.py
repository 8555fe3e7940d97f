"""The pairs of a matching as columns: what lists, filters and plots of a comparison look up.

Made once a matching, in time linear in its pairs. Imports no widgets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashboard.comparison_text import short
from graphs.ir import NodeKind
from graphs.match_types import KINDS, PairKind
from graphs.match_view import End, GraphSide, MatchView

Pairs = NDArray[np.int64]
NODES = ("all nodes", "operators", "inputs and outputs", "constants")
_SORTS = {NodeKind.OPERATOR: 1, NodeKind.INPUT: 2, NodeKind.OUTPUT: 2, NodeKind.CONSTANT: 3}
JOINED = ";"  # between the names of what TFLite's converter fused
SHARED, MIN_SHARED = 0.9, 8  # share of paths, and how many, that make a first part idle


@dataclass(frozen=True, slots=True, eq=False)
class EndColumns:
    """One side of n pairs.

    Attributes
    ----------
    ids, ops : list of str, length n
        Id and op type of the node that a pair is made by; empty where the side has none.
        Untrusted text.
    sorts : int64 array, shape (n,)
        Place in `NODES` of the sort of that node; 0 where the side has none.
    """

    ids: list[str]
    ops: list[str]
    sorts: NDArray[np.int64]


class PairColumns:
    """Columns over the n pairs of a matching.

    Attributes
    ----------
    view : MatchView
    kind : int64 array, shape (n,)
        Place in `KINDS`.
    a, b : EndColumns
    sort : int64 array, shape (n,)
        Place in `NODES`: what a pair's nodes are, by A's where it has one.
    op_types : list of str
        Op types of operators, A's names before B's; each once.
    op : int64 array, shape (n,)
        Place in `op_types`; -1 where the pair is of no operators.
    """

    def __init__(self, view: MatchView) -> None:
        pairs = view.matching.pairs
        self.view = view
        places = {kind: at for at, kind in enumerate(KINDS)}
        self.kind: Pairs = np.array([places[pair.kind] for pair in pairs], dtype=np.int64)
        self.a, self.b = _end(view, "a"), _end(view, "b")
        self.sort: Pairs = np.where(self.a.sorts > 0, self.a.sorts, self.b.sorts)
        at: dict[str, int] = {}
        named = zip(self.a.ops, self.b.ops, self.sort.tolist(), strict=True)
        self.op: Pairs = np.array(
            [at.setdefault(a or b, len(at)) if sort == 1 else -1 for a, b, sort in named],
            dtype=np.int64,
        )
        self.op_types = list(at)

    def __len__(self) -> int:
        return len(self.kind)

    def counts(self) -> dict[PairKind, int]:
        """Return how many pairs there are of each kind."""
        found = np.bincount(self.kind, minlength=len(KINDS)).tolist()
        return dict(zip(KINDS, found, strict=True))

    def op_counts(self) -> NDArray[np.int64]:
        """Return pairs of each kind by op type, int64, shape (len(op_types), 6)."""
        is_op, k = self.op >= 0, len(KINDS)
        flat = self.op[is_op] * k + self.kind[is_op]
        return np.bincount(flat, minlength=len(self.op_types) * k).reshape(-1, k)

    def reading_order(self) -> Pairs:
        """Return the pairs, operators first, then inputs and outputs, then constants."""
        return np.argsort(self.sort, kind="stable")

    def changes(self) -> list[str]:
        """Return what differs in each pair, on one line; untrusted text."""
        return ["; ".join(c.text() for c in pair.changes) for pair in self.view.matching.pairs]

    def name(self, pair: int) -> str:
        """Return a pair on one line, e.g. ``conv1 ↔ conv1_quant``; equal names once."""
        return names(self.a.ids[pair : pair + 1], self.b.ids[pair : pair + 1])[0]

    def names(self) -> list[str]:
        """Return all pairs, each on one line."""
        return names(self.a.ids, self.b.ids)

    def labels(self) -> list[str]:
        """Return a short name of each pair: A's, or B's alone, without what nearly all share."""
        firsts = [
            (a or b).partition(JOINED)[0] for a, b in zip(self.a.ids, self.b.ids, strict=True)
        ]
        return without_shared(firsts)


def names(a: Sequence[str], b: Sequence[str]) -> list[str]:
    """Return what stands for each other, each on one line; equal names once."""
    both = zip(a, b, strict=True)
    return [
        short(x or y) if x == y or not x or not y else f"{short(x)} ↔ {short(y)}" for x, y in both
    ]


def without_shared(paths: Sequence[str]) -> list[str]:
    """Return paths without the first parts that nearly all with several parts begin with."""
    heads = Counter(path.partition("/")[0] for path in paths if "/" in path)
    head, n = heads.most_common(1)[0] if heads else ("", 0)
    if n < max(MIN_SHARED, SHARED * heads.total()):
        return list(paths)
    return [path.removeprefix(f"{head}/") for path in paths]


def _end(view: MatchView, end: End) -> EndColumns:
    n = len(view.matching.pairs)
    found = EndColumns([""] * n, [""] * n, np.zeros(n, dtype=np.int64))
    for graph in view.matching.a if end == "a" else view.matching.b:
        _fill(found, view.side(end, graph.id))
    return found


def _fill(found: EndColumns, side: GraphSide) -> None:
    graph = side.graph
    rows = np.flatnonzero(side.is_first & (side.pair >= 0))
    pairs = side.pair[rows]
    sort_of = np.zeros(max(_SORTS) + 1, dtype=np.int64)
    for kind, sort in _SORTS.items():
        sort_of[kind] = sort
    found.sorts[pairs] = sort_of[graph.node_kind[rows]]
    for row, pair, op in zip(
        rows.tolist(), pairs.tolist(), graph.node_op[rows].tolist(), strict=True
    ):
        found.ids[pair] = graph.node_ids[row]
        found.ops[pair] = graph.op_types[op]
