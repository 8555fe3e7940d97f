"""The rows of a graph tooltip: what an item is, and its node data. Plain text."""

from __future__ import annotations

import numpy as np

from dashboard.panes.overlay import data_text
from dashboard.panes.shares import count_rows
from dashboard.session import Session
from graphs.ir import Graph
from graphs.node_data import aggregate
from graphs.visible import Visible

MAX_SHAPES = 4

Rows = list[tuple[str, str]]


def tooltip_rows(session: Session, seen: Visible, key: int) -> tuple[str, Rows] | None:
    """Return (title, rows) of the item with this key; None where there is none."""
    graph = seen.graph
    if 0 <= key < graph.n_nodes:
        return _of_node(session, graph, key)
    space = key - graph.n_nodes
    if 0 < space < len(graph.namespaces):
        return _of_group(session, seen, space)
    return None


def _of_node(session: Session, graph: Graph, node: int) -> tuple[str, Rows]:
    view = graph.node(node)
    rows = [("name", view.id)] if view.id != view.label else []
    inputs = [str(view.value_type(int(graph.edge_value[e]))) for e in view.in_edges]
    outputs = [str(view.value_type(v)) for v in view.outputs]
    rows += _shapes("in", inputs) + _shapes("out", outputs)
    for data in session.node_data:
        value = float(data.values[node])
        if not np.isnan(value):
            rows.append((data.name, data_text(data, value)))
    if graph.subgraphs.get(node):
        rows.append(("calls", ", ".join(graph.subgraphs[node][:MAX_SHAPES])))
    return view.label, rows


def _shapes(name: str, texts: list[str]) -> Rows:
    more = [f"and {len(texts) - MAX_SHAPES} more"] if len(texts) > MAX_SHAPES else []
    return [(name if i == 0 else "", text) for i, text in enumerate(texts[:MAX_SHAPES] + more)]


def _of_group(session: Session, seen: Visible, space: int) -> tuple[str, Rows]:
    graph, names = seen.graph, seen.graph.namespaces
    is_in = (graph.node_namespace >= space) & (graph.node_namespace < names.end[space])
    rows = [("group", names.paths[space]), ("nodes", f"{int(is_in.sum()):,}")]
    if names.is_inferred[space]:
        rows += [("", text) for _, text in graph.source.group_attributes(space)]
    for data in session.node_data:
        if data.is_categorical:
            rows += count_rows(graph, data, space, seen.node_item >= 0)
        for how in data.aggregations:
            value = float(aggregate(graph, data, how)[space])
            if not np.isnan(value):
                rows.append((f"{data.name}, {how}", data_text(data, value)))
    return names.title(space), rows
