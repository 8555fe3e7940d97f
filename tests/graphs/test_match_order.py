"""Subsequences against obvious slow twins."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from graphs.match_order import longest_common, longest_increasing

labels = st.lists(st.integers(0, 3), max_size=12)


def common_length(a: list[int], b: list[int]) -> int:
    """Return the length of a longest common subsequence, by the textbook's table."""
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            longer = max(table[i][j + 1], table[i + 1][j])
            table[i + 1][j + 1] = table[i][j] + 1 if x == y else longer
    return table[-1][-1]


@given(labels, labels)
def test_a_common_subsequence_is_one_and_the_longest(a: list[int], b: list[int]) -> None:
    """Places rise on both sides, hold equal labels, and no subsequence is longer."""
    places = longest_common(a, b)
    assert all(a[i] == b[j] for i, j in places)
    assert all(p[0] < q[0] and p[1] < q[1] for p, q in pairwise(places))
    assert len(places) == common_length(a, b)


@given(st.lists(st.integers(0, 9), max_size=9))
def test_an_increasing_subsequence_is_one_and_the_longest(numbers: list[int]) -> None:
    """Values rise strictly along the places, and no choice of places is longer."""
    places = longest_increasing(numbers)
    chosen = [numbers[at] for at in places]
    assert places == sorted(places) and chosen == sorted(set(chosen))
    assert not any(
        list(longer) == sorted(set(longer)) for longer in combinations(numbers, len(places) + 1)
    )
