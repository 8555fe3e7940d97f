"""Where the browser for the tests is. Run as a script it prints the path, or exits with 1.

`./run test` asks this file too, so that the task runner and the tests agree. Imports
nothing of ours.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_APPS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
HOW_TO_GET_ONE = (
    "No browser to test with. Run ./run test, which provides one; or install Chromium or Chrome "
    "(Debian: sudo apt install chromium); or set OPSCOPE_BROWSER to its path."
)


def find_browser() -> str | None:
    """Return the path of the first browser that starts, or None."""
    return next((path for path in _candidates() if _starts(path)), None)


def _candidates() -> Iterator[str]:
    chosen = os.environ.get("OPSCOPE_BROWSER")
    if chosen:
        yield chosen
        return
    yield from (found for name in NAMES if (found := shutil.which(name)))
    yield from (path for path in MAC_APPS if Path(path).is_file())
    yield from _playwrights_own()


def _playwrights_own() -> Iterator[str]:
    """Browsers that `playwright install` has fetched, newest first."""
    caches = [Path.home() / ".cache/ms-playwright", Path.home() / "Library/Caches/ms-playwright"]
    if "PLAYWRIGHT_BROWSERS_PATH" in os.environ:
        caches.insert(0, Path(os.environ["PLAYWRIGHT_BROWSERS_PATH"]))
    for cache in caches:
        for folder in sorted(cache.glob("chromium-*"), reverse=True):
            yield from map(str, folder.glob("chrome-linux*/chrome"))
            yield from map(str, folder.glob("chrome-mac*/*.app/Contents/MacOS/*"))


def _starts(path: str) -> bool:
    """Tell a browser from a placeholder: Ubuntu's `chromium-browser` may only advertise a snap."""
    try:
        asked = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0 and "Chrom" in asked.stdout


if __name__ == "__main__":
    print(find_browser() or sys.exit(1))
