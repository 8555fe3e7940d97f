"""The error formulas, against NumPy and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from measures.error_sums import ErrorSums

_ARRAYS = hnp.arrays(np.float64, (2, 5), elements=st.floats(-1e3, 1e3, width=32))


@given(_ARRAYS, _ARRAYS)
def test_sums_give_what_numpy_gives(x: np.ndarray, y: np.ndarray) -> None:
    """MSE, largest error and cosine distance equal NumPy's on the whole arrays."""
    sums = ErrorSums()
    for a, b in zip(x, y, strict=True):
        sums.add(a, b)
    assert sums.mse == pytest.approx(np.mean((x - y) ** 2))
    assert sums.largest == np.abs(x - y).max()
    norms = np.linalg.norm(x) * np.linalg.norm(y)
    if norms > 1e-6:
        expected = 1 - np.vdot(x, y) / norms
        assert sums.cosine_distance == pytest.approx(expected, abs=1e-9)


def test_sqnr_is_the_ratio_of_powers_in_decibels() -> None:
    """A noise of a tenth of the signal everywhere is 20 dB below it."""
    sums = ErrorSums()
    sums.add(np.array([1.0, -2.0, 3.0]), np.array([0.9, -1.8, 2.7]))
    assert sums.sqnr_db == pytest.approx(20.0)


def test_a_uniform_quantizer_errs_by_its_step_squared_over_twelve() -> None:
    """The mean squared error of rounding to steps is step² / 12, within 2 %."""
    step = 0.05
    x = np.random.default_rng(0).uniform(-1, 1, 100_000).astype(np.float32)
    sums = ErrorSums()
    sums.add(x, (np.round(x / step) * step).astype(np.float32))
    assert sums.mse == pytest.approx(step**2 / 12, rel=0.02)


def test_exact_tensors_have_no_error() -> None:
    """Equal tensors give 0, an infinite ratio, and no distance."""
    sums = ErrorSums()
    sums.add(np.ones(4), np.ones(4))
    assert (sums.mse, sums.largest, sums.cosine_distance) == (0.0, 0.0, 0.0)
    assert sums.sqnr_db == math.inf


def test_a_vanished_signal_is_told_from_an_exact_one() -> None:
    """Noise without a signal is -inf dB at distance 1; no elements at all give NaN."""
    sums = ErrorSums()
    assert math.isnan(sums.sqnr_db)
    assert math.isnan(sums.mse)
    sums.add(np.zeros(3), np.ones(3))
    assert sums.sqnr_db == -math.inf
    assert sums.cosine_distance == 1.0


def test_shapes_that_differ_are_refused() -> None:
    """Tensors that would broadcast are not compared silently."""
    with pytest.raises(ValueError, match="differ"):
        ErrorSums().add(np.zeros((3, 1)), np.zeros(3))


def test_sums_survive_the_way_between_processes() -> None:
    """`from_row` gives back what `row` gave."""
    sums = ErrorSums()
    sums.add(np.array([1.0, 2.0]), np.array([1.5, 2.0]))
    assert ErrorSums.from_row(sums.row()) == sums


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("side", [0, 1])
def test_what_is_no_number_on_one_side_is_an_infinite_error(odd: float, side: int) -> None:
    """A twin that breaks is the worst there is by every measure, never exact or left out."""
    pair = [np.arange(1.0, 5.0), np.arange(1.0, 5.0)]
    pair[side] = pair[side].copy()
    pair[side][2] = odd
    sums = ErrorSums()
    sums.add(pair[0], pair[1])
    assert (sums.mse, sums.largest, sums.sqnr_db) == (np.inf, np.inf, -np.inf)
    assert sums.cosine_distance == 1.0
    again = ErrorSums()
    again.add(pair[side], pair[side])
    assert (again.mse, again.largest, again.sqnr_db) == (0.0, 0.0, np.inf)


def test_an_error_that_dwarfs_its_signal_has_a_ratio() -> None:
    """Where the ratio of powers is too small for a double it is minus infinite."""
    sums = ErrorSums()
    sums.add(np.array([1e-160]), np.array([1e10]))
    assert sums.sqnr_db == -np.inf
