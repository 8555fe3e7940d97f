"""Node data of two sides paired: A's value beside B's, their difference and their ratio.

Times add up over what a pair holds (a fused operator takes the time of all that it replaced);
of errors the worst counts. Values that come over from the other side stand on the node that a
pair is made by, so that sums over a group or an op type are right. Imports the columns only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from graphs.match_view import End, GraphSide, MatchView
from graphs.node_data import Aggregation, NodeData, aggregate

Column = Literal["a", "b", "difference", "ratio"]
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PairedData:
    """One measure on both sides of a matching.

    Attributes
    ----------
    name, unit : str
        A's.
    how : Aggregation
        How the values of a pair's nodes, of a group's and of an op type's are put together.
    is_higher_worse : bool
    a, b : float64 array, shape (n_pairs,)
        NaN where the side has no value there.
    """

    name: str
    unit: str
    how: Aggregation
    is_higher_worse: bool
    a: Values
    b: Values

    @property
    def difference(self) -> Values:
        """B less A, shape (n_pairs,); NaN where a side has no value."""
        return self.b - self.a

    @property
    def ratio(self) -> Values:
        """B by A, shape (n_pairs,); NaN where a side has no value or A has nothing."""
        return ratio_of(self.a, self.b)

    def column(self, which: Column) -> Values:
        """Return one of the columns, shape (n_pairs,)."""
        columns: dict[Column, Callable[[], Values]] = {
            "a": lambda: self.a,
            "b": lambda: self.b,
            "difference": lambda: self.difference,
            "ratio": lambda: self.ratio,
        }
        return columns[which]()

    def on(self, side: GraphSide, which: Column) -> NodeData:
        """Return a column as node data of one graph: on the node that each pair is made by."""
        values = np.where(side.is_first, self.column(which)[side.pair], np.nan)
        is_sum = self.how == "sum" and which != "ratio"
        aggregations: tuple[Aggregation, ...] = ("sum",) if is_sum else ("max", "mean")
        titles = {"a": "A", "b": "B", "difference": "B − A", "ratio": "B ÷ A"}
        return NodeData(
            f"{self.name}: {titles[which]}",
            "" if which == "ratio" else self.unit,
            "computed",
            side.graph.id,
            values,
            aggregations,
            self.is_higher_worse,
        )


@dataclass(frozen=True, slots=True)
class PairedRow:
    """A and B of one op type or group.

    Attributes
    ----------
    name : str
        Op type or path; untrusted text.
    a, b : float
        NaN where a side has no value there.
    """

    name: str
    a: float
    b: float

    @property
    def difference(self) -> float:
        """B less A."""
        return self.b - self.a

    @property
    def ratio(self) -> float:
        """B by A; NaN where A has nothing."""
        return self.b / self.a if self.a else float("nan")


def ratio_of(a: Values, b: Values) -> Values:
    """Return b by a, NaN where a is 0."""
    ratio: Values = np.divide(b, a, out=np.full(a.shape, np.nan), where=a != 0)
    return ratio


def paired_data(view: MatchView, a: NodeData, b: NodeData) -> PairedData:
    """Return one measure of both sides beside each other.

    Parameters
    ----------
    view : MatchView
    a, b : NodeData
        Of graphs of either side.

    Raises
    ------
    ValueError
        They are categorical, or in different units.
    """
    if a.is_categorical or b.is_categorical or a.unit != b.unit:
        raise ValueError(f"No difference of {a.label} and {b.label}: numbers of one unit have one")
    how = a.aggregations[0] if a.aggregations else "mean"
    n = len(view.matching.pairs)
    values_a = _by_pair(view.side("a", a.graph_id), a.values, how, n)
    values_b = _by_pair(view.side("b", b.graph_id), b.values, how, n)
    return PairedData(a.name, a.unit, how, a.is_higher_worse, values_a, values_b)


def _by_pair(side: GraphSide, values: Values, how: Aggregation, n: int) -> Values:
    return folded(side.pair, values, how, n)


def folded(index: NDArray[np.integer], values: Values, how: Aggregation, n: int) -> Values:
    """Put together the values of each index; NaN where there is none.

    Parameters
    ----------
    index : int array, shape (m,)
    values : float64 array, shape (m,)
        NaN does not count.
    how : Aggregation
    n : int
        One more than the largest index.
    """
    is_there = ~np.isnan(values)
    at, here = index[is_there], values[is_there]
    count = np.bincount(at, minlength=n)
    if how in ("sum", "mean"):
        total = np.bincount(at, weights=here, minlength=n).astype(np.float64)
        result = total / np.maximum(count, 1) if how == "mean" else total
    else:
        fold, worst = (np.maximum, -np.inf) if how == "max" else (np.minimum, np.inf)
        result = np.full(n, worst)
        fold.at(result, at, here)
    return np.where(count > 0, result, np.nan)


def by_op_type(view: MatchView, data: PairedData) -> list[PairedRow]:
    """Return one row for each op type that has a value, the largest difference first."""
    names = [view.op_type(at) for at in range(len(data.a))]
    places = {name: at for at, name in enumerate(dict.fromkeys(names))}
    index = np.array([places[name] for name in names], dtype=np.int64)
    a = folded(index, data.a, data.how, len(places))
    b = folded(index, data.b, data.how, len(places))
    return _rows(list(places), a, b)


def by_group(view: MatchView, a: NodeData, b: NodeData) -> list[PairedRow]:
    """Return one row for each pair of groups that has a value, named as in A."""
    how = a.aggregations[0] if a.aggregations else "mean"
    graph_a, graph_b = view.side("a", a.graph_id).graph, view.side("b", b.graph_id).graph
    mine, theirs = aggregate(graph_a, a, how), aggregate(graph_b, b, how)
    groups = [
        group
        for group in view.matching.groups
        if group.a_graph == graph_a.id and group.b_graph == graph_b.id
    ]
    values_a = np.array([mine[graph_a.namespaces.index(group.a)] for group in groups])
    values_b = np.array([theirs[graph_b.namespaces.index(group.b)] for group in groups])
    return _rows([group.a for group in groups], values_a, values_b)


def _rows(names: list[str], a: Values, b: Values) -> list[PairedRow]:
    rows = [
        PairedRow(name, x, y)
        for name, x, y in zip(names, a.tolist(), b.tolist(), strict=True)
        if not (np.isnan(x) and np.isnan(y))
    ]
    return sorted(rows, key=lambda row: (-_size(row), row.name))


def _size(row: PairedRow) -> float:
    """Return how large a difference is; what only one side has counts whole."""
    return float(abs(np.nan_to_num(row.b) - np.nan_to_num(row.a)))


__all__ = ["End", "PairedData", "PairedRow", "by_group", "by_op_type", "folded", "paired_data"]
