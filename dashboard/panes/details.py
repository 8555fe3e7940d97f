"""The details pane: what the file says of the selected node, group or the whole model."""

from __future__ import annotations

import numpy as np
import panel as pn
import panel_material_ui as pmui
from numpy.typing import NDArray

from components.plots.ticks import format_number, format_share, format_value
from dashboard.panes.facts import STYLE, facts_html, text_html
from dashboard.panes.overlay import data_text
from dashboard.session import Session
from dashboard.work import Progress, Work
from graphs.errors import ReadError
from graphs.ir import Facts, Graph, Node, NodeKind

MAX_ROWS = 32
MAX_PREVIEW = 24
MAX_PREVIEW_BYTES = 64 << 20


class DetailsPane:
    """Follows the selection of a session."""

    def __init__(self, session: Session, work: Work) -> None:
        self.session = session
        self.work = work
        self.text = pn.pane.HTML(STYLE, sizing_mode="stretch_width", margin=(4, 12))
        self.subgraphs = pmui.Row(margin=(0, 8))
        self.locate = _small_button("Show on graph", "my_location", self._locate)
        self.preview = _small_button("Preview the values", "grid_on", self._preview)
        self.values = pn.pane.HTML("", sizing_mode="stretch_width", margin=(0, 12))
        self.view = pmui.Column(
            self.text,
            pmui.Row(self.locate, self.preview, margin=(0, 8)),
            self.subgraphs,
            self.values,
            sizing_mode="stretch_width",
        )
        session.param.watch(self._show, ["selection", "graph", "node_data"])
        self._show()

    def _show(self, *_: object) -> None:
        graph, rows = self.session.graph, self.session.selection
        self.values.object = ""
        one = graph.node(int(rows[0])) if graph is not None and len(rows) == 1 else None
        self.locate.visible = len(rows) > 0
        self.preview.visible = one is not None and one.kind is NodeKind.CONSTANT
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

    def _preview(self, _event: object) -> None:
        graph, rows = self.session.graph, self.session.selection
        if graph is None or len(rows) != 1:
            return
        node = graph.node(int(rows[0]))
        n_bytes = max((node.value_type(v).n_bytes or 0 for v in node.outputs), default=0)
        if n_bytes > MAX_PREVIEW_BYTES:
            size, limit = (format_value(float(n), "bytes") for n in (n_bytes, MAX_PREVIEW_BYTES))
            self._show_values(f"The tensor has {size}; values are shown up to {limit}.")
            return

        def job(_progress: Progress) -> Facts | str:
            try:
                data = graph.source.tensor(node.index)
            except ReadError as error:
                return str(error)
            return "The file holds no values." if data is None else tensor_facts(data)

        self.work.start("preview", f"Reading {node.id} …", job, self._show_values)

    def _show_values(self, found: Facts | str) -> None:
        is_text = isinstance(found, str)
        body = text_html(found, "facts-empty") if is_text else facts_html("Values", found)
        self.values.object = STYLE + body


def tensor_facts(data: NDArray[np.generic]) -> Facts:
    """Return statistics and the first values of a tensor."""
    facts: Facts = [
        ("shape", "×".join(map(str, data.shape)) or "scalar"),
        ("dtype", str(data.dtype)),
    ]
    if data.dtype.kind == "V" and data.dtype.names is None and data.dtype.itemsize <= 2:
        data = data.astype(np.float32)  # bfloat16, float8, int4: NumPy knows them by their size
    if data.size and data.dtype.kind in "fiub":
        numbers = data.astype(np.float64).ravel()
        finite = numbers[np.isfinite(numbers)]
        if finite.size:
            named = [("min", finite.min()), ("mean", finite.mean()), ("max", finite.max())]
            facts += [(name, format_number(float(value), 5)) for name, value in named]
            facts.append(("standard deviation", format_number(float(finite.std()), 5)))
            facts.append(("zeros", format_share(float(np.sum(finite == 0)), float(data.size))))
        if finite.size < data.size:
            facts.append(("not finite", f"{data.size - finite.size:,}"))
    first = data.ravel()[:MAX_PREVIEW].tolist()
    shown = ", ".join(
        format_number(value, 5) if isinstance(value, float) else str(value) for value in first
    )
    facts.append((f"first {len(first)}" if data.size > len(first) else "all", shown))
    return facts


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
