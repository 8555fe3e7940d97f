"""How far a measurement is: what is done now, the time left, and Cancel."""

from __future__ import annotations

import time
from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboard.panes.facts import STYLE, text_html
from dashboard.run_measuring import WORDS, Measuring, Now
from graphs.errors import quoted

WAITING = "Waiting: another session is measuring, and side by side both would be slower."
LOADING = "Loading the model …"
MAX_WHAT_CHARS = 60


class MeasureProgress:
    """Follows a measurement; there is nothing to see while none runs."""

    def __init__(self, measuring: Measuring) -> None:
        self.measuring = measuring
        self.text = pn.pane.HTML("", sizing_mode="stretch_width", margin=(4, 4, 0, 12))
        self.bar = pmui.LinearProgress(
            active=True, variant="indeterminate", sizing_mode="stretch_width", margin=(6, 12)
        )
        self.cancel = pmui.Button(
            label="Cancel", icon="close", size="small", variant="outlined", margin=(4, 12, 0, 4),
            on_click=lambda _event: measuring.cancel(),
        )  # fmt: skip
        self.view = pmui.Column(
            pmui.Row(self.text, self.cancel, sizing_mode="stretch_width", margin=0,
                     sx={"flexWrap": "nowrap"}),
            self.bar,
            sizing_mode="stretch_width",
            margin=(4, 0),
            visible=False,
        )  # fmt: skip
        measuring.param.watch(self._show, ["is_running", "told"])

    def _show(self, *_: Any) -> None:
        now = self.measuring.now
        self.view.visible = self.measuring.is_running
        if now is None:
            return
        head, detail = words_of(now, time.monotonic())
        self.text.object = STYLE + text_html(head) + text_html(detail, "facts-empty")
        if now.n_all > 0 and now.n_done > 0:
            self.bar.param.update(variant="determinate", value=round(100 * now.fraction))
        else:
            self.bar.param.update(variant="indeterminate", value=0)


def words_of(now: Now, at: float) -> tuple[str, str]:
    """Return what is measured with the time left, and what is done now."""
    head = WORDS[now.kind]
    if now.n_steps > 1:
        head += f" ({now.step} of {now.n_steps})"
    if not now.has_begun:
        return head, WAITING
    if now.n_all <= 0:
        return head, LOADING
    left = now.left_s(at)
    if left is not None:
        head += f" · about {duration(left)} left"
    return head, f"{now.n_done:,} of {now.n_all:,} · {quoted(now.what, MAX_WHAT_CHARS)}"


def duration(seconds: float) -> str:
    """Return a time to wait, rounded as one says it."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{round(minutes / 60)} h"
