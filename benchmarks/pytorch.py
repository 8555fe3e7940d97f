"""Opening exported programs: time to the IR without torch, against torch.export.load.

Every number is taken in a process of its own. The model is
`moe_decoder_126L_6e_core_aten.pt2` of the corpus (the folder that OPSCOPE_CORPUS names, or
`../shared/models` beside the checkout); without it, a chain of as many calls, made by
lengthening a program that torch wrote. Torch loads once: it takes half a minute.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

from benchmarks.rows import Row

ROOT = Path(__file__).parents[1]
LARGE = "torch/moe_decoder_126L_6e_core_aten.pt2"
N_CALLS = 27_360
REPEATS = 7


def run() -> list[Row]:
    """Measure opening and return the rows."""
    with tempfile.TemporaryDirectory() as folder:
        path, label = large_program(Path(folder))
        ours = in_process("measure_ours", path)
        theirs = in_process("measure_torch", path)
    assert not ours["has_torch"]
    rival = f"torch.export.load: {theirs['seconds']:.1f} s ({label})"
    # Of processor time: both run on one thread, and what else the machine does is nobody's fault.
    ratio = ours["cpu_s"] / theirs["cpu_s"]
    return [
        Row("pytorch: 27,360 nodes, path to IR", ours["seconds"], "s", rival=rival),
        Row("pytorch: ratio to torch.export.load", ratio, "x", rival=rival),
    ]


def in_process(function: str, path: Path) -> dict[str, float]:
    """Run a function of this module on a path in a fresh process and return what it returned."""
    code = f"import json, benchmarks.pytorch as b; print(json.dumps(b.{function}({str(path)!r})))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure_ours(path: str) -> dict[str, float]:
    """Return the best times of opening, and whether torch was imported."""
    from importers import read

    turns = [_seconds(lambda: read(path)) for _ in range(REPEATS)]
    wall, cpu = map(min, zip(*turns, strict=True))
    return {"seconds": wall, "cpu_s": cpu, "has_torch": float("torch" in sys.modules)}


def measure_torch(path: str) -> dict[str, float]:
    """Return the time of torch's own loading, its import not counted."""
    import torch

    torch.set_num_threads(1)
    wall, cpu = _seconds(lambda: torch.export.load(path))
    return {"seconds": wall, "cpu_s": cpu}


def _seconds(work: Any) -> tuple[float, float]:
    """Return how long one call takes, by the clock and of the processor."""
    start, start_cpu = time.perf_counter(), time.process_time()
    result = work()
    taken = time.perf_counter() - start, time.process_time() - start_cpu
    del result
    return taken


def large_program(folder: Path) -> tuple[Path, str]:
    """Return the corpus's large decoder, or a chain, and what to call it."""
    for corpus in (os.environ.get("OPSCOPE_CORPUS"), ROOT.parent / "shared" / "models"):
        if corpus and (Path(corpus) / LARGE).is_file():
            return Path(corpus) / LARGE, Path(LARGE).name
    path = folder / "chain.pt2"
    path.write_bytes(chain())
    return path, "chain"


def chain() -> bytes:
    """Return a program of `N_CALLS` calls in a row, valid for torch."""
    import torch

    class Negative(torch.nn.Module):
        """One call."""

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            """Return -x."""
            return -x

    file = io.BytesIO()
    torch.export.save(torch.export.export(Negative(), (torch.zeros(2, 3),)), file)
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    program = next(name for name in members if name.endswith("/models/model.json"))
    members[program] = json.dumps(_lengthened(json.loads(members[program]))).encode()
    again = io.BytesIO()
    with zipfile.ZipFile(again, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return again.getvalue()


def _lengthened(whole: dict[str, Any]) -> dict[str, Any]:
    """Return a program of one call with `N_CALLS` in its place."""
    graph = whole["graph_module"]["graph"]
    (first,) = graph["nodes"]
    last = first["name"]
    value = graph["tensor_values"][last]
    before = "x"
    graph["nodes"] = []
    for index in range(N_CALLS):
        name = last if index == N_CALLS - 1 else f"{last}_{index + 1}"
        given = {**first["inputs"][0], "arg": {"as_tensor": {"name": before}}}
        outputs = [{"as_tensor": {"name": name}}]
        graph["nodes"].append({**first, "name": name, "inputs": [given], "outputs": outputs})
        graph["tensor_values"][name] = value
        before = name
    return whole
