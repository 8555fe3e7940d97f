"""The button that exports a comparison as one HTML file, made off the event loop."""

from __future__ import annotations

import re
from base64 import b64encode

import panel_material_ui as pmui

from dashboard.comparing import Comparing
from dashboard.notices import Notices
from dashboard.report import report_html
from dashboard.report_session import session_side
from dashboard.work import Progress, Work

_UNSAFE = re.compile(r"[^\w.-]+")
MAX_NAME_CHARS = 50


class ReportButton:
    """Makes a report of what the compared panes show and lets the browser save it.

    The page saves what comes into a download widget that nobody sees: so the report is made only
    when asked for, and not while the page waits.
    """

    def __init__(self, comparing: Comparing, work: Work, notices: Notices) -> None:
        self.comparing, self.work, self.notices = comparing, work, notices
        self.button = pmui.Button(
            label="Export report", icon="description", size="small", variant="outlined",
            margin=(8, 12), on_click=self._asked,
        )  # fmt: skip
        self.file = pmui.FileDownload(
            filename="report.html", label="Report", auto=True, embed=False,
            sx={"display": "none"}, margin=0,
        )  # fmt: skip
        self.view = pmui.Row(self.button, self.file, margin=0)
        comparing.param.watch(self._show, ["view", "others"])
        self._show()

    def _show(self, *_: object) -> None:
        self.button.disabled = self.comparing.view is None

    def _asked(self, _event: object) -> None:
        view, base, other = self.comparing.view, self.comparing.base, self.comparing.other
        if view is None or other is None:
            return
        sides = session_side(base, view, "a"), session_side(other, view, "b")
        self.file.filename = file_name(*(side.model.name for side in sides))
        self.button.loading = True

        def job(_progress: Progress) -> bytes:
            return report_html(*(side.with_file() for side in sides), view).encode()

        self.work.start("report", "Writing the report …", job, self._save, self._end)

    def _save(self, page: bytes) -> None:
        self.file.data = None  # the page saves only what differs from the last time
        self.file.data = f"data:text/html;base64,{b64encode(page).decode()}"
        self._end()
        self.notices.add(f"{self.file.filename} is on its way to your downloads.", "success")

    def _end(self) -> None:
        self.button.loading = False


def file_name(a: str, b: str) -> str:
    """Return a name for the report of two models, safe on every system."""
    stems = (_UNSAFE.sub("_", name.rpartition(".")[0] or name)[:MAX_NAME_CHARS].strip("._")
             for name in (a, b))  # fmt: skip
    return "-".join(filter(None, ("opscope", *stems))) + ".html"
