"""The graph view in a real browser: what the reader does, and what Python hears."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import expect

from components.graph_view.scene import ItemKind, Legend, Scene
from tests.components.graph_view.golden import golden_scene
from tests.ui.shown import (
    COLLAPSED,
    CONSTANT,
    CONV,
    GROUP,
    INPUT,
    OUTPUT,
    Show,
    marks,
)


def test_the_first_scene_is_drawn_and_fits(show: Show) -> None:
    """After `ready` the whole drawing lies in the view, and WebGL has drawn more than the page."""
    shown = show()
    for key in (INPUT, OUTPUT):
        rect = shown.ask(f"graph => graph.rectOf({key})")
        assert rect["y"] >= 0
        assert rect["y"] + rect["height"] <= shown.ask("graph => graph.view.size.height")
    assert len(np.unique(shown.pixels().reshape(-1, 4), axis=0)) > 20
    assert 0 < shown.ask("graph => graph.stats.drawCalls") <= 40


def test_clicks_ask_for_a_selection(show: Show) -> None:
    """A click replaces, shift adds, ctrl toggles, and a click on nothing clears."""
    shown = show()
    for held, mode in (((), "replace"), (("Shift",), "add"), (("Control",), "toggle")):
        shown.heard.clear()
        shown.page.wait_for_timeout(400)  # two clicks in a moment are a double click
        shown.click(CONV, *held)
        assert shown.wait_for("select") == {"keys": [CONV], "mode": mode}
    shown.heard.clear()
    shown.page.mouse.click(5, 590)
    assert shown.wait_for("select") == {"keys": [], "mode": "replace"}


def test_a_box_selects_what_it_touches(show: Show) -> None:
    """Shift and drag selects nodes and collapsed groups, not the group around them."""
    shown = show()
    (x0, y0), (x1, y1) = shown.middle(CONV), shown.middle(COLLAPSED)
    shown.page.keyboard.down("Shift")
    shown.page.mouse.move(min(x0, x1) - 10, y0)
    shown.page.mouse.down()
    shown.page.mouse.move(max(x0, x1) + 5, y1, steps=4)
    shown.page.mouse.up()
    shown.page.keyboard.up("Shift")
    got = shown.wait_for("select")
    assert got["mode"] == "replace"
    assert set(got["keys"]) >= {CONV, COLLAPSED}
    assert GROUP not in got["keys"]


def test_dragging_moves_and_the_wheel_zooms_to_the_pointer(show: Show) -> None:
    """A drag moves the drawing with the pointer; the wheel keeps what is under it."""
    shown = show()
    x, y = shown.middle(CONV)
    shown.page.mouse.move(x, y)
    shown.page.mouse.down()
    shown.page.mouse.move(x + 80, y + 30, steps=4)
    shown.page.mouse.up()
    moved = shown.middle(CONV)
    assert moved == pytest.approx((x + 80, y + 30), abs=1)
    assert not [kind for kind, _ in shown.heard if kind in ("select", "clear")]
    shown.wait_for("camera")
    shown.heard.clear()
    before = shown.ask("graph => graph.camera.zoom")
    shown.page.mouse.wheel(0, -200)
    shown.wait(f"graph => graph.camera.zoom > {before} * 1.1")
    assert shown.middle(CONV) == pytest.approx(moved, abs=1)
    assert shown.wait_for("camera")["zoom"] > before


def test_double_click_and_enter_toggle_a_group(show: Show) -> None:
    """A double click on a collapsed group, its handle, or Enter asks to expand it."""
    shown = show()
    shown.page.mouse.dblclick(*shown.middle(COLLAPSED))
    assert shown.wait_for("toggle") == {"key": COLLAPSED, "subtree": False}
    shown.heard.clear()
    shown.page.keyboard.press("Shift+Enter")
    assert shown.wait_for("toggle") == {"key": COLLAPSED, "subtree": True}
    shown.heard.clear()
    rect = shown.ask(f"graph => graph.rectOf({GROUP})")
    zoom = shown.ask("graph => graph.camera.zoom")
    shown.page.mouse.click(rect["x"] + 14 * zoom, rect["y"] + 13 * zoom)
    assert shown.wait_for("toggle") == {"key": GROUP, "subtree": False}


def expanded(anchor: int) -> Scene:
    """Return the golden scene with its collapsed group opened, further down and to the right."""
    scene = golden_scene()
    rect = np.insert(scene.item_rect, 5, [[260, 300, 90, 38]], axis=0)
    rect[4] = [240, 250, 160, 140]

    def more(column: np.ndarray, value: int) -> np.ndarray:
        return np.insert(column, 5, value, axis=0)

    kind = more(scene.item_kind, ItemKind.OPERATOR)
    kind[4] = ItemKind.EXPANDED_GROUP
    zeros = {
        name: more(getattr(scene, name), 0)
        for name in (
            "item_flags",
            "item_title",
            "item_detail",
            "item_color",
            "item_accent",
            "item_selected",
            "item_excluded",
        )
    }
    return replace(
        scene,
        item_rect=rect.astype(np.float32),
        item_parent=more(scene.item_parent, 4),
        item_kind=kind,
        item_key=more(scene.item_key, 77),
        anchor_key=anchor,
        size=(420.0, 420.0),
        **zeros,
    )


def test_the_clicked_group_stays_under_the_pointer(show: Show) -> None:
    """Expanding moves everything but the handle that was clicked; a new item grows out of it."""
    shown = show()
    before = shown.ask(f"graph => graph.rectOf({COLLAPSED})")
    zoom = shown.ask("graph => graph.camera.zoom")
    shown.view.show(expanded(COLLAPSED))
    shown.wait("graph => graph.view.serial === 2 && !graph.view.isMoving")
    after = shown.ask(f"graph => graph.rectOf({COLLAPSED})")
    assert shown.ask("graph => graph.camera.zoom") == zoom
    assert after["x"] == pytest.approx(before["x"], abs=0.5)
    assert after["y"] + 13 * zoom == pytest.approx(before["y"] + before["height"] / 2, abs=0.5)


def test_another_graph_is_fitted(show: Show) -> None:
    """A scene of another graph is not an animation: it is shown whole."""
    shown = show()
    shown.ask("graph => graph.setCamera(9999, 9999, 3)")
    shown.view.show(replace(golden_scene(), graph_key="another"))
    shown.wait("graph => graph.view.graphKey === 'another'")
    assert shown.ask(f"graph => graph.rectOf({INPUT}).y") > 0


def test_states_and_overlays_change_colours_only(show: Show) -> None:
    """Selection, filter and overlay arrive without a new scene, and the legend with them."""
    shown = show()
    shown.view.set_state(marks(conv=255), marks(constant=255))
    shown.wait(f"graph => graph.view.selected[0] === {CONV}")
    assert shown.ask("graph => graph.view.excluded") == [CONSTANT]
    before = shown.pixels()
    color = np.full((6, 4), [200, 30, 30, 255], np.uint8)
    legend = Legend("error <i>max</i>", (), (), (("#c81e1e", "over 0.1"),))
    shown.view.set_overlay(color, np.zeros(6, np.uint32), ("",), legend)
    shown.wait("graph => graph.view.colored === 6")
    assert shown.ask("graph => graph.view.serial") == 1
    assert (shown.pixels() != before).any()
    expect(shown.page.get_by_text("error <i>max</i>")).to_be_visible()


def test_python_moves_the_camera(show: Show) -> None:
    """Zooming to items, fitting and restoring do what they say."""
    shown = show()
    shown.view.zoom_to([CONV], animate=False)
    shown.wait("graph => graph.camera.zoom === 1.25")
    width, height = shown.ask("graph => [graph.view.size.width, graph.view.size.height]")
    rect = shown.ask(f"graph => graph.rectOf({CONV})")
    assert rect["x"] + rect["width"] / 2 == pytest.approx(width / 2, abs=1)
    assert rect["y"] + rect["height"] / 2 == pytest.approx(height / 2, abs=1)
    shown.view.restore_camera(10, 20, 0.5)
    shown.wait("graph => graph.camera.zoom === 0.5")
    assert shown.ask("graph => graph.camera") == {"x": 10, "y": 20, "zoom": 0.5}
    shown.view.fit()
    shown.wait("graph => !graph.view.isMoving && graph.camera.y === 175.25")


def test_keys_walk_and_command(show: Show) -> None:
    """Arrows walk along edges, and each key of the help sheet sends its message."""
    shown = show()
    shown.click(CONSTANT)
    shown.page.keyboard.press("ArrowDown")
    shown.page.keyboard.press("ArrowDown")
    shown.page.wait_for_timeout(300)
    walked = [fields["keys"] for kind, fields in shown.heard if kind == "select"]
    assert walked == [[CONSTANT], [CONV], [COLLAPSED]]
    for key, kind in (("e", "expand_all"), ("c", "collapse_all"), ("/", "search")):
        shown.page.keyboard.press(key)
        shown.wait_for(kind)
    shown.page.keyboard.press("Escape")
    shown.wait_for("clear")
    shown.page.keyboard.press("?")
    expect(shown.page.get_by_role("dialog")).to_be_visible()
    shown.page.keyboard.press("Escape")
    expect(shown.page.get_by_role("dialog")).to_be_hidden()


def test_hovering_asks_and_the_answer_is_text(show: Show) -> None:
    """A resting pointer asks for a tooltip; markup in a name is shown as it is written."""
    shown = show()
    shown.page.mouse.move(*shown.middle(OUTPUT))
    assert shown.wait_for("hover") == {"key": OUTPUT}
    expect(shown.page.get_by_role("tooltip")).to_contain_text("<b>logits</b>")
    shown.view.tooltip(OUTPUT, "<img src=x onerror=alert(1)>", [("latency", "1.2 ms")])
    expect(shown.page.get_by_role("tooltip")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(shown.page.get_by_role("tooltip")).to_contain_text("1.2 ms")


def test_the_toolbar_asks_and_shows_what_python_says(show: Show) -> None:
    """A switch sends what it wants to be, and turns only when Python has turned it."""
    shown = show()
    flat = shown.page.get_by_role("button", name="Flat")
    flat.click()
    assert shown.wait_for("option") == {"name": "flat", "value": True}
    expect(flat).to_have_attribute("aria-pressed", "false")
    shown.view.flat = True
    expect(flat).to_have_attribute("aria-pressed", "true")
    shown.view.embed = True
    expect(flat).to_be_hidden()
