"""A graph view in a page of its own, for the browser tests of the component."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from components.graph_view.messages import FIELDS
from components.graph_view.scene import Scene
from components.graph_view.view import GraphView
from tests.components.graph_view.golden import golden_scene
from tests.ui.driver import FIND

INPUT, GROUP, CONV, CONSTANT, COLLAPSED, OUTPUT = 3, 100, 5, 6, 101, 4_000_000_000
Heard = list[tuple[str, dict[str, Any]]]


class Shown:
    """A graph view in a page.

    Attributes
    ----------
    view : GraphView
    page : Page
    heard : list of (str, dict)
        Messages that the browser sent, but for the camera's.
    """

    def __init__(self, page: Page, url: str, view: GraphView, heard: Heard) -> None:
        self.page, self.view, self.heard = page, view, heard
        page.goto(url)
        self.wait_for("ready")

    def ask(self, expression: str) -> Any:
        """Evaluate ``graph => ...`` on the canvas hook."""
        return self.page.evaluate(f"() => ({expression})(({FIND})().__graph)")

    def wait(self, condition: str) -> None:
        """Wait until ``graph => ...`` holds."""
        self.page.wait_for_function(f"() => ({condition})(({FIND})().__graph)")

    def wait_for(self, kind: str) -> dict[str, Any]:
        """Return the newest message of a kind; waits for the first."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            found = [fields for heard, fields in self.heard if heard == kind]
            if found:
                return found[-1]
            self.page.wait_for_timeout(20)
        pytest.fail(f"no {kind}; heard {self.heard}")

    def middle(self, key: int) -> tuple[float, float]:
        """Page px of the middle of an item."""
        rect = self.ask(f"graph => graph.rectOf({key})")
        left, top = self.page.evaluate(
            f"() => {{ const box = ({FIND})().getBoundingClientRect(); return [box.x, box.y] }}"
        )
        return left + rect["x"] + rect["width"] / 2, top + rect["y"] + rect["height"] / 2

    def click(self, key: int, *held: str) -> None:
        """Click on an item while the keys `held` are down."""
        for name in held:
            self.page.keyboard.down(name)
        self.page.mouse.click(*self.middle(key))
        for name in held:
            self.page.keyboard.up(name)

    def pixels(self) -> np.ndarray:
        """What WebGL has drawn, uint8 (height, width, 4), from the bottom up."""
        found = self.page.evaluate(
            f"""() => {{
              const canvas = ({FIND})();
              const gl = canvas.getContext('webgl2');
              const [w, h] = [gl.drawingBufferWidth, gl.drawingBufferHeight];
              const out = new Uint8Array(4 * w * h);
              canvas.__graph.flush();
              gl.readPixels(0, 0, w, h, gl.RGBA, gl.UNSIGNED_BYTE, out);
              let text = '';
              for (let i = 0; i < out.length; i += 8192)
                text += String.fromCharCode(...out.subarray(i, i + 8192));
              return [w, h, btoa(text)];
            }}"""
        )
        width, height, text = found
        data = np.frombuffer(base64.b64decode(text), np.uint8)
        return data.reshape(height, width, 4)


Show = Callable[..., Shown]


def show_in(page: Page, served: Callable[..., str]) -> Show:
    """Return a function that shows a scene and collects what the browser says."""

    def open_page(scene: Scene | None = None, *, at: Page = page, **params: Any) -> Shown:
        view, heard = GraphView(sizing_mode="stretch_both", min_height=600, **params), Heard()
        for kind in FIELDS:
            view.on_message(kind, lambda fields, kind=kind: heard.append((kind, fields)))
        view.show(scene or golden_scene())
        return Shown(at, served(view), view, heard)

    return open_page


def marks(**shares: int) -> np.ndarray:
    """Return shares of the golden scene's items."""
    order = ["input", "group", "conv", "constant", "collapsed", "output"]
    return np.array([shares.get(name, 0) for name in order], np.uint8)
