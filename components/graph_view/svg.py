"""A vector picture of a scene: what the canvas shows, for paper, reports and other programs.

Boxes, groups, edges and labels look as in the browser; camera, selection and handles are left
out. All text is escaped. Must not import Panel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from components.graph_view.scene import ItemFlag, ItemKind, Scene
from components.graph_view.svg_edges import edges_svg
from components.graph_view.svg_text import fill_of, fitted, labelled, number, safe
from components.graph_view.svg_theme import (
    CLASS,
    KIND_CLASSES,
    N_DEPTHS,
    border_of,
    ink_on,
    style_of,
)
from components.graph_view.text_size import DETAIL_PX, TITLE_PX

MAX_DETAILED_ITEMS = 4_000  # beyond, boxes have neither accents nor second lines
RUN_ITEMS = 64
MARGIN = 12.0  # world units around the drawing
HEADER = 26.0  # height of an expanded group's title bar
_TWO_LINES_HEIGHT = 34.0
_SMALL_TITLE_PX = 11.0
_SIDE_ROOM, _TITLE_INSET = 7.0, 10.0
_TITLE_SHIFT, _DETAIL_SHIFT = -7.5, 8.0  # of the two lines, from the box's middle
_BASELINE = 0.35  # em from a line's middle to its baseline
_STRIP_INSET, _STRIP_HEIGHT, _LEAST_PART = 8.0, 4.0, 1.5

Rgb = tuple[int, int, int]


def svg_of(
    scene: Scene,
    *,
    is_dark: bool | None = False,
    name: str = "",
    hints: Sequence[str] = (),
    data: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """Return the picture of a scene as one ``<svg>`` element with its own style sheet.

    In a picture of more than `MAX_DETAILED_ITEMS` items boxes have no second lines and no
    accents, and no more than so many have a hint; of more than `svg_text.MAX_LABELS` items only
    those have a label that `svg_text.labelled` names. Every item has its box.

    Parameters
    ----------
    scene : Scene
    is_dark : bool or None
        Colours for a dark page; None follows the reader's system.
    name : str
        What the picture shows, for those who cannot see it.
    hints : sequence of str, length n_items
        What an item says on hovering, by default its two lines.
    data : mapping of str to sequence of str, length n_items
        ``data-`` attributes of the items; empty texts are left out.
    """
    picture = _Picture(scene, is_dark, hints, data or {})
    width, height = (side + 2 * MARGIN for side in scene.size)
    box = " ".join(map(number, (-MARGIN, -MARGIN, width, height)))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{CLASS}" viewBox="{box}" role="img">',
        f"<title>{safe(name)}</title>" if name else "",
        f"<style>{style_of(is_dark=is_dark)}</style>",
        *picture.expanded_groups(),
        '<g stroke-width="1.2">',
        *edges_svg(scene),
        "</g>",
        *picture.boxes(),
        *picture.group_titles(),
        "</svg>",
    ]
    return "".join(parts)


class _Picture:
    """The items of one picture."""

    def __init__(
        self,
        scene: Scene,
        is_dark: bool | None,
        hints: Sequence[str],
        data: Mapping[str, Sequence[str]],
    ) -> None:
        self.scene, self.is_dark, self.hints = scene, bool(is_dark), hints
        self.data = data
        items, shares = scene.strips.strip_item.tolist(), scene.strips.strip_parts / 255.0
        self.strips = dict(zip(items, shares, strict=True))
        self.is_detailed = len(scene.item_kind) <= MAX_DETAILED_ITEMS
        self.is_labelled: list[bool] = labelled(scene).tolist()
        self.is_hinted: list[bool] = labelled(scene, MAX_DETAILED_ITEMS).tolist()
        self.rect: list[list[float]] = scene.item_rect.astype(np.float64).tolist()
        self.kind: list[int] = scene.item_kind.tolist()
        self.color: list[list[int]] = scene.item_color.tolist()
        self.titles = [scene.strings[at] for at in scene.item_title.tolist()]
        self.details = [scene.strings[at] for at in scene.item_detail.tolist()]

    def boxes(self) -> Iterator[str]:
        """Yield nodes and collapsed groups, in runs of neighbours that a page may hide together."""
        items = [item for item, kind in enumerate(self.kind) if kind != ItemKind.EXPANDED_GROUP]
        for first in range(0, len(items), RUN_ITEMS):
            yield '<g class="run">'
            for item in items[first : first + RUN_ITEMS]:
                yield from self._box(item, self.kind[item])
            yield "</g>"

    def _box(self, item: int, kind: int) -> Iterator[str]:
        x, y, width, height = self.rect[item]
        rgb = self._rgb(item)
        yield f'<g class="n {KIND_CLASSES[kind]}" transform="translate({number(x)} {number(y)})"'
        yield f"{self._attributes(item)}>{self._hint(item)}"
        if kind == ItemKind.COLLAPSED_GROUP and self.is_detailed:
            for off in (6, 3):
                rect = _rect(off, off, width, height, 6, self._paint(rgb))
                yield f'<g class="{KIND_CLASSES[kind]}" opacity=".6">{rect}</g>'
        is_pill = kind in (ItemKind.INPUT, ItemKind.OUTPUT)
        radius = height / 2 if is_pill else 4 if kind == ItemKind.CONSTANT else 6
        yield _rect(0, 0, width, height, radius, self._paint(rgb))
        accent = int(self.scene.item_accent[item])
        if self.is_detailed and accent < 16:
            yield f'<path class="a{accent}" d="{_stripe(height)}"/>'
        if self.is_labelled[item]:
            yield from self._lines(item, kind, rgb)
        yield from self._strip(item, width, height)
        if int(self.scene.item_flags[item]) & ItemFlag.HAS_SUBGRAPH and self.is_detailed:
            yield _badge(width, height)
        yield "</g>"

    def _lines(self, item: int, kind: int, rgb: Rgb | None) -> Iterator[str]:
        """Yield the label, and the second line where the box has room for it."""
        _, _, width, height = self.rect[item]
        room, middle = width - 2 * _SIDE_ROOM, height / 2
        size = _SMALL_TITLE_PX if kind == ItemKind.CONSTANT else TITLE_PX
        title = fitted(self.titles[item], room, size)
        has_detail = height >= _TWO_LINES_HEIGHT and self.is_detailed and self.details[item] != ""
        ink = f' style="fill:{ink_on(rgb)}"' if rgb else ""
        if title:
            shift = _TITLE_SHIFT if has_detail else 0.0
            yield _text("t", width / 2, middle + shift + _BASELINE * size, title, ink)
        if has_detail:
            detail = fitted(self.details[item], room, DETAIL_PX)
            base = middle + (_DETAIL_SHIFT if title else 0.0) + _BASELINE * DETAIL_PX
            yield _text("d", width / 2, base, detail, ink)

    def _strip(self, item: int, width: float, height: float) -> Iterator[str]:
        """Yield what a collapsed group holds; a part that is there at all can be seen."""
        shares = self.strips.get(item)
        if shares is None:
            return
        room, x = width - 2 * _STRIP_INSET, _STRIP_INSET
        parts = np.where(shares > 0, np.maximum(shares * room, _LEAST_PART), 0.0)
        parts *= room / max(float(parts.sum()), 1e-9)
        colors = self.scene.strips.strip_color[:, :3].tolist()
        for part, (red, green, blue) in zip(parts.tolist(), colors, strict=True):
            if part > 0:
                top = height - _STRIP_HEIGHT - 3
                yield (
                    f'<rect x="{number(x)}" y="{number(top)}" width="{number(part)}"'
                    f' height="{number(_STRIP_HEIGHT)}" fill="{fill_of((red, green, blue))}"/>'
                )
                x += part

    def expanded_groups(self) -> Iterator[str]:
        """Yield the boxes behind the edges, the outer first."""
        parent = self.scene.item_parent.tolist()
        depth: list[int] = []
        for item, kind in enumerate(self.kind):
            depth.append(depth[parent[item]] + 1 if parent[item] >= 0 else 0)
            if kind != ItemKind.EXPANDED_GROUP:
                continue
            x, y, width, height = self.rect[item]
            at = min(depth[item], N_DEPTHS - 1)
            yield f'<g class="e" transform="translate({number(x)} {number(y)})"'
            yield f"{self._attributes(item)}>{self._hint(item)}"
            yield _rect(0, 0, width, height, 8, "", f"r e{at}")
            bar = min(HEADER, height)
            yield f'<path class="h" d="{_top(width, bar)}"/>'
            if self.color[item][3]:
                yield f'<path d="{_top(width, 3)}" fill="{fill_of(self._opaque(item))}"/>'
            yield "</g>"

    def group_titles(self) -> Iterator[str]:
        """Yield the titles of expanded groups, over the edges."""
        for item, kind in enumerate(self.kind):
            if kind != ItemKind.EXPANDED_GROUP or not self.is_labelled[item]:
                continue
            x, y, width, _ = self.rect[item]
            title = fitted(self.titles[item], width - 2 * _TITLE_INSET, TITLE_PX)
            if title:
                base = y + HEADER / 2 + _BASELINE * TITLE_PX
                yield f'<g class="e">{_text("t", x + _TITLE_INSET, base, title)}</g>'

    def _rgb(self, item: int) -> Rgb | None:
        return self._opaque(item) if self.color[item][3] else None

    def _opaque(self, item: int) -> Rgb:
        red, green, blue, _ = self.color[item]
        return red, green, blue

    def _paint(self, rgb: Rgb | None) -> str:
        if rgb is None:
            return ""
        line = border_of(rgb, is_dark=self.is_dark)
        return f' style="fill:{fill_of(rgb)};stroke:{line}"'

    def _attributes(self, item: int) -> str:
        values = ((key, column[item]) for key, column in self.data.items())
        return "".join(f' data-{key}="{safe(value)}"' for key, value in values if value)

    def _hint(self, item: int) -> str:
        if not self.is_hinted[item]:
            return ""
        lines = (self.titles[item], self.details[item])
        hint = self.hints[item] if self.hints else "\n".join(filter(None, lines))
        return f"<title>{safe(hint)}</title>" if hint else ""


def _rect(
    x: float, y: float, width: float, height: float, radius: float, paint: str, name: str = "r"
) -> str:
    place = "".join(f' {key}="{number(v)}"' for key, v in (("x", x), ("y", y)) if v)
    size = f'width="{number(width)}" height="{number(height)}" rx="{number(radius)}"'
    return f'<rect class="{name}"{place} {size}{paint}/>'


def _text(name: str, x: float, y: float, text: str, style: str = "") -> str:
    return f'<text class="{name}" x="{number(x)}" y="{number(y)}"{style}>{safe(text)}</text>'


def _stripe(height: float) -> str:
    """Return the left edge of a box with corners of radius 6, 4 wide."""
    low, high = number(height - 6), number(height - 0.3)
    return f"M4 .3A6 6 0 0 0 0 6V{low}A6 6 0 0 0 4 {high}z"


def _top(width: float, height: float) -> str:
    """Return the upper end of a box with corners of radius 8."""
    side, across = number(max(height - 8, 0)), number(width - 16)
    return f"M0 {number(height)}v-{side}a8 8 0 0 1 8-8h{across}a8 8 0 0 1 8 8v{side}z"


def _badge(width: float, height: float) -> str:
    """Return the mark of a node that calls another graph: a small box in a box."""
    x, y = number(width - 3), number(height - 2)
    return (
        f'<g class="q" transform="translate({x} {y})"><circle class="r" r="8"/>'
        '<path class="w" d="M-3.6-3.6h7.2v7.2h-7.2zM-.6-.6h2.8v2.8h-2.8z"/></g>'
    )
