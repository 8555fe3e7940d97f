"""Shows the session's notices over the page, until the reader closes them."""

from __future__ import annotations

import panel as pn
import panel_material_ui as pmui

from dashboard.notices import Notice, Notices
from dashboard.panes.facts import text_html


class NoticesPane:
    """One closable alert a notice."""

    def __init__(self, notices: Notices) -> None:
        self.notices = notices
        self.view = pmui.Column(
            sizing_mode="fixed",
            width=440,
            margin=0,
            styles={"position": "fixed", "left": "16px", "bottom": "16px", "z-index": "1400"},
        )
        self._alerts: dict[Notice, pmui.Alert] = {}
        notices.param.watch(self._show, "shown")
        self._show()

    def _show(self, *_: object) -> None:
        shown = self.notices.shown
        self._alerts = {n: self._alerts.get(n) or self._alert(n) for n in shown}
        self.view.objects = list(self._alerts.values())
        self.view.visible = bool(shown)

    def _alert(self, notice: Notice) -> pmui.Alert:
        alert = pmui.Alert(
            pn.pane.HTML(text_html(notice.text), margin=0, sizing_mode="stretch_width"),
            severity=notice.severity,
            variant="filled",
            closeable=True,
            sizing_mode="stretch_width",
            margin=(4, 0),
            sx={"overflowWrap": "anywhere"},
        )
        alert.param.watch(lambda event: event.new and self.notices.close(notice), "closed")
        return alert
