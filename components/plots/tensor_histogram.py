"""Histogram of a tensor's elements: small, to be looked at, linked with nothing.

It knows arrays only.
"""

from __future__ import annotations

import numpy as np
from bokeh.models import ColumnDataSource, HoverTool, NumeralTickFormatter, Range1d
from bokeh.plotting import figure
from numpy.typing import NDArray

from components.plots.figures import SELECTED_COLOR, new_figure
from components.plots.ticks import format_number

HEIGHT_PX = 150
_BAR_WIDTH = 0.95  # of its bin


def tensor_histogram(edges: NDArray[np.float64], counts: NDArray[np.int64]) -> figure:
    """Return a figure of bars.

    Parameters
    ----------
    edges : float64 array, shape (k + 1,)
        Ascending, k at least 1.
    counts : int64 array, shape (k,)
    """
    left, right = edges[:-1], edges[1:]
    spans = [
        f"{format_number(a, 4)} to {format_number(b, 4)}"
        for a, b in zip(left.tolist(), right.tolist(), strict=True)
    ]
    ends = left * (1 - _BAR_WIDTH) + right * _BAR_WIDTH
    data = {"left": left, "right": ends, "top": counts, "span": spans}
    hover = HoverTool(
        tooltips=[("value", "@span"), ("elements", "@top{0,0}")],
        mode="vline",
        point_policy="follow_mouse",
    )
    fig = new_figure(
        [hover],
        height=HEIGHT_PX,
        x_range=Range1d(float(edges[0]), float(edges[-1])),
        y_range=Range1d(0, 1.06 * max(int(counts.max(initial=0)), 1)),
    )
    source = ColumnDataSource(data, name="tensor histogram")
    fig.quad(
        left="left", right="right", bottom=0, top="top", source=source,
        fill_color=SELECTED_COLOR, fill_alpha=0.75, line_color=None,
    )  # fmt: skip
    fig.toolbar_location = None
    fig.yaxis.axis_label = "elements"
    fig.yaxis.formatter = NumeralTickFormatter(format="0.[0]a")
    fig.yaxis.ticker.desired_num_ticks = 3
    fig.xgrid.grid_line_color = None
    return fig
