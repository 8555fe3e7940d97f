"""The numbers of a report: measures that both sides have, and errors that one side has.

Which set of A belongs to which of B, totals, and the worst nodes. Imports no Panel.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from components.plots.columns import is_drawable
from graphs.match_data import PairedData, paired_data
from graphs.match_view import MatchView
from graphs.node_data import Aggregation, NodeData
from measures.error_measures import ERROR_MEASURES

MAX_CHARTED = 3
MAX_ERROR_COLUMNS = 6
N_WORST = 12
_SUFFIX = re.compile(r"( at batch \d+| · .*| \(\d+\))+$")  # what tells sets of one measure apart
_HOWS: dict[Aggregation, str] = {
    "sum": "sum", "max": "largest", "min": "smallest", "mean": "mean",
}  # fmt: skip
_ERROR_NAMES = {name: at for at, one in enumerate(ERROR_MEASURES) for name in (one.id, one.name)}


@dataclass(frozen=True, slots=True, eq=False)
class PairedSets:
    """One measure of both sides.

    Attributes
    ----------
    data : PairedData
    sources : tuple of (str, str)
        Where the values of A and of B are from.
    """

    data: PairedData
    sources: tuple[str, str]

    @property
    def is_measured(self) -> bool:
        """Whether the values do not follow from the files alone."""
        return self.sources != ("computed", "computed")

    @property
    def how(self) -> str:
        """How the whole follows from the nodes, in a word."""
        return _HOWS[self.data.how]

    def whole(self) -> tuple[float, float]:
        """Return all of A and all of B; NaN where a side has no value."""
        return folded_all(self.data.a, self.data.how), folded_all(self.data.b, self.data.how)


def folded_all(values: NDArray[np.float64], how: Aggregation) -> float:
    """Return the values put together, without NaN; NaN where there is none."""
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan")
    folds = {"sum": np.sum, "max": np.max, "min": np.min, "mean": np.mean}
    return float(folds[how](known))


def measure_name(data: NodeData) -> str:
    """Return what a set measures, without what tells it from other sets of the measure."""
    return _SUFFIX.sub("", data.name)


def paired_sets(view: MatchView, a: Sequence[NodeData], b: Sequence[NodeData]) -> list[PairedSets]:
    """Return the measures that both sides have in one unit, measured ones before computed ones."""
    theirs = {(measure_name(one).lower(), one.unit): one for one in reversed(_numeric(b))}
    found: dict[tuple[str, str], PairedSets] = {}
    for mine in _numeric(a):
        key = (measure_name(mine).lower(), mine.unit)
        if key in theirs and key not in found:
            other = theirs[key]
            sources = (mine.source, other.source)
            found[key] = PairedSets(paired_data(view, mine, other), sources)
    return sorted(found.values(), key=lambda one: not one.is_measured)


def charted(sets: Iterable[PairedSets], most: int = MAX_CHARTED) -> list[PairedSets]:
    """Return the measures worth a picture: measured ones, then those that differ."""
    told = [one for one in sets if one.is_measured or _differs(one.data)]
    return told[:most]


def _differs(data: PairedData) -> bool:
    return bool(np.any(np.nan_to_num(data.a) != np.nan_to_num(data.b)))


def _numeric(sets: Sequence[NodeData]) -> list[NodeData]:
    """Return the sets of numbers, without values that no sum and no axis can hold."""
    bounded = [
        replace(one, values=np.where(is_drawable(one.values), one.values, np.nan))
        for one in sets
        if not one.is_categorical
    ]
    return [one for one in bounded if not bool(np.isnan(one.values).all())]


def n_unbounded(data: NodeData) -> int:
    """Return how many values are infinite, or too large for a sum."""
    is_there = ~np.isnan(data.values)
    return int(np.count_nonzero(is_there & ~is_drawable(data.values)))


def error_sets(sets: Sequence[NodeData]) -> list[NodeData]:
    """Return the quantization errors among some sets, the accumulated before the local ones."""
    known = {name.lower().replace("_", " "): at for name, at in _ERROR_NAMES.items()}
    ranked = [(known[key], one) for one in _numeric(sets) if (key := _error_key(one)) in known]
    ranked.sort(key=lambda pair: pair[0])
    return [one for _, one in ranked][:MAX_ERROR_COLUMNS]


def _error_key(data: NodeData) -> str:
    return measure_name(data).lower().replace("_", " ")


def worst_rows(data: NodeData, n: int = N_WORST) -> list[int]:
    """Return the rows of the worst values, the worst first; equal ones in the graph's order."""
    rows = np.flatnonzero(~np.isnan(data.values))
    values = data.values[rows]
    order = np.argsort(-values if data.is_higher_worse else values, kind="stable")
    return [int(row) for row in rows[order[:n]]]
