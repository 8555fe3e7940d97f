"""A fresh install: kernels are compiled once, within bounds, kept on disk and loaded again."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graphs.kernels import preparing, warming
from graphs.kernels.preparing import Preparation
from tests.helpers.machine import slowness
from tests.helpers.repository import ROOT

COMPILE_SECONDS = 20.0  # of processor time, all kernels in one process; on a quiet machine
LOAD_SECONDS = 2.0

LOAD = """
import sys, time
from numba.core import event
from graphs.kernels import PREPARATION, preparing
compiled = event.RecordingListener()
event.register("numba:compile", compiled)
was_compiled = preparing.is_compiled()
start = time.process_time()
PREPARATION.wait()
print(time.process_time() - start, len(compiled.buffer), was_compiled)
"""

DRAW = """
import dataclasses, hashlib, sys
from graphs.kernels import warming
from graphs.kernels.compiler import interpret
from graphs.layout import LayoutOptions, lay_out
from graphs.visible import visible
from benchmarks.graphs import decoder
from benchmarks.layout import boxes_of
from tests.helpers.zoo import ZOO, zoo_boxes

interpret(bool(sys.argv[1]))
digest = hashlib.sha256()
flat = boxes_of(visible(decoder(300), flat=True, show_constants=True))
for boxes in (flat, *map(zoo_boxes, ZOO)):
    layout = lay_out(boxes, LayoutOptions())
    for field in dataclasses.fields(layout):
        value = getattr(layout, field.name)
        if hasattr(value, "tobytes"):
            digest.update(value.tobytes())
print(sum(len(kernel.signatures) for kernel in warming._kernels()), digest.hexdigest())
"""

ONE = """
from graphs.kernels import topology
from graphs.kernels.compiler import compile_or_load
compile_or_load(topology.components)
stats = topology.components.stats
print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
"""


def python(*words: str, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python with other variables of the environment."""
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd, env={**os.environ, **variables}, capture_output=True, text=True, check=True,
    )  # fmt: skip


def loaded(cache: Path) -> tuple[float, int, bool]:
    """Load all in a new process: its seconds, how much it compiled, what it took for compiled."""
    ran = python("-c", LOAD, NUMBA_CACHE_DIR=str(cache))
    seconds, n_compiled, was_compiled = ran.stdout.split()
    return float(seconds), int(n_compiled), was_compiled == "True"


@pytest.mark.slow
def test_all_kernels_compile_in_seconds_and_load_in_less(tmp_path: Path) -> None:
    """One process fills an empty cache within a bound, and the next one compiles nothing."""
    code = (
        "import sys, time; from graphs.kernels.__main__ import main; main(['0', '1', '0']); "
        "print(time.process_time())"
    )
    spent = float(python("-c", code, NUMBA_CACHE_DIR=str(tmp_path)).stdout)
    assert spent < COMPILE_SECONDS * slowness()
    seconds, n_compiled, _ = loaded(tmp_path)
    assert n_compiled == 0
    assert seconds < LOAD_SECONDS * slowness(time.perf_counter)


@pytest.mark.slow
def test_several_processes_fill_one_cache(tmp_path: Path) -> None:
    """What set-up compiles side by side is complete, and is not compiled a second time."""
    python("-m", "graphs.kernels", NUMBA_CACHE_DIR=str(tmp_path))
    _, n_compiled, was_compiled = loaded(tmp_path)
    assert (n_compiled, was_compiled) == (0, True)
    files = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    python("-m", "graphs.kernels", NUMBA_CACHE_DIR=str(tmp_path))
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == files


def test_a_changed_kernel_makes_those_that_contain_it_stale(tmp_path: Path) -> None:
    """Kernels are compiled into those that call them, whatever file they come from."""
    shutil.copytree(ROOT / "graphs", tmp_path / "graphs", ignore=shutil.ignore_patterns("*cache*"))
    shown = [python("-c", ONE, cwd=tmp_path).stdout.split() for _ in range(2)]
    assert shown == [["0", "1"], ["1", "0"]]
    with (tmp_path / "graphs" / "kernels" / "sorting.py").open("a") as file:
        file.write("# changed\n")
    assert python("-c", ONE, cwd=tmp_path).stdout.split() == ["0", "1"]


@pytest.mark.parametrize("n_parts", [1, 2, 3, 50])
def test_parts_are_all_kernels_once(monkeypatch: pytest.MonkeyPatch, n_parts: int) -> None:
    """No process compiles what another one does, and none is left out."""
    seen: list[object] = []
    monkeypatch.setattr(warming, "compile_or_load", seen.append)
    for part in range(n_parts):
        warming.warm(part, n_parts)
    kernels = warming._kernels()
    assert len(seen) == len(set(seen)) == len(kernels) > 10
    assert set(seen) == set(kernels)


def test_without_a_folder_set_up_says_so() -> None:
    """Where nothing can be kept, set-up compiles nothing, names the way out and does not fail."""
    variables = {"NUMBA_CACHE_LOCATOR_CLASSES": "ZipCacheLocator"}  # none for a plain file
    assert "Set NUMBA_CACHE_DIR" in python("-m", "graphs.kernels", **variables).stderr
    code = "from graphs.kernels import kept_in, preparing as p; print(kept_in(), p.is_compiled())"
    assert python("-c", code, **variables).stdout.split() == ["None", "False"]


def test_where_other_processes_fail_this_one_compiles(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A Python that cannot be started again is no reason to draw nothing; the log says it."""
    monkeypatch.setattr(preparing, "is_compiled", lambda: False)
    warmed: list[bool] = []
    monkeypatch.setattr(preparing, "warm", lambda: warmed.append(True))
    for broken in ("/nowhere/python", shutil.which("false") or "false"):
        monkeypatch.setattr(sys, "executable", broken)
        preparation = Preparation()
        with caplog.at_level(logging.WARNING):
            preparation.wait()
        assert preparation.is_done and not preparation.is_compiling
    assert warmed == [True, True]
    assert len(caplog.records) == 2


def test_python_itself_draws_the_same_to_the_bit() -> None:
    """While the kernels are compiled, what Python makes of them is what they will make."""
    drawn = [python("-c", DRAW, wanted).stdout.split() for wanted in ("", "interpret")]
    assert drawn[0][1:] == drawn[1][1:]
    assert drawn[1][0] == "0" and drawn[0][0] != "0"  # loaded kernels


def test_an_error_reaches_whoever_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that does not compile fails the drawing, not only a thread that nobody sees."""

    def broken() -> None:
        raise MemoryError

    monkeypatch.setattr(preparing, "is_compiled", lambda: True)
    monkeypatch.setattr(preparing, "warm", broken)
    preparation = Preparation()
    for _ in range(2):
        with pytest.raises(MemoryError):
            preparation.wait()
    assert not preparation.is_done
