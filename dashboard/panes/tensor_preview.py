"""What the constants of the selected node hold: read from the file when the reader asks for one.

A constant offers itself, an operator those that it reads, also through operators
that only hand them on. Reading and counting run in a job; nothing is read before.
"""

from __future__ import annotations

import math

import numpy as np
import panel as pn
import panel_material_ui as pmui
from bokeh.plotting import figure
from numpy.typing import NDArray

from components.plots.tensor_histogram import tensor_histogram
from components.plots.ticks import format_number, format_share, format_value
from dashboard.panes.facts import STYLE, facts_html, text_html
from dashboard.work import Progress, Work
from graphs.constants import constants_read_by
from graphs.errors import ReadError
from graphs.ir import Facts, Graph, Node, NodeKind
from graphs.tensor_summary import TensorSummary, summarize
from graphs.tensor_type import DTYPE_BITS, UNKNOWN_TYPE, TensorType

MAX_OFFERED = 8
MAX_READ_BYTES = 256 << 20
MAX_READ_ELEMENTS = 1 << 26  # of elements without a fixed size, such as texts
MAX_LABEL_CHARS = 34
MAX_ITEM_CHARS = 64
DIGITS = 5

Result = tuple[Node, TensorSummary | str]


class TensorPreview:
    """Buttons that read a tensor, and what was found: facts and a histogram."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self._node: Node | None = None
        self.buttons = pmui.Column(margin=(0, 8))
        self.facts = pn.pane.HTML("", sizing_mode="stretch_width", margin=(0, 12))
        self.plot = pn.Column(sizing_mode="stretch_width", margin=(0, 8))
        self.view = pmui.Column(
            self.buttons, self.facts, self.plot, sizing_mode="stretch_width", margin=0
        )

    def offer(self, node: Node | None) -> None:
        """Offer the constants of a node; what was shown of another one goes."""
        if node is not None and self._node == node:
            return
        self._node = node
        self.work.stop("preview")
        self.facts.object = ""
        self.plot.clear()
        offered = [] if node is None else _constants_of(node)
        buttons: list[object] = [self._button(label, one) for label, one in offered[:MAX_OFFERED]]
        if buttons and node is not None and node.kind is NodeKind.OPERATOR:
            title = STYLE + text_html("Constants it uses", "facts-section")
            buttons.insert(0, pn.pane.HTML(title, margin=(0, 4)))
        if (n_more := len(offered) - MAX_OFFERED) > 0:
            buttons.append(pn.pane.HTML(STYLE + _empty(f"and {n_more:,} more"), margin=(0, 4)))
        self.buttons.objects = buttons

    def _button(self, label: str, constant: Node) -> pmui.Button:
        return pmui.Button(
            label=label,
            icon="grid_on",
            on_click=lambda _event: self.read(constant),
            size="small",
            variant="text",
            margin=(0, 4),
        )

    def read(self, constant: Node) -> None:
        """Read and show a constant; one that is too large is told by its size."""
        tensor_type = type_of(constant)
        if reason := refusal(tensor_type):
            self._show((constant, reason))
            return

        def job(_progress: Progress) -> Result:
            return constant, summary_of(constant)

        self.work.start("preview", f"Reading {constant.id} …", job, self._show)

    def _show(self, result: Result) -> None:
        constant, found = result
        name: Facts = [("constant", constant.id)]
        if isinstance(found, str):
            self.facts.object = STYLE + facts_html("Values", name) + _empty(found)
            self.plot.clear()
            return
        facts = name + summary_facts(found, type_of(constant))
        self.facts.object = STYLE + facts_html("Values", facts)
        has_plot = len(found.counts) > 0
        self.plot.objects = [_pane(tensor_histogram(found.edges, found.counts))] if has_plot else []


def _empty(text: str) -> str:
    return text_html(text, "facts-empty")


def _pane(fig: figure) -> pn.pane.Bokeh:
    return pn.pane.Bokeh(fig, sizing_mode="stretch_width", margin=0)


def _constants_of(node: Node) -> list[tuple[str, Node]]:
    """Return (label, constant): itself, or those that an operator reads, the largest first."""
    if node.kind is NodeKind.CONSTANT:
        return [("Preview the values", node)]
    if node.kind is not NodeKind.OPERATOR:
        return []
    found = [(slot, node.graph.node(c)) for slot, c in constants_read_by(node.graph, node.index)]
    found.sort(key=lambda pair: (-(type_of(pair[1]).n_elements or 0), pair[0]))
    return [(f"{_cut(one.id)} · {type_of(one)}", one) for _slot, one in found]


def _cut(name: str) -> str:
    """Return the end of a name: the beginning is the group, which the reader sees already."""
    return name if len(name) <= MAX_LABEL_CHARS else f"…{name[1 - MAX_LABEL_CHARS :]}"


def type_of(constant: Node) -> TensorType:
    """Return the type of what a constant holds."""
    return constant.value_type(constant.outputs[0]) if len(constant.outputs) else UNKNOWN_TYPE


def refusal(tensor_type: TensorType) -> str:
    """Return why a tensor of this type is not read; empty where it may be."""
    n, n_bytes = tensor_type.n_elements or 0, tensor_type.n_bytes or 0
    if n_bytes > MAX_READ_BYTES:
        size, limit = (format_value(float(b), "bytes") for b in (n_bytes, MAX_READ_BYTES))
        return f"The tensor has {size}; values are read up to {limit}."
    if n > MAX_READ_ELEMENTS and tensor_type.dtype not in DTYPE_BITS:
        return f"The tensor has {n:,} elements; {MAX_READ_ELEMENTS:,} are read at most."
    return ""


def summary_of(constant: Node) -> TensorSummary | str:
    """Read a constant and return what it holds, or a sentence where it cannot be read."""
    graph: Graph = constant.graph
    try:
        data: NDArray[np.generic] | None = graph.source.tensor(constant.index)
    except ReadError as error:
        return str(error)
    return "The file holds no values." if data is None else summarize(data)


def summary_facts(found: TensorSummary, tensor_type: TensorType) -> Facts:
    """Return the statistics as (name, text)."""
    n, of = found.n_elements, float(found.n_counted)
    n_bytes = tensor_type.n_bytes
    facts: Facts = [
        ("shape", "×".join(map(str, found.shape)) or "scalar"),
        ("dtype", tensor_type.dtype or "unknown"),
        ("elements", f"{n:,}"),
        ("size", "" if n_bytes is None else format_value(float(n_bytes), "bytes")),
    ]
    if found.is_sampled:
        facts.append(("sampled", f"{found.n_counted:,} of {n:,} elements, equally spaced"))
    if not math.isnan(found.mean):
        named = (("min", found.low), ("max", found.high), ("mean", found.mean))
        facts += [(name, format_number(value, DIGITS)) for name, value in named]
        facts.append(("standard deviation", format_number(found.std, DIGITS)))
    if of:
        facts.append(("zeros", f"{found.n_zero:,} · {format_share(float(found.n_zero), of)}"))
        is_whole = tensor_type.dtype.startswith(("int", "uint", "bool"))
        facts.append(
            ("NaN, infinite", "" if is_whole else f"{found.n_nan:,}, {found.n_infinite:,}")
        )
    for one in found.channels:
        ends = f"{format_number(one.least)} to {format_number(one.greatest)}"
        ratio = f" · {format_number(one.greatest / one.least)}×" if one.least else ""
        facts.append((f"max |x| by axis {one.axis}", f"{ends}{ratio} over {one.n_channels:,}"))
    label = f"first {len(found.first)}" if n > len(found.first) else "all"
    facts.append((label, ", ".join(map(_item, found.first))))
    return [(name, text) for name, text in facts if text]


def _item(value: object) -> str:
    return format_number(value, DIGITS) if isinstance(value, float) else str(value)[:MAX_ITEM_CHARS]
