"""Put an ONNX graph's nodes into namespaces: from metadata, from names, from neighbours.

ONNX has no module hierarchy of its own. Exporters leave it in three places:

* metadata `namespace` of torch.onnx's dynamo exporter, ``: Model/h.0: Block/mul: aten.mul``:
  pairs of path and class from the outermost module to the node itself
* metadata `pkg.torch.onnx.name_scopes`, a Python list of the same paths
* node names: ``/h.0/mlp/MatMul`` of torch.onnx's older exporter, ``model/conv/BiasAdd`` of
  TensorFlow's, which name the modules around a node and then the node

A node without any of them is placed with its neighbours, if they share a
namespace; constants go where they are used. Imports no onnx.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphs.namespaces import split_path
from importers.notes import Notes
from importers.onnx_types import as_text

NAMESPACE_KEY = "namespace"
NAME_SCOPES_KEY = "pkg.torch.onnx.name_scopes"
PLACED = "A node without a module of its own was placed in the one around it"
MAX_SCOPES_CHARS = 64_000

_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")


@dataclass(slots=True)
class Hierarchy:
    """Namespaces of a graph's operator calls, and what is known of the namespaces.

    Attributes
    ----------
    spaces : list of (str or None)
        Path of each operator call; None where the file does not say.
    classes : dict of str to str
        Namespace -> class of its module, where the exporter wrote it.
    """

    spaces: list[str | None] = field(default_factory=list)
    classes: dict[str, str] = field(default_factory=dict)


def find_hierarchy(nodes: Iterable[Any], names: Sequence[str]) -> Hierarchy:
    """Return what metadata and names say about each node; metadata wins."""
    found = Hierarchy()
    known: dict[str, str] = {}  # the outer part of a metadata text -> namespace
    for node, name in zip(nodes, names, strict=True):
        space: str | None = None
        for entry in node.metadata_props:
            key = entry.key
            if key == NAMESPACE_KEY:
                space = _from_pairs(as_text(entry.value), known, found.classes)
                break
            if key == NAME_SCOPES_KEY:
                space = _from_scopes(as_text(entry.value))
        found.spaces.append(space_of_name(name) if space is None else space)
    return found


def space_of_name(name: str) -> str | None:
    """Return the namespace in a scoped node name; None where the name has no scope.

    Of names joined by ``;``, which TensorFlow's converter writes for fused
    operators, the last one counts. ``/Add`` is known to be at the top.
    """
    if "/" not in name:
        return None
    return name.rpartition(";")[2].rpartition("/")[0].lstrip("/")


def _from_pairs(text: str, known: dict[str, str], classes: dict[str, str]) -> str | None:
    """Read ``: Model/h: Stack/h.0: Block/mul: aten.mul``; the last pair is the node itself."""
    outer = text[:MAX_SCOPES_CHARS].rpartition("/")[0]
    found = known.get(outer)
    if found is None:
        parts: list[str] = []
        around = ""
        for pair in outer.split("/"):
            module, _, module_class = pair.partition(": ")
            if module:
                parts.append(_relative(module, around))
                around = module
            if module_class:
                classes.setdefault("/".join(parts), module_class.strip())
        found = known[outer] = "/".join(parts)
    return found


def _from_scopes(text: str) -> str | None:
    """Read ``['', 'model', 'model.h.0', 'mul']``; the last entry is the node itself."""
    scopes = [a or b for a, b in _QUOTED.findall(text[:MAX_SCOPES_CHARS])][:-1]
    parts: list[str] = []
    around = ""
    for module in filter(None, scopes):
        parts.append(_relative(module, around))
        around = module
    return "/".join(parts)


def _relative(module: str, around: str) -> str:
    """Return ``h.0`` for ``model.h.0`` in ``model``."""
    inner = module.removeprefix(f"{around}.") if around else module
    return inner.replace("/", "\\/") or module


class Placement:
    """Completes namespaces from the edges: each node's, or None, in and out.

    Parameters
    ----------
    spaces : list of (str or None)
        One for each node of the graph; filled in place.
    is_constant : sequence of bool
        Constants are placed by their consumers and say nothing about neighbours.
    notes : Notes
    """

    def __init__(self, spaces: list[str | None], is_constant: Sequence[bool], notes: Notes) -> None:
        self._spaces = spaces
        self._is_constant = is_constant
        self._notes = notes
        self._shared: dict[tuple[str, str], str] = {}

    def complete(self, edges: Sequence[tuple[int, int]]) -> None:
        """Fill in every None: neighbours first, then constants, then the top.

        Parameters
        ----------
        edges : sequence of (source node, target node)
        """
        if any(self._spaces):
            self._place_among_neighbours(edges)
            self._place_constants(edges)
        self._spaces[:] = [space or "" for space in self._spaces]

    def _place_among_neighbours(self, edges: Sequence[tuple[int, int]]) -> None:
        """Give each connected set of unplaced operators what all around them share."""
        spaces, is_constant = self._spaces, self._is_constant
        pairs = [
            (s, t)
            for s, t in edges
            if not is_constant[s] and (spaces[s] is None or spaces[t] is None)
        ]
        head: dict[int, int] = {}
        for s, t in pairs:
            if spaces[s] is None and spaces[t] is None:
                head[_find(head, s)] = _find(head, t)
        around: dict[int, str] = {}
        for s, t in pairs:
            for node, other in ((s, t), (t, s)):
                space = spaces[other]
                if spaces[node] is None and space is not None:
                    self._meet(around, _find(head, node), space)
        for node in sorted({node for pair in pairs for node in pair}):
            if spaces[node] is None:
                found = around.get(_find(head, node))
                spaces[node] = found
                if found:
                    self._notes.add("guessed", PLACED)

    def _place_constants(self, edges: Sequence[tuple[int, int]]) -> None:
        """Put each unplaced constant where all of its consumers are."""
        spaces, is_constant = self._spaces, self._is_constant
        around: dict[int, str] = {}
        for s, t in edges:
            if is_constant[s] and spaces[s] is None:
                self._meet(around, s, spaces[t] or "")
        for node, space in around.items():
            spaces[node] = space

    def _meet(self, around: dict[int, str], node: int, space: str) -> None:
        """Narrow what surrounds `node` to what it shares with `space`."""
        seen = around.setdefault(node, space)
        if seen is not space and seen != space:
            around[node] = self._common(seen, space)

    def _common(self, one: str, two: str) -> str:
        """Return the deepest namespace that holds both."""
        found = self._shared.get((one, two))
        if found is None:
            shared: list[str] = []
            for a, b in zip(split_path(one), split_path(two), strict=False):
                if a != b:
                    break
                shared.append(a)
            found = self._shared[one, two] = "/".join(shared)
        return found


def _find(head: dict[int, int], node: int) -> int:
    """Return the head of the set that `node` is in; halves the way for the next search."""
    above = head.get(node, node)
    while above != node:
        head[node] = head.get(above, above)
        node = head[node]
        above = head.get(node, node)
    return node
