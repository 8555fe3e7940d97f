"""What the browser may say to Python, checked before anybody hears it (`docs/wire_format.md`).

A browser is not trusted: a message of another type, with another field or a
value out of range is refused. Must not import Panel.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

MAX_KEY = 2**32 - 1
MAX_KEYS = 4_000_000
MAX_ABS_WORLD = 1e9  # world units; float32 drawings end long before
ZOOM_RANGE = (1e-6, 1e3)  # CSS px a world unit

Check = Callable[[Any], Any]


class RefusedMessage(ValueError):
    """A message from the browser that breaks the contract."""


def checked(message: object) -> tuple[str, dict[str, Any]]:
    """Return the type and the fields of a message from the browser.

    Parameters
    ----------
    message : object
        What arrived, decoded from JSON.

    Returns
    -------
    (str, dict)
        Type, and the fields that `docs/wire_format.md` gives it, no others.

    Raises
    ------
    RefusedMessage
        If it is not one of the messages there.
    """
    if not isinstance(message, Mapping):
        raise RefusedMessage(f"expected an object, got {type(message).__name__}")
    kind = message.get("type")
    if not isinstance(kind, str) or kind not in FIELDS:
        raise RefusedMessage(f"unknown type {str(kind)[:40]!r}")
    fields = {name: _field(kind, name, check, message) for name, check in FIELDS[kind].items()}
    if kind == "option":
        _check_option(fields)
    return kind, fields


def _field(kind: str, name: str, check: Check, message: Mapping[str, Any]) -> Any:
    if name not in message:
        raise RefusedMessage(f"{kind} without {name}")
    try:
        return check(message[name])
    except (TypeError, ValueError) as error:
        raise RefusedMessage(f"{kind}.{name}: {error}") from error


def _key(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_KEY:
        raise ValueError("not a key")
    return value


def _keys(value: Any) -> list[int]:
    if not isinstance(value, list) or len(value) > MAX_KEYS:
        raise ValueError(f"not a list of at most {MAX_KEYS} keys")
    return [_key(key) for key in value]


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("neither true nor false")
    return value


def _number(low: float, high: float) -> Check:
    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError("not a number")
        if not math.isfinite(value) or not low <= value <= high:
            raise ValueError(f"not within {low:g}..{high:g}")
        return float(value)

    return check


def _one_of(*allowed: str) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise ValueError(f"not one of {', '.join(allowed)}")
        return value

    return check


def _step(value: Any) -> int:
    if isinstance(value, bool) or value not in (1, -1):
        raise ValueError("neither 1 nor -1")
    return int(value)


def _any(value: Any) -> Any:
    return value


OPTIONS: Mapping[str, Check] = {
    "flat": _flag,
    "show_constants": _flag,
    "direction": _one_of("down", "right"),
}
_WORLD = _number(-MAX_ABS_WORLD, MAX_ABS_WORLD)
FIELDS: Mapping[str, Mapping[str, Check]] = {
    "ready": {},
    "select": {"keys": _keys, "mode": _one_of("replace", "add", "toggle", "remove")},
    "clear": {},
    "toggle": {"key": _key, "subtree": _flag},
    "expand_all": {},
    "collapse_all": {},
    "open_subgraph": {"key": _key},
    "hover": {"key": _key},
    "camera": {"x": _WORLD, "y": _WORLD, "zoom": _number(*ZOOM_RANGE)},
    "search": {},
    "difference": {"step": _step},
    "focused": {},
    "option": {"name": _one_of(*OPTIONS), "value": _any},
    "cancel": {},
    "lost": {},
    "restored": {},
    "no_webgl": {},
}


def _check_option(fields: dict[str, Any]) -> None:
    try:
        fields["value"] = OPTIONS[fields["name"]](fields["value"])
    except ValueError as error:
        raise RefusedMessage(f"option.{fields['name']}: {error}") from error
