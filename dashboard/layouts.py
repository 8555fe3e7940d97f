"""Layouts of one server, cached by the bytes of what was laid out and shared by all sessions."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import fields

import numpy as np

from graphs.layout import Boxes, Layout, LayoutOptions, lay_out

MAX_CACHED_POINTS = 8_000_000  # path points over all cached layouts; 64 MB of float32 pairs

_cache: OrderedDict[bytes, Layout] = OrderedDict()
_lock = threading.Lock()


def cached_layout(
    boxes: Boxes,
    options: LayoutOptions,
    *,
    cancelled: Callable[[], bool] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Layout:
    """Return the layout of `boxes`; equal input is laid out once."""
    key = _key(boxes, options)
    with _lock:
        if key in _cache:
            _cache.move_to_end(key)
            return _cache[key]
    layout = lay_out(boxes, options, cancelled=cancelled, progress=progress)
    with _lock:
        _cache[key] = layout
        n_points = sum(len(known.path_points) for known in _cache.values())
        while n_points > MAX_CACHED_POINTS and len(_cache) > 1:
            _, dropped = _cache.popitem(last=False)
            n_points -= len(dropped.path_points)
    return layout


def _key(boxes: Boxes, options: LayoutOptions) -> bytes:
    digest = hashlib.blake2b(repr(options).encode(), digest_size=16)
    for column in fields(boxes):
        array = np.ascontiguousarray(getattr(boxes, column.name))
        digest.update(f"{column.name}{array.dtype}{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.digest()
