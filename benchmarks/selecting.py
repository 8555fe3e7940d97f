"""Selecting 500 of 50,000 nodes: from the page's event until the page shows it everywhere.

The event is a message of a component, as the graph view sends one; the end is
the first frame in which table, histogram and scatter all show the 500 nodes.
Statistics, ranking and op types follow the same selection meanwhile.
"""

from __future__ import annotations

import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui
from panel.custom import JSComponent

from benchmarks.rows import Row
from benchmarks.served import browser_page
from components.plots.columns import MeasureColumn
from components.plots.histogram import Histogram
from components.plots.op_types import OpTypes
from components.plots.ranking import Ranking
from components.plots.scatter import Scatter
from components.plots.statistics import Statistics
from components.plots.table import NodeColumns, NodeTable

N_NODES, N_SELECTED, REPEATS = 50_000, 500, 12
START_SECONDS = 30

# Sends the event, then looks at each frame until everything has followed.
SELECT = """([first, n, name]) => new Promise((done, failed) => {
    const find = name => Bokeh.documents[0].get_model_by_name(name)
    const row = root => {
        for (const e of root.querySelectorAll("*")) {
            if (e.classList.contains("tabulator-row")) return e
            const inner = e.shadowRoot && row(e.shadowRoot)
            if (inner) return inner
        }
        return null
    }
    const sum = numbers => [...numbers].reduce((a, b) => a + Number(b), 0)
    const is_shown = () =>
        find("scatter selected points").data.x.length == n
        && sum(find("histogram bars").data.n_selected) == n
        && row(document)?.textContent.includes(name)
    const start = performance.now()
    const look = () => {
        if (is_shown()) done(performance.now() - start)
        else if (performance.now() - start > 10_000) failed(new Error("the page did not follow"))
        else requestAnimationFrame(look)
    }
    window.__select(first)
    requestAnimationFrame(look)
})"""


class Sender(JSComponent):
    """Sends the first row of a selection, as a message."""

    _esm = """
    export function render({model}) {
      window.__select = first => model.send_msg({first})
      return document.createElement("div")
    }
    """

    plots: tuple[Any, ...] = ()

    def _handle_msg(self, data: dict[str, int]) -> None:
        first = data["first"]
        rows = np.arange(first, first + N_SELECTED) if first >= 0 else np.zeros(0, dtype=np.int64)
        with pn.io.hold():  # one message for all that changes
            for plot in self.plots:
                plot.set_selection(rows)


def run() -> list[Row]:
    """Return the rows of this benchmark."""
    plots = _plots()
    with _served(plots) as url, browser_page() as page:
        page.goto(url)
        page.wait_for_function("() => window.__select && Bokeh.documents[0].is_idle")
        took_ms = []
        for i in range(REPEATS):
            first = 1_000 + i * 3_000
            page.evaluate("() => window.__select(-1)")
            page.wait_for_timeout(1_000)
            arguments = [first, N_SELECTED, f"node_{first}"]
            took_ms.append(float(page.evaluate(SELECT, arguments)))
    median = statistics.median(took_ms)
    name = "selecting: 500 of 50,000 to table, histogram, scatter"
    return [Row(name, median, "ms", None, f"slowest of {REPEATS}: {max(took_ms):.0f} ms")]


def _plots() -> tuple[Any, ...]:
    """Return the linked plots over seeded nodes."""
    random = np.random.default_rng(0)
    latency = MeasureColumn("latency", "ms", random.lognormal(-3, 1.5, N_NODES))
    error = MeasureColumn("error", "", random.lognormal(-5, 2, N_NODES), is_additive=False)
    names = [f"node_{i}" for i in range(N_NODES)]
    ops = random.integers(0, 20, N_NODES)
    op_names = [f"Op{i}" for i in range(20)]
    columns = NodeColumns(
        names, [op_names[i] for i in ops], ["block"] * N_NODES, ["1×64"] * N_NODES, ["i8"] * N_NODES
    )
    plots = (Histogram(), Scatter(), NodeTable(), Statistics(), Ranking(), OpTypes())
    histogram, scatter, table, numbers, ranking, op_types = plots
    scatter.set_measures(latency, error, names)
    table.set_nodes(columns, [latency, error])
    ranking.set_nodes(names)
    op_types.set_nodes(ops, op_names)
    for plot in (histogram, numbers, ranking, op_types):
        plot.set_measure(latency)
    return plots


@contextmanager
def _served(plots: tuple[Any, ...]) -> Iterator[str]:
    """Serve the plots in a thread and yield the URL."""
    pn.extension("tabulator")
    sender = Sender()
    sender.plots = plots
    views = [plot.view for plot in plots]
    page = pmui.Page(main=[pn.Column(sender, pn.Row(*views[:2]), views[2], pn.Row(*views[3:]))])
    port = _free_port()
    pn.serve(page, port=port, threaded=True, show=False, verbose=False)
    url = f"http://localhost:{port}"
    try:
        _wait_for(port)
        yield url
    finally:
        pn.state.kill_all_servers()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
