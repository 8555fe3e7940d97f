"""Node data: one measure's values over a graph's nodes, and their aggregation to groups.

A measure has a unit and says which way is worse. Sums make sense for time and
bytes; for an error the worst and the mean do, so each aggregate carries its
name and the page shows it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from graphs.ir import Graph
from graphs.notes import Note

Aggregation = Literal["sum", "max", "mean", "min"]


@dataclass(frozen=True, slots=True)
class ColorRule:
    """A colour that a node data file asks for.

    Attributes
    ----------
    at : float
        Upper bound of a threshold (the first with value <= at wins), or the
        position 0..1 between least and greatest value of a gradient stop.
    rgba : tuple of 4 int
        0..255.
    """

    at: float
    rgba: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class NodeData:
    """One measure over one graph's nodes.

    Attributes
    ----------
    name : str
        The measure, e.g. ``"latency"``; unique among the sets of a graph.
    unit : str
        ``"ms"``, ``"bytes"``, ``"dB"``; empty for a pure number.
    source : str
        Where it came from: a file's name, or ``"measured"``, ``"computed"``.
    graph_id : str
    values : float64 array, shape (n_nodes,)
        NaN where there is none. For categorical data the index into `categories`.
    aggregations : tuple of Aggregation
        What may be shown on a group, the first by default; empty if categorical.
    is_higher_worse : bool
        False for e.g. a signal-to-noise ratio.
    categories : tuple of str
        Labels of categorical data; empty if numeric.
    thresholds, gradient : tuple of ColorRule
        Colours that the file asks for; a gradient wins over thresholds.
    node_rgba : mapping of int to tuple of 4 int
        Colour of single nodes that the file asks for.
    unmatched : tuple of str
        Keys of the source that no node bears.
    notes : tuple of Note
        What else of the source was left out or guessed.
    """

    name: str
    unit: str
    source: str
    graph_id: str
    values: NDArray[np.float64]
    aggregations: tuple[Aggregation, ...] = ("sum",)
    is_higher_worse: bool = True
    categories: tuple[str, ...] = ()
    thresholds: tuple[ColorRule, ...] = ()
    gradient: tuple[ColorRule, ...] = ()
    node_rgba: dict[int, tuple[int, int, int, int]] = field(default_factory=dict)
    unmatched: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def is_categorical(self) -> bool:
        """True where the values are labels."""
        return bool(self.categories)

    @property
    def label(self) -> str:
        """Name and unit for an axis or a column header, e.g. ``latency (ms)``."""
        return f"{self.name} ({self.unit})" if self.unit else self.name


def aggregate(graph: Graph, data: NodeData, how: Aggregation) -> NDArray[np.float64]:
    """Aggregate values over each namespace's subtree.

    Nodes without a value do not count. A namespace without any value is NaN.

    Returns
    -------
    float64 array, shape (len(graph.namespaces),)
    """
    present = ~np.isnan(data.values)
    space = graph.node_namespace[present]
    values = data.values[present]
    k = len(graph.namespaces)
    count = _over_subtrees(graph, np.bincount(space, minlength=k).astype(np.float64), np.add)
    if how in ("sum", "mean"):
        own = np.bincount(space, weights=values, minlength=k).astype(np.float64)
        total = _over_subtrees(graph, own, np.add)
        result = total / np.maximum(count, 1) if how == "mean" else total
    else:
        fold, worst = (np.maximum, -np.inf) if how == "max" else (np.minimum, np.inf)
        own = np.full(k, worst, dtype=np.float64)
        fold.at(own, space, values)
        result = _over_subtrees(graph, own, fold)
    return np.where(count > 0, result, np.nan)


def share_of(graph: Graph, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return for each namespace the share 0..1 of its subtree's nodes that are in `mask`."""
    k = len(graph.namespaces)
    ones = np.bincount(graph.node_namespace, minlength=k).astype(np.float64)
    own = np.bincount(graph.node_namespace, weights=mask, minlength=k).astype(np.float64)
    return _over_subtrees(graph, own, np.add) / np.maximum(_over_subtrees(graph, ones, np.add), 1)


def _over_subtrees(graph: Graph, own: NDArray[np.float64], fold: np.ufunc) -> NDArray[np.float64]:
    """Fold each namespace's own value with those of all namespaces inside it, level by level."""
    names = graph.namespaces
    result = own.copy()
    for depth in range(int(names.depth.max(initial=0)), 0, -1):
        level = np.flatnonzero(names.depth == depth)
        fold.at(result, names.parent[level], result[level])
    return result
