"""Expanding one group of a 20,000-node model: from the click to the first new frame."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Page

from benchmarks.graphs import decoder
from benchmarks.rows import Row
from benchmarks.served import FIND_CANVAS, browser_page, dashboard, until_drawn
from graphs.ir import Model
from importers.model_explorer_write import write_model_explorer

N_NODES, REPEATS = 20_000, 7
REST_MS = 1_000

# Double-clicks a collapsed group and resolves with the ms until another scene was drawn.
EXPAND = f"""(title) => new Promise((done, failed) => {{
  const canvas = ({FIND_CANVAS})()
  const graph = canvas.__graph
  const key = graph.keysOf(title)[0]
  graph.setCamera(0, 0, 1)
  const at = graph.rectOf(key)
  const box = canvas.getBoundingClientRect()
  const size = graph.view.size
  graph.setCamera(at.x + (at.width - size.width) / 2, at.y + (at.height - size.height) / 2, 1)
  graph.flush()
  const rect = graph.rectOf(key)
  const where = {{
    clientX: box.left + rect.x + rect.width / 2, clientY: box.top + rect.y + rect.height / 2,
    bubbles: true, pointerId: 1, button: 0, isPrimary: true, pointerType: 'mouse',
  }}
  const serial = graph.view.serial
  const start = performance.now()
  const frames = () => graph.stats.frames
  for (let click = 1; click <= 2; click++)
    for (const kind of ['pointerdown', 'pointerup'])
      canvas.dispatchEvent(new PointerEvent(kind, {{...where, detail: click}}))
  canvas.dispatchEvent(new MouseEvent('dblclick', {{...where, detail: 2}}))
  let before = null
  const look = () => {{
    if (graph.view.serial !== serial && before === null) before = frames()
    if (before !== null && frames() > before) return done(performance.now() - start)
    if (performance.now() - start > 10000) return failed(new Error('nothing was expanded'))
    requestAnimationFrame(look)
  }}
  requestAnimationFrame(look)
}})"""


def run() -> list[Row]:
    """Return the row of this benchmark."""
    model = Model("decoder.json", "Model Explorer JSON", "benchmarks", (decoder(N_NODES),))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "decoder.json"
        path.write_bytes(write_model_explorer(model))
        with dashboard(str(path)) as url, browser_page() as page:
            page.goto(url)
            until_drawn(page)
            page.wait_for_function("() => window.Bokeh.documents.every(doc => doc.is_idle)")
            values = [_expand(page, str(block)) for block in range(20, 20 + REPEATS)]
    return [
        Row(
            "expanding: click to new frame, 20,000 nodes",
            statistics.median(values),
            "ms",
            None,
            f"worst of {len(values)}: {max(values):.0f} ms",
        )
    ]


def _expand(page: Page, title: str) -> float:
    """Expand a block in a page at rest; return the ms until the first new frame."""
    page.wait_for_function(f"() => !({FIND_CANVAS})().__graph.view.isMoving")
    page.wait_for_timeout(REST_MS)
    ms: float = page.evaluate(EXPAND, title)
    return ms
