"""A task in a process of its own: what goes wrong there ends as an error here."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graphs.errors import MeasureError, NotRunnable
from measures.runners import worker
from measures.runners.worker import Limits, run_task
from tests.helpers.repository import ROOT
from tests.measures.models import one_node_model

ON_LINUX = sys.platform.startswith("linux")


@pytest.fixture
def bad_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a misbehaving process in the place of the worker's."""
    monkeypatch.setattr(worker, "CHILD", "tests.measures.bad_child")


@pytest.mark.usefixtures("bad_child")
def test_a_native_crash_is_an_error_with_its_signal() -> None:
    """A crash of the runtime names the signal and leaves this process alone."""
    with pytest.raises(MeasureError, match="crashed \\(SIGABRT\\)"):
        run_task("latency", "any", {"way": "crash"})


@pytest.mark.usefixtures("bad_child")
def test_a_task_that_never_ends_is_ended_with_its_helpers(tmp_path: Path) -> None:
    """Past its time limit the process and what it started are gone."""
    pid_file = tmp_path / "pid"
    with pytest.raises(MeasureError, match="longer than the 2 s"):
        run_task("latency", "any", {"way": "hang", "pid_file": str(pid_file)}, Limits(seconds=2))
    assert _has_ended(int(pid_file.read_text()))


@pytest.mark.usefixtures("bad_child")
def test_a_cancelled_task_ends_at_once(tmp_path: Path) -> None:
    """Asking to cancel ends the task long before its limit."""
    pid_file = tmp_path / "pid"
    start = time.monotonic()
    request = {"way": "hang", "pid_file": str(pid_file)}
    with pytest.raises(MeasureError, match="cancelled"):
        run_task("latency", "any", request, is_cancelled=pid_file.exists)
    assert time.monotonic() - start < 30


@pytest.mark.usefixtures("bad_child")
def test_a_process_without_a_result_says_its_last_words() -> None:
    """What the runtime wrote last is in the error."""
    with pytest.raises(MeasureError, match="no more kernels"):
        run_task("latency", "any", {"way": "give up"})


@pytest.mark.usefixtures("bad_child")
def test_a_result_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The size of a result is checked before it is read."""
    monkeypatch.setattr(worker, "MAX_RESULT_BYTES", 100)
    with pytest.raises(MeasureError, match="too large"):
        run_task("latency", "any", {"way": "flood"})


@pytest.mark.usefixtures("bad_child")
def test_processor_time_and_files_are_bounded() -> None:
    """A task that nobody would end ends itself, and it cannot fill the disk."""
    with pytest.raises(MeasureError, match="processor time"):
        run_task("latency", "any", {"way": "spin"}, Limits(seconds=60))
    with pytest.raises(MeasureError, match="File too large"):
        run_task("latency", "any", {"way": "fill the disk"}, Limits(seconds=60))


@pytest.mark.skipif(not ON_LINUX, reason="elsewhere the limit of processor time ends it")
def test_a_task_ends_with_the_server_that_was_killed(tmp_path: Path) -> None:
    """A server that is killed cannot end its task: the system does."""
    path = one_node_model(tmp_path / "endless.onnx", is_endless=True)
    words = f"from measures.runners.worker import run_task; run_task('latency', 'latency ONNX', \
{_request(path)!r})"
    server = subprocess.Popen([sys.executable, "-c", words], cwd=ROOT)
    try:
        task = _child_of(server.pid)
        assert _state(task) != "Z"
    finally:
        server.kill()
        server.wait()
    assert _has_ended(task)


@pytest.mark.skipif(not ON_LINUX, reason="only Linux keeps the memory limit")
def test_a_model_that_asks_for_all_memory_is_refused(tmp_path: Path) -> None:
    """A model of 200 bytes that fills 64 GB ends as an error about memory."""
    path = one_node_model(tmp_path / "huge.onnx", n_elements=1 << 34)
    with pytest.raises(MeasureError, match="memory"):
        run_task("latency", "latency ONNX", _request(path), Limits(memory_bytes=2 << 30))


def test_a_model_that_never_ends_hits_the_time_limit(tmp_path: Path) -> None:
    """A loop without an end is stopped from outside."""
    path = one_node_model(tmp_path / "endless.onnx", is_endless=True)
    with pytest.raises(MeasureError, match="longer than the 3 s"):
        run_task("latency", "latency ONNX", _request(path), Limits(seconds=3))


def test_bytes_that_are_no_model_are_an_error(tmp_path: Path) -> None:
    """A runtime's refusal comes back as our error, not as a traceback."""
    path = tmp_path / "noise.tflite"
    path.write_bytes(b"\x10\x00\x00\x00TFL3" + bytes(range(256)) * 4)
    with pytest.raises(MeasureError):
        run_task("latency", "latency TFLite", _request(path))
    path.write_bytes(b"no flatbuffer")
    with pytest.raises(NotRunnable, match="accepts"):
        run_task("latency", "latency TFLite", _request(path))


def _request(path: Path) -> dict[str, object]:
    return {
        "path": str(path),
        "inputs": None,
        "batch": 1,
        "free_dimension": 1,
        "n_repeats": 1,
        "n_warmup": 0,
        "n_threads": 1,
    }


def _child_of(pid: int) -> int:
    """Return the process that another one has started and that runs our task by now."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    for _ in range(400):
        for child in children.read_text().split():
            # The runtime is loaded once the task has set its limits.
            if "onnxruntime" in Path(f"/proc/{child}/maps").read_text():
                return int(child)
        time.sleep(0.05)
    raise AssertionError("no task was started")


def _has_ended(pid: int) -> bool:
    """Tell whether a process is gone, or dead and waiting for its parent."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
            state = _state(pid)
        except (ProcessLookupError, FileNotFoundError):
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def _state(pid: int) -> str:
    """Return the process's state letter; a dash where the system has no /proc."""
    stat = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self/stat").exists():
        return "-"
    return stat.read_text().rpartition(")")[2].split()[0]
