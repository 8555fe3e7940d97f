"""What the reader does in one pane of a comparison is done in the others.

Selection and groups cross over by the matching; switches, measure and filter are taken over as
they are; cameras follow in the browser. Nothing here follows while the reader has switched it off.
Knows sessions and the comparison, no widgets.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import param

from dashboard.compared_pairs import has_graph
from dashboard.comparing import Comparing
from dashboard.session import Rows, Session
from graphs.match_view import End, MatchView

Event = param.parameterized.Event

TAKEN_OVER = ["flat", "show_constants", "direction", "is_log", "is_dark"]
WATCHED = ["graph", "expanded", "selection", "measure", "aggregation", "threshold", *TAKEN_OVER]


class Following:
    """Carries changes of one session of a comparison to the others."""

    def __init__(self, comparing: Comparing) -> None:
        self.comparing = comparing
        self._is_following = False
        self._known: list[Session] = []
        comparing.param.watch(self._others_changed, "others")
        comparing.param.watch(self._begin, ["matched", "is_synced"])
        self._watch(comparing.base)

    def _others_changed(self, *_: object) -> None:
        others = self.comparing.others
        self._known = [one for one in self._known if one in (self.comparing.base, *others)]
        for session in others:
            if session not in self._known:
                self._watch(session)

    def _watch(self, session: Session) -> None:
        self._known.append(session)
        session.param.watch(self._changed, WATCHED)

    def _begin(self, *_: object) -> None:
        """Bring the others to where the base is, once they are matched or follow again."""
        base = self.comparing.base
        if not self.comparing.is_synced or base.graph is None:
            return
        with self._quietly():
            for session in self._others_of(base):
                session.param.update(**{name: getattr(base, name) for name in TAKEN_OVER})
                self._color(base, session)
                self._filter(base, session)
                self._open_partners(base, session, frozenset(), base.expanded)
                self._select(base, session)

    def _changed(self, *events: Event) -> None:
        source: Session = events[0].obj
        if self._is_following or not self._is_taking_part(source):
            return
        by_name = {event.name: event for event in events}
        always = {"is_dark"} & by_name.keys()
        if not self.comparing.is_synced and not always:
            return
        with self._quietly():
            for session in self._others_of(source):
                self._carry(source, session, by_name)

    def _carry(self, source: Session, session: Session, events: dict[str, Event]) -> None:
        if "is_dark" in events:
            session.is_dark = source.is_dark
        if not self.comparing.is_synced:
            return
        if "graph" in events:
            self._enter(source, session)
        taken = {name: getattr(source, name) for name in TAKEN_OVER if name in events}
        session.param.update(**taken)
        if "expanded" in events and "graph" not in events:
            change = events["expanded"]
            self._open_groups(source, session, change.old, change.new)
        if events.keys() & {"measure", "aggregation"}:
            self._color(source, session)
        if "threshold" in events:
            self._filter(source, session)
        if "selection" in events:
            self._select(source, session)

    # -- one thing at a time --------------------------------------------------------------

    def _select(self, source: Session, session: Session) -> None:
        rows = self._across(source, session, source.selection)
        if rows is not None and not self.comparing.is_correcting:
            session.select(rows)

    def _open_groups(
        self, source: Session, session: Session, before: frozenset[int], after: frozenset[int]
    ) -> None:
        """Open and close what was opened and closed; all of it where it was all."""
        assert source.graph is not None
        is_many = len(before ^ after) > 1
        if is_many and not after:
            session.collapse_all()
        elif is_many and len(after) == len(source.graph.namespaces) - 1:
            session.expand_all()
        else:
            self._open_partners(source, session, before, after)

    def _open_partners(
        self, source: Session, session: Session, before: frozenset[int], after: frozenset[int]
    ) -> None:
        """Open and close the partners of groups that were opened and closed."""
        assert source.graph is not None and session.graph is not None
        opened = {self._group(source, session, one) for one in after - before}
        closed = {self._group(source, session, one) for one in before - after} - opened
        new = frozenset((session.expanded | opened) - closed - {-1})
        anchor = self._group(source, session, source.anchor - source.graph.n_nodes)
        if new != session.expanded:
            key = session.graph.n_nodes + anchor if anchor > 0 else -1
            session.param.update(expanded=new, anchor=key)

    def _group(self, source: Session, session: Session, group: int) -> int:
        """Return the partner of a group in the graph that another pane shows; -1 without one."""
        graph, other = source.graph, session.graph
        assert graph is not None and other is not None
        if not 0 < group < len(graph.namespaces):
            return -1
        at: tuple[str, str] | None = (graph.id, graph.namespaces.paths[group])
        for view, end in self._steps(source, session):
            at = view.group_across(end, *at) if at is not None else None
        if at is None or at[0] != other.id:
            return -1
        try:
            return other.namespaces.index(at[1])
        except KeyError:  # its groups have just become others
            return -1

    def _color(self, source: Session, session: Session) -> None:
        if not source.measure or session.set_of(source.measure) is not None:
            session.param.update(measure=source.measure, aggregation=source.aggregation)

    def _filter(self, source: Session, session: Session) -> None:
        bound = source.threshold
        if bound is None or session.set_of(bound.measure) is not None:
            session.set_threshold(bound)

    def _enter(self, source: Session, session: Session) -> None:
        """Follow into the graph that a node calls, and out again."""
        assert source.graph is not None and session.graph is not None
        wanted = self._graph_across(source, session)
        if wanted is None or wanted == session.graph.id or session.opened is None:
            return
        top = session.trail[0][0] if session.trail else session.graph.id
        trail = session.opened.trail_to(top, wanted)
        if trail or wanted == top:
            session.show_called(wanted, trail)

    def _graph_across(self, source: Session, session: Session) -> str | None:
        """Return the graph that holds most partners of the graph that a pane shows."""
        assert source.graph is not None
        rows = np.arange(source.graph.n_nodes, dtype=np.int32)
        found = self._all_across(source, session, rows)
        return max(found, key=lambda id: len(found[id])) if found else None

    # -- across -----------------------------------------------------------------------------

    def _across(self, source: Session, session: Session, rows: Rows) -> Rows | None:
        """Return the partners of rows in the graph that another pane shows; None unmatched."""
        assert session.graph is not None
        found = self._all_across(source, session, rows)
        return None if found is None else found.get(session.graph.id, rows[:0])

    def _all_across(self, source: Session, session: Session, rows: Rows) -> dict[str, Rows] | None:
        assert source.graph is not None
        steps = self._steps(source, session)
        at = {source.graph.id: rows}
        for view, end in steps:
            new: dict[str, Rows] = {}
            for id, some in at.items():
                if not has_graph(view, end, id):
                    continue
                for other, partners in view.across(end, id, some).items():
                    new[other] = np.union1d(new.get(other, partners), partners)
            at = new
        return at if steps else None

    def _steps(self, source: Session, session: Session) -> list[tuple[MatchView, End]]:
        """Return the matchings to go through: one from and to the base, two between others."""
        base = self.comparing.base
        steps: list[tuple[MatchView | None, End]] = []
        if source is not base:
            steps.append((self.comparing.view_of(source), "b"))
        if session is not base:
            steps.append((self.comparing.view_of(session), "a"))
        known = [(view, end) for view, end in steps if view is not None]
        return known if len(known) == len(steps) else []

    def _is_taking_part(self, session: Session) -> bool:
        comparing = self.comparing
        is_there = session is comparing.base or session in comparing.others
        return bool(comparing.others) and is_there and session.graph is not None

    def _others_of(self, source: Session) -> list[Session]:
        everyone = [self.comparing.base, *self.comparing.others]
        return [one for one in everyone if one is not source and one.graph is not None]

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """What follows is not followed in turn."""
        self._is_following = True
        try:
            with self.comparing.base.batch():
                yield
        finally:
            self._is_following = False
