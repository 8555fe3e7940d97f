"""Which nodes of a model compute, and whether two hold the same weights: plain and slow.

For judging a matching of real files in different formats, where no list of true pairs exists.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from graphs.ir import Graph, NodeKind
from graphs.match_ops import TRANSPARENT
from graphs.match_side import Side, Vocabulary, make_side

# What copies numbers from one place to another and makes none.
MOVING = TRANSPARENT | {"slice", "split", "concatenation", "lookup", "padding"}
# What asks for a shape, a type or a truth: what is made of the answer is not the model's data.
ASKING = {
    "shape", "dim", "len", "dtype", "device", "contains",
    "comparison: equal", "comparison: greater", "comparison: less", "ne",
}  # fmt: skip


def side_of(graphs: Sequence[Graph]) -> Side:
    """Return the rows of graphs, data flowing through calls."""
    return make_side(graphs, Vocabulary())


def computing_rows(side: Side) -> list[int]:
    """Return the operators that make new numbers of the model's inputs for its outputs."""
    is_fed = [side.kind[r] == NodeKind.INPUT and not side.is_inner[r] for r in range(side.n)]
    for row in side.order:
        if not is_fed[row] and side.class_names[row] not in ASKING:
            is_fed[row] = any(is_fed[source] for source, _, _ in side.preds[row])
    is_used = [kind == NodeKind.OUTPUT for kind in side.kind]
    for row in reversed(side.order):
        is_used[row] |= any(is_used[target] for target, _ in side.succs[row])
    return [
        row
        for row in range(side.n)
        if is_fed[row]
        and is_used[row]
        and side.kind[row] == NodeKind.OPERATOR
        and not side.is_inner[row]
        and side.class_names[row] not in MOVING
    ]


def weights_behind(side: Side, row: int) -> NDArray[np.generic] | None:
    """Return the largest constant of fractions that a row reads, looking through what moves."""
    found = [c for c in _constants(side, row) if c is not None and c.dtype.kind == "f"]
    return max(found, key=lambda data: data.size, default=None)


def _constants(side: Side, row: int) -> Iterator[NDArray[np.generic] | None]:
    seen, waiting = set(), [source for source, _, _ in side.preds[row]]
    while waiting:
        at = waiting.pop()
        if at in seen:
            continue
        seen.add(at)
        if side.kind[at] == NodeKind.CONSTANT:
            graph, own = side.local(at)
            yield graph.source.tensor(own)
        elif side.class_names[at] in TRANSPARENT or side.is_inner[at]:
            waiting += [source for source, _, _ in side.preds[at]]


def are_same_weights(x: NDArray[np.generic], y: NDArray[np.generic]) -> bool:
    """Return whether two kernels hold the same numbers, up to layout and one factor a channel.

    A converter transposes, and folds a normalization by multiplying each channel. So for some
    axis of each, the sorted numbers of every channel are proportional.
    """
    if x.size != y.size:
        return False
    mine, theirs = x.astype(np.float64), y.astype(np.float64)
    return any(
        _is_proportional(_channels(mine, i), _channels(theirs, j))
        for i in range(x.ndim)
        for j in range(y.ndim)
        if x.shape[i] == y.shape[j]
    )


def _channels(data: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    rows = np.sort(np.moveaxis(data, axis, 0).reshape(data.shape[axis], -1), axis=1)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.where(norms > 1e-6 * norms.max(), rows / np.maximum(norms, 1e-30), 0.0)


def _is_proportional(x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
    turned = -y[:, ::-1]
    is_same = np.isclose(x, y, atol=1e-4).all(axis=1) | np.isclose(x, turned, atol=1e-4).all(axis=1)
    is_dead = ~y.any(axis=1)  # a factor of nothing
    return bool(np.all(is_same | is_dead) and is_same.mean() > 0.5)
