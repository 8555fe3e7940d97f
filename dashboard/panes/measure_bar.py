"""The controls above the plots: which measure colours, how groups add up, the filter, and undo."""

from __future__ import annotations

from typing import Any

import panel as pn
import panel_material_ui as pmui

from components.plots.columns import MeasureColumn
from components.plots.threshold import Threshold as ThresholdSlider
from dashboard.session import Session, Threshold

NONE = "none"
_ROW = {"sizing_mode": "stretch_width", "margin": 0, "sx": {"flexWrap": "nowrap"}}


class MeasureBar:
    """Writes measure, aggregation, colour axis and threshold of a session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._is_following = False
        self.measure = _select("Colour by", 168)
        self.aggregation = _select("Groups show", 104)
        self.log = pmui.Checkbox(label="log", size="small", margin=(12, 0, 0, 4))
        self.filter_by = _select("Filter by", 150)
        self.slider = ThresholdSlider(self._threshold_moved)
        self.clear = pmui.Button(
            label="Clear", icon="restart_alt", variant="outlined", size="small", margin=(12, 10),
            description="Undo selection and filter (Escape)", on_click=lambda _e: session.clear(),
        )  # fmt: skip
        space = pn.Spacer(sizing_mode="stretch_width", height=1)
        self.view = pmui.Column(
            pmui.Row(self.measure, self.aggregation, self.log, space, self.clear, **_ROW),
            pmui.Row(self.filter_by, self.slider.view, **_ROW),
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip
        self.measure.param.watch(self._measure_chosen, "value")
        self.aggregation.param.watch(self._aggregation_chosen, "value")
        self.log.param.watch(self._log_chosen, "value")
        self.filter_by.param.watch(self._filter_chosen, "value")
        self._is_due = False
        session.param.watch(
            self._changed, ["graph", "node_data", "measure", "aggregation", "is_log"]
        )
        session.param.watch(self._show_threshold, ["threshold", "selection"])
        self._show()

    # -- session -> widgets ---------------------------------------------------------------

    def _changed(self, *_: Any) -> None:
        """Show the session once all has changed that changes now.

        A browser that is told two values of a list one after the other may answer with the
        first as the reader's choice.
        """
        document = pn.state.curdoc
        if document is None or document.session_context is None:
            self._show()
        elif not self._is_due:
            self._is_due = True
            document.add_next_tick_callback(self._show_due)

    def _show_due(self) -> None:
        self._is_due = False
        self._show()

    def _show(self, *_: Any) -> None:
        session = self.session
        self._is_following = True
        names = {data.label: data.name for data in session.node_data}
        numeric = {d.label: d.name for d in session.node_data if not d.is_categorical}
        self.measure.param.update(options={NONE: "", **names}, value=session.measure)
        data, how = session.data, session.how
        ways = list(data.aggregations) if data is not None else []
        self.aggregation.param.update(options=ways, value=how, visible=len(ways) > 1)
        self.log.param.update(
            value=session.is_log, visible=data is not None and not data.is_categorical
        )
        wanted = self.filter_by.value
        if session.threshold is not None:
            wanted = session.threshold.measure
        elif wanted not in numeric.values():
            wanted = session.measure if session.measure in numeric.values() else None
            wanted = wanted or next(iter(numeric.values()), None)
        self.filter_by.param.update(options=numeric, value=wanted, visible=bool(numeric))
        self._is_following = False
        self._set_slider(wanted)

    def _set_slider(self, name: str | None) -> None:
        """Give the slider the measure to filter by, and the session's bound on it."""
        data = self.session.set_of(name or "")
        column = None if data is None else MeasureColumn.of(data)
        self.slider.set_measure(column, share_of=self._share_of(column))
        self._show_threshold()

    def _share_of(self, column: MeasureColumn | None) -> MeasureColumn | None:
        """Return what a share is taken of: the measure, or the first that adds up, e.g. latency."""
        if column is not None and column.is_additive:
            return column
        additive = (data for data in self.session.node_data if "sum" in data.aggregations)
        found = next(additive, None)
        return None if found is None else MeasureColumn.of(found)

    def _show_threshold(self, *_: Any) -> None:
        threshold = self.session.threshold
        if threshold is not None and threshold.measure != self.filter_by.value:
            self._show()  # another measure, from a link: comes back here once
            return
        bound = threshold.bound if threshold is not None else None
        if bound != self.slider.threshold:
            self.slider.set_threshold(bound)

    # -- widgets -> session ---------------------------------------------------------------

    def _measure_chosen(self, event: Any) -> None:
        if not self._is_following:
            self.session.param.update(measure=event.new or "", aggregation="")
            if self.session.threshold is None and self.session.set_of(event.new or ""):
                self.filter_by.value = event.new

    def _aggregation_chosen(self, event: Any) -> None:
        if not self._is_following:
            self.session.aggregation = event.new or ""

    def _log_chosen(self, event: Any) -> None:
        if not self._is_following:
            self.session.is_log = event.new

    def _filter_chosen(self, event: Any) -> None:
        if not self._is_following:
            self.session.set_threshold(None)
            self._set_slider(event.new)

    def _threshold_moved(self, bound: float | None) -> None:
        data = self.session.set_of(self.filter_by.value or "")
        if data is None or bound is None:
            self.session.set_threshold(None)
        else:
            self.session.set_threshold(Threshold(data.name, bound, data.is_higher_worse))


def _select(label: str, width: int) -> pmui.Select:
    return pmui.Select(
        label=label, options=[], size="small", width=width, margin=(10, 4, 4, 10), searchable=False
    )
