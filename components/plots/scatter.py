"""Scatter of two measures, e.g. latency against error: many nodes as a density, few as points.

It knows arrays only. Up to `MAX_POINTS` nodes in view are drawn by the browser
as points that can be hovered; more become an image (`density`), made again for
each view. Positions are kept in axis units: the decimal logarithm on a log axis.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import panel as pn
from bokeh.events import RangesUpdate, SelectionGeometry, Tap
from bokeh.models import (
    BoxSelectTool,
    ColumnDataSource,
    HoverTool,
    PanTool,
    Range1d,
    ResetTool,
    WheelZoomTool,
)
from bokeh.plotting import figure
from numpy.typing import ArrayLike

from components.plots.axes import View, end_in_axis, extent, from_axis, to_axis
from components.plots.columns import (
    Mask,
    MeasureColumn,
    Rows,
    as_mask,
    as_rows,
    is_drawable,
    shortened,
)
from components.plots.density import density_image
from components.plots.figures import (
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

MAX_POINTS = 2_000
_EMPTY = "Load a second measure (say a latency and an error) to see one against the other."
_LOG_X, _LOG_Y = "log x", "log y"
_DEFAULT_SIZE_PX = (480, 260)  # until the browser has said how large the figure is
_TAP_RADIUS_PX = 12.0
_POINT_PX = 6
_CELL_PX = 2  # side of an image cell: a loner is a dot that can be seen
_MAX_IMAGE_PX = 1_600
_NO_ROWS: Rows = np.zeros(0, dtype=np.int64)


class Scatter:
    """Scatter of two measures with box selection.

    Parameters
    ----------
    on_select : callable (rows: int64 array, shape (k,)) -> None, optional
        The reader drew a box, or clicked: then the nearest row, or none where
        no node is near. Never called by the methods below.
    height : int
        Of the figure, px.
    """

    def __init__(
        self, on_select: Callable[[Rows], None] | None = None, *, height: int = 300
    ) -> None:
        self._on_select = on_select
        self._height = height
        self._x: MeasureColumn | None = None
        self._y: MeasureColumn | None = None
        self._labels: Sequence[str] = ()
        self._place = np.zeros((2, 0))
        self._is_placed: Mask = np.zeros(0, dtype=np.bool_)
        self._mask: Mask | None = None
        self._rows: Rows = _NO_ROWS
        self._view = View(0, 1, 0, 1)
        self._figure: figure | None = None
        self._reported_px = [*_DEFAULT_SIZE_PX]
        self._sources = {name: ColumnDataSource() for name in _GLYPHS}
        self._frame = Frame(_EMPTY)
        self._note = note_pane()
        self._is_quiet = False
        self._switches = axis_switches([_LOG_X, _LOG_Y], lambda _: self._on_switch())
        self._switches.visible = False
        self.view = pn.Column(
            pn.Row(self._note, self._switches, sizing_mode="stretch_width", margin=0),
            self._frame.view,
            sizing_mode="stretch_width",
            margin=0,
        )

    def set_measures(
        self,
        x: MeasureColumn | None,
        y: MeasureColumn | None,
        labels: Sequence[str] = (),
        *,
        is_log: tuple[bool, bool] | None = None,
    ) -> None:
        """Show two measures of the same n nodes, or none.

        `labels` are the nodes' names for the tooltip. `is_log` None leaves the
        choice of each axis to the values. The filter and the selection are
        forgotten if n differs.

        Raises
        ------
        ValueError
            The two columns differ in length.
        """
        if x is not None and y is not None and len(x.values) != len(y.values):
            raise ValueError(f"{x.name} has {len(x.values)} rows, {y.name} {len(y.values)}")
        n_before = len(self._is_placed)
        self._x, self._y, self._labels = x, y, labels
        if x is None or y is None or len(x.values) != n_before:
            self._mask, self._rows = None, _NO_ROWS
        if x is not None and y is not None:
            flags = is_log if is_log is not None else (x.wants_log, y.wants_log)
            self._set_switches(*flags)
        self._rebuild()

    def set_filter_mask(self, mask: ArrayLike | None) -> None:
        """Draw only nodes that pass the filter: bool (n,), or None for all. Needs measures."""
        if not self._has_both():
            return
        before, self._mask = self._mask, as_mask(mask, len(self._is_placed))
        if before is not None or self._mask is not None:
            self._refresh(*_GLYPHS)

    def set_selection(self, rows: ArrayLike) -> None:
        """Draw the selected rows on top. Needs measures."""
        if not self._has_both():
            return
        before, self._rows = self._rows, as_rows(rows, len(self._is_placed))
        if not np.array_equal(before, self._rows):
            self._refresh(*_SELECTED_GLYPHS)

    def set_log(self, *, x: bool | None = None, y: bool | None = None) -> None:
        """Switch the axes between linear and log; None leaves one as it is."""
        is_x, is_y = self._is_log()
        self._set_switches(is_x if x is None else x, is_y if y is None else y)
        self._rebuild()

    def rows_in(self, x0: float, x1: float, y0: float, y1: float) -> Rows:
        """Return the drawn rows within a box in value units, ends included."""
        return np.flatnonzero(self._drawn(self._to_axis(x0, x1, y0, y1)))

    def row_near(self, x: float, y: float) -> int | None:
        """Return the drawn row nearest to a point in value units, None beyond a few px."""
        view = self._view
        centre = self._to_axis(x, x, y, y)
        size = self._size_px()
        rows = np.flatnonzero(self._drawn(view))
        dx = (self._place[0, rows] - centre.x0) * size[0] / (view.x1 - view.x0)
        dy = (self._place[1, rows] - centre.y0) * size[1] / (view.y1 - view.y0)
        distance = dx * dx + dy * dy
        if not rows.size or distance.min() > _TAP_RADIUS_PX**2:
            return None
        return int(rows[distance.argmin()])

    def _has_both(self) -> bool:
        return self._x is not None and self._y is not None

    def _is_log(self) -> tuple[bool, bool]:
        return _LOG_X in self._switches.value, _LOG_Y in self._switches.value

    def _set_switches(self, x: bool, y: bool) -> None:
        self._is_quiet = True
        self._switches.value = [n for n, on in ((_LOG_X, x), (_LOG_Y, y)) if on]
        self._is_quiet = False

    def _on_switch(self) -> None:
        if not self._is_quiet:
            self._rebuild()

    def _to_axis(self, x0: float, x1: float, y0: float, y1: float) -> View:
        """Return a box given in value units in axis units."""
        log_x, log_y = self._is_log()
        return View(
            *(end_in_axis(x, log_x) for x in (x0, x1)), *(end_in_axis(y, log_y) for y in (y0, y1))
        )

    def _drawn(self, view: View) -> Mask:
        """Return which nodes are placed, pass the filter and lie in a view."""
        x, y = self._place
        inside = (x >= view.x0) & (x <= view.x1) & (y >= view.y0) & (y <= view.y1)
        inside &= self._is_placed
        return inside if self._mask is None else inside & self._mask

    def _rebuild(self) -> None:
        """Make the figure anew: other measures or another axis."""
        self._switches.visible = self._has_both()
        if self._x is None or self._y is None:
            set_note(self._note, "")
            self._forget(0, _EMPTY)
            return
        columns = (self._x, self._y)
        place = [to_axis(c.values, log) for c, log in zip(columns, self._is_log(), strict=True)]
        self._place = np.array(place)
        drawable = [is_drawable(v) for v in (*self._place, *(c.values for c in columns))]
        self._is_placed = np.logical_and.reduce(drawable)
        set_note(self._note, self._hidden_text())
        if not self._is_placed.any():
            self._forget(len(self._x.values), "No node has a value of both measures to show here.")
            return
        self._view = extent(self._place[:, self._is_placed])
        self._figure = self._build(*columns)
        self._refresh(*_GLYPHS)
        self._frame.draw(self._figure)

    def _forget(self, n: int, text: str) -> None:
        self._figure = None
        self._place, self._is_placed = np.full((2, n), np.nan), np.zeros(n, dtype=np.bool_)
        self._frame.say(text)

    def _build(self, x: MeasureColumn, y: MeasureColumn) -> figure:
        is_log = self._is_log()
        box = BoxSelectTool()
        hover = HoverTool(tooltips=[("node", "@label"), (_AXIS_X, "@x_text"), (_AXIS_Y, "@y_text")])
        low, high = self._to_values()
        fig = new_figure(
            [box, PanTool(), WheelZoomTool(), ResetTool(), hover],
            height=self._height,
            x_axis_type="log" if is_log[0] else "linear",
            y_axis_type="log" if is_log[1] else "linear",
            x_range=Range1d(low[0], high[0]),
            y_range=Range1d(low[1], high[1]),
        )
        fig.toolbar.active_drag = box
        hover.renderers = self._draw_glyphs(fig)
        fig.xaxis.axis_label = plain(shortened(x.label, 60))
        fig.yaxis.axis_label = plain(shortened(y.label, 40))
        fig.on_event(SelectionGeometry, self._on_box)
        fig.on_event(Tap, self._on_tap)
        fig.on_event(RangesUpdate, self._on_ranges)
        fig.on_change("inner_width", self._on_size)
        fig.on_change("inner_height", self._on_size)
        return fig

    def _draw_glyphs(self, fig: figure) -> list[object]:
        """Add the four glyphs, the selected on top; return those that can be hovered."""
        points = []
        for name, (is_image, color) in _GLYPHS.items():
            source = self._sources[name] = ColumnDataSource(name=f"scatter {name}")
            if is_image:
                source.data = _image_data()
                fig.image_rgba("image", x="x", y="y", dw="dw", dh="dh", source=source)
                continue
            source.data = _point_data()
            points.append(
                fig.scatter(
                    "x", "y", source=source, size=_POINT_PX, fill_color=color, fill_alpha=0.65,
                    line_color=color, line_alpha=0.9, nonselection_fill_alpha=0.65,
                    nonselection_line_alpha=0.9,
                )
            )  # fmt: skip
        return points

    def _to_values(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return the view's low and high corner in value units."""
        view, (log_x, log_y) = self._view, self._is_log()
        low = (from_axis(view.x0, log_x), from_axis(view.y0, log_y))
        high = (from_axis(view.x1, log_x), from_axis(view.y1, log_y))
        return low, high

    def _refresh(self, *names: str) -> None:
        """Send the glyphs' columns; the figure stays."""
        fig = self._figure
        if fig is None:
            return
        drawn = self._drawn(self._view)
        chosen = np.zeros_like(drawn)
        chosen[self._rows] = True
        data = {}
        for name in names:
            rows = np.flatnonzero(drawn & chosen if name in _SELECTED_GLYPHS else drawn)
            is_image, color = _GLYPHS[name]
            if is_image != (rows.size > MAX_POINTS):
                data[name] = _image_data() if is_image else _point_data()
            else:
                data[name] = self._image(rows, color) if is_image else self._points(rows)
        sources = self._sources
        in_document(fig.document, lambda: [sources[k].update(data=v) for k, v in data.items()])

    def _image(self, rows: Rows, color: str) -> dict[str, object]:
        view = self._view
        width, height = self._size_px()
        image = density_image(
            self._place[0, rows],
            self._place[1, rows],
            x_range=(view.x0, view.x1),
            y_range=(view.y0, view.y1),
            size_px=(width // _CELL_PX, height // _CELL_PX),
            color=color,
        )
        low, high = self._to_values()
        return {
            "image": [image],
            "x": [low[0]],
            "y": [low[1]],
            "dw": [high[0] - low[0]],
            "dh": [high[1] - low[1]],
        }

    def _points(self, rows: Rows) -> dict[str, object]:
        if self._x is None or self._y is None:
            return _point_data()
        x, y = self._x.values[rows], self._y.values[rows]
        return {
            "x": x,
            "y": y,
            "label": [self._label(row) for row in rows.tolist()],
            "x_text": [format_value(v, self._x.unit) for v in x.tolist()],
            "y_text": [format_value(v, self._y.unit) for v in y.tolist()],
        }

    def _label(self, row: int) -> str:
        return shortened(self._labels[row], 80) if self._labels else f"row {row}"

    def _size_px(self) -> tuple[int, int]:
        """Return the size of the plotting area, bounded since the browser reports it."""
        sizes = [min(max(int(px), 16), _MAX_IMAGE_PX) for px in self._reported_px]
        return sizes[0], sizes[1]

    def _hidden_text(self) -> str:
        if self._x is None or self._y is None:
            return ""
        both = ~np.isnan(self._x.values) & ~np.isnan(self._y.values)
        n_hidden = int((both & ~self._is_placed).sum())
        reason = "≤ 0 or infinite" if any(self._is_log()) else "infinite"
        return f"Not shown: {n_hidden:,} with a value {reason}" if n_hidden else ""

    def _on_box(self, event: SelectionGeometry) -> None:
        geometry = event.geometry
        if event.final and geometry.get("type") == "rect" and self._on_select is not None:
            x0, x1 = sorted((float(geometry["x0"]), float(geometry["x1"])))
            y0, y1 = sorted((float(geometry["y0"]), float(geometry["y1"])))
            self._on_select(self.rows_in(x0, x1, y0, y1))

    def _on_tap(self, event: Tap) -> None:
        if self._on_select is not None:
            row = self.row_near(float(event.x), float(event.y))
            self._on_select(_NO_ROWS if row is None else np.array([row], dtype=np.int64))

    def _on_size(self, attr: str, old: int | None, new: int | None) -> None:
        """Make an image again for the size that the browser has given the figure."""
        axis = 0 if attr == "inner_width" else 1
        if new and new != self._reported_px[axis]:
            self._reported_px[axis] = new
            self._refresh(*_GLYPHS)

    def _on_ranges(self, event: RangesUpdate) -> None:
        ends = (event.x0, event.x1, event.y0, event.y1)
        if any(e is None for e in ends):
            return
        view = self._to_axis(*(float(e) for e in ends if e is not None))
        if np.isfinite(view).all() and view.x1 > view.x0 and view.y1 > view.y0:
            self._view = view
            self._refresh(*_GLYPHS)


_AXIS_X, _AXIS_Y = "x", "y"
# Name of a glyph: whether it is an image, and its colour. The selected lie on top.
_GLYPHS = {
    "crowd": (True, SHOWN_COLOR),
    "points": (False, SHOWN_COLOR),
    "selected crowd": (True, SELECTED_COLOR),
    "selected points": (False, SELECTED_COLOR),
}
_SELECTED_GLYPHS = ("selected crowd", "selected points")


def _image_data() -> dict[str, object]:
    return {"image": [], "x": [], "y": [], "dw": [], "dh": []}


def _point_data() -> dict[str, object]:
    return {"x": [], "y": [], "label": [], "x_text": [], "y_text": []}
