"""The threshold filter without a browser."""

from __future__ import annotations

import numpy as np
import pytest

from components.plots.columns import MeasureColumn
from components.plots.threshold import Threshold

ERROR = MeasureColumn("error", "", np.array([0.001, 0.01, 0.1, 1.0, np.nan]), is_additive=False)
LATENCY = MeasureColumn("latency", "ms", np.array([1.0, 2.0, 3.0, 4.0, 10.0]))


def test_setting_a_threshold_reports_nothing() -> None:
    """Only the reader's own moves are reported."""
    heard: list[float | None] = []
    threshold = Threshold(heard.append)
    threshold.set_measure(ERROR, share_of=LATENCY)
    threshold.set_threshold(0.05)
    threshold.set_measure(LATENCY)
    threshold.set_threshold(None)
    threshold.set_measure(None)
    assert not heard


def test_the_text_counts_nodes_and_their_share() -> None:
    """Nodes above the threshold, and what part of the total latency they are."""
    threshold = Threshold()
    threshold.set_measure(ERROR, share_of=LATENCY)
    threshold.set_threshold(0.05)
    assert threshold.text == "2 of 5 nodes remain, 35.0 % of the total latency"
    assert threshold.mask().tolist() == [False, False, True, True, False]


def test_the_slider_is_logarithmic_where_values_span_decades() -> None:
    """Half-way between 0.001 and 1 is their geometric mean, rounded to four digits."""
    heard: list[float | None] = []
    threshold = Threshold(heard.append)
    threshold.set_measure(ERROR)
    threshold._slider.value = 500
    assert heard == [pytest.approx(0.001**0.5, rel=1e-3)]
    threshold._slider.value = 0
    assert heard[-1] is None
    assert threshold.mask() is None


def test_the_slider_filters_from_the_other_end_where_lower_is_worse() -> None:
    """At the greatest value everything remains; below a threshold the bad ones do."""
    heard: list[float | None] = []
    threshold = Threshold(heard.append)
    column = MeasureColumn("SQNR", "dB", np.array([10.0, 20, 30]), is_higher_worse=False)
    threshold.set_measure(column)
    assert threshold._slider.value == 1_000
    threshold._slider.value = 750
    assert heard == [25.0]
    assert threshold.mask().tolist() == [True, True, False]


@pytest.mark.parametrize("typed", ["0.02", " 2e-2 ", "0,02", "+.02"])
def test_numbers_may_be_typed_in_many_ways(typed: str) -> None:
    """Exponents, decimal commas and spaces are understood."""
    heard: list[float | None] = []
    threshold = Threshold(heard.append)
    threshold.set_measure(ERROR)
    threshold._number.value = typed
    assert heard == [0.02]


@pytest.mark.parametrize("typed", ["nan", "inf", "1e999", "0x10", "ten", "1 2"])
def test_what_is_no_number_is_refused(typed: str) -> None:
    """The threshold stays, and the field is marked."""
    heard: list[float | None] = []
    threshold = Threshold(heard.append)
    threshold.set_measure(ERROR)
    threshold.set_threshold(0.5)
    threshold._number.value = typed
    assert not heard
    assert threshold.threshold == 0.5
    assert threshold._number.error_state


@pytest.mark.parametrize("values", [[], [np.nan], [0.0, 0.0], [5.0], [-1e308, 1e308], [np.inf]])
def test_odd_values_do_not_fail(values: list[float]) -> None:
    """Nothing, nothing finite, equal and huge values still give a slider."""
    threshold = Threshold()
    threshold.set_measure(MeasureColumn("m", "", np.array(values)))
    threshold._slider.value = 500
    threshold.set_threshold(1.0)
    assert threshold.text
