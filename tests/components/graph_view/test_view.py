"""`GraphView` on Python's side, without a browser."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.graph_view.view import BUNDLE, MAX_TOOLTIP_CHARS, MAX_TOOLTIP_ROWS, GraphView
from components.graph_view.wire import unpack
from components.plots.op_categories import OP_CATEGORIES, op_category_color
from graphs.errors import WireError
from tests.components.graph_view.golden import golden_scene

SOURCES = BUNDLE.parents[1] / "src"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What views send to their browsers."""
    messages: list[Any] = []
    monkeypatch.setattr(GraphView, "_send_msg", lambda _, data: messages.append(data))
    return messages


def marks(*values: int) -> np.ndarray:
    """Return shares of items."""
    return np.array(values, np.uint8)


def test_showing_numbers_the_scenes(sent: list[Any]) -> None:
    """A state names the newest scene, so that the browser can tell it from an older one's."""
    view = GraphView()
    view.show(golden_scene())
    view.show(golden_scene())
    view.set_state(marks(0, 0, 0, 0, 0, 255), marks(0, 0, 0, 0, 0, 0))
    assert unpack(view.scene).scalars["serial"] == 2
    assert unpack(sent[0]).scalars["serial"] == 2


def test_a_refused_scene_changes_nothing(sent: list[Any]) -> None:
    """After a `WireError` the view still shows, and numbers, what it showed before."""
    view = GraphView()
    view.show(golden_scene())
    before = view.scene
    broken = golden_scene()
    broken.item_rect[0, 0] = np.nan
    with pytest.raises(WireError):
        view.show(broken)
    view.set_state(marks(*[0] * 6), marks(*[0] * 6))
    assert view.scene == before
    assert unpack(sent[0]).scalars["serial"] == unpack(before).scalars["serial"]


def test_a_browser_that_is_ready_hears_the_newest(sent: list[Any]) -> None:
    """Overlay, state and camera from before the browser listened are sent again, once each."""
    view = GraphView()
    view.show(golden_scene())
    color = np.full((6, 4), 9, np.uint8)
    view.set_overlay(color, np.zeros(6, np.uint32), ("",), None)
    for selected in (1, 2):
        view.set_state(marks(*[selected] * 6), marks(*[0] * 6))
    view.zoom_to([5])
    sent.clear()
    view._handle_msg({"type": "ready"})
    assert [unpack(block).kind for block in sent[:2]] == ["overlay", "state"]
    np.testing.assert_array_equal(unpack(sent[1]).columns["item_selected"], [2] * 6)
    assert sent[2]["action"] == "zoom_to"
    sent.clear()
    view._handle_msg({"type": "ready"})
    assert len(sent) == 2


def test_what_is_waited_for_is_there_before_the_browser_is() -> None:
    """It is a property, not a message: a first drawing may begin before anybody listens."""
    view = GraphView()
    view.busy("Compiling" + 10_000 * ".")
    assert view.get_root().data.waiting == view.waiting
    assert view.waiting.startswith("Compiling.") and len(view.waiting) == MAX_TOOLTIP_CHARS


def test_a_new_scene_forgets_the_old_overlay(sent: list[Any]) -> None:
    """Colours and marks of an older scene are not sent after the next one."""
    view = GraphView()
    view.show(golden_scene())
    view.set_state(marks(*[255] * 6), marks(*[0] * 6))
    view.show(golden_scene())
    sent.clear()
    view._handle_msg({"type": "ready"})
    assert sent == []


def test_twins_outlive_a_scene(sent: list[Any]) -> None:
    """They are of keys, which hold for every scene: a browser that comes later hears them too."""
    view, keys = GraphView(), np.array([5, 100], np.uint32)
    view.set_twins(keys, keys + np.uint32(1))
    view.show(golden_scene())
    sent.clear()
    view._handle_msg({"type": "ready"})
    assert [unpack(block).kind for block in sent] == ["twins"]
    np.testing.assert_array_equal(unpack(sent[0]).columns["twin_base_key"], [6, 101])


def test_messages_reach_their_callbacks(sent: list[Any]) -> None:
    """Each callback of a type gets the checked fields; others hear nothing."""
    view, heard = GraphView(), []
    view.on_message("select", lambda fields: heard.append(("first", fields)))
    view.on_message("select", lambda fields: heard.append(("second", fields)))
    view.on_message("clear", lambda fields: heard.append(("clear", fields)))
    view._handle_msg({"type": "select", "keys": [1], "mode": "replace"})
    fields = {"keys": [1], "mode": "replace"}
    assert heard == [("first", fields), ("second", fields)]


def test_a_refused_message_is_logged_and_dropped(
    sent: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    """A browser that lies reaches no callback and raises nothing."""
    view, heard = GraphView(), []
    view.on_message("select", heard.append)
    with caplog.at_level(logging.WARNING):
        view._handle_msg({"type": "select", "keys": "all", "mode": "replace"})
    assert heard == []
    assert "select.keys" in caplog.text


def test_an_unknown_message_cannot_be_awaited() -> None:
    """A misspelt type is an error where it is written."""
    with pytest.raises(ValueError, match="No browser message 'selct'"):
        GraphView().on_message("selct", print)


def test_tooltips_are_bounded(sent: list[Any]) -> None:
    """Names from a file do not fill the page."""
    rows = [("x" * 10_000, "y" * 10_000)] * 1000
    GraphView().tooltip(5, "t" * 10_000, rows)
    assert len(sent[0]["rows"]) == MAX_TOOLTIP_ROWS
    assert max(len(text) for row in sent[0]["rows"] for text in row) == MAX_TOOLTIP_CHARS
    assert len(sent[0]["title"]) == MAX_TOOLTIP_CHARS


def test_the_commands_are_those_of_the_wire_format(sent: list[Any]) -> None:
    """Each method sends one message of the documented type and fields."""
    view = GraphView()
    view.fit()
    view.zoom_to(np.array([3, 4]))
    view.restore_camera(1, 2, 0.5)
    view.save_png(2)
    assert sent == [
        {"type": "camera", "serial": 0, "action": "fit", "animate": True},
        {"type": "camera", "serial": 0, "action": "zoom_to", "keys": [3, 4], "animate": True},
        {
            "type": "camera",
            "serial": 0,
            "action": "restore",
            "x": 1.0,
            "y": 2.0,
            "zoom": 0.5,
            "animate": False,
        },
        {"type": "png", "scale": 2},
    ]


def test_every_parameter_is_documented() -> None:
    """Each parameter of the component says what it is for."""
    every = [GraphView.param[name] for name in GraphView.param]
    own = [p for p in every if p.owner is GraphView and p.name != "name"]
    assert own
    assert [p.name for p in own if not p.doc] == []


def test_the_bundle_asks_no_other_host() -> None:
    """The bundle is built, marked as generated, and holds no address but namespaces."""
    text = BUNDLE.read_text(encoding="utf-8")
    assert "do not edit" in text[:200]
    assert set(re.findall(r"https?://[^\s\"'`]+", text)) <= {"http://www.w3.org/2000/svg"}


def test_the_accents_are_the_colours_of_the_op_categories() -> None:
    """A stripe on the graph and a bar in a plot have one colour for one op category."""
    text = (SOURCES / "theme.ts").read_text(encoding="utf-8")
    listed = re.findall(r"#[0-9a-f]{6}", text.split("ACCENTS = [")[1].split("]")[0])
    assert listed == [op_category_color(i) for i in range(len(OP_CATEGORIES))]


def test_no_text_is_parsed_as_markup() -> None:
    """The browser's side has no way to turn a string into elements."""
    ways = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|eval\(")
    guilty = [path.name for path in Path(SOURCES).rglob("*.ts") if ways.search(path.read_text())]
    assert guilty == []
