"""Which drawn items of two panes stand for each other, so that one camera can follow the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.match_view import UNPAIRED, MatchView
from graphs.visible import Visible

Keys = NDArray[np.uint32]


def twins(view: MatchView, base: Visible, other: Visible) -> tuple[Keys, Keys]:
    """Return the items of the other pane and those of the base that hold their partners.

    A closed group stands for the nodes in it. An item with partners in several items
    is the twin of the one that holds most of them.

    Parameters
    ----------
    view : MatchView
    base, other : Visible
        What is drawn of sides A and B.

    Returns
    -------
    keys, base_keys : uint32 arrays, shape (p,)
        Empty where a graph is not in the matching.
    """
    try:
        side_a, side_b = view.side("a", base.graph.id), view.side("b", other.graph.id)
    except KeyError:
        return np.zeros(0, np.uint32), np.zeros(0, np.uint32)
    n_pairs = len(view.matching.pairs)
    item_a = _item_of_pair(side_a.pair, side_a.is_first, base.node_item, n_pairs)
    item_b = _item_of_pair(side_b.pair, side_b.is_first, other.node_item, n_pairs)
    both = (item_a >= 0) & (item_b >= 0)
    ends, counts = np.unique(
        np.stack([item_a[both], item_b[both]], axis=1), axis=0, return_counts=True
    )
    order = np.argsort(-counts, kind="stable")
    _, first = np.unique(ends[order, 1], return_index=True)
    chosen = ends[order[first]]
    return (
        other.item_key[chosen[:, 1]].astype(np.uint32),
        base.item_key[chosen[:, 0]].astype(np.uint32),
    )


def _item_of_pair(
    pair: NDArray[np.int32], is_first: NDArray[np.bool_], item: NDArray[np.int32], n_pairs: int
) -> NDArray[np.int64]:
    """Return the item of the node that makes each pair, -1 where none is drawn."""
    found = np.full(n_pairs, -1, dtype=np.int64)
    is_known = is_first & (pair != UNPAIRED)
    found[pair[is_known]] = item[is_known]
    return found
