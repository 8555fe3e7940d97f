"""What is the same for all runners: what becomes of pairs that fail alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from graphs.errors import NotRunnable
from measures.runners.comparison import Comparison
from measures.samples import Feed, Samples


@dataclass
class _Pair:
    how: str = "name"


class _Comparison(Comparison):
    """Two pairs; the second fails alone from the second sample on."""

    n_added = 0

    @property
    def steps(self) -> list[float | None]:
        """None is rounded."""
        return [None, None]

    def add(self, feed: Feed) -> None:
        """Add one sample."""
        self.n_added += 1
        self.add_local(0, (feed["x"], feed["x"] + 1))
        self.add_local(1, "no such kernel" if self.n_added == 2 else (feed["x"], feed["x"]))


def _comparison() -> _Comparison:
    feeds: list[Feed] = [{"x": np.zeros(4, np.float32)} for _ in range(3)]
    return _Comparison(["a", "b"], ["A", "B"], ["a", "b"], [_Pair(), _Pair()],
                       Samples(feeds, "tests"))  # fmt: skip


def test_a_pair_that_fails_once_has_no_local_error_at_all() -> None:
    """Errors of some samples would pass for those of all; the other pair keeps its own."""
    run = _comparison()
    run.run()
    result = run.result([])
    assert [row[0] for row in result["local"]] == [12, 0]
    assert "No local error of B: no such kernel" in result["notes"]


def test_shapes_that_differ_alone_are_a_reason() -> None:
    """Two results of different shapes cost that pair's local error and nothing else."""
    run = _comparison()
    run.add_local(0, (np.zeros(2), np.zeros(3)))
    assert "shapes (2,) and (3,) differ" in run.skipped["A"]


def test_the_distribution_of_what_failed_says_why() -> None:
    """The reader is told what the node lacks."""
    with pytest.raises(NotRunnable, match="no such kernel"):
        _comparison().distribution("b", "local")
