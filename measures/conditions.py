"""What a measurement was taken with, so that a number can be judged and taken again.

Imports the standard library only.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a measurement was taken with.

    Attributes
    ----------
    method : str
        How, in one sentence.
    date : str
        UTC, ISO 8601.
    cpu, system, python : str
    n_cores : int
        Cores that the process may use.
    versions : mapping of str to str
        Distribution -> version.
    settings : mapping
        Threads, repeats, limits: what the caller chose.
    inputs : mapping of str to list of int
        Shape of each input as it was fed.
    inputs_sha256 : str
        Of the file of inputs, or of all files of a folder; empty where they were drawn
        at random.
    model_sha256 : str
    data : str
        What the inputs were, in words; says so where they were random.
    reference_sha256 : str
        Of the float model; empty where there is none.
    """

    method: str
    date: str
    cpu: str
    system: str
    python: str
    n_cores: int
    versions: Mapping[str, str]
    settings: Mapping[str, Any]
    inputs: Mapping[str, list[int]]
    inputs_sha256: str
    model_sha256: str
    data: str = ""
    reference_sha256: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return JSON types."""
        return asdict(self)


def conditions(
    method: str,
    model: Path,
    inputs_file: Path | None,
    inputs: Mapping[str, list[int]],
    settings: Mapping[str, Any],
    packages: tuple[str, ...],
    data: str = "",
    reference: Path | None = None,
) -> Conditions:
    """Return what holds now on this machine."""
    return Conditions(
        method=method,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        cpu=_cpu(),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        n_cores=_n_cores(),
        versions={name: importlib.metadata.version(name) for name in packages},
        settings=dict(settings),
        inputs=dict(inputs),
        inputs_sha256=sha256(inputs_file) if inputs_file else "",
        model_sha256=sha256(model),
        data=data,
        reference_sha256=sha256(reference) if reference else "",
    )


def sha256(path: Path) -> str:
    """Return the hash of a file's content, or of a folder's files by name, read in pieces."""
    found = hashlib.sha256()
    for one in sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]:
        with one.open("rb") as file:
            while chunk := file.read(_CHUNK):
                found.update(chunk)
    return found.hexdigest()


def _cpu() -> str:
    """Return the processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _n_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
