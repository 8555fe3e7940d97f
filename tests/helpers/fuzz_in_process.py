"""Read broken files of one format, in a process of its own, and print what came of it as JSON.

    python -m tests.helpers.fuzz_in_process FORMAT N SEED [FOLDER]

Mutation i is a function of (SEED, FORMAT, i) alone. FOLDER holds the samples; without it they
are those of `tests.helpers.fuzz_samples`. One read may take `MAX_SECONDS`; the whole process may
have `MAX_BYTES` of memory.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from graphs.check import problems
from graphs.errors import ReadError
from importers import read
from tests.helpers.fuzz_samples import Sample, folder_samples, samples_of
from tests.helpers.importer_contract import check_sources
from tests.helpers.mutations import mutated

MAX_SECONDS = 5
MAX_BYTES = 6 << 30  # of addresses: libraries reserve much that they never touch
MAX_FAILURES = 5
BY_PATH = 8  # each so-manieth file is read from disk


class HangError(BaseException):
    """A read took too long; no importer may catch it."""


def main(arguments: list[str]) -> None:
    """Run and print the summary."""
    format, n, seed, *folder = arguments
    samples = folder_samples(Path(folder[0]), format) if folder else samples_of(format)
    resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, MAX_BYTES))
    signal.signal(signal.SIGALRM, _alarm)
    failures: dict[str, dict[str, object]] = {}
    n_opened, slowest, resident = 0, 0.0, []
    with tempfile.TemporaryDirectory() as scratch:
        for i in range(int(n)):
            content, name = mutation(samples, format, seed, i)
            print(f"mutation {i}", file=sys.stderr)  # the last line, where a library crashes
            faulthandler.dump_traceback_later(3 * MAX_SECONDS, exit=True)  # no signal stops C code
            started = time.perf_counter()
            try:
                n_opened += _read(content, name, Path(scratch) if i % BY_PATH == 0 else None)
            except BaseException as error:
                failures.setdefault(_place(error), {"i": i, "trace": _trace(error)})
            slowest = max(slowest, time.perf_counter() - started)
            if i in (int(n) // 2, int(n) - 1):
                resident.append(resident_mb())
            if len(failures) >= MAX_FAILURES:
                break
    growth = resident[-1] - resident[0] if resident else 0.0
    print(json.dumps({
        "failures": failures, "n_opened": n_opened, "slowest": slowest, "growth_mb": growth,
        "n_samples": len(samples),
    }))  # fmt: skip


def mutation(samples: list[Sample], format: str, seed: str, i: int) -> tuple[bytes, str]:
    """Return the i-th broken file and its name."""
    draw = random.Random(f"{seed} {format} {i}")
    # Small files come more often: each of their bytes says more.
    weights = [1 / (500 + len(one.content)) for one in samples]
    one, other = draw.choices(samples, weights, k=2)
    return mutated(one.content, other.content, draw), one.name


def _read(content: bytes, name: str, scratch: Path | None) -> bool:
    """Read one broken file and everything in it; return whether it opened."""
    source: bytes | Path = content
    if scratch is not None:
        source = scratch / name
        source.write_bytes(content)
    with _limited(MAX_SECONDS):
        try:
            model = read(source, name=name)
        except ReadError as error:
            str(error)
            return False
        for graph in model.graphs:
            broken = problems(graph, model)
            assert not broken, f"broken invariants: {broken[:3]}"
        check_sources(model)
    return True


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _alarm(_number: int, _frame: object) -> None:
    raise HangError(f"a read took more than {MAX_SECONDS} s")


def _place(error: BaseException) -> str:
    """Return the kind of an error and the last place in our code, to tell failures apart."""
    ours = [
        f for f in traceback.extract_tb(error.__traceback__) if f"{os.sep}importers" in f.filename
    ]
    where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "?"
    return f"{type(error).__name__} at {where}"


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-1500:]


def resident_mb() -> float:
    """Return what the process holds now; 0 where the system does not say."""
    gc.collect()
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * resource.getpagesize() / 2**20


if __name__ == "__main__":
    main(sys.argv[1:])
