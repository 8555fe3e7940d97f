"""The compare tab: how the base differs from the other model beside it, and how to correct that.

Parts are in `dashboard.panes.compare_*`; all of them read and write a `CompareChoice`.
"""

from __future__ import annotations

from typing import Any

import panel as pn
import panel_material_ui as pmui

from components.plots.paired_op_types import PairedOpTypes
from dashboard.comparing import Comparing
from dashboard.notices import Notices
from dashboard.panes.compare_choice import CompareChoice
from dashboard.panes.compare_errors import CompareErrors
from dashboard.panes.compare_head import CompareHead
from dashboard.panes.compare_mapping import CompareMapping
from dashboard.panes.compare_numbers import CompareNumbers
from dashboard.panes.compare_report import ReportButton
from dashboard.panes.compare_weights import CompareWeights
from dashboard.panes.facts import STYLE, text_html
from dashboard.work import Work

_EMPTY = (
    "Open a second model beside this one to see where they differ: a converted or quantized "
    "version, or the same model before a change."
)


class ComparePane:
    """Follows a comparison; `choice` is what of it is looked at, for the table of differences.

    A session that compares nothing does not wait for the parts: the first comparison makes them.
    """

    def __init__(self, comparing: Comparing, work: Work, notices: Notices) -> None:
        self.comparing = comparing
        self.choice = CompareChoice(comparing)
        self.parts: CompareParts | None = None
        self._work, self._notices = work, notices
        self._measuring: pn.viewable.Viewable | None = None
        self._empty = pn.pane.HTML(
            STYLE + text_html(_EMPTY, "facts-empty"), margin=16, sizing_mode="stretch_width"
        )
        self.view = pmui.Column(self._empty, sizing_mode="stretch_width", margin=(0, 0, 16, 0))
        comparing.param.watch(self._show, "others")
        self._show()

    def offer_measuring(self, view: pn.viewable.Viewable) -> None:
        """Show, below the errors, what takes measurements of the compared models."""
        self._measuring = view
        if self.parts is not None:
            self.parts.errors.view.append(view)

    def _show(self, *_: Any) -> None:
        with pn.io.hold():
            is_open = self.comparing.other is not None
            if is_open and self.parts is None:
                self.parts = CompareParts(self.choice, self._work, self._notices)
                self.view.append(self.parts.view)
                if self._measuring is not None:
                    self.parts.errors.view.append(self._measuring)
            self._empty.visible = not is_open
            if self.parts is not None:
                self.parts.view.visible = is_open


class CompareParts:
    """All that speaks of an open comparison, top to bottom."""

    def __init__(self, choice: CompareChoice, work: Work, notices: Notices) -> None:
        self.choice = choice
        self.head = CompareHead(choice)
        self.op_types = PairedOpTypes(choice.toggle_op_type)
        self.errors = CompareErrors(choice)
        self.numbers = CompareNumbers(choice)
        self.weights = CompareWeights(choice, work)
        self.mapping = CompareMapping(choice, notices)
        self.report = ReportButton(choice.comparing, work, notices)
        self._matched = pmui.Column(
            _heading("By op type"),
            pmui.Column(self.op_types.view, sizing_mode="stretch_width", margin=(0, 8)),
            _heading("Quantization error"), self.errors.view,
            _heading("Numbers"), self.numbers.view,
            _heading("Weights"), self.weights.view,
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip
        self.view = pmui.Column(
            self.head.view, self._matched,
            _heading("Correct pairs"), self.mapping.view,
            _heading("Keep for a review"), self.report.view,
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip
        choice.comparing.base.param.watch(self._show_dark, "is_dark")
        choice.param.watch(self._show, "columns")
        choice.param.watch(self._show_op_type, "op_type")
        self._show_dark()
        self._show()

    def _show(self, *_: Any) -> None:
        columns = self.choice.columns
        with pn.io.hold():
            self._matched.visible = columns is not None
            if columns is not None:
                self.op_types.set_counts(columns.op_types, columns.op_counts())
                self._show_op_type()

    def _show_dark(self, *_: Any) -> None:
        self.op_types.set_dark(is_dark=self.choice.comparing.base.is_dark)

    def _show_op_type(self, *_: Any) -> None:
        self.op_types.set_chosen(self.choice.op_type)


def _heading(text: str) -> pn.viewable.Viewable:
    return pmui.Typography(text, variant="subtitle2", margin=(12, 12, 2, 12))
