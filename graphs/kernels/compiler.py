"""The one decorator that compiles kernels; the only module that imports numba.

Apart because a kernel must also compile where neither the package's folder nor
the user's cache folder can be written: numba refuses to cache there, and then
the kernel is compiled anew in each process. Imports nothing of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., Any])


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
    try:
        compiled: F = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # no writable cache folder
        compiled = numba.njit(nogil=True)(function)
    return compiled
