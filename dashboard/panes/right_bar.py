"""The right-hand bar: the comparison, or all that speaks of one pane."""

from __future__ import annotations

from typing import Any

import panel_material_ui as pmui

from dashboard.panes.split import LETTERS, SplitPane
from dashboard.side import Side

COMPARE = -1
NAME_CHARS = {2: 15, 3: 9}  # of a model's name, by how many panes share the bar's width


class RightBar:
    """A switch between the comparison and its panes; without one, the base's plots and tabs.

    Parameters
    ----------
    split : SplitPane
    compare : object of Panel
        What speaks of the comparison.
    """

    def __init__(self, split: SplitPane, compare: Any) -> None:
        self.split = split
        self.compare = pmui.Column(compare, sizing_mode="stretch_width", margin=0, visible=False)
        self.choice = pmui.RadioButtonGroup(
            options={}, size="small", margin=(8, 10), visible=False, sizing_mode="stretch_width",
            sx={"& .MuiToggleButton-root": {"textTransform": "none", "whiteSpace": "nowrap"}},
        )  # fmt: skip
        self._is_following = False
        self._bodies: dict[Side, pmui.Column] = {}
        self.body = pmui.Column(self.compare, sizing_mode="stretch_width", margin=0)
        self.view = pmui.Column(self.choice, self.body, sizing_mode="stretch_width", margin=0)
        self.choice.param.watch(self._chosen, "value")
        split.comparing.param.watch(self._others_changed, "others")
        split.param.watch(self._focus_changed, "focused")
        split.comparing.param.watch(self._name_all, "matched")
        self._n_others = 0
        self.shown: Side | None = None  # None is the comparison
        self._show(split.sides[0])

    def show_tab(self, name: str) -> None:
        """Bring a tab of the focused pane to the front."""
        side = self.split.side_of(self.split.focused or self.split.comparing.base)
        self._choose(side)
        side.panel.show_tab(name)

    def _others_changed(self, *_: Any) -> None:
        """A comparison that begins shows itself; one that ends leaves the base."""
        n_others, before = len(self.split.sides) - 1, self._n_others
        self._n_others = n_others
        self._drop_bodies()
        self._name_all()
        if n_others > before:
            self._choose(None)
        elif n_others == 0:
            self._choose(self.split.sides[0])
        else:
            self._choose(self.shown if self.shown in self.split.sides else None)

    def _name_all(self, *_: Any) -> None:
        """Name the panes as they stand; what is chosen stays."""
        names = {"Compare": COMPARE}
        n_chars = NAME_CHARS.get(len(self.split.sides), 0)
        for at, side in enumerate(self.split.sides):
            opened = side.session.opened
            title = shortened(opened.model.name, n_chars) if opened is not None else ""
            names[f"{LETTERS[at]} {title}".strip()] = at
        self._is_following = True
        self.choice.param.update(options=names, visible=len(self.split.sides) > 1)
        self._is_following = False

    def _focus_changed(self, *_: Any) -> None:
        """What speaks of a pane follows the reader into another one; the comparison stays."""
        session = self.split.focused
        if self.choice.visible and self.shown is not None and session is not None:
            self._choose(self.split.side_of(session))

    def _chosen(self, event: Any) -> None:
        if not self._is_following and event.new is not None:
            self._show(None if event.new == COMPARE else self.split.sides[event.new])

    def _choose(self, side: Side | None) -> None:
        self._is_following = True
        if self.choice.visible:
            self.choice.value = COMPARE if side is None else self.split.sides.index(side)
        self._is_following = False
        self._show(side)

    def _show(self, side: Side | None) -> None:
        """Show one body, None for the comparison; what was made is kept, as plots take a while."""
        self.shown = side
        if side is not None and side not in self._bodies:
            self._bodies[side] = pmui.Column(
                side.panel.bar.view, side.panel.tabs, sizing_mode="stretch_width", margin=0
            )
            self.body.append(self._bodies[side])
        self.compare.visible = side is None
        for one, body in self._bodies.items():
            body.visible = one is side

    def _drop_bodies(self) -> None:
        for side in [side for side in self._bodies if side not in self.split.sides]:
            self.body.remove(self._bodies.pop(side))


def shortened(name: str, n_chars: int) -> str:
    """Return the beginning of a name; the pane's head has all of it."""
    flat = " ".join(name.split())
    return flat if len(flat) <= n_chars else flat[: n_chars - 1] + "…" if n_chars else ""
