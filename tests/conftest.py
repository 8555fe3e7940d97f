"""What every test may use: the option `--corpus DIR`, profiles of property tests, a PT2E pair.

Tests over real model files take the fixture `corpus`; they are the only ones that
are skipped, and only where no `--corpus` is given.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.helpers.repository import ROOT

# CI must give the same answer twice, so the default profile draws the same examples each time;
# `./run fuzz` draws fresh ones, many more of them.
settings.register_profile(
    "opscope",
    deadline=None,
    derandomize=True,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "fuzz",
    deadline=None,
    max_examples=1000,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("opscope")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--corpus DIR`."""
    parser.addoption(
        "--corpus",
        metavar="DIR",
        default=None,
        help="folder of real and malformed model files, with MANIFEST.tsv",
    )


@pytest.fixture(scope="session", autouse=True)
def _own_data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the runs that tests measure out of the user's own, and the user's out of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        folder = str(tmp_path_factory.mktemp("data"))
        patch.setenv("XDG_DATA_HOME", folder)
        patch.setenv("LOCALAPPDATA", folder)
        yield


@pytest.fixture(scope="session")
def corpus(request: pytest.FixtureRequest) -> Path:
    """Folder of the real model files; the test is skipped where none was given."""
    given = request.config.getoption("--corpus")
    if given is None:
        pytest.skip("needs --corpus DIR")
    folder = Path(given).resolve()
    assert (folder / "MANIFEST.tsv").is_file(), f"--corpus {given}: no MANIFEST.tsv in it"
    return folder


@pytest.fixture(scope="session")
def pt2e(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A float PyTorch program and the twin that PT2E quantization makes of it."""
    folder = tmp_path_factory.mktemp("pt2e")
    command = [sys.executable, "-m", "tests.measures.make_pt2e", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "float.pt2", folder / "int8.pt2"
