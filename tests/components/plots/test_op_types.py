"""The distribution over op types without a browser."""

from __future__ import annotations

import numpy as np

from components.plots.columns import MeasureColumn
from components.plots.op_types import OpTypes

OPS = np.array([0, 0, 1, 1, 1, 2])
VALUES = np.array([10.0, 20, 1, 2, 3, np.nan])


def _op_types(column: MeasureColumn | None = None, **options: object) -> OpTypes:
    plot = OpTypes(**options)
    plot.set_nodes(OPS, ["Conv", "Relu", "Add", "Unused"])
    plot.set_measure(column)
    return plot


def test_without_a_measure_nodes_are_counted() -> None:
    """The most frequent op type first, one that no node has not at all."""
    plot = _op_types()
    assert plot.shown == ["Relu", "Conv", "Add"]
    assert plot._list._bars.data["whole"] == [3, 2, 1]


def test_an_additive_measure_is_summed() -> None:
    """Sums over the nodes with a value; an op type without any is left out."""
    plot = _op_types(MeasureColumn("latency", "ms", VALUES))
    assert plot.shown == ["Conv", "Relu"]
    assert plot._list._bars.data["whole"] == [30, 6]


def test_any_other_measure_is_averaged_with_its_quartiles() -> None:
    """The mean, and NumPy's quartiles over it."""
    plot = _op_types(MeasureColumn("error", "", VALUES, is_additive=False))
    data = plot._list._bars.data
    assert data["whole"] == [15, 2]
    assert (data["low"], data["middle"], data["high"]) == ([12.5, 1.5], [15, 2], [17.5, 2.5])


def test_filter_and_selection_are_parts_of_the_bar() -> None:
    """What passes and what is selected, without a callback."""
    heard: list[str] = []
    plot = _op_types(MeasureColumn("latency", "ms", VALUES), on_select=heard.append)
    plot.set_filter_mask(VALUES > 2)
    plot.set_selection([1, 3])
    assert plot._list._bars.data["shown"] == [30, 3]
    assert plot._list._bars.data["selected"] == [20, 0]
    assert not heard


def test_only_the_heaviest_are_shown_and_the_text_says_so() -> None:
    """The rest is counted in words."""
    plot = OpTypes(n_bars=5)
    plot.set_nodes(np.arange(30), [f"op{i}" for i in range(30)])
    assert len(plot.shown) == 5
    assert "5 of 30 op types" in plot._note.object


def test_a_click_gives_the_name() -> None:
    """The model's own, not the shortened one."""
    heard: list[str] = []
    plot = OpTypes(heard.append)
    plot.set_nodes([0], ["x" * 500])
    plot._on_bar(0)
    assert heard == ["x" * 500]
