"""Says how many groups are equal to the selected one, and selects them all."""

from __future__ import annotations

import numpy as np
import panel_material_ui as pmui
from numpy.typing import NDArray

from dashboard.session import Rows, Session
from dashboard.work import Progress, Work
from graphs.ir import Graph, NodeKind
from graphs.repeats import equal_groups


class EqualGroups:
    """A line and a button that follow the selection of a session."""

    def __init__(self, session: Session, work: Work) -> None:
        self.session = session
        self.work = work
        self.text = pmui.pane.Typography("", variant="body2", margin=(4, 4, 0, 4))
        self.button = pmui.Button(
            label="", icon="select_all", size="small", variant="text", margin=(2, 4),
            on_click=self._clicked,
        )  # fmt: skip
        self.view = pmui.Column(self.text, self.button, margin=(0, 8), visible=False)
        self._graph: Graph | None = None  # whose classes are known
        self._classes: NDArray[np.int32] = np.zeros(0, dtype=np.int32)
        session.param.watch(self._show, ["selection", "graph"])

    def _show(self, *_: object) -> None:
        graph = self.session.graph
        space = 0 if graph is None else selected_group(graph, self.session.selection)
        self.view.visible = False
        if graph is None or not space:
            return
        if self._graph is not graph:
            text = "Looking for equal groups …"
            self.work.start("equal groups", text, lambda p: _found(graph, p), self._know)
            return
        n = int(np.sum(self._classes == self._classes[space]))
        if n > 1:
            self.text.object = f"One of {n:,} equal groups"
            self.button.label = f"Select the {n:,} equal groups"
            self.view.visible = True

    def _know(self, found: tuple[Graph, NDArray[np.int32]]) -> None:
        if found[0] is self.session.graph:
            self._graph, self._classes = found
            self._show()

    def _clicked(self, _event: object) -> None:
        graph = self.session.graph
        space = 0 if graph is None else selected_group(graph, self.session.selection)
        if graph is not None and space and self._graph is graph:
            equal = np.flatnonzero(self._classes == self._classes[space])
            self.session.select(rows_inside(graph, equal))


def _found(graph: Graph, _progress: Progress) -> tuple[Graph, NDArray[np.int32]]:
    return graph, equal_groups(graph)


def selected_group(graph: Graph, rows: Rows) -> int:
    """Return the group whose nodes are selected, all of them and no other; 0 where there is none.

    Constants may be missing: they are not drawn unless asked for.
    """
    if len(rows) < 2:
        return 0
    names = graph.namespaces
    spaces = graph.node_namespace[rows]
    space, high = int(spaces.min()), int(spaces.max())
    while space > 0 and high >= names.end[space]:
        space = int(names.parent[space])
    if not space:
        return 0
    return space if np.isin(rows_inside(graph, np.array([space])), rows).all() else 0


def rows_inside(graph: Graph, spaces: NDArray[np.integer]) -> Rows:
    """Return the nodes, without constants, in groups and all that is inside them."""
    opens = np.zeros(len(graph.namespaces) + 1, dtype=np.int64)
    np.add.at(opens, spaces, 1)
    np.subtract.at(opens, graph.namespaces.end[spaces], 1)
    is_in = np.cumsum(opens[:-1]) > 0
    is_shown = graph.node_kind != NodeKind.CONSTANT
    return np.flatnonzero(is_in[graph.node_namespace] & is_shown).astype(np.int32)
