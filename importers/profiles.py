"""Which profiler wrote a file, told by its content. Imports no framework."""

from __future__ import annotations

from typing import Protocol

from graphs.errors import NodeDataError
from importers import profile_onnxruntime, profile_tensorrt, profile_tflite, profile_torch
from importers.profile_rows import MAX_EVENTS, Profile


class _Format(Protocol):
    """What a module that reads profiles in JSON offers."""

    def looks_like(self, top: object) -> bool:
        """Return whether the parsed JSON is such a profile."""

    def parse(self, top: object, name: str) -> Profile:
        """Return the profile."""


_OF_JSON: tuple[_Format, ...] = (profile_onnxruntime, profile_torch, profile_tensorrt)


def profile_of_json(top: object, name: str) -> Profile | None:
    """Return the profile in a parsed JSON value; None where no profiler wrote it.

    Raises
    ------
    NodeDataError
        It is a profile, and damaged or too large.
    """
    events = top.get("traceEvents") if isinstance(top, dict) else top
    if isinstance(events, list) and len(events) > MAX_EVENTS:
        raise NodeDataError(name, f"it has {len(events):,} rows; the limit is {MAX_EVENTS:,}")
    for format in _OF_JSON:
        if format.looks_like(top):
            return format.parse(top, name)
    return None


def profile_of_text(content: bytes, name: str) -> Profile | None:
    """Return the profile in a text; None where no profiler wrote it.

    Raises
    ------
    NodeDataError
        It is a profile, and damaged or too large.
    """
    if profile_tflite.looks_like(content):
        return profile_tflite.parse(content, name)
    return None
