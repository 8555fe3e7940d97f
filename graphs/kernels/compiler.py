"""The one decorator that compiles kernels, and where machine code is kept; alone imports numba.

Apart because numba has habits that cost a fresh install seconds, or a changed
one its correctness, and they are dealt with here once:

- A call with a constant compiles the callee again for that constant alone.
- A cached kernel counts as fresh while its own file has not changed, although
  the kernels that it calls, from other files, are compiled into it.
- Where neither the package's folder nor the user's cache folder can be written
  numba refuses; then a kernel is compiled anew in each process.

What is kept on disk are the kernels that Python calls. Those whose names start
with an underscore are part of their callers.

Imports nothing of ours.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast, get_args, get_origin, get_type_hints

import numba
import numpy as np
from llvmlite import binding

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T", bound=np.generic)

Table: TypeAlias = np.ndarray[tuple[int, int], np.dtype[T]]  # an array of two dimensions

_INTERPRETS = threading.Event()
_DIGEST = hashlib.sha256()
for _path in sorted(Path(__file__).parent.glob("*.py")):
    _DIGEST.update(_path.read_bytes())
SOURCES = _DIGEST.hexdigest()  # of all kernels: a change of one makes all stale


def kernel(function: F) -> F:
    """Compile `function` on its first call: no Python objects, no GIL, one thread.

    Parameters
    ----------
    function : callable
        Arrays and numbers in, arrays and numbers out.

    Returns
    -------
    callable
        The compiled twin; machine code is kept on disk where that is possible.
    """
    is_inner = function.__name__.startswith("_")
    compiled = _compiled(function) if is_inner else _cached(function)
    if is_kernel(compiled):  # numba can be told to compile nothing
        _take_constants_for_numbers(compiled)
        _interpret_if_asked(compiled)
    return compiled


def _compiled(function: F, *, cache: bool = False) -> F:
    # Without the wrapper that lets C code call a kernel: nobody does.
    compiled: F = numba.njit(cache=cache, nogil=True, no_cfunc_wrapper=True)(function)
    return compiled


def _cached(function: F) -> F:
    try:
        compiled: Any = _compiled(function, cache=True)
    except RuntimeError:  # no writable cache folder
        return _compiled(function)
    if is_kernel(compiled):
        compiled._cache._cache_file._source_stamp = SOURCES  # noqa: SLF001  no other way
    return cast(F, compiled)


def _take_constants_for_numbers(compiled: Any) -> None:
    """Let other kernels call this one with constants without compiling it for each."""
    find = compiled.get_call_template

    def find_plain(args: Any, keywords: Any) -> Any:
        return find(
            tuple(numba.types.unliteral(a) for a in args),
            {name: numba.types.unliteral(a) for name, a in keywords.items()},
        )

    compiled.get_call_template = find_plain


def _interpret_if_asked(compiled: Any) -> None:
    """Let Python run a kernel that is not loaded yet, where `interpret` asks for it."""
    compile_for = compiled._compile_for_args  # noqa: SLF001  numba asks it what to call

    def find(*values: Any) -> Any:
        return compiled.py_func if _INTERPRETS.is_set() else compile_for(*values)

    compiled._compile_for_args = find  # noqa: SLF001


def interpret(is_wanted: bool) -> None:
    """Let Python itself run what is not loaded, in all threads, or compile it as usual.

    The results are the same to the bit, a hundred times later: for small graphs while
    other processes compile.
    """
    _INTERPRETS.set() if is_wanted else _INTERPRETS.clear()


def is_kernel(value: object) -> bool:
    """Return whether a value is what `kernel` returns."""
    return isinstance(value, numba.core.dispatcher.Dispatcher)


def compile_or_load(compiled: Any) -> None:
    """Compile a kernel for the types that it is annotated with, or load it from the disk."""
    hints = get_type_hints(compiled.py_func)
    hints.pop("return", None)
    compiled.compile(tuple(_numba_type(hint) for hint in hints.values()))


def _numba_type(hint: Any) -> Any:
    """Return numba's type of a number or of a C-contiguous array."""
    if get_origin(hint) is not np.ndarray:
        return numba.typeof(hint())
    shape, dtype = get_args(hint)
    n_dimensions = 2 if get_args(shape) == (int, int) else 1
    return numba.types.Array(numba.from_dtype(np.dtype(*get_args(dtype))), n_dimensions, "C")


def cache_folder(compiled: Any) -> Path | None:
    """Return the folder where a kernel's machine code is kept, or None where there is none."""
    folder = compiled.stats.cache_path
    return None if folder is None else Path(folder)


def fingerprint() -> str:
    """Return what machine code depends on: sources, numba and this processor."""
    features = binding.get_host_cpu_features().flatten()
    parts = (SOURCES, numba.__version__, binding.get_host_cpu_name(), features)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
