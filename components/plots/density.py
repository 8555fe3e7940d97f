"""Density pictures by Datashader: many points as an image whose opacity follows their number.

Datashader compiles its kernels on the first call and they must not run in two
threads at once, hence one lock. It is imported inside functions, since it takes
0.7 s and few pages need it. The only module that uses Datashader.
"""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

_LOCK = threading.Lock()
_MIN_ALPHA = 110  # a single node stays visible on light and on dark
_SPREAD_PX = 4


def density_image(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    size_px: tuple[int, int],
    color: str,
) -> NDArray[np.uint32]:
    """Return points as an image.

    Counts are made equal in rank (histogram equalisation), so that both crowds
    and loners can be told apart; where points are few they are spread to dots.

    Parameters
    ----------
    x, y : float64 array, shape (n,)
        Finite.
    x_range, y_range : tuple of float
        What the image covers, low < high.
    size_px : tuple of int
        Width, height.
    color : str
        ``#rrggbb``; the count sets the opacity.

    Returns
    -------
    uint32 array, shape (height, width)
        RGBA bytes, the first row at the bottom, for Bokeh's `image_rgba`.
    """
    import pandas as pd
    from datashader import Canvas, count
    from datashader import transfer_functions as shading

    width, height = size_px
    with _LOCK:
        canvas = Canvas(width, height, x_range=x_range, y_range=y_range)
        counts = canvas.points(pd.DataFrame({"x": x, "y": y}), "x", "y", count())
        if not counts.data.any():
            return np.zeros((height, width), dtype=np.uint32)
        image = shading.shade(counts, cmap=color, how="eq_hist", min_alpha=_MIN_ALPHA)
        image = shading.dynspread(image, threshold=0.6, max_px=_SPREAD_PX, shape="circle")
        return np.asarray(image.data, dtype=np.uint32)


def warm() -> None:
    """Import Datashader and compile its kernels (about two seconds), once a process."""
    ends = np.array([0.0, 1.0])
    unit = (0.0, 1.0)
    density_image(ends, ends, x_range=unit, y_range=unit, size_px=(16, 16), color="#000000")
