"""The list of kept runs: show on the graph, rename, delete, export, subtract."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import panel as pn
import panel_material_ui as pmui

from components.plots.ticks import format_value
from dashboard.panes.facts import STYLE, text_html
from dashboard.panes.measure_inputs import row, select
from dashboard.panes.measure_result import difference_html, run_html
from dashboard.run_difference import Difference
from dashboard.run_export import ENDINGS, exported, file_name, has
from dashboard.run_record import Run, RunRecord, SetInfo

LABELS = {"json": "JSON", "csv": "CSV", "parquet": "Parquet", "pairs": "Pairs",
          "channels": "Channels CSV", "channels_json": "Channels JSON"}  # fmt: skip


class RunActions(Protocol):
    """What the list asks of whoever knows session and store."""

    def choose(self, run_id: str) -> None:
        """Load a run and tell the list."""

    def set_shown(self, run_id: str, is_shown: bool) -> None:
        """Bring a run onto the graph, or take it off."""

    def rename(self, run_id: str, title: str) -> None:
        """Give a run another title."""

    def delete(self, run_id: str) -> None:
        """Delete a run."""

    def subtract(self, before_id: str, info: SetInfo, told: Callable[[Difference], None]) -> None:
        """Subtract a run from the chosen one, bring the result onto the graph and tell it."""


class RunsList:
    """The runs of the shown model; one of them is chosen and told of in full."""

    def __init__(self, actions: RunActions) -> None:
        self.actions = actions
        self.records: Sequence[RunRecord] = ()
        self.run: Run | None = None
        self._is_following = False
        self.list = pmui.MenuList(items=[], margin=(0, 4), sizing_mode="stretch_width")
        self.shown = pmui.Switch(label="On the graph", value=False, size="small", margin=(16, 6))
        self.title = pmui.TextInput(label="Title", size="small", margin=(8, 6, 4, 12),
                                    sizing_mode="stretch_width")  # fmt: skip
        self.remove = pmui.Button(
            label="Delete", icon="delete", size="small", variant="text", color="danger",
            margin=(12, 12, 4, 4), on_click=self._delete_asked,
        )  # fmt: skip
        self._sure = False
        self.files = [self._download(ending) for ending in ENDINGS]
        self.before = select("Subtract", {})
        self.measure = select("Measure", {})
        self.subtract = pmui.Button(
            label="Subtract", icon="difference", size="small", variant="outlined",
            margin=(12, 12, 4, 4), on_click=self._subtract_asked,
        )  # fmt: skip
        self.difference = _html()
        self.text = _html()
        self.view = self._built()
        self.list.param.watch(self._picked, "active")
        self.shown.param.watch(self._switched, "value")
        self.title.param.watch(self._titled, "value")

    def _built(self) -> pmui.Column:
        self._of_two = pmui.Column(
            row(self.measure, self.before, self.subtract), self.difference,
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip
        export = pn.pane.HTML(STYLE + text_html("Export", "facts-empty"), margin=(10, 4, 0, 16))
        self._of_run = pmui.Column(
            row(self.title, self.shown, self.remove),
            pmui.Row(export, *self.files, margin=0, sx={"flexWrap": "wrap"}),
            self._of_two,
            self.text,
            sizing_mode="stretch_width",
            margin=0,
            visible=False,
        )  # fmt: skip
        self.head = pn.pane.HTML(
            STYLE + text_html("Runs of this model", "facts-section"), margin=(4, 16, 0, 16)
        )
        return pmui.Column(
            self.head, self.list, self._of_run, sizing_mode="stretch_width", margin=0, visible=False
        )

    # -- told by the pane -----------------------------------------------------------------

    def set_records(self, records: Sequence[RunRecord], chosen: str = "") -> None:
        """List runs, the newest first."""
        self.records = tuple(records)
        ids = [record.id for record in records]
        active = ids.index(chosen) if chosen in ids else None
        items = [
            {"label": one.title, "secondary": summary(one), "icon": "timer" if one.latency else
             "difference"} for one in records
        ]  # fmt: skip
        self._is_following = True
        self.list.param.update(active=None, items=[])
        self.list.param.update(items=items, active=(active,) if active is not None else None)
        self._is_following = False
        self.view.visible = bool(records)
        if active is None:
            self.set_run(None)

    def set_run(self, run: Run | None, *, is_shown: bool = False) -> None:
        """Tell of a run in full."""
        self.run = run
        self._of_run.visible = run is not None
        self._ask_again(is_sure=False)
        if run is None:
            return
        self._is_following = True
        self.title.value = run.record.title
        self.shown.value = is_shown
        self._is_following = False
        for widget, ending in zip(self.files, ENDINGS, strict=True):
            widget.filename = file_name(run, ending)
            widget.visible = has(run, ending)
        self.text.object = run_html(run)
        self.difference.object = ""
        self._offer_others()

    def _offer_others(self) -> None:
        """Offer the runs that hold a measure of the chosen one."""
        assert self.run is not None
        mine = {info.id for info in self.run.record.sets}
        others = {
            f"− {one.title}": one.id
            for one in self.records
            if one.id != self.run.record.id and mine & {info.id for info in one.sets}
        }
        sets = {info.name: info for info in self.run.record.sets}
        before = self.before.value if self.before.value in others.values() else None
        before = before or next(iter(others.values()), None)
        self.before.param.update(options=others, value=before)
        chosen = self.measure.value if self.measure.value in sets.values() else None
        self.measure.param.update(options=sets, value=chosen or next(iter(sets.values()), None))
        self._of_two.visible = bool(others)

    # -- told by the reader ---------------------------------------------------------------

    def _picked(self, event: Any) -> None:
        active = event.new
        index = active[0] if isinstance(active, (tuple, list)) and active else active
        if not self._is_following and isinstance(index, int) and index < len(self.records):
            self.actions.choose(self.records[index].id)

    def _switched(self, event: Any) -> None:
        if not self._is_following and self.run is not None:
            self.actions.set_shown(self.run.record.id, event.new)

    def _titled(self, event: Any) -> None:
        run = self.run
        if self._is_following or run is None or event.new == run.record.title:
            return
        if event.new.strip():
            self.actions.rename(run.record.id, event.new.strip())

    def _delete_asked(self, _event: Any) -> None:
        """The first click asks, the second deletes: there is no way back."""
        if self.run is not None and self._sure:
            self.actions.delete(self.run.record.id)
        else:
            self._ask_again(is_sure=True)

    def _ask_again(self, *, is_sure: bool) -> None:
        self._sure = is_sure
        self.remove.label = "Delete for good" if is_sure else "Delete"

    def _subtract_asked(self, _event: Any) -> None:
        if self.before.value and self.measure.value is not None:
            self.actions.subtract(self.before.value, self.measure.value, self._subtracted)

    def _subtracted(self, found: Difference) -> None:
        self.difference.object = difference_html(*found)

    def _download(self, ending: str) -> pmui.FileDownload:
        def content() -> io.BytesIO:
            return io.BytesIO(exported(self.run, ending) if self.run is not None else b"")

        button = pmui.FileDownload(
            callback=content, filename=f"run{ENDINGS[ending]}", label=LABELS[ending],
            size="small",
            auto=True, embed=False, margin=(4, 2),
        )  # fmt: skip
        button.variant = "text"  # as an argument it collides with Panel's own default
        return button


def summary(record: RunRecord) -> str:
    """Return when a run was taken and what it found, on one line."""
    said = [record.date.replace("T", " ")[:16]]
    if record.latency is not None:
        settings = record.latency.conditions.get("settings") or {}
        threads = settings.get("n_threads", "?")
        said.append(f"{format_value(record.latency.whole_ms, 'ms')} a run, threads: {threads}")
    if record.error is not None:
        said.append(f"error of {len(record.error.pairs):,} tensors")
        if record.error.is_same is False:
            said.append("trained apart")
    return " · ".join(said)


def _html() -> pn.pane.HTML:
    return pn.pane.HTML("", sizing_mode="stretch_width", margin=(0, 16))
