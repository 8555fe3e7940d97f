"""Colours: values and a range to RGBA, one mapping for WebGL and Bokeh alike.

A sequential scale leaves the page's background as the value gets worse: on
light from pale yellow to deep red, on dark from deep blue to bright yellow, so
the expensive node is always the one that stands out. Both are perceptually
uniform and monotone in lightness, hence safe for colour-blind readers (Kovesi,
"Good Colour Maps: How to Design Them", 2015; CET-L18, CET-L8, CET-D1A).

This module imports no Panel and no Bokeh.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from components.plots.op_categories import OP_CATEGORIES, op_category, op_category_color
from components.plots.ticks import (
    finite_range,
    format_number,
    format_value,
    is_scaled,
    nice_ticks,
    unit_for,
)
from graphs.match_types import KINDS

__all__ = [
    "OP_CATEGORIES",
    "Rgba",
    "Scale",
    "ScaleKind",
    "category_colors",
    "op_category",
    "op_category_color",
    "rest_color",
    "scale_for",
    "text_on",
]

ScaleKind = Literal["sequential", "diverging", "categorical", "thresholds", "gradient"]
Rgba = tuple[int, int, int, int]

# Ends of the published maps that would vanish in the page's background are cut.
_MAPS = {
    ("sequential", False): ("CET_L18", 0.10, 1.0),
    ("sequential", True): ("CET_L8", 0.12, 0.97),
    ("diverging", False): ("CET_D1A", 0.06, 0.94),
    ("diverging", True): ("CET_D1A", 0.10, 0.90),
}
# Okabe & Ito's colours first (jfly.uni-koeln.de/color), then darker and lighter mates.
_CATEGORIES = (
    "#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#f0e442", "#8c6bb1",
    "#7f7f7f", "#a6761d", "#1b9e9e", "#b2df8a", "#fb9a99", "#6a51a3", "#bcbd22", "#e7298a",
)  # fmt: skip
# Of a difference, on a light and on a dark page: what is equal is quiet, the others were searched
# for the greatest distance (CIELAB) that the colour-blind keep as well.
_KIND_COLORS = {
    "equal": ("#c9d0da", "#454d59"),
    "changed": ("#dcae09", "#f7b01a"),
    "added": ("#1d67d6", "#2b84f7"),
    "removed": ("#c32d10", "#f27950"),
    "fused": ("#a63480", "#c98ad8"),
    "split": ("#06bd74", "#3ddea6"),
}
_REST_COLORS = ("#9aa1ac", "#70757e")
_DARK_TEXT, _LIGHT_TEXT = "#1f1f1f", "#ffffff"
_N_STOPS = 9
_LEGEND_CHARS = 34  # that fit beside each other under the colours
_EMPTY_RANGE = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """A mapping from values to colours. Made by `scale_for`.

    Attributes
    ----------
    kind : ScaleKind
    low, high : float
        The values at the ends; what lies outside takes the end's colour.
    unit : str
        For the legend's numbers.
    is_log : bool
        Positions follow the logarithm; values <= 0 take the colour of `low`.
    is_reversed : bool
        True where a lower value is worse, so that `low` gets the loud colour.
    is_dark : bool
        Colours for a dark page.
    categories : tuple of str
        Labels of the values 0, 1, ... of a categorical scale.
    rules : tuple of (float, (r, g, b, a))
        Upper bounds of a thresholds scale (ascending; the first with value <=
        bound wins, above the last there is no colour), or stops 0..1 of a gradient.
    """

    kind: ScaleKind
    low: float
    high: float
    unit: str = ""
    is_log: bool = False
    is_reversed: bool = False
    is_dark: bool = False
    categories: tuple[str, ...] = ()
    rules: tuple[tuple[float, Rgba], ...] = ()

    def in_theme(self, is_dark: bool) -> Scale:
        """Return the same scale for a light or a dark page."""
        return replace(self, is_dark=is_dark)

    def rgba(self, values: NDArray[np.floating]) -> NDArray[np.uint8]:
        """Return colours.

        Parameters
        ----------
        values : float array, shape (n,)

        Returns
        -------
        uint8 array, shape (n, 4)
            Straight alpha; alpha 0 for NaN and where no threshold applies.
        """
        values = np.asarray(values, dtype=np.float64)
        missing = np.isnan(values)
        known = np.where(missing, 0.0, values)
        if self.kind == "categorical":
            table = _rgba_table(tuple(self.hex_colors()) or _CATEGORIES)
            colors = table[np.clip(known, 0, 2**31).astype(np.int64) % len(table)]
        elif self.kind == "thresholds":
            colors = self._threshold_colors(known)
        else:
            table = self._table()
            index = np.rint(self.positions(known) * (len(table) - 1)).astype(np.int64)
            colors = table[index]
        colors = colors.copy()
        colors[missing] = 0
        return colors

    def positions(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return positions 0..1 along the colours, clipped; NaN stays NaN."""
        values = np.array(values, dtype=np.float64)
        low, high = self.low, self.high
        if self.is_log:
            low, high = math.log10(low), math.log10(high)
            logs = np.where(np.isnan(values), np.nan, low)
            np.log10(values, where=values > 0, out=logs)
            values = logs
        span = high / 2 - low / 2  # by halves: the range of doubles is wider than a double
        if span > 0:
            place = np.clip((values / 2 - low / 2) / span, 0.0, 1.0)
        else:
            place = np.where(np.isnan(values), np.nan, 0.5)
        return np.asarray(1.0 - place if self.is_reversed else place, dtype=np.float64)

    def hex_colors(self, n: int = 256) -> list[str]:
        """Return `n` colours from `low` to `high`, or one a category or threshold."""
        if self.kind == "categorical":
            return category_colors(self.categories, is_dark=self.is_dark)
        if self.kind == "thresholds":
            return [_hex(rgba) for _, rgba in self.rules]
        table = self._table()
        order = np.rint(np.linspace(0, len(table) - 1, n)).astype(np.int64)
        colors = table[order[::-1] if self.is_reversed else order]
        return [_hex(row) for row in colors]

    def legend_stops(
        self,
    ) -> tuple[
        tuple[tuple[float, str], ...], tuple[tuple[float, str], ...], tuple[tuple[str, str], ...]
    ]:
        """Return stops, ticks and swatches for `components.graph_view.scene.Legend`."""
        if self.kind == "categorical":
            return (), (), tuple(zip(self.hex_colors(), self.categories, strict=True))
        if self.kind == "thresholds":
            return (), (), self._threshold_swatches()
        colors = self.hex_colors(_N_STOPS)
        stops = tuple((i / (_N_STOPS - 1), color) for i, color in enumerate(colors))
        return stops, self._ticks(), ()

    def _table(self) -> NDArray[np.uint8]:
        if self.kind == "gradient":
            return _gradient_table(self.rules)
        return _map_table(*_MAPS[self.kind, self.is_dark])

    def _threshold_colors(self, values: NDArray[np.float64]) -> NDArray[np.uint8]:
        bounds = np.array([at for at, _ in self.rules])
        table = np.array([rgba for _, rgba in self.rules] + [(0, 0, 0, 0)], dtype=np.uint8)
        return table[np.searchsorted(bounds, values, side="left")]

    def _threshold_swatches(self) -> tuple[tuple[str, str], ...]:
        return tuple((_hex(rgba), f"≤ {format_value(at, self.unit)}") for at, rgba in self.rules)

    def _ticks(self) -> tuple[tuple[float, str], ...]:
        """Label round numbers; the unit stands at the last one."""
        values = nice_ticks(self.low, self.high, 4, is_log=self.is_log) or [self.low]
        places = self.positions(np.array(values))
        places = 1.0 - places if self.is_reversed else places
        if self.is_log and is_scaled(self.unit):
            texts = [format_value(v, self.unit) for v in values]
        else:
            size, unit = unit_for(values[-1], self.unit)
            texts = [format_number(v / size, 4) for v in values]
            texts[-1] += f" {unit}" if unit else ""
        ticks = sorted((float(p), t) for p, t in zip(places, texts, strict=True))
        return tuple(_apart(ticks))


def _apart(ticks: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """Leave out ticks whose texts would touch on the legend; the last one stays."""
    kept = ticks[:1]
    for i, (place, text) in enumerate(ticks[1:], start=1):
        before, last = kept[-1]
        # A text is moved left by its own width times its place, so that the outer ones stay inside.
        free = (place - before) * _LEGEND_CHARS + before * len(last) - place * len(text) - len(last)
        is_last = i == len(ticks) - 1
        if is_last and free < 2:
            kept.pop()
        if is_last or free >= 2:
            kept.append((place, text))
    return kept


def category_colors(categories: Sequence[str], *, is_dark: bool = False) -> list[str]:
    """Return a colour ``#rrggbb`` for each category, on the graph and in plots alike.

    Categories that are all kinds of a difference (`graphs.match_types.KINDS`) have
    colours of their own, equal a quiet grey; others take turns by their place.
    """
    if set(categories) <= set(KINDS):
        return [_KIND_COLORS[kind][is_dark] for kind in categories]
    return [_CATEGORIES[i % len(_CATEGORIES)] for i in range(len(categories))]


def rest_color(*, is_dark: bool = False) -> str:
    """Return the grey of categories that are too rare for a colour of their own."""
    return _REST_COLORS[is_dark]


def scale_for(
    values: NDArray[np.floating],
    *,
    thresholds: Sequence[object] = (),
    gradient: Sequence[object] = (),
    categories: Sequence[str] = (),
    is_log: bool = False,
    is_higher_worse: bool = True,
    low: float | None = None,
    high: float | None = None,
    is_robust: bool = False,
    unit: str = "",
    kind: ScaleKind | None = None,
    is_dark: bool = False,
) -> Scale:
    """Choose a scale for a measure's values.

    Parameters
    ----------
    values : float array, shape (n,)
        NaN and infinities do not count for the range.
    thresholds, gradient : sequence of objects with ``at`` and ``rgba``
        Colours that a file asks for (`graphs.node_data.ColorRule`); a gradient
        wins over thresholds, both over the palette.
    categories : sequence of str
        Labels of categorical values.
    is_log : bool
        Ignored where no value is positive.
    is_higher_worse : bool
        False puts the loud end at the least value.
    low, high : float, optional
        Ends of the range; where missing, the least and the greatest value.
    is_robust : bool
        Take the 1st and 99th percentile instead, so that one outlier does not
        make all others equal.
    unit : str
        For the legend.
    kind : ScaleKind, optional
        ``"diverging"`` is chosen by itself where higher is worse and the values
        lie on both sides of zero (a difference); pass a kind to decide.
    is_dark : bool
        Colours for a dark page; see `Scale.in_theme`.
    """
    values = np.asarray(values, dtype=np.float64)
    if categories:
        kind = "categorical"
    elif gradient:
        kind = "gradient"
    elif thresholds:
        kind = "thresholds"
    is_log = is_log and kind not in ("categorical", "thresholds", "gradient")
    start, end, is_log = _range(values, low, high, is_robust=is_robust, is_log=is_log)
    if kind is None:
        kind = "diverging" if is_higher_worse and start < 0 < end else "sequential"
    if kind == "diverging":
        end = max(abs(start), abs(end))
        start, is_log = -end, False
    return Scale(
        kind=kind,
        low=start,
        high=end,
        unit=unit,
        is_log=is_log,
        is_reversed=kind in ("sequential", "diverging") and not is_higher_worse,
        is_dark=is_dark,
        categories=tuple(categories),
        rules=_rules(gradient or thresholds),
    )


def _range(
    values: NDArray[np.floating],
    low: float | None,
    high: float | None,
    *,
    is_robust: bool,
    is_log: bool,
) -> tuple[float, float, bool]:
    """Return both ends, finite and in order, and whether the range may be logarithmic."""
    usable = values[np.isfinite(values)]
    if is_log:
        usable = usable[usable > 0]
    start, end = finite_range(usable)
    if usable.size and is_robust:
        start, end = (float(v) for v in np.percentile(usable, (1, 99)))
    start = low if low is not None and math.isfinite(low) else start
    end = high if high is not None and math.isfinite(high) else end
    if math.isnan(start) or math.isnan(end):
        start, end = _EMPTY_RANGE
    start, end = min(start, end), max(start, end)
    return start, end, is_log and start > 0


def _rules(rules: Sequence[object]) -> tuple[tuple[float, Rgba], ...]:
    pairs = [(float(rule.at), tuple(rule.rgba)) for rule in rules]  # type: ignore[attr-defined]
    return tuple(sorted(pairs, key=lambda pair: pair[0]))


@lru_cache(maxsize=8)
def _map_table(name: str, start: float, end: float) -> NDArray[np.uint8]:
    """Return 256 colours of a colorcet map between two positions, shape (256, 4)."""
    import colorcet  # here, since it takes longer to import than the rest of this module

    colors = getattr(colorcet, name)
    order = np.rint(np.linspace(start, end, 256) * (len(colors) - 1)).astype(int)
    return _rgba_table(tuple(colors[i] for i in order))


@lru_cache(maxsize=8)
def _rgba_table(colors: tuple[str, ...]) -> NDArray[np.uint8]:
    rows = [[int(c[i : i + 2], 16) for i in (1, 3, 5)] + [255] for c in colors]
    return np.array(rows, dtype=np.uint8)


@lru_cache(maxsize=32)
def _gradient_table(rules: tuple[tuple[float, Rgba], ...]) -> NDArray[np.uint8]:
    """Return 256 colours, linear in sRGB between the stops as in a browser."""
    places = np.array([at for at, _ in rules])
    colors = np.array([rgba for _, rgba in rules], dtype=np.float64)
    line = np.linspace(0, 1, 256)
    channels = [np.interp(line, places, colors[:, i]) for i in range(4)]
    return np.rint(np.column_stack(channels)).astype(np.uint8)


def _hex(rgba: Sequence[int] | NDArray[np.uint8]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*(int(c) for c in rgba[:3]))


def text_on(rgba: Sequence[int] | NDArray[np.uint8]) -> str:
    """Return the text colour, dark or white, with the better contrast on an opaque fill.

    Contrast is that of WCAG 2.1 (relative luminance).
    """
    linear = []
    for channel in rgba[:3]:
        c = int(channel) / 255
        linear.append(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4)
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    dark = (luminance + 0.05) / (0.0137 + 0.05)  # luminance of `_DARK_TEXT`
    return _DARK_TEXT if dark >= 1.05 / (luminance + 0.05) else _LIGHT_TEXT
