"""Graph views beside each other in a real browser: moving together, comparing, narrow panes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import panel as pn
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from benchmarks.frame_scene import grid_scene, spread_scene
from benchmarks.served import FIND_CANVASES
from components.graph_view.messages import FIELDS
from components.graph_view.scene import ItemKind, Legend, Scene, Strips
from components.graph_view.view import GraphView
from components.palette import category_colors
from graphs.match_types import KINDS
from tests.components.graph_view.golden import golden_scene
from tests.ui.shown import COLLAPSED, Heard, Show, marks

N = 400  # nodes of each view
FIRST_TWIN = 10_000  # keys of another view's items begin at a multiple
HOOKS = """() => {
  const found = (FIND_CANVASES)();
  window.canvases = found;
  window.graphs = found.map((canvas) => canvas.__graph);
  return window.graphs.every((graph) => graph.stats.draws > 0) ? found.length : 0;
}""".replace("FIND_CANVASES", FIND_CANVASES)


def other_scene(nth: int) -> Scene:
    """Return the grid with its items elsewhere and farther apart, under other keys."""
    return spread_scene(
        grid_scene(N, 40, 500), (1.1, 1.2), (300 * nth, -50 * nth), FIRST_TWIN * nth
    )


class Panes:
    """Views beside each other in one page; the first is the base.

    Attributes
    ----------
    views : list of GraphView
    heard : list of Heard
        What each view's browser side has said.
    """

    def __init__(self, page: Page, served: Callable[..., str], n: int, **params: Any) -> None:
        self.page = page
        self.views, self.heard = [], []
        for nth in range(n):
            self._add(nth, params)
        page.goto(served(pn.Row(*self.views, sizing_mode="stretch_both")))
        page.wait_for_function(f"() => ({HOOKS})() === {n}")
        self.settle()

    def _add(self, nth: int, params: dict[str, Any]) -> None:
        view = GraphView(
            sizing_mode="stretch_both", min_height=600, sync_group="g", sync_base=nth == 0, **params
        )
        heard: Heard = []
        for kind in FIELDS:
            view.on_message(kind, lambda fields, kind=kind: heard.append((kind, fields)))
        view.show(other_scene(nth) if nth else grid_scene(N, 40, 500))
        if nth:
            keys = grid_scene(N, 40, 500).item_key
            view.set_twins(keys + np.uint32(FIRST_TWIN * nth), keys)
        self.views.append(view)
        self.heard.append(heard)

    def settle(self) -> None:
        """Wait until every view knows its twins and is where it should be."""
        self.page.wait_for_function(
            "() => graphs.every(({ group }, i) => group.isThere && (i === 0 || group.nPairs))"
        )

    def ask(self, expression: str) -> Any:
        """Evaluate an expression of `graphs`, the canvas hooks from left to right."""
        return self.page.evaluate(f"() => {expression}")

    def frame(self) -> None:
        """Wait for the frame that is asked for, and no longer."""
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => done()))")

    def wait_for_rest(self) -> None:
        """Wait until what each view told Python last is where its camera is."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            told = [[fields for kind, fields in heard if kind == "camera"] for heard in self.heard]
            if [each[-1:] for each in told] == [
                [at] for at in self.ask("graphs.map(g => g.camera)")
            ]:
                return
            self.page.wait_for_timeout(50)
        pytest.fail(f"views rest elsewhere than they say: {told}")

    def from_middle(self, nth: int, key: int) -> float:
        """CSS px between the middle of an item and the middle of its view."""
        rect = self.ask(f"graphs[{nth}].rectOf({key + FIRST_TWIN * nth})")
        size = self.ask(f"graphs[{nth}].view.size")
        dx = rect["x"] + rect["width"] / 2 - size["width"] / 2
        dy = rect["y"] + rect["height"] / 2 - size["height"] / 2
        return math.hypot(dx, dy)

    def look_at(self, nth: int, key: int, zoom: float = 1.0) -> None:
        """Move one view so that an item is in its middle."""
        own = grid_scene(N, 40, 500) if nth == 0 else other_scene(nth)
        x, y, width, height = own.item_rect[key].tolist()
        self.ask(f"graphs[{nth}].setCamera({x + width / 2}, {y + height / 2}, {zoom})")
        self.frame()

    def drag(self, nth: int, dx: float, dy: float) -> None:
        """Drag the drawing of one view with the mouse."""
        box = self.ask(f"canvases[{nth}].getBoundingClientRect().toJSON()")
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + dx, y + dy, steps=8)
        self.page.mouse.up()
        self.frame()


Open = Callable[..., Panes]
A_NODE = next(i for i, k in enumerate(grid_scene(N, 40, 500).item_kind) if k == ItemKind.OPERATOR)
NODES = [A_NODE + 113, A_NODE + 251]


@pytest.fixture
def panes(page: Page, served: Callable[..., str]) -> Open:
    """Return a function that opens so many views beside each other."""
    return lambda n, **params: Panes(page, served, n, **params)


@pytest.mark.parametrize("node", NODES)
def test_the_twin_of_the_middle_is_in_the_middle(panes: Open, node: int) -> None:
    """Whichever of three views moves, the others show its place, in the next frame, as large."""
    three = panes(3)
    for leader in range(3):
        three.look_at(leader, node, 1.2)
        for other in range(3):
            assert three.from_middle(other, node) < 12, (leader, other)
        zooms = three.ask("graphs.map(graph => graph.camera.zoom)")
        assert zooms == pytest.approx([1.2] * 3)
        three.ask(f"graphs[{leader}].setCamera(0, 0, 0.5)")
        three.frame()


def test_a_drag_moves_both_and_both_report_where_they_rest(panes: Open) -> None:
    """The reader drags one; the other comes along in each step and tells Python its own camera."""
    two = panes(2)
    two.look_at(0, NODES[0], 1.0)
    before = two.ask("graphs.map(graph => graph.camera)")
    two.wait_for_rest()
    for heard in two.heard:
        heard.clear()
    two.drag(0, -120, -60)
    after = two.ask("graphs.map(graph => graph.camera)")
    assert after[0]["x"] - before[0]["x"] == pytest.approx(120, abs=1)
    assert after[1]["x"] - before[1]["x"] == pytest.approx(120 * 1.1, abs=25)
    assert after[1]["y"] - before[1]["y"] == pytest.approx(60 * 1.2, abs=25)
    two.wait_for_rest()


def test_flights_are_followed_frame_by_frame(panes: Open) -> None:
    """While Python flies one view to an item, the other is never a frame behind."""
    two = panes(2)
    two.look_at(0, NODES[0], 0.6)
    two.views[0].zoom_to([NODES[1]])
    seen = two.page.evaluate(
        """async () => {
          const frame = () => new Promise(requestAnimationFrame);
          const zooms = [];
          for (let i = 0; i < 200 && (i < 20 || graphs[0].view.isMoving); i++) {
            await frame();
            zooms.push(graphs.map((graph) => graph.camera.zoom));
          }
          return zooms;
        }"""
    )
    assert all(a == b for a, b in seen)
    assert seen[-1][0] == 1.25
    two.frame()
    assert two.from_middle(1, NODES[1]) < 12


def test_steps_are_small_where_the_reader_steps_little(panes: Open) -> None:
    """A slow pan across the drawing never makes the other view jump."""
    two = panes(2)
    worst = two.page.evaluate(
        """async () => {
          let last = null;
          let worst = 0;
          for (let x = 0; x < 2000; x += 10) {
            graphs[0].setCamera(x, 400, 0.8);
            graphs[0].flush();
            graphs[1].flush();
            const { camera } = graphs[1];
            if (last !== null) worst = Math.max(worst, Math.abs(camera.x - last));
            last = camera.x;
          }
          return worst;
        }"""
    )
    assert 10 < worst < 30


def test_views_that_left_the_group_stay_where_they_are(panes: Open) -> None:
    """Switched off, each moves alone; switched on again, they come to the one touched last."""
    two = panes(2)
    two.look_at(0, NODES[0])
    for view in two.views:
        view.sync_group = ""
    two.page.wait_for_timeout(300)
    before = two.ask("graphs[0].camera")
    two.look_at(1, NODES[1], 0.9)
    assert two.ask("graphs[0].camera") == before
    for view in two.views:
        view.sync_group = "again"
    two.page.wait_for_function("() => graphs[0].camera.zoom === 0.9 && !graphs[0].view.isMoving")
    assert two.from_middle(0, NODES[1]) < 12
    assert two.from_middle(1, NODES[1]) < 1


def test_a_hidden_view_is_no_trouble(panes: Open) -> None:
    """Of size 0 it follows unseen, and shows the right place when it is there again."""
    two = panes(2)
    two.views[1].visible = False
    two.page.wait_for_timeout(300)
    two.look_at(0, NODES[0], 1.1)
    two.drag(0, 5, 5)
    two.views[1].visible = True
    two.page.wait_for_function(f"() => ({HOOKS})() === 2")
    two.settle()
    camera, other = two.ask("graphs.map(graph => graph.camera)")
    assert (camera["zoom"], other["zoom"]) == (1.1, 1.1)
    assert two.from_middle(1, NODES[0]) < 20


def test_other_twins_are_glided_to(panes: Open) -> None:
    """A new matching moves the view that follows, in steps, and not the one that leads."""
    two = panes(2)
    two.look_at(0, NODES[0], 1.0)
    before = two.ask("graphs.map(graph => graph.camera)")
    keys = np.array([NODES[0]], np.uint32)
    two.views[1].set_twins(np.array([NODES[1]], np.uint32) + np.uint32(FIRST_TWIN), keys)
    two.page.wait_for_function("() => graphs[1].group.nPairs === 1 && graphs[1].group.isThere")
    after = two.ask("graphs.map(graph => graph.camera)")
    assert after[0] == before[0]
    assert two.from_middle(1, NODES[1]) < 1


def test_the_reader_tells_which_view_is_meant(panes: Open) -> None:
    """A press of the pointer or the Tab key in a view is told to Python, once."""
    two = panes(2)
    two.drag(1, 30, 0)
    two.page.wait_for_timeout(200)
    told = [[kind for kind, _ in heard if kind == "focused"] for heard in two.heard]
    assert told == [[], ["focused"]]
    two.page.evaluate("() => canvases[0].focus()")
    two.page.wait_for_timeout(200)
    assert [kind for kind, _ in two.heard[0] if kind == "focused"] == ["focused"]


def test_difference_keys_work_while_comparing(show: Show) -> None:
    """N goes on, P and Shift+N go back, and the help sheet names them; else they do nothing."""
    shown = show()
    shown.page.keyboard.press("Tab")
    shown.ask("graph => graph.flush()")
    shown.page.mouse.click(5, 400)
    shown.page.keyboard.press("n")
    shown.page.keyboard.press("?")
    expect(shown.page.get_by_text("next difference")).to_be_hidden()
    shown.page.keyboard.press("Escape")
    assert "difference" not in [kind for kind, _ in shown.heard]
    shown.view.comparing = True
    shown.page.wait_for_timeout(200)
    for key in ("n", "p", "Shift+N"):
        shown.page.keyboard.press(key)
    shown.page.wait_for_timeout(200)
    steps = [fields["step"] for kind, fields in shown.heard if kind == "difference"]
    assert steps == [1, -1, -1]
    shown.page.keyboard.press("?")
    expect(shown.page.get_by_text("next difference")).to_be_visible()


def with_strip(parts: list[int], *, is_dark: bool = False, **marked: int) -> Scene:
    """Return the golden scene with a strip of kinds on its collapsed group, and no overlay."""
    colors = [*category_colors(KINDS, is_dark=is_dark), *["#000000"] * 3]
    rgba = [[int(c[i : i + 2], 16) for i in (1, 3, 5)] + [255] for c in colors]
    row = np.array([parts + [0] * (9 - len(parts))], np.uint8)
    return replace(
        golden_scene(),
        item_color=np.zeros((6, 4), np.uint8),
        item_selected=marks(**marked),
        item_excluded=marks(),
        strips=Strips(np.array([4], np.uint32), row, np.array(rgba, np.uint8)),
    )


def row_of_strip(shown: Any, up_px: float) -> np.ndarray:
    """Return the pixels of a row of the collapsed group's box, `up_px` above its lower edge."""
    rect = shown.ask(f"graph => graph.rectOf({COLLAPSED})")
    pixels = shown.pixels()
    bottom = len(pixels) - (rect["y"] + rect["height"]) + up_px
    left, right = round(rect["x"]), round(rect["x"] + rect["width"])
    return pixels[int(bottom), left:right, :3]


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("zoom", [2.0, 0.6, 0.12])
def test_shares_are_drawn_to_scale(show: Show, zoom: float, is_dark: bool) -> None:
    """Near and far, in light and dark, each kind has its colour on its share of the lower edge."""
    shown = show(with_strip([128, 64, 63], is_dark=is_dark), dark=is_dark)
    shown.ask(f"graph => graph.setCamera(100, 250, {zoom})")
    row = row_of_strip(shown, 2)
    width = len(row)
    for share, kind in ((0.25, "equal"), (0.62, "changed"), (0.87, "added")):
        color = category_colors((kind,), is_dark=is_dark)[0]
        wanted = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
        np.testing.assert_allclose(row[int(share * width)], wanted, atol=3)


def test_what_is_rare_is_at_least_a_pixel_wide(show: Show) -> None:
    """One node in hundreds can be seen on a box of 60 px."""
    shown = show(with_strip([253, 0, 0, 1, 0, 1]))
    shown.ask("graph => graph.setCamera(100, 250, 0.5)")
    row = row_of_strip(shown, 2).astype(int)
    for kind in ("removed", "split"):
        color = category_colors((kind,))[0]
        wanted = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)])
        assert np.abs(row - wanted).sum(axis=1).min() < 130, kind


def test_a_strip_and_the_mark_of_a_selected_part_are_both_seen(show: Show) -> None:
    """The mark stays on the edge, and the strip moves above it."""
    shown = show(with_strip([0, 255], collapsed=120))
    shown.ask("graph => graph.setCamera(100, 250, 2)")
    changed = category_colors(("changed",))[0]
    wanted = np.array([int(changed[i : i + 2], 16) for i in (1, 3, 5)])
    middle = len(row_of_strip(shown, 4)) // 4
    assert np.abs(row_of_strip(shown, 4)[middle].astype(int) - wanted).sum() > 100
    np.testing.assert_allclose(row_of_strip(shown, 13)[middle], wanted, atol=3)


def test_a_picture_has_the_strips_too(show: Show) -> None:
    """What is saved as PNG, at twice the size, shows the shares as the canvas does."""
    shown = show(with_strip([128, 64, 63]))
    shown.ask("graph => graph.setCamera(100, 250, 2)")
    rect = shown.ask(f"graph => graph.rectOf({COLLAPSED})")
    with shown.page.expect_download() as download:
        shown.view.save_png(2)
    picture = np.asarray(Image.open(download.value.path()).convert("RGB"))
    row = picture[int(2 * (rect["y"] + rect["height"]) - 5)]
    for share, kind in ((0.25, "equal"), (0.62, "changed"), (0.87, "added")):
        color = category_colors((kind,))[0]
        wanted = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
        at = int(2 * (rect["x"] + share * rect["width"]))
        np.testing.assert_allclose(row[at], wanted, atol=3)


def test_a_narrow_pane_has_room_for_all(page: Page, served: Callable[..., str]) -> None:
    """At 360 px neither toolbar, busy line nor legend reaches over another or the edge."""
    swatches = tuple(("#888888", f"a category with a long name {i}") for i in range(14))
    scene = replace(golden_scene(), legend=Legend("difference · groups: shares", (), (), swatches))
    view = GraphView(width=360, height=420, waiting="Laying out a graph of 20,000 nodes …")
    view.show(scene)
    page.goto(served(view))
    page.get_by_role("toolbar").wait_for()
    boxes = {
        "toolbar": page.get_by_role("toolbar").bounding_box(),
        "busy": page.get_by_role("status").bounding_box(),
        "legend": page.get_by_role("img", name="Legend").bounding_box(),
    }
    left = page.get_by_role("application").bounding_box()["x"]
    tops = sorted((box["y"], box["y"] + box["height"]) for box in boxes.values())
    assert all(end <= start for (_, end), (start, _) in pairwise(tops)), boxes
    assert boxes["toolbar"]["height"] < 45, "one row of buttons"
    for name, box in boxes.items():
        assert box["x"] >= left, name
        assert box["x"] + box["width"] <= left + 360, name
