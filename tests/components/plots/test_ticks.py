"""Round numbers and numbers as text."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.plots.ticks import format_number, format_share, format_value, nice_ticks

FINITE = st.floats(-1e15, 1e15, allow_subnormal=False)
POSITIVE = st.floats(1e-12, 1e12)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (12.345, "12.3"), (4560, "4,560"), (0.00123, "0.00123"), (1.2e-7, "1.2e-7"),
        (-0.5, "-0.5"), (1e12, "1e12"), (99.96, "100"), (math.nan, "–"), (math.inf, "∞"),
    ],
)  # fmt: skip
def test_numbers_have_three_digits(value: float, text: str) -> None:
    """Three significant digits, thousands apart, no zeros at the end."""
    assert format_number(value) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (3.5, "ms", "3.5 ms"), (2048, "bytes", "2 KiB"), (3 * 2**30, "bytes", "3 GiB"),
        (512, "bytes", "512 bytes"), (1.5e9, "FLOPs", "1.5 GFLOPs"),
        (86_056_000, "MACs", "86.1 MMACs"), (999, "FLOPs", "999 FLOPs"),
        (2e18, "FLOPs", "2,000 PFLOPs"), (math.inf, "MACs", "∞ MACs"),
        (math.nan, "ms", "–"), (3, "", "3"),
    ],
)  # fmt: skip
def test_values_carry_their_unit(value: float, unit: str, text: str) -> None:
    """Bytes are scaled by 1,024, operations by 1,000; a missing value has no unit."""
    assert format_value(value, unit) == text


def test_a_share_of_nothing_is_a_dash() -> None:
    """No total, no percentage."""
    assert [format_share(1, 4), format_share(1, 0), format_share(1, math.nan)] == [
        "25.0 %",
        "–",
        "–",
    ]


@given(FINITE, FINITE)
def test_linear_ticks_are_round_ascending_and_inside(a: float, b: float) -> None:
    """Ticks are evenly spaced within the range, at most a dozen."""
    low, high = min(a, b), max(a, b)
    ticks = nice_ticks(low, high)
    margin = 1e-6 * max(abs(low), abs(high))
    assert ticks == sorted(ticks)
    assert len(ticks) <= 12
    assert all(low - margin <= t <= high + margin for t in ticks)


@given(POSITIVE, POSITIVE)
def test_log_ticks_are_ascending_and_inside(a: float, b: float) -> None:
    """Log ticks lie within the range and are few."""
    low, high = min(a, b), max(a, b)
    ticks = nice_ticks(low, high, is_log=True)
    assert ticks == sorted(ticks)
    assert len(ticks) <= 12
    assert all(low * (1 - 1e-6) <= t <= high * (1 + 1e-6) for t in ticks)


def test_a_wide_log_range_has_decades() -> None:
    """Powers of ten, thinned evenly."""
    assert nice_ticks(1e-6, 1e2, 4, is_log=True) == [1e-6, 1e-4, 1e-2, 1e0, 1e2]


@pytest.mark.parametrize("ends", [(1.0, 1.0), (math.nan, 1.0), (-1e308, 1e308), (0.0, 5e-324)])
def test_odd_ranges_do_not_fail(ends: tuple[float, float]) -> None:
    """Empty, unknown, huge and tiny ranges give some finite ticks or none."""
    assert all(math.isfinite(t) for t in nice_ticks(*ends))
