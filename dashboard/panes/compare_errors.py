"""Quantization error by pair: where one side was measured with the other as its float model."""

from __future__ import annotations

from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui

from components.plots.columns import MeasureColumn
from components.plots.ranking import Ranking
from components.plots.ticks import format_value
from dashboard.comparing import Comparing
from dashboard.panes.compare_choice import CompareChoice, PairErrors
from dashboard.panes.compare_columns import PairColumns
from dashboard.panes.facts import STYLE, text_html
from dashboard.panes.measure_inputs import select
from dashboard.run_record import Run, column_over
from dashboard.session import Session
from graphs.match_data import folded
from graphs.match_view import MatchView
from graphs.node_data import Aggregation

# What the node itself adds tells the cause; what all before it added, only the effect.
_WANTED = ("sqnr_db_local", "sqnr_db", "weight_sqnr_db")
_HINT = "Not measured yet: the error of a quantized model with the other one as its float model."
MAX_CHANGES = 3
N_BARS = 6


def pair_errors(comparing: Comparing, view: MatchView) -> list[PairErrors]:
    """Return the errors of the newest run that has the other side as its reference.

    What the nodes themselves add comes first, the other measures as they were taken.
    """
    other = comparing.other
    if other is None:
        return []
    for session, reference in ((other, comparing.base), (comparing.base, other)):
        for run in _runs_against(session, reference):
            found = _by_pair(comparing, view, session, run)
            if found:
                return sorted(found, key=lambda one: _rank(one.id))
    return []


def _rank(id: str) -> int:
    return _WANTED.index(id) if id in _WANTED else len(_WANTED)


def _runs_against(session: Session, reference: Session) -> list[Run]:
    """Return the loaded runs of a side that took the other as their float model, newest first."""
    if session.opened is None or reference.opened is None:
        return []
    file = reference.opened.file
    names = {reference.opened.model.name, *([file.name] if file is not None else [])}
    runs = sorted(session.opened.kept.loaded.values(), key=lambda r: r.record.id, reverse=True)
    return [run for run in runs if run.record.error and run.record.error.reference in names]


def _by_pair(comparing: Comparing, view: MatchView, session: Session, run: Run) -> list[PairErrors]:
    """Return the errors in a run, of a pair's nodes the worst; its values are of the first graph.

    An error that is none at all has no finite value and is left out; so are latencies.
    """
    opened, end = session.opened, comparing.end_of(session)
    graphs = view.matching.a if end == "a" else view.matching.b
    first = opened.model.graphs[0].id if opened is not None else ""
    graph = next((one for one in graphs if one.id == first), None)
    if graph is None:
        return []
    side, n = view.side(end, graph.id), len(view.matching.pairs)
    found = []
    for info in run.record.sets:
        values = column_over(graph, run, info.id)
        values[~np.isfinite(values)] = np.nan
        worst: Aggregation = "max" if info.is_higher_worse else "min"
        if info.aggregations[:1] != ("sum",) and not np.isnan(values).all():
            column = folded(side.pair, values, worst, n)
            found.append(PairErrors(info.id, info.name, info.unit, info.is_higher_worse, column))
    return found


def told(columns: PairColumns, errors: PairErrors) -> str:
    """Return the worst pair, its error and what differs in it, in one line."""
    worst = errors.worst
    pair = columns.view.matching.pairs[worst]
    changes = "; ".join(change.text(24) for change in pair.changes[:MAX_CHANGES])
    value = format_value(float(errors.values[worst]), errors.unit)
    reason = f"{pair.kind}: {changes}" if changes else pair.kind
    return f"Worst {errors.name}: {value} at {columns.name(worst)} ({reason})"


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
        self._measured = pmui.Column(
            self.button, self.measure,
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
        self.text.object = STYLE + text_html(told(columns, errors))
        self.ranking.set_nodes(columns.names())
        self.ranking.set_measure(
            MeasureColumn(errors.name, errors.unit, errors.values, errors.is_higher_worse, False)
        )
        self._show_selection()

    def _show_selection(self, *_: Any) -> None:
        if self.choice.columns is not None and self.choice.errors is not None:
            self.ranking.set_selection(self.choice.selected)

    def _asked(self, _event: Any) -> None:
        if self.choice.errors is not None:
            self.choice.comparing.show_pair(self.choice.errors.worst)
