"""What measuring costs beside the runs themselves, and how well the nodes' times add up.

In processor time, so that what else the machine does counts little; of the worker
process too, start included.
"""

from __future__ import annotations

import time

from benchmarks.rows import Row
from measures.latency import LatencySettings, measure_latency
from measures.quantization import measure_error
from sample_models import sample

REPEATS = 100
# Sample, and the size of its batch.
TIMED = (("digits_float", 8), ("digits_int8", 8), ("digits_int8_tflite", 1), ("decoder", 8))
START_S = 2.0  # allowed for starting the process and reading the model


def run() -> list[Row]:
    """Return the rows of this benchmark."""
    rows = []
    for name, batch in TIMED:
        rows += _latency(name, batch)
    return [*rows, _error("digits_int8"), _error("digits_int8_tflite")]


def _latency(name: str, batch: int) -> list[Row]:
    """Return the time of measuring over what is allowed, and the nodes' sum over the whole run."""
    one = sample(name)
    settings = LatencySettings(n_repeats=REPEATS, free_dimension=batch)
    before = _cpu_s()
    found = measure_latency(one.path, one.format, settings=settings)
    taken = _cpu_s() - before
    allowed = 1.3 * REPEATS * found.whole_cpu_ms / 1e3 + START_S
    title = f"measuring: {one.title}, batch of {batch}"
    told = f"{taken:.2f} s for {REPEATS} runs of {found.whole_cpu_ms:.3g} ms"
    return [
        Row(f"{title}, time over what is allowed", taken / allowed, "x", 1.0, told),
        Row(f"{title}, sum of nodes over the whole run",
            float(found.median_ms.sum()) / found.whole_cpu_ms, "x", 1.15),
    ]  # fmt: skip


def _error(name: str) -> Row:
    one = sample(name)
    before = _cpu_s()
    found = measure_error(one.path, sample(one.reference).path, one.format, n_samples=50)
    row_name = f"measuring: {one.title}, errors of 50 samples"
    return Row(row_name, _cpu_s() - before, "s", None, f"{len(found.tensors)} tensors")


def _cpu_s() -> float:
    """Return the processor time of this process and of its ended children, s."""
    used = time.process_time()
    try:
        import resource
    except ImportError:  # Windows counts no children
        return used
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used + children.ru_utime + children.ru_stime
