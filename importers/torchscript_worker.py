"""The process that loads a TorchScript file: ``python -m importers.torchscript_worker``.

    python -m importers.torchscript_worker FILE RESULT          writes RESULT, JSON
    python -m importers.torchscript_worker FILE RESULT TENSOR   writes RESULT, a line of JSON, data

torch's loader is native code and the file is untrusted, so this is a process of its own
with a limit on memory. `torch.jit.load` reads TorchScript's own pickles with a reader of
their few types; `torch.load`, which could run Python, is never called. Ends with status 1
and one line on the standard error where torch refuses the file.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from pathlib import Path
from typing import Any

MAX_MEMORY_BYTES = 6 << 30  # beyond what torch itself takes


def main(arguments: list[str]) -> int:
    """Load the file and write the result."""
    import torch

    gc.disable()  # the process does one thing and ends
    _limit_memory()
    torch.set_num_threads(1)
    source, target = arguments[:2]
    try:
        module = torch.jit.load(source, map_location="cpu")
        content = _tensor(module, arguments[2]) if len(arguments) > 2 else _graphs(module)
    except Exception as error:  # whatever torch raises is its refusal
        lines = str(error).strip().splitlines() or [type(error).__name__]
        print(" ".join(lines[0].split())[:500], file=sys.stderr)
        return 1
    partial = Path(f"{target}.partial")
    partial.write_bytes(content)
    partial.rename(target)  # a result is there whole or not at all
    return 0


def _graphs(module: Any) -> bytes:
    from importers.torchscript_dump import dumped

    return json.dumps(dumped(module)).encode("utf-8", "replace")


def _tensor(module: Any, path: str) -> bytes:
    """Return dtype and shape as one line of JSON, then the data."""
    from importers.pytorch_tensors import numpy_of
    from importers.torchscript_dump import tensor_of

    array = numpy_of(tensor_of(module, path))
    if array is None:
        return b"null\n"
    head = {"dtype": array.dtype.name, "shape": list(array.shape)}
    return json.dumps(head).encode() + b"\n" + array.tobytes()


def _limit_memory() -> None:
    """Bound the address space, where the system can (Linux)."""
    if not sys.platform.startswith("linux"):
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    wanted = pages * resource.getpagesize() + MAX_MEMORY_BYTES
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(status)  # the result is written: to take torch's graphs down piece by piece is idle
