"""What a frame costs when two views of 20,000 nodes move together: both counted, following as well.

JavaScript time is what counts: the software rasteriser of a machine without a GPU is no measure
of anything, and takes the cores that JavaScript waits for. So each step of the sweep counts as its
quickest of three. The rival is the view that leads, alone in the same frames.
"""

from __future__ import annotations

import time
import uuid
from typing import Any

import numpy as np
import panel as pn
from playwright.sync_api import Page

from benchmarks.frame_scene import grid_scene, spread_scene
from benchmarks.rows import Row
from benchmarks.served import FIND_CANVASES, browser_page
from components.graph_view.view import GraphView

N_NODES, N_GROUPS, N_EDGES = 20_000, 2_400, 32_000
FIRST_TWIN = 1_000_000
STEPS, SWEEPS = 80, 3
FIND_HOOKS = """() => {
  const found = (FIND_CANVASES)();
  const isFollowing = (canvas) => Number(canvas.__graph.group.isFollowing);
  found.sort((a, b) => isFollowing(a) - isFollowing(b));
  window.contexts = found.map((canvas) => canvas.getContext("webgl2"));
  const graphs = (window.graphs = found.map((canvas) => canvas.__graph));
  return graphs.length === 2 && graphs[1].group.nPairs > 0 && graphs.every((g) => g.group.isThere);
}""".replace("FIND_CANVASES", FIND_CANVASES)
# Pan far away, zoom in, pan close by, zoom out; one step a frame. The first view leads.
SWEEP = """async (steps) => {
  const { graphs, contexts } = window;
  const [leader] = graphs;
  const frame = () => new Promise(requestAnimationFrame);
  const pixel = new Uint8Array(4);
  // Drawing in software takes all cores: wait for it, else the next frame's JavaScript does.
  const drawn = () => {
    for (const gl of contexts) gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
  };
  leader.fit();
  await frame();
  await frame();
  const { x, y, zoom } = leader.camera;
  for (const graph of graphs) graph.stats.jsMs.length = 0;
  const frames = [];
  let nDrawn = 0; // frames in which both were drawn
  for (let i = 0; i < steps; i++) {
    const part = Math.floor((4 * i) / steps);
    const t = ((4 * i) / steps) % 1;
    const near = 1.1;
    const wide = 400 * t;
    if (part === 0) leader.setCamera(x + wide * 4, y, zoom);
    if (part === 1) leader.setCamera(x + 1600, y, zoom * (near / zoom) ** t);
    if (part === 2) leader.setCamera(x + 1600 + 3 * wide, y + wide, near);
    if (part === 3) leader.setCamera(x + 2800, y + 400, near * (zoom / near) ** t);
    const before = graphs.map((graph) => graph.stats.frames);
    await frame();
    frames.push(graphs.map((graph) => graph.stats.jsMs.splice(0).reduce((a, b) => a + b, 0)));
    drawn();
    nDrawn += graphs.every((graph, view) => graph.stats.frames > before[view]);
  }
  return { frames, nDrawn };
}"""


def run() -> list[Row]:
    """Sweep over one of two views that move together."""
    with browser_page(1200, 640) as page:
        swept = _swept(page)
    both = swept["ms"].sum(axis=2).min(axis=0)
    alone = swept["ms"][:, :, 0].min(axis=0)
    pairs = f"the leader alone: {np.median(alone):.2f} ms; {swept['n_pairs']:,} pairs of twins"
    return [
        Row("panes: JavaScript a frame of both views, median", float(np.median(both)), "ms",
            rival=pairs),
        Row("panes: JavaScript a frame of both views, p95", float(np.percentile(both, 95)), "ms",
            rival=f"the leader alone: {np.percentile(alone, 95):.2f} ms"),
    ]  # fmt: skip


def _views() -> list[GraphView]:
    """A base, and a view of the same nodes in another layout."""
    base = grid_scene(N_NODES, N_GROUPS, N_EDGES)
    other = spread_scene(base, (1.1, 1.2), (300.0, -50.0), FIRST_TWIN)
    made = []
    for scene in (base, other):
        view = GraphView(
            sizing_mode="stretch_both", min_height=600, sync_group="panes", sync_base=scene is base
        )
        view.show(scene)
        made.append(view)
    made[1].set_twins(other.item_key, base.item_key)
    return made


def _swept(page: Page) -> dict[str, Any]:
    name = uuid.uuid4().hex
    row = pn.Row(*_views(), sizing_mode="stretch_both")
    server = pn.serve(row, port=0, threaded=True, show=False, server_id=name)
    while name not in pn.state._servers:  # noqa: SLF001 - Panel tells the port nowhere else
        time.sleep(0.02)
    try:
        page.goto(f"http://localhost:{pn.state._servers[name][0].port}")  # noqa: SLF001
        page.wait_for_function(FIND_HOOKS, timeout=60_000)
        swept = [page.evaluate(SWEEP, STEPS) for _ in range(SWEEPS)]
        n_drawn = [each["nDrawn"] for each in swept]
        assert n_drawn == [STEPS] * SWEEPS, f"of {STEPS} frames only {n_drawn} show both views"
        return {
            "ms": np.array([each["frames"] for each in swept]),
            "n_pairs": page.evaluate("window.graphs[1].group.nPairs"),
        }
    finally:
        server.stop()
