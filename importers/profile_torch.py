"""``torch.profiler``'s Chrome trace: operators as they ran, with the kernels they launched.

Written by ``prof.export_chrome_trace``. Its events bear op types, not nodes' names, so
operators that no other operator called are matched in the order in which they ran
(`importers.profile_match`); what a ``record_function`` names is matched by its name.
Kernels on a device belong to the operator whose ``External id`` they bear.
Imports only `graphs`.
"""

from __future__ import annotations

import statistics
from typing import Any

from importers.profile_rows import LATENCY, Profile, ProfileRow, Turns, number

_OPERATORS = frozenset({"cpu_op", "operator"})
_ANNOTATIONS = frozenset({"user_annotation"})
_KERNELS = frozenset({"kernel", "gpu_memcpy", "gpu_memset"})
_DEVICE = "device latency (ms)"

Event = dict[str, Any]


def looks_like(top: object) -> bool:
    """Return whether parsed JSON is such a trace."""
    if not isinstance(top, dict) or not isinstance(top.get("traceEvents"), list):
        return False
    known = _OPERATORS | _ANNOTATIONS
    return any(isinstance(e, dict) and _category(e) in known for e in top["traceEvents"])


def parse(top: object, name: str) -> Profile:
    """Return the calls of each op type in their order, and the medians of what is annotated."""
    assert isinstance(top, dict)
    events = [event for event in top["traceEvents"] if _is_whole(event)]
    operators = _outermost([e for e in events if _category(e) in _OPERATORS])
    device_us = _device_us(events, operators)
    calls: dict[str, list[int]] = {}
    for row, (event, _ids) in enumerate(operators):
        calls.setdefault(event["name"], []).append(row)
    profile = Profile((LATENCY, _DEVICE) if any(device_us) else (LATENCY,))
    for op_type, rows in calls.items():
        cells = [tuple(operators[row][0]["dur"] / 1e3 for row in rows)]
        if any(device_us):
            cells.append(tuple(device_us[row] / 1e3 for row in rows))
        profile.turns.append(Turns(op_type.replace("::", "."), tuple(cells)))
    _add_annotations(profile, events)
    return profile


def _add_annotations(profile: Profile, events: list[Event]) -> None:
    durations: dict[str, list[float]] = {}
    for event in events:
        if _category(event) in _ANNOTATIONS and not event["name"].startswith("ProfilerStep#"):
            durations.setdefault(event["name"], []).append(event["dur"] / 1e3)
    for name, found in durations.items():
        cells = (statistics.median(found), *[None] * (len(profile.labels) - 1))
        profile.rows.append(ProfileRow(name, cells, (name,)))


def _outermost(events: list[Event]) -> list[tuple[Event, list[object]]]:
    """Return the events that lie in no other of their thread, with the ids of those within."""
    events.sort(key=lambda e: (str(e.get("pid")), str(e.get("tid")), e["ts"], -e["dur"]))
    found: list[tuple[Event, list[object]]] = []
    thread, end = None, 0.0
    for event in events:
        here = str(event.get("pid")), str(event.get("tid"))
        if thread != here or event["ts"] >= end:
            found.append((event, []))
            thread, end = here, event["ts"] + event["dur"]
        found[-1][1].append(_external_id(event))
    found.sort(key=lambda item: float(item[0]["ts"]))
    return found


def _device_us(events: list[Event], operators: list[tuple[Event, list[object]]]) -> list[float]:
    """Return the time on a device that each operator's kernels took."""
    owner = {id: row for row, (_, ids) in enumerate(operators) for id in ids if id is not None}
    total = [0.0] * len(operators)
    for event in events:
        row = owner.get(_external_id(event)) if _category(event) in _KERNELS else None
        if row is not None:
            total[row] += event["dur"]
    return total


def _category(event: Event) -> str:
    category = event.get("cat")
    return category.lower() if isinstance(category, str) else ""


def _external_id(event: Event) -> object:
    arguments = event.get("args")
    if not isinstance(arguments, dict):
        return None
    id = arguments.get("External id", arguments.get("external id"))
    return id if isinstance(id, int | str) else None


def _is_whole(event: object) -> bool:
    """Whether an event has a name, a start and a duration."""
    return (
        isinstance(event, dict)
        and event.get("ph") == "X"
        and isinstance(event.get("name"), str)
        and number(event.get("ts")) is not None
        and number(event.get("dur")) is not None
    )
