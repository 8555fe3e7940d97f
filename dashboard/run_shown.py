"""Which runs are on the graph: their sets as node data, each by a name of its own.

Knows the session, no widgets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from weakref import WeakKeyDictionary

from dashboard.run_record import Run, node_data
from dashboard.session import OpenModel, Session
from graphs.node_data import NodeData


class ShownRuns:
    """The sets that the runs of each open model have brought onto its main graph."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._shown: WeakKeyDictionary[OpenModel, dict[str, dict[str, NodeData]]] = (
            WeakKeyDictionary()
        )

    def is_shown(self, opened: OpenModel, run_id: str) -> bool:
        """Return whether a run is on the graph."""
        return run_id in self._shown.get(opened, {})

    def show(self, opened: OpenModel, run: Run) -> list[NodeData]:
        """Bring the sets of a run onto the graph; return those that were not there yet.

        A name that is taken gets the run's title: ``latency · Run 2``.
        """
        shown = self._shown.setdefault(opened, {}).setdefault(run.record.id, {})
        graph = opened.model.graphs[0]
        every = zip(run.record.sets, node_data(run, graph), strict=True)
        new = {info.id: data for info, data in every if info.id not in shown}
        taken = {data.name for data in opened.node_data.get(graph.id, [])}
        is_taken = any(data.name in taken for data in new.values())
        for id, data in new.items():
            wanted = f"{data.name} · {run.record.title}" if is_taken else data.name
            shown[id] = replace(data, name=free_name(wanted, taken.__contains__))
            taken.add(shown[id].name)
        sets = [shown[id] for id in new]
        self.session.add_node_data(sets, opened)
        return sets

    def hide(self, opened: OpenModel, run_id: str) -> None:
        """Take the sets of a run off the graph."""
        self.drop(opened, self._shown.get(opened, {}).pop(run_id, {}).values())

    def rename(self, opened: OpenModel, run: Run) -> None:
        """Name the sets of a run after its new title; the one that colours goes on doing so."""
        old = self._shown.get(opened, {}).get(run.record.id)
        if old is None:
            return
        colours = [id for id, data in old.items() if data.name == self.session.measure]
        self.hide(opened, run.record.id)
        self.show(opened, run)
        if colours and opened is self.session.opened:
            self.session.measure = self._shown[opened][run.record.id][colours[0]].name

    def drop(self, opened: OpenModel, sets: Iterable[NodeData]) -> None:
        """Take sets off the graph of a model."""
        gone = {(data.graph_id, data.name) for data in sets}
        if gone:
            self.session.drop_node_data(gone, opened)


def free_name(wanted: str, is_taken: Callable[[str], bool]) -> str:
    """Return a name that is not taken: the second ``a`` is ``a (2)``."""
    name, count = wanted, 1
    while is_taken(name):
        count += 1
        name = f"{wanted} ({count})"
    return name
