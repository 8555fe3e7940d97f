"""Opening files of every format: path to IR, and the memory of the process that opens.

Every number is taken in a process of its own, and is processor time: what else the machine
does is nobody's fault. Real files come from the corpus (the folder
that OPSCOPE_CORPUS names, or `../shared/models` beside the checkout) and are not measured
without it; the file of 50,000 nodes that each format gets is written here.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.rows import Row
from tests.helpers.large_files import MAKERS
from tests.helpers.read_in_process import peak_mb

ROOT = Path(__file__).parents[1]
N_NODES = 50_000
REPEATS = 3
MAX_SECONDS, MAX_LARGE_SECONDS, MAX_LARGE_MB = 0.5, 4.0, 1000.0
REAL = (
    "tf/basic_pitch_nmp_savedmodel",
    "onnx/TFBertForQuestionAnswering.onnx",
    "hlo/mobilenet_v2.hlo",
)


def run() -> Iterator[Row]:
    """Measure opening and yield the rows."""
    corpus = Path(os.environ.get("OPSCOPE_CORPUS") or ROOT.parent / "shared" / "models")
    for name in REAL:
        if (corpus / name).exists():
            found = in_process(corpus / name)
            label = f"formats: {Path(name).name}, path to IR"
            yield Row(label, found["seconds"], "s", MAX_SECONDS, f"{found['nodes']:,} nodes")
    for format, make in MAKERS.items():
        with tempfile.TemporaryDirectory() as folder:
            name, content = make(N_NODES)
            path = Path(folder) / name
            path.write_bytes(content)
            found = in_process(path)
        label = f"formats: {format}, {N_NODES:,} nodes"
        yield Row(f"{label}, path to IR", found["seconds"], "s", MAX_LARGE_SECONDS)
        yield Row(f"{label}, peak memory", found["peak_mb"], "MB", MAX_LARGE_MB)


def in_process(path: Path) -> dict[str, float]:
    """Open a path in a fresh process; return best seconds, nodes, and the most memory in MB."""
    command = [sys.executable, "-m", "benchmarks.formats", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure(path: str) -> dict[str, float]:
    """Return the best time of a few turns, the nodes of all graphs, and the peak of memory."""
    from importers import read

    seconds = []
    for _ in range(REPEATS):
        start = _processor_seconds()
        model = read(path)
        seconds.append(_processor_seconds() - start)
        n_nodes = sum(graph.n_nodes for graph in model.graphs)
        del model
    # A format may be read by a process of its own, which lives beside this one.
    mb = peak_mb() + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"seconds": min(seconds), "nodes": n_nodes, "peak_mb": mb}


def _processor_seconds() -> float:
    """Return what this process and those it waited for took: reading is one thread's work."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
