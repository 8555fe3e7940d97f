"""Read TorchScript modules (``.pt``, ``.jit``) with torch's loader in a worker process.

Format: https://github.com/pytorch/pytorch/blob/main/torch/csrc/jit/docs/serialization.md,
a ZIP archive of code and constants that only torch itself can parse in full. The parts:
`torchscript_worker` (the process), `torchscript_dump` (what it tells), `torchscript_graph`
(columns), `torchscript_source` (on demand). A checkpoint that `torch.save` wrote is no
TorchScript and is never loaded. torch is not imported in this process.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from graphs.errors import DamagedSource, MissingFramework, ReadError, quoted
from graphs.ir import Model
from importers.base import Probe
from importers.notes import Notes
from importers.pytorch_archive import Archive
from importers.torchscript_graph import Dumped, build_model

FORMAT = "TorchScript"
EXTRA = "torch"
MAX_SECONDS = 120
MAX_RESULT_BYTES = 512 << 20
_ROOT = Path(__file__).resolve().parents[1]


def look(probe: Probe) -> bool:
    """Return whether the content is an archive of TorchScript code."""
    if probe.head[:4] != b"PK\x03\x04":
        return False
    try:
        members = Archive(probe).members
    except ReadError:
        return False
    has_code = any(name.startswith("code/") for name in members)
    return has_code and {"data.pkl", "constants.pkl"} <= set(members)


def read(probe: Probe, notes: Notes) -> Model:
    """Return the model: a graph for each method of the module, with what it calls inlined.

    Raises
    ------
    MissingFramework
        torch is not installed.
    DamagedSource
        torch refuses the file, or crashes on it.
    ReadError
        Loading takes too long or gives too much.
    """
    if importlib.util.find_spec("torch") is None:
        raise MissingFramework(probe.name, format=FORMAT, extra=EXTRA)
    archive = Archive(probe)
    for member in archive.members:
        archive.read(member)  # what is cut or changed never comes to native code
    content = _run(probe)
    try:
        dumped = msgspec.json.decode(content, type=Dumped)
    except msgspec.DecodeError as error:
        raise DamagedSource(probe.name, "torch's graph has texts that no file may have") from error
    return build_model(probe.name, dumped, lambda path: _tensor(probe, path), notes)


def _tensor(probe: Probe, path: str) -> NDArray[np.generic] | None:
    """Return the data of a parameter or a buffer."""
    head, _, data = _run(probe, path).partition(b"\n")
    said: Any = json.loads(head)
    if said is None:
        return None
    dtype = said["dtype"]
    if dtype.startswith(("bfloat16", "float8")):
        import ml_dtypes

        dtype = getattr(ml_dtypes, dtype)
    return np.frombuffer(data, dtype).reshape(said["shape"])


def _run(probe: Probe, *tensor: str) -> bytes:
    """Return what the worker writes."""
    with tempfile.TemporaryDirectory(prefix="opscope-") as name:
        folder = Path(name)
        source = probe.path
        if source is None:
            source = folder / "model.pt"
            source.write_bytes(probe.read_bytes())
        result = folder / "result"
        _work(probe.name, [str(source.resolve()), str(result), *tensor], folder)
        if not result.is_file():
            raise DamagedSource(probe.name, "torch gave up without a word", format=FORMAT)
        if result.stat().st_size > MAX_RESULT_BYTES:
            raise ReadError(probe.name, "its graph is larger than 512 MB", format=FORMAT)
        return result.read_bytes()


def _work(name: str, arguments: list[str], folder: Path) -> None:
    """Run the worker to its end; raises what is wrong with the file."""
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH", "")]))
    try:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "importers.torchscript_worker", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path},
            timeout=MAX_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        reason = f"torch did not load it within {MAX_SECONDS} seconds"
        raise ReadError(name, reason, format=FORMAT) from error
    if done.returncode != 0:
        said = done.stderr[-4096:].decode("utf-8", "replace").strip().rpartition("\n")[2]
        is_refusal = done.returncode == 1 and bool(said)
        reason = f"torch refuses it: {quoted(said)}" if is_refusal else "torch crashed on it"
        raise DamagedSource(name, reason, format=FORMAT)
