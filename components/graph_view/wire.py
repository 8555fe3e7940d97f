"""Scene, overlay, state and twins to bytes (`docs/wire_format.md`); `unpack` reads them again.

Twin of `src/wire.ts`; a golden file keeps the two equal. Apart from `view.py`,
so that packing can be tested and timed without Panel, which it must not import.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.graph_view.block import DTYPES, Block, pack_block, unpack
from components.graph_view.scene import N_PARTS, NO_STRIPS, ItemKind, Legend, Scene, Strips
from graphs.errors import WireError

__all__ = ["Block", "pack_overlay", "pack_scene", "pack_state", "pack_twins", "unpack"]

# Column: (dtype, number of columns or 0 for one dimension). Order of `Scene`.
SCENE_COLUMNS: Mapping[str, tuple[str, int]] = {
    "item_rect": ("f4", 4),
    "item_parent": ("i4", 0),
    "item_kind": ("u1", 0),
    "item_flags": ("u1", 0),
    "item_key": ("u4", 0),
    "item_title": ("u4", 0),
    "item_detail": ("u4", 0),
    "item_color": ("u1", 4),
    "item_accent": ("u1", 0),
    "item_selected": ("u1", 0),
    "item_excluded": ("u1", 0),
    "edge_ends": ("u4", 2),
    "edge_flags": ("u1", 0),
    "edge_label": ("u4", 0),
    "edge_count": ("u4", 0),
    "segment_points": ("f4", 8),
    "segment_edge": ("u4", 0),
}
LAST_SEGMENT_BIT = 0x80000000  # of `segment_edge`: the segment that ends at the target


def pack_scene(scene: Scene, *, serial: int = 0) -> bytes:
    """Return the block that shows `scene`.

    Parameters
    ----------
    scene : Scene
    serial : int
        Number of the scene in its view; overlays and states name the one that they belong to.

    Raises
    ------
    WireError
        If a column has another shape, or an index or coordinate out of range.
    """
    columns = {
        name: _column(name, getattr(scene, name), *form) for name, form in SCENE_COLUMNS.items()
    }
    _check_scene(columns, len(scene.strings))
    columns |= _strip_columns(scene.strips, len(columns["item_key"]))
    scalars = {
        "graph_key": scene.graph_key,
        "anchor_key": int(scene.anchor_key),
        "size": [float(side) for side in scene.size],
        "legend": _legend(scene.legend),
        "serial": serial,
    }
    return pack_block("scene", columns, scene.strings, scalars)


def pack_overlay(
    item_color: NDArray[np.uint8],
    item_detail: NDArray[np.uint32],
    strings: Sequence[str],
    legend: Legend | None,
    strips: Strips = NO_STRIPS,
    *,
    serial: int = 0,
) -> bytes:
    """Return the block that gives the items of scene `serial` other colours and second lines.

    Parameters
    ----------
    item_color : uint8 array, shape (n, 4)
    item_detail : uint32 array, shape (n,)
        Index into `strings`.
    strings : sequence of str
        ``strings[0] == ""``.
    legend : Legend or None
    strips : Strips
    serial : int

    Raises
    ------
    WireError
        If a column has another shape or an index is out of range.
    """
    columns = {
        "item_color": _column("item_color", item_color, "u1", 4),
        "item_detail": _column("item_detail", item_detail, "u4", 0),
    }
    n_items = _same_length(columns, "item_")
    _below("item_detail", columns["item_detail"], len(strings))
    columns |= _strip_columns(strips, n_items)
    return pack_block("overlay", columns, strings, {"legend": _legend(legend), "serial": serial})


def pack_state(
    item_selected: NDArray[np.uint8], item_excluded: NDArray[np.uint8], *, serial: int = 0
) -> bytes:
    """Return the block that marks what of scene `serial` is selected and excluded.

    Parameters
    ----------
    item_selected, item_excluded : uint8 array, shape (n,)
        0..255: share of the item's nodes.
    serial : int

    Raises
    ------
    WireError
        If a column has another shape.
    """
    columns = {
        "item_selected": _column("item_selected", item_selected, "u1", 0),
        "item_excluded": _column("item_excluded", item_excluded, "u1", 0),
    }
    _same_length(columns, "item_")
    return pack_block("state", columns, None, {"serial": serial})


def pack_twins(keys: NDArray[np.uint32], base_keys: NDArray[np.uint32]) -> bytes:
    """Return the block that says which items stand for which items of the base of the group.

    Parameters
    ----------
    keys, base_keys : uint32 array, shape (p,)
        Keys of items, whether they are drawn or not; one row a pair.

    Raises
    ------
    WireError
        If a column has another dtype or length.
    """
    columns = {
        "twin_key": _column("twin_key", keys, "u4", 0),
        "twin_base_key": _column("twin_base_key", base_keys, "u4", 0),
    }
    _same_length(columns, "twin_")
    return pack_block("twins", columns, None, {})


def _column(name: str, values: NDArray[Any], dtype: str, width: int) -> NDArray[Any]:
    array = np.asarray(values)
    wanted = DTYPES[dtype]
    if array.dtype.newbyteorder("=") != wanted.newbyteorder("="):
        raise WireError(f"{name} of dtype {wanted.name}", array.dtype.name)
    shape_fits = array.ndim == 1 if width == 0 else array.ndim == 2 and array.shape[1] == width
    if not shape_fits:
        raise WireError(f"{name} of shape (n{f', {width}' if width else ''})", str(array.shape))
    return np.ascontiguousarray(array, dtype=wanted)


def _same_length(columns: Mapping[str, NDArray[Any]], prefix: str) -> int:
    lengths = {name: len(column) for name, column in columns.items() if name.startswith(prefix)}
    if len(set(lengths.values())) > 1:
        raise WireError(f"{prefix}* columns of one length", str(lengths))
    return next(iter(lengths.values()))


def _below(name: str, values: NDArray[Any], limit: int) -> None:
    if values.size and int(values.max()) >= limit:
        raise WireError(f"{name} below {limit}", str(int(values.max())))


def _strip_columns(strips: Strips, n_items: int) -> dict[str, NDArray[Any]]:
    columns = {
        "strip_item": _column("strip_item", strips.strip_item, "u4", 0),
        "strip_parts": _column("strip_parts", strips.strip_parts, "u1", N_PARTS),
    }
    _same_length(columns, "strip_")
    _below("strip_item", columns["strip_item"], n_items)
    color = _column("strip_color", strips.strip_color, "u1", 4)
    if len(color) != N_PARTS:
        raise WireError(f"{N_PARTS} rows of strip_color", str(len(color)))
    return {**columns, "strip_color": color}


def _check_scene(columns: Mapping[str, NDArray[Any]], n_strings: int) -> None:
    n_items = _same_length(columns, "item_")
    n_edges = _same_length(columns, "edge_")
    _same_length(columns, "segment_")
    for name in ("item_title", "item_detail", "edge_label"):
        _below(name, columns[name], n_strings)
    _below("item_kind", columns["item_kind"], len(ItemKind))
    _below("edge_ends", columns["edge_ends"], n_items)
    _below("segment_edge", columns["segment_edge"] & np.uint32(LAST_SEGMENT_BIT - 1), n_edges)
    parent = columns["item_parent"]
    if not bool(np.all((parent >= -1) & (parent < np.arange(n_items)))):
        raise WireError("item_parent in preorder, a group before its members", "another order")
    for name in ("item_rect", "segment_points"):
        if not bool(np.isfinite(columns[name]).all()):
            raise WireError(f"finite {name}", "infinity or not a number")


def _legend(legend: Legend | None) -> dict[str, Any] | None:
    if legend is None:
        return None
    positions = [position for position, _ in (*legend.stops, *legend.ticks)]
    if not all(math.isfinite(position) for position in positions):
        raise WireError("finite positions in the legend", str(positions))
    return {each.name: getattr(legend, each.name) for each in fields(legend)}
