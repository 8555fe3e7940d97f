"""Keeps the browser's address equal to the view, so that a link restores it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import panel as pn

from components.address import AddressBar
from dashboard.comparing import Comparing
from dashboard.panes.split import SplitPane
from dashboard.restoring import AT, PREFIXES, SYNC
from dashboard.side import Side
from dashboard.url_state import of_session, to_query

SETTLE_MS = 200

WATCHED = [
    "opened", "graph", "origin", "expanded", "selection", "measure", "aggregation", "threshold",
    "flat", "show_constants", "is_log", "direction",
]  # fmt: skip
LED = ("model", "graph", "from")  # all that a pane says that follows the base


class AddressPane:
    """Writes the address once a change has settled."""

    def __init__(self, comparing: Comparing, split: SplitPane, *, theme: str = "") -> None:
        self.comparing = comparing
        self.split = split
        self.theme = theme
        self.view = AddressBar(width=0, height=0, margin=0)
        self._is_due = False
        self._known: set[Side] = set()
        comparing.param.watch(self._panes_changed, "others")
        comparing.param.watch(self._changed, ["is_synced", "at"])
        self._panes_changed()

    def _panes_changed(self, *_: Any) -> None:
        for side in self.split.sides:
            if side not in self._known:
                self._known.add(side)
                side.session.param.watch(self._changed, WATCHED)
                side.graph.param.watch(self._changed, "camera")
        self._known &= set(self.split.sides)
        self._changed()

    def _changed(self, *_: Any) -> None:
        document = pn.state.curdoc
        if document is None or document.session_context is None:
            self._write()
        elif not self._is_due:
            self._is_due = True
            document.add_timeout_callback(self._write, SETTLE_MS)

    def _write(self) -> None:
        self._is_due = False
        query = self._query()
        if self.theme:
            query["theme"] = self.theme
        self.view.query = "?" + urlencode(query, safe=":,/") if query else ""

    def _query(self) -> dict[str, str]:
        """Return the parameters of all panes; an upload cannot be opened again by a link."""
        base, *others = [
            to_query(of_session(side.session, side.graph.camera)) for side in self.split.sides
        ]
        if not base.get("model"):
            return {}
        if others and not self.comparing.is_synced:
            base[SYNC] = "0"
        if self.comparing.at:
            base[AT] = str(self.comparing.at)
        for prefix, own in zip(PREFIXES, others, strict=False):
            if own.get("model"):
                kept = LED if self.comparing.is_synced else own.keys()
                base.update({prefix + name: own[name] for name in own if name in kept})
        return base
