"""One pane of the page with all that speaks of it: graph, plots, details, search, measuring."""

from __future__ import annotations

from functools import cached_property

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


class SidePanel:
    """What speaks of one session in the right-hand bar."""

    def __init__(
        self,
        session: Session,
        work: Work,
        notices: Notices,
        arguments: Arguments,
        store: RunStore,
    ) -> None:
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


class Side:
    """The graph of one session, and its panel once that is asked for: plots take time to make."""

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
        self._given = (notices, arguments, store)

    @cached_property
    def panel(self) -> SidePanel:
        """What speaks of the session; made when first asked for."""
        return SidePanel(self.session, self.work, *self._given)

    def close(self) -> None:
        """End its jobs and let go of its models."""
        self.work.cancel()
        if "panel" in self.__dict__:
            self.panel.measure.close()
        self.session.param.update(models=[], opened=None)
