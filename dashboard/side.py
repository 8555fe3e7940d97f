"""One pane of the page with all that speaks of it: graph, plots, details, search, measuring."""

from __future__ import annotations

import panel_material_ui as pmui

from dashboard.arguments import Arguments
from dashboard.notices import Notices
from dashboard.panes.details import DetailsPane
from dashboard.panes.graph import GraphPane
from dashboard.panes.measure import MeasurePane
from dashboard.panes.measure_bar import MeasureBar
from dashboard.panes.model import ModelPane
from dashboard.panes.plots import PlotsPane
from dashboard.panes.search import SearchPane
from dashboard.runs import RunStore
from dashboard.session import Session
from dashboard.work import Work

TABS = ("Plots", "Details", "Search", "Measure", "Model")


class Side:
    """The panes of one session."""

    def __init__(
        self,
        session: Session,
        work: Work,
        notices: Notices,
        arguments: Arguments,
        store: RunStore,
        *,
        is_embedded: bool = False,
    ) -> None:
        self.session = session
        self.work = work
        self.graph = GraphPane(session, work, embed=is_embedded)
        self.bar = MeasureBar(session)
        self.plots = PlotsPane(session)
        self.details = DetailsPane(session, work)
        self.search = SearchPane(session, work)
        self.measure = MeasurePane(session, work, notices, arguments, store)
        self.model = ModelPane(session)
        panes = (self.plots, self.details, self.search, self.measure, self.model)
        self.tabs = pmui.Tabs(
            *zip(TABS, [pane.view for pane in panes], strict=True),
            sizing_mode="stretch_width",
            dynamic=False,
            margin=0,
        )

    def show_tab(self, name: str) -> None:
        """Bring a tab to the front."""
        self.tabs.active = TABS.index(name)

    def close(self) -> None:
        """End its jobs and let go of its models."""
        self.work.cancel()
        self.measure.close()
        self.session.param.update(models=[], opened=None)
