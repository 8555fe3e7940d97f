"""Bins of the histogram, against NumPy's own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.plots.bins import MAX_BINS, make_bins

VALUES = st.lists(
    st.floats(allow_nan=True, allow_infinity=True) | st.integers(-50, 50).map(float), max_size=80
)


@given(VALUES, st.booleans())
def test_counts_equal_numpys(values: list[float], is_log: bool) -> None:
    """Every value that the axis can show is counted once, in the bin where NumPy puts it."""
    array = np.array(values)
    bins = make_bins(array, is_log=is_log)
    shown = array[(np.abs(array) < 1e300) & ((array > 0) if is_log else True)]
    assert len(bins) <= MAX_BINS
    assert bins.count().sum() == shown.size
    assert bins.n_hidden + bins.n_infinite + shown.size == (~np.isnan(array)).sum()
    if shown.size and (np.diff(bins.edges) > 0).all():
        assert bins.count().tolist() == np.histogram(shown, bins.edges)[0].tolist()


@given(VALUES, st.data())
def test_counts_of_subsets_add_up(values: list[float], data: st.DataObject) -> None:
    """A mask and its complement together count what all count; rows count as their mask does."""
    array = np.array(values)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values))))
    mask = mask.astype(bool)
    bins = make_bins(array)
    assert np.array_equal(bins.count(mask) + bins.count(~mask), bins.count())
    assert np.array_equal(bins.count(mask), bins.count(np.flatnonzero(mask)))


def test_the_bounds_of_a_bin_hold_its_values_and_no_others() -> None:
    """Bounds are included at both ends, yet neighbours share no value."""
    values = np.random.default_rng(0).normal(size=900)
    values[:40] = make_bins(values).edges[5]
    bins = make_bins(values)
    for i in range(len(bins)):
        low, high = bins.bounds(i)
        assert ((values >= low) & (values <= high)).sum() == bins.count()[i]


def test_whole_numbers_of_a_small_range_have_a_bin_each() -> None:
    """The edges lie half-way between whole numbers."""
    bins = make_bins(np.array([3.0, 3, 5, 7]))
    assert bins.edges.tolist() == [2.5, 3.5, 4.5, 5.5, 6.5, 7.5]
    assert bins.count().tolist() == [2, 0, 1, 0, 1]


@pytest.mark.parametrize("value", [0.0, 7.5, -3e200, 1e-300])
@pytest.mark.parametrize("is_log", [False, True])
def test_equal_values_have_one_bin_around_them(value: float, is_log: bool) -> None:
    """A constant measure is one bar, on a log axis too if it is positive."""
    bins = make_bins(np.full(9, value), is_log=is_log)
    if is_log and value <= 0:
        assert (len(bins), bins.n_hidden) == (0, 9)
    else:
        assert bins.count().tolist() == [9]
        assert bins.edges[0] < value < bins.edges[1]


def test_categories_have_a_bin_each_whatever_occurs() -> None:
    """Labels without a node keep their empty bin."""
    assert make_bins(np.array([0.0, 2, 2]), n_categories=4).count().tolist() == [1, 0, 2, 0]
