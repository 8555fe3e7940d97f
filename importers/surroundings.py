"""Put nodes of which a file does not say where they belong into namespaces, by their neighbours.

A node is placed in what all around it share; constants go where they are used. For every
format whose hierarchy comes from names, metadata or locations, which some nodes lack.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from graphs.namespaces import split_path
from importers.notes import Notes

PLACED = "A node without a module of its own was placed in the one around it"


def complete(
    spaces: Sequence[str | None],
    is_constant: NDArray[np.bool_],
    source: NDArray[np.int64],
    target: NDArray[np.int64],
    notes: Notes,
) -> list[str]:
    """Return every node's namespace: as known, else by neighbours or consumers, else the top.

    Parameters
    ----------
    spaces : sequence of (str or None), length n
        None for a node whose place is not known.
    is_constant : bool array, shape (n,)
        Constants go where they are used and say nothing about their neighbours.
    source, target : int64 array, shape (e,)
        Edges.
    notes : Notes
    """
    known = list(spaces)
    unknown = [i for i, space in enumerate(known) if space is None]
    if any(known):
        is_open = np.zeros(len(known), dtype=bool)
        is_open[unknown] = True
        beside = ~is_constant[source] & (is_open[source] | is_open[target])
        pairs = zip(source[beside].tolist(), target[beside].tolist(), strict=True)
        _place_among_neighbours(known, list(pairs), notes)
        used = is_constant[source] & is_open[source]
        around = _Surroundings()
        for constant, user in zip(source[used].tolist(), target[used].tolist(), strict=True):
            around.meet(constant, known[user] or "")
        for constant, space in around.of.items():
            known[constant] = space
    for node in unknown:
        known[node] = known[node] or ""
    return cast("list[str]", known)


def _place_among_neighbours(
    spaces: list[str | None], pairs: Sequence[tuple[int, int]], notes: Notes
) -> None:
    """Give each connected set of unplaced operators what all around them share.

    Parameters
    ----------
    spaces : list of (str or None)
        Filled in place.
    pairs : sequence of (source node, target node)
        Edges with an unplaced end and no constant.
    notes : Notes
    """
    head: dict[int, int] = {}
    for s, t in pairs:
        if spaces[s] is None and spaces[t] is None:
            head[_find(head, s)] = _find(head, t)
    around = _Surroundings()
    for s, t in pairs:
        for node, other in ((s, t), (t, s)):
            space = spaces[other]
            if spaces[node] is None and space is not None:
                around.meet(_find(head, node), space)
    unplaced = {node for pair in pairs for node in pair if spaces[node] is None}
    for node in unplaced:
        spaces[node] = around.of.get(_find(head, node))
    if n_placed := sum(1 for node in unplaced if spaces[node]):
        notes.add("guessed", PLACED, n_times=n_placed)


class _Surroundings:
    """Narrows, for each node, the namespace that all namespaces met so far share."""

    def __init__(self) -> None:
        self.of: dict[int, str] = {}
        self._shared: dict[tuple[str, str], str] = {}

    def meet(self, node: int, space: str) -> None:
        """Narrow what surrounds `node` to what it shares with `space`."""
        seen = self.of.setdefault(node, space)
        if seen is not space and seen != space:
            self.of[node] = self._common(seen, space)

    def _common(self, one: str, two: str) -> str:
        found = self._shared.get((one, two))
        if found is None:
            shared: list[str] = []
            for a, b in zip(split_path(one), split_path(two), strict=False):
                if a != b:
                    break
                shared.append(a)
            found = self._shared[one, two] = "/".join(shared)
        return found


def _find(head: dict[int, int], node: int) -> int:
    """Return the head of the set that `node` is in; halves the way for the next search."""
    above = head.get(node, node)
    while above != node:
        head[node] = head.get(above, above)
        node = head[node]
        above = head.get(node, node)
    return node
