"""The errors of a weight's channels side by side: small, to be looked at, linked with nothing.

It knows arrays only.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from bokeh.models import ColumnDataSource, HoverTool, Range1d
from bokeh.plotting import figure
from numpy.typing import NDArray

from components.plots.figures import SELECTED_COLOR, new_figure
from components.plots.ticks import format_number

HEIGHT_PX = 150
MAX_BARS = 1024  # of more channels each bar is the worst of several
_BAR_WIDTH = 0.9


def channel_errors(
    heights: NDArray[np.float64], label: str, told: Mapping[str, NDArray[np.float64]]
) -> figure:
    """Return a figure of bars, one a channel.

    Parameters
    ----------
    heights : float64 array, shape (n,)
        Error of each channel, higher is worse; what is not finite has no bar.
    label : str
        What `heights` are.
    told : mapping of str to float64 array, shape (n,)
        Further numbers of each channel, for the tooltip, by their name.
    """
    worst = worst_of_each(heights)
    data = {
        "x": worst,
        "top": np.where(np.isfinite(heights[worst]), heights[worst], np.nan),
        "height": [format_number(v, 4) for v in heights[worst].tolist()],
    }
    width = max(1.0, len(heights) / max(1, len(worst))) * _BAR_WIDTH
    tips = [("channel", "@x"), (label, "@height")]
    for i, (name, values) in enumerate(told.items()):
        data[f"told{i}"] = [format_number(v, 4) for v in values[worst].tolist()]
        tips.append((name, f"@told{i}"))
    hover = HoverTool(tooltips=tips, mode="vline", point_policy="follow_mouse")
    finite = heights[np.isfinite(heights)]
    fig = new_figure(
        [hover],
        height=HEIGHT_PX,
        x_range=Range1d(-0.5, max(1, len(heights)) - 0.5),
        y_range=Range1d(0, 1.06 * float(finite.max(initial=0.0)) or 1.0),
    )
    source = ColumnDataSource(data, name="channel errors")
    fig.vbar(
        x="x", width=width, bottom=0, top="top", source=source,
        fill_color=SELECTED_COLOR, fill_alpha=0.75, line_color=None,
    )  # fmt: skip
    fig.toolbar_location = None
    fig.xaxis.axis_label, fig.yaxis.axis_label = "channel", label
    fig.yaxis.ticker.desired_num_ticks = 3
    fig.xgrid.grid_line_color = None
    return fig


def worst_of_each(heights: NDArray[np.float64], most: int = MAX_BARS) -> NDArray[np.int64]:
    """Return the channels that have a bar: all, or the worst of each run of neighbours.

    Returns
    -------
    int64 array, shape (min(n, most),) or fewer, ascending
    """
    n = len(heights)
    if n <= most:
        return np.arange(n, dtype=np.int64)
    size = -(-n // most)
    padded = np.full(size * -(-n // size), -np.inf)
    padded[:n] = np.where(np.isnan(heights), -np.inf, heights)
    rows = padded.reshape(-1, size)
    return np.asarray(rows.argmax(axis=1) + np.arange(len(rows)) * size, dtype=np.int64)
