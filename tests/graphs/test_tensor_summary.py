"""Statistics of tensors, against NumPy on the whole array."""

from __future__ import annotations

import math
import tracemalloc

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from graphs import tensor_summary
from graphs.tensor_summary import summarize

FLOATS = st.floats(-1e6, 1e6, width=32)


@given(arrays(np.float32, array_shapes(max_dims=4, max_side=6), elements=FLOATS))
def test_statistics_are_those_of_numpy(data: np.ndarray) -> None:
    """Range, mean, deviation and zeros are what NumPy computes of all elements."""
    found = summarize(data)
    wide = data.astype(np.float64)
    assert (found.low, found.high) == (wide.min(), wide.max())
    assert found.mean == pytest.approx(wide.mean(), rel=1e-9, abs=1e-9)
    assert found.std == pytest.approx(wide.std(), rel=1e-6, abs=1e-6)
    assert found.n_zero == np.count_nonzero(wide == 0)
    assert found.counts.sum() == found.n_counted == data.size


def test_pieces_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """Moments that are merged piece by piece are those of the whole."""
    data = np.random.default_rng(1).normal(1000, 0.01, (37, 11))
    whole = summarize(data)
    monkeypatch.setattr(tensor_summary, "PIECE", 10)
    parts = summarize(data)
    assert parts.std == pytest.approx(whole.std, rel=1e-9) == pytest.approx(data.std(), rel=1e-6)
    np.testing.assert_array_equal(parts.counts, whole.counts)


def test_what_is_not_finite_is_counted_apart() -> None:
    """NaN and infinities are counted and leave range and histogram alone."""
    found = summarize(np.array([np.nan, np.inf, -np.inf, 1.0, 3.0, np.nan]))
    assert (found.n_nan, found.n_infinite, found.low, found.high) == (2, 2, 1.0, 3.0)
    assert found.counts.sum() == 2
    nothing = summarize(np.full(4, np.nan))
    assert math.isnan(nothing.low) and not len(nothing.counts)


@pytest.mark.parametrize("dtype", [ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.int4])
def test_numbers_that_numpy_does_not_know_are_numbers(dtype: type) -> None:
    """bfloat16, float8 and int4 have statistics as float32 has."""
    found = summarize(np.array([[-2, 0], [1, 3]]).astype(dtype))
    assert (found.low, found.high, found.mean, found.n_zero) == (-2, 3, 0.5, 1)


@pytest.mark.parametrize("data", [np.array(["a", "b"], dtype=object), np.array([1j]), np.zeros(0)])
def test_what_is_no_real_number_has_first_elements_only(data: np.ndarray) -> None:
    """Texts, complex numbers and nothing at all have no statistics."""
    found = summarize(data)
    assert found.n_counted == 0 and math.isnan(found.mean) and not len(found.edges)
    assert found.first == data.tolist()


def test_each_whole_number_of_a_small_range_has_its_bin() -> None:
    """Codes of a quantized tensor are not cut between two bins."""
    found = summarize(np.array([-1, 0, 0, 2], dtype=np.int8))
    np.testing.assert_array_equal(found.edges, [-1.5, -0.5, 0.5, 1.5, 2.5])
    np.testing.assert_array_equal(found.counts, [1, 2, 0, 1])


def test_a_large_tensor_is_sampled_without_being_copied() -> None:
    """A tensor that repeats one number costs the memory of its sample, in every column."""
    side = 1 << 14
    data = np.broadcast_to(np.arange(side, dtype=np.int16), (side, side))
    tracemalloc.start()
    found = summarize(data)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.is_sampled and found.n_elements == side * side
    assert peak < 30 * tensor_summary.N_SAMPLED < data.size
    assert (found.low, found.high) == (0, side - 1)


def test_channels_with_small_values_are_found() -> None:
    """One row of weights far smaller than another shows as a ratio of its axis."""
    weights = np.ones((3, 5), dtype=np.float32)
    weights[1] *= -0.01
    first, last = summarize(weights).channels
    assert (first.axis, first.n_channels, first.greatest) == (0, 3, 1.0)
    assert first.least == pytest.approx(0.01)
    assert (last.axis, last.least, last.greatest) == (1, 1.0, 1.0)
