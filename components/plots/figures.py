"""What all figures share: transparent ground, quiet toolbar, colours, safe writing, text.

The page's theme (`panel_material_ui`) colours axes, grids and tooltips by
itself and follows the dark toggle; glyphs keep the colours below, which were
chosen to be read on both. Text from files goes through `plain`, since Bokeh
takes ``$$...$$`` for TeX and would load a typesetter for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape

import panel as pn
import panel_material_ui as pmui
from bokeh.document import Document
from bokeh.models import PlainText, Tool
from bokeh.plotting import figure
from panel.io.state import set_curdoc

ALL_COLOR = "#94a3b8"
SHOWN_COLOR = "#8496b0"
SELECTED_COLOR = "#2f7df6"  # between the graph's two blues for light and dark
LINE_COLOR = "#e0812b"

# Small button groups beside a line of text.
QUIET_BUTTONS = {
    "& .MuiToggleButton-root": {
        "textTransform": "none",
        "whiteSpace": "nowrap",
        "padding": "1px 8px",
        "fontSize": "0.75rem",
    }
}
_EMPTY_CSS = """
.empty {
  display: flex; align-items: center; justify-content: center; text-align: center;
  height: 100%; min-height: 80px; padding: 0 24px; opacity: 0.7; font-size: 0.9rem;
  color: var(--panel-on-background-color, inherit);
}
"""
_NOTE_CSS = """
.note { font-size: 0.8rem; line-height: 1.4; color: var(--panel-on-background-color, inherit);
        opacity: 0.85; padding: 0 4px; overflow-wrap: anywhere; }
"""


def new_figure(tools: Iterable[Tool], *, height: int, **options: object) -> figure:
    """Return an empty figure in the common style; `options` go to `bokeh.plotting.figure`."""
    fig = figure(
        height=height,
        sizing_mode="stretch_width",
        tools=list(tools),
        toolbar_location="right",
        background_fill_alpha=0,
        border_fill_alpha=0,
        outline_line_color=None,
        **{"min_border_top": 8, "min_border_right": 12} | options,
    )
    fig.toolbar.logo = None
    fig.toolbar.autohide = True
    fig.grid.grid_line_alpha = 0.4
    fig.axis.minor_tick_line_color = None
    fig.axis.axis_label_standoff = 6
    return fig


def plain(text: str) -> PlainText:
    """Return text that Bokeh draws as it is, never as TeX."""
    return PlainText(text=text)


def in_document(document: Document | None, change: Callable[[], None]) -> None:
    """Run a change of Bokeh models, now or, from a thread without the lock, on the next tick."""
    if document is None or document.session_context is None:
        change()
        return
    with set_curdoc(document):
        pn.state.execute(change)


class Frame:
    """Holds a figure, or a sentence while there is nothing to draw."""

    def __init__(self, text: str) -> None:
        self.view = pn.Column(sizing_mode="stretch_width", margin=0)
        self.say(text)

    def say(self, text: str) -> None:
        """Show a sentence."""
        message = pn.pane.HTML(
            f'<div class="empty">{escape(text)}</div>',
            stylesheets=[_EMPTY_CSS],
            sizing_mode="stretch_width",
            margin=0,
        )
        self.view[:] = [message]

    def draw(self, fig: figure) -> None:
        """Show a figure."""
        self.view[:] = [pn.pane.Bokeh(fig, sizing_mode="stretch_width", margin=(0, 8, 0, 0))]


def note_pane() -> pn.pane.HTML:
    """Return a pane for one small line of text; write it with `set_note`."""
    return pn.pane.HTML("", stylesheets=[_NOTE_CSS], sizing_mode="stretch_width", margin=(0, 0))


def set_note(pane: pn.pane.HTML, text: str) -> None:
    """Write text, as text, into a `note_pane`."""
    pane.object = f'<div class="note">{escape(text)}</div>' if text else ""


def axis_switches(
    names: list[str], on_change: Callable[[list[str]], None]
) -> pmui.CheckButtonGroup:
    """Return small switches, e.g. for log axes; `on_change` gets the names that are on."""
    switches = pmui.CheckButtonGroup(
        options=names, value=[], size="small", color="primary", margin=(2, 4), sx=QUIET_BUTTONS
    )
    switches.param.watch(lambda event: on_change(list(event.new)), "value")
    return switches
