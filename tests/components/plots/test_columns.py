"""What the plots are given: measures, rows, masks, text."""

from __future__ import annotations

import numpy as np
import pytest

from components.plots.columns import MeasureColumn, as_mask, as_rows, shortened
from graphs.node_data import NodeData


def test_a_column_of_node_data_keeps_what_the_plots_need() -> None:
    """Name, unit, direction and categories pass; a sum among the aggregations makes it additive."""
    data = NodeData("SQNR", "dB", "f", "g", np.array([1.0]), ("min", "mean"), is_higher_worse=False)
    column = MeasureColumn.of(data)
    assert (column.label, column.is_higher_worse, column.is_additive) == ("SQNR (dB)", False, False)
    assert np.isnan(column.total)


def test_worse_than_a_threshold_follows_the_measures_direction() -> None:
    """Above it where higher is worse, below where lower is; never equal, never NaN."""
    values = np.array([1.0, 2.0, 3.0, np.nan])
    above = MeasureColumn("e", "", values).is_beyond(2.0)
    below = MeasureColumn("s", "", values, is_higher_worse=False).is_beyond(2.0)
    assert above.tolist() == [False, False, True, False]
    assert below.tolist() == [True, False, False, False]


@pytest.mark.parametrize(
    ("values", "wants"),
    [
        ([1, 5], False), ([0.001, 5], True), ([0, 0.001, 5], True), ([-1, 0.001, 5], False),
        ([], False),
    ],
)  # fmt: skip
def test_a_log_axis_is_chosen_for_wide_positive_values(values: list[float], wants: bool) -> None:
    """More than two decades, nothing negative."""
    assert MeasureColumn("m", "", np.array(values, dtype=float)).wants_log is wants


def test_rows_are_sorted_and_must_exist() -> None:
    """Rows come out ascending, each once; a row outside is refused."""
    assert as_rows([3, 1, 3], 4).tolist() == [1, 3]
    for rows in ([4], [-1]):
        with pytest.raises(IndexError, match="is not one of 4 rows"):
            as_rows(rows, 4)


def test_a_mask_that_excludes_nothing_is_none() -> None:
    """All true is no filter; a mask of another length is refused."""
    assert as_mask([True, True], 2) is None
    assert as_mask([True, False], 2) is not None
    with pytest.raises(ValueError, match="a mask of 3 rows is needed"):
        as_mask([True], 3)


def test_long_text_loses_its_middle() -> None:
    """Both ends of a node's name tell it apart; line breaks become spaces."""
    assert shortened("short\nname", 20) == "short name"
    cut = shortened("decoder/block_12/attention/MatMul_7", 20)
    assert len(cut) == 20
    assert cut.startswith("decode")
    assert cut.endswith("MatMul_7")
    assert len(shortened("a " * 10_000_000, 30)) <= 30
