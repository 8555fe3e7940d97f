"""The table pane: all nodes with their node data; picked rows become the selection."""

from __future__ import annotations

from typing import Any

from components.plots.columns import MeasureColumn
from components.plots.table import NodeTable
from dashboard.session import Session
from graphs.ir import Graph, NodeKind


class TablePane:
    """Follows the session's graph, node data, filter and selection."""

    def __init__(self, session: Session, *, height: int) -> None:
        self.session = session
        self._graph: Graph | None = None
        self.table = NodeTable(session.select, height=height)
        self.view = self.table.view
        session.param.watch(self._show, ["graph", "node_data"])
        session.param.watch(self._show_filter, ["threshold"])
        session.param.watch(self._show_selection, ["selection"])
        self._show()

    def _show(self, *_: Any) -> None:
        graph = self.session.graph
        if graph is None:
            return
        if graph is not self._graph:
            self._graph = graph
            self.table.set_nodes(node_columns(graph))
        self.table.set_measures([MeasureColumn.of(data) for data in self.session.node_data])
        self._show_filter()
        self._show_selection()

    def _show_filter(self, *_: Any) -> None:
        if self._graph is self.session.graph and self._graph is not None:
            mask = self.session.is_kept if self.session.threshold is not None else None
            self.table.set_filter_mask(mask)

    def _show_selection(self, *_: Any) -> None:
        if self._graph is self.session.graph and self._graph is not None:
            self.table.set_selection(self.session.selection)


def node_columns(graph: Graph) -> dict[str, list[str]]:
    """Return the text columns of the table: one entry a node."""
    types = [str(t) for t in graph.types]
    value_type, ptr = graph.value_type.tolist(), graph.value_ptr.tolist()
    kinds = [NodeKind(k).name.lower() for k in range(len(NodeKind))]
    return {
        "node": list(graph.node_ids),
        "op type": [graph.op_types[i] for i in graph.node_op.tolist()],
        "kind": [kinds[k] for k in graph.node_kind.tolist()],
        "namespace": [graph.namespaces.paths[i] for i in graph.node_namespace.tolist()],
        "output": [
            types[value_type[first]] if first < last else ""
            for first, last in zip(ptr[:-1], ptr[1:], strict=True)
        ],
    }
