"""The process that runs a task: ``python -m measures.runners.child FOLDER``.

Reads ``request.json`` in the folder, limits itself, runs one task, and leaves
``result.json``. Started by `measures.runners.worker` only. Frameworks are
imported by the tasks, after the memory limit holds.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import signal
import sys
from pathlib import Path
from typing import Any

from graphs.errors import MeasureError, NotRunnable
from measures.runners.failure import words_of
from measures.runners.worker import REQUEST, RESULT

# Task -> module and function; a function takes the request and returns JSON types.
TASKS = {
    "latency ONNX": ("measures.runners.onnx_latency", "latency"),
    "latency TFLite": ("measures.runners.litert_latency", "latency"),
    "latency PyTorch ExportedProgram": ("measures.runners.torch_latency", "latency"),
    "weights ONNX": ("measures.runners.onnx_error", "weights"),
    "weights TFLite": ("measures.runners.litert_error", "weights"),
    "weights PyTorch ExportedProgram": ("measures.runners.torch_error", "weights"),
    "error PyTorch ExportedProgram": ("measures.runners.torch_error", "error"),
    "distribution ONNX": ("measures.runners.onnx_error", "distribution"),
    "distribution TFLite": ("measures.runners.litert_error", "distribution"),
    "distribution PyTorch ExportedProgram": ("measures.runners.torch_error", "distribution"),
    "error ONNX": ("measures.runners.onnx_error", "error"),
    "error TFLite": ("measures.runners.litert_error", "error"),
}


# A file may be as large as what the task holds in memory: weights are written where the
# runtime optimizes; and not less than the largest profile.
MIN_FILE_BYTES = 1 << 30
_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>


def main(folder: Path) -> int:
    """Run the task that the folder asks for."""
    content = json.loads((folder / REQUEST).read_bytes())
    end_with_parent(int(content["parent"]))
    memory_bytes = int(content["memory_bytes"])
    limit(float(content["seconds"]), memory_bytes, max(memory_bytes, MIN_FILE_BYTES))
    partial = folder / "partial.json"
    partial.write_text(json.dumps(_outcome(content["task"], content["request"])))
    partial.rename(folder / RESULT)  # a result is there whole or not at all
    return 0


def _outcome(task: str, request: dict[str, Any]) -> dict[str, Any]:
    module, function = TASKS[task]
    try:
        result: dict[str, Any] = getattr(importlib.import_module(module), function)(request)
    except NotRunnable as error:
        return {"needs": error.needs, "node": error.node}
    except MeasureError as error:
        return {"failure": error.reason, "node": error.node}
    except ModuleNotFoundError as error:
        return {"needs": f"the package {error.name}"}
    except Exception as error:  # runtimes raise their own kinds; the parent gets the words
        return {"failure": words_of(error)}
    return result


def end_with_parent(parent: int) -> None:
    """End this process as soon as the one that started it is gone, however that ended (Linux).

    Elsewhere a task that nobody waits for ends at its limit of processor time.
    """
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    ctypes.CDLL(None, use_errno=True).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before it could be watched
        os._exit(1)


def limit(seconds: float, memory_bytes: int, file_bytes: int) -> None:
    """Bound processor time, the size of files and, on Linux, the address space.

    Processor time is that of all cores for as long as the task may take: who waits for
    the task ends it before, this holds where nobody waits any more.
    """
    if sys.platform == "win32":
        return
    import resource

    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_CPU, math.ceil(seconds) * (os.cpu_count() or 1))
    _lower(resource.RLIMIT_FSIZE, file_bytes)
    if sys.platform.startswith("linux"):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        _lower(resource.RLIMIT_AS, pages * resource.getpagesize() + memory_bytes)


def _lower(what: int, wanted: int) -> None:
    """Set a limit, or leave the system's where that is lower already."""
    import resource

    hard = resource.getrlimit(what)[1]
    lowest = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(what, (lowest, hard))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
