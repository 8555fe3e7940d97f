"""Run a task in a process of its own, with a time limit and a memory limit.

A model is untrusted and a runtime is native code: it may crash, never end or ask
for all memory. The task's process takes a request and leaves a result, both JSON
files in a folder of their own; nothing is unpickled. Imports no framework.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphs.errors import MeasureError, NotRunnable

REQUEST, RESULT, ERRORS = "request.json", "result.json", "stderr.txt"
CHILD = "measures.runners.child"
MAX_RESULT_BYTES = 256 << 20
_POLL_S = 0.05
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a task may use.

    Attributes
    ----------
    seconds : float
        Wall-clock time, start of the process included.
    memory_bytes : int
        Address space beyond what an empty interpreter takes. Kept by the system on
        Linux only; elsewhere only the time limit holds.
    """

    seconds: float = 300.0
    memory_bytes: int = 8 << 30


def run_task(
    measure: str,
    task: str,
    request: Mapping[str, Any],
    limits: Limits | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Run a task of `measures.runners.child` and return its result.

    Parameters
    ----------
    measure : str
        Named in errors.
    task : str
        A key of `measures.runners.child.TASKS`.
    request : mapping
        JSON types only.
    limits : Limits, optional
    is_cancelled : callable
        Asked many times a second; True ends the process.

    Raises
    ------
    MeasureError
        The task failed, crashed, took too long or too much memory, or was cancelled.
    NotRunnable
        The runtime is missing, or the model or its inputs are not runnable.
    """
    limits = limits or Limits()
    with tempfile.TemporaryDirectory(prefix="opscope-") as name:
        folder = Path(name)
        content = {"task": task, "memory_bytes": limits.memory_bytes, "request": dict(request)}
        (folder / REQUEST).write_text(json.dumps(content))
        status = _run(folder, measure, limits, is_cancelled)
        return _result(folder, measure, status)


def _run(folder: Path, measure: str, limits: Limits, is_cancelled: Callable[[], bool]) -> int:
    # The child must find this package whatever the folder that the server was started in.
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH", "")]))
    with (folder / ERRORS).open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", CHILD, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,
        )
        try:
            return _wait(process, measure, limits.seconds, is_cancelled)
        finally:
            _end(process)


def _wait(
    process: subprocess.Popen[bytes],
    measure: str,
    seconds: float,
    is_cancelled: Callable[[], bool],
) -> int:
    end = time.monotonic() + seconds
    while True:
        try:
            return process.wait(_POLL_S)
        except subprocess.TimeoutExpired:
            if is_cancelled():
                raise MeasureError(measure, "it was cancelled") from None
            if time.monotonic() > end:
                reason = f"it took longer than the {seconds:,.0f} s allowed"
                raise MeasureError(measure, reason) from None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and what it started, where it still runs."""
    if process.poll() is not None:
        return
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _result(folder: Path, measure: str, status: int) -> dict[str, Any]:
    path = folder / RESULT
    if status < 0:
        raise MeasureError(measure, f"the runtime crashed ({_signal_name(-status)})")
    if not path.is_file():
        raise MeasureError(measure, f"the runtime gave up: {_last_line(folder / ERRORS)}")
    if path.stat().st_size > MAX_RESULT_BYTES:
        raise MeasureError(measure, "the result is too large")
    result: dict[str, Any] = json.loads(path.read_bytes())
    if "needs" in result:
        raise NotRunnable(measure, result["needs"], node=result.get("node", ""))
    if "failure" in result:
        raise MeasureError(measure, result["failure"], node=result.get("node", ""))
    return result


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _last_line(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4096))
        lines = file.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
