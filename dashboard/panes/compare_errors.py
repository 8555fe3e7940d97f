"""The worst quantization error of a comparison: where one side was measured against the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui

from components.plots.ticks import format_value
from dashboard.comparing import Comparing
from dashboard.panes.compare_choice import CompareChoice
from dashboard.panes.compare_columns import PairColumns
from dashboard.panes.facts import STYLE, text_html
from dashboard.run_record import Run, SetInfo, column_over
from dashboard.session import Session
from graphs.match_view import MatchView

# What the node itself adds tells the cause; what all before it added, only the effect.
_WANTED = ("sqnr_db_local", "sqnr_db", "weight_sqnr_db")
_HINT = (
    "The error of a quantized model on each pair: measure it with the other one as its float model."
)
MAX_CHANGES = 3


@dataclass(frozen=True, slots=True)
class WorstError:
    """The worst pair by one measure of error.

    Attributes
    ----------
    pair : int
    value : float
    info : SetInfo
    """

    pair: int
    value: float
    info: SetInfo


def worst_error(comparing: Comparing, view: MatchView) -> WorstError | None:
    """Return the worst pair by a run of one side with the other as its reference; None without."""
    other = comparing.other
    if other is None:
        return None
    for session, reference in ((other, comparing.base), (comparing.base, other)):
        for run in _runs_against(session, reference):
            found = _worst_of(comparing, view, session, run)
            if found is not None:
                return found
    return None


def _runs_against(session: Session, reference: Session) -> list[Run]:
    """Return the loaded runs of a side that took the other as their float model, newest first."""
    if session.opened is None or reference.opened is None:
        return []
    file = reference.opened.file
    names = {reference.opened.model.name, *([file.name] if file is not None else [])}
    runs = sorted(session.opened.kept.loaded.values(), key=lambda r: r.record.id, reverse=True)
    return [run for run in runs if run.record.error and run.record.error.reference in names]


def _worst_of(
    comparing: Comparing, view: MatchView, session: Session, run: Run
) -> WorstError | None:
    """Return the worst node of a run; its values are of the model's first graph."""
    opened = session.opened
    infos = {info.id: info for info in run.record.sets}
    info = next((infos[id] for id in _WANTED if id in infos), None)
    end = comparing.end_of(session)
    graphs = view.matching.a if end == "a" else view.matching.b
    if info is None or opened is None:
        return None
    graph = next((one for one in graphs if one.id == opened.model.graphs[0].id), None)
    if graph is None:
        return None
    values = column_over(graph, run, info.id)
    if not np.isfinite(values).any():
        return None
    finite = np.where(np.isfinite(values), values, np.nan)
    row = int(np.nanargmax(finite) if info.is_higher_worse else np.nanargmin(finite))
    pair = int(view.side(end, graph.id).pair[row])
    return WorstError(pair, float(values[row]), info)


def told(columns: PairColumns, found: WorstError) -> str:
    """Return the worst pair, its error and what differs in it, in one line."""
    pair = columns.view.matching.pairs[found.pair]
    changes = "; ".join(change.text(24) for change in pair.changes[:MAX_CHANGES])
    value = format_value(found.value, found.info.unit)
    reason = f"{pair.kind}: {changes}" if changes else pair.kind
    return f"Worst {found.info.name}: {value} at {columns.name(found.pair)} ({reason})"


class CompareErrors:
    """One line and a button that shows the pair."""

    def __init__(self, choice: CompareChoice) -> None:
        self.choice = choice
        self.found: WorstError | None = None
        self.text = pn.pane.HTML("", sizing_mode="stretch_width", margin=(4, 12))
        self.button = pmui.Button(
            label="Show the worst pair", icon="my_location", size="small", variant="text",
            margin=(0, 12, 4, 12), on_click=self._asked,
        )  # fmt: skip
        self.view = pmui.Column(self.text, self.button, sizing_mode="stretch_width", margin=0)
        choice.param.watch(self._show, ["columns", "measured"])
        self._show()

    def _show(self, *_: Any) -> None:
        columns = self.choice.columns
        self.found = (
            worst_error(self.choice.comparing, columns.view) if columns is not None else None
        )
        is_found = self.found is not None and columns is not None
        said = told(columns, self.found) if self.found is not None and columns else _HINT
        with pn.io.hold():
            self.text.object = STYLE + text_html(said, "" if is_found else "facts-empty")
            self.button.visible = is_found

    def _asked(self, _event: Any) -> None:
        if self.found is not None:
            self.choice.comparing.show_pair(self.found.pair)
