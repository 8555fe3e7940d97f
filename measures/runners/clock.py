"""Time a call many times, by the wall and by the CPU; in the worker process only."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measures.quantiles import QUANTILES


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
        cpu, wall = time.process_time_ns(), time.perf_counter_ns()
        call()
        times[i] = time.perf_counter_ns() - wall, time.process_time_ns() - cpu
    return times
