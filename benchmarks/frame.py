"""What a frame of the graph view costs: a pan and zoom sweep over 50,000 nodes in a real browser.

JavaScript time is what counts: the software rasteriser of a machine without a GPU is no measure
of anything. The rival is the same sweep over a hundredth of the scene.
"""

from __future__ import annotations

import time
import uuid
from typing import Any

import numpy as np
import panel as pn
from playwright.sync_api import Page

from benchmarks.frame_scene import grid_scene
from benchmarks.rows import Row
from benchmarks.served import browser_page
from components.graph_view.scene import Scene
from components.graph_view.view import GraphView
from components.graph_view.wire import pack_scene

N_NODES, N_GROUPS, N_EDGES = 50_000, 6_000, 80_000
FIND_HOOK = """() => {
  const search = (root) => {
    for (const each of root.querySelectorAll("*")) {
      if (each.__graph) return each.__graph;
      const inner = each.shadowRoot && search(each.shadowRoot);
      if (inner) return inner;
    }
  };
  return (window.graph = search(document)) !== undefined && window.graph.stats.draws > 0;
}"""
# Pan far away, zoom in, pan close by, zoom out; one step a frame.
SWEEP = """async (steps) => {
  const { graph } = window;
  const frame = () => new Promise(requestAnimationFrame);
  graph.fit();
  await frame();
  const { x, y, zoom } = graph.camera;
  graph.stats.jsMs.length = 0;
  let mostCalls = 0;
  let mostLabels = 0;
  for (let i = 0; i < steps; i++) {
    const part = Math.floor((4 * i) / steps);
    const t = ((4 * i) / steps) % 1;
    const near = 1.1;
    const wide = 400 * t;
    if (part === 0) graph.setCamera(x + wide * 4, y, zoom);
    if (part === 1) graph.setCamera(x + 1600, y, zoom * (near / zoom) ** t);
    if (part === 2) graph.setCamera(x + 1600 + 3 * wide, y + wide, near);
    if (part === 3) graph.setCamera(x + 2800, y + 400, near * (zoom / near) ** t);
    await frame();
    mostCalls = Math.max(mostCalls, graph.stats.drawCalls);
    mostLabels = Math.max(mostLabels, graph.stats.nLabels);
  }
  await frame();
  return { jsMs: graph.stats.jsMs, mostCalls, mostLabels };
}"""


def run() -> list[Row]:
    """Sweep over the large scene and over a hundredth of it."""
    start = time.perf_counter()
    scene = grid_scene(N_NODES, N_GROUPS, N_EDGES)
    made = time.perf_counter()
    block = pack_scene(scene)
    pack_ms = (time.perf_counter() - made) * 1000
    with browser_page(1200, 800) as page:
        small = _swept(page, grid_scene(N_NODES // 100, N_GROUPS // 100, N_EDGES // 100), 240)
        start = time.perf_counter()
        large = _swept(page, scene, 240)
    seconds = time.perf_counter() - start
    beside = f"a hundredth of it: {np.median(small['jsMs']):.2f} ms"
    p95_beside = f"a hundredth of it: {np.percentile(small['jsMs'], 95):.2f} ms"
    labels = f"up to {large['mostLabels']:,} labels"
    size = f"{len(block) / 1e6:.1f} MB; the whole sweep took {seconds:.0f} s"
    return [
        Row(
            "frame: JavaScript a frame, median", float(np.median(large["jsMs"])), "ms", rival=beside
        ),
        Row(
            "frame: JavaScript a frame, p95",
            float(np.percentile(large["jsMs"], 95)),
            "ms",
            rival=p95_beside,
        ),
        Row("frame: draw calls", float(large["mostCalls"]), "", rival=labels),
        Row("frame: packing the scene", pack_ms, "ms", rival=size),
        Row("frame: page request to the first frame", large["first_ms"], "ms"),
    ]


def _swept(page: Page, scene: Scene, steps: int) -> dict[str, Any]:
    view = GraphView(sizing_mode="stretch_both", min_height=780)
    view.show(scene)
    name = uuid.uuid4().hex
    server = pn.serve(view, port=0, threaded=True, show=False, server_id=name)
    while name not in pn.state._servers:  # noqa: SLF001 - Panel tells the port nowhere else
        time.sleep(0.02)
    try:
        port = pn.state._servers[name][0].port  # noqa: SLF001
        start = time.perf_counter()
        page.goto(f"http://localhost:{port}")
        page.wait_for_function(FIND_HOOK)
        page.evaluate("window.graph.flush()")
        first_ms = (time.perf_counter() - start) * 1000
        return {**page.evaluate(SWEEP, steps), "first_ms": first_ms}
    finally:
        server.stop()
