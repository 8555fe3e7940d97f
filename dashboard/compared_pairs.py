"""The pairs of a comparison, as a reader walks through them: differences, selection, places.

What is compared, and how it is matched, is in `dashboard.comparing`. Knows sessions, no widgets.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable

import numpy as np
import param
from numpy.typing import NDArray

from dashboard.session import Session
from graphs.ir import Graph, NodeKind
from graphs.match_types import Pair
from graphs.match_view import UNPAIRED, End, GraphSide, MatchView


class ComparedPairs(param.Parameterized):
    """The pairs of a base with the other session that the page speaks of.

    Parameters
    ----------
    base : Session
    """

    view: MatchView | None = param.Parameter(default=None, doc="Base beside the chosen other.")
    is_synced: bool = param.Boolean(default=True, doc="Selection, groups and camera follow.")
    is_correcting: bool = param.Boolean(
        default=False, doc="The reader pairs nodes by hand: selections do not follow."
    )

    def __init__(self, base: Session) -> None:
        super().__init__()
        self.base = base
        self.is_entering = False  # both panes are on their way to a pair's graphs

    @property
    @abstractmethod
    def other(self) -> Session | None:
        """The session that the base is compared with; None without a comparison."""

    @abstractmethod
    def view_of(self, session: Session) -> MatchView | None:
        """Return the matching that a session is in; for the base the chosen one."""

    def end_of(self, session: Session) -> End:
        """Return the side that a session is on."""
        return "a" if session is self.base else "b"

    @property
    def differing(self) -> NDArray[np.int32]:
        """Pairs that differ and of which a node is drawn, in the matching's order."""
        if self.view is None or self.other is None:
            return np.zeros(0, dtype=np.int32)
        found = [
            side.pair[rows[_is_drawn(session, rows)]]
            for session, side in self._sides(self.view)
            for rows in [side.differing()]
        ]
        return np.unique(np.concatenate(found)).astype(np.int32) if found else _no_pairs()

    @property
    def selected_pairs(self) -> NDArray[np.int32]:
        """Pairs of which a node is selected on either side, sorted."""
        if self.view is None:
            return _no_pairs()
        found = [side.pair[session.selection] for session, side in self._sides(self.view)]
        pairs = np.unique(np.concatenate(found)) if found else _no_pairs()
        return pairs[pairs != UNPAIRED].astype(np.int32)

    def rows_of(self, session: Session, pairs: Iterable[int]) -> NDArray[np.int32]:
        """Return the rows of pairs in the graph that a pane shows."""
        view = self.view_of(session)
        graph, end = session.graph, self.end_of(session)
        if view is None or graph is None or not has_graph(view, end, graph.id):
            return _no_pairs()
        wanted = np.asarray(list(pairs), dtype=np.int64)
        return np.flatnonzero(np.isin(view.side(end, graph.id).pair, wanted)).astype(np.int32)

    def select_pairs(self, pairs: Iterable[int]) -> None:
        """Select pairs on both sides."""
        wanted = list(pairs)
        if self.other is None:
            return
        with self.base.batch():
            for session in (self.base, self.other):
                session.select(self.rows_of(session, wanted))

    def show_pair(self, index: int) -> None:
        """Select a pair and bring it into view on both sides."""
        if self.other is None or self.view is None:
            return
        found: list[tuple[Session, NDArray[np.int32]]] = []
        with self.base.batch():
            view = self.view
            self._enter_graphs_of(view.matching.pairs[index])
            if self.view is not view:
                return  # matched anew: the pair is no more
            for session in (self.base, self.other):
                rows = _to_show(session, self.rows_of(session, [index]))
                if len(rows):
                    found.append((session, session.bring_out(rows)))
                else:
                    session.select(rows)
            # Groups are open on both sides before a camera goes anywhere. Where cameras follow,
            # the first side that has a node leads.
            for session, rows in found[:1] if self.is_synced else found:
                session.look_at(rows)

    def _enter_graphs_of(self, pair: Pair) -> None:
        """Show the graphs that a pair's nodes are in, should others be shown."""
        assert self.other is not None
        self.is_entering = True
        try:
            if pair.a:
                _enter(self.base, pair.a_graph)
            if pair.b:
                _enter(self.other, pair.b_graph)
            if not (pair.a and pair.b):
                _enter_alike(*(self.base, self.other)[:: 1 if pair.a else -1])
        finally:
            self.is_entering = False
        self._entered()

    @abstractmethod
    def _entered(self) -> None:
        """Both panes show other graphs than before, or the same."""

    def _sides(self, view: MatchView) -> list[tuple[Session, GraphSide]]:
        assert self.other is not None
        shown: list[tuple[Session, End]] = [(self.base, "a"), (self.other, "b")]
        return [
            (session, view.side(end, session.graph.id))
            for session, end in shown
            if session.graph is not None and has_graph(view, end, session.graph.id)
        ]


def _enter(session: Session, graph_id: str) -> None:
    """Show a graph of a session's model, with the way to it."""
    if session.graph is not None and session.opened is not None and session.graph.id != graph_id:
        top = session.trail[0][0] if session.trail else session.graph.id
        if top == graph_id:
            session.leave_to(0)
        else:
            session.show_called(graph_id, session.opened.trail_to(top, graph_id))


def _enter_alike(source: Session, session: Session) -> None:
    """Show the graph of the same id beside one that nobody calls, where there is one."""
    graph, opened = source.graph, session.opened
    if graph is None or opened is None or source.trail:
        return
    if any(one.id == graph.id for one in opened.model.graphs):
        _enter(session, graph.id)


def graphs_of(view: MatchView, end: End) -> tuple[Graph, ...]:
    """Return the graphs on one side of a matching."""
    return view.matching.a if end == "a" else view.matching.b


def has_graph(view: MatchView, end: End, graph_id: str) -> bool:
    """Return whether a graph is on a side of a matching."""
    return any(graph.id == graph_id for graph in graphs_of(view, end))


def _is_drawn(session: Session, rows: NDArray[np.int32]) -> NDArray[np.bool_]:
    assert session.graph is not None
    is_constant: NDArray[np.bool_] = session.graph.node_kind[rows] == NodeKind.CONSTANT
    return ~is_constant | session.show_constants


def _to_show(session: Session, rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the rows that are drawn, else all: constants are not brought out for their reader."""
    drawn = rows[_is_drawn(session, rows)]
    return drawn if len(drawn) else rows


def _no_pairs() -> NDArray[np.int32]:
    return np.zeros(0, dtype=np.int32)
