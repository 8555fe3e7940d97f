"""Quantization error by pair: where one side was measured with the other as its float model."""

from __future__ import annotations

from typing import Any

import panel as pn
import panel_material_ui as pmui

from components.plots.columns import MeasureColumn
from components.plots.ranking import Ranking
from dashboard.panes.compare_choice import CompareChoice
from dashboard.panes.compare_pair_errors import PairErrors, pair_errors, told
from dashboard.panes.facts import STYLE, text_html
from dashboard.panes.measure_inputs import select
from dashboard.panes.measure_result import WARNING_STYLE

_HINT = "Not measured yet: the error of a quantized model with the other one as its float model."
_STYLE = """
<style>.worst { font-size: 13px; line-height: 1.45; overflow-wrap: anywhere; }</style>
"""
N_BARS = 6


class CompareErrors:
    """The worst pair in a line with a button that shows it, and the next worst as bars."""

    def __init__(self, choice: CompareChoice) -> None:
        self.choice = choice
        self._found: dict[str, PairErrors] = {}
        self._is_following = False
        self.measure = select("Error", {})
        self.text = pn.pane.HTML("", sizing_mode="stretch_width", margin=(4, 12))
        self.button = pmui.Button(
            label="Show the worst pair", icon="my_location", size="small", variant="text",
            margin=(0, 12, 4, 12), on_click=self._asked,
        )  # fmt: skip
        self.ranking = Ranking(choice.pick, n_bars=N_BARS)
        self.color = pmui.Button(
            label="Colour both graphs", icon="palette", size="small", variant="text",
            margin=(0, 4, 4, 4), on_click=self._color_asked,
        )  # fmt: skip
        self._measured = pmui.Column(
            pmui.Row(self.button, self.color, margin=0), self.measure,
            pmui.Column(self.ranking.view, sizing_mode="stretch_width", margin=(0, 8)),
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip
        self.view = pmui.Column(self.text, self._measured, sizing_mode="stretch_width", margin=0)
        self.measure.param.watch(self._chosen, "value")
        choice.param.watch(self._offer, ["columns", "measured"])
        choice.param.watch(self._show_selection, "selected")
        self._offer()

    def _offer(self, *_: Any) -> None:
        """Offer the measures of error that there are; what was chosen stays."""
        columns = self.choice.columns
        found = [] if columns is None else pair_errors(self.choice.comparing, columns.view)
        before, self._found = self._found, {one.id: one for one in found}
        is_same = before.keys() == self._found.keys() and all(
            one.is_same(before[id]) for id, one in self._found.items()
        )
        if is_same and self.text.object and (self.choice.errors is not None or not found):
            return
        ids = list(self._found)
        kept = self.measure.value if self.measure.value in ids else (ids or [None])[0]
        with pn.io.hold():
            self._is_following = True
            self.measure.param.update(
                options={one.label: id for id, one in self._found.items()}, value=kept
            )
            self._is_following = False
            self._show()

    def _chosen(self, _event: Any) -> None:
        if not self._is_following:
            with pn.io.hold():
                self._show()

    def _show(self) -> None:
        columns, errors = self.choice.columns, self._found.get(self.measure.value or "")
        is_there = errors is not None and columns is not None
        self._measured.visible = is_there
        self.choice.errors = errors if is_there else None
        if errors is None or columns is None:
            self.text.object = STYLE + text_html(_HINT, "facts-empty")
            return
        warning = text_html(errors.warning, "run-warning") if errors.warning else ""
        said = warning + text_html(told(columns, errors), "worst")
        self.text.object = _STYLE + WARNING_STYLE + said
        self.ranking.set_nodes(columns.labels())
        self.ranking.set_measure(
            MeasureColumn(errors.name, errors.unit, errors.values, errors.is_higher_worse, False)
        )
        self._show_selection()

    def _show_selection(self, *_: Any) -> None:
        if self.choice.columns is not None and self.choice.errors is not None:
            self.ranking.set_selection(self.choice.selected)

    def _color_asked(self, _event: Any) -> None:
        errors = self.choice.errors
        if errors is not None:
            self.choice.shown.put("errors", lambda side: [errors.on(side)], errors.data_name)

    def _asked(self, _event: Any) -> None:
        if self.choice.errors is not None:
            self.choice.comparing.show_pair(self.choice.errors.worst)
