"""Repeated runs, against a walk over every pair of positions."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graphs.suffixes import repeated_runs


def slow_runs(tokens: list[int], shortest: int) -> set[tuple[int, tuple[int, ...]]]:
    """Return (length, starts) of every run that occurs twice and that a token more would split."""
    n = len(tokens)
    found = set()
    for length in range(shortest, n):
        by_run: dict[tuple[int, ...], list[int]] = {}
        for start in range(n - length + 1):
            by_run.setdefault(tuple(tokens[start : start + length]), []).append(start)
        for starts in by_run.values():
            after = [tokens[s + length] if s + length < n else -1 - s for s in starts]
            if len(starts) > 1 and len(set(after)) > 1:
                found.add((length, tuple(starts)))
    return found


def fast_runs(tokens: list[int], shortest: int) -> set[tuple[int, tuple[int, ...]]]:
    """Return the same from the suffix array."""
    runs = repeated_runs(np.array(tokens, dtype=np.int64), shortest)
    rows = zip(runs.length.tolist(), runs.first.tolist(), runs.last.tolist(), strict=True)
    return {(length, tuple(sorted(runs.order[a : b + 1].tolist()))) for length, a, b in rows}


@given(st.lists(st.integers(0, 2), max_size=24), st.integers(1, 4))
def test_runs_are_those_of_a_walk_over_all_positions(tokens: list[int], shortest: int) -> None:
    """Every maximal repeated run is found with all its occurrences, and nothing else."""
    assert fast_runs(tokens, shortest) == slow_runs(tokens, shortest)


def test_the_suffix_array_sorts_by_what_follows() -> None:
    """Of equal beginnings the one that ends first comes first."""
    tokens = np.array([2, 1, 2, 1, 2], dtype=np.int64)
    assert repeated_runs(tokens).order.tolist() == [3, 1, 4, 2, 0]


def test_a_single_token_and_none_repeat_nothing() -> None:
    """Sequences too short to repeat have no runs."""
    for tokens in ([], [7]):
        assert fast_runs(tokens, 1) == set()
