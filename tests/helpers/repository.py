"""The files of this repository, for the tests of its rules. Reads sources, imports none."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("dashboard", "components", "importers", "measures", "graphs", "sample_models")


@cache
def tracked_files() -> tuple[Path, ...]:
    """Return every file that is committed or about to be, without what git ignores."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    paths = [ROOT / name for name in listed.decode().split("\0") if name]
    return tuple(sorted(path for path in paths if path.is_file()))


def sources(*endings: str, under: tuple[str, ...] = ()) -> list[Path]:
    """Return the tracked files with one of the endings, in one of the folders if any is given."""
    return [
        path
        for path in tracked_files()
        if path.name.endswith(endings) and (not under or path.relative_to(ROOT).parts[0] in under)
    ]


@cache
def tree(path: Path) -> ast.Module:
    """Return the syntax tree of a Python file."""
    return ast.parse(path.read_text(), str(path))


Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[Function]:
    """Yield every function and method of a file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, Function):
            yield node


def n_code_lines(function: Function, lines: list[str]) -> int:
    """Count a function's lines without its docstring, comments and blank lines."""
    body = function.body
    is_documented = ast.get_docstring(function, clean=False) is not None
    in_docstring = range(0)
    if is_documented:
        in_docstring = range(body[0].lineno, (body[0].end_lineno or 0) + 1)
    assert function.end_lineno is not None
    return sum(
        bool(text := lines[number - 1].strip())
        and not text.startswith("#")
        and number not in in_docstring
        for number in range(function.lineno, function.end_lineno + 1)
    )


def where(path: Path, line: int = 0) -> str:
    """Return a place as one reads it in a terminal."""
    return f"{path.relative_to(ROOT)}{f':{line}' if line else ''}"
