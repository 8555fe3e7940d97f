"""The switch of where groups come from: the file, names, or repeated structure."""

from __future__ import annotations

from typing import Any

import panel_material_ui as pmui

from dashboard.notices import Notices
from dashboard.session import Session
from dashboard.work import Progress, Work
from graphs.inferred import FEW, Origin
from graphs.ir import NodeKind

TITLES: dict[str, Origin] = {
    "from the file": "file",
    "from names": "names",
    "from structure": "structure",
}


class GroupsSwitch:
    """Writes the origin of the shown graph's groups; says when they are inferred."""

    def __init__(self, session: Session, work: Work, notices: Notices) -> None:
        self.session = session
        self.work = work
        self.notices = notices
        self._is_following = False
        self.choice = pmui.Select(
            label="Groups", options=TITLES, value="file", size="small", width=210, margin=(0, 8),
            searchable=False, visible=False,
            sx={"& .MuiSelect-select": {"color": "var(--panel-on-background-color) !important"}},
        )  # fmt: skip
        self.view = self.choice
        self.choice.param.watch(self._chosen, "value")
        session.param.watch(self._show, ["graph", "origin"])
        self._show()

    def _show(self, *_: Any) -> None:
        graph, origin = self.session.graph, self.session.origin
        n_operators = 0 if graph is None else int((graph.node_kind == NodeKind.OPERATOR).sum())
        self._is_following = True
        self.choice.param.update(
            value=origin,
            label="Groups" if origin == "file" else "Groups (inferred)",
            visible=n_operators > FEW,
        )
        self._is_following = False

    def _chosen(self, event: Any) -> None:
        opened, graph = self.session.opened, self.session.graph
        if self._is_following or opened is None or graph is None:
            return
        origin: Origin = event.new

        def job(_progress: Progress) -> bool:
            return opened.has_groups(graph.id, origin)

        def done(is_found: bool) -> None:
            if self.session.graph is not graph:
                return
            if is_found:
                self.session.set_origin(origin)
            else:
                way = "names" if origin == "names" else "repeated structure"
                self.notices.add(f"{graph.title} shows no groups from {way}.", "info")
                self._show()

        self.work.start("groups", "Looking for groups …", job, done, self._show)
