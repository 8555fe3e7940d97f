"""The runs of one open model: what is listed, what of it is loaded, and what is on the graph.

Imports no widgets.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import replace

from dashboard.run_files import FileSource
from dashboard.run_record import Run, RunRecord, node_data
from dashboard.runs import RunStore
from graphs.errors import MeasureError
from graphs.ir import Graph
from graphs.node_data import NodeData


class Kept:
    """The runs of one open model: their records, newest first, and those that are loaded."""

    def __init__(self) -> None:
        self.key = ""
        self.records: list[RunRecord] = []
        self.loaded: dict[str, Run] = {}
        self.chosen = ""
        self.shown: dict[str, dict[str, NodeData]] = {}  # by run, then by `SetInfo.id`

    def put(self, key: str, run: Run) -> None:
        """Add a run, or what it holds now; the key is empty where it could not be kept."""
        self.key = key or self.key
        others = [one for one in self.records if one.id != run.record.id]
        self.records = sorted([run.record, *others], key=lambda r: r.id, reverse=True)
        self.loaded[run.record.id] = run

    def next_title(self) -> str:
        """Return ``Run N`` with a number that no title bears."""
        titles = {one.title for one in self.records}
        number = len(self.records) + 1
        while f"Run {number}" in titles:
            number += 1
        return f"Run {number}"

    def drop(self, run_id: str) -> None:
        """Forget a run."""
        self.records = [one for one in self.records if one.id != run_id]
        self.loaded.pop(run_id, None)

    def record(self, run_id: str) -> RunRecord | None:
        """Return the record of a run, None where it is gone."""
        return next((one for one in self.records if one.id == run_id), None)


def find(store: RunStore, file: FileSource) -> tuple[Kept, list[str]]:
    """Return the kept runs of a model file, and what failed.

    Loaded is the newest that can be read, and the newest with an error: a comparison asks for it.
    """
    listed = store.find(file)
    kept = Kept()
    kept.key = listed.key
    kept.records = list(listed.records)
    problems = list(listed.problems)
    has_error = False
    for record in listed.records:
        if kept.chosen and (has_error or record.error is None):
            continue
        try:
            kept.loaded[record.id] = store.load(listed.key, record)
        except MeasureError as error:
            problems.append(str(error))
            kept.drop(record.id)
        else:
            kept.chosen = kept.chosen or record.id
            has_error |= record.error is not None
    return kept, problems


def named_sets(
    graph: Graph, run: Run, without: Container[str], taken: set[str]
) -> dict[str, NodeData]:
    """Return the sets of a run by id, but for those `without`, under names that are free.

    A name that is taken gets the run's title: ``latency · Run 2``.
    """
    every = zip(run.record.sets, node_data(run, graph), strict=True)
    new = {info.id: data for info, data in every if info.id not in without}
    is_taken = any(data.name in taken for data in new.values())
    for id, data in new.items():
        wanted = f"{data.name} · {run.record.title}" if is_taken else data.name
        new[id] = replace(data, name=free_name(wanted, taken.__contains__))
        taken.add(new[id].name)
    return new


def free_name(wanted: str, is_taken: Callable[[str], bool]) -> str:
    """Return a name that is not taken: the second ``a`` is ``a (2)``."""
    name, count = wanted, 1
    while is_taken(name):
        count += 1
        name = f"{wanted} ({count})"
    return name
