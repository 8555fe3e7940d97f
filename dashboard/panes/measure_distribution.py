"""How the errors of the selected node are distributed: taken when the reader asks for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui

from components.plots.error_image import error_image
from components.plots.tensor_histogram import tensor_histogram
from components.plots.ticks import format_number
from dashboard.notices import Notices
from dashboard.panes.facts import STYLE, facts_html, text_html
from dashboard.panes.measure_inputs import row, select
from dashboard.run_again import AtHand, again
from dashboard.run_error import take_distribution
from dashboard.run_queue import QUEUE
from dashboard.run_record import ErrorFacts, TensorPair
from dashboard.session import Session
from dashboard.work import Progress, Work
from graphs.errors import quoted
from graphs.ir import Facts
from measures.tensor_errors import TensorErrors

KINDS = {"accumulated": "accumulated", "local": "local"}
MAX_NAME_CHARS = 60
HINT = "Select a node to see how its errors are distributed."


class ErrorDistribution:
    """Follows the selection: a node whose tensor the chosen run has paired can be asked for.

    Parameters
    ----------
    session : Session
    notices : Notices
    at_hand : callable () -> AtHand
        The files that the run may have been taken with.
    """

    def __init__(self, session: Session, notices: Notices, at_hand: Callable[[], AtHand]) -> None:
        self.session, self.notices, self._at_hand = session, notices, at_hand
        self._work = Work(notices.add, submit=QUEUE.submit)
        self.pair: TensorPair | None = None
        self.kind = select("Errors", KINDS, "accumulated")
        self.button = pmui.Button(
            label="Show distribution", icon="bar_chart", size="small", variant="outlined",
            margin=(12, 12, 4, 4), on_click=self._asked,
        )  # fmt: skip
        self.head = pn.pane.HTML("", sizing_mode="stretch_width", margin=(4, 16, 0, 16))
        self.text = pn.pane.HTML("", sizing_mode="stretch_width", margin=(0, 16))
        self.plots = pn.Column(sizing_mode="stretch_width", margin=(0, 8))
        self.fields = row(self.kind, self.button)
        self.view = pmui.Column(
            self.head, self.fields, self.text, self.plots,
            sizing_mode="stretch_width", margin=0, visible=False,
        )  # fmt: skip
        session.param.watch(lambda *_: self.follow(), ["selection", "graph"])

    def follow(self) -> None:
        """Offer the selected node, where the chosen run knows its twin."""
        pair = self._pair()
        if pair != self.pair:
            self.cancel()
            self.text.object = ""
            self.plots.clear()
        self.pair = pair
        self.fields.visible = pair is not None
        self.view.visible = bool(self._pairs())
        node = HINT if pair is None else quoted(pair.node, MAX_NAME_CHARS)
        title = text_html("Distribution of errors", "facts-section")
        self.head.object = STYLE + title + text_html(node, "facts-empty" if pair is None else "")

    def cancel(self) -> None:
        """End what is being counted."""
        self._work.cancel()

    def _facts(self) -> ErrorFacts | None:
        """Return what the chosen run tells of errors, where its graph is shown."""
        opened, graph = self.session.opened, self.session.graph
        run = opened.kept.loaded.get(opened.kept.chosen) if opened is not None else None
        if opened is None or graph is None or run is None:
            return None
        return run.record.error if graph.id == opened.model.graphs[0].id else None

    def _pairs(self) -> Sequence[TensorPair]:
        facts = self._facts()
        return facts.pairs if facts is not None else ()

    def _pair(self) -> TensorPair | None:
        graph, rows = self.session.graph, self.session.selection
        if graph is None or len(rows) != 1:
            return None
        node = graph.node_ids[int(rows[0])]
        return next((pair for pair in self._pairs() if pair.node == node), None)

    def _asked(self, _event: Any) -> None:
        opened, pair, kind = self.session.opened, self.pair, self.kind.value
        facts, at_hand = self._facts(), self._at_hand()
        if opened is None or opened.file is None or pair is None or facts is None:
            return
        model, file = opened.model, opened.file
        self._say("Running both models …")
        self.plots.clear()

        def job(progress: Progress) -> TensorErrors:
            return take_distribution(
                again(model, file, facts, at_hand), pair.tensor, kind,
                lambda: progress.cancelled() or QUEUE.is_closing(), lambda *_: None,
            )  # fmt: skip

        self._work.start("errors", "Counting errors", job, self._show, lambda: self._say(""))

    def _say(self, text: str) -> None:
        self.text.object = STYLE + text_html(text, "facts-empty") if text else ""

    def _show(self, found: TensorErrors) -> None:
        self.text.object = STYLE + facts_html("", distribution_facts(found))
        figures = [
            tensor_histogram(found.error_edges, found.error_counts),
            error_image(found.value_edges, found.value_counts),
        ]
        self.plots.objects = [
            pn.pane.Bokeh(figure, sizing_mode="stretch_width", margin=0) for figure in figures
        ]


def distribution_facts(found: TensorErrors) -> Facts:
    """Return what the histograms are of."""
    rows: Facts = [
        ("tensor", found.tensor),
        ("errors", f"{found.kind}: quantized − float, {int(found.error_counts.sum()):,} elements"),
        ("inputs", found.conditions.data),
    ]
    if not np.isnan(found.scale):
        rows.append(("quantization step", format_number(found.scale, 4)))
    if found.n_not_finite:
        rows.append(("not finite", f"{found.n_not_finite:,}"))
    return rows
