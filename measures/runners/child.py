"""The process that runs a task: ``python -m measures.runners.child FOLDER``.

Reads ``request.json`` in the folder, limits itself, runs one task, and leaves
``result.json``. Started by `measures.runners.worker` only. Frameworks are
imported by the tasks, after the memory limit holds.
"""

from __future__ import annotations

import importlib
import json
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


def main(folder: Path) -> int:
    """Run the task that the folder asks for."""
    content = json.loads((folder / REQUEST).read_bytes())
    _limit_memory(int(content["memory_bytes"]))
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


def _limit_memory(memory_bytes: int) -> None:
    """Bound the address space, where the system can (Linux)."""
    if not sys.platform.startswith("linux"):
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    now = pages * resource.getpagesize()
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    wanted = now + memory_bytes
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
