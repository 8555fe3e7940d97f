"""The search pane: a text, its hits, and the way to each on the graph."""

from __future__ import annotations

from html import escape
from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmui

from dashboard.session import NO_ROWS, Rows, Session
from dashboard.work import Progress, Work
from graphs.errors import QueryError
from graphs.query import Hits, search

MAX_LISTED = 500
HELP = (
    "Words match name, op type, tensor and namespace. Also: `op:Conv` `name:` `tensor:` "
    "`ns:block1/` `attr:kernel_shape=3` `kind:constant` `latency>1` `-op:Relu`"
)


class SearchPane:
    """Searches the shown graph."""

    def __init__(self, session: Session, work: Work) -> None:
        self.session = session
        self.work = work
        self.hits: Rows = NO_ROWS
        self.query = pmui.TextInput(
            label="Search",
            placeholder="conv  or  op:Conv latency>0.1",
            size="small",
            sizing_mode="stretch_width",
            margin=(8, 12, 0, 12),
        )
        self.status = pn.pane.Markdown(HELP, margin=(0, 12), sizing_mode="stretch_width")
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
        self.query.param.watch(self._search, "value_input")
        self.query.param.watch(self._locate_first, "enter_pressed")
        self.select_all.on_click(lambda _event: self.session.select(self.hits))
        self.table.on_click(self._clicked)
        session.param.watch(self._search, ["graph"])

    def _search(self, *_: Any) -> None:
        text, graph, sets = (
            self.query.value_input.strip(),
            self.session.graph,
            self.session.node_data,
        )
        self.status.styles = {}
        if not text or graph is None:
            self.work.cancel("search")
            self._show_none()
            return

        def job(_progress: Progress) -> Hits | QueryError:
            try:
                return search(graph, text, sets)
            except QueryError as error:  # half a query is no failure while it is being typed
                return error

        self.work.start("search", f"Searching for {text} …", job, self._show)

    def _show_none(self) -> None:
        self.hits = NO_ROWS
        self.status.object = HELP
        self.table.visible = self.select_all.visible = False

    def _show(self, found: Hits | QueryError) -> None:
        if isinstance(found, QueryError):
            self._show_none()
            self.status.object = escape(f"{found.reason}.")
            return
        graph = self.session.graph
        assert graph is not None
        self.hits = found.rows
        n = len(found.rows)
        listed = found.rows[:MAX_LISTED].tolist()
        self.status.object = f"{n:,} node{'' if n == 1 else 's'}" + (
            f", the first {MAX_LISTED} listed" if n > MAX_LISTED else ""
        )
        self.table.value = pd.DataFrame(
            {
                "node": [graph.node_ids[i] for i in listed],
                "found in": [found.why(i) for i in range(len(listed))],
            }
        )
        self.table.visible = self.select_all.visible = n > 0

    def _clicked(self, event: Any) -> None:
        if 0 <= event.row < len(self.hits):
            self.session.locate([int(self.hits[event.row])])

    def _locate_first(self, *_: Any) -> None:
        if len(self.hits):
            self.session.locate([int(self.hits[0])])
