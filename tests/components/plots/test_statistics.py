"""Statistics, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from components.plots.columns import MeasureColumn
from components.plots.statistics import Statistics, summarize


def test_a_summary_equals_numpys_over_the_known_values() -> None:
    """Missing and infinite values are counted apart and change nothing else."""
    known = np.random.default_rng(1).lognormal(size=501)
    summary = summarize(np.concatenate([known, [np.nan, np.inf]]))
    assert (summary.count, summary.n_missing) == (501, 2)
    assert summary.sum == pytest.approx(known.sum())
    assert summary.mean == pytest.approx(known.mean())
    assert (summary.minimum, summary.maximum) == (known.min(), known.max())
    percentiles = np.percentile(known, (50, 90, 99))
    assert (summary.median, summary.p90, summary.p99) == pytest.approx(tuple(percentiles))


def test_nothing_has_no_statistics() -> None:
    """No value: a count of zero, and dashes instead of numbers."""
    table = Statistics()
    table.set_measure(MeasureColumn("latency", "ms", np.full(3, np.nan)))
    assert (table.whole.count, table.whole.n_missing) == (0, 3)
    assert "nan" not in table.view.object


def test_the_selection_stands_beside_the_whole() -> None:
    """The part is the selection, or without one what passes the filter, or nothing."""
    values = np.arange(10.0)
    table = Statistics()
    table.set_measure(MeasureColumn("latency", "ms", values))
    assert table.part is None
    table.set_filter_mask(values > 4)
    assert table.part == summarize(values[5:])
    table.set_selection([1, 2])
    assert table.part == summarize(values[[1, 2]])
    assert "6.7 %" in table.view.object
    table.set_selection([])
    table.set_filter_mask(None)
    assert table.part is None


def test_a_sum_is_given_only_where_it_means_something() -> None:
    """An error has a mean and a maximum, and no total."""
    table = Statistics()
    table.set_measure(MeasureColumn("error", "", np.arange(3.0), is_additive=False))
    assert ">sum<" not in table.view.object
    table.set_measure(MeasureColumn("latency", "ms", np.arange(3.0)))
    assert ">sum<" in table.view.object


def test_names_and_units_of_files_are_escaped() -> None:
    """Markup in a measure's name or unit reaches the page as text."""
    table = Statistics()
    table.set_measure(MeasureColumn("<script>1</script>", "<b>", np.arange(3.0)))
    assert "<script>" not in table.view.object
    assert "<b>" not in table.view.object
    table.set_measure(MeasureColumn("<i>", "", np.zeros(3), categories=("a",)))
    assert "<i>" not in table.view.object
