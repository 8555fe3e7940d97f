"""Quantization error as columns over the pairs: from runs of one side against the other.

Knows the comparison, no widgets.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from components.plots.ticks import format_value
from dashboard.comparing import Comparing
from dashboard.open_model import OpenModel
from dashboard.panes.compare_columns import PairColumns
from dashboard.run_files import FileSource
from dashboard.run_record import ErrorFacts, Run, column_over
from dashboard.session import Session
from graphs.match_data import folded
from graphs.match_view import GraphSide, MatchView
from graphs.node_data import Aggregation, NodeData
from measures.conditions import sha256

# What the node itself adds tells the cause; what all before it added, only the effect.
_WANTED = ("sqnr_db_local", "sqnr_db", "weight_sqnr_db")
MAX_CHANGES = 3
MAX_HASHED_BYTES = 256 << 20  # a second's work at most, once a file


@dataclass(frozen=True, slots=True, eq=False)
class PairErrors:
    """One measure of quantization error by pair.

    Attributes
    ----------
    id, name, unit : str
        Of the measure.
    is_higher_worse : bool
    values : float64 array, shape (n_pairs,)
        NaN where a pair has none; at least one is a number.
    warning : str
        Why they are no quantization error: the models were trained apart; else empty.
    """

    id: str
    name: str
    unit: str
    is_higher_worse: bool
    values: NDArray[np.float64]
    warning: str = ""

    @property
    def label(self) -> str:
        """Name and unit."""
        return f"{self.name} ({self.unit})" if self.unit else self.name

    @property
    def data_name(self) -> str:
        """Name of the node data that `on` gives."""
        return f"{self.name} of the pair"

    def on(self, side: GraphSide) -> NodeData:
        """Return the errors as node data of one graph: on the node that each pair is made by."""
        values = np.where(side.is_first, self.values[side.pair], np.nan)
        worst: Aggregation = "max" if self.is_higher_worse else "min"
        return NodeData(
            self.data_name, self.unit, "computed", side.graph.id, values, (worst, "mean"),
            self.is_higher_worse,
        )  # fmt: skip

    @property
    def worst(self) -> int:
        """The pair with the worst error."""
        return int(np.nanargmax(self.values if self.is_higher_worse else -self.values))

    def is_same(self, other: PairErrors) -> bool:
        """Return whether both hold the same errors of the same pairs."""
        is_alike = (self.id, self.warning) == (other.id, other.warning)
        return is_alike and np.array_equal(self.values, other.values, equal_nan=True)


def pair_errors(comparing: Comparing, view: MatchView) -> list[PairErrors]:
    """Return the errors of the newest run that has the other side as its reference.

    What the nodes themselves add comes first, the other measures as they were taken.
    """
    other = comparing.other
    if other is None:
        return []
    for session, reference in ((other, comparing.base), (comparing.base, other)):
        for run in _runs_against(session, reference):
            found = _by_pair(comparing, view, session, run)
            if found:
                return sorted(found, key=lambda one: _rank(one.id))
    return []


def _rank(id: str) -> int:
    return _WANTED.index(id) if id in _WANTED else len(_WANTED)


def _runs_against(session: Session, reference: Session) -> list[Run]:
    """Return the loaded runs of a side that took the other as their float model, newest first."""
    if session.opened is None or reference.opened is None:
        return []
    runs = sorted(session.opened.kept.loaded.values(), key=lambda r: r.record.id, reverse=True)
    return [
        run
        for run in runs
        if run.record.error is not None and _took(run.record.error, reference.opened)
    ]


def _took(error: ErrorFacts, opened: OpenModel) -> bool:
    """Return whether a model is the float model of a run: the same content under its name.

    A large file is known by its name alone.
    """
    file = opened.file
    names = {opened.model.name, *([file.name] if file is not None else [])}
    wanted = error.conditions.get("reference_sha256", "")
    if error.reference not in names or not wanted or file is None:
        return error.reference in names
    try:
        return file.n_bytes() > MAX_HASHED_BYTES or _sha256(file) == wanted
    except OSError:
        return True  # the file is gone; its name is all there is


def _sha256(file: FileSource) -> str:
    if file.path is None:
        return file.sha256()
    stat = file.path.stat()
    return _sha256_of(file.path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=64)
def _sha256_of(path: Path, _changed_ns: int, _n_bytes: int) -> str:
    return sha256(path)


def _by_pair(comparing: Comparing, view: MatchView, session: Session, run: Run) -> list[PairErrors]:
    """Return the errors in a run, of a pair's nodes the worst; its values are of the first graph.

    An error that is none at all has no finite value and is left out; so are latencies.
    """
    opened, end = session.opened, comparing.end_of(session)
    graphs = view.matching.a if end == "a" else view.matching.b
    first = opened.model.graphs[0].id if opened is not None else ""
    graph = next((one for one in graphs if one.id == first), None)
    if graph is None:
        return []
    side, n = view.side(end, graph.id), len(view.matching.pairs)
    warning = run.record.error.warning if run.record.error is not None else ""
    found = []
    for info in run.record.sets:
        values = column_over(graph, run, info.id)
        values[~np.isfinite(values)] = np.nan
        worst: Aggregation = "max" if info.is_higher_worse else "min"
        if info.aggregations[:1] != ("sum",) and not np.isnan(values).all():
            column = folded(side.pair, values, worst, n)
            found.append(
                PairErrors(info.id, info.name, info.unit, info.is_higher_worse, column, warning)
            )
    return found


def told(columns: PairColumns, errors: PairErrors) -> str:
    """Return the worst pair, its error and what differs in it, in one line."""
    worst = errors.worst
    pair = columns.view.matching.pairs[worst]
    changes = "; ".join(change.text(24) for change in pair.changes[:MAX_CHANGES])
    value = format_value(float(errors.values[worst]), errors.unit)
    reason = f"{pair.kind}: {changes}" if changes else pair.kind
    return f"Worst {errors.name}: {value} at {columns.name(worst)} ({reason})"
