"""Text in a vector picture: escaped, cut to its box, and left out where there is too much of it.

Imports `components.graph_view.scene` and the estimate of text widths only.
"""

from __future__ import annotations

import math
from functools import lru_cache
from html import escape

import numpy as np
from numpy.typing import NDArray

from components.graph_view.scene import ItemKind, Scene
from components.graph_view.text_size import text_width
from graphs.errors import quoted

MAX_LABELS = 10_000
MAX_TEXT_CHARS = 400  # of one text; names in a file may be megabytes long


def safe(text: str, limit: int = MAX_TEXT_CHARS) -> str:
    """Return text from a file for HTML and SVG: on one line, cut, escaped, nothing unprintable."""
    return escape(quoted(text, limit))


def number(value: float) -> str:
    """Return a coordinate, to a tenth of a world unit."""
    return f"{round(value, 1):.10g}"


def fill_of(rgb: tuple[int, int, int]) -> str:
    """Return a colour as ``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*rgb)


@lru_cache(maxsize=16384)
def fitted(text: str, room: float, size_px: float) -> str:
    """Return text cut with an ellipsis where it is wider than `room` world units."""
    flat = quoted(text, 256)
    if text_width(flat, size_px) <= room:
        return flat
    room -= text_width("…", size_px)
    kept = 0
    for char in flat:
        room -= text_width(char, size_px)
        if room < 0:
            break
        kept += 1
    return f"{flat[:kept].rstrip()}…" if kept else ""


def labelled(scene: Scene, most: int = MAX_LABELS) -> NDArray[np.bool_]:
    """Return which items bear a label: all, or in a large picture those that tell most.

    Groups come first, the outer before the inner, then what has a colour of the overlay,
    then operators before constants.

    Returns
    -------
    bool array, shape (n,)
    """
    n = len(scene.item_kind)
    if n <= most:
        return np.ones(n, dtype=np.bool_)
    kind = scene.item_kind
    area = scene.item_rect[:, 2] * scene.item_rect[:, 3]
    is_group = kind >= ItemKind.COLLAPSED_GROUP
    rank = np.where(is_group, 0, np.where(scene.item_color[:, 3] > 0, 1, 2))
    rank[kind == ItemKind.CONSTANT] += 1
    chosen = np.lexsort((np.arange(n), np.where(is_group, -area, math.inf), rank))[:most]
    mask = np.zeros(n, dtype=np.bool_)
    mask[chosen] = True
    return mask
