"""Horizontal bars with a name at the left and a number at the right, clickable.

The frame of `Ranking` and `OpTypes`: it draws rows and says which was clicked;
what a row stands for is theirs to know.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bokeh.events import Tap
from bokeh.models import ColumnDataSource, FixedTicker, HoverTool, LinearAxis, Range1d
from bokeh.plotting import figure

from components.plots.columns import shortened
from components.plots.figures import (
    ALL_COLOR,
    LINE_COLOR,
    SELECTED_COLOR,
    SHOWN_COLOR,
    Frame,
    in_document,
    new_figure,
    plain,
)
from components.plots.ticks import format_number, nice_ticks

ROW_PX = 24
_CHROME_PX = 46  # axis below, margins
_N_TICKS = 3
_CHAR_PX = 6.1
_MAX_NAME_CHARS = 26
_FULL_NAME_CHARS = 120


@dataclass(frozen=True, slots=True)
class Bar:
    """One row.

    Attributes
    ----------
    name : str
        Untrusted text.
    whole, shown, selected : float
        Lengths over all nodes, over those that pass the filter, over the selected.
    text : str
        At the right.
    hint : str
        More, for the tooltip.
    span : tuple of (float, float, float), optional
        Lower quartile, median and upper quartile, drawn over the bar.
    line : float, optional
        Place 0..1 of the line over all bars, e.g. the cumulative share.
    """

    name: str
    whole: float
    shown: float
    selected: float
    text: str
    hint: str = ""
    span: tuple[float, float, float] | None = None
    line: float | None = None


class BarList:
    """Draws bars; `on_click` gets the place of the clicked row."""

    def __init__(self, on_click: Callable[[int], None], empty: str, *, max_rows: int) -> None:
        self._on_click = on_click
        self._key: tuple[str, ...] = ()
        self._n_rows = 0
        self._figure: figure | None = None
        self._bars = ColumnDataSource()
        self._line = ColumnDataSource()
        self.frame = Frame(empty)
        self.max_rows = max_rows

    def say(self, text: str) -> None:
        """Show a sentence instead of bars."""
        self._figure = None
        self.frame.say(text)

    def draw(self, bars: Sequence[Bar], axis_label: str) -> None:
        """Show bars, the first on top. Where only lengths changed the figure stays."""
        key = (axis_label, *(f"{bar.name}\0{bar.text}" for bar in bars))
        if self._figure is not None and key == self._key:
            data, line, source = _bar_columns(bars), _line_columns(bars), self._bars
            in_document(
                source.document,
                lambda: (source.update(data=data), self._line.update(data=line)),
            )
            return
        self._key, self._n_rows = key, len(bars)
        self._figure = self._build(bars, axis_label)
        self.frame.draw(self._figure)

    def _build(self, bars: Sequence[Bar], axis_label: str) -> figure:
        n = len(bars)
        longest = max((_longest(bar) for bar in bars), default=0.0)
        least = min((min(bar.whole, 0.0) for bar in bars), default=0.0)
        fig = new_figure(
            [],
            height=n * ROW_PX + _CHROME_PX,
            x_range=Range1d(least * 1.04, (longest * 1.04) or (0.0 if least else 1.0)),
            y_range=Range1d(n - 0.5, -0.5),
            min_border_left=_border([shortened(bar.name, _MAX_NAME_CHARS) for bar in bars]),
            min_border_right=_border([bar.text for bar in bars]),
        )
        self._bars = ColumnDataSource(_bar_columns(bars))
        self._line = ColumnDataSource(_line_columns(bars))
        renderers = _draw_bars(fig, self._bars)
        _draw_line(fig, self._line, bars)
        fig.add_tools(HoverTool(tooltips=[("", "@name"), ("", "@hint")], renderers=renderers))
        _name_rows(fig, bars)
        fig.xaxis.axis_label = plain(shortened(axis_label, 60))
        ticks = nice_ticks(fig.x_range.start, fig.x_range.end, _N_TICKS)
        fig.xaxis.ticker = FixedTicker(ticks=ticks)
        fig.xaxis.major_label_overrides = {t: plain(format_number(t)) for t in ticks}
        fig.toolbar_location = None
        fig.ygrid.grid_line_color = None
        fig.on_event(Tap, self._on_tap)
        return fig

    def _on_tap(self, event: Tap) -> None:
        row = round(float(event.y))
        if 0 <= row < self._n_rows:
            self._on_click(row)


def _border(texts: Sequence[str]) -> int:
    """Return room for texts, px: Bokeh measures before the page's font has come."""
    return round(max(map(len, texts), default=0) * _CHAR_PX + 14)


def _longest(bar: Bar) -> float:
    return max(bar.whole, bar.span[2] if bar.span else 0.0)


def _bar_columns(bars: Sequence[Bar]) -> dict[str, list[object]]:
    """Return the columns of bars and spans."""
    spans = [bar.span or (float("nan"),) * 3 for bar in bars]
    return {
        "y": list(range(len(bars))),
        "name": [shortened(bar.name, _FULL_NAME_CHARS) for bar in bars],
        "hint": [bar.hint for bar in bars],
        "whole": [bar.whole for bar in bars],
        "shown": [bar.shown for bar in bars],
        "selected": [bar.selected for bar in bars],
        "low": [span[0] for span in spans],
        "middle": [span[1] for span in spans],
        "high": [span[2] for span in spans],
    }


def _line_columns(bars: Sequence[Bar]) -> dict[str, list[float]]:
    places = [(bar.line, float(i)) for i, bar in enumerate(bars) if bar.line is not None]
    return {"x": [x for x, _ in places], "y": [y for _, y in places]}


def _draw_bars(fig: figure, source: ColumnDataSource) -> list[object]:
    """Add the three bars and the quartiles; return what can be hovered."""
    renderers = []
    looks = (
        ("whole", ALL_COLOR, 0.3),
        ("shown", SHOWN_COLOR, 0.75),
        ("selected", SELECTED_COLOR, 1),
    )
    for name, color, alpha in looks:
        height = 0.7 if name != "selected" else 0.3
        renderers.append(
            fig.hbar(
                y="y", left=0, right=name, height=height, source=source, line_color=None,
                fill_color=color, fill_alpha=alpha,
            )
        )  # fmt: skip
    fig.segment("low", "y", "high", "y", source=source, line_color=LINE_COLOR, line_width=2)
    fig.scatter("middle", "y", source=source, size=6, fill_color=LINE_COLOR, line_color=None)
    return renderers[:1]


def _draw_line(fig: figure, source: ColumnDataSource, bars: Sequence[Bar]) -> None:
    """Add the line over its own range 0..1."""
    if all(bar.line is None for bar in bars):
        return
    fig.extra_x_ranges = {"share": Range1d(0, 1.04)}
    for glyph in (fig.line, fig.scatter):
        renderer = glyph("x", "y", source=source, color=LINE_COLOR, x_range_name="share")
        renderer.level = "overlay"


def _name_rows(fig: figure, bars: Sequence[Bar]) -> None:
    """Write names at the left and numbers at the right, in the theme's colour."""
    places = list(range(len(bars)))
    fig.yaxis.ticker = FixedTicker(ticks=places)
    fig.yaxis.major_label_overrides = {
        i: plain(shortened(bar.name, _MAX_NAME_CHARS)) for i, bar in enumerate(bars)
    }
    fig.yaxis.major_tick_line_color = None
    right = LinearAxis(
        ticker=FixedTicker(ticks=places),
        major_label_overrides={i: plain(bar.text) for i, bar in enumerate(bars)},
        major_tick_line_color=None,
        minor_tick_line_color=None,
    )
    fig.add_layout(right, "right")
