"""What a comparison found, as node data of both graphs: to colour, filter and plot by.

Knows the comparison, no widgets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dashboard.compared_pairs import graphs_of, has_graph
from dashboard.comparing import Comparing
from dashboard.session import Session
from graphs.match_view import GraphSide
from graphs.node_data import NodeData

Make = Callable[[GraphSide], Sequence[NodeData]]


class Shown:
    """Brings columns over the pairs onto both graphs; the sets are the sessions' own."""

    def __init__(self, comparing: Comparing) -> None:
        self.comparing = comparing
        self._makes: dict[str, Make] = {}
        self.names: frozenset[str] = frozenset()

    def sessions(self) -> list[Session]:
        """Return both sides."""
        other = self.comparing.other
        return [self.comparing.base, *([other] if other is not None else [])]

    def forget(self) -> None:
        """Another matching is shown: its sets are to be made anew."""
        self._makes.clear()

    def put(self, what: str, make: Make, measure: str = "") -> None:
        """Give both graphs the sets that are made of a side, in place of those put as the same.

        Parameters
        ----------
        what : str
            Names what the sets are of.
        make : callable (GraphSide) -> sequence of NodeData
        measure : str
            Which set colours; empty leaves that as it is.
        """
        view = self.comparing.view
        if view is None:
            return
        self._makes[what] = make
        with self.comparing.base.batch():
            for session in self.sessions():
                end, graph = self.comparing.end_of(session), session.graph
                if graph is None or not has_graph(view, end, graph.id):
                    continue
                side = view.side(end, graph.id)
                made = [data for one in self._makes.values() for data in one(side)]
                self.names |= {data.name for data in made}
                kinds = [view.side(end, one.id).as_node_data() for one in graphs_of(view, end)]
                session.set_own_data([*kinds, *made], measure)
