"""Which model and which graph a session shows, and the way back out of called graphs."""

from __future__ import annotations

from typing import Any

import panel_material_ui as pmui

from dashboard.session import Session

MAX_TITLE_CHARS = 48


class ModelSelects:
    """Selects among open models and their graphs; breadcrumbs lead out of subgraphs."""

    def __init__(self, session: Session, *, model_px: int = 250, graph_px: int = 190) -> None:
        self.session = session
        self._is_following = False
        self.model = _select("Model", model_px)
        self.graph = _select("Graph", graph_px)
        self.trail = pmui.Breadcrumbs(items=[], visible=False, margin=(0, 8), max_items=5)
        self.model.param.watch(self._model_chosen, "value")
        self.graph.param.watch(self._graph_chosen, "value")
        self.trail.param.watch(self._crumb_clicked, "active")
        session.param.watch(self._show, ["models", "opened", "graph"])
        self._show()

    def _show(self, *_: Any) -> None:
        """Follow the session without telling it what it said."""
        opened, graph = self.session.opened, self.session.graph
        self._is_following = True
        models = _titled([m.model.name for m in self.session.models], self.session.models)
        self.model.param.update(options=models, value=opened, visible=bool(models))
        graphs = opened.model.graphs if opened is not None else ()
        titles = _titled([g.title for g in graphs], [g.id for g in graphs])
        value = graph.id if graph is not None else None
        self.graph.param.update(options=titles, value=value, visible=len(graphs) > 1)
        self._show_trail()
        self._is_following = False

    def _show_trail(self) -> None:
        opened, graph = self.session.opened, self.session.graph
        steps = self.session.trail
        if opened is None or graph is None or not steps:
            self.trail.param.update(visible=False, items=[])
            return
        titles = [opened.model.graph(graph_id).title for graph_id, _ in steps]
        items = [{"label": cut(title)} for title in [*titles, graph.title]]
        self.trail.param.update(items=items, active=len(items) - 1, visible=True)

    def _model_chosen(self, event: Any) -> None:
        # A browser may answer with the model that is shown: that is no choice.
        if not self._is_following and event.new not in (None, self.session.opened):
            self.session.show_model(event.new)

    def _graph_chosen(self, event: Any) -> None:
        opened, graph = self.session.opened, self.session.graph
        shown = graph.id if graph is not None else None
        if not self._is_following and opened is not None and event.new not in (None, shown):
            self.session.show_model(opened, event.new)

    def _crumb_clicked(self, event: Any) -> None:
        depth = event.new
        if not self._is_following and depth is not None and depth < len(self.session.trail):
            self.session.leave_to(depth)


def cut(title: str) -> str:
    """Return a title that fits the header; its end tells more than its middle."""
    flat = " ".join(title.split()) or "unnamed"
    if len(flat) <= MAX_TITLE_CHARS:
        return flat
    return flat[:20] + "…" + flat[21 - MAX_TITLE_CHARS :]


def _titled(titles: list[str], values: list[Any]) -> dict[str, Any]:
    """Return values by title; a title that is taken already gets a number."""
    named: dict[str, Any] = {}
    for title, value in zip(map(cut, titles), values, strict=True):
        n, free = 2, title
        while free in named:
            free, n = f"{title} ({n})", n + 1
        named[free] = value
    return named


def _select(label: str, width: int) -> pmui.Select:
    # The header makes the text of its widgets white, for a coloured bar; ours is not.
    on_paper = {"& .MuiSelect-select": {"color": "var(--panel-on-background-color) !important"}}
    return pmui.Select(
        label=label, options=[], size="small", width=width, margin=(0, 8), visible=False,
        searchable=False, sx=on_paper,
    )  # fmt: skip
