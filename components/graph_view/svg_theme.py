"""Colours of a vector picture: those of `src/theme.ts`, as a style sheet.

Rules name colours outright, not by variables, so that a picture also opens in programs that know
no more than plain CSS. Imports `components.plots.op_categories` only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from components.plots.op_categories import OP_CATEGORIES, op_category_color

CLASS = "opscope-graph"
KIND_CLASSES = ("o", "i", "u", "c", "q", "e")  # in the order of `ItemKind`
N_DEPTHS = 8  # groups deeper than this look the same
FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif'


@dataclass(frozen=True, slots=True)
class Theme:
    """The part of a theme that a picture without pointer and selection needs.

    Attributes
    ----------
    colors : mapping of str to "#rrggbb" or "#rrggbbaa"
        By their names in `src/theme.ts`.
    kinds : tuple of (fill, border, title, detail)
        In the order of `ItemKind`.
    """

    colors: Mapping[str, str]
    kinds: tuple[tuple[str, str, str, str], ...]


LIGHT = Theme(
    {
        "page": "#fafafa",
        "groupNear": "#f0f3f9",
        "groupDeep": "#d3ddee",
        "header": "#23508c12",
        "edge": "#8a97aa",
        "edgeBack": "#b7791f",
        "select": "#1668dc",
        "textOnLight": "#17202e",
        "textOnDark": "#ffffff",
    },
    (
        ("#ffffff", "#c3ccda", "#1c2635", "#66738a"),
        ("#e3f5ea", "#85c7a0", "#14532d", "#3f7a57"),
        ("#fdeee2", "#eab489", "#7c2d12", "#a3623d"),
        ("#f1f2f5", "#d5dae1", "#6a7485", "#8a93a3"),
        ("#e6eefb", "#9db8e2", "#1d3d70", "#56719e"),
        ("#f0f3f9", "#c2cee1", "#3c4f70", "#6c7d99"),
    ),
)
DARK = Theme(
    {
        "page": "#121212",
        "groupNear": "#1a1d22",
        "groupDeep": "#333c4b",
        "header": "#a9c7ff12",
        "edge": "#66748a",
        "edgeBack": "#d6a04a",
        "select": "#6ea8ff",
        "textOnLight": "#14181f",
        "textOnDark": "#ffffff",
    },
    (
        ("#2a3039", "#4a5466", "#eaeef5", "#9aa7bb"),
        ("#17352a", "#3b7d5d", "#b9efd0", "#7fb999"),
        ("#3d2a1d", "#8e6040", "#fcd9bd", "#c99a76"),
        ("#1f2329", "#3a424e", "#98a3b3", "#76818f"),
        ("#243450", "#4b6a9d", "#d3e3ff", "#90abd6"),
        ("#1a1d22", "#3b4554", "#bac8de", "#8492a8"),
    ),
)


def style_of(*, is_dark: bool | None) -> str:
    """Return the style sheet; None follows the reader's system, and is light on paper."""
    if is_dark is not None:
        return _SHAPES + _rules(DARK if is_dark else LIGHT)
    dark = f"@media screen and (prefers-color-scheme:dark){{{_rules(DARK)}}}"
    return _SHAPES + _rules(LIGHT) + dark


def ink_on(rgb: tuple[int, int, int]) -> str:
    """Return the text colour on an opaque fill, as the shaders choose it."""
    red, green, blue = ((channel / 255) ** 2.2 for channel in rgb)
    is_light = 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.32
    return LIGHT.colors["textOnLight" if is_light else "textOnDark"]


def border_of(rgb: tuple[int, int, int], *, is_dark: bool) -> str:
    """Return the border of a fill: darker on a light page, lighter on a dark one."""
    return mixed("#{:02x}{:02x}{:02x}".format(*rgb), "#ffffff" if is_dark else "#000000", 0.28)


def mixed(color: str, other: str, share: float) -> str:
    """Return a colour with a share 0..1 of another in it; alpha is not looked at."""
    ours, theirs = (_channels(one) for one in (color, other))
    made = (round(a + (b - a) * share) for a, b in zip(ours, theirs, strict=True))
    return "#{:02x}{:02x}{:02x}".format(*made)


def _channels(color: str) -> tuple[int, ...]:
    return tuple(int(color[at : at + 2], 16) for at in (1, 3, 5))


_ACCENTS = "".join(
    f".{CLASS} .a{i}{{fill:{op_category_color(i)}}}" for i in range(len(OP_CATEGORIES))
)
_SHAPES = (
    f".{CLASS}{{font-family:{FONT}}}"
    f".{CLASS} text{{pointer-events:none}}"
    f".{CLASS} .t{{font-size:12.5px;font-weight:600}}"
    f".{CLASS} .d{{font-size:10.5px}}"
    f".{CLASS} .c .t{{font-size:11px;font-weight:400}}"
    f".{CLASS} .n text{{text-anchor:middle}}"
    f".{CLASS} .e>.t{{paint-order:stroke;stroke-width:4px;stroke-linejoin:round}}"
    f".{CLASS} .w{{fill:none}}"
    f".{CLASS} .x{{stroke-dasharray:3 4}}"
    f".{CLASS} .b{{stroke-dasharray:7 4}}"
) + _ACCENTS


def _rules(theme: Theme) -> str:
    colors = theme.colors
    made = [
        f".{CLASS} .{name}>.r{{fill:{fill};stroke:{border}}}"
        f".{CLASS} .{name} .t{{fill:{title}}}.{CLASS} .{name} .d{{fill:{detail}}}"
        for name, (fill, border, title, detail) in zip(KIND_CLASSES, theme.kinds, strict=True)
    ]
    near, deep = colors["groupNear"], colors["groupDeep"]
    made.append(f".{CLASS} .e>.t{{stroke:{mixed(near, deep, 0.3)}}}")  # titles lie over edges
    made += [
        f".{CLASS} .e{depth}{{fill:{mixed(near, deep, 1 - math.exp(-0.33 * depth))}}}"
        for depth in range(N_DEPTHS)
    ]
    header = colors["header"]
    made.append(
        f".{CLASS} .h{{fill:{header[:7]};fill-opacity:{int(header[7:], 16) / 255:.3f}}}"
        f".{CLASS} .w{{stroke:{colors['edge']}}}.{CLASS} .y{{fill:{colors['edge']}}}"
        f".{CLASS} .w.b{{stroke:{colors['edgeBack']}}}.{CLASS} .y.b{{fill:{colors['edgeBack']}}}"
    )
    return "".join(made)
