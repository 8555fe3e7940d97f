"""The task runner, without installing anything: a stand-in environment says what it was given."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.repository import ROOT

RUN = ROOT / "run"


def kernels_stamp() -> str:
    """Return what the runner writes where the layout is compiled as it is now."""
    kernels = sorted((ROOT / "graphs" / "kernels").glob("*.py"))
    content = b"".join(path.read_bytes() for path in (ROOT / "constraints.txt", *kernels))
    stamp = subprocess.run(["cksum"], input=content, capture_output=True, check=True).stdout
    return f"{stamp.decode().strip()} "


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Variables of an environment with everything installed, whose `panel` prints its words."""
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    (venv / "bin" / "panel").write_text('#!/bin/sh\nfor word in "$@"; do echo "<$word>"; done\n')
    (venv / "bin" / "panel").chmod(0o755)
    content = (ROOT / "pyproject.toml").read_bytes() + (ROOT / "constraints.txt").read_bytes()
    stamp = subprocess.run(["cksum"], input=content, capture_output=True, check=True).stdout
    for extra in ("base", "test", "dev"):
        (venv / f"opscope-installed-{extra}").write_bytes(stamp)
    (venv / "opscope-compiled").write_text(kernels_stamp())
    dropped = ("CI", "DISPLAY", "WAYLAND_DISPLAY", "NUMBA_CACHE_DIR")
    kept = {k: v for k, v in os.environ.items() if k not in dropped}
    return {**kept, "OPSCOPE_VENV": str(venv)}


def run(
    *words: str, env: dict[str, str] | None = None, cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run a task."""
    return subprocess.run(
        [RUN, *words], env=env, cwd=cwd, capture_output=True, text=True, check=False, timeout=120
    )


def served(env: dict[str, str], *words: str) -> tuple[list[str], list[str]]:
    """Return the words that the server was given, and those that Opscope was."""
    ran = run("serve", *words, env=env)
    assert ran.returncode == 0, ran.stderr
    given = [line[1:-1] for line in ran.stdout.splitlines()]
    split = given.index("--args") if "--args" in given else len(given)
    return given[:split], given[split + 1 :]


def test_help_is_the_default_and_an_unknown_task_is_refused() -> None:
    """Without words the runner lists its tasks; with a wrong one it does so and fails with 2."""
    assert run().stdout == run("help").stdout
    wrong = run("sevre")
    assert wrong.returncode == 2
    assert "no task 'sevre'" in wrong.stderr
    assert "serve [MODEL...]" in wrong.stderr


def test_serve_ends_in_panel_serve(environment: dict[str, str]) -> None:
    """The app is served by its path; nothing is passed on unasked."""
    server, ours = served(environment)
    assert server[:2] == ["serve", str(ROOT / "dashboard")]
    assert "--num-threads" not in server
    assert "--show" not in server
    assert ours == []


def test_serve_shows_the_page_where_there_is_a_display(environment: dict[str, str]) -> None:
    """`--show` opens a browser: by default only where one can be seen, and never in CI."""
    seen = {**environment, "DISPLAY": ":0"}
    assert "--show" in served(seen)[0]
    assert "--show" not in served({**seen, "CI": "1"})[0]
    assert "--show" not in served(seen, "--no-show")[0]
    assert "--show" in served(environment, "--show")[0]


def test_serve_tells_the_servers_options_from_ours(environment: dict[str, str]) -> None:
    """Models and our options keep their order and their spaces, wherever the server's stand."""
    words = ["a model.onnx", "--port", "5999", "--node-data", "n d.csv", "--dev", "--root=x y"]
    server, ours = served(environment, *words, "--allow-websocket-origin=host")
    assert ours == ["a model.onnx", "--node-data", "n d.csv", "--root=x y"]
    options = ["--port", "5999", "--dev", "--allow-websocket-origin=host"]
    assert server[-6:] == [*options, "--address", "localhost"]


def test_serve_listens_to_this_machine_unless_told(environment: dict[str, str]) -> None:
    """Models are private: another address is the choice of whoever starts the server."""
    assert served(environment)[0][-2:] == ["--address", "localhost"]
    assert served(environment, "--address", "0.0.0.0")[0][-2:] == ["--address", "0.0.0.0"]


def test_serve_refuses_an_option_without_its_value(environment: dict[str, str]) -> None:
    """A missing value would otherwise swallow nothing and start on another port."""
    ran = run("serve", "--port", env=environment)
    assert ran.returncode == 1
    assert "--port needs a value" in ran.stderr


def test_a_corpus_is_an_option_of_the_tests(environment: dict[str, str]) -> None:
    """`--corpus DIR` in two words reaches pytest, which would take DIR for a folder of tests."""
    python = Path(environment["OPSCOPE_VENV"]) / "bin" / "python"
    python.unlink()
    stand_in(python.parent, "python", 'for word in "$@"; do echo "<$word>"; done')
    ran = run("test", "-q", "--corpus", "a b", "tests/x.py", env=environment)
    assert ran.stdout.splitlines()[-3:] == ["<-q>", "<--corpus=a b>", "<tests/x.py>"]


ASKED = 'for word in "$@"; do printf "%s " "$word"; done; echo'


def with_stand_in(environment: dict[str, str], script: str = ASKED) -> Path:
    """Let Python print its words alone; return the environment's folder, nothing compiled yet."""
    venv = Path(environment["OPSCOPE_VENV"])
    (venv / "bin" / "python").unlink()
    stand_in(venv / "bin", "python", script)
    (venv / "opscope-compiled").unlink()
    return venv


def test_the_layout_is_compiled_once_before_it_is_needed(environment: dict[str, str]) -> None:
    """Set-up compiles the kernels and says so; a second time it asks for nothing."""
    venv = with_stand_in(environment)
    first = run("bench", "layout", env=environment)
    assert "Compiling the layout (only after a change)" in first.stderr
    asked = [line.strip() for line in first.stdout.splitlines()]
    assert asked[-2:] == ["-m graphs.kernels", "-m benchmarks layout"]
    assert (venv / "opscope-compiled").read_text().rstrip("\n") == kernels_stamp()
    second = run("bench", "layout", env=environment)
    assert "graphs.kernels" not in second.stdout and "Compiling" not in second.stderr


def test_another_cache_folder_is_compiled_into(environment: dict[str, str], tmp_path: Path) -> None:
    """What was compiled into one folder says nothing of another."""
    with_stand_in(environment)
    run("bench", env=environment)
    other = run("bench", env={**environment, "NUMBA_CACHE_DIR": str(tmp_path)})
    assert "-m graphs.kernels" in other.stdout


def test_tasks_that_draw_nothing_compile_nothing(environment: dict[str, str]) -> None:
    """Documents and samples do not wait for the layout."""
    with_stand_in(environment)
    for task in ("docs", "samples"):
        ran = run(task, env=environment)
        assert ran.returncode == 0
        assert "graphs.kernels" not in ran.stdout


def test_what_cannot_be_compiled_does_not_keep_the_task_from_running(
    environment: dict[str, str],
) -> None:
    """The layout can still be compiled when it is needed, and the next task tries again."""
    venv = with_stand_in(environment, f'case "$*" in *graphs.kernels*) exit 1 ;; esac\n{ASKED}')
    ran = run("bench", env=environment)
    assert ran.returncode == 0
    assert "compiled when it is needed" in ran.stderr
    assert not (venv / "opscope-compiled").exists()


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A folder with the few tools that every system has, to stand for the whole PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("sh", "cat", "cksum", "dirname", "id", "rm", "uname", "env"):
        found = shutil.which(tool)
        assert found is not None
        (folder / tool).symlink_to(found)
    return folder


def stand_in(folder: Path, name: str, script: str) -> None:
    """Put a shell script in the place of a program."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def bare_environment(bare_path: Path) -> dict[str, str]:
    """Return an environment without a virtual environment and with nothing but `bare_path`."""
    return {"PATH": str(bare_path), "OPSCOPE_VENV": str(bare_path.parent / "new")}


def test_without_a_fitting_python_it_says_what_to_install(bare_path: Path) -> None:
    """An old Python is passed over; the message has the line to type."""
    stand_in(bare_path, "python3", "exit 1")
    ran = run("serve", env=bare_environment(bare_path))
    assert ran.returncode == 1
    assert "no Python 3.11, 3.12 or 3.13 found" in ran.stderr
    assert "apt install python3" in ran.stderr


def test_without_ensurepip_it_says_what_to_install(bare_path: Path) -> None:
    """Debian splits ensurepip off Python: where nothing else helps the apt line is said."""
    # Fits, but lacks ensurepip, virtualenv and pip; the last form asks for its version.
    script = 'case "$*" in *sys.exit*) exit 0 ;; *print*) echo python3.12-venv ;; *) exit 1 ;; esac'
    stand_in(bare_path, "python3", script)
    ran = run("serve", env=bare_environment(bare_path))
    assert ran.returncode == 1
    assert "sudo apt install python3.12-venv" in ran.stderr


def test_a_python_that_can_make_environments_is_preferred(bare_path: Path) -> None:
    """A newer Python without ensurepip gives way to an older one that has it."""
    stand_in(bare_path, "python3.13", 'case "$*" in *sys.exit*) exit 0 ;; *) exit 1 ;; esac')
    stand_in(
        bare_path, "python3.11", 'case "$*" in *"-m venv"*) echo made by 3.11 >&2; exit 7 ;; esac'
    )
    ran = run("serve", env=bare_environment(bare_path))
    assert "made by 3.11" in ran.stderr
    assert ran.returncode == 7


def test_check_needs_node_and_says_so(bare_path: Path) -> None:
    """Without Node the developers' tasks fail with a sentence, not halfway through."""
    for task in ("check", "build-js"):
        ran = run(task, env=bare_environment(bare_path))
        assert ran.returncode == 1
        assert f"{task} needs Node 20 or newer" in ran.stderr
