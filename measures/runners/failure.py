"""Say in words for the reader what failed or was guessed; in the worker process only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

MAX_WORDS_CHARS = 500
MAX_TOLD = 20

# Where in its own sources ONNX Runtime gave up is of no use to the reader.
_SOURCE_PLACE = re.compile(r"/onnxruntime_src/.*\) ")
_OUT_OF_MEMORY = ("bad_alloc", "Failed to allocate memory", "memory allocation failed")


def words_of(error: Exception) -> str:
    """Return what happened, on one line."""
    words = _SOURCE_PLACE.sub("", " ".join(str(error).split()))
    if isinstance(error, MemoryError) or any(sign in words for sign in _OUT_OF_MEMORY):
        return "it needs more memory than is allowed"
    return words[:MAX_WORDS_CHARS] or type(error).__name__


def without_error(lacking: Mapping[str, str]) -> list[str]:
    """Say what has no error because the runtime lacks operators.

    Parameters
    ----------
    lacking : mapping of str to str
        Name of a node or tensor -> why it is not run.
    """
    told = [f"{name} has no error: {why}" for name, why in list(lacking.items())[:MAX_TOLD]]
    rest = len(lacking) - len(told)
    return [*told, f"and {rest:,} more have no error for such reasons"] if rest else told


def how_paired(hows: Iterable[str]) -> list[str]:
    """Return a note of tensors that were paired otherwise than by name; none where there are none.

    Parameters
    ----------
    hows : iterable of str
        Of each pair: ``"name"``, ``"mapping"``, ``"structure"`` or ``"place"``.
    """
    counts = Counter(hows)
    others = [f"{n} by {how}" for how, n in counts.items() if how != "name"]
    n_all = sum(counts.values())
    return [f"Of {n_all} tensors, not paired by name: {', '.join(others)}"] if others else []
