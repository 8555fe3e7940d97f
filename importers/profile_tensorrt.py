"""TensorRT's profile and engine description: ``trtexec --exportProfile``, ``--exportLayerInfo``.

The profile is a list: ``{"count": runs}``, then an object a kernel with ``name``,
``averageMs`` and perhaps ``medianMs``. The description is an object with ``Layers``: names, or
with detailed verbosity objects with ``LayerType``, ``TacticName``, ``Outputs`` and ``Metadata``,
which holds the ONNX nodes. A name joins the nodes in it by `` + ``. See
https://github.com/NVIDIA/TensorRT/tree/main/samples/trtexec. Imports only `graphs`.
"""

from __future__ import annotations

import re
from typing import Any

from graphs.errors import NodeDataError
from importers.profile_rows import LATENCY, MAX_EVENTS, Profile, ProfileRow, number

_TIMES = ("medianMs", "averageMs")
_ORIGIN = re.compile(r"\[ONNX Layer: ([^\]\x1e]+)\]")
_REGION = re.compile(r"\{?ForeignNode\[(.+?)\.\.\.(.+?)\]\}?", re.DOTALL)
_JOINT = re.compile(r" \+ | \|\| |, ")
_PRECISION = re.compile(r"(?i)\b(FP32|FP16|BF16|FP8|FP4|INT8|INT4|INT32|INT64|BOOL)\b")
_MAX_NAME_CHARS = 1 << 16  # a fused region may list hundreds of nodes


def looks_like(top: object) -> bool:
    """Return whether parsed JSON is a profile or a description."""
    if isinstance(top, dict):
        first = top["Layers"][:1] if isinstance(top.get("Layers"), list) else []
        return bool(first) and all(isinstance(one, str) or "Name" in one for one in first)
    rows = top[:3] if isinstance(top, list) else []
    return any(_is_timed(row) for row in rows)


def parse(top: object, name: str) -> Profile:
    """Return a row a kernel.

    Raises
    ------
    NodeDataError
        It has too many rows.
    """
    is_description = isinstance(top, dict)
    rows: list[Any] = top["Layers"] if isinstance(top, dict) else list(top)  # type: ignore[call-overload]
    if len(rows) > MAX_EVENTS:
        raise NodeDataError(name, f"it has more than {MAX_EVENTS:,} rows")
    return _description(rows) if is_description else _profile(rows)


def _profile(rows: list[Any]) -> Profile:
    profile = Profile((LATENCY,))
    runs = next((number(row["count"]) for row in rows if _has(row, "count")), None) or 1.0
    for row in rows:
        if _has(row, "count") and not _has(row, "name"):
            continue
        milliseconds = _milliseconds(row, runs) if _is_timed(row) else None
        if milliseconds is None:
            profile.notes.add("lost", "A row has no name or no time", str(row)[:80])
            continue
        kernel = row["name"][:_MAX_NAME_CHARS]
        _add(profile, kernel, (milliseconds,), _parts(kernel, profile))
    return profile


def _description(rows: list[Any]) -> Profile:
    profile = Profile(("TensorRT kernel", "kernel type", "precision", "tactic"), kernels="")
    for row in rows:
        described = {"Name": row} if isinstance(row, str) else row
        if not _has(described, "Name") or not isinstance(described["Name"], str):
            profile.notes.add("lost", "A row has no name", str(row)[:80])
            continue
        kernel = described["Name"][:_MAX_NAME_CHARS]
        origins = _ORIGIN.findall(str(described.get("Metadata", ""))[:_MAX_NAME_CHARS])
        parts = tuple(_names(one) for one in dict.fromkeys(origins)) or _parts(kernel, profile)
        cells = (
            kernel[:200],
            _text(described.get("LayerType")),
            _precision(described),
            _text(described.get("TacticName")),
        )
        _add(profile, kernel, cells, parts)
    return profile


def _add(
    profile: Profile, kernel: str, cells: tuple[Any, ...], parts: tuple[tuple[str, ...], ...]
) -> None:
    names = _names(kernel) if len(parts) != 1 else (*_names(kernel), *parts[0])
    profile.rows.append(ProfileRow(kernel, cells, names, parts if len(parts) > 1 else ()))


def _parts(kernel: str, profile: Profile) -> tuple[tuple[str, ...], ...]:
    """Return the names of the nodes in a kernel's name; none for a copy that TensorRT adds."""
    if kernel.startswith(("Reformatting CopyNode", "[HostToDevice", "[DeviceToHost")):
        return ()
    region = _REGION.search(kernel)
    if region:
        message = "A region is named by its first and last node; its time is given to these two"
        profile.notes.add("guessed", message, kernel)
        return tuple(_names(one.strip()) for one in region.groups())
    bare = kernel.replace("PWN(", "")
    n_opened = (len(kernel) - len(bare)) // len("PWN(")
    pieces = [piece.strip() for piece in _JOINT.split(bare)]
    return tuple(_names(_closed(piece, n_opened)) for piece in dict.fromkeys(pieces) if piece)


def _closed(piece: str, n_opened: int) -> str:
    """Return a piece without the brackets at its end that no bracket in it opens."""
    for _ in range(min(n_opened, piece.count(")") - piece.count("("))):
        piece = piece.removesuffix(")")
    return piece


def _names(name: str) -> tuple[str, ...]:
    """Return a node's name, and the tensor in it where TensorRT made up the name."""
    return (name, name.removeprefix("node_of_")) if name.startswith("node_of_") else (name,)


def _is_timed(row: object) -> bool:
    return (
        isinstance(row, dict)
        and isinstance(row.get("name"), str)
        and any(key in row for key in (*_TIMES, "timeMs"))
    )


def _milliseconds(row: dict[str, Any], runs: float) -> float | None:
    for key in _TIMES:
        if key in row:
            return number(row[key])
    total = number(row["timeMs"])
    return None if total is None else total / max(runs, 1.0)


def _precision(row: dict[str, Any]) -> str | None:
    outputs = row.get("Outputs")
    first = outputs[0] if isinstance(outputs, list) and outputs else None
    if not isinstance(first, dict):
        return None
    written = first.get("Format/Datatype", first.get("Datatype"))
    found = _PRECISION.search(str(written)[:200]) if written is not None else None
    return found.group(1).upper() if found else None


def _has(row: object, key: str) -> bool:
    return isinstance(row, dict) and key in row


def _text(value: object) -> str | None:
    return value[:200] if isinstance(value, str) and value else None
