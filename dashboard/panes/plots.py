"""The plots pane: distribution, ranking, scatter, op types, activation memory: all linked."""

from __future__ import annotations

from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui

from components.plots.columns import MeasureColumn
from components.plots.histogram import Histogram
from components.plots.op_types import OpTypes
from components.plots.ranking import GroupColumns, Ranking
from components.plots.scatter import Scatter
from components.plots.statistics import Statistics
from dashboard.panes.memory import MemoryPlot
from dashboard.session import Session
from graphs.ir import Graph


class PlotsPane:
    """Draws the session's measure; what the reader brushes becomes the selection."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._graph: Graph | None = None
        self._is_following = False
        self.histogram = Histogram(self._brushed, on_clear=lambda: session.select([]))
        self.statistics = Statistics()
        self.ranking = Ranking(session.select)
        self.scatter = Scatter(session.select)
        self.op_types = OpTypes(self._op_type_clicked)
        self.memory = MemoryPlot(session)
        self.x = _select("x axis")
        self.y = _select("y axis")
        self.x.param.watch(self._axes_chosen, "value")
        self.y.param.watch(self._axes_chosen, "value")
        self.view = pmui.Column(
            _heading("Distribution"), self.histogram.view, self.statistics.view,
            _heading("Most expensive"), self.ranking.view,
            _heading("One measure against another"),
            pmui.Row(self.x, self.y, sizing_mode="stretch_width", margin=0), self.scatter.view,
            _heading("By op type"), self.op_types.view,
            _heading("Activation memory along the schedule"), self.memory.view,
            sizing_mode="stretch_width", margin=(0, 8),
        )  # fmt: skip
        session.param.watch(self._show, ["graph", "node_data", "measure", "is_log"])
        session.param.watch(self._show_filter, ["threshold"])
        session.param.watch(self._show_selection, ["selection"])
        self._show()

    @property
    def _linked(self) -> list[Any]:
        """The plots that show filter and selection."""
        return [self.histogram, self.statistics, self.ranking, self.scatter, self.op_types]

    # -- session -> plots -----------------------------------------------------------------

    def _show(self, *_: Any) -> None:
        session, graph = self.session, self.session.graph
        if graph is None:
            return
        if graph is not self._graph:
            self._graph = graph
            self.ranking.set_nodes(graph.node_ids, _groups_of(graph))
            self.op_types.set_nodes(graph.node_op, graph.op_types)
        data = session.data
        column = None if data is None else MeasureColumn.of(data)
        self.histogram.set_measure(column, is_log=True if session.is_log else None)
        for plot in (self.statistics, self.ranking, self.op_types):
            plot.set_measure(column)
        self._offer_axes()
        self._show_axes()
        self._show_filter()
        self._show_selection()

    def _offer_axes(self) -> None:
        """Offer the numeric sets; the chosen measure goes on x, another measured one on y."""
        numeric = [d for d in self.session.node_data if not d.is_categorical]
        options = {d.label: d.name for d in numeric}
        names = list(options.values())
        chosen = self.session.measure if self.session.measure in names else None
        x = chosen or (names or [None])[0]
        y = self.y.value if self.y.value in names and self.y.value != x else None
        if y is None:
            others = sorted(
                (d for d in numeric if d.name != x), key=lambda d: d.source == "computed"
            )
            y = others[0].name if others else None
        self._is_following = True
        self.x.param.update(options=options, value=x, visible=len(names) > 1)
        self.y.param.update(options=options, value=y, visible=len(names) > 1)
        self._is_following = False

    def _show_axes(self) -> None:
        sets = [self.session.set_of(name or "") for name in (self.x.value, self.y.value)]
        x, y = (None if data is None else MeasureColumn.of(data) for data in sets)
        both = x is not None and y is not None
        self.scatter.set_measures(
            x if both else None, y if both else None, self._graph.node_ids if self._graph else ()
        )

    def _show_filter(self, *_: Any) -> None:
        if self._graph is self.session.graph and self._graph is not None:
            mask = self.session.is_kept if self.session.threshold is not None else None
            for plot in self._linked:
                plot.set_filter_mask(mask)

    def _show_selection(self, *_: Any) -> None:
        if self._graph is self.session.graph and self._graph is not None:
            for plot in self._linked:
                plot.set_selection(self.session.selection)

    # -- plots -> session -----------------------------------------------------------------

    def _brushed(self, low: float, high: float) -> None:
        data = self.session.data
        if data is not None:
            with np.errstate(invalid="ignore"):
                inside = (data.values >= low) & (data.values <= high) & self.session.is_kept
            self.session.select(np.flatnonzero(inside))

    def _op_type_clicked(self, name: str) -> None:
        graph = self.session.graph
        if graph is not None and name in graph.op_types:
            is_it = graph.node_op == graph.op_types.index(name)
            self.session.select(np.flatnonzero(is_it & self.session.is_kept))

    def _axes_chosen(self, _event: Any) -> None:
        if not self._is_following:
            self._show_axes()
            self._show_filter()
            self._show_selection()


def _groups_of(graph: Graph) -> GroupColumns:
    names = graph.namespaces
    return GroupColumns(names.paths, names.depth, names.end, graph.node_namespace)


def _select(label: str) -> pmui.Select:
    return pmui.Select(
        label=label, options=[], size="small", width=200, margin=(6, 6), searchable=False
    )


def _heading(text: str) -> pn.viewable.Viewable:
    return pmui.Typography(text, variant="subtitle2", margin=(12, 6, 2, 6))
