"""The weights of the selected node, channel by channel, as the chosen run has measured them."""

from __future__ import annotations

from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui
from numpy.typing import NDArray

from components.plots.channel_errors import channel_errors
from components.plots.ticks import format_number, format_value
from dashboard.panes.facts import STYLE, facts_html, text_html
from dashboard.run_channels import ChannelErrors
from dashboard.session import Session
from graphs.ir import Facts

MAX_WEIGHTS = 4
N_WORST = 5
Numbers = dict[str, NDArray[np.float64]]


class WeightChannels:
    """Follows the selection: a node whose weights the chosen run has compared by channel."""

    def __init__(self, session: Session) -> None:
        self.session = session
        title = text_html("Weight error by channel", "facts-section")
        head = pn.pane.HTML(STYLE + title, sizing_mode="stretch_width", margin=(4, 16, 0, 16))
        self.weights = pn.Column(sizing_mode="stretch_width", margin=(0, 8))
        self.view = pmui.Column(
            head, self.weights, sizing_mode="stretch_width", margin=0, visible=False
        )
        session.param.watch(lambda *_: self.follow(), ["selection", "graph"])

    def follow(self) -> None:
        """Show the selected node's weights."""
        table, node = self._table(), self._node()
        found = table.of_node(node) if table is not None and node else []
        self.view.visible = bool(found)
        self.weights.objects = [
            part for tensor, own in found[:MAX_WEIGHTS] for part in _weight(tensor, own)
        ]

    def _table(self) -> ChannelErrors | None:
        """Return what the chosen run has, where its graph is shown."""
        opened, graph = self.session.opened, self.session.graph
        run = opened.kept.loaded.get(opened.kept.chosen) if opened is not None else None
        if opened is None or graph is None or run is None:
            return None
        return run.channels if graph.id == opened.model.graphs[0].id else None

    def _node(self) -> str:
        graph, rows = self.session.graph, self.session.selection
        return graph.node_ids[int(rows[0])] if graph is not None and len(rows) == 1 else ""


def _weight(tensor: str, own: Numbers) -> tuple[Any, Any]:
    heights, label = _heights(own)
    told = {"SQNR (dB)": own["weight_sqnr_db"], "max abs error": own["weight_max_abs_error"],
            "step": own["scale"]}  # fmt: skip
    figure = channel_errors(heights, label, told)
    facts = STYLE + facts_html("", weight_facts(tensor, own))
    return (
        pn.pane.HTML(facts, sizing_mode="stretch_width", margin=(0, 8)),
        pn.pane.Bokeh(figure, sizing_mode="stretch_width", margin=0),
    )


def _heights(own: Numbers) -> tuple[NDArray[np.float64], str]:
    """Return how far each channel is off: in steps, or at most where it has none."""
    in_steps = own["weight_rmse_over_scale"]
    if np.isfinite(in_steps).any():
        return in_steps, "RMSE (steps)"
    return own["weight_max_abs_error"], "max abs error"


def weight_facts(tensor: str, own: Numbers) -> Facts:
    """Return the name of a weight and its worst channels."""
    heights, label = _heights(own)
    order = np.argsort(-np.nan_to_num(heights, nan=-1.0), kind="stable")[:N_WORST].tolist()
    worst = [f"{i} ({format_number(float(heights[i]), 3)})" for i in order if heights[i] > 0]
    least = float(np.min(own["weight_sqnr_db"]))
    rows: Facts = [("weight", tensor), ("channels", f"{len(heights):,}")]
    if np.isfinite(least):
        rows.append(("worst SQNR", format_value(least, "dB")))
    return [*rows, (f"worst, {label}", ", ".join(worst) or "all are exact")]
