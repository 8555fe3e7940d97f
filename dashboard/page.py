"""The page: builds the panes, puts them on a session and lays them out."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import panel as pn
import panel_material_ui as pmui
from bokeh.document import Document
from panel.io.resources import LOCAL_DIST

from dashboard.arguments import Arguments, parse
from dashboard.notices import Notices
from dashboard.opening import Opening
from dashboard.panes.address import AddressPane
from dashboard.panes.details import DetailsPane
from dashboard.panes.graph import GraphPane
from dashboard.panes.groups import GroupsSwitch
from dashboard.panes.header import Header
from dashboard.panes.measure import MeasurePane
from dashboard.panes.measure_bar import MeasureBar
from dashboard.panes.model import ModelPane
from dashboard.panes.notices import NoticesPane
from dashboard.panes.opener import Opener
from dashboard.panes.plots import PlotsPane
from dashboard.panes.search import SearchPane
from dashboard.panes.table import TablePane
from dashboard.session import Session
from dashboard.theme import EMBED_SX, PAGE_SX, THEME
from dashboard.url_state import UrlState, apply, from_query
from dashboard.work import Work

PLOTS_WIDTH = 500
EMBEDDED_PLOTS_WIDTH = 420
ROWS_A_PAGE = 6
EXTENSIONS = ("tabulator",)
TABS = ("Plots", "Details", "Search", "Measure", "Model")


class App:
    """All parts of one browser session, by name."""

    def __init__(self, arguments: Arguments, query: Mapping[str, str]) -> None:
        self.is_embedded = query.get("embed") == "1"
        self.session = Session(batch=pn.io.hold)
        self.notices = Notices()
        self.work = Work(self.notices.add)
        self.opening = Opening(self.session, self.work, self.notices, arguments)
        self.graph = GraphPane(self.session, self.work, embed=self.is_embedded)
        self.bar = MeasureBar(self.session)
        self.plots = PlotsPane(self.session)
        self.table = TablePane(self.session, page_size=ROWS_A_PAGE)
        self.details = DetailsPane(self.session, self.work)
        self.search = SearchPane(self.session, self.work)
        self.measure = MeasurePane(
            self.session, self.work, self.notices, arguments, self.opening.store
        )
        self.model = ModelPane(self.session)
        self.opener = Opener(self.opening)
        self.header = Header(self.session, self.opener)
        self.groups = GroupsSwitch(self.session, self.work, self.notices)
        self.notice_list = NoticesPane(self.notices)
        self.address = AddressPane(self.session, self.graph, theme=query.get("theme", ""))
        panes = (self.plots, self.details, self.search, self.measure, self.model)
        self.tabs = pmui.Tabs(
            *zip(TABS, [pane.view for pane in panes], strict=True),
            sizing_mode="stretch_width",
            dynamic=False,
            margin=0,
        )
        self.graph.param.watch(lambda _event: self.show_tab("Search"), "search_asked")
        self.page = self._embedded_page() if self.is_embedded else self._whole_page()
        unfollow_server(self.page)
        if query.get("theme") in ("dark", "light"):
            self.page.dark_theme = query["theme"] == "dark"
        self.session.is_dark = bool(self.page.dark_theme)
        self.page.param.watch(self._theme_changed, "dark_theme")
        self._open(from_query(query))

    def show_tab(self, name: str) -> None:
        """Bring a tab of the right-hand side to the front; an embedded page has none."""
        if self.is_embedded:
            return
        self.page.contextbar_open = True
        self.tabs.active = TABS.index(name)

    def _open(self, state: UrlState) -> None:
        """Open what the link names, else what the server was started with; restore the view."""

        def restore(_event: object) -> None:
            self.session.param.unwatch(watcher)
            opened = self.session.opened
            # A link speaks of its own model, or, without one, of what opens by itself.
            if opened is None or (state.model and opened.reference != state.model):
                return
            apply(state, self.session)
            if state.camera is not None:
                camera = state.camera
                self.graph.when_drawn(lambda: self.graph.view.restore_camera(*camera))

        watcher = self.session.param.watch(restore, "opened")
        start = self.opening.open_at_start
        if not state.model or not self.opening.open_reference(
            state.model, graph_id=state.graph, origin=state.origin, failed=start
        ):
            start()

    def close(self) -> None:
        """The tab is gone: end its jobs and let go of its models."""
        self.work.cancel()
        self.measure.close()
        self.session.param.update(models=[], opened=None)

    def _theme_changed(self, event: object) -> None:
        self.session.is_dark = bool(self.page.dark_theme)

    def _whole_page(self) -> pmui.Page:
        main = pmui.Column(
            self.graph.view,
            self.table.view,
            self.notice_list.view,
            self.address.view,
            sizing_mode="stretch_both",
            margin=0,
        )
        return pmui.Page(
            title="Opscope",
            header=[self.header.view, self.groups.view, self.opener.view],
            main=[main],
            contextbar=[self.bar.view, self.tabs],
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
            self.bar.view,
            self.plots.view,
            width=EMBEDDED_PLOTS_WIDTH,
            sizing_mode="stretch_height",
            margin=0,
            scroll="y",
        )
        graph = pmui.Column(
            self.header.trail, self.graph.view, sizing_mode="stretch_both", margin=0
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
        pn.state.on_session_destroyed(lambda _context: app.close())
    return app.page
