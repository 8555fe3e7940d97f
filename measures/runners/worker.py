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
from measures.runners.progress import PROGRESS

Progress = Callable[[int, int, str], None]  # steps done, steps, what is done now

REQUEST, RESULT, ERRORS = "request.json", "result.json", "stderr.txt"
CHILD = "measures.runners.child"
MAX_RESULT_BYTES = 256 << 20
MAX_PROGRESS_BYTES = 4096
_POLL_S = 0.05
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a task may use.

    Attributes
    ----------
    seconds : float
        Wall-clock time, start of the process included. Processor time is bounded by
        what all cores can give in that time.
    memory_bytes : int
        Address space beyond what an empty interpreter takes, kept by the system on
        Linux only; and the size of the largest file that the task may write, at least 1 GiB.
    """

    seconds: float = 300.0
    memory_bytes: int = 8 << 30

    def as_settings(self) -> dict[str, float]:
        """Return them as a record of settings names them."""
        return {"time_limit_s": self.seconds, "memory_limit_mb": self.memory_bytes >> 20}


def run_task(
    measure: str,
    task: str,
    request: Mapping[str, Any],
    limits: Limits | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
    on_progress: Progress | None = None,
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
    on_progress : callable, optional
        Told when the task says how far it is.

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
        content = {
            "task": task,
            "parent": os.getpid(),
            "seconds": limits.seconds,
            "memory_bytes": limits.memory_bytes,
            "request": dict(request),
        }
        (folder / REQUEST).write_text(json.dumps(content))
        told = _Told(folder, on_progress) if on_progress else None

        def is_over() -> bool:
            if told is not None:
                told.look()
            return is_cancelled()

        status = _run(folder, measure, limits, is_over)
        return _result(folder, measure, status)


class _Told:
    """Hands on what the task's progress file says, once each time that it changes."""

    def __init__(self, folder: Path, hear: Progress) -> None:
        self._path, self._hear = folder / PROGRESS, hear
        self._last = b""

    def look(self) -> None:
        try:
            if self._path.stat().st_size > MAX_PROGRESS_BYTES:
                return
            content = self._path.read_bytes()
        except OSError:
            return
        if content != self._last:
            self._last = content
            said = json.loads(content)
            self._hear(int(said["done"]), int(said["all"]), str(said["what"]))


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
    if status < 0 and _signal_name(-status) == "SIGXCPU":
        raise MeasureError(measure, "it took more processor time than is allowed")
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
