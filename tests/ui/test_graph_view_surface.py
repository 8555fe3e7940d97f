"""The graph view in a real browser: theme, device pixels, lost contexts, pictures, limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from playwright.sync_api import BrowserContext, Page, expect

from benchmarks.frame_scene import grid_scene
from components.graph_view.scene import NO_STRIPS, Scene
from components.graph_view.view import GraphView
from tests.components.graph_view.golden import golden_scene
from tests.ui.driver import FIND
from tests.ui.shown import (
    Show,
    marks,
)


def test_dark_is_followed(show: Show) -> None:
    """The canvas takes the page's theme while it is shown."""
    shown = show()
    assert shown.pixels()[0, 0].tolist() == [250, 250, 250, 255]
    shown.view.dark = True
    shown.wait("graph => graph.view.isDark")
    assert shown.pixels()[0, 0].tolist() == [18, 18, 18, 255]


def test_device_pixels_are_used(
    show: Show, new_context: Callable[..., BrowserContext], browser_type_launch_args: object
) -> None:
    """On a screen of two device px a CSS px the canvas has twice the pixels each way."""
    page = new_context(device_scale_factor=2, viewport={"width": 800, "height": 650}).new_page()
    shown = show(at=page)
    height, width, _ = shown.pixels().shape
    size = shown.ask("graph => graph.view.size")
    assert (width, height) == (2 * size["width"], 2 * size["height"])


def test_a_lost_context_is_rebuilt(show: Show) -> None:
    """After the driver was reset the same picture is there again."""
    shown = show()
    shown.view.set_state(marks(conv=255), marks())
    shown.wait("graph => graph.view.selected.length === 1")
    before = shown.pixels()
    shown.page.evaluate(
        f"() => {{ const gl = ({FIND})().getContext('webgl2');"
        " window.lose = gl.getExtension('WEBGL_lose_context'); window.lose.loseContext() }"
    )
    shown.wait_for("lost")
    expect(shown.page.get_by_role("alert")).to_be_visible()
    shown.page.evaluate("() => window.lose.restoreContext()")
    shown.wait_for("restored")
    expect(shown.page.get_by_role("alert")).to_be_hidden()
    # Letters may lie elsewhere in the atlas, and are then rounded another way.
    np.testing.assert_allclose(shown.pixels().astype(int), before.astype(int), atol=2)


def test_without_webgl_the_reason_is_shown(page: Page, served: Callable[..., str]) -> None:
    """A browser without WebGL 2 says so and tells Python, instead of staying blank."""
    page.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...more) {"
        " return kind === 'webgl2' ? null : get.call(this, kind, ...more) }"
    )
    view, heard = GraphView(sizing_mode="stretch_both", min_height=400), []
    view.on_message("no_webgl", heard.append)
    view.show(golden_scene())
    page.goto(served(view))
    expect(page.get_by_role("alert")).to_contain_text("WebGL 2")
    page.wait_for_timeout(200)
    assert heard == [{}]


def test_png_is_downloaded(show: Show) -> None:
    """Python or the toolbar gives a PNG of the view, at the asked size."""
    shown = show()
    size = shown.ask("graph => graph.view.size")
    with shown.page.expect_download() as download:
        shown.view.save_png(2)
    data = download.value.path().read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    assert (width, height) == (2 * size["width"], 2 * size["height"])
    assert shown.pixels().shape[:2] == (size["height"], size["width"])


def test_a_busy_line_can_be_cancelled(show: Show) -> None:
    """While Python works a line says so, and its button asks to stop."""
    shown = show()
    shown.view.busy("Laying out 50,000 nodes")
    expect(shown.page.get_by_text("Laying out 50,000 nodes")).to_be_visible()
    shown.page.get_by_role("button", name="Cancel").click()
    shown.wait_for("cancel")
    shown.view.busy("")
    expect(shown.page.get_by_text("Laying out")).to_be_hidden()


def test_a_busy_line_is_there_before_a_drawing(page: Page, served: Callable[..., str]) -> None:
    """What a first drawing waits for is said on the empty page, until there is nothing."""
    view = GraphView(sizing_mode="stretch_both", min_height=600)
    view.busy("Compiling the layout")
    page.goto(served(view))
    expect(page.get_by_text("Compiling the layout")).to_be_visible()
    view.busy("")
    expect(page.get_by_text("Compiling the layout")).to_be_hidden()


def test_an_empty_scene_is_no_error(show: Show) -> None:
    """A graph without nodes shows an empty page, and keys do nothing there."""
    names = [name for name in Scene.__slots__ if name.startswith(("item_", "edge_", "segment_"))]
    scene = golden_scene()
    empty = {name: getattr(scene, name)[:0] for name in names}
    shown = show(replace(scene, **empty, strips=NO_STRIPS, size=(0, 0)))
    shown.page.mouse.click(300, 300)
    shown.page.keyboard.press("ArrowDown")
    shown.page.keyboard.press("f")
    assert shown.ask("graph => graph.view.nItems") == 0


def test_few_draw_calls_at_any_zoom(show: Show) -> None:
    """However large the scene and wherever the reader looks, a frame is at most 40 draw calls."""
    shown = show(grid_scene(4_000, 500, 6_000))
    shown.ask("graph => graph.fit()")
    x, y, fit = shown.ask("graph => [graph.camera.x, graph.camera.y, graph.camera.zoom]")
    for zoom in (fit, 0.15, 0.4, 1.0, 4.0):
        shown.ask(f"graph => {{ graph.setCamera({x}, {y}, {zoom}); graph.flush() }}")
        assert 0 < shown.ask("graph => graph.stats.drawCalls") <= 40
