"""The runs of one open model: what is listed, and what of it is loaded. Imports no widgets."""

from __future__ import annotations

from dashboard.run_files import FileSource
from dashboard.run_record import Run, RunRecord
from dashboard.runs import RunStore
from graphs.errors import MeasureError


class Kept:
    """The runs of one open model: their records, newest first, and those that are loaded."""

    def __init__(self) -> None:
        self.key = ""
        self.records: list[RunRecord] = []
        self.loaded: dict[str, Run] = {}
        self.chosen = ""

    def put(self, key: str, run: Run) -> None:
        """Add a run, or what it holds now."""
        self.key = key
        others = [one for one in self.records if one.id != run.record.id]
        self.records = sorted([run.record, *others], key=lambda r: r.id, reverse=True)
        self.loaded[run.record.id] = run

    def join(self, other: Kept) -> None:
        """Take over what another one holds, and what it chose."""
        for run in other.loaded.values():
            self.put(other.key, run)
        self.chosen = other.chosen or self.chosen

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
    """Return the kept runs of a model file, the newest that can be read loaded, and what failed."""
    listed = store.find(file)
    kept = Kept()
    kept.key = listed.key
    kept.records = list(listed.records)
    problems = list(listed.problems)
    for record in listed.records:
        try:
            kept.loaded[record.id] = store.load(listed.key, record)
        except MeasureError as error:
            problems.append(str(error))
            kept.drop(record.id)
        else:
            kept.chosen = record.id
            break
    return kept, problems
