"""What is compared: the session of the base and up to three others, and how their nodes pair.

The base is side A of every matching, each other a side B. A reader corrects pairs by hand; what
is left is matched anew around them, off the event loop. That selections and groups follow each
other is in `dashboard.following`. Knows graphs and sessions, no widgets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import param

from dashboard.compared_pairs import ComparedPairs, graphs_of, has_graph
from dashboard.notices import Notices
from dashboard.open_model import OpenModel
from dashboard.session import Session
from dashboard.work import Progress, Work
from graphs.ir import Model
from graphs.match import match_models
from graphs.match_mapping import corrected, to_mapping
from graphs.match_types import DEFAULT_OPTIONS, FixedPair, MatchOptions
from graphs.match_view import KIND_DATA, End, MatchView

MAX_OTHERS = 3
ENDS: tuple[End, End] = ("a", "b")
Key = tuple[Any, ...]
Compared = tuple[OpenModel, str, str]


@dataclass(eq=False)
class Beside:
    """One other pane: its session, what a reader said of its pairs, and its matching.

    Attributes
    ----------
    session : Session
    view : MatchView or None
        None until there is one.
    key : tuple
        What `view` is, or is going to be, a matching of.
    is_matching : bool
    given : dict of tuple to list of MatchOptions
        By what is compared: what the reader gave, to undo it step by step; the newest last.
    """

    session: Session
    view: MatchView | None = None
    key: Key = ()
    is_matching: bool = False
    given: dict[Key, list[MatchOptions]] = field(default_factory=dict)

    @property
    def options(self) -> MatchOptions:
        """How to match what is compared; `fixed` holds the corrections."""
        given = self.given.get(self.key[:2])
        return given[-1] if given else DEFAULT_OPTIONS


class Comparing(ComparedPairs):
    """The comparison of a session with others.

    Parameters
    ----------
    base : Session
    work : Work
    notices : Notices
    """

    others: list[Session] = param.List(default=[], doc="Sessions of the other panes, in order.")
    at: int = param.Integer(default=0, doc="The other that table, numbers and colours speak of.")
    matched = param.Event(doc="A matching was made or is no more.")

    def __init__(self, base: Session, work: Work, notices: Notices) -> None:
        super().__init__(base)
        self.work = work
        self.notices = notices
        self._beside: list[Beside] = []
        self._colored: dict[Session, tuple[MatchView, OpenModel | None]] = {}
        self._measures: dict[Session, str] = {}  # what coloured before the comparison
        base.param.watch(self._shown, ["opened", "graph", "origin"])
        base.param.watch(self._models_changed, "models")
        base.param.watch(self._data_changed, "node_data")
        self.param.watch(lambda _event: self._choose(), "at")

    @property
    def other(self) -> Session | None:
        """The session that the base is compared with; None without a comparison."""
        return self._now.session if self._now is not None else None

    @property
    def _now(self) -> Beside | None:
        return self._beside[self.at] if self.at < len(self._beside) else None

    def view_of(self, session: Session) -> MatchView | None:
        """Return the matching that a session is in; for the base the chosen one."""
        if session is self.base:
            return self.view
        return next((one.view for one in self._beside if one.session is session), None)

    # -- panes --------------------------------------------------------------------------

    def start(self, opened: OpenModel, graph_id: str = "") -> Session | None:
        """Show a model beside the base; return its session, None where there are enough."""
        if len(self._beside) >= MAX_OTHERS:
            self.notices.add(f"At most {MAX_OTHERS + 1} panes stand side by side.", "info")
            return None
        base = self.base
        session = Session(batch=base.batch, models=base.models, is_dark=base.is_dark)
        session.param.update(
            flat=base.flat,
            show_constants=base.show_constants,
            direction=base.direction,
            is_log=base.is_log,
        )
        session.show_model(opened, graph_id)
        session.param.watch(self._shown, ["opened", "graph", "origin"])
        session.param.watch(self._data_changed, "node_data")
        self._beside.append(Beside(session))
        with base.batch():
            self.others = [one.session for one in self._beside]
            self.at = len(self._beside) - 1
        self._match(self._beside[-1])
        return session

    def stop(self, index: int) -> None:
        """Close a pane."""
        gone = self._beside.pop(index)
        self.work.stop(_job(gone))
        at = self.at - 1 if index < self.at else self.at
        with self.base.batch():
            self.others = [one.session for one in self._beside]
            self.at = max(0, min(at, len(self._beside) - 1))
            gone.session.param.update(models=[], opened=None)
            for known in (self._colored, self._measures):
                known.pop(gone.session, None)
            if not self._beside:
                self._end()
            self._choose()

    def _end(self) -> None:
        """Nothing is compared any more: the base is coloured as before."""
        self.is_correcting = False
        is_shown = self.base.set_of(self.base.measure) in self.base.own_data
        before = self._measures.pop(self.base, "")
        self._colored.pop(self.base, None)
        self.base.set_own_data(())
        if is_shown and self.base.set_of(before) is not None:
            self.base.measure = before

    def _models_changed(self, *_: Any) -> None:
        """A model that was closed is closed in all panes."""
        models = self.base.models
        for at in reversed(range(len(self._beside))):
            session = self._beside[at].session
            session.models = models
            if session.opened not in models:
                self.stop(at)

    def _data_changed(self, event: param.parameterized.Event) -> None:
        """What was measured in one pane is there in those with the same model."""
        for session in self._with_model_of(event.obj):
            session.follow_model()

    def _with_model_of(self, source: Session) -> list[Session]:
        """Return the other sessions that show the same open model."""
        everyone = (self.base, *self.others)
        return [
            one
            for one in everyone
            if one is not source and one.opened is not None and one.opened is source.opened
        ]

    # -- matching -----------------------------------------------------------------------

    def _shown(self, *events: param.parameterized.Event) -> None:
        source: Session = events[0].obj
        for session in self._with_model_of(source):  # a graph has the same groups everywhere
            if session.graph is not None and source.graph is not None:
                is_same = session.graph.id == source.graph.id
                if is_same and session.origin != source.origin:
                    session.set_origin(source.origin)
        if not self.is_entering:
            self._match_all(source)

    def _entered(self) -> None:
        for one in tuple(self._beside):
            self._match(one)

    def _match_all(self, source: Session) -> None:
        for one in tuple(self._beside):
            if source in (self.base, one.session):
                self._match(one)

    def match_again(self) -> None:
        """Match what is not matched: it was cancelled, or failed."""
        for one in self._beside:
            if one.view is None and not one.is_matching:
                one.key = ()
                self._match(one)

    @property
    def is_matching(self) -> bool:
        """Whether the chosen pair of panes is being matched."""
        return self._now is not None and self._now.is_matching

    @property
    def is_any_matching(self) -> bool:
        """Whether any pane is being matched."""
        return any(one.is_matching for one in self._beside)

    def _match(self, one: Beside) -> None:
        a, b = _compared(self.base), _compared(one.session)
        if a is None or b is None:
            return
        if one.view is not None and _is_of(one, a, b):
            self._choose()  # another graph of what is matched already
            return
        known = one.given.get((a[:2], b[:2]))
        options = known[-1] if known else DEFAULT_OPTIONS
        key = (a[:2], b[:2], a[2], b[2], options)
        if key == one.key:
            self._choose()
            return
        before = one.key
        if key[:2] != before[:2]:
            one.view = None  # else corrected: what was found stays until then
        one.key, one.is_matching = key, True
        self._choose()
        self._start(one, a, b, before)

    def _start(self, one: Beside, a: Compared, b: Compared, before: Key) -> None:
        options: MatchOptions = one.key[-1]

        def job(_progress: Progress) -> MatchView:
            view = MatchView(match_models(_ordered(*a), _ordered(*b), options))
            for end in ENDS:  # here, off the event loop
                for graph in graphs_of(view, end):
                    view.side(end, graph.id)
            return view

        def done(view: MatchView) -> None:
            one.view, one.is_matching = view, False
            for text in view.matching.ignored:
                self.notices.add(text, "warning")
            self._choose()
            self.param.trigger("matched")

        def dropped() -> None:
            one.is_matching = False
            given = one.given.get(one.key[:2])
            if one.view is not None:  # what was asked for did not come about
                if given and given[-1] is options:
                    given.pop()
                one.key = before
            self._choose()
            self.param.trigger("matched")

        text = f"Matching {a[0].model.name} with {b[0].model.name} …"
        self.work.start(_job(one), text, job, done, dropped)

    def _choose(self) -> None:
        """Let the page speak of the chosen pair of panes; colour all by their difference."""
        now = self._now
        view = now.view if now is not None else None
        with self.base.batch():
            for one in self._beside:
                self._color(one.session, one.view)
            self._color(self.base, view)
            self.view = view

    def _color(self, session: Session, view: MatchView | None) -> None:
        """Give a session the difference as node data; that of other models colours.

        What is shown stays until there is another matching.
        """
        if view is None or self._colored.get(session) == (view, session.opened):
            return
        end = self.end_of(session)
        before = self._colored.get(session)
        is_first = before is None or before[1] is not session.opened
        if is_first:
            self._measures[session] = session.measure
        is_own = any(one.name == session.measure for one in session.own_data)
        self._colored[session] = (view, session.opened)
        sets = [view.side(end, graph.id).as_node_data() for graph in graphs_of(view, end)]
        session.set_own_data(sets, KIND_DATA if is_first or is_own else "")

    # -- corrections --------------------------------------------------------------------

    @property
    def n_corrections(self) -> int:
        """How many pairs the reader gave."""
        return len(self._now.options.fixed) if self._now is not None else 0

    def pair_selection(self) -> None:
        """Make a pair of what is selected on both sides."""
        a, b = self._selected_ids()
        if not a or not b:
            self.notices.add("Select nodes in both graphs to make a pair of them.", "info")
            return
        self._correct(FixedPair(a, b))

    def unpair_selection(self) -> None:
        """Say that what is selected has no partner."""
        a, b = self._selected_ids()
        if not a and not b:
            self.notices.add("Select nodes that have no partner.", "info")
            return
        self._correct(*[FixedPair((id,), ()) for id in a], *[FixedPair((), (id,)) for id in b])

    @property
    def can_undo(self) -> bool:
        """Whether the reader gave anything that can be taken back."""
        return self._now is not None and bool(self._now.given.get(self._now.key[:2]))

    def undo_correction(self) -> None:
        """Take back the last correction, or the mapping that was loaded."""
        now = self._now
        if now is not None and self.can_undo:
            now.given[now.key[:2]].pop()
            self._match(now)

    def set_mapping(self, options: MatchOptions) -> None:
        """Match with the pairs of a mapping; corrections made before are no more."""
        now = self._now
        if now is not None:
            now.given.setdefault(now.key[:2], []).append(options)
            self._match(now)

    def mapping(self) -> dict[str, Any]:
        """Return all pairs as a mapping that Model Explorer reads; empty without a matching."""
        return {} if self.view is None else to_mapping(self.view.matching)

    def _correct(self, *pairs: FixedPair) -> None:
        now = self._now
        if now is None or not pairs:
            return
        fixed: Sequence[FixedPair] = now.options.fixed
        for pair in pairs:
            fixed = corrected(fixed, pair)
        self.set_mapping(replace(now.options, fixed=tuple(fixed)))

    def _selected_ids(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the selected ids of both sides; corrections speak of the first graphs."""
        if self.view is None or self.other is None:
            return (), ()
        found: list[tuple[str, ...]] = []
        for session, graphs in (
            (self.base, self.view.matching.a),
            (self.other, self.view.matching.b),
        ):
            graph = session.graph
            is_first = graph is not None and graph.id == graphs[0].id
            rows = session.selection.tolist() if is_first else []
            found.append(tuple(graphs[0].node_ids[row] for row in rows))
        return found[0], found[1]


def _job(one: Beside) -> str:
    return f"match {id(one)}"


def _compared(session: Session) -> Compared | None:
    """Return the model, the graph at the top of the trail and where its groups come from."""
    opened, graph = session.opened, session.graph
    if opened is None or graph is None:
        return None
    top = session.trail[0][0] if session.trail else graph.id
    return opened, top, opened.origin.get(top, "file")


def _is_of(one: Beside, a: Compared, b: Compared) -> bool:
    """Return whether a matching holds two graphs that it has paired as those of one id.

    Its own first graphs are asked for by the key; others that nobody calls are in it as well
    where both models have them.
    """
    assert one.view is not None
    is_same = one.key[:1] and one.key[0][0] is a[0] and one.key[1][0] is b[0]
    is_first = (a[1], b[1]) == (one.key[0][1], one.key[1][1]) if is_same else True
    is_there = has_graph(one.view, "a", a[1]) and has_graph(one.view, "b", b[1])
    return bool(is_same) and not is_first and a[1] == b[1] and is_there


def _ordered(opened: OpenModel, top: str, _origin: str) -> Model:
    """Return a model whose first graph is the one at the top, with the groups that are shown."""
    model = opened.model
    graphs = [opened.grouped(graph.id) for graph in model.graphs]
    graphs.sort(key=lambda graph: graph.id != top)
    return replace(model, graphs=tuple(graphs))
