"""What is compared and how it differs: names, verdict, kinds to list, and steps through them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel as pn
import panel_material_ui as pmui

from components.palette import category_colors
from dashboard.comparison_text import WEIGHTS
from dashboard.panes.compare_choice import CompareChoice
from dashboard.panes.compare_columns import NODES
from dashboard.panes.facts import STYLE, text_html
from dashboard.session import Session
from graphs.match_types import KINDS, Matching, PairKind
from graphs.match_view import KIND_DATA

WRAPPED = {"flexWrap": "wrap"}
_DARK_TEXT = "#1f1f1f"
_LIGHT_TEXTS = ("added", "removed", "fused")  # kinds whose colour on a light page is dark
_HEAD = """
<style>
.compared { display: grid; grid-template-columns: 22px 1fr; gap: 2px 6px; font-size: 13px;
  overflow-wrap: anywhere; line-height: 1.4; }
.compared b { opacity: .68; }
.compared span { opacity: .68; }
.verdict { font-size: 14px; font-weight: 600; margin: 8px 0 2px; overflow-wrap: anywhere; }
</style>
"""


class CompareHead:
    """Follows a comparison and what is listed of it."""

    def __init__(self, choice: CompareChoice) -> None:
        self.choice = choice
        self._is_following = False
        self.which = pmui.Select(
            label="Compare with", options={}, size="small", searchable=False,
            sizing_mode="stretch_width", margin=(8, 12, 4, 12),
        )  # fmt: skip
        self.text = pn.pane.HTML("", sizing_mode="stretch_width", margin=(8, 12, 4, 12))
        self.chips = {kind: self._chip(kind) for kind in KINDS}
        self.nodes = pmui.Select(
            label="Nodes", options=list(NODES), value=choice.nodes, size="small",
            searchable=False, width=168, margin=(8, 4, 4, 12),
        )  # fmt: skip
        self.previous = _step_button("navigate_before", "Previous difference", self._steps(-1))
        self.next = _step_button("navigate_next", "Next difference", self._steps(1))
        self.position = pn.pane.HTML("", margin=(14, 4))
        self._steppers = pmui.Row(
            self.nodes, self.previous, self.position, self.next,
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip
        self.again = _button("Match", "refresh", choice.comparing.match_again)
        self.recolor = _button("Colour by difference", "palette", self._recolor)
        self._chip_row = pmui.Row(*self.chips.values(), margin=(2, 8), sx=WRAPPED)
        self.view = pmui.Column(
            self.which, self.text, self.again, self._chip_row, self._steppers, self.recolor,
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip
        self.which.param.watch(self._other_chosen, "value")
        self.nodes.param.watch(self._nodes_chosen, "value")
        comparing = choice.comparing
        comparing.param.watch(self._show, ["others", "at", "matched"])
        comparing.base.param.watch(self._show, ["opened", "graph"])
        comparing.base.param.watch(self._show_chips, "is_dark")
        comparing.base.param.watch(self._show_position, "show_constants")
        comparing.base.param.watch(self._show_recolor, ["measure", "node_data"])
        choice.param.watch(self._show, "columns")
        choice.param.watch(self._show_chips, "kinds")
        choice.param.watch(self._show_position, ["kinds", "nodes", "op_type", "bound", "selected"])
        self._show()

    # -- comparison -> widgets -----------------------------------------------------------

    def _show(self, *_: Any) -> None:
        comparing = self.choice.comparing
        with pn.io.hold():
            self._is_following = True
            options = {f"{_LETTERS[i]}: {_name(one)}": i for i, one in enumerate(comparing.others)}
            self.which.param.update(
                options=options, value=comparing.at if options else None, visible=len(options) > 1
            )
            self._is_following = False
            self.text.object = STYLE + _HEAD + self._said()
            is_open, is_matched = comparing.other is not None, self.choice.columns is not None
            self.again.visible = is_open and not is_matched and not comparing.is_matching
            self._show_chips()
            self._show_position()

    def _show_recolor(self, *_: Any) -> None:
        base = self.choice.comparing.base
        self.recolor.visible = base.measure != KIND_DATA and base.set_of(KIND_DATA) is not None

    def _recolor(self) -> None:
        """Colour all panes by what differs again."""
        comparing = self.choice.comparing
        with comparing.base.batch():
            for session in (comparing.base, *comparing.others):
                if session.set_of(KIND_DATA) is not None:
                    session.param.update(measure=KIND_DATA, aggregation="")

    def _said(self) -> str:
        """Return the two models and what is to be said of them, escaped."""
        comparing = self.choice.comparing
        if comparing.other is None:
            return text_html("No comparison is open.", "facts-empty")
        pane = f", pane {_LETTERS[comparing.at]}" if len(comparing.others) > 1 else ""
        sides = (("A", comparing.base, ""), ("B", comparing.other, pane))
        body = "".join(
            f"<b>{letter}</b>{text_html(_name(session))}"
            f"<b></b><span>{text_html(_facts(session) + where)}</span>"
            for letter, session, where in sides
        )
        columns = self.choice.columns
        if columns is not None:
            said = verdict(columns.view.matching)
        else:
            said = "Matching …" if comparing.is_matching else "Not matched."
        return f'<div class="compared">{body}</div>' + text_html(said, "verdict")

    def _show_chips(self, *_: Any) -> None:
        choice = self.choice
        counts = choice.columns.counts() if choice.columns is not None else {}
        is_dark = choice.comparing.base.is_dark
        with pn.io.hold():
            for kind, chip in self.chips.items():
                is_on = kind in choice.kinds
                chip.param.update(
                    label=f"{counts.get(kind, 0):,} {kind}",
                    visible=bool(counts.get(kind)),
                    variant="filled" if is_on else "outlined",
                    sx=chip_style(kind, is_on=is_on, is_dark=is_dark),
                )

    def _show_position(self, *_: Any) -> None:
        steps = self.choice.steps
        with pn.io.hold():
            said = position(steps.tolist(), self.choice.selected.tolist())
            self.position.object = text_html(said)
            self.previous.disabled = self.next.disabled = not len(steps)
            self.nodes.value = self.choice.nodes
            self._steppers.visible = self.choice.columns is not None

    # -- widgets -> comparison -----------------------------------------------------------

    def _chip(self, kind: PairKind) -> pmui.Chip:
        return pmui.Chip(
            label=kind, size="small", margin=(3, 4), visible=False,
            on_click=lambda _event: self.choice.toggle_kind(kind),
        )  # fmt: skip

    def _steps(self, step: int) -> Callable[[Any], None]:
        return lambda _event: self.choice.step(step)

    def _other_chosen(self, event: Any) -> None:
        if not self._is_following and event.new is not None:
            self.choice.comparing.at = event.new

    def _nodes_chosen(self, event: Any) -> None:
        self.choice.nodes = event.new


_LETTERS = ("B", "C", "D")


def verdict(matching: Matching) -> str:
    """Return what differs in one line, e.g. ``11 fused, 1 added, 40 equal; the same weights``."""
    counts = matching.counts()
    said = [f"{counts[kind]:,} {kind}" for kind in (*KINDS[1:], KINDS[0]) if counts[kind]]
    text = f"{', '.join(said) or 'No nodes'}; {WEIGHTS[matching.same_weights]}"
    return f"Nothing differs: {text}" if matching.is_equal else text


def position(steps: list[int], selected: list[int]) -> str:
    """Return where the selected pair stands among those that are stepped through."""
    if not steps:
        return "no differences"
    place = {pair: at for at, pair in enumerate(steps, 1)}
    found = next((place[pair] for pair in selected if pair in place), None)
    return f"{'–' if found is None else f'{found:,}'} of {len(steps):,}"


def chip_style(kind: PairKind, *, is_on: bool, is_dark: bool) -> dict[str, Any]:
    """Return how a kind's chip looks: filled while it is listed."""
    color = category_colors([kind], is_dark=is_dark)[0]
    style: dict[str, Any] = {"borderColor": color, "borderWidth": 2, "borderStyle": "solid"}
    if is_on:
        is_deep = not is_dark and kind in _LIGHT_TEXTS
        text = "#ffffff" if is_deep or (is_dark and kind == "equal") else _DARK_TEXT
        style |= {"backgroundColor": color, "color": text, "&:hover": {"backgroundColor": color}}
    else:
        style |= {"color": "text.secondary", "backgroundColor": "transparent"}
    return style


def _button(label: str, icon: str, told: Callable[[], None]) -> pmui.Button:
    """Return a button that is there only when there is something to do."""
    return pmui.Button(
        label=label, icon=icon, size="small", variant="text", visible=False, margin=(0, 12),
        on_click=lambda _event: told(),
    )  # fmt: skip


def _step_button(icon: str, words: str, told: Callable[[Any], None]) -> pmui.IconButton:
    return pmui.IconButton(
        icon=icon, size="small", description=words, margin=(10, 2), on_click=told
    )


def _name(session: Session) -> str:
    return session.opened.model.name if session.opened is not None else ""


def _facts(session: Session) -> str:
    """Return format, graph and size of what a session shows."""
    opened, graph = session.opened, session.graph
    if opened is None or graph is None:
        return ""
    title = f"{graph.id}, " if len(opened.model.graphs) > 1 else ""
    return f"{opened.model.format}, {title}{graph.n_nodes:,} nodes"
