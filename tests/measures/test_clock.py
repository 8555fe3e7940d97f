"""How often a model is run beside the runs that count."""

from __future__ import annotations

import itertools

import pytest

from measures.runners.clock import N_TURNS, in_turns, plan


@pytest.mark.parametrize("n_needed", [1, 2])
def test_measuring_takes_at_most_three_tenths_more_than_the_runs(n_needed: int) -> None:
    """Whatever is asked for: 1.3 × repeats × the whole run + 1 s, or two runs of the whole."""
    repeats, warm_ups, seconds = (1, 4, 10, 100, 5000), (0, 1, 5, 1000), (1e-5, 0.01, 0.3, 20.0)
    for n_repeats, n_warmup, first_s in itertools.product(repeats, warm_ups, seconds):
        found = plan(n_repeats, n_warmup, first_s, n_needed)
        taken_s = (n_repeats + found.n_extra + n_needed) * first_s
        least_s = (n_repeats + 1 + n_needed) * first_s
        assert taken_s <= max(1.3 * n_repeats * first_s + 1, least_s)
        assert found.n_turns * found.n_whole >= 1 and 0 <= found.n_warmup <= n_warmup


def test_what_is_asked_for_is_done_where_there_is_time() -> None:
    """A short run warms up as often as asked, a long one less often, which is said."""
    short = plan(100, 5, 0.001)
    assert (short.n_warmup, short.n_turns, short.notes(5)) == (5, N_TURNS, [])
    long = plan(10, 5, 2.0)
    assert long.n_warmup == 0 and "0 warm-up runs of 5" in long.notes(5)[0]


def test_the_whole_runs_between_the_nodes() -> None:
    """Every turn begins with runs of the whole; each run of the nodes is made once, in order."""
    said: list[object] = []
    how = plan(10, 0, 0.001)
    times = in_turns(how, lambda: said.append("whole"), said.append, 10)
    assert len(times) == how.n_turns * how.n_whole
    assert [one for one in said if one != "whole"] == list(range(10))
    assert said[:2] == ["whole", "whole"] and said[4:6] == ["whole", "whole"]
