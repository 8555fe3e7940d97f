"""Groups from names: `block_1_expand` and `block_1_depthwise` are in `block_1`.

A name is cut at ``/ . : _``; a number stays with the word before it. Items that share the first
parts of their names are a group if that says something: they are several but not most, of several
op types (`conv_1`, `conv_2` only count), and wired to each other. The shortest prefix wins.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from graphs.inferred_scope import Items, hangs_together, n_parts

MAX_NAME_CHARS = 256
MAX_PARTS = 8

_SEPARATORS = re.compile(r"([/.:_]+)")
_LETTER = re.compile(r"[^\W\d_]")


def prefixes(name: str) -> list[str]:
    """Return the beginnings of a name, shortest first; the last is the name itself.

    ``block_1_expand_BN`` begins with ``block_1``, ``block_1_expand`` and itself.
    """
    pieces = _SEPARATORS.split(name[:MAX_NAME_CHARS])
    found: list[str] = []
    text = ""
    for place in range(0, len(pieces), 2):
        part, before = pieces[place], text
        text += (pieces[place - 1] if place else "") + part
        if not part:
            continue
        if found and part.isdecimal() and not before[-1:].isdecimal() and found[-1] == before:
            found[-1] = text
        elif len(found) == MAX_PARTS:
            break
        else:
            found.append(text)
    return found


def name_groups(items: Items) -> list[tuple[str, NDArray[np.int64]]]:
    """Return (title, items) of the groups that names show; no item is in two."""
    begins = [prefixes(name) for name in items.names]
    is_free = np.ones(len(items), dtype=bool)
    found: list[tuple[str, NDArray[np.int64]]] = []
    for level in range(MAX_PARTS):
        table: dict[str, int] = {}
        group = np.full(len(items), -1, dtype=np.int64)
        for item in np.flatnonzero(is_free).tolist():
            if level < len(begins[item]):
                group[item] = table.setdefault(begins[item][level], len(table))
        if not table:
            break
        for members in _telling(items, group, list(table)):
            is_free[members] = False
            found.append((_title([begins[item] for item in members.tolist()]), members))
    return found


def _telling(
    items: Items, group: NDArray[np.int64], titles: Sequence[str]
) -> list[NDArray[np.int64]]:
    """Return the groups of one level that say something."""
    n_connected = n_parts(len(titles), items.source, items.target, group)
    size = np.bincount(group[group >= 0], minlength=len(titles))
    order = np.argsort(group, kind="stable")
    end = np.cumsum(size) + int(np.count_nonzero(group < 0))
    found = []
    for one in np.flatnonzero((size >= 2) & (2 * size <= len(items))).tolist():
        members = order[end[one] - size[one] : end[one]]
        is_mixed = len(np.unique(items.label[members])) > 1
        is_near = hangs_together(int(size[one]), int(n_connected[one]))
        if is_mixed and is_near and _LETTER.search(titles[one]):
            found.append(members)
    return found


def _title(begins: list[list[str]]) -> str:
    """Return the longest beginning that all names share."""
    shared = begins[0]
    for other in begins[1:]:
        n = sum(1 for a, b in zip(shared, other, strict=False) if a == b)
        shared = shared[:n]
    return shared[-1]
