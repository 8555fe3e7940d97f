"""Time a call many times, by the wall and by the CPU; in the worker process only."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray


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
        cpu, wall = time.process_time_ns(), time.perf_counter_ns()
        call()
        times[i] = time.perf_counter_ns() - wall, time.process_time_ns() - cpu
    return times
