"""The rules of this repository that no linter knows."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.helpers.machine import slowness
from tests.helpers.repository import (
    PACKAGES,
    ROOT,
    functions,
    n_code_lines,
    sources,
    tracked_files,
    tree,
    where,
)

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 40
# Path -> reason: a needed exception is written down, with what ends it.
LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {}
BANNED_MODULES = {"utils", "util", "helpers", "helper", "misc", "manager", "common", "tools"}
FRAMEWORKS = {
    "ai_edge_litert", "h5py", "jax", "jaxlib", "keras", "onnx", "onnxruntime", "tensorboard",
    "tensorflow", "torch",
}  # fmt: skip


def is_written_by_hand(path: Path) -> bool:
    """Tell sources from what a tool has made of them."""
    return "dist" not in path.parts and path.name != "package-lock.json"


def test_files_are_short() -> None:
    """A file that grows beyond the limit holds two things."""
    hand_written = filter(is_written_by_hand, sources(".py", ".ts", ".js", ".mjs"))
    too_long = [
        f"{where(path)}: {n} lines"
        for path in hand_written
        if (n := len(path.read_text().splitlines())) > MAX_FILE_LINES
        and where(path) not in LONG_FILES
    ]
    assert too_long == []


def test_functions_are_short() -> None:
    """A function does one thing; its docstring, comments and blank lines are not counted."""
    too_long = []
    for path in sources(".py"):
        lines = path.read_text().splitlines()
        for function in functions(path):
            n = n_code_lines(function, lines)
            key = f"{where(path)}:{function.name}"
            if n > MAX_FUNCTION_LINES and key not in LONG_FUNCTIONS:
                too_long.append(f"{key}: {n} lines")
    assert too_long == []


def test_exceptions_are_still_needed() -> None:
    """An exception for a file that is gone or short again is taken out."""
    files = {where(path) for path in tracked_files()}
    assert {key.split(":")[0] for key in (*LONG_FILES, *LONG_FUNCTIONS)} <= files


def test_modules_are_named_for_what_they_hold() -> None:
    """No drawer for odds and ends, in Python or TypeScript (`tests/helpers` is the tests' own)."""
    found = [
        where(path)
        for path in sources(".py", ".ts")
        for part in path.relative_to(ROOT).with_suffix("").parts
        if part in BANNED_MODULES and path.relative_to(ROOT).parts[:2] != ("tests", "helpers")
    ]
    assert found == []


def defined_names(path: Path) -> set[str]:
    """Return the names that a Python file gives to things."""
    names = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.id if isinstance(node, ast.Name) else node.attr)
    return names


def test_a_users_word_is_no_identifier() -> None:
    """Ranks, groups, modules and programs have their own names; `layer` says nothing of ours."""
    pattern = r"\b(?:const|let|function|class|interface|type|enum)\s+(\w*[Ll]ayer\w*)"
    found = [f"{where(p)}: {n}" for p in sources(".py") for n in defined_names(p)
             if "layer" in n.lower()]  # fmt: skip
    for path in filter(is_written_by_hand, sources(".ts", ".mjs")):
        found += [f"{where(path)}: {name}" for name in re.findall(pattern, path.read_text())]
    assert found == []


def test_each_module_says_what_it_is() -> None:
    """Every Python file with code has a head; an empty `__init__` needs none."""
    found = [
        where(path)
        for path in sources(".py")
        if path.read_text().strip() and ast.get_docstring(tree(path)) is None
    ]
    assert found == []


def test_each_typescript_module_says_what_it_is() -> None:
    """Every TypeScript module begins with a comment; declarations and tests need none."""
    found = [
        where(path)
        for path in filter(is_written_by_hand, sources(".ts", under=("components",)))
        if not path.name.endswith(".d.ts")
        and not path.read_text().lstrip().startswith(("//", "/*"))
    ]
    assert found == []


def test_each_test_states_its_truth() -> None:
    """Every test has a docstring of one line."""
    found = []
    for path in sources(".py", under=("tests",)):
        for function in functions(path):
            if function.name.startswith("test_"):
                said = ast.get_docstring(function) or ""
                if not said or "\n" in said:
                    found.append(where(path, function.lineno))
    assert found == []


def test_nothing_is_left_to_do() -> None:
    """No stub is committed: neither an error in its place nor a mark for later."""
    marks = re.compile(
        "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX\b", r"raise NotImplemented" + "Error"])
    )
    found = []
    for path in filter(is_written_by_hand, sources(".py", ".ts", ".md", ".sh", ".toml")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if marks.search(line):
                found.append(where(path, number))
    assert found == []


def test_no_file_names_a_machine() -> None:
    """Paths of the machine where a file was written, and hosts of registries, mean nothing here."""
    words = ["/wo" + "rk/", "/ro" + "ot/", "/tm" + "p/", "/ho" + "me/", "registry." + "npmjs",
             "pypi" + ".org/simple"]  # fmt: skip
    found = []
    for path in tracked_files():
        content = path.read_bytes()
        found += [f"{where(path)}: {word}" for word in words if word.encode() in content]
    assert found == []


def test_no_module_of_the_app_hides_another() -> None:
    """`panel serve dashboard` puts the folder first on the path: its names must be free."""
    taken = set(sys.stdlib_module_names) | set(PACKAGES) | {"tests", "benchmarks", "docs"}
    installed = importlib.metadata.packages_distributions()
    taken |= {name for name, dists in installed.items() if dists != ["opscope"]}
    names = {path.stem for path in (ROOT / "dashboard").iterdir() if not path.name.startswith("_")}
    assert names & taken == set()


def test_the_app_imports_itself_by_its_full_name() -> None:
    """A relative import in `main.py` would load a second copy of what it names."""
    found = [
        where(path, node.lineno)
        for path in sources(".py")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert found == []


IMPORT = """
import json, sys, time
start = time.perf_counter()
import numba, pandas, panel, panel_material_ui
libraries = time.perf_counter()
import dashboard.page
end = time.perf_counter()
print(json.dumps([end - start, (end - libraries) / (libraries - start), sorted(sys.modules)]))
"""


@pytest.fixture(scope="module")
def imported_page() -> tuple[float, float, set[str]]:
    """Seconds of `import dashboard.page` in a new process, ours by its libraries', modules.

    The best of three.
    """
    seconds, shares, modules = [], [], []
    for _ in range(3):
        ran = subprocess.run(
            [sys.executable, "-c", IMPORT], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
        one, share, modules = json.loads(ran.stdout.splitlines()[-1])
        seconds.append(one)
        shares.append(share)
    return min(seconds), min(shares), set(modules)


def test_the_page_imports_no_framework(imported_page: tuple[float, float, set[str]]) -> None:
    """Opening the page costs no import of onnx, torch and the like."""
    assert {name.split(".")[0] for name in imported_page[2]} & FRAMEWORKS == set()


def test_the_page_is_imported_in_three_seconds(
    imported_page: tuple[float, float, set[str]],
) -> None:
    """The first session waits for this import; on a busy machine as much longer as all takes."""
    assert imported_page[0] < 3 * slowness(time.perf_counter)


def test_what_is_ours_is_imported_in_a_fraction_of_its_libraries(
    imported_page: tuple[float, float, set[str]],
) -> None:
    """It takes 0.3 of what Panel, pandas and numba take, whatever the machine does."""
    assert imported_page[1] < 0.6
