"""The details pane: what the file says of the selected node, group or the whole model."""

from __future__ import annotations

import numpy as np
import panel as pn
import panel_material_ui as pmui
from numpy.typing import NDArray

from components.plots.ticks import format_share, format_value
from dashboard.panes.equal_groups import EqualGroups
from dashboard.panes.facts import STYLE, facts_html, text_html
from dashboard.panes.overlay import data_text
from dashboard.panes.tensor_preview import TensorPreview
from dashboard.session import Session
from dashboard.work import Work
from graphs.ir import Facts, Graph, Node

MAX_ROWS = 32


class DetailsPane:
    """Follows the selection of a session."""

    def __init__(self, session: Session, work: Work) -> None:
        self.session = session
        self.text = pn.pane.HTML(STYLE, sizing_mode="stretch_width", margin=(4, 12))
        self.subgraphs = pmui.Row(margin=(0, 8))
        self.locate = _small_button("Show on graph", "my_location", self._locate)
        self.equal = EqualGroups(session, work)
        self.preview = TensorPreview(work)
        self.view = pmui.Column(
            self.text,
            pmui.Row(self.locate, margin=(0, 8)),
            self.equal.view,
            self.subgraphs,
            self.preview.view,
            sizing_mode="stretch_width",
        )
        session.param.watch(self._show, ["selection", "graph", "node_data"])
        self._show()

    def _show(self, *_: object) -> None:
        graph, rows = self.session.graph, self.session.selection
        one = graph.node(int(rows[0])) if graph is not None and len(rows) == 1 else None
        self.locate.visible = len(rows) > 0
        self.preview.offer(one)
        self.subgraphs.objects = self._subgraph_buttons(one)
        if graph is None:
            body = text_html("No model is open.", "facts-empty")
        elif one is not None:
            body = _node_html(self.session, one)
        elif len(rows):
            body = _rows_html(self.session, graph, rows)
        else:
            hint = "Select a node on the graph, in a plot or in the table."
            body = text_html(hint, "facts-empty")
        self.text.object = STYLE + body

    def _subgraph_buttons(self, node: Node | None) -> list[pmui.Button]:
        if node is None:
            return []
        called = node.graph.subgraphs.get(node.index, ())
        return [
            _small_button(
                f"Open {graph_id.rsplit('/', 1)[-1]}",
                "subdirectory_arrow_right",
                lambda _event, to=graph_id: self.session.enter_subgraph(node.index, to),
            )
            for graph_id in called[:8]
        ]

    def _locate(self, _event: object) -> None:
        self.session.locate(self.session.selection.tolist())


def _small_button(label: str, icon: str, on_click: object) -> pmui.Button:
    return pmui.Button(
        label=label, icon=icon, on_click=on_click, size="small", variant="text", margin=(2, 4)
    )


def _node_html(session: Session, node: Node) -> str:
    graph = node.graph
    head = [("name", node.id), ("kind", node.kind.name.lower())]
    if node.namespace:
        head.append(("namespace", node.namespace))
    inputs: Facts = []
    for edge in node.in_edges:
        value = int(graph.edge_value[edge])
        maker = graph.node_ids[graph.edge_source[edge]]
        mark = "control" if graph.edge_is_control[edge] else str(graph.edge_target_slot[edge])
        inputs.append((mark, f"{node.value_type(value)} from {graph.value_names[value] or maker}"))
    outputs: Facts = []
    for value in node.outputs:
        name = graph.value_names[value]
        outputs.append((str(graph.value_slot[value]), f"{node.value_type(value)} {name}".strip()))
    facts = [fact for value in node.outputs for fact in graph.source.value_facts(value)]
    return (
        text_html(node.label, "facts-title")
        + facts_html("Node", head)
        + facts_html("Node data", _node_data_facts(session, node.index))
        + facts_html("Inputs", _bounded(inputs))
        + facts_html("Outputs", _bounded(outputs))
        + facts_html("Quantization and value", _bounded(facts))
        + facts_html("Attributes", _bounded(graph.source.attributes(node.index)))
    )


def _node_data_facts(session: Session, node: int) -> Facts:
    found: Facts = []
    for data in session.node_data:
        value = float(data.values[node])
        if np.isnan(value):
            continue
        text = data_text(data, value)
        if "sum" in data.aggregations:
            text += f" · {format_share(value, float(np.nansum(data.values)))} of the total"
        found.append((data.name, text))
    return found


def _rows_html(session: Session, graph: Graph, rows: NDArray[np.int32]) -> str:
    """Return the summary of several nodes: counts by op type and their node data."""
    names, counts = np.unique(graph.node_op[rows], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    ops = [(graph.op_types[names[i]], f"{counts[i]:,}") for i in order]
    measured: Facts = []
    for data in session.node_data:
        values = data.values[rows]
        if data.is_categorical or np.isnan(values).all():
            continue
        if "sum" in data.aggregations:
            part, whole = float(np.nansum(values)), float(np.nansum(data.values))
            text = f"{format_value(part, data.unit)} · {format_share(part, whole)} of the total"
            measured.append((f"{data.name}, sum", text))
        else:
            worst = np.nanmax(values) if data.is_higher_worse else np.nanmin(values)
            measured.append((f"{data.name}, worst", format_value(float(worst), data.unit)))
    common = _common_group(graph, rows)
    return (
        text_html(f"{len(rows):,} nodes selected", "facts-title")
        + facts_html("Inside", [("group", common)] if common else [])
        + facts_html("Group", _bounded(_group_facts(graph, common)))
        + facts_html("Node data", measured)
        + facts_html("Op types", _bounded(ops))
    )


def _common_group(graph: Graph, rows: NDArray[np.int32]) -> str:
    """Return the path of the innermost group around all rows; empty for the top."""
    names = graph.namespaces
    spaces = graph.node_namespace[rows]
    low, high = int(spaces.min()), int(spaces.max())
    while low > 0 and high >= names.end[low]:
        low = int(names.parent[low])
    return names.paths[low]


def _group_facts(graph: Graph, path: str) -> Facts:
    return graph.source.group_attributes(graph.namespaces.index(path))


def _bounded(facts: Facts) -> Facts:
    if len(facts) <= MAX_ROWS:
        return facts
    return [*facts[:MAX_ROWS], ("", f"and {len(facts) - MAX_ROWS:,} more")]
