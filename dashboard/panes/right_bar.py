"""The right-hand bar: the comparison, or all that speaks of one pane."""

from __future__ import annotations

from typing import Any

import panel_material_ui as pmui

from dashboard.panes.split import LETTERS, SplitPane
from dashboard.side import Side

COMPARE = -1


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
        self._n_others = 0
        self._show(0)

    def show_tab(self, name: str) -> None:
        """Bring a tab of the focused pane to the front."""
        side = self.split.side_of(self.split.focused or self.split.comparing.base)
        self._choose(self.split.sides.index(side))
        side.panel.show_tab(name)

    def _others_changed(self, *_: Any) -> None:
        """A comparison that begins shows itself; one that ends leaves the base."""
        sides = self.split.sides
        names = {"Compare": COMPARE}
        for at, side in enumerate(sides):
            opened = side.session.opened
            title = shortened(opened.model.name) if opened is not None else ""
            names[f"{LETTERS[at]} {title}"] = at
        n_others, is_comparing = len(sides) - 1, len(sides) > 1
        self._drop_bodies()
        self._is_following = True
        self.choice.param.update(options=names, visible=is_comparing)
        self._is_following = False
        if n_others > self._n_others:
            self._choose(COMPARE)
        elif not is_comparing or self.choice.value not in names.values():
            self._choose(COMPARE if is_comparing else 0)
        self._n_others = n_others

    def _focus_changed(self, *_: Any) -> None:
        """What speaks of a pane follows the reader into another one; the comparison stays."""
        session = self.split.focused
        if self.choice.visible and self.choice.value != COMPARE and session is not None:
            self._choose(self.split.sides.index(self.split.side_of(session)))

    def _chosen(self, event: Any) -> None:
        if not self._is_following and event.new is not None:
            self._show(event.new)

    def _choose(self, at: int) -> None:
        self._is_following = True
        if self.choice.visible:
            self.choice.value = at
        self._is_following = False
        self._show(at)

    def _show(self, at: int) -> None:
        """Show one body; what was made once is kept, as plots take a while to make."""
        sides = self.split.sides
        if at != COMPARE and sides[at] not in self._bodies:
            side = sides[at]
            self._bodies[side] = pmui.Column(
                side.panel.bar.view, side.panel.tabs, sizing_mode="stretch_width", margin=0
            )
            self.body.append(self._bodies[side])
        self.compare.visible = at == COMPARE
        for side, body in self._bodies.items():
            body.visible = at != COMPARE and side is sides[at]

    def _drop_bodies(self) -> None:
        for side in [side for side in self._bodies if side not in self.split.sides]:
            self.body.remove(self._bodies.pop(side))


def shortened(name: str, n_chars: int = 15) -> str:
    """Return the beginning of a name; the pane's head has all of it."""
    flat = " ".join(name.split())
    return flat if len(flat) <= n_chars else flat[: n_chars - 1] + "…"
