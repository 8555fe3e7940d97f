"""One measure of both sides: totals, A against B, a threshold, and where they differ most."""

from __future__ import annotations

from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui

from components.plots.columns import MeasureColumn, Rows
from components.plots.figures import QUIET_BUTTONS
from components.plots.paired_ranking import By, PairedRanking
from components.plots.paired_scatter import PairedScatter
from components.plots.paired_threshold import PairedThreshold
from dashboard.panes.compare_choice import CompareChoice
from dashboard.panes.compare_measures import MeasurePair, measure_pairs, totals_html
from dashboard.panes.compare_ranked import pairs_of_group, ranked_sorts
from dashboard.panes.facts import STYLE, text_html
from dashboard.panes.measure_inputs import row, select
from dashboard.session import Threshold
from graphs.match_data import PairedData

_BY: dict[str, By] = {"B − A": "difference", "B ÷ A": "ratio"}
_BOTH = tuple(_BY.values())
_NO_MEASURES = (
    "No measure of one unit on both sides yet. Measure both models, or load node data for them."
)


class CompareNumbers:
    """Chooses a measure of both sides for the comparison, and draws it."""

    def __init__(self, choice: CompareChoice) -> None:
        self.choice = choice
        self._pairs: dict[str, MeasurePair] = {}
        self._wanted = ("", "")  # the measures of A and B that the reader chose
        self._is_following = False
        self.a, self.b = select("Measure of A", {}), select("Measure of B", {})
        self.by = pmui.RadioButtonGroup(
            options=_BY, value="difference", size="small", color="primary", margin=(6, 12),
            sx=QUIET_BUTTONS,
        )  # fmt: skip
        self.color = pmui.Button(
            label="Colour both graphs", icon="palette", size="small", variant="text",
            margin=(4, 4), on_click=self._color_asked,
        )  # fmt: skip
        self.totals = pn.pane.HTML("", sizing_mode="stretch_width", margin=(2, 12))
        self.scatter = PairedScatter(self._picked, height=280)
        self.threshold = PairedThreshold(self._bound_moved)
        self.ranking = PairedRanking(self._bar_clicked)
        self._drawn = pmui.Column(
            self.totals, self.scatter.view, pmui.Row(self.by, self.color, margin=0),
            self.threshold.view, self.ranking.view, sizing_mode="stretch_width", margin=(0, 8),
        )  # fmt: skip
        self._nothing = pn.pane.HTML(
            STYLE + text_html(_NO_MEASURES, "facts-empty"), margin=(4, 12),
            sizing_mode="stretch_width",
        )  # fmt: skip
        self._chosen = row(self.a, self.b)
        self.view = pmui.Column(
            self._nothing, self._chosen, self._drawn, sizing_mode="stretch_width", margin=0
        )
        self.a.param.watch(self._a_chosen, "value")
        self.b.param.watch(self._b_chosen, "value")
        self.by.param.watch(self._by_chosen, "value")
        choice.param.watch(self._offer, ["columns", "measured"])
        choice.param.watch(self._show_bound, ["bound"])
        choice.param.watch(self._show_selection, ["selected"])
        choice.comparing.base.param.watch(self._follow_threshold, ["threshold"])
        self._offer()

    # -- comparison -> widgets -----------------------------------------------------------

    def _offer(self, *_: Any) -> None:
        """Offer what both sides have in one unit; what was chosen stays, else what was measured."""
        columns = self.choice.columns
        view = columns.view if columns is not None else None
        found = measure_pairs(self.choice.comparing, view, self.choice.shown.names)
        is_same = self._pairs.keys() == found.keys() and all(
            found[name].is_same(self._pairs[name]) for name in found
        )
        if is_same and (self.choice.data is not None or not found):
            self._nothing.visible = not found
            self._chosen.visible = self._drawn.visible = bool(found)
            return
        self._pairs = found
        names = list(found)
        a = self._wanted[0] if self._wanted[0] in names else (names or [None])[0]
        with pn.io.hold():
            self._is_following = True
            self.a.param.update(options={found[n].a.label: n for n in names}, value=a)
            self._offer_b()
            self._is_following = False
            self._nothing.visible = not found
            self._chosen.visible = self._drawn.visible = bool(found)
            self._show()

    def _offer_b(self) -> None:
        pair = self._pairs.get(self.a.value or "")
        sets = list(pair.b) if pair is not None else []
        names = [one.name for one in sets]
        kept = self._wanted[1] if self._wanted[1] in names else (names or [None])[0]
        self.b.param.update(options={one.label: one.name for one in sets}, value=kept)

    def _show(self) -> None:
        """Pair the chosen measures, and draw them."""
        choice, pair = self.choice, self._pairs.get(self.a.value or "")
        columns = choice.columns
        b = pair.b_named(self.b.value or "") if pair is not None else None
        self._release()
        if columns is None or pair is None or b is None:
            choice.param.update(data=None, bound=None)
            self.scatter.set_pairs(None, None)
            self.ranking.set_data({}, unit="", by=choice.by, is_additive=True)
            self.threshold.set_measure(None)
            return
        data = pair.paired(columns.view, b)
        with pn.io.hold():
            choice.param.update(data=data, bound=None)
            self.totals.object = STYLE + totals_html(data)
            self.scatter.set_pairs(data.a, data.b, columns.names(), name=data.name, unit=data.unit)
            self._rank()
            self._show_selection()

    def _rank(self) -> None:
        """Rank and filter by difference or ratio, as is chosen."""
        choice, data, columns = self.choice, self.choice.data, self.choice.columns
        pair = self._pairs.get(self.a.value or "")
        b = pair.b_named(self.b.value or "") if pair is not None else None
        if data is None or columns is None or pair is None or b is None:
            return
        is_additive = data.how == "sum"
        sorts = ranked_sorts(columns, data, pair.a, b)
        self.ranking.set_data(sorts, unit=data.unit, by=choice.by, is_additive=is_additive)
        unit = "×" if choice.by == "ratio" else data.unit
        self.threshold.set_measure(
            MeasureColumn(
                f"{data.name}: {'B ÷ A' if choice.by == 'ratio' else 'B − A'}", unit,
                data.column(choice.by), data.is_higher_worse, is_additive=False,
            )
        )  # fmt: skip

    def _show_bound(self, *_: Any) -> None:
        mask = self.choice.is_kept
        with pn.io.hold():
            if self.choice.data is not None:
                self.scatter.set_filter_mask(mask)
                self.ranking.set_filter_mask(mask)
            if self.threshold.threshold != self.choice.bound:
                self.threshold.set_threshold(self.choice.bound)

    def _show_selection(self, *_: Any) -> None:
        if self.choice.data is not None and self.choice.columns is not None:
            self.scatter.set_selection(self.choice.selected)

    def _follow_threshold(self, *_: Any) -> None:
        """The reader moved or removed the filter elsewhere."""
        threshold, data = self.choice.comparing.base.threshold, self.choice.data
        if data is None or self._is_following:
            return
        is_ours = threshold is not None and threshold.measure == column_name(data, self.choice.by)
        self.choice.bound = threshold.bound if threshold is not None and is_ours else None

    # -- widgets -> comparison -----------------------------------------------------------

    def _a_chosen(self, _event: Any) -> None:
        if self._is_following:
            return
        self._wanted = (self.a.value or "", "")
        self._is_following = True
        self._offer_b()
        self._is_following = False
        self._show()

    def _b_chosen(self, _event: Any) -> None:
        if not self._is_following:
            self._wanted = (self.a.value or "", self.b.value or "")
            self._show()

    def _by_chosen(self, event: Any) -> None:
        self._release()
        self.choice.param.update(by=event.new, bound=None)
        with pn.io.hold():
            self._rank()

    def _release(self) -> None:
        """Take a threshold of ours off both graphs."""
        if self.choice.bound is not None:
            self._is_following = True
            self._filter(None)
            self._is_following = False

    def _bound_moved(self, bound: float | None) -> None:
        self._is_following = True
        with pn.io.hold():
            self.choice.bound = bound
            self._filter(bound)
        self._is_following = False

    def _filter(self, bound: float | None) -> None:
        """Filter both graphs by the chosen column."""
        choice, data = self.choice, self.choice.data
        threshold = None
        if data is not None and bound is not None:
            self._put(data)
            threshold = Threshold(column_name(data, choice.by), bound, data.is_higher_worse)
        for session in choice.shown.sessions():
            session.set_threshold(threshold)

    def _color_asked(self, _event: Any) -> None:
        data = self.choice.data
        if data is not None:
            self._put(data, column_name(data, self.choice.by))

    def _put(self, data: PairedData, measure: str = "") -> None:
        """Give both graphs difference and ratio."""
        self.choice.shown.put("numbers", lambda side: [data.on(side, by) for by in _BOTH], measure)

    def _picked(self, pairs: Rows) -> None:
        self.choice.pick(pairs)

    def _bar_clicked(self, sort: str, place: int) -> None:
        """Show a pair, or all of a group or of an op type."""
        columns = self.choice.columns
        pair = self._pairs.get(self.a.value or "")
        if columns is None or pair is None:
            return
        if sort == "nodes":
            found = np.array([place])
        elif sort == "op types":
            found = np.flatnonzero(columns.op == place)
        else:
            path = self.ranking.data_of(sort).names[place]
            found = pairs_of_group(columns.view, pair.a.graph_id, path)
        kept = self.choice.is_kept
        self.choice.find(found if kept is None else found[kept[found]])


def column_name(data: PairedData, by: By) -> str:
    """Return the name of the node data of a column, as `PairedData.on` gives it."""
    titles = {column: title for title, column in _BY.items()}
    return f"{data.name}: {titles[by]}"
