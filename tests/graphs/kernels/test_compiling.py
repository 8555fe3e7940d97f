"""Kernels compile once, ahead of time, wherever they are installed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import numba
import pytest

import graphs
from graphs.kernels import compiler

ROOT = Path(graphs.__file__ or "").parent.parent

COUNT = """
import importlib, pkgutil
import graphs.kernels as kernels
from graphs.layout import LayoutOptions, lay_out
from tests.helpers.zoo import ZOO, zoo_boxes

def signatures():
    found = {}
    for info in pkgutil.iter_modules(kernels.__path__):
        module = importlib.import_module(f"graphs.kernels.{info.name}")
        for name, kernel in vars(module).items():
            if hasattr(kernel, "signatures"):
                found[f"{kernel.__module__}.{name}"] = len(kernel.signatures)
    return found

kernels.warm()
warmed = signatures()
# Compiled into the others; called by no layout.
apart = ("graphs.kernels.sorting", "graphs.kernels.drawn_crossings")
missing = [n for n, k in warmed.items() if not k and "._" not in n and not n.startswith(apart)]
assert not missing, missing
for name in ZOO:
    lay_out(zoo_boxes(name), LayoutOptions())
assert signatures() == warmed, {k: v for k, v in signatures().items() if v != warmed[k]}
"""


def test_warm_leaves_nothing_to_compile():
    """After `warm` every kernel is there, and laying out the zoo compiles none anew."""
    done = subprocess.run(
        [sys.executable, "-c", COUNT], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_kernels_work_where_nothing_can_be_cached(monkeypatch):
    """Where numba finds no folder to write, a kernel is compiled without a cache."""
    real, asked = numba.njit, []

    def without_folder(*function: object, **options: bool) -> object:
        if options.get("cache"):
            asked.append(True)
            raise RuntimeError("cannot cache function: no locator available")
        return real(*function, **options)

    monkeypatch.setattr(numba, "njit", without_folder)

    @compiler.kernel
    def twice(x: int) -> int:
        return 2 * x

    assert asked == [True]
    assert twice(21) == 42


@pytest.mark.parametrize("path", sorted((ROOT / "graphs").rglob("*.py")), ids=lambda p: p.stem)
def test_only_the_compiler_imports_numba(path):
    """One module knows numba; no kernel runs in parallel or with fast maths."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = {
        alias.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {
        (node.module or "").split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    }
    assert ("numba" in imports) == (path.name == "compiler.py")
