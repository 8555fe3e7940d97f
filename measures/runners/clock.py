"""Time a call many times, by the wall and by the CPU; in the worker process only."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measures.quantiles import QUANTILES

N_TURNS = 5
# Beside the runs that count, measuring may take this share of them, and so many seconds.
EXTRA_SHARE = 0.25
EXTRA_S = 0.8


@dataclass(frozen=True, slots=True)
class Plan:
    """How often a model is run beside the runs whose nodes are timed.

    Attributes
    ----------
    n_warmup : int
        Further runs of both, of the whole and of the nodes, that do not count.
    n_turns : int
        The whole run is timed in so many turns, between those of the nodes.
    n_whole : int
        Runs of a turn that count.
    is_first_dropped : bool
        Whether one more run begins each turn: the nodes' runs have emptied the caches.
    """

    n_warmup: int
    n_turns: int
    n_whole: int
    is_first_dropped: bool

    @property
    def n_extra(self) -> int:
        """Runs beside those whose nodes are timed."""
        return 2 * self.n_warmup + self.n_turns * (self.n_whole + self.is_first_dropped)

    def notes(self, n_wanted: int) -> list[str]:
        """Return a note where there is less warm-up than was asked for."""
        if self.n_warmup >= n_wanted:
            return []
        few = f"{self.n_warmup} warm-up runs of {n_wanted}"
        return [f"{few}: more would make the measurement longer by more than a quarter"]


def plan(n_repeats: int, n_warmup: int, first_s: float, n_needed: int = 1) -> Plan:
    """Return how often to run beside `n_repeats` runs, so that measuring takes little longer.

    As often as asked for, unless that takes more than `EXTRA_SHARE` of the runs that
    count and `EXTRA_S`; at least one run of the whole.

    Parameters
    ----------
    n_repeats, n_warmup : int
    first_s : float
        How long a first run of the whole took, s.
    n_needed : int
        Runs that are made in any case, that first one among them.
    """
    full = Plan(n_warmup, N_TURNS, max(1, n_repeats // (10 * N_TURNS)), is_first_dropped=True)
    room = int(EXTRA_SHARE * n_repeats + EXTRA_S / max(first_s, 1e-9)) - n_needed
    if full.n_extra <= room:
        return full
    n_less = min(n_warmup, max(0, room) // 4)
    left = room - 2 * n_less
    if left < 2:
        return Plan(n_less, 1, 1, is_first_dropped=False)
    return Plan(n_less, min(N_TURNS, left // 2), 1, is_first_dropped=True)


def whole_run(times: NDArray[np.int64]) -> dict[str, float]:
    """Return what a result says of the whole run: ms, from what `timed` gave."""
    median, low, high = (np.quantile(times[:, 0], QUANTILES) / 1e6).tolist()
    return {
        "whole_ms": median,
        "whole_p10_ms": low,
        "whole_p90_ms": high,
        "whole_cpu_ms": float(np.median(times[:, 1])) / 1e6,
    }


def timed(call: Callable[[], Any], n_runs: int) -> NDArray[np.int64]:
    """Call `n_runs` times and return how long each took.

    Returns
    -------
    int64 array, shape (n_runs, 2)
        Wall time, and CPU time of all threads of this process, ns. The second does
        not count the waiting on a machine that others use too.
    """
    times = np.zeros((n_runs, 2), dtype=np.int64)
    for i in range(n_runs):
        cpu, wall = _cpu_ns(), time.perf_counter_ns()
        call()
        times[i] = time.perf_counter_ns() - wall, _cpu_ns() - cpu
    return times


def _cpu_ns() -> int:
    """Return the CPU time of all threads of this process.

    Not by the process's own clock: in a process whose CPU time is limited, as a task's is,
    Linux moves that clock on once in a timer tick only, some milliseconds.
    """
    if sys.platform == "win32":
        return time.process_time_ns()
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    return int((used.ru_utime + used.ru_stime) * 1e9)


def in_turns(
    plan: Plan, whole: Callable[[], Any], node_run: Callable[[int], Any], n_repeats: int
) -> NDArray[np.int64]:
    """Run the whole and the nodes in turns, so that a busy moment of the machine disturbs both.

    Parameters
    ----------
    plan : Plan
    whole : callable
        Runs the model without anything that times its nodes.
    node_run : callable (int)
        Runs the model with its nodes timed, given the number of the run from 0.
    n_repeats : int
        Of `node_run`.

    Returns
    -------
    int64 array, shape (k, 2)
        Wall and CPU time of the runs of the whole that count, ns.
    """
    parts = []
    skipped = int(plan.is_first_dropped)
    for turn in range(plan.n_turns):
        parts.append(timed(whole, skipped + plan.n_whole)[skipped:])
        for i in range(n_repeats * turn // plan.n_turns, n_repeats * (turn + 1) // plan.n_turns):
            node_run(i)
    return np.concatenate(parts)
