"""Compiles or loads every kernel of a layout, for a server's start.

Apart because it is the only place that knows all of them. What to compile them
for is read off their annotations: ``NDArray`` is an array of one dimension,
`compiler.Table` one of two. A test proves that a layout after `warm` compiles
nothing more.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graphs.kernels import (
    blocks,
    crossings,
    paths,
    ports,
    ranks,
    shelves,
    simplex,
    sweeps,
    switching,
    threads,
    topology,
)
from graphs.kernels.compiler import cache_folder, compile_or_load, is_kernel

MODULES = (
    blocks, crossings, paths, ports, ranks, shelves, simplex, sweeps, switching, threads, topology,
)  # fmt: skip


def warm(part: int = 0, n_parts: int = 1) -> None:
    """Load each kernel from the disk, or compile it for the types that the layout uses.

    A dozen seconds of one processor on a fresh install, half of one where the
    machine code is on disk. In a thread, compiling leaves the interpreter little
    time for others: `graphs.kernels.prepare` compiles in other processes.

    Parameters
    ----------
    part, n_parts : int
        Only each `n_parts`-th kernel from `part` on; about equal work for each part.
    """
    kernels = sorted(_kernels(), key=_size, reverse=True)
    for k, one in enumerate(kernels):
        turn, place = divmod(k, n_parts)
        if part == (place if turn % 2 == 0 else n_parts - 1 - place):
            compile_or_load(one)


def kept_in() -> Path | None:
    """Return the folder where the machine code is kept, or None where none can be written."""
    return next(map(cache_folder, _kernels()), None)


def _kernels() -> list[Any]:
    """Return the kernels that Python calls."""
    return [
        value
        for module in MODULES
        for name, value in vars(module).items()
        if is_kernel(value) and value.__module__ == module.__name__ and not name.startswith("_")
    ]


def _size(one: Any) -> int:
    """Return the bytes of bytecode of a kernel and of those that it calls: how long it compiles."""
    found, waiting = {one}, [one]
    while waiting:
        function = waiting.pop().py_func
        for name in function.__code__.co_names:
            other = function.__globals__.get(name)
            if is_kernel(other) and other not in found:
                found.add(other)
                waiting.append(other)
    return sum(len(kernel.py_func.__code__.co_code) for kernel in found)
