"""A matching as columns: what a view of two graphs beside each other draws and looks up.

Per node of either side its kind and its pair; per group how many nodes of each kind are in it;
rows of one side for rows of the other, so that a selection crosses over; counts by op type.
Made once a matching, in time linear in its nodes. Imports NumPy and the columns only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphs.ir import Graph, Node, NodeKind
from graphs.match_types import KINDS, Matching, PairKind
from graphs.node_data import NodeData

End = Literal["a", "b"]
KIND_DATA = "difference"  # name of the node data that says a node's kind
UNPAIRED = -1


@dataclass(frozen=True, slots=True, eq=False)
class GraphSide:
    """One graph of a matching, as columns over its n nodes and k namespaces.

    Attributes
    ----------
    graph : Graph
    end : End
        The side that it is on.
    kind : uint8 array, shape (n,)
        Index in `KINDS`.
    pair : int32 array, shape (n,)
        Index in the matching's pairs; every node is in one.
    is_first : bool array, shape (n,)
        Whether the pair is made by this node; false for what was folded into it.
    group_kinds : int32 array, shape (k, 6)
        Nodes of each kind in each namespace and all inside it; `KINDS` across.
    """

    graph: Graph
    end: End
    kind: NDArray[np.uint8]
    pair: NDArray[np.int32]
    is_first: NDArray[np.bool_]
    group_kinds: NDArray[np.int32]

    @property
    def group_shares(self) -> NDArray[np.float64]:
        """Share 0..1 of each kind in each namespace, shape (k, 6); rows of empty ones are 0."""
        total = self.group_kinds.sum(axis=1, keepdims=True)
        shares: NDArray[np.float64] = self.group_kinds / np.maximum(total, 1)
        return shares

    def differing(self, kinds: Sequence[PairKind] = KINDS[1:]) -> NDArray[np.int32]:
        """Return the rows of the given kinds, in the graph's order; one row a pair."""
        wanted = np.isin(self.kind, [KINDS.index(kind) for kind in kinds])
        return np.flatnonzero(wanted & self.is_first).astype(np.int32)

    def next_differing(self, row: int, step: Literal[1, -1] = 1) -> int:
        """Return the differing row after (or before) a row, round the end; -1 without any.

        From no row (-1) it is the first, or the last.
        """
        rows = self.differing()
        if not len(rows):
            return UNPAIRED
        if step > 0:
            at = int(np.searchsorted(rows, row, side="right"))
        else:
            at = int(np.searchsorted(rows, row if row >= 0 else len(self.kind), side="left")) - 1
        return int(rows[at % len(rows)])

    def as_node_data(self, source: str = "computed") -> NodeData:
        """Return the kinds as categorical node data."""
        return NodeData(
            KIND_DATA, "", source, self.graph.id, self.kind.astype(np.float64),
            aggregations=(), categories=KINDS,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class OpCount:
    """How the nodes of one op type fared.

    Attributes
    ----------
    op_type : str
        A's name for it; B's where A has no such node. Untrusted text.
    counts : dict of PairKind to int
        Pairs of each kind, by the node that the pair is made by.
    """

    op_type: str
    counts: dict[PairKind, int]


@dataclass(frozen=True, slots=True)
class TableRow:
    """One pair for a table; texts from files are untrusted.

    Attributes
    ----------
    index : int
        Of the pair.
    kind : PairKind
    a, b : str
        Ids of the nodes that the pair is made by; empty where a side has none.
    a_op, b_op : str
        Their op types.
    n_a, n_b : int
        How many nodes the pair holds on each side.
    changes : str
        All changes in one line.
    why : str
    confidence : float
    """

    index: int
    kind: PairKind
    a: str
    b: str
    a_op: str
    b_op: str
    n_a: int
    n_b: int
    changes: str
    why: str
    confidence: float


class MatchView:
    """A matching, looked up by graph, row and side; sides are made when first asked for."""

    def __init__(self, matching: Matching) -> None:
        self.matching = matching
        self._graphs = {
            ("a", graph.id): graph for graph in matching.a
        } | {("b", graph.id): graph for graph in matching.b}  # fmt: skip
        self._sides: dict[tuple[str, str], GraphSide] = {}
        self._firsts: dict[tuple[str, str], dict[int, int]] = {}
        groups = [((g.a_graph, g.a), (g.b_graph, g.b)) for g in matching.groups]
        self._groups: dict[End, dict[tuple[str, str], tuple[str, str]]] = {
            "a": dict(groups),
            "b": {theirs: mine for mine, theirs in groups},
        }
        self._members: dict[End, tuple[list[str], list[tuple[str, ...]]]] = {
            "a": ([p.a_graph for p in matching.pairs], [p.a for p in matching.pairs]),
            "b": ([p.b_graph for p in matching.pairs], [p.b for p in matching.pairs]),
        }

    def side(self, end: End, graph_id: str) -> GraphSide:
        """Return the columns of one graph.

        Raises
        ------
        KeyError
            The matching has no such graph on that side.
        """
        key = (end, graph_id)
        if key not in self._sides:
            self._sides[key] = self._made(end, self._graphs[key])
        return self._sides[key]

    def _made(self, end: End, graph: Graph) -> GraphSide:
        row_of = {id: row for row, id in enumerate(graph.node_ids)}
        pair = np.full(graph.n_nodes, UNPAIRED, dtype=np.int32)
        is_first = np.zeros(graph.n_nodes, dtype=np.bool_)
        kind = np.zeros(graph.n_nodes, dtype=np.uint8)
        for at, (owner, ids) in enumerate(zip(*self._members[end], strict=True)):
            if owner == graph.id and ids:
                rows = [row_of[id] for id in ids]
                pair[rows] = at
                is_first[rows[0]] = True
                kind[rows] = KINDS.index(self.matching.pairs[at].kind)
        return GraphSide(graph, end, kind, pair, is_first, _group_kinds(graph, kind))

    def across(self, end: End, graph_id: str, rows: ArrayLike) -> dict[str, NDArray[np.int32]]:
        """Return what stands on the other side for some rows.

        Parameters
        ----------
        end : End
            The side of the rows.
        graph_id : str
        rows : int array, any length

        Returns
        -------
        dict of str to int32 array
            Id of a graph of the other side -> rows, each once, in order; graphs without
            any are left out.
        """
        pairs = np.unique(self.side(end, graph_id).pair[np.asarray(rows, dtype=np.int64)])
        other: End = "b" if end == "a" else "a"
        owners, members = self._members[other]
        wanted = {owners[at] for at in pairs.tolist() if at >= 0 and members[at]}
        return {
            id: np.flatnonzero(np.isin(self.side(other, id).pair, pairs)).astype(np.int32)
            for id in sorted(wanted)
        }

    def group_across(self, end: End, graph_id: str, path: str) -> tuple[str, str] | None:
        """Return the (graph id, path) of a group's partner; None where it has none."""
        return self._groups[end].get((graph_id, path))

    def op_counts(self) -> list[OpCount]:
        """Return counts of operators by op type, those with most differences first."""
        found: dict[str, dict[PairKind, int]] = {}
        for at, pair in enumerate(self.matching.pairs):
            op_type = self.op_type(at)
            if op_type:
                counts = found.setdefault(op_type, dict.fromkeys(KINDS, 0))
                counts[pair.kind] += 1
        rows = [OpCount(op_type, counts) for op_type, counts in found.items()]
        return sorted(
            rows, key=lambda row: (row.counts["equal"] - sum(row.counts.values()), row.op_type)
        )

    def op_type(self, at: int) -> str:
        """Return the op type of a pair's first node, A's if it has one; empty for no operator."""
        row = self.row(at, "a") or self.row(at, "b")
        return row.op_type if row and row.kind == NodeKind.OPERATOR else ""

    def row(self, at: int, end: End) -> Node | None:
        """Return the node that a pair is made by on one side; None where it has none there."""
        pair = self.matching.pairs[at]
        if not (pair.a if end == "a" else pair.b):
            return None
        side = self.side(end, pair.a_graph if end == "a" else pair.b_graph)
        return side.graph.node(self._first_rows(side)[at])

    def _first_rows(self, side: GraphSide) -> dict[int, int]:
        key = (side.end, side.graph.id)
        if key not in self._firsts:
            rows = np.flatnonzero(side.is_first)
            self._firsts[key] = dict(zip(side.pair[rows].tolist(), rows.tolist(), strict=True))
        return self._firsts[key]

    def table(self, kinds: Sequence[PairKind] = KINDS[1:]) -> list[TableRow]:
        """Return the pairs of some kinds as rows of a table, in the matching's order."""
        return [
            self._table_row(at) for at, pair in enumerate(self.matching.pairs) if pair.kind in kinds
        ]

    def _table_row(self, at: int) -> TableRow:
        pair, a, b = self.matching.pairs[at], self.row(at, "a"), self.row(at, "b")
        return TableRow(
            at,
            pair.kind,
            a.id if a else "",
            b.id if b else "",
            a.op_type if a else "",
            b.op_type if b else "",
            len(pair.a),
            len(pair.b),
            "; ".join(change.text() for change in pair.changes),
            pair.why,
            pair.confidence,
        )


def _group_kinds(graph: Graph, kind: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Count the nodes of each kind in each namespace's subtree."""
    names, k = graph.namespaces, len(KINDS)
    flat = graph.node_namespace.astype(np.int64) * k + kind
    counts = np.bincount(flat, minlength=len(names) * k).reshape(len(names), k).astype(np.int32)
    for depth in range(int(names.depth.max(initial=0)), 0, -1):
        level = np.flatnonzero(names.depth == depth)
        np.add.at(counts, names.parent[level], counts[level])
    return counts
