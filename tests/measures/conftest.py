"""Models that are made once for the tests of measures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.repository import ROOT


@pytest.fixture(scope="session")
def pt2e(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A float PyTorch program and the twin that PT2E quantization makes of it."""
    folder = tmp_path_factory.mktemp("pt2e")
    command = [sys.executable, "-m", "tests.measures.make_pt2e", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "float.pt2", folder / "int8.pt2"
