"""Scenes, overlays and states as bytes."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.graph_view.block import MAX_STRING_CHARS, VERSION
from components.graph_view.scene import NO_STRIPS, Scene, Strips
from components.graph_view.wire import pack_overlay, pack_scene, pack_state, pack_twins, unpack
from graphs.errors import WireError
from tests.components.graph_view.golden import SERIAL, golden_scene

GOLDEN = Path(__file__).with_name("golden.opsc")
SCALARS = {"strips", "strings", "graph_key", "anchor_key", "size", "legend"}


def test_the_golden_scene_packs_to_the_golden_bytes() -> None:
    """The format does not change by accident: the browser's side is tested on the same file."""
    assert pack_scene(golden_scene(), serial=SERIAL) == GOLDEN.read_bytes()


def test_unpacking_gives_back_what_was_packed() -> None:
    """Every column, string and scalar of a scene survives."""
    scene = golden_scene()
    block = unpack(GOLDEN.read_bytes())
    for owner, field in [(scene, f) for f in fields(Scene)] + [
        (scene.strips, f) for f in fields(Strips)
    ]:
        if field.name not in SCALARS:
            wanted = getattr(owner, field.name)
            np.testing.assert_array_equal(block.columns[field.name], wanted)
            assert block.columns[field.name].dtype == wanted.dtype
    assert block.kind == "scene"
    assert block.strings["strings"] == scene.strings
    assert block.scalars["size"] == [260.0, 350.5]
    assert block.scalars["anchor_key"] == 100
    assert block.scalars["graph_key"] == "golden"
    assert block.scalars["serial"] == SERIAL
    assert block.scalars["legend"]["ticks"] == [[0.0, "0"], [1.0, "2.4"]]


def test_columns_are_aligned_and_inside_the_block() -> None:
    """The browser reads columns in place, which needs offsets that are multiples of 8."""
    packed = pack_scene(golden_scene())
    (length,) = struct.unpack_from("<I", packed, 8)
    for _, _, _, offset, n_bytes in json.loads(packed[16 : 16 + length])["columns"]:
        assert offset % 8 == 0
        assert 16 + length <= offset <= offset + n_bytes <= len(packed)


@given(st.lists(st.text(), max_size=20))
def test_any_text_survives_or_is_cut(texts: list[str]) -> None:
    """Strings of any script come back; what UTF-8 cannot hold is replaced, not refused."""
    strings = ("", *texts)
    detail = np.arange(len(strings), dtype=np.uint32)
    block = unpack(pack_overlay(np.zeros((len(detail), 4), np.uint8), detail, strings, None))
    wanted = tuple(text.encode("utf-8", "replace").decode() for text in strings)
    assert block.strings["strings"] == wanted


def test_texts_from_a_file_are_cut_to_a_length() -> None:
    """A name of megabytes does not travel to the browser."""
    scene = replace(golden_scene(), strings=("", *["x" * 10**6] * 8))
    longest = unpack(pack_scene(scene)).strings["strings"][1]
    assert len(longest) == MAX_STRING_CHARS
    assert longest.endswith("…")


def test_a_lone_surrogate_is_replaced() -> None:
    """Names that are no Unicode, as damaged files have, do not stop a scene."""
    strings = ("", "bad \udcff name")
    block = unpack(
        pack_overlay(np.zeros((1, 4), np.uint8), np.array([1], np.uint32), strings, None)
    )
    assert block.strings["strings"][1] == "bad ? name"


def test_states_and_overlays_name_their_scene() -> None:
    """The serial tells which scene the columns are for."""
    marks = np.array([0, 255], np.uint8)
    state = unpack(pack_state(marks, marks[::-1], serial=9))
    assert (state.kind, state.scalars["serial"]) == ("state", 9)
    np.testing.assert_array_equal(state.columns["item_excluded"], [255, 0])
    overlay = unpack(
        pack_overlay(np.zeros((2, 4), np.uint8), np.array([0, 0], np.uint32), ("",), None, serial=9)
    )
    assert (overlay.kind, overlay.scalars) == ("overlay", {"legend": None, "serial": 9})
    assert len(overlay.columns["strip_item"]) == 0


def test_an_empty_scene_packs() -> None:
    """A graph without nodes is drawn as an empty page, not refused."""
    scene = golden_scene()
    empty = {
        field.name: getattr(scene, field.name)[:0]
        for field in fields(Scene)
        if field.name not in SCALARS
    }
    block = unpack(pack_scene(replace(scene, **empty, strips=NO_STRIPS)))
    assert block.columns["item_rect"].shape == (0, 4)


def strips(item: Sequence[int] = (4,), n_parts: int = 9, n_colors: int = 9) -> Strips:
    """Return one row of parts, for these items."""
    return Strips(
        np.array(item, np.uint32),
        np.zeros((1, n_parts), np.uint8),
        np.zeros((n_colors, 4), np.uint8),
    )


def test_twins_are_pairs_of_keys() -> None:
    """They belong to no scene, and a key of one side has a key of the other."""
    keys = np.array([3, 4_000_000_000], np.uint32)
    block = unpack(pack_twins(keys, keys[::-1]))
    assert (block.kind, block.scalars) == ("twins", {})
    np.testing.assert_array_equal(block.columns["twin_key"], keys)
    np.testing.assert_array_equal(block.columns["twin_base_key"], keys[::-1])
    with pytest.raises(WireError, match="one length"):
        pack_twins(keys, keys[:1])
    with pytest.raises(WireError, match="dtype uint32"):
        pack_twins(keys.astype(np.int64), keys)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"item_rect": np.zeros((5, 4), np.float32)}, "one length"),
        ({"item_rect": np.zeros((6, 3), np.float32)}, "shape"),
        ({"item_rect": np.full((6, 4), np.nan, np.float32)}, "finite item_rect"),
        ({"item_rect": np.zeros((6, 4), np.float64)}, "dtype float32"),
        ({"item_parent": np.array([-1, 2, 1, 1, -1, -1], np.int32)}, "preorder"),
        ({"item_title": np.full(6, 9, np.uint32)}, "item_title below 9"),
        ({"item_kind": np.full(6, 6, np.uint8)}, "item_kind below 6"),
        ({"edge_ends": np.full((3, 2), 6, np.uint32)}, "edge_ends below 6"),
        ({"segment_edge": np.full(4, 0x80000003, np.uint32)}, "segment_edge below 3"),
        ({"segment_points": np.full((4, 8), np.inf, np.float32)}, "finite segment_points"),
        ({"strings": ("x",) * 9}, "begin with the empty one"),
        ({"strips": strips(item=[6])}, "strip_item below 6"),
        ({"strips": strips(item=[4, 4])}, "one length"),
        ({"strips": strips(n_parts=8)}, "strip_parts of shape"),
        ({"strips": strips(n_colors=8)}, "9 rows of strip_color"),
    ],
)
def test_columns_that_do_not_fit_are_refused(change: dict[str, Any], said: str) -> None:
    """A scene that would make the browser read past a table never leaves Python."""
    with pytest.raises(WireError, match=said):
        pack_scene(replace(golden_scene(), **change))


@pytest.mark.parametrize(
    "damage",
    [
        lambda block: block[:10],
        lambda block: b"OPSD" + block[4:],
        lambda block: block[:4] + struct.pack("<I", VERSION - 1) + block[8:],
        lambda block: block[:8] + struct.pack("<I", 2**31) + block[12:],
        lambda block: block[:16] + b"\xff" * 40 + block[56:],
        lambda block: block[: len(block) // 2],
        lambda block: block.replace(b'"f4"', b'"f8"', 1),
    ],
)
def test_damaged_blocks_are_refused(damage: Any) -> None:
    """Whatever is wrong with a block, it is a `WireError`."""
    with pytest.raises(WireError):
        unpack(damage(GOLDEN.read_bytes()))
