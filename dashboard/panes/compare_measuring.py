"""Measure the compared models from the comparison: the error of the quantized one, both latencies.

The settings are those of each pane's Measure tab, where all of them can be changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel_material_ui as pmui

from dashboard.comparing import Comparing
from dashboard.panes.measure import MeasurePane
from dashboard.panes.measure_form import has_codes, why_not
from dashboard.panes.measure_progress import MeasureProgress
from dashboard.session import Session


class CompareMeasuring:
    """Two buttons, each there where it can measure something, and the progress.

    Parameters
    ----------
    comparing : Comparing
    pane_of : callable (session) -> MeasurePane
        What measures the model of a session.
    """

    def __init__(self, comparing: Comparing, pane_of: Callable[[Session], MeasurePane]) -> None:
        self.comparing = comparing
        self._pane_of = pane_of
        self._progress: dict[MeasurePane, MeasureProgress] = {}
        self.error = _button("Measure quantization error", "speed", self._error_asked)
        self.latency = _button("Measure both latencies", "timer", self._latency_asked)
        self.progress = pmui.Column(sizing_mode="stretch_width", margin=0)
        self.view = pmui.Column(
            pmui.Row(self.error, self.latency, margin=(0, 8)), self.progress,
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip
        comparing.param.watch(self._show, ["view", "others", "at"])
        self._show()

    def _show(self, *_: Any) -> None:
        open_now = (self.comparing.base, *self.comparing.others)
        self._keep([one for one in self._progress if one.session in open_now])
        self.error.visible = self._quantized() is not None
        self.latency.visible = all(why_not(one.opened) == "" for one in self._both())
        self.view.visible = bool(self._both()) and (self.error.visible or self.latency.visible)

    def _both(self) -> list[Session]:
        other = self.comparing.other
        return [] if other is None else [self.comparing.base, other]

    def _quantized(self) -> tuple[Session, Session] | None:
        """Return the quantized side and its float model; None where they are not such a pair."""
        both = self._both()
        if not both or any(why_not(one.opened) for one in both):
            return None
        a, b = both
        assert a.opened is not None and b.opened is not None
        if a.opened.model.format != b.opened.model.format:
            return None
        coded = [has_codes(one.model.graphs[0]) for one in (a.opened, b.opened)]
        if coded[0] == coded[1]:
            return None
        return (b, a) if coded[1] else (a, b)

    def _error_asked(self, _event: Any) -> None:
        pair = self._quantized()
        if pair is not None:
            quantized, reference = pair
            self._measure(quantized, "error", reference)

    def _latency_asked(self, _event: Any) -> None:
        for session in self._both():
            self._measure(session, "latency", None)

    def _measure(self, session: Session, kind: Any, reference: Session | None) -> None:
        pane = self._pane_of(session)
        self._keep([*self._progress, pane])
        pane.take(kind, reference.opened if reference is not None else None)

    def _keep(self, panes: list[MeasurePane]) -> None:
        """Show the progress of these panes."""
        before = self._progress
        if list(before) != panes:
            self._progress = {
                one: before.get(one) or MeasureProgress(one.measuring) for one in panes
            }
            self.progress.objects = [bar.view for bar in self._progress.values()]


def _button(label: str, icon: str, told: Callable[[Any], None]) -> pmui.Button:
    return pmui.Button(
        label=label, icon=icon, size="small", variant="outlined", margin=(4, 4), on_click=told
    )
