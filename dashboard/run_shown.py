"""Runs on the graph: their sets as node data, each by a name of its own.

Knows the session, no widgets.
"""

from __future__ import annotations

from collections.abc import Iterable

from dashboard.open_model import OpenModel
from dashboard.run_kept import named_sets
from dashboard.run_record import Run
from dashboard.session import Session
from graphs.node_data import NodeData


class ShownRuns:
    """Brings sets of runs onto the main graph of their model, and takes them off."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def show(self, opened: OpenModel, run: Run, *, is_chosen: bool = False) -> None:
        """Bring the sets of a run onto the graph that are not there yet.

        The first of them colours where the run `is_chosen`.
        """
        shown = opened.kept.shown.setdefault(run.record.id, {})
        graph = opened.model.graphs[0]
        taken = {data.name for data in opened.node_data.get(graph.id, [])}
        new = named_sets(graph, run, set(shown), taken)
        shown |= new
        names = [data.name for data in new.values()]
        measure = names[0] if names and is_chosen else ""
        self.session.add_node_data(list(new.values()), opened, measure=measure)

    def hide(self, opened: OpenModel, run_id: str) -> None:
        """Take the sets of a run off the graph."""
        gone = _keys(opened.kept.shown.pop(run_id, {}).values())
        self.session.add_node_data((), opened, gone=gone)

    def rename(self, opened: OpenModel, run: Run) -> None:
        """Name the sets of a run after its new title; the one that colours goes on doing so."""
        old = opened.kept.shown.get(run.record.id)
        if old is None:
            return
        gone = _keys(old.values())
        graph = opened.model.graphs[0]
        held = {data.name for data in opened.node_data.get(graph.id, [])}
        new = named_sets(graph, run, set(), {n for n in held if (graph.id, n) not in gone})
        opened.kept.shown[run.record.id] = new
        colours = [new[id].name for id, data in old.items() if data.name == self.session.measure]
        measure = colours[0] if colours and opened is self.session.opened else ""
        self.session.add_node_data(list(new.values()), opened, measure=measure, gone=gone)


def _keys(sets: Iterable[NodeData]) -> set[tuple[str, str]]:
    return {(data.graph_id, data.name) for data in sets}
