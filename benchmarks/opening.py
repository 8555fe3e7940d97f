"""Opening ONNX files: time against onnx's own loading, memory beside external data.

Every number is taken in a process of its own. The model is
`moe_decoder_126L_24e_ts.onnx` of the corpus (the folder that OPSCOPE_CORPUS names, or
`../shared/models` beside the checkout); without it, a seeded decoder of as many nodes.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.rows import Row
from tests.helpers.read_in_process import peak_mb

ROOT = Path(__file__).parents[1]
LARGE = "onnx/moe_decoder_126L_24e_ts.onnx"
N_NODES = 49_909
N_BLOCKS = 126
EXTERNAL_BYTES = 2 << 30
N_EXTERNAL = 512
REPEATS = 9


def run() -> list[Row]:
    """Measure opening and return the rows."""
    with tempfile.TemporaryDirectory() as folder:
        path, label = large_model(Path(folder))
        times = in_process("measure_time", path)
        memory = in_process("measure_memory", write_external(Path(folder)))
    rival = f"onnx.load and a bare loop: {times['rival_s']:.3f} s ({label})"
    # Of processor time: both run on one thread, and what else the machine does is nobody's fault.
    ratio = times["ours_cpu_s"] / times["rival_cpu_s"]
    return [
        Row("opening: 49,909 nodes, path to IR", times["ours_s"], "s", rival=rival),
        Row("opening: ratio to onnx.load and a bare loop", ratio, "x", rival=rival),
        Row(
            "opening: memory beyond import onnx, 2 GB external data",
            memory["more_mb"],
            "MB",
            rival=f"import onnx: {memory['onnx_mb']:.0f} MB",
        ),
    ]


def in_process(function: str, path: Path) -> dict[str, float]:
    """Run a function of this module on a path in a fresh process and return what it returned."""
    code = f"import json, benchmarks.opening as b; print(json.dumps(b.{function}({str(path)!r})))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure_time(path: str) -> dict[str, float]:
    """Return the best times of opening and of the rival, taken in turns."""
    from importers import read

    turns = [
        (*seconds(lambda: bare_loop(path)), *seconds(lambda: read(path))) for _ in range(REPEATS)
    ]
    names = ("rival_s", "rival_cpu_s", "ours_s", "ours_cpu_s")
    return dict(zip(names, map(min, zip(*turns, strict=True)), strict=True))


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Return how long one call takes, by the clock and of the processor; its result is kept."""
    start, start_cpu = time.perf_counter(), time.process_time()
    result = work()
    taken = time.perf_counter() - start, time.process_time() - start_cpu
    del result
    return taken


def bare_loop(path: str) -> int:
    """Load with onnx and read each node's name, op type, inputs and outputs; nothing is built."""
    import onnx

    n_names = 0
    for node in onnx.load(path, load_external_data=False).graph.node:
        n_names += len(node.name) + len(node.op_type)
        n_names += len(list(node.input)) + len(list(node.output))
    return n_names


def measure_memory(path: str) -> dict[str, float]:
    """Return the memory of `import onnx`, and the peak of opening beyond it, in MB."""
    import onnx  # noqa: F401 - its memory is what is measured

    before = peak_mb()
    from importers import read

    model = read(path)
    assert model.parameter_bytes == EXTERNAL_BYTES
    return {"onnx_mb": before, "more_mb": peak_mb() - before}


def large_model(folder: Path) -> tuple[Path, str]:
    """Return the corpus's large decoder, or a seeded one, and what to call it."""
    for corpus in (os.environ.get("OPSCOPE_CORPUS"), ROOT.parent / "shared" / "models"):
        if corpus and (Path(corpus) / LARGE).is_file():
            return Path(corpus) / LARGE, Path(LARGE).name
    from onnx import helper

    nodes = list(decoder_nodes(random.Random(7)))
    x, y = (helper.make_tensor_value_info(name, 1, ["n", 8]) for name in ("x", "y"))
    graph = helper.make_graph(nodes, "seeded", [x], [y], [weight(k) for k in range(9_707)])
    path = folder / "seeded.onnx"
    path.write_bytes(helper.make_model(graph).SerializeToString())
    return path, "seeded decoder"


def decoder_nodes(rng: random.Random) -> Iterator[Any]:
    """Yield nodes in the proportions of a real export: a third constants, chains inside blocks."""
    from onnx import helper

    value = "x"
    for index in range(N_NODES):
        scope = f"/layers.{index * N_BLOCKS // N_NODES}/mlp/expert_{index // 16 % 24}"
        name = f"{scope}/{index}"
        if index % 3 == 0 and index != N_NODES - 1:
            tensor = helper.make_tensor("", 7, [1], [index % 5])
            yield helper.make_node("Constant", [], [f"{name}_out"], name, value=tensor)
            constant = f"{name}_out"
            continue
        op, second = rng.choice(
            [("Mul", constant), ("MatMul", f"weight_{index % 9_707}"), ("Sigmoid", "")]
        )
        out = "y" if index == N_NODES - 1 else f"{name}_output_0"
        yield helper.make_node(op, [value, second] if second else [value], [out], name)
        value = out


def weight(index: int) -> Any:
    """Return a tiny initializer."""
    from onnx import helper

    return helper.make_tensor(f"weight_{index}", 1, [8, 8], bytes(256), raw=True)


def write_external(folder: Path) -> Path:
    """Write a model whose 2 GB of weights lie in another file, a hole that takes no disk."""
    from onnx import TensorProto, helper

    n_bytes = EXTERNAL_BYTES // N_EXTERNAL
    with (folder / "weights.bin").open("wb") as file:
        file.truncate(EXTERNAL_BYTES)
    tensors, nodes = [], []
    for index in range(N_EXTERNAL):
        tensor = TensorProto(name=f"w{index}", data_type=1, dims=[1024, n_bytes // 4096])
        tensor.data_location = TensorProto.EXTERNAL
        where = {"location": "weights.bin", "offset": index * n_bytes, "length": n_bytes}
        for key, entry in where.items():
            tensor.external_data.add(key=key, value=str(entry))
        tensors.append(tensor)
        nodes.append(helper.make_node("MatMul", [f"v{index}", f"w{index}"], [f"v{index + 1}"]))
    ends = [helper.make_tensor_value_info(n, 1, None) for n in ("v0", f"v{N_EXTERNAL}")]
    graph = helper.make_graph(nodes, "external", ends[:1], ends[1:], tensors)
    path = folder / "external.onnx"
    path.write_bytes(helper.make_model(graph).SerializeToString())
    return path
