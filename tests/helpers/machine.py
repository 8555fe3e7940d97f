"""How slow the machine is at the moment, so that bounds on time hold on a busy one unchanged."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

QUIET_SECONDS = 0.045  # of `_reference` on a quiet core of the machine that bounds were taken on


def slowness(clock: Callable[[], float] = time.process_time) -> float:
    """Return by how much a fixed piece of work takes longer now than on a quiet core; at least 1.

    Parameters
    ----------
    clock : callable () -> float
        The one that the bounded work is timed with.
    """
    taken = []
    for _ in range(7):
        start = clock()
        _reference()
        taken.append(clock() - start)
    return max(1.0, statistics.median(taken) / QUIET_SECONDS)


def _reference() -> int:
    found: dict[int, str] = {}
    for i in range(300_000):
        found[i * 7919 % 100_003] = str(i)
    return len(found)
