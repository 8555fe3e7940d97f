"""Broken files of every format: no error but ours, no hang, no growth, in a process with limits.

CI breaks 2,000 files of each format the same way each time; `./run fuzz` breaks ten times as many,
other ones each time, and names the seed.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from importers.registry import FORMATS
from tests.helpers.fuzz_samples import MAKERS, folder_samples
from tests.helpers.importer_contract import ROOT

N_MUTATIONS = 2000
N_REAL_MUTATIONS = 500
FUZZ_FACTOR = 10
MAX_READ_SECONDS = 5
MAX_GROWTH_MB = 50
TIMEOUT = 600
# Native code reads these in a worker process with limits of its own, a second or more for each
# file; their own tests break files.
IN_A_WORKER = {"TorchScript"}
NAMES = [row.name for row in FORMATS if row.name not in IN_A_WORKER]
pytestmark = pytest.mark.hypothesis  # `./run fuzz` takes what bears this mark


def run(format: str, n: int, *folder: Path) -> dict:
    """Break n files of a format and return the summary."""
    is_fuzz = settings.get_current_profile_name() == "fuzz"
    seed = secrets.token_hex(4) if is_fuzz else "opscope"
    n *= FUZZ_FACTOR if is_fuzz else 1
    command = [sys.executable, "-W", "error", "-m", "tests.helpers.fuzz_in_process", format]
    done = subprocess.run(
        [*command, str(n), seed, *map(str, folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT * (FUZZ_FACTOR if is_fuzz else 1),
        check=False,
    )
    assert done.returncode == 0, f"seed {seed}: {done.stderr[-3000:]}"
    found = json.loads(done.stdout.splitlines()[-1])
    for failure in found["failures"].values():
        print(f"seed {seed}, mutation {failure['i']}:\n{failure['trace']}")
    return found


def check(found: dict) -> None:
    """Assert that broken files did no harm."""
    assert list(found["failures"]) == []
    assert found["slowest"] < MAX_READ_SECONDS
    assert found["growth_mb"] < MAX_GROWTH_MB


@pytest.mark.parametrize("format", NAMES)
def test_broken_files_end_in_our_errors(format: str) -> None:
    """Of 2,000 broken files none raises a strange error, hangs, or leaves memory behind."""
    found = run(format, N_MUTATIONS)
    check(found)
    assert found["n_opened"] > N_MUTATIONS // 100  # else nothing got past the door


@pytest.mark.parametrize("format", NAMES)
def test_broken_real_files_end_in_our_errors(format: str, corpus: Path) -> None:
    """The same holds of the small real files of the corpus."""
    samples = folder_samples(corpus, format)
    if not samples:
        assert format == "Opscope JSON"  # nobody else writes it
        return
    check(run(format, N_REAL_MUTATIONS, corpus))


def test_every_format_has_samples() -> None:
    """A new format brings small files to start from, and each opens as it is."""
    import importers

    assert sorted(MAKERS) == sorted(NAMES)
    for format, make in MAKERS.items():
        for sample in make():
            model = importers.read(sample.content, name=sample.name)
            assert model.graphs[0].n_nodes > 0, format
