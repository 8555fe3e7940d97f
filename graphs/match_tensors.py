"""How far the weights of paired constants are from each other, read when somebody asks.

Two formats lay out a kernel in different orders, so where the axes as they are do not agree
the order of axes that makes one tensor of the other is looked for. One pair is held at a time.
Imports `graphs.match_types` and the columns only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from graphs.errors import OpscopeError
from graphs.ir import Graph, NodeKind
from graphs.match_types import Matching, Pair

MAX_TENSOR_BYTES = 512 << 20
MAX_AXES = 4  # of which all orders are tried
IS_SAME_LAYOUT = 1e-3  # relative; another order of axes has to be that close to be believed
_CHUNK = 1 << 20

Array = NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class WeightDifference:
    """Two paired constants.

    Attributes
    ----------
    a, b : str
        Their ids; untrusted text.
    a_graph, b_graph : str
    n_elements : int
        Of A's; 0 where it was not read.
    largest : float
        Largest absolute difference of two elements; NaN where not compared, infinite where
        only one of two is finite.
    relative : float
        The same by the largest magnitude in A; 0 where both are all zeros.
    axes : tuple of int
        Order of A's axes (without those of length 1) that makes it B; empty as they are.
    is_fraction : bool
        Whether A holds floating-point numbers, or was not read.
    not_compared : str
        Why not; empty where it was.
    """

    a: str
    b: str
    a_graph: str
    b_graph: str
    n_elements: int = 0
    largest: float = float("nan")
    relative: float = float("nan")
    axes: tuple[int, ...] = ()
    is_fraction: bool = True
    not_compared: str = ""

    @property
    def is_equal(self) -> bool:
        """Whether all elements are the same numbers."""
        return self.largest == 0.0

    def is_within(self, tolerance: float) -> bool:
        """Whether no element differs by more than this share of A's largest magnitude."""
        return self.relative <= tolerance


def weight_differences(
    matching: Matching, max_tensor_bytes: int = MAX_TENSOR_BYTES
) -> Iterator[WeightDifference]:
    """Yield one entry for each pair of constants that are numbers, in A's order.

    Between formats only of fractions: whole numbers there are shapes and paddings, which each
    format writes in its own way.
    """
    rows = [
        {graph.id: (graph, {id: row for row, id in enumerate(graph.node_ids)}) for graph in graphs}
        for graphs in (matching.a, matching.b)
    ]
    for pair in matching.pairs:
        if pair.a and pair.b:
            graph_a, at_a = rows[0][pair.a_graph]
            graph_b, at_b = rows[1][pair.b_graph]
            a, b = at_a[pair.a[0]], at_b[pair.b[0]]
            if graph_a.node_kind[a] == graph_b.node_kind[b] == NodeKind.CONSTANT:
                found = _compared(pair, graph_a, a, graph_b, b, max_tensor_bytes)
                if found is not None and (matching.is_same_format or found.is_fraction):
                    yield found


def _compared(
    pair: Pair, graph_a: Graph, a: int, graph_b: Graph, b: int, max_bytes: int
) -> WeightDifference | None:
    """Compare two constants; None where neither holds numbers."""
    x, y = _read(graph_a, a, max_bytes), _read(graph_b, b, max_bytes)
    names = (pair.a[0], pair.b[0], pair.a_graph, pair.b_graph)
    if isinstance(x, str) or isinstance(y, str):
        why = x if isinstance(x, str) else str(y)
        return WeightDifference(*names, not_compared=why) if why else None
    reason = "other shapes" if sorted(_long(x)) != sorted(_long(y)) else ""
    if is_fraction(x) != is_fraction(y):
        reason = "one is quantized"
    if reason:
        of_fractions = is_fraction(x) or is_fraction(y)
        return WeightDifference(*names, x.size, is_fraction=of_fractions, not_compared=reason)
    largest, axes = _closest(x, y)
    most = magnitude(x)
    relative = largest / most if most else (0.0 if not largest else float("inf"))
    return WeightDifference(*names, x.size, largest, relative, axes, is_fraction(x))


def _read(graph: Graph, row: int, max_bytes: int) -> Array | str:
    """Return a constant's numbers, or why there are none; an empty reason for no numbers."""
    node = graph.node(row)
    type = node.value_type(node.outputs[0]) if len(node.outputs) else None
    if type is not None and (type.n_bytes or 0) > max_bytes:
        return "too large"
    if getattr(graph.source, "tensors_are_slow", False):
        return "takes seconds to read"
    try:
        data = graph.source.tensor(row)
    except OpscopeError:
        return "cannot be read"
    if data is None:
        return "" if type is None or not type.n_bytes else "cannot be read"
    return data if data.dtype.kind in "fiub" or data.dtype.name == "bfloat16" else ""


def is_fraction(data: Array) -> bool:
    """Return whether an array's elements are floating-point numbers."""
    return data.dtype.kind == "f" or data.dtype.name == "bfloat16"


def _long(data: Array) -> tuple[int, ...]:
    return tuple(n for n in data.shape if n != 1)


def _closest(x: Array, y: Array) -> tuple[float, tuple[int, ...]]:
    """Return the largest difference, and the order of axes that it is taken in."""
    x, y = x.reshape(_long(x)), y.reshape(_long(y))
    as_they_are = tuple(range(x.ndim))
    found = [(largest_difference(x, y), ())] if x.shape == y.shape else []
    if found and (found[0][0] == 0 or x.ndim > MAX_AXES):
        return found[0]
    bound = IS_SAME_LAYOUT * magnitude(x)
    tried: list[tuple[float, tuple[int, ...]]] = []
    for axes in permutations(as_they_are) if x.ndim <= MAX_AXES else ():
        if axes != as_they_are and tuple(x.shape[at] for at in axes) == y.shape:
            tried.append((largest_difference(x.transpose(axes), y), axes))
            if tried[-1][0] == 0:
                break
    best = min(tried, default=(float("inf"), ()))
    if found and not best[0] <= min(bound, found[0][0]):
        return found[0]
    return best


def largest_difference(x: Array, y: Array) -> float:
    """Return the largest absolute difference of two arrays of one shape; 0 where both are NaN."""
    mine, theirs = x.reshape(-1), y.reshape(-1)
    largest = 0.0
    for start in range(0, mine.size, _CHUNK):
        p = mine[start : start + _CHUNK].astype(np.float64)
        q = theirs[start : start + _CHUNK].astype(np.float64)
        is_same = (p == q) | (np.isnan(p) & np.isnan(q))
        with np.errstate(invalid="ignore"):
            gaps = np.where(is_same, 0.0, np.abs(p - q))
        gaps[np.isnan(gaps)] = np.inf
        largest = max(largest, float(gaps.max(initial=0.0)))
    return largest


def magnitude(data: Array) -> float:
    """Return the largest finite magnitude in an array."""
    flat, most = data.reshape(-1), 0.0
    for start in range(0, flat.size, _CHUNK):
        part = np.abs(flat[start : start + _CHUNK].astype(np.float64))
        most = max(most, float(part[np.isfinite(part)].max(initial=0.0)))
    return most
