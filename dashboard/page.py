"""The page: builds the panes, puts them on a session and lays them out."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping

import panel as pn
import panel_material_ui as pmui
from bokeh.document import Document
from panel.io.resources import LOCAL_DIST

from dashboard.arguments import Arguments, parse
from dashboard.comparing import Comparing
from dashboard.following import Following
from dashboard.notices import Notices
from dashboard.opening import Opening
from dashboard.panes.address import AddressPane
from dashboard.panes.compare import ComparePane
from dashboard.panes.compare_measuring import CompareMeasuring
from dashboard.panes.compare_table import DifferencesTable
from dashboard.panes.groups import GroupsSwitch
from dashboard.panes.header import Header
from dashboard.panes.notices import NoticesPane
from dashboard.panes.opener import Opener
from dashboard.panes.right_bar import RightBar
from dashboard.panes.split import SplitPane
from dashboard.panes.table import TablePane
from dashboard.restoring import Restoring
from dashboard.session import Session
from dashboard.side import Side
from dashboard.theme import EMBED_SX, PAGE_SX, THEME
from dashboard.url_state import UrlState
from dashboard.work import Work

PLOTS_WIDTH = 500
EMBEDDED_PLOTS_WIDTH = 420
ROWS_A_PAGE = 6
EXTENSIONS = ("tabulator",)


class App:
    """All parts of one browser session, by name."""

    def __init__(self, arguments: Arguments, query: Mapping[str, str]) -> None:
        self.is_embedded = query.get("embed") == "1"
        self.arguments = arguments
        self.session = Session(batch=pn.io.hold)
        self.notices = Notices()
        self.work = Work(self.notices.add)
        self.opening = Opening(self.session, self.work, self.notices, arguments)
        self.comparing = Comparing(self.session, self.work, self.notices)
        self.following = Following(self.comparing)
        self.side = self._make_side(self.session, self.work)
        self.graph, self.search = self.side.graph, self.side.panel.search
        self.compare = ComparePane(self.comparing, self.work, self.notices)
        choice = self.compare.choice
        self.split = SplitPane(self.comparing, self.side, self._make_side, choice.step)
        self.table = TablePane(self.session, page_size=ROWS_A_PAGE)
        self.differences = DifferencesTable(self.comparing, choice, page_size=ROWS_A_PAGE)
        self.opener = Opener(
            self.opening, self.comparing, lambda: self.split.focused or self.session
        )
        self.header = Header(self.session, self.opener)
        self.groups = GroupsSwitch(self.session, self.work, self.notices)
        self.notice_list = NoticesPane(self.notices)
        self.address = AddressPane(self.comparing, self.split, theme=query.get("theme", ""))
        self.offer = CompareMeasuring(
            self.comparing, lambda session: self.split.side_of(session).panel.measure
        )
        self.compare.offer_measuring(self.offer.view)
        self.right = RightBar(self.split, self.compare.view)
        self.comparing.param.watch(self._compared, "others")
        self.split.param.watch(lambda _event: self.show_tab("Search"), "search_asked")
        self._compared()
        self.page = self._embedded_page() if self.is_embedded else self._whole_page()
        unfollow_server(self.page)
        if query.get("theme") in ("dark", "light"):
            self.page.dark_theme = query["theme"] == "dark"
        self.session.is_dark = bool(self.page.dark_theme)
        self.page.param.watch(self._theme_changed, "dark_theme")
        Restoring(self.opening, self.comparing, query, self._restored).start()

    def _make_side(self, session: Session, work: Work | None = None) -> Side:
        return Side(
            session,
            work or Work(self.notices.add),
            self.notices,
            self.arguments,
            self.opening.store,
            is_embedded=self.is_embedded,
        )

    def show_tab(self, name: str) -> None:
        """Bring a tab of the right-hand side to the front; an embedded page has none."""
        if self.is_embedded:
            return
        self.page.contextbar_open = True
        self.right.show_tab(name)

    def _restored(self, session: Session, state: UrlState) -> None:
        if state.camera is not None:
            camera, graph = state.camera, self.split.side_of(session).graph
            graph.when_drawn(lambda: graph.view.restore_camera(*camera))

    def _compared(self, *_: object) -> None:
        """Below the graphs stands what differs while models are compared, else the nodes."""
        is_comparing = bool(self.comparing.others)
        self.differences.view.visible = is_comparing
        self.table.show(not is_comparing)

    def close(self) -> None:
        """The tab is gone: end its jobs and let go of its models."""
        self.work.cancel()
        self.split.close()

    def _theme_changed(self, event: object) -> None:
        self.session.is_dark = bool(self.page.dark_theme)

    def _whole_page(self) -> pmui.Page:
        main = pmui.Column(
            self.split.view,
            self.table.view,
            self.differences.view,
            self.notice_list.view,
            self.address.view,
            sizing_mode="stretch_both",
            margin=0,
        )
        return pmui.Page(
            title="Opscope",
            header=[self.header.view, self.groups.view, self.opener.view],
            main=[main],
            contextbar=[self.right.view],
            contextbar_open=True,
            contextbar_variant="persistent",
            contextbar_width=PLOTS_WIDTH,
            contextbar_resizable=True,
            theme_config=THEME,
            sx=PAGE_SX,
        )

    def _embedded_page(self) -> pmui.Page:
        """Graph with legend, and plots; no header, table or tabs."""
        plots = pmui.Column(
            self.side.panel.bar.view,
            self.side.panel.plots.view,
            width=EMBEDDED_PLOTS_WIDTH,
            sizing_mode="stretch_height",
            margin=0,
            scroll="y",
        )
        graph = pmui.Column(
            self.header.trail, self.split.view, sizing_mode="stretch_both", margin=0
        )
        main = pmui.Row(graph, plots, self.notice_list.view, sizing_mode="stretch_both", margin=0)
        return pmui.Page(
            title="Opscope", main=[main], theme_config=THEME, sx=EMBED_SX, theme_toggle=False
        )


def unfollow_server(page: pmui.Page) -> None:
    """Cut a page from the busy flag of the whole server.

    It would show the work of other sessions, and keep the page alive after its own has ended.
    """
    for watcher in list(pn.state.param.watchers.get("busy", {}).get("value", [])):
        if getattr(getattr(watcher.fn, "__self__", None), "self", None) is page:
            pn.state.param.unwatch(watcher)


def ask_this_server(document: Document) -> None:
    """Let style sheets come from this server, also in a session that begins without a page.

    A browser that connects late, or again, gets a new session over its socket. Panel says where
    style sheets are only when it writes a page; without one it would ask its CDN.
    """
    root = f"{pn.state.rel_path}/" if pn.state.rel_path else ""
    document.template_variables.setdefault("dist_url", f"{root}{LOCAL_DIST}")


def build_app(arguments: Arguments | None = None) -> App:
    """Build the app of this browser session from the server's arguments and the URL."""
    pn.extension(*EXTENSIONS)
    if pn.state.curdoc is not None:
        ask_this_server(pn.state.curdoc)
    query = {
        name: values[-1].decode("utf-8", "replace")
        for name, values in (pn.state.session_args or {}).items()
        if values
    }
    return App(arguments or parse(sys.argv[1:]), query)


def build_page() -> pmui.Page:
    """Return the page of this browser session; it is closed when the session ends."""
    app = build_app()
    if pn.state.curdoc is not None:
        pn.state.on_session_destroyed(lambda _context: close_soon(app))
    return app.page


def close_soon(app: App) -> None:
    """Close an app when Panel, too, has let go of its widgets.

    What is told of an ended session is told in no order. A widget that is changed before Panel
    has let go of it writes to a model that is no more, which fails: the rest would stay open.
    """
    asyncio.get_running_loop().call_soon(app.close)
