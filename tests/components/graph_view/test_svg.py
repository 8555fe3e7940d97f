"""The vector picture of a scene: every item is there, nothing escapes, and its size is bounded."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from components.graph_view.drawing import boxes_of, labels_of, scene_of
from components.graph_view.scene import N_PARTS, EdgeFlag, ItemKind, Scene, Strips
from components.graph_view.svg import MAX_DETAILED_ITEMS, svg_of
from components.graph_view.svg_text import MAX_LABELS, fitted, labelled
from components.graph_view.svg_theme import DARK, LIGHT, style_of
from components.graph_view.text_size import TITLE_PX, text_width
from components.plots.op_categories import OP_CATEGORIES, op_category_color
from graphs.layout import lay_out
from graphs.visible import visible
from tests.helpers.small_models import two_block_graph

SVG = "{http://www.w3.org/2000/svg}"
THEME_TS = Path(__file__).resolve().parents[3] / "components/graph_view/src/theme.ts"
MAX_BYTES = 5_000_000


def parsed(picture: str) -> ET.Element:
    """Return the root of a picture, which is well-formed XML of our own making."""
    return ET.fromstring(picture)  # noqa: S314


def small_scene(*expanded: int) -> Scene:
    """Return the scene of a graph of two blocks."""
    seen = visible(two_block_graph(), expanded)
    labels = labels_of(seen)
    return scene_of(seen, labels, lay_out(boxes_of(seen, labels)), graph_key="two blocks")


def large_scene(n: int, name: str = "a_rather_long_operator_name") -> Scene:
    """Return a grid of n operators in a chain, laid out by hand."""
    side = int(np.ceil(np.sqrt(n)))
    x, y = (np.arange(n) % side) * 150.0, (np.arange(n) // side) * 74.0
    rect = np.stack([x, y, np.full(n, 134.0), np.full(n, 38.0)], axis=1).astype(np.float32)
    tops, ends = rect[:-1, :2] + (67.0, 38.0), rect[1:, :2] + (67.0, 0.0)
    down = np.array([0.0, 18.0])
    points = np.concatenate([tops, tops + down, ends - down, ends], axis=1)
    m = n - 1
    return Scene(
        item_rect=rect,
        item_parent=np.full(n, -1, np.int32),
        item_kind=np.zeros(n, np.uint8),
        item_flags=np.zeros(n, np.uint8),
        item_key=np.arange(n, dtype=np.uint32),
        item_title=np.ones(n, np.uint32),
        item_detail=np.full(n, 2, np.uint32),
        item_color=np.zeros((n, 4), np.uint8),
        item_accent=np.zeros(n, np.uint8),
        item_selected=np.zeros(n, np.uint8),
        item_excluded=np.zeros(n, np.uint8),
        edge_ends=np.stack([np.arange(m), np.arange(m) + 1], axis=1).astype(np.uint32),
        edge_flags=np.zeros(m, np.uint8),
        edge_label=np.full(m, 2, np.uint32),
        edge_count=np.ones(m, np.uint32),
        segment_points=points.astype(np.float32),
        segment_edge=np.arange(m, dtype=np.uint32) | np.uint32(1 << 31),
        strings=("", name, "1×64×128×128"),
        size=(side * 150.0, side * 74.0),
    )


def items_of(picture: str) -> list[ET.Element]:
    """Return the elements of the items: those that may have a hint of their own."""
    groups = parsed(picture).iter(f"{SVG}g")
    return [one for one in groups if one.get("transform") and one.get("class") != "q"]


def test_each_item_is_drawn_where_the_layout_put_it() -> None:
    """Nodes, closed and open groups: one box an item, with its place and size."""
    scene = small_scene(1)
    found = {
        (one.get("transform"), rect.get("width"), rect.get("height"))
        for one in items_of(svg_of(scene))
        if (rect := one.find(f"{SVG}rect")) is not None
    }
    wanted = {
        (f"translate({round(x, 1):.10g} {round(y, 1):.10g})", f"{round(w, 1):.10g}",
         f"{round(h, 1):.10g}")
        for x, y, w, h in scene.item_rect.astype(float).tolist()
    }  # fmt: skip
    assert wanted == found
    assert len(items_of(svg_of(scene))) == len(scene.item_kind)


def test_labels_edges_and_arrows_are_there() -> None:
    """Each item's title, a curve for each edge with what it carries, and a head for each."""
    scene = small_scene()
    root = parsed(svg_of(scene))
    texts = {"".join(one.itertext()) for one in root.iter(f"{SVG}text")}
    assert {scene.strings[i] for i in scene.item_title.tolist()} <= texts
    edges = [p for p in root.iter(f"{SVG}path") if (p.get("class") or "").split()[:1] == ["w"]]
    assert len(edges) == len(scene.edge_ends)
    assert [e.find(f"{SVG}title").text for e in edges] == [  # type: ignore[union-attr]
        scene.strings[i] for i in scene.edge_label.tolist()
    ]
    heads = [p.get("d") or "" for p in root.iter(f"{SVG}path") if p.get("class") == "y"]
    assert sum(d.count("z") for d in heads) == len(scene.edge_ends)


def test_back_and_control_edges_are_dashed() -> None:
    """An edge against the direction and one that carries no data have classes with dashes."""
    scene = small_scene()
    flags = scene.edge_flags.copy()
    flags[0], flags[1] = EdgeFlag.BACK, EdgeFlag.CONTROL
    picture = svg_of(replace(scene, edge_flags=flags))
    assert 'class="w b"' in picture and 'class="w x"' in picture
    dashed = re.findall(r"\.([bx])\{stroke-dasharray", style_of(is_dark=False))
    assert sorted(dashed) == ["b", "x"]


def test_nothing_in_a_name_escapes() -> None:
    """Markup, quotes and control characters of titles, hints and data stay text."""
    scene = small_scene()
    bad = "</title></svg><script>alert(1)</script>\"'\x00\x1b\u202e"
    scene = replace(scene, strings=tuple(bad if text else "" for text in scene.strings))
    n = len(scene.item_kind)
    picture = svg_of(scene, name=bad, hints=[bad] * n, data={"pair": [bad] * n})
    root = parsed(picture)
    assert {one.tag for one in root.iter()} <= {
        f"{SVG}{name}" for name in ("svg", "title", "style", "g", "rect", "path", "text", "circle")
    }
    assert "<script" not in picture and "\u202e" not in picture and "\x1b" not in picture
    assert {key for one in root.iter() for key in one.attrib if key.startswith("on")} == set()


def test_an_overlays_colour_fills_the_box_and_keeps_the_label_readable() -> None:
    """The fill is the overlay's; dark text stands on light, white on dark."""
    scene = small_scene()
    color = scene.item_color.copy()
    color[0], color[1] = (255, 255, 200, 255), (0, 60, 120, 255)
    picture = svg_of(replace(scene, item_color=color))
    assert "fill:#ffffc8" in picture and "fill:#003c78" in picture
    assert f"fill:{LIGHT.colors['textOnLight']}" in picture
    assert f"fill:{LIGHT.colors['textOnDark']}" in picture


def test_closed_groups_show_what_they_hold() -> None:
    """The parts of the strip fill the group's width; a rare one is still seen."""
    scene = small_scene()
    groups = np.flatnonzero(scene.item_kind == ItemKind.COLLAPSED_GROUP).astype(np.uint32)
    parts = np.zeros((len(groups), N_PARTS), np.uint8)
    parts[:, 0], parts[:, 2] = 254, 1
    color = np.arange(4 * N_PARTS, dtype=np.uint8).reshape(N_PARTS, 4)
    picture = svg_of(replace(scene, strips=Strips(groups, parts, color)))
    found = re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="4" fill="(#\w+)"/>',
                       picture)  # fmt: skip
    assert len(groups) and len(found) == 2 * len(groups)
    assert {color for _, _, color in found} == {"#000102", "#08090a"}
    width = float(scene.item_rect[groups[0], 2])
    assert sum(float(part) for _, part, _ in found[:2]) == pytest.approx(width - 16, abs=0.2)
    assert min(float(part) for _, part, _ in found) > 1


@pytest.mark.parametrize("text", ["convolution_of_everything", "MMMMMMMMMMM", "层归一化层归一化"])
def test_a_label_is_cut_to_its_box(text: str) -> None:
    """What is wider than the room ends with an ellipsis and fits; where nothing fits is nothing."""
    cut = fitted(text, 60.0, TITLE_PX)
    assert cut.endswith("…") and text.startswith(cut[:-1]) and text_width(cut) <= 60
    assert fitted(text, 1_000.0, TITLE_PX) == text
    assert fitted(text, 5.0, TITLE_PX) == ""


def test_a_large_picture_is_small_and_soon_there() -> None:
    """20,000 boxes: all are drawn, under 5 MB, with labels for those that tell most."""
    scene = large_scene(20_000)
    color = scene.item_color.copy()
    color[-100:] = 255
    scene = replace(scene, item_color=color)
    n = len(scene.item_kind)
    start = time.perf_counter()
    picture = svg_of(scene, is_dark=None, data={"p": [str(i) for i in range(n)]})
    assert time.perf_counter() - start < 10
    assert len(picture.encode()) < MAX_BYTES
    assert picture.count('<rect class="r"') == n
    assert picture.count("<text") == labelled(scene).sum() == MAX_LABELS
    assert labelled(scene)[-100:].all()


def test_only_a_small_picture_has_second_lines() -> None:
    """Up to the bound boxes say their shape and their op category, beyond it they do not."""
    assert 'class="d"' in svg_of(large_scene(9))
    picture = svg_of(large_scene(MAX_DETAILED_ITEMS + 1))
    assert 'class="d"' not in picture and 'class="a' not in picture


def test_the_colours_are_those_of_the_canvas() -> None:
    """Light and dark agree with the theme of the WebGL side, accents with the op categories."""
    text = THEME_TS.read_text()
    for name, theme in (("LIGHT", LIGHT), ("DARK", DARK)):
        part = text.split(f"export const {name}: Theme", 1)[1].split("\n};", 1)[0]
        colors = dict(re.findall(r'(\w+): "(#\w+)",', part.split("kinds:")[0]))
        assert {key: colors[key] for key in theme.colors} == dict(theme.colors)
        rows = re.findall(r'fill: "(\S+)", border: "(\S+)", title: "(\S+)", detail: "(\S+)"', part)
        assert tuple(rows) == theme.kinds
    style = style_of(is_dark=False)
    assert all(op_category_color(i) in style for i in range(len(OP_CATEGORIES)))


def test_a_picture_may_follow_the_readers_system() -> None:
    """Dark colours stand in a media query then, for screens only; else they are not there."""
    dark = DARK.kinds[0][0]
    assert dark not in style_of(is_dark=False) and dark in style_of(is_dark=True)
    light, _, rest = style_of(is_dark=None).partition("@media screen and (prefers-color-scheme")
    assert dark not in light and dark in rest


def test_a_picture_of_nothing_is_a_picture() -> None:
    """Without items there is an empty drawing."""
    scene = replace(large_scene(2), edge_ends=np.zeros((0, 2), np.uint32),
                    segment_points=np.zeros((0, 8), np.float32),
                    segment_edge=np.zeros(0, np.uint32))  # fmt: skip
    empty = {
        name: getattr(scene, name)[:0]
        for name in Scene.__dataclass_fields__
        if name.startswith(("item_", "edge_"))
    }
    assert parsed(svg_of(replace(scene, **empty, size=(0.0, 0.0)))).tag == f"{SVG}svg"
