"""The split view: the base's graph, and beside it those of the other panes, each with its head."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import numpy as np
import panel as pn
import panel_material_ui as pmui
import param

from dashboard.comparing import Comparing
from dashboard.panes.facts import text_html
from dashboard.panes.model_selects import ModelSelects
from dashboard.session import Session
from dashboard.side import Side
from dashboard.twins import twins

LETTERS = "ABCD"


class SplitPane(param.Parameterized):
    """Lays out the panes of a comparison and lets their cameras follow each other.

    Parameters
    ----------
    comparing : Comparing
    base : Side
    make_side : callable (session) -> Side
    step : callable (1 or -1) -> None
        Goes to the next or the previous difference, as a key of a graph asks.
    """

    focused: Session | None = param.Parameter(default=None, doc="Where the reader last worked.")
    search_asked = param.Event(doc="The reader pressed the search key on a graph, now focused.")

    def __init__(
        self,
        comparing: Comparing,
        base: Side,
        make_side: Callable[[Session], Side],
        step: Callable[[int], None],
    ) -> None:
        super().__init__(focused=base.session)
        self.comparing = comparing
        self.sides = [base]
        self._make_side = make_side
        self._step = step
        self._group = uuid4().hex
        self.sync = pmui.ToggleIcon(
            icon="link_off", active_icon="link", value=True, size="1.4em", margin=(0, 8),
            align="center", description="Selection, groups and camera follow each other",
        )  # fmt: skip
        self._base_name = pn.pane.HTML(
            "", margin=0, align="center", sizing_mode="stretch_width", stylesheets=[_NAME]
        )
        self._base_head = self._head(0, self._base_name, self.sync)
        self._base_head.visible = False
        self._columns = [self._column(self._base_head, base)]
        # A Material row gives a child that joins it later no share of its width.
        self.view = pn.Row(*self._columns, sizing_mode="stretch_both", margin=0)
        self.sync.param.watch(self._sync_clicked, "value")
        comparing.param.watch(self._others_changed, "others")
        comparing.param.watch(self._follow, ["is_synced", "matched", "view"])
        base.session.param.watch(self._show_name, ["opened"])
        self._bind(base)

    def side_of(self, session: Session) -> Side:
        """Return the side that shows a session."""
        return next(side for side in self.sides if side.session is session)

    def close(self) -> None:
        """End all jobs and let go of all models."""
        for side in self.sides:
            side.close()

    # -- panes ----------------------------------------------------------------------------

    def _others_changed(self, *_: Any) -> None:
        """Add panes that are new, drop those that are gone; the others are left as they are."""
        others = self.comparing.others
        for at in reversed(range(1, len(self.sides))):
            if self.sides[at].session not in others:
                self.sides.pop(at).close()
                self._columns.pop(at)
        for session in others[len(self.sides) - 1 :]:
            side = self._make_side(session)
            self.sides.append(side)
            self._columns.append(self._column(self._other_head(side), side))
            self._bind(side)
        if self.focused not in [side.session for side in self.sides]:
            self.focused = self.sides[0].session
        self._base_head.visible = bool(others)
        self.view.objects = list(self._columns)
        self._number()
        self._show_name()
        self._follow()

    def _number(self) -> None:
        """Letter the heads anew: a pane may have gone before the others."""
        for letter, column in zip(LETTERS, self._columns, strict=False):
            column[0][0].label = letter

    def _column(self, head: pmui.Row, side: Side) -> pmui.Column:
        return pmui.Column(
            head, side.graph.view, sizing_mode="stretch_both", margin=0,
            sx=_COLUMN if side is self.sides[0] else _COLUMN | _BORDER
        )  # fmt: skip

    def _head(self, at: int, *objects: Any) -> pmui.Row:
        letter = pmui.Chip(
            label=LETTERS[at], size="small", color="primary", margin=(0, 8), align="center"
        )
        return pmui.Row(
            letter, *objects, sizing_mode="stretch_width", height=56, margin=0, sx=_HEAD
        )

    def _other_head(self, side: Side) -> pmui.Row:
        selects = ModelSelects(side.session, model_px=190, graph_px=130)
        for widget in (selects.model, selects.graph, selects.trail):
            widget.align = "center"
        close = pmui.IconButton(
            icon="close", size="small", description="Close this pane", margin=(0, 4),
            align="center",
            on_click=lambda _event: self._close_clicked(side),
        )  # fmt: skip
        space = pn.Spacer(sizing_mode="stretch_width", height=1)
        return self._head(
            len(self.sides) - 1, selects.model, selects.graph, selects.trail, space, close
        )

    def _close_clicked(self, side: Side) -> None:
        others = self.comparing.others
        if side.session in others:  # else it was closed by a click before
            self.comparing.stop(others.index(side.session))

    def _show_name(self, *_: Any) -> None:
        opened = self.sides[0].session.opened
        self._base_name.object = text_html(opened.model.name if opened is not None else "", "name")

    # -- following --------------------------------------------------------------------------

    def _bind(self, side: Side) -> None:
        graph, session = side.graph, side.session
        graph.param.watch(lambda event: self._drawn(side) if event.new else None, "is_drawn")
        graph.param.watch(lambda _event: self._search(session), "search_asked")
        graph.view.on_message("focused", lambda _m: self.param.update(focused=session))
        graph.view.on_message("difference", lambda m: self._step(m["step"]))

    def _search(self, session: Session) -> None:
        self.focused = session
        self.param.trigger("search_asked")

    def _sync_clicked(self, event: Any) -> None:
        self.comparing.is_synced = bool(event.new)

    def _follow(self, *_: Any) -> None:
        """Tell the views whether, and by which twins, they move together."""
        is_comparing = bool(self.comparing.others)
        is_synced = is_comparing and self.comparing.is_synced
        self.sync.param.update(value=self.comparing.is_synced)
        for at, side in enumerate(self.sides):
            side.graph.view.param.update(
                sync_base=at == 0, sync_group=self._group if is_synced else "",
                comparing=is_comparing,
            )  # fmt: skip
            self._send_twins(side)

    def _drawn(self, side: Side) -> None:
        for one in self.sides[1:] if side is self.sides[0] else [side]:
            self._send_twins(one)

    def _send_twins(self, side: Side) -> None:
        view, base = self.comparing.view_of(side.session), self.sides[0].graph
        if side is self.sides[0] or not (base.is_drawn and side.graph.is_drawn):
            return
        assert base.seen is not None and side.graph.seen is not None
        none = np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.uint32)
        found = none if view is None else twins(view, base.seen, side.graph.seen)
        side.graph.view.set_twins(*found)


_NAME = """
.name { font-weight: 600; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
"""
_HEAD = {"alignItems": "center", "flexWrap": "nowrap", "flex": "0 0 auto"}
_COLUMN = {"minWidth": 0}
_BORDER = {"borderLeft": "1px solid", "borderColor": "divider"}
