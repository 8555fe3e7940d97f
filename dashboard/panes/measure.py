"""The measure pane: takes latency and quantization error of the shown model, and keeps runs.

What is measured becomes node data of the model's main graph as soon as it is there; the
newest kept run comes back when the same model is opened again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboard.arguments import Arguments
from dashboard.notices import Notices
from dashboard.open_model import OpenModel
from dashboard.panes.facts import STYLE, text_html
from dashboard.panes.measure_channels import WeightChannels
from dashboard.panes.measure_distribution import ErrorDistribution
from dashboard.panes.measure_form import MeasureForm, why_not
from dashboard.panes.measure_progress import MeasureProgress
from dashboard.panes.measure_runs import RunsList
from dashboard.run_difference import Difference, subtract
from dashboard.run_measuring import Measuring
from dashboard.run_record import Run, SetInfo
from dashboard.run_request import Kind
from dashboard.run_shown import ShownRuns
from dashboard.runs import RunStore
from dashboard.session import Session
from dashboard.work import Work
from graphs.errors import MeasureError, OpscopeError


class MeasurePane:
    """Follows the shown model: form, progress and the runs of that model."""

    def __init__(
        self,
        session: Session,
        work: Work,
        notices: Notices,
        arguments: Arguments,
        store: RunStore,
    ) -> None:
        self.session, self.work, self.notices = session, work, notices
        self.store = store
        self.on_graph = ShownRuns(session)
        self.measuring = Measuring(self.store, notices, self._taken)
        self.form = MeasureForm(session, arguments)
        self.progress = MeasureProgress(self.measuring)
        self.runs = RunsList(self)
        self.distribution = ErrorDistribution(session, notices, self.form.at_hand)
        self.channels = WeightChannels(session)
        self.refusal = pn.pane.HTML("", sizing_mode="stretch_width", margin=(12, 16))
        self.start = pmui.Button(
            label="Measure", icon="speed", variant="contained", size="small", margin=(8, 12),
            on_click=self._start_clicked,
        )  # fmt: skip
        self._asked = pmui.Column(self.form.view, self.start, sizing_mode="stretch_width", margin=0)
        self.view = pmui.Column(
            self.refusal, self._asked, self.progress.view, self.runs.view,
            self.channels.view, self.distribution.view,
            sizing_mode="stretch_width", margin=(0, 0, 16, 0),
        )  # fmt: skip
        session.param.watch(self._follow, ["opened"])
        self.measuring.param.watch(self._running, ["is_running"])
        self._follow()

    def close(self) -> None:
        """The session is over: end what it measures."""
        self.measuring.cancel()
        self.distribution.cancel()

    # -- the shown model ------------------------------------------------------------------

    def _follow(self, *_: Any) -> None:
        opened = self.session.opened
        reason = why_not(opened)
        self.refusal.object = STYLE + text_html(reason, "facts-empty") if reason else ""
        self.refusal.visible = bool(reason)
        self._asked.visible = not reason
        self.runs.set_records(())
        if reason or opened is None:
            return
        self.form.follow(opened)
        self._list(opened)

    def _list(self, opened: OpenModel) -> None:
        """Tell the list what the model has, if the model is the shown one."""
        if opened is not self.session.opened:
            return
        self._follow_node()
        kept = opened.kept
        chosen = kept.chosen if kept.chosen in kept.loaded else ""
        self.runs.set_records(kept.records, chosen)
        if chosen:
            self.runs.set_run(kept.loaded[chosen], is_shown=chosen in kept.shown)

    def _follow_node(self) -> None:
        """Tell of the selected node what the chosen run holds."""
        self.channels.follow()
        self.distribution.follow()

    # -- measuring ------------------------------------------------------------------------

    def take(self, kind: Kind, reference: OpenModel | None) -> None:
        """Measure one kind, as the form says, against an open float model."""
        self.form.ask(kind, reference)
        self._start_clicked(None)

    def _start_clicked(self, _event: Any) -> None:
        opened = self.session.opened
        if opened is None or self.measuring.is_running:
            return
        try:
            request = self.form.request(opened)
        except OpscopeError as error:
            self.notices.add(error)
            return
        title = opened.kept.next_title()
        self.measuring.start(request, opened, title)

    def _running(self, *_: Any) -> None:
        self.start.visible = not self.measuring.is_running

    def _taken(self, opened: OpenModel, key: str, run: Run) -> None:
        """Bring what was measured onto the graph; its first measure colours it."""
        opened.kept.put(key, run)
        opened.kept.chosen = run.record.id
        is_first = run.record.id not in opened.kept.shown
        self.on_graph.show(opened, run, is_chosen=is_first)
        self._list(opened)

    # -- what the list asks ---------------------------------------------------------------

    def choose(self, run_id: str) -> None:
        """Load a run and tell of it."""
        self._with_run(run_id, self._chosen)

    def _chosen(self, opened: OpenModel, run: Run) -> None:
        opened.kept.chosen = run.record.id
        if opened is self.session.opened:
            self._follow_node()
            self.runs.set_run(run, is_shown=run.record.id in opened.kept.shown)

    def set_shown(self, run_id: str, is_shown: bool) -> None:
        """Bring a run onto the graph, or take it off."""
        opened = self.session.opened
        if opened is None:
            return
        if not is_shown:
            self.on_graph.hide(opened, run_id)
            return
        self._with_run(run_id, lambda opened, run: self.on_graph.show(opened, run, is_chosen=True))

    def rename(self, run_id: str, title: str) -> None:
        """Give a run another title, in the list and in the names of its sets."""

        def renamed(opened: OpenModel, run: Run) -> None:
            kept = opened.kept
            try:
                record = self.store.rename(kept.key, run.record, title)
            except MeasureError as error:
                self.notices.add(error)
                return
            new = replace(run, record=record)
            kept.put(kept.key, new)
            self.on_graph.rename(opened, new)
            self._list(opened)

        self._with_run(run_id, renamed)

    def delete(self, run_id: str) -> None:
        """Delete a run from the disk, the list and the graph; the next newest is chosen."""
        opened = self.session.opened
        kept = opened.kept if opened is not None else None
        record = kept.record(run_id) if kept is not None else None
        if opened is None or kept is None or record is None:
            return
        if kept.key:
            self.store.delete(kept.key, record)
        self.on_graph.hide(opened, run_id)
        kept.drop(run_id)
        self._list(opened)
        if kept.records:
            self.choose(kept.records[0].id)

    def subtract(self, before_id: str, info: SetInfo, told: Callable[[Difference], None]) -> None:
        """Subtract a run from the chosen one; the difference colours the graph."""
        after = self.runs.run

        def done(opened: OpenModel, before: Run) -> None:
            if after is None:
                return
            found = subtract(opened.model.graphs[0], after, before, info)
            self.session.add_node_data(found, opened, measure=found.difference.name)
            told(found)

        self._with_run(before_id, done)

    def _with_run(self, run_id: str, use: Callable[[OpenModel, Run], None]) -> None:
        """Call `use` with a run of the shown model, loaded from the disk where it is not yet."""
        opened = self.session.opened
        kept = opened.kept if opened is not None else None
        record = kept.record(run_id) if kept is not None else None
        if opened is None or kept is None or record is None:
            return
        if run_id in kept.loaded:
            use(opened, kept.loaded[run_id])
            return
        key = kept.key

        def done(run: Run) -> None:
            kept.loaded[run_id] = run
            use(opened, run)

        self.work.start(
            "run", f"Loading {record.title} …", lambda _progress: self.store.load(key, record), done
        )
