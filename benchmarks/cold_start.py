"""A fresh install: nothing compiled. How long the first page and its graph take, and a later start.

The server is asked for a page as soon as it runs, with an empty folder for machine code, so that
other processes compile while it answers. Set-up (`./run`, `python -m graphs.kernels`) spares this.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.rows import Row
from benchmarks.served import browser_page, dashboard, until_drawn

LOAD = (
    "import time; from graphs.kernels import warm; start = time.perf_counter(); warm();"
    "print(time.perf_counter() - start)"
)


def run() -> list[Row]:
    """Measure and return the rows."""
    with _empty_cache():
        answered, drawn = _first_page()
    with _empty_cache():
        compiled = _compiled_seconds()
        loaded = _seconds(LOAD)
    return [
        Row("layout: first graph of a fresh install", drawn, "s", None,
            f"its page after {answered:.2f} s; all compiled, by set-up: {compiled:.1f} s"),
        Row("layout: page of a fresh install while it compiles", answered, "s"),
        Row("layout: kernels loaded from the cache", loaded, "s"),
    ]  # fmt: skip


@contextmanager
def _empty_cache() -> Iterator[None]:
    """Let processes that are started keep machine code in an empty folder."""
    before = os.environ.get("NUMBA_CACHE_DIR")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NUMBA_CACHE_DIR"] = folder
        try:
            yield
        finally:
            del os.environ["NUMBA_CACHE_DIR"]
            if before is not None:
                os.environ["NUMBA_CACHE_DIR"] = before


def _first_page() -> tuple[float, float]:
    """Return the seconds from the request of the first page until it is there, and drawn."""
    with browser_page() as page, dashboard() as url:
        start = time.perf_counter()
        page.goto(url)
        answered = time.perf_counter() - start
        until_drawn(page)
        return answered, time.perf_counter() - start


def _compiled_seconds() -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "graphs.kernels"], check=True)
    return time.perf_counter() - start


def _seconds(code: str) -> float:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)
