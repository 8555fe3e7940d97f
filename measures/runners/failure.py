"""Say in words for the reader why a runtime failed; in the worker process only."""

from __future__ import annotations

import re

MAX_WORDS_CHARS = 500

# Where in its own sources ONNX Runtime gave up is of no use to the reader.
_SOURCE_PLACE = re.compile(r"/onnxruntime_src/.*\) ")
_OUT_OF_MEMORY = ("bad_alloc", "Failed to allocate memory", "memory allocation failed")


def words_of(error: Exception) -> str:
    """Return what happened, on one line."""
    words = _SOURCE_PLACE.sub("", " ".join(str(error).split()))
    if isinstance(error, MemoryError) or any(sign in words for sign in _OUT_OF_MEMORY):
        return "it needs more memory than is allowed"
    return words[:MAX_WORDS_CHARS] or type(error).__name__
