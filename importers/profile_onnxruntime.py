"""ONNX Runtime's profile: a Chrome trace with one event a node and run.

Written by ``SessionOptions.enable_profiling``; described at
https://onnxruntime.ai/docs/performance/tune-performance/profiling-tools.html. Events of a
node are called ``<node>_kernel_time`` and lie within the event ``model_run`` of their run.
A node that runs several times in one run (a loop) has its times summed; over the runs
the median counts. Imports only `graphs`.
"""

from __future__ import annotations

import bisect
import re
import statistics
from dataclasses import dataclass, field
from typing import Any

from importers.profile_rows import LATENCY, Profile, ProfileRow, number

_ENDING = "_kernel_time"
# What the optimizer adds to the name of the node or the tensor that a kernel came from.
_MADE = re.compile(
    r"(?:_nchwc|_token_\d+|_quant|_fused|/duplicated|/\w*Fusion\w*/?.*|_transpose_optimizer)$",
    re.DOTALL,
)


def looks_like(top: object) -> bool:
    """Return whether parsed JSON is such a trace."""
    return any(_is_node(event) for event in _events(top)[:20_000])


def parse(top: object, name: str) -> Profile:
    """Return a row a kernel, in the order of the first run."""
    profile = Profile((LATENCY, "provider"))
    runs = _Runs(_events(top))
    kernels: dict[tuple[str, int], _Kernel] = {}
    for event in _events(top):
        if not _is_node(event):
            continue
        duration_us, arguments = number(event.get("dur")), _arguments(event)
        run = runs.of(number(event.get("ts")))
        if duration_us is None or run is None:
            profile.notes.add("lost", "An event lies in no run or has no duration", event["name"])
            continue
        key = event["name"].removesuffix(_ENDING), _index(arguments)
        kernel = kernels.setdefault(key, _Kernel(arguments))
        kernel.us[run] = kernel.us.get(run, 0.0) + duration_us
    has_providers = len({kernel.provider for kernel in kernels.values()}) > 1
    for place, (key, kernel) in enumerate(sorted(kernels.items(), key=lambda item: item[0][1])):
        cells = (kernel.median_ms, kernel.provider if has_providers else None)
        shown = key[0] or f"{kernel.op_type} without a name, node {key[1]}"
        profile.rows.append(
            ProfileRow(shown, cells, _names(key[0]), (), kernel.op_type, operator=place)
        )
    profile.in_file_order = True
    n_runs = len({run for kernel in kernels.values() for run in kernel.us})
    profile.notes.add("info", f"Times are the median of {n_runs:,} runs")
    return profile


@dataclass(slots=True)
class _Kernel:
    """What the events of one kernel say."""

    arguments: dict[str, Any]
    us: dict[int, float] = field(default_factory=dict)

    @property
    def median_ms(self) -> float:
        return statistics.median(self.us.values()) / 1e3

    @property
    def op_type(self) -> str:
        return str(self.arguments.get("op_name", ""))[:200]

    @property
    def provider(self) -> str:
        return str(self.arguments.get("provider", ""))[:200]


class _Runs:
    """Tells in which run a time lies."""

    def __init__(self, events: list[Any]) -> None:
        found = []
        for event in events:
            if isinstance(event, dict) and event.get("name") == "model_run":
                start, length = number(event.get("ts")), number(event.get("dur"))
                if start is not None and length is not None:
                    found.append((start, start + length))
        self._spans = sorted(found)
        self._starts = [start for start, _ in self._spans]

    def of(self, ts: float | None) -> int | None:
        """Return the index of the run; all is one run where the trace tells no runs."""
        if not self._spans:
            return 0
        if ts is None:
            return None
        run = bisect.bisect_right(self._starts, ts) - 1
        return run if run >= 0 and ts <= self._spans[run][1] else None


def _events(top: object) -> list[Any]:
    if isinstance(top, dict):
        top = top.get("traceEvents")
    return top if isinstance(top, list) else []


def _is_node(event: object) -> bool:
    if not isinstance(event, dict) or event.get("cat") != "Node":
        return False
    name = event.get("name")
    return isinstance(name, str) and name.endswith(_ENDING)


def _arguments(event: dict[str, Any]) -> dict[str, Any]:
    arguments = event.get("args")
    return arguments if isinstance(arguments, dict) else {}


def _index(arguments: dict[str, Any]) -> int:
    text = str(arguments.get("node_index", ""))[:20]
    return int(text) if text.isascii() and text.isdigit() else -1


def _names(name: str) -> tuple[str, ...]:
    """Return a kernel's name, and what is left of it without what the optimizer added."""
    names = [name] if name else []
    while names and (shorter := _MADE.sub("", names[-1])) not in ("", names[-1]):
        names.append(shorter)
    return tuple(names)
