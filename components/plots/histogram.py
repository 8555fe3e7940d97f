"""Histogram of one measure: all nodes, those that pass the filter, those selected; brushable.

It knows arrays only. Bins are made once a measure; a selection is one
`bincount` and one column sent to the page.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import panel as pn
from bokeh.events import SelectionGeometry, Tap
from bokeh.models import (
    BoxAnnotation,
    BoxSelectTool,
    ColumnDataSource,
    FixedTicker,
    HoverTool,
    NumeralTickFormatter,
    Range1d,
    ResetTool,
)
from bokeh.plotting import figure
from numpy.typing import ArrayLike, NDArray

from components.plots.bins import Bins, make_bins
from components.plots.columns import (
    Mask,
    MeasureColumn,
    Rows,
    as_mask,
    as_rows,
    is_drawable,
    shortened,
)
from components.plots.figures import (
    ALL_COLOR,
    SELECTED_COLOR,
    SHOWN_COLOR,
    Frame,
    axis_switches,
    in_document,
    new_figure,
    note_pane,
    plain,
    set_note,
)
from components.plots.ticks import format_value

_EMPTY = "Choose or load node data to see how its values are distributed."
_LOG_X, _LOG_Y = "log x", "log y"
_LOG_FLOOR = 0.5  # a log axis of counts starts below 1, so that a single node has a bar
_LEAST_HEIGHT = 0.025  # of the highest bar
_BAR_WIDTH = 0.95  # of its bin
_MAX_CATEGORY_CHARS = 14
_MAX_CATEGORY_LABELS = 30


class Histogram:
    """Histogram with a brush.

    Parameters
    ----------
    on_brush : callable (low, high) -> None, optional
        The reader dragged over a range or clicked a bar; both ends, in value
        units, are included. Never called by the methods below.
    on_clear : callable () -> None, optional
        The reader clicked beside the bars.
    height : int
        Of the figure, px.
    """

    def __init__(
        self,
        on_brush: Callable[[float, float], None] | None = None,
        *,
        on_clear: Callable[[], None] | None = None,
        height: int = 220,
    ) -> None:
        self._on_brush, self._on_clear = on_brush, on_clear
        self._height = height
        self._column: MeasureColumn | None = None
        self._bins: Bins = make_bins(np.zeros(0))
        self._mask: Mask | None = None
        self._rows: Rows = np.zeros(0, dtype=np.int64)
        self._figure: figure | None = None
        self._source = ColumnDataSource(_bar_data(self._bins))
        self._brush = BoxAnnotation(visible=False)
        self._frame = Frame(_EMPTY)
        self._note = note_pane()
        self._switches = axis_switches([_LOG_X, _LOG_Y], lambda _: self._on_switch())
        self._is_quiet = False
        self._switches.visible = False
        self.view = pn.Column(
            pn.Row(self._note, self._switches, sizing_mode="stretch_width", margin=0),
            self._frame.view,
            sizing_mode="stretch_width",
            margin=0,
        )

    @property
    def counts(self) -> dict[str, NDArray[np.int64]]:
        """Counts a bin of ``all``, ``shown`` and ``selected`` nodes, each of shape (k,)."""
        return {
            "all": self._bins.count(),
            "shown": self._bins.count(self._mask),
            "selected": self._bins.count(self._rows),
        }

    @property
    def edges(self) -> NDArray[np.float64]:
        """Edges of the bins in value units, shape (k + 1,)."""
        return self._bins.edges

    def set_measure(self, column: MeasureColumn | None, *, is_log: bool | None = None) -> None:
        """Show another measure; the filter and the selection are forgotten if n differs.

        `is_log` None leaves the choice of the x axis to the values.
        """
        n_before = len(self._column.values) if self._column else 0
        self._column = column
        if column is None or len(column.values) != n_before:
            self._mask, self._rows = None, np.zeros(0, dtype=np.int64)
        if column is not None:
            wants_log = column.wants_log if is_log is None else is_log
            self._is_quiet = True
            self._set_switch(_LOG_X, wants_log and not column.categories)
            self._is_quiet = False
        self._rebuild()

    def set_filter_mask(self, mask: ArrayLike | None) -> None:
        """Show which nodes pass the filter: bool (n,), or None for all. Needs a measure."""
        if self._column is None:
            return
        before, self._mask = self._mask, as_mask(mask, len(self._column.values))
        if before is not None or self._mask is not None:
            self._refresh()

    def set_selection(self, rows: ArrayLike) -> None:
        """Show the selected rows; the brush goes unless they lie within it. Needs a measure."""
        if self._column is None:
            return
        before, self._rows = self._rows, as_rows(rows, len(self._column.values))
        if self._brush.visible:
            values = self._column.values[self._rows]
            inside = (values >= self._brush.left) & (values <= self._brush.right)
            if not values.size or not inside.all():
                self._show_brush(None)
        if not np.array_equal(before, self._rows):
            self._refresh()

    def set_log(self, *, x: bool | None = None, y: bool | None = None) -> None:
        """Switch the axes between linear and log; None leaves one as it is."""
        for name, value in ((_LOG_X, x), (_LOG_Y, y)):
            if value is not None:
                self._set_switch(name, value)

    def _set_switch(self, name: str, is_on: bool) -> None:
        now = self._switches.value
        if (name in now) != is_on:
            self._switches.value = [*now, name] if is_on else [v for v in now if v != name]

    def _on_switch(self) -> None:
        if not self._is_quiet:
            self._rebuild()

    def _is_log_y(self) -> bool:
        return _LOG_Y in self._switches.value

    def _rebuild(self) -> None:
        """Make bins and figure anew: another measure or another axis."""
        column = self._column
        self._switches.visible = column is not None
        if column is None or not is_drawable(column.values).any():
            self._figure = None
            self._bins = make_bins(np.full(len(column.values) if column else 0, np.nan))
            self._frame.say(_EMPTY if column is None else f"No node has a value of {column.name}.")
            set_note(self._note, "")
            return
        # A browser may switch it on for what was shown before: categories have no logarithm.
        is_log = _LOG_X in self._switches.value and not column.categories
        self._bins = make_bins(column.values, is_log=is_log, n_categories=len(column.categories))
        set_note(self._note, _hidden_text(self._bins))
        if not len(self._bins):
            self._figure = None
            self._frame.say(f"No value of {column.name} is above zero: switch “{_LOG_X}” off.")
            return
        self._source = ColumnDataSource(self._data(), name="histogram bars")
        self._figure = self._build(column)
        self._frame.draw(self._figure)

    def _build(self, column: MeasureColumn) -> figure:
        """Return a figure over `_source`."""
        box = BoxSelectTool(dimensions="width")
        tools = [box, ResetTool(), _hover()]
        is_log = self._bins.is_log
        fig = new_figure(
            tools,
            height=self._height,
            x_axis_type="log" if is_log else "linear",
            y_axis_type="log" if self._is_log_y() else "linear",
            x_range=_padded(self._bins),
            y_range=_count_range(self._bins, is_log=self._is_log_y()),
        )
        fig.toolbar.active_drag = box
        for name, color, alpha in _BARS:
            bars = fig.quad(
                left="left", right="right", bottom=self._bottom(), top=name, source=self._source,
                fill_color=color, fill_alpha=alpha, line_color=None, nonselection_fill_alpha=alpha,
            )  # fmt: skip
            bars.name = name
        fig.select_one(HoverTool).renderers = [fig.select_one({"name": "all"})]
        self._brush = BoxAnnotation(
            fill_color=SELECTED_COLOR, fill_alpha=0.12, line_color=SELECTED_COLOR, visible=False
        )
        fig.add_layout(self._brush)
        _label_axes(fig, column)
        fig.on_event(SelectionGeometry, self._on_box)
        fig.on_event(Tap, self._on_tap)
        return fig

    def _bottom(self) -> float:
        return _LOG_FLOOR if self._is_log_y() else 0.0

    def _data(self) -> dict[str, object]:
        return _bar_data(self._bins, **self.counts, floor=self._bottom(), unit=self._unit())

    def _unit(self) -> str:
        return self._column.unit if self._column else ""

    def _refresh(self) -> None:
        """Send the counts; the figure stays."""
        if self._figure is None:
            return
        source, data = self._source, self._data()
        in_document(source.document, lambda: source.update(data=data))

    def _show_brush(self, span: tuple[float, float] | None) -> None:
        brush = self._brush
        changes: dict[str, object] = {"visible": span is not None}
        if span:
            changes |= {"left": span[0], "right": span[1]}
        in_document(brush.document, lambda: brush.update(**changes))

    def _on_box(self, event: SelectionGeometry) -> None:
        geometry = event.geometry
        if not event.final or geometry.get("type") != "rect":
            return
        low, high = sorted((float(geometry["x0"]), float(geometry["x1"])))
        self._report(max(low, float(self.edges[0])), min(high, float(self.edges[-1])))

    def _on_tap(self, event: Tap) -> None:
        bin = self._bins.at(float(event.x))
        if bin is not None and self._bins.count()[bin]:
            self._report(*self._bins.bounds(bin))
        elif self._on_clear is not None:
            self._show_brush(None)
            self._on_clear()

    def _report(self, low: float, high: float) -> None:
        if not low <= high:
            return
        self._show_brush((low, high))
        if self._on_brush is not None:
            self._on_brush(low, high)


_BARS = (("all", ALL_COLOR, 0.35), ("shown", SHOWN_COLOR, 0.75), ("selected", SELECTED_COLOR, 1.0))


def _bar_data(
    bins: Bins,
    *,
    all: NDArray[np.int64] | None = None,
    shown: NDArray[np.int64] | None = None,
    selected: NDArray[np.int64] | None = None,
    floor: float = 0.0,
    unit: str = "",
) -> dict[str, object]:
    """Return the columns of the bars; on a log axis an empty bar ends at its floor.

    A bin that holds a selected node shows it, be it one of 50,000: its bar has a
    least height, and the tooltip has the number.
    """
    empty = np.zeros(len(bins), dtype=np.int64)
    counts = {"all": all, "shown": shown, "selected": selected}
    known = {k: empty if v is None else v for k, v in counts.items()}
    tops = {k: np.maximum(v, floor) for k, v in known.items()}
    if not floor and len(bins):
        least = _LEAST_HEIGHT * known["all"].max()
        tops["selected"] = np.where(known["selected"] > 0, np.maximum(tops["selected"], least), 0)
    numbers = {f"n_{k}": v for k, v in known.items()}
    edges = bins.edges
    spans = [
        f"{format_value(a, unit)} to {format_value(b, unit)}"
        for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    ]
    return {"left": edges[:-1], "right": _right_sides(bins), "span": spans} | tops | numbers


def _right_sides(bins: Bins) -> NDArray[np.float64]:
    """Return where the bars end: just before the next, so that they can be told apart."""
    left, right = bins.edges[:-1], bins.edges[1:]
    if bins.is_log:
        return left * (right / left) ** _BAR_WIDTH
    return left * (1 - _BAR_WIDTH) + right * _BAR_WIDTH


def _hover() -> HoverTool:
    return HoverTool(
        tooltips=[
            ("value", "@span"),
            ("nodes", "@n_all{0,0}"),
            ("shown", "@n_shown{0,0}"),
            ("selected", "@n_selected{0,0}"),
        ],
        mode="vline",
        point_policy="follow_mouse",
    )


def _padded(bins: Bins) -> Range1d:
    """Return the x range with a margin of 2 % on each side."""
    low, high = float(bins.edges[0]), float(bins.edges[-1])
    if bins.is_log:
        factor = (high / low) ** 0.02
        return Range1d(low / factor, high * factor)
    margin = 0.02 * (high - low)
    return Range1d(low - margin, high + margin)


def _count_range(bins: Bins, *, is_log: bool) -> Range1d:
    most = int(bins.count().max(initial=1))
    return Range1d(_LOG_FLOOR, max(most, 1) * 1.6) if is_log else Range1d(0, max(most, 1) * 1.06)


def _label_axes(fig: figure, column: MeasureColumn) -> None:
    fig.xaxis.axis_label = plain(shortened(column.label, 60))
    fig.yaxis.axis_label = "nodes"
    fig.yaxis.formatter = NumeralTickFormatter(format="0,0")
    fig.xgrid.grid_line_color = None
    if column.categories:
        n = len(column.categories)
        places = list(range(0, n, -(-n // _MAX_CATEGORY_LABELS)))
        fig.xaxis.ticker = FixedTicker(ticks=places)
        fig.xaxis.major_label_overrides = {
            i: plain(shortened(column.categories[i], _MAX_CATEGORY_CHARS)) for i in places
        }
        fig.xaxis.major_label_orientation = 0.6 if len(places) > 4 else "horizontal"


def _hidden_text(bins: Bins) -> str:
    """Say how many values the axis cannot show."""
    parts = []
    if bins.n_hidden:
        parts.append(f"{bins.n_hidden:,} values ≤ 0 are not on the log axis")
    if bins.n_infinite:
        parts.append(f"{bins.n_infinite:,} infinite values are not shown")
    return "; ".join(parts)
