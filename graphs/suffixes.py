"""Repeated runs of a sequence: suffix array, longest common prefixes, and their intervals.

Sequences are int64 arrays of tokens. Prefix doubling (U. Manber, G. Myers: Suffix arrays, 1993)
keeps the ranks of each step, from which common prefixes follow without a walk over the text;
intervals of common prefixes stand for the inner nodes of the suffix tree (M. Abouelhoda,
S. Kurtz, E. Ohlebusch: Replacing suffix trees with enhanced suffix arrays, 2004).
Arrays in, arrays out; knows no graph.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """All runs of tokens that occur at least twice and cannot be made longer at the end.

    Attributes
    ----------
    length : int64 array, shape (r,)
        Tokens of a run.
    first, last : int64 arrays, shape (r,)
        Its occurrences start at ``order[first:last + 1]``; they may overlap.
    order : int64 array, shape (n,)
        The suffix array: positions sorted by what follows.
    """

    length: Int64s
    first: Int64s
    last: Int64s
    order: Int64s


def repeated_runs(tokens: Int64s, shortest: int = 1) -> Runs:
    """Return the repeated runs of at least `shortest` tokens; O(n log² n)."""
    order, ranks = _suffix_array(tokens)
    common = _common_prefixes(order, ranks)
    rows = _intervals(common.tolist(), shortest)
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return Runs(table[:, 0], table[:, 1], table[:, 2], order)


def _suffix_array(tokens: Int64s) -> tuple[Int64s, list[Int64s]]:
    """Return the suffix array, and the rank of each position by its next 1, 2, 4, … tokens."""
    n = len(tokens)
    rank = np.unique(tokens, return_inverse=True)[1].reshape(-1).astype(np.int64)
    ranks = [rank]
    width = 1
    while n and rank.max() < n - 1:
        ahead = np.zeros(n, dtype=np.int64)  # beyond the end: before every token
        ahead[: max(n - width, 0)] = rank[width:] + 1
        rank = np.unique(rank * (n + 1) + ahead, return_inverse=True)[1].reshape(-1)
        rank = rank.astype(np.int64)
        ranks.append(rank)
        width *= 2
    return np.argsort(rank, kind="stable").astype(np.int64), ranks


def _common_prefixes(order: Int64s, ranks: list[Int64s]) -> Int64s:
    """Return how many tokens each suffix shares with the one before it in `order`; 0 first."""
    n = len(order)
    common = np.zeros(n, dtype=np.int64)
    if n < 2:
        return common
    here, before = order[1:].copy(), order[:-1].copy()
    for step in range(len(ranks) - 1, -1, -1):
        rank = np.append(ranks[step], [-1])
        at, other = np.minimum(here, n), np.minimum(before, n)
        width = 1 << step
        # A rank by more tokens than are left knows the end of the text as well.
        equal = (rank[at] == rank[other]) & (np.maximum(at, other) + width <= n)
        here[equal] += width
        before[equal] += width
    common[1:] = here - order[1:]
    return common


def _intervals(common: list[int], shortest: int) -> list[tuple[int, int, int]]:
    """Return (length, first, last) of every maximal range of `order` that shares a prefix."""
    found: list[tuple[int, int, int]] = []
    stack = [(0, 0)]  # (length, first)
    for place, length in enumerate([*common[1:], -1], start=1):
        first = place - 1
        while stack and stack[-1][0] > length:
            top, first = stack.pop()
            if top >= shortest:
                found.append((top, first, place - 1))
        if stack and stack[-1][0] < length:
            stack.append((length, first))
    return found
