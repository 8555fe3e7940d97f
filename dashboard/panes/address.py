"""Keeps the browser's address equal to the view, so that a link restores it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import panel as pn

from components.address import AddressBar
from dashboard.panes.graph import GraphPane
from dashboard.session import Session
from dashboard.url_state import of_session, to_query

SETTLE_MS = 200

WATCHED = [
    "opened", "graph", "origin", "expanded", "selection", "measure", "aggregation", "threshold",
    "flat", "show_constants", "is_log", "direction",
]  # fmt: skip


class AddressPane:
    """Writes the address once a change has settled."""

    def __init__(self, session: Session, graph: GraphPane, *, theme: str = "") -> None:
        self.session = session
        self.theme = theme
        self.graph = graph
        self.view = AddressBar(width=0, height=0, margin=0)
        self._is_due = False
        session.param.watch(self._changed, WATCHED)
        graph.param.watch(self._changed, "camera")

    def _changed(self, *_: Any) -> None:
        document = pn.state.curdoc
        if document is None or document.session_context is None:
            self._write()
        elif not self._is_due:
            self._is_due = True
            document.add_timeout_callback(self._write, SETTLE_MS)

    def _write(self) -> None:
        self._is_due = False
        query = to_query(of_session(self.session, self.graph.camera))
        if not query.get("model"):  # an upload cannot be opened again by a link
            query = {}
        if self.theme:
            query["theme"] = self.theme
        self.view.query = "?" + urlencode(query, safe=":,/") if query else ""
