"""The table pane: all nodes with their node data; picked rows become the selection."""

from __future__ import annotations

from typing import Any

import numpy as np

from components.plots.columns import MeasureColumn
from components.plots.table import NodeColumns, NodeTable
from dashboard.session import Session
from graphs.ir import Graph


class TablePane:
    """Follows the session's graph, node data, filter and selection."""

    def __init__(self, session: Session, *, page_size: int) -> None:
        self.session = session
        self._graph: Graph | None = None
        self._is_stale = False
        self.table = NodeTable(session.select, page_size=page_size)
        self.view = self.table.view
        session.param.watch(self._show, ["graph", "node_data"])
        session.param.watch(self._sort, ["measure"])
        session.param.watch(lambda _event: self.table.clear_header_filters(), ["cleared"])
        session.param.watch(self._show_filter, ["threshold"])
        session.param.watch(self._show_selection, ["selection"])
        self._show()

    def show(self, is_shown: bool) -> None:
        """Show or hide the table; while it is hidden it follows nothing."""
        self.view.visible = is_shown
        if is_shown and self._is_stale:
            self._show()

    def _show(self, *_: Any) -> None:
        graph = self.session.graph
        self._is_stale = not self.view.visible
        if graph is None or self._is_stale:
            return
        self._graph = graph
        sets = self.session.node_data
        names = [data.name for data in sets]
        chosen = self.session.measure
        self.table.set_nodes(
            node_columns(graph),
            [MeasureColumn.of(data) for data in sets],
            sorted_by=names.index(chosen) if chosen in names else None,
        )
        self._show_filter()
        self._show_selection()

    @property
    def _is_current(self) -> bool:
        """Whether the rows are those of the session's graph; else they are about to be."""
        is_whole = self._graph is self.session.graph and not self._is_stale
        return is_whole and self._graph is not None and self.view.visible

    def _sort(self, *_: Any) -> None:
        names = [data.name for data in self.session.node_data]
        self._is_stale |= not self.view.visible
        if self._is_current and self.session.measure in names:
            self.table.sort_by(names.index(self.session.measure))

    def _show_filter(self, *_: Any) -> None:
        self._is_stale |= not self.view.visible
        if self._is_current:
            mask = self.session.is_kept if self.session.threshold is not None else None
            self.table.set_filter_mask(mask)

    def _show_selection(self, *_: Any) -> None:
        self._is_stale |= not self.view.visible
        if self._is_current:
            self.table.set_selection(self.session.selection)


def node_columns(graph: Graph) -> NodeColumns:
    """Return the text columns of the table: one entry a node."""
    shapes = ["", *(t.shape_text() for t in graph.types)]
    dtypes = ["", *(t.dtype for t in graph.types)]
    has_output = graph.value_ptr[:-1] < graph.value_ptr[1:]
    kinds = np.append(graph.value_type, -1)[np.where(has_output, graph.value_ptr[:-1], -1)] + 1
    return NodeColumns(
        ids=graph.node_ids,
        op_types=[graph.op_types[i] for i in graph.node_op.tolist()],
        namespaces=[graph.namespaces.paths[i] for i in graph.node_namespace.tolist()],
        shapes=[shapes[k] for k in kinds.tolist()],
        dtypes=[dtypes[k] for k in kinds.tolist()],
    )
