"""Float against quantized values of one tensor, counted in cells; linked with nothing.

It knows arrays only.
"""

from __future__ import annotations

import numpy as np
from bokeh.models import LinearColorMapper, Range1d
from bokeh.palettes import Viridis256
from bokeh.plotting import figure
from numpy.typing import NDArray

from components.plots.figures import SELECTED_COLOR, new_figure

HEIGHT_PX = 260
SHADES = Viridis256[70:236]  # to be seen on a light page as on a dark one


def error_image(edges: NDArray[np.float64], counts: NDArray[np.int64]) -> figure:
    """Return a figure: colour is the logarithm of the count, the line is where both are equal.

    Parameters
    ----------
    edges : float64 array, shape (k + 1,)
        Ascending, of both axes.
    counts : int64 array, shape (k, k)
        By float value, then by quantized value.
    """
    low, high = float(edges[0]), float(edges[-1])
    fig = new_figure([], height=HEIGHT_PX, x_range=Range1d(low, high), y_range=Range1d(low, high))
    shade = np.log1p(counts.T.astype(np.float64))
    mapper = LinearColorMapper(
        SHADES, low=float(np.log(1.5)), high=max(float(shade.max(initial=0.0)), 1.0),
        low_color="rgba(0, 0, 0, 0)",
    )  # fmt: skip
    fig.image(image=[shade], x=low, y=low, dw=high - low, dh=high - low, color_mapper=mapper)
    fig.line([low, high], [low, high], line_color=SELECTED_COLOR, line_width=1, line_alpha=0.6)
    fig.toolbar_location = None
    fig.xaxis.axis_label, fig.yaxis.axis_label = "float", "quantized"
    return fig
