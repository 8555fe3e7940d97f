"""Memory along a schedule: no peak is lost, steps select nodes and the other way round."""

from __future__ import annotations

import numpy as np
import pytest

from components.plots.figures import ALL_COLOR, SELECTED_COLOR
from components.plots.timeline import MOST_BINS, Timeline


def timeline(values: np.ndarray, chosen: list[list[int]] | None = None) -> Timeline:
    """Return a plot of steps that run the rows backwards."""
    told = chosen if chosen is not None else []
    plot = Timeline(lambda rows: told.append(rows.tolist()))
    n = len(values)
    plot.set_steps(np.arange(n)[::-1], values, [f"n{i}" for i in range(n)], "a note")
    return plot


@pytest.mark.parametrize("n", [1, 2, MOST_BINS, MOST_BINS + 1, 50_000])
def test_a_peak_is_never_lost(n: int) -> None:
    """The highest step is the highest bar, however many share one."""
    values = np.random.default_rng(n).uniform(1, 9, n)
    values[n // 3] = 100.0
    plot = timeline(values)
    assert plot.tops.max() == 100.0 and np.count_nonzero(plot.tops == 100.0) == 1
    assert len(plot.tops) == min(n, MOST_BINS)


def test_steps_select_their_nodes() -> None:
    """A drag over steps gives the nodes that run then; a click one."""
    chosen: list[list[int]] = []
    plot = timeline(np.arange(1.0, 6.0), chosen)
    plot.choose(0.2, 1.5)
    plot.choose(4.5, 4.5)
    plot.choose(-3.0, -1.0)
    assert chosen == [[4, 3], [0]]


def test_selected_nodes_are_coloured() -> None:
    """Rows, not steps, are what is selected; nothing else is coloured."""
    plot = timeline(np.arange(1.0, 6.0))
    plot.set_selection(np.array([4, 0]))
    assert plot.colors == [SELECTED_COLOR, ALL_COLOR, ALL_COLOR, ALL_COLOR, SELECTED_COLOR]
    plot.set_selection(np.array([], dtype=np.int64))
    assert set(plot.colors) == {ALL_COLOR}


def test_nothing_known_is_said() -> None:
    """Without sizes there is a sentence, and selecting does no harm."""
    for values in (np.zeros(0), np.zeros(3)):
        plot = timeline(values)
        plot.set_selection(np.array([0]))
        assert plot._figure is None
