"""What the browser says is checked before anybody hears it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from components.graph_view.messages import FIELDS, RefusedMessage, checked

WIRE_FORMAT = Path(__file__).parents[3] / "docs" / "wire_format.md"


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        ({"type": "select", "keys": [0, 4294967295], "mode": "add"}, {"keys", "mode"}),
        ({"type": "clear", "more": 1}, set()),
        ({"type": "camera", "x": 1, "y": -2.5, "zoom": 0.1}, {"x", "y", "zoom"}),
        ({"type": "option", "name": "direction", "value": "right"}, {"name", "value"}),
        ({"type": "toggle", "key": 3, "subtree": True}, {"key", "subtree"}),
        ({"type": "difference", "step": -1}, {"step"}),
        ({"type": "focused", "more": 1}, set()),
    ],
)
def test_a_good_message_passes_with_its_own_fields(
    message: dict[str, Any], fields: set[str]
) -> None:
    """Fields that the contract does not name are dropped."""
    kind, got = checked(message)
    assert kind == message["type"]
    assert got == {name: message[name] for name in fields}


@pytest.mark.parametrize(
    "message",
    [
        None,
        [],
        "select",
        {},
        {"type": "explode"},
        {"type": ["select"]},
        {"type": "select", "keys": [1]},
        {"type": "select", "keys": [-1], "mode": "add"},
        {"type": "select", "keys": [2**32], "mode": "add"},
        {"type": "select", "keys": [True], "mode": "add"},
        {"type": "select", "keys": ["1"], "mode": "add"},
        {"type": "select", "keys": {"0": 1}, "mode": "add"},
        {"type": "select", "keys": [1], "mode": "drop"},
        {"type": "toggle", "key": 1.5, "subtree": False},
        {"type": "toggle", "key": 1, "subtree": "no"},
        {"type": "camera", "x": float("nan"), "y": 0, "zoom": 1},
        {"type": "camera", "x": 0, "y": float("inf"), "zoom": 1},
        {"type": "camera", "x": 0, "y": 0, "zoom": 0},
        {"type": "camera", "x": 1e12, "y": 0, "zoom": 1},
        {"type": "option", "name": "direction", "value": "up"},
        {"type": "option", "name": "flat", "value": 1},
        {"type": "option", "name": "root", "value": True},
        {"type": "difference"},
        {"type": "difference", "step": 0},
        {"type": "difference", "step": 2},
        {"type": "difference", "step": True},
        {"type": "difference", "step": "1"},
        {"type": "difference", "step": [1]},
    ],
)
def test_a_bad_message_is_refused(message: Any) -> None:
    """A wrong type, a missing field or a value out of range never reaches a callback."""
    with pytest.raises(RefusedMessage):
        checked(message)


def test_the_document_lists_every_message() -> None:
    """`docs/wire_format.md` and the table of checks name the same messages from the browser."""
    text = WIRE_FORMAT.read_text().split("## Messages from the browser")[1]
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(FIELDS)
