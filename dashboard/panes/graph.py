"""The graph pane: draws the session's graph and turns what the reader does on it into changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import param

from components.graph_view.drawing import Labels, boxes_of, labels_of, scene_of
from components.graph_view.scene import Scene
from components.graph_view.view import GraphView
from dashboard.compiling import wait_for_kernels
from dashboard.panes.overlay import Overlay, overlay_of, state_of
from dashboard.panes.tooltip import tooltip_rows
from dashboard.session import NO_ROWS, Rows, Session
from dashboard.work import Progress, Work
from graphs.errors import QueryError
from graphs.layout import LayoutOptions, lay_out
from graphs.visible import Visible, visible

Message = dict[str, Any]
Drawing = tuple[Visible, Labels, Scene]

CAMERA_DIGITS = 4


class GraphPane(param.Parameterized):
    """One graph view, bound to a session."""

    camera: tuple[float, float, float] | None = param.Parameter(
        default=None, doc="World centre x, y and zoom where the reader left the camera."
    )
    is_drawn = param.Boolean(
        default=False, doc="Whether the shown graph is on its way to the page."
    )
    search_asked = param.Event(doc="The reader pressed the search key on the graph.")

    def __init__(self, session: Session, work: Work, *, embed: bool = False) -> None:
        super().__init__()
        self.session = session
        self.work = work
        self.view = GraphView(embed=embed, sizing_mode="stretch_both")
        self.seen: Visible | None = None
        self._labels: Labels | None = None
        self._after_drawing: list[Callable[[], None]] = []
        self._drawn: dict[str, Any] | None = None
        self._bind_session()
        self._bind_view()
        self._show_switches()
        self._draw()  # the session may show a graph already

    # -- session -> view ----------------------------------------------------------------

    def _bind_session(self) -> None:
        watch = self.session.param.watch
        watch(self._draw, ["graph", "expanded", "flat", "show_constants", "direction"])
        watch(self._recolor, ["measure", "aggregation", "is_log", "node_data", "is_dark"])
        watch(self._restate, ["selection", "threshold", "node_data"])
        watch(self._locate, ["located"])
        watch(self._show_switches, ["is_dark", "flat", "show_constants", "direction"])
        self.work.param.watch(lambda event: self.view.busy(event.new), "busy")

    def _show_switches(self, *_: Any) -> None:
        session = self.session
        self.view.param.update(
            dark=session.is_dark,
            flat=session.flat,
            show_constants=session.show_constants,
            direction=session.direction,
        )

    def _draw(self, *_: Any) -> None:
        session = self.session
        graph = session.graph
        if graph is None:
            return
        self.is_drawn = False
        choice = (session.expanded, session.flat, session.show_constants)
        options = LayoutOptions(direction="right" if session.direction == "right" else "down")
        key, anchor = f"{id(session.opened)}/{graph.id}", session.anchor

        def job(progress: Progress) -> Drawing:
            expanded, flat, constants = choice
            seen = visible(graph, expanded, flat=flat, show_constants=constants)
            labels = labels_of(seen)
            boxes = boxes_of(seen, labels)
            wait_for_kernels(progress, len(boxes.width) + len(boxes.source))
            layout = lay_out(
                boxes,
                options,
                cancelled=progress.cancelled,
                progress=progress.report,
            )
            return seen, labels, scene_of(seen, labels, layout, graph_key=key, anchor_key=anchor)

        text = f"Laying out {graph.title} …"
        self.work.start("draw", text, job, self._show, self._keep_drawing)

    def _keep_drawing(self) -> None:
        """The drawing was cancelled or failed: what is open is again what is drawn."""
        self._after_drawing.clear()
        self.is_drawn = self._is_current()
        if self.is_drawn and self._drawn is not None:
            with param.parameterized.discard_events(self.session):
                self.session.param.update(**self._drawn)
            self._show_switches()

    def _show(self, drawing: Drawing) -> None:
        self.seen, self._labels, scene = drawing
        names = ("expanded", "flat", "show_constants", "direction")
        self._drawn = {name: getattr(self.session, name) for name in names}
        overlay = self._overlay()
        selected, excluded = state_of(self.session, self.seen)
        n_strings = len(scene.strings)  # the overlay's own strings follow the scene's
        self.view.show(
            replace(
                scene,
                item_color=overlay.item_color,
                item_detail=overlay.item_detail + np.uint32(n_strings),
                strings=scene.strings + overlay.strings,
                item_selected=selected,
                item_excluded=excluded,
                strips=overlay.strips,
                legend=overlay.legend,
            )
        )
        self.is_drawn = True
        waiting, self._after_drawing = self._after_drawing, []
        for action in waiting:
            action()

    def _overlay(self) -> Overlay:
        assert self.seen is not None and self._labels is not None
        return overlay_of(self.session, self.seen, self._labels)

    def _recolor(self, *_: Any) -> None:
        if self._is_current():
            overlay = self._overlay()
            self.view.set_overlay(
                overlay.item_color,
                overlay.item_detail,
                overlay.strings,
                overlay.legend,
                overlay.strips,
            )

    def _restate(self, *_: Any) -> None:
        if self._is_current():
            assert self.seen is not None
            self.view.set_state(*state_of(self.session, self.seen))

    def _is_current(self) -> bool:
        """Whether what is drawn belongs to the session's graph; else a drawing is on its way."""
        return self.seen is not None and self.seen.graph is self.session.graph

    def _locate(self, *_: Any) -> None:
        rows = self.session.located
        if len(rows):
            self.session.located = NO_ROWS
            self.when_drawn(lambda: self.zoom_to(rows))

    def when_drawn(self, action: Callable[[], None]) -> None:
        """Run `action` now, or after the drawing that is on its way."""
        if self.is_drawn:
            action()
        else:
            self._after_drawing.append(action)

    def zoom_to(self, rows: Rows) -> None:
        """Bring nodes into view, or the groups that hold them."""
        assert self.seen is not None
        items = np.unique(self.seen.node_item[rows])
        keys = self.seen.item_key[items[items >= 0]]
        if len(keys):
            self.view.zoom_to(keys.tolist())

    # -- view -> session ----------------------------------------------------------------

    def _bind_view(self) -> None:
        on, session = self.view.on_message, self.session
        on("select", self._select)
        on("clear", lambda m: session.clear())
        on("toggle", self._toggle)
        on("expand_all", lambda m: session.expand_all())
        on("collapse_all", lambda m: session.collapse_all())
        on("open_subgraph", self._open_subgraph)
        on("hover", self._hover)
        on("camera", self._keep_camera)
        on("search", lambda m: self.param.trigger("search_asked"))
        on("option", self._option)
        on("cancel", lambda m: self.work.cancel())

    def _select(self, message: Message) -> None:
        if self._is_current():
            self.session.select(self._rows_of(message["keys"]), message["mode"])

    def _rows_of(self, keys: list[int]) -> Rows:
        """Return the nodes that items stand for; a group stands for its whole subtree."""
        if self.seen is None or not self._is_current():
            return NO_ROWS
        graph = self.seen.graph
        wanted = np.asarray(keys, dtype=np.int64)
        nodes = wanted[wanted < graph.n_nodes]
        spaces = wanted[wanted >= graph.n_nodes] - graph.n_nodes
        is_in = np.zeros(len(graph.namespaces), dtype=bool)
        for space in spaces[spaces < len(is_in)].tolist():
            is_in[space : int(graph.namespaces.end[space])] = True
        held = is_in[graph.node_namespace] & (self.seen.node_item >= 0)
        return np.union1d(nodes, np.flatnonzero(held)).astype(np.int32)

    def _toggle(self, message: Message) -> None:
        graph = self.session.graph
        key = message["key"]
        if not self._is_current() or graph is None:
            return
        if graph.n_nodes < key < graph.n_nodes + len(graph.namespaces):
            space = key - graph.n_nodes
            self.session.toggle_group(space, subtree=message["subtree"], anchor=key)

    def _open_subgraph(self, message: Message) -> None:
        graph, node = self.session.graph, message["key"]
        if graph is not None and self._is_current() and graph.subgraphs.get(node):
            self.session.enter_subgraph(node, graph.subgraphs[node][0])

    def _hover(self, message: Message) -> None:
        if self._is_current():
            assert self.seen is not None
            found = tooltip_rows(self.session, self.seen, message["key"])
            if found is not None:
                self.view.tooltip(message["key"], *found)

    def _keep_camera(self, message: Message) -> None:
        x, y, zoom = (round(float(message[name]), CAMERA_DIGITS) for name in ("x", "y", "zoom"))
        self.camera = (x, y, zoom)

    def _option(self, message: Message) -> None:
        if message["name"] in ("flat", "show_constants", "direction"):
            try:
                self.session.param.update(anchor=-1, **{message["name"]: message["value"]})
            except ValueError as error:
                raise QueryError(str(message["value"]), "no such option") from error
