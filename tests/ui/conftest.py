"""Fixtures of the browser tests.

`page` (from pytest-playwright) is watched: a console error, an exception in the page or
a request that leaves this machine fails the test. `served` shows any Panel object,
`serve_dashboard` starts the whole app as a user would.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import panel as pn
import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page

from tests.ui.browser import HOW_TO_GET_ONE, find_browser
from tests.ui.shown import Show, show_in

ROOT = Path(__file__).resolve().parents[2]
# A tab that is closed while the server writes to it: Tornado's own report, this one block alone.
CLOSED_TAB = re.compile(
    r"Task exception was never retrieved\nfuture: [^\n]*exception=WebSocketClosedError\(\)>\n"
    r"Traceback.*?\ntornado\.websocket\.WebSocketClosedError\n",
    re.DOTALL,
)
LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--use-angle=swiftshader",  # WebGL2 without a GPU
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-background-networking",
    "--no-first-run",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder `ui`; a browser that a busy machine held up gets one more try.

    A second try must pass by itself: what is wrong fails both times.
    """
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.ui)
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    """Start the browser of this machine, with WebGL drawn in software."""
    path = find_browser()
    if path is None:
        pytest.fail(HOW_TO_GET_ONE)
    return {**browser_type_launch_args, "executable_path": path, "args": CHROMIUM_FLAGS}


@pytest.fixture
def new_context(
    new_context: Callable[..., BrowserContext], request: pytest.FixtureRequest
) -> Iterator[Callable[..., BrowserContext]]:
    """Watch every browser context that a test opens; `page` and `context` come from here."""
    troubles: list[str] = []
    allowed = [m.args[0] for m in request.node.iter_markers("allow_console")]

    def watched(**options: object) -> BrowserContext:
        context = new_context(**options)
        _watch(context, troubles, allowed)
        return context

    yield watched
    if troubles:
        pytest.fail("the page was not clean:\n  " + "\n  ".join(troubles[:20]), pytrace=False)


def leaves_this_machine(url: str) -> bool:
    """Whether a request to `url` goes to another machine."""
    parts = urlsplit(url)
    return parts.scheme not in {"data", "blob", "about"} and parts.hostname not in LOCAL_HOSTS


def _watch(context: BrowserContext, troubles: list[str], allowed: list[str]) -> None:
    def on_console(message: ConsoleMessage) -> None:
        text = message.text
        if message.type == "error" and not any(re.search(p, text) for p in allowed):
            troubles.append(f"console error: {text} ({message.location.get('url', '')})")

    def on_exception(text: str) -> None:
        if not any(re.search(p, text) for p in allowed):
            troubles.append(f"exception in the page: {text}")

    def on_request(url: str) -> None:
        if leaves_this_machine(url):
            troubles.append(f"request that leaves this machine: {url}")

    def on_page(page: Page) -> None:
        page.on("websocket", lambda socket: on_request(socket.url))

    context.on("console", on_console)
    context.on("weberror", lambda error: on_exception(str(error.error)))
    context.on("request", lambda asked: on_request(asked.url))
    context.on("page", on_page)


@pytest.fixture
def served() -> Iterator[Callable[..., str]]:
    """Return a function that serves a Panel object (or a function that makes one); gives its URL.

    The server runs in a thread of the test, so that a test can assert on Python's side.
    """

    def serve(app: object, **options: object) -> str:
        name = uuid.uuid4().hex
        pn.serve(app, port=0, threaded=True, show=False, server_id=name, **options)
        _wait_for(lambda: name in pn.state._servers, "Panel's server")
        return f"http://localhost:{pn.state._servers[name][0].port}"

    yield serve
    pn.state.kill_all_servers()


@pytest.fixture
def show(page: Page, served: Callable[..., str]) -> Show:
    """Return a function that shows a scene and collects what the browser says."""
    return show_in(page, served)


class RunningDashboard:
    """A `panel serve dashboard` of its own process.

    Attributes
    ----------
    url : str
        Where the page is.
    log : Path
        What the server has printed.
    """

    def __init__(self, log: Path, args: tuple[str, ...], cwd: Path) -> None:
        self.log = log
        command = [sys.executable, "-m", "panel", "serve", str(ROOT / "dashboard"), "--port", "0"]
        command += ["--args", *args] if args else []
        with log.open("wb") as out:
            self._process = subprocess.Popen(command, stdout=out, stderr=out, cwd=cwd)
        _wait_for(self._find_url, f"panel serve dashboard {' '.join(args)}", self.text)
        found = self._find_url()
        assert found is not None
        self.url = found.group(1)

    def _find_url(self) -> re.Match[str] | None:
        assert self._process.poll() is None, f"the server ended:\n{self.text()}"
        return re.search(r"app running at: (http\S+)", self.text())

    def text(self) -> str:
        """Return what the server has printed so far."""
        return self.log.read_text(errors="replace")

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


ServeDashboard = Callable[..., RunningDashboard]


@pytest.fixture(scope="session")
def _dashboards() -> Iterator[dict[tuple[str, ...], RunningDashboard]]:
    """Running servers by their arguments: sessions share nothing, so tests may share a server."""
    running: dict[tuple[str, ...], RunningDashboard] = {}
    yield running
    for one in running.values():
        one.stop()


@pytest.fixture
def serve_dashboard(
    _dashboards: dict[tuple[str, ...], RunningDashboard],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ServeDashboard]:
    """Return ``serve(*args, cwd=None)``: `panel serve dashboard --args ...`, its URL in ``.url``.

    A traceback that the server prints during the test fails it.
    """
    before = {key: len(one.text()) for key, one in _dashboards.items()}

    def serve(*args: str, cwd: Path | None = None) -> RunningDashboard:
        key = (str(cwd or ""), *args)
        if key not in _dashboards:
            log = tmp_path_factory.mktemp("server") / "log.txt"
            _dashboards[key] = RunningDashboard(log, args, cwd or ROOT)
        return _dashboards[key]

    yield serve
    for key, one in _dashboards.items():
        printed = one.text()[before.get(key, 0) :]
        if "Traceback" in CLOSED_TAB.sub("", printed):
            pytest.fail(f"the server printed a traceback:\n{printed[-4000:]}", pytrace=False)


def _wait_for(
    is_there: Callable[[], object], what: str, log: Callable[[], str] = str, seconds: float = 60
) -> None:
    end = time.monotonic() + seconds
    while not is_there():
        if time.monotonic() > end:
            pytest.fail(f"{what} did not start in {seconds:g} s\n{log()}")
        time.sleep(0.05)
