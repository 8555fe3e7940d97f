"""Layouts of scopes, kept by the bytes of what they were made from.

Twin groups have the same bytes and share one layout; so do two browser
sessions, and an expansion finds everything but the changed group and its
ancestors. A group inside a scope counts by the key of its own layout.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from typing import TypeAlias

from graphs.layout.scope import ScopeLayout
from graphs.layout.skeleton import Arrangement

KEY_BYTES = 16
SMALL = 1024  # bytes of what is not an array, about

Kept: TypeAlias = ScopeLayout | Arrangement


def key_of(*parts: bytes) -> bytes:
    """Return a digest of the parts in their order."""
    digest = hashlib.blake2b(digest_size=KEY_BYTES)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.digest()


class ScopeCache:
    """Least recently used layouts go first once all are larger than `max_bytes`.

    Safe to share between threads.

    Parameters
    ----------
    max_bytes : int
        Bound of the arrays of all kept layouts.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._lock = threading.Lock()
        self._layouts: OrderedDict[bytes, Kept] = OrderedDict()
        self._n_bytes = 0

    def __len__(self) -> int:
        return len(self._layouts)

    def get(self, key: bytes) -> Kept | None:
        """Return the layout of that key, or None."""
        with self._lock:
            found = self._layouts.get(key)
            if found is not None:
                self._layouts.move_to_end(key)
            return found

    def put(self, key: bytes, layout: Kept) -> None:
        """Keep a layout; one that is larger than all the room is not kept."""
        size = SMALL + layout.nbytes
        if size > self.max_bytes:
            return
        with self._lock:
            if key in self._layouts:
                return
            self._layouts[key] = layout
            self._n_bytes += size
            while self._n_bytes > self.max_bytes:
                _, oldest = self._layouts.popitem(last=False)
                self._n_bytes -= SMALL + oldest.nbytes

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._layouts.clear()
            self._n_bytes = 0
