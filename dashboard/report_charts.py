"""The charts of a report as JSON of Bokeh documents: A beside B, and the largest differences.

They are drawn by BokehJS that lies in the report itself. Text from files is drawn as plain text
(Bokeh takes ``$$`` for TeX and would load a typesetter). Must not import Panel.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from bokeh.embed import json_item
from bokeh.models import (
    ColumnDataSource,
    FixedTicker,
    HoverTool,
    LinearAxis,
    PanTool,
    PlainText,
    Range1d,
    ResetTool,
    TapTool,
    WheelZoomTool,
)
from bokeh.plotting import figure
from numpy.typing import NDArray

from components.palette import category_colors
from components.plots.axes import View, extent, to_axis
from components.plots.columns import MeasureColumn, is_drawable, shortened
from components.plots.ticks import format_number, format_value, nice_ticks
from graphs.match_data import PairedData, PairedRow
from graphs.match_types import KINDS, Pair

MAX_POINTS = 4_000
N_BARS = 12
HEIGHT_PX = 330
_BAR_PX, _BARS_CHROME_PX = 23, 62
_NAME_CHARS, _UNIT_CHARS = 30, 14
_CHAR_PX = 6.3
_MORE, _LESS = "#c2571a", "#2f7d9e"  # more and less in B; read on white and on dark
Chart = dict[str, Any]


def as_json(chart: Chart) -> str:
    """Return a chart for a ``<script>`` of JSON: no text in it can end the element."""
    return json.dumps(chart, separators=(",", ":")).replace("<", "\\u003c")


def scatter(
    data: PairedData, pairs: Sequence[Pair], labels: Sequence[str], target: str
) -> tuple[Chart, str]:
    """Return A × B with the diagonal, and a sentence on what is not drawn.

    Parameters
    ----------
    data : PairedData
    pairs : sequence of Pair, length n
    labels : sequence of str, length n
        Names of the pairs; untrusted text.
    target : str
        Id of the element that the chart is drawn into.
    """
    both = np.concatenate([data.a, data.b])
    is_log = MeasureColumn(data.name, data.unit, both).wants_log
    place = np.stack([to_axis(values, is_log) for values in (data.a, data.b)])
    is_drawn = is_drawable(place[0]) & is_drawable(place[1])
    rows = np.flatnonzero(is_drawn)
    size = np.maximum(np.abs(data.a[rows]), np.abs(data.b[rows]))
    shown = rows[np.argsort(-size, kind="stable")[:MAX_POINTS]][::-1]
    both_axes = np.tile(place[:, shown].ravel(), (2, 1))
    view = extent(both_axes) if len(shown) else View(0.0, 1.0, 0.0, 1.0)
    fig = _square(view[:2], is_log=is_log)
    source = ColumnDataSource(_points(data, pairs, labels, shown), name="points")
    _draw_points(fig, source)
    fig.xaxis.axis_label, fig.yaxis.axis_label = (
        PlainText(text=shortened(f"{side}: {_label(data)}", 60)) for side in "AB"
    )
    n_both = int(np.count_nonzero(~np.isnan(data.a) & ~np.isnan(data.b)))
    return json_item(fig, target), _not_drawn(n_both, len(rows), len(shown), is_log=is_log)


def _label(data: PairedData) -> str:
    return f"{data.name} ({data.unit})" if data.unit else data.name


def _not_drawn(n_both: int, n_placed: int, n_shown: int, *, is_log: bool) -> str:
    said = []
    if n_shown < n_placed:
        said.append(f"the {n_shown:,} largest of {n_placed:,} pairs are drawn")
    if n_placed < n_both:
        reason = "≤ 0" if is_log else "not finite"
        said.append(f"{n_both - n_placed:,} with a value {reason} are not")
    return "; ".join(said)


def _square(ends: tuple[float, ...], *, is_log: bool) -> figure:
    """Return a figure with the same range on both axes and the diagonal."""
    low, high = (10.0**end for end in ends) if is_log else ends
    kind = "log" if is_log else "linear"
    wheel = WheelZoomTool()
    fig = figure(
        height=HEIGHT_PX, sizing_mode="stretch_width", tools=[PanTool(), wheel, ResetTool()],
        x_range=Range1d(low, high), y_range=Range1d(low, high), x_axis_type=kind, y_axis_type=kind,
    )  # fmt: skip
    _quiet(fig)
    fig.line([low, high], [low, high], color="#94a3b8", line_dash="dashed", line_width=1.5)
    ticks = nice_ticks(low, high, 4, is_log=is_log)
    for axis in (fig.xaxis, fig.yaxis):
        axis.ticker = FixedTicker(ticks=ticks)
        axis.major_label_overrides = {tick: PlainText(text=format_number(tick)) for tick in ticks}
    return fig


def _points(
    data: PairedData, pairs: Sequence[Pair], labels: Sequence[str], rows: NDArray[np.int64]
) -> dict[str, Any]:
    color = dict(zip(KINDS, category_colors(KINDS), strict=True)) | {"equal": "#8496b0"}
    kinds = [pairs[row].kind for row in rows.tolist()]
    a, b, unit = data.a[rows], data.b[rows], shortened(data.unit, _UNIT_CHARS)
    return {
        "x": a.tolist(),
        "y": b.tolist(),
        "pair": rows.tolist(),
        "label": [shortened(labels[row], 80) for row in rows.tolist()],
        "kind": kinds,
        "color": [color[kind] for kind in kinds],
        "a": [format_value(value, unit) for value in a.tolist()],
        "b": [format_value(value, unit) for value in b.tolist()],
    }


def _draw_points(fig: figure, source: ColumnDataSource) -> None:
    dots = fig.scatter(
        "x", "y", source=source, size=8, fill_color="color", fill_alpha=0.75, line_color="#ffffff",
        line_width=0.6, nonselection_fill_alpha=0.35, selection_line_color="#2f7df6",
        selection_line_width=2.5,
    )  # fmt: skip
    tips = [("", "@label"), ("", "@kind"), ("A", "@a"), ("B", "@b")]
    fig.add_tools(HoverTool(renderers=[dots], tooltips=tips), TapTool(renderers=[dots]))


def bars(rows: Sequence[PairedRow], unit: str, target: str) -> Chart:
    """Return bars of B − A, the first on top; what only one side has counts whole.

    Parameters
    ----------
    rows : sequence of PairedRow
        At most `N_BARS` are drawn; names are untrusted text.
    unit : str
    target : str
        Id of the element that the chart is drawn into.
    """
    shown, unit = rows[:N_BARS], shortened(unit, _UNIT_CHARS)
    changes = [_change(row) for row in shown]
    low, high = (1.04 * pick([0.0, *changes]) for pick in (min, max))
    fig = figure(
        height=len(shown) * _BAR_PX + _BARS_CHROME_PX, sizing_mode="stretch_width", tools=[],
        x_range=Range1d(low, high if high > low else 1.0),
        y_range=Range1d(len(shown) - 0.5, -0.5),
        min_border_left=_room([shortened(row.name, _NAME_CHARS) for row in shown]),
        min_border_right=_room([format_value(change, unit) for change in changes]),
    )  # fmt: skip
    _quiet(fig)
    fig.toolbar_location = None
    fig.ygrid.grid_line_color = None
    source = ColumnDataSource(_bar_columns(shown, changes, unit))
    drawn = fig.hbar(y="y", left=0, right="change", height=0.66, source=source, line_color=None,
                     fill_color="color")  # fmt: skip
    tips = [("", "@name"), ("A", "@a"), ("B", "@b"), ("B − A", "@text")]
    fig.add_tools(HoverTool(renderers=[drawn], tooltips=tips))
    _name_bars(fig, shown, [format_value(change, unit) for change in changes])
    fig.xaxis.axis_label = PlainText(text=shortened(f"B − A ({unit})" if unit else "B − A", 40))
    return json_item(fig, target)


def _change(row: PairedRow) -> float:
    return float(np.nan_to_num(row.b) - np.nan_to_num(row.a))


def _bar_columns(rows: Sequence[PairedRow], changes: Sequence[float], unit: str) -> dict[str, Any]:
    return {
        "y": list(range(len(rows))),
        "change": list(changes),
        "color": [_MORE if change > 0 else _LESS for change in changes],
        "name": [shortened(row.name, 100) for row in rows],
        "a": [format_value(row.a, unit) for row in rows],
        "b": [format_value(row.b, unit) for row in rows],
        "text": [format_value(change, unit) for change in changes],
    }


def _name_bars(fig: figure, rows: Sequence[PairedRow], texts: Sequence[str]) -> None:
    places = list(range(len(rows)))
    fig.yaxis.ticker = FixedTicker(ticks=places)
    fig.yaxis.major_label_overrides = {
        at: PlainText(text=shortened(row.name, _NAME_CHARS)) for at, row in enumerate(rows)
    }
    right = LinearAxis(
        ticker=FixedTicker(ticks=places),
        major_label_overrides={at: PlainText(text=text) for at, text in enumerate(texts)},
        minor_tick_line_color=None,
        major_tick_line_color=None,
        axis_line_color=None,
    )
    fig.add_layout(right, "right")
    fig.yaxis.major_tick_line_color = None
    ticks = nice_ticks(fig.x_range.start, fig.x_range.end, 3)
    fig.xaxis.ticker = FixedTicker(ticks=ticks)
    fig.xaxis.major_label_overrides = {t: PlainText(text=format_number(t)) for t in ticks}


def _room(texts: Sequence[str]) -> int:
    """Return room for texts, px: Bokeh measures before the page's font is known."""
    return round(max(map(len, texts), default=0) * _CHAR_PX + 12)


def _quiet(fig: figure) -> None:
    """Take away what a report does not need; colours of text follow the page."""
    fig.background_fill_alpha = 0
    fig.border_fill_alpha = 0
    fig.outline_line_color = None
    fig.toolbar.logo = None
    fig.toolbar.autohide = True
    fig.grid.grid_line_alpha = 0.5
    fig.axis.minor_tick_line_color = None
    fig.axis.axis_label_standoff = 6
    fig.axis.axis_label_text_font_style = "normal"
    fig.axis.axis_label_text_font_size = "12px"
    fig.axis.major_label_text_font_size = "11px"
