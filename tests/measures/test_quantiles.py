"""Quantiles of times in whole units."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.quantiles import QUANTILES, grouped_quantiles


@given(st.lists(st.integers(0, 50), min_size=1, max_size=80))
def test_the_median_is_that_of_grouped_data(durations: list[int]) -> None:
    """A rounded-down d stands for [d, d + 1), where `statistics` takes d for its middle."""
    ours = grouped_quantiles(np.array(durations, dtype=np.float64), [0.5])[0]
    theirs = statistics.median_grouped(durations) + 0.5
    # Between two equal halves the standard library takes the upper interval's start.
    assert ours == pytest.approx(theirs) or _is_tie(durations, ours, theirs)


def _is_tie(durations: list[int], ours: float, theirs: float) -> bool:
    ranked = sorted(durations)
    half = len(ranked) // 2
    return (
        len(ranked) % 2 == 0
        and ranked[half - 1] + 1 == pytest.approx(ours)
        and (ranked[half] == pytest.approx(theirs))
    )


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=80))
def test_quantiles_keep_their_order(durations: list[int]) -> None:
    """p10 <= median <= p90, and all lie within the clock's readings."""
    median, low, high = grouped_quantiles(np.array(durations, dtype=np.float64), QUANTILES)
    assert min(durations) <= low <= median <= high <= max(durations) + 1


def test_a_clock_of_whole_units_does_not_hide_fractions() -> None:
    """The median of times of about 2.4, read as whole units, comes out near 2.4 and not as 2."""
    times = np.random.default_rng(0).normal(2.4, 0.5, 20_000)
    assert grouped_quantiles(np.floor(times), [0.5])[0] == pytest.approx(2.4, abs=0.05)
