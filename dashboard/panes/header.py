"""The header: which model and which graph are shown, the way back, opening and comparing."""

from __future__ import annotations

from typing import Any

import panel_material_ui as pmui

from dashboard.panes.model_selects import ModelSelects
from dashboard.panes.opener import Opener
from dashboard.session import Session


class Header:
    """The selects of a session's model, with the buttons that open, close and compare."""

    def __init__(self, session: Session, opener: Opener) -> None:
        self.session = session
        self.selects = ModelSelects(session)
        self.model, self.graph = self.selects.model, self.selects.graph
        self.trail = self.selects.trail
        self.open = pmui.Button(
            label="Open", icon="folder_open", variant="contained", size="small", margin=(0, 8),
            on_click=opener.show,
        )  # fmt: skip
        self.compare = pmui.Button(
            label="Compare", icon="compare", variant="outlined", size="small", margin=(0, 8),
            description="Show another model beside this one", on_click=opener.show_beside,
            sx={"color": "var(--panel-on-background-color) !important", "borderColor": "divider"},
        )  # fmt: skip
        self.close = pmui.IconButton(
            icon="close", size="small", description="Close this model", visible=False, margin=0,
            on_click=self._close_clicked, sx={"color": "var(--panel-on-background-color)"},
        )  # fmt: skip
        self.view = pmui.Row(
            self.open, self.model, self.close, self.graph, self.trail, self.compare,
            margin=(0, 12), sx={"alignItems": "center"},
        )  # fmt: skip
        session.param.watch(self._show, ["models", "opened"])
        self._show()

    def _show(self, *_: Any) -> None:
        self.close.visible = len(self.session.models) > 1
        self.compare.visible = self.session.opened is not None

    def _close_clicked(self, _event: Any) -> None:
        if self.session.opened is not None:
            self.session.close_model(self.session.opened)
