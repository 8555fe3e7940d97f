"""The search pane: a text, its hits, and the way to each on the graph."""

from __future__ import annotations

import time
from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmui

from dashboard.panes.facts import text_html
from dashboard.session import NO_ROWS, Rows, Session
from dashboard.work import Progress, Work
from graphs.errors import QueryError
from graphs.query import Hits, search

MAX_LISTED = 500
ENTER_SECONDS = 1.5
HELP = (
    "Words match name, op type, tensor and namespace. Also: op:Conv  name:  tensor:  "
    "ns:block1/  attr:kernel_shape=3  kind:constant  latency>1  -op:Relu"
)


class SearchPane:
    """Searches the shown graph."""

    def __init__(self, session: Session, work: Work) -> None:
        self.session = session
        self.work = work
        self.hits: Rows = NO_ROWS
        self._text = ""
        self._entered_at = -ENTER_SECONDS
        self._wants_first = self._is_searching = False
        self.query = pmui.TextInput(
            label="Search",
            placeholder="conv  or  op:Conv latency>0.1",
            size="small",
            sizing_mode="stretch_width",
            margin=(8, 12, 0, 12),
        )
        self.status = pn.pane.HTML(text_html(HELP), margin=(0, 12), sizing_mode="stretch_width")
        self.select_all = pmui.Button(
            label="Select all", icon="done_all", size="small", variant="text", visible=False
        )
        self.table = pn.widgets.Tabulator(
            pd.DataFrame({"node": [], "found in": []}),
            show_index=False,
            disabled=True,
            selectable=False,
            pagination="remote",
            page_size=20,
            layout="fit_columns",
            sizing_mode="stretch_width",
            formatters={"node": "plaintext", "found in": "plaintext"},
            visible=False,
            margin=(0, 12),
        )
        self.view = pmui.Column(
            self.query, self.status, self.select_all, self.table, sizing_mode="stretch_width"
        )
        self.query.param.watch(self._typed, "value_input")
        self.query.param.watch(self._entered, "enter_pressed")
        self.select_all.on_click(lambda _event: self.session.select(self.hits))
        self.table.on_click(self._clicked)
        session.param.watch(lambda _event: self._search(), ["graph"])

    def _typed(self, *_: Any) -> None:
        if self.query.value_input.strip() != self._text:
            self._search()
            # The browser may send Enter before the text that was typed.
            self._wants_first = time.monotonic() - self._entered_at < ENTER_SECONDS
            if self._wants_first and not self._is_searching:
                self._locate_first()

    def _entered(self, *_: Any) -> None:
        """Go to the first hit; the search of what was typed last may still have to begin or end."""
        self._entered_at = time.monotonic()
        if (self.query.value_input or self.query.value).strip() != self._text:
            self._search()
        self._wants_first = True
        if not self._is_searching:
            self._locate_first()

    def _search(self) -> None:
        text = self._text = (self.query.value_input or self.query.value).strip()
        graph, sets = self.session.graph, self.session.node_data
        self._wants_first = self._is_searching = False
        if not text or graph is None:
            self.work.stop("search")
            self._show_none()
            return
        self._is_searching = True

        def job(progress: Progress) -> Hits | QueryError:
            try:
                return search(graph, text, sets, is_cancelled=progress.cancelled)
            except QueryError as error:  # half a query is no failure while it is being typed
                return error

        self.work.start("search", f"Searching for {text} …", job, self._show, self._dropped)

    def _dropped(self) -> None:
        self._wants_first = self._is_searching = False

    def _show_none(self) -> None:
        self.hits = NO_ROWS
        self.status.object = text_html(HELP)
        self.table.visible = self.select_all.visible = False

    def _show(self, found: Hits | QueryError) -> None:
        self._is_searching = False
        if isinstance(found, QueryError):
            self._show_none()
            self.status.object = text_html(f"{found.reason}.")
            return
        graph = self.session.graph
        assert graph is not None
        self.hits = found.rows
        n = len(found.rows)
        listed = found.rows[:MAX_LISTED].tolist()
        more = f", the first {MAX_LISTED} listed" if n > MAX_LISTED else ""
        self.status.object = text_html(f"{n:,} node{'' if n == 1 else 's'}{more}")
        self.table.value = pd.DataFrame(
            {
                "node": [graph.node_ids[i] for i in listed],
                "found in": [found.why(i) for i in range(len(listed))],
            }
        )
        self.table.visible = self.select_all.visible = n > 0
        if self._wants_first:
            self._locate_first()

    def _clicked(self, event: Any) -> None:
        if 0 <= event.row < len(self.hits):
            self.session.locate([int(self.hits[event.row])])

    def _locate_first(self) -> None:
        self._wants_first = False
        if len(self.hits):
            self.session.locate([int(self.hits[0])])
