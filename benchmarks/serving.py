"""How long a new user waits: import, server start to first graph, and whom the page asks."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from urllib.parse import urlsplit

from playwright.sync_api import Page

from benchmarks.rows import Row
from benchmarks.served import browser_page, dashboard, until_drawn

REPEATS = 3
LOCAL = {"localhost", "127.0.0.1", "::1", None}
FRAMEWORKS = ("onnx", "onnxruntime", "torch", "tensorflow", "jax", "ai_edge_litert")


def run() -> list[Row]:
    """Return the rows of this benchmark."""
    return [*_import_rows(), *_page_rows()]


def _import_rows() -> list[Row]:
    code = (
        "import sys, time, json; t = time.perf_counter(); import dashboard.page;"
        "seconds = time.perf_counter() - t;"
        f"print(json.dumps([seconds, [m for m in {FRAMEWORKS!r} if m in sys.modules]]))"
    )
    results = []
    for _ in range(REPEATS):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        results.append(json.loads(done.stdout))
    seconds = statistics.median(result[0] for result in results)
    return [
        Row("serving: import dashboard.page", seconds, "s"),
        Row("serving: frameworks imported by dashboard.page", len(results[0][1]), ""),
    ]


def _page_rows() -> list[Row]:
    seconds: list[float] = []
    outside: set[str] = set()
    with dashboard() as url:
        for _ in range(REPEATS):
            with browser_page() as page:
                page.on("request", lambda asked: _note_outside(asked.url, outside))
                seconds.append(_until_drawn(page, url))
    first, others = seconds[0], statistics.median(seconds[1:])
    return [
        Row("serving: page request to the sample's graph drawn", first, "s", None,
            f"first page of a fresh server; later pages: {others:.2f} s"),
        Row("serving: requests that leave this machine", len(outside), ""),
    ]  # fmt: skip


def _until_drawn(page: Page, url: str) -> float:
    start = time.perf_counter()
    page.goto(url)
    until_drawn(page)
    return time.perf_counter() - start


def _note_outside(url: str, outside: set[str]) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("data", "blob") and parts.hostname not in LOCAL:
        outside.add(url)
