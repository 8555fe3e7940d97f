"""A running dashboard and a browser to measure it with. No benchmark of its own."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.ui.browser import HOW_TO_GET_ONE, find_browser

ROOT = Path(__file__).resolve().parents[1]
FLAGS = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-background-networking",
    "--no-first-run",
]
START_SECONDS = 90
# All graphs of a page, left to right; what tests and benchmarks may ask is `canvas.__graph`.
FIND_CANVASES = """() => {
  const found = []
  const search = root => {
    for (const element of root.querySelectorAll('*')) {
      if (element.tagName === 'CANVAS' && element.__graph) found.push(element)
      if (element.shadowRoot) search(element.shadowRoot)
    }
  }
  search(document)
  return found.sort((a, b) => a.getBoundingClientRect().x - b.getBoundingClientRect().x)
}"""
FIND_CANVAS = f"() => ({FIND_CANVASES})()[0] ?? null"


@contextmanager
def dashboard(*arguments: str) -> Iterator[str]:
    """Run `panel serve dashboard --args ...` and yield its URL."""
    command = [sys.executable, "-m", "panel", "serve", "dashboard", "--port", "0"]
    command += ["--args", *arguments] if arguments else []
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        try:
            yield _url(process, log)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _url(process: subprocess.Popen[bytes], log: object) -> str:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        log.seek(0)  # type: ignore[attr-defined]
        found = re.search(rb"app running at: (http\S+)", log.read())  # type: ignore[attr-defined]
        if found:
            return found.group(1).decode()
        time.sleep(0.05)
    raise RuntimeError("the dashboard did not start")


@contextmanager
def browser_page(width: int = 1280, height: int = 800) -> Iterator[Page]:
    """Yield a page of a headless browser that draws WebGL in software."""
    path = find_browser()
    if path is None:
        raise RuntimeError(HOW_TO_GET_ONE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser.new_page(viewport={"width": width, "height": height})
        browser.close()


def until_drawn(page: Page) -> None:
    """Wait until the graph view has drawn a scene."""
    page.wait_for_function(f"() => (({FIND_CANVAS})()?.__graph.stats.draws ?? 0) > 0")
