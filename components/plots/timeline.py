"""Memory along a schedule: a bar a step, or a few; brushable. It knows arrays only.

Long schedules are drawn in bins, each as high as its highest step, so that no peak is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import panel as pn
from bokeh.events import SelectionGeometry, Tap
from bokeh.models import (
    BoxSelectTool,
    ColumnDataSource,
    HoverTool,
    NumeralTickFormatter,
    Range1d,
    ResetTool,
)
from bokeh.plotting import figure
from numpy.typing import NDArray

from components.plots.columns import Rows, shortened
from components.plots.figures import (
    ALL_COLOR,
    SELECTED_COLOR,
    Frame,
    in_document,
    new_figure,
    note_pane,
    set_note,
)
from components.plots.ticks import format_value

MOST_BINS = 600
HEIGHT_PX = 170
_EMPTY = "No size of a tensor is known."
_MAX_NAME_CHARS = 48


class Timeline:
    """Bytes at each step of a schedule.

    Parameters
    ----------
    on_select : callable (rows) -> None
        The reader dragged over steps or clicked one; never called by the methods below.
    """

    def __init__(self, on_select: Callable[[Rows], None]) -> None:
        self._on_select = on_select
        self._rows: Rows = np.zeros(0, dtype=np.int64)
        self._starts: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._source = ColumnDataSource()
        self._figure: figure | None = None
        self._frame = Frame(_EMPTY)
        self._note = note_pane()
        self.view = pn.Column(self._note, self._frame.view, sizing_mode="stretch_width", margin=0)

    def set_steps(
        self, rows: Rows, values: NDArray[np.float64], names: Sequence[str], note: str
    ) -> None:
        """Show a schedule.

        Parameters
        ----------
        rows : int array, shape (s,)
            The node of each step.
        values : float64 array, shape (s,)
            Bytes.
        names : sequence of str
            Of all nodes, by row.
        note : str
            A line above the plot.
        """
        self._rows = rows
        if not len(rows) or not values.max() > 0:
            self._figure = None
            set_note(self._note, "")
            self._frame.say(_EMPTY)
            return
        n = len(rows)
        self._starts = np.unique(np.linspace(0, n, min(n, MOST_BINS), endpoint=False, dtype=int))
        ends = np.append(self._starts[1:], n)
        peaks = np.array([a + np.argmax(values[a:b]) for a, b in zip(self._starts, ends)])  # noqa: B905
        self._source = ColumnDataSource(
            {
                "left": self._starts,
                "right": ends,
                "top": values[peaks],
                "name": [shortened(names[row], _MAX_NAME_CHARS) for row in rows[peaks].tolist()],
                "text": [format_value(v, "bytes") for v in values[peaks].tolist()],
                "step": peaks + 1,
                "color": [ALL_COLOR] * len(peaks),
            }
        )
        self._draw(n, float(values.max()))
        set_note(self._note, note)

    def set_selection(self, rows: Rows) -> None:
        """Colour the bars of the selected nodes."""
        if self._figure is None:
            return
        is_selected = np.logical_or.reduceat(np.isin(self._rows, rows), self._starts)
        colors = np.where(is_selected, SELECTED_COLOR, ALL_COLOR).tolist()
        if colors != self._source.data["color"]:
            source = self._source
            in_document(source.document, lambda: source.data.update(color=colors))

    @property
    def colors(self) -> list[str]:
        """Colour of each bar."""
        return list(self._source.data["color"])

    @property
    def tops(self) -> NDArray[np.float64]:
        """Bytes that each bar shows."""
        return np.asarray(self._source.data["top"])

    def choose(self, low: float, high: float) -> None:
        """Do what a drag over these places of the x axis does."""
        ends = np.append(self._starts[1:], len(self._rows))
        inside = np.flatnonzero((ends > low) & (self._starts <= high))
        if len(inside):
            self._on_select(self._rows[self._starts[inside[0]] : ends[inside[-1]]])

    def _draw(self, n: int, highest: float) -> None:
        hover = HoverTool(
            tooltips=[("step", "@step{0,0}"), ("operator", "@name"), ("alive", "@text")],
            mode="vline",
            point_policy="follow_mouse",
        )
        brush = BoxSelectTool(dimensions="width")
        fig = new_figure(
            [hover, brush, ResetTool()],
            height=HEIGHT_PX,
            x_range=Range1d(0, n),
            y_range=Range1d(0, 1.06 * highest),
        )
        fig.toolbar.active_drag = brush
        fig.quad(
            left="left", right="right", bottom=0, top="top", source=self._source,
            fill_color="color", line_color="color", line_width=0.5, nonselection_alpha=1.0,
        )  # fmt: skip
        fig.xaxis.axis_label = "step"
        fig.xaxis.formatter = NumeralTickFormatter(format="0,0")
        fig.yaxis.formatter = NumeralTickFormatter(format="0.[0] ib")
        fig.yaxis.ticker.desired_num_ticks = 4
        fig.xgrid.grid_line_color = None
        fig.on_event(SelectionGeometry, self._brushed)
        fig.on_event(Tap, lambda event: self.choose(event.x, event.x))
        self._figure = fig
        self._frame.draw(fig)

    def _brushed(self, event: SelectionGeometry) -> None:
        if event.final and event.geometry.get("type") == "rect":
            self.choose(event.geometry["x0"], event.geometry["x1"])
