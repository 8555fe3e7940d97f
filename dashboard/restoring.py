"""Restore a view from a link: first the base, then the panes beside it, one after the other.

What a link asks of a pane is applied when its model is open, and of a comparison when all panes
are matched, as matching chooses colours and groups. Knows sessions, no widgets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from dashboard.comparing import MAX_OTHERS, Comparing
from dashboard.open_model import OpenModel
from dashboard.opening import Opening
from dashboard.session import Session
from dashboard.url_state import UrlState, apply, from_query

PREFIXES = ("b.", "c.", "d.")[:MAX_OTHERS]
SYNC = "sync"
AT = "with"  # which other is compared, from 0

Restored = Callable[[Session, UrlState], None]


class Restoring:
    """Brings a page to the view that a link describes.

    Parameters
    ----------
    opening : Opening
    comparing : Comparing
    query : mapping of str to str
        Untrusted.
    restored : callable (session, state) -> None
        Told when a session is at its state, to restore its camera.
    """

    def __init__(
        self, opening: Opening, comparing: Comparing, query: Mapping[str, str], restored: Restored
    ) -> None:
        self.opening = opening
        self.comparing = comparing
        self.state = from_query(query)
        self.beside = [state for state in map(of_pane(query), PREFIXES) if state.model]
        self.is_synced = query.get(SYNC) != "0"
        self.at = {str(n): n for n in range(MAX_OTHERS)}.get(query.get(AT, ""), 0)
        self._restored = restored
        self._waiting: list[tuple[Session, UrlState]] = []

    def start(self) -> None:
        """Open what the link names, else what the server was started with."""
        opening, state = self.opening, self.state
        if not state.model or not opening.open_reference(
            state.model,
            graph_id=state.graph,
            origin=state.origin,
            failed=self._open_given,
            then=self._opened,
        ):
            self._open_given()

    def _open_given(self) -> None:
        self.opening.open_at_start(self._opened_given)

    def _opened_given(self, models: Sequence[OpenModel]) -> None:
        """Show what the server was started with; two models stand side by side, more if asked."""
        self._opened(models)
        arguments = self.opening.arguments
        is_pair = len(arguments.models) == len(models) == 2
        if not self.beside and (is_pair or (arguments.is_comparing and arguments.models)):
            for one in models[1 : MAX_OTHERS + 1]:
                self.comparing.start(one)
            self.comparing.at = 0

    def _opened(self, models: Sequence[OpenModel]) -> None:
        session, state = self.opening.session, self.state
        session.show_model(models[0], state.graph)
        # A link speaks of its own model, or, without one, of what opens by itself.
        if state.model and models[0].reference != state.model:
            return
        apply(state, session)
        if not self.beside:
            self._restored(session, state)
            return
        self.comparing.is_synced = self.is_synced
        self._waiting = [(session, state)]
        self._open_beside(0)

    def _open_beside(self, at: int) -> None:
        """Open the model of one more pane, unless it is open; then that of the next."""
        if at == len(self.beside):
            self.comparing.at = min(self.at, max(0, len(self.comparing.others) - 1))
            self._apply_when_matched()
            return
        state = self.beside[at]

        def then(models: Sequence[OpenModel]) -> None:
            session = self.comparing.start(models[0], state.graph)
            if session is not None:
                self._waiting.append((session, state))
            follow()

        def follow() -> None:
            self._open_beside(at + 1)

        known = [one for one in self.opening.session.models if one.reference == state.model]
        if known:
            then(known)
        elif not self.opening.open_reference(
            state.model, graph_id=state.graph, origin=state.origin, then=then, failed=follow
        ):
            follow()

    def _apply_when_matched(self) -> None:
        """Apply the states once all panes are matched, or will not be."""
        comparing = self.comparing

        def matched(*_: object) -> None:
            if not comparing.is_any_matching:
                comparing.param.unwatch(watcher)
                self._apply()

        watcher = comparing.param.watch(matched, ["matched", "others"])
        matched()

    def _apply(self) -> None:
        """Apply the states, the base's last: where panes follow it, it has the last word."""
        there = (self.comparing.base, *self.comparing.others)
        for session, state in reversed(self._waiting):
            if session not in there or session.opened is None:
                continue  # closed meanwhile
            if not self.is_synced or session is self.comparing.base:
                apply(state, session)
            self._restored(session, state)
        self._waiting = []


def of_pane(query: Mapping[str, str]) -> Callable[[str], UrlState]:
    """Return what reads the state of a pane, by its prefix, out of a query."""

    def read(prefix: str) -> UrlState:
        own = {
            name.removeprefix(prefix): text
            for name, text in query.items()
            if name.startswith(prefix)
        }
        return from_query(own)

    return read
