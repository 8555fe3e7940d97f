r"""The namespace tree of a graph: `encoder/layer_0/attention` as columns.

Namespaces are numbered in preorder (a parent before its children, a subtree is
the half-open range ``[i, end[i])``), siblings in the order of first appearance.
Index 0 is the root, whose path is empty. A literal slash in a name is written
``\/``, as in Model Explorer's files.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

MAX_DEPTH = 64  # deeper paths are folded into their 64th part: a hostile file could nest a million

_SEPARATOR = re.compile(r"(?<!\\)/")
_NUMBER = re.compile(r"\d{1,9}(@\d{1,9})?")


def split_path(path: str) -> list[str]:
    r"""Return the parts of a path; empty parts are dropped, ``\/`` does not split."""
    if "\\" not in path:
        return [part for part in path.split("/") if part]
    return [part for part in _SEPARATOR.split(path) if part]


@dataclass(frozen=True, eq=False)
class Namespaces:
    """The namespaces of one graph, in preorder.

    Attributes
    ----------
    paths : tuple of str, length k
        Full paths; ``paths[0] == ""`` is the root.
    parent : int32 array, shape (k,)
        Index of the enclosing namespace; -1 for the root.
    end : int32 array, shape (k,)
        One past the last index of the subtree.
    depth : int32 array, shape (k,)
        0 for the root.
    is_inferred : bool array, shape (k,)
        True where the file has no such group: `graphs.inferred` made it.
    """

    paths: tuple[str, ...]
    parent: NDArray[np.int32]
    end: NDArray[np.int32]
    depth: NDArray[np.int32]
    is_inferred: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.paths)

    def name(self, index: int) -> str:
        r"""Return the last part of a namespace's path, with ``\/`` unescaped."""
        parts = split_path(self.paths[index])
        return parts[-1].replace("\\/", "/") if parts else ""

    def title(self, index: int) -> str:
        """Return what the reader sees: the name; of a number also what it counts: ``layers.0``."""
        name, above = self.name(index), int(self.parent[index])
        return f"{self.name(above)}.{name}" if above > 0 and _NUMBER.fullmatch(name) else name

    def index(self, path: str) -> int:
        """Return the index of a path; raises KeyError where there is none."""
        return self._index_of[path]

    @cached_property
    def _index_of(self) -> dict[str, int]:
        return {path: index for index, path in enumerate(self.paths)}

    def ancestors(self, index: int) -> list[int]:
        """Return the enclosing namespaces, innermost first, without the root."""
        found: list[int] = []
        above = int(self.parent[index])
        while above > 0:
            found.append(above)
            above = int(self.parent[above])
        return found

    def with_ancestors(self, indices: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Return a mask over namespaces: `indices` and all that enclose them, with the root."""
        mask = np.zeros(len(self.paths), dtype=bool)
        mask[indices] = True
        for depth in range(int(self.depth.max(initial=0)), 0, -1):
            level = mask & (self.depth == depth)
            mask[self.parent[level]] = True
        mask[0] = True
        return mask


def build_namespaces(paths: Sequence[str]) -> tuple[Namespaces, dict[str, int]]:
    """Build the tree that holds `paths` (each once) and all that enclose them.

    Returns
    -------
    Namespaces
    dict of str to int
        Index of each given path, as it was given.
    """
    index_of: dict[str, int] = {"": 0}
    parent = [-1]
    children: list[list[int]] = [[]]
    text = "\n".join(paths)
    is_plain = not any(odd in text for odd in ("\\", "//", "\n/", "/\n"))
    is_plain = is_plain and text[:1] != "/" and text[-1:] != "/"
    given = {
        path: path if is_plain and path.count("/") < MAX_DEPTH else _canonical(path)
        for path in paths
    }
    for path in given.values():
        missing: list[str] = []
        while path not in index_of:
            missing.append(path)
            path = _around(path)
        at = index_of[path]
        for path in reversed(missing):
            children[at].append(len(parent))
            parent.append(at)
            children.append([])
            at = index_of[path] = len(parent) - 1
    order = _preorder(children)
    rank = {old: new for new, old in enumerate(order)}
    index = {path: rank[index_of[own]] for path, own in given.items()}
    return _columns(order, parent, list(index_of)), index


def _canonical(path: str) -> str:
    """Return the path without empty parts, folded at `MAX_DEPTH`."""
    parts = split_path(path)
    if len(parts) > MAX_DEPTH:
        parts = [*parts[: MAX_DEPTH - 1], "\\/".join(parts[MAX_DEPTH - 1 :])]
    return "/".join(parts)


def _around(path: str) -> str:
    """Return the path without its last part; an escaped slash does not end a part."""
    if "\\" not in path:
        return path.rpartition("/")[0]
    return "/".join(split_path(path)[:-1])


def _preorder(children: list[list[int]]) -> list[int]:
    order: list[int] = []
    stack = [0]
    while stack:
        at = stack.pop()
        order.append(at)
        stack += reversed(children[at])
    return order


def _columns(order: list[int], parent: list[int], full: list[str]) -> Namespaces:
    k = len(order)
    rank = np.empty(k, dtype=np.int32)
    rank[order] = np.arange(k, dtype=np.int32)
    above = np.array(parent, dtype=np.int32)[order]
    new_parent = np.where(above >= 0, rank[above], -1).astype(np.int32)
    # Plain lists: an array gives up its items one by one three times slower.
    parents: list[int] = new_parent.tolist()
    depth = [0] * k
    for i in range(1, k):
        depth[i] = depth[parents[i]] + 1
    end = list(range(1, k + 1))
    for i in range(k - 1, 0, -1):
        end[parents[i]] = max(end[parents[i]], end[i])
    columns = np.array(end, dtype=np.int32), np.array(depth, dtype=np.int32)
    return Namespaces(
        tuple(full[i] for i in order), new_parent, *columns, is_inferred=np.zeros(k, dtype=bool)
    )
