"""Say which namespace an ONNX graph's nodes are in: from metadata, and from names.

ONNX has no module hierarchy of its own. Exporters leave it in three places:

* metadata `namespace` of torch.onnx's dynamo exporter, ``: Model/h.0: Block/mul: aten.mul``:
  pairs of path and class from the outermost module to the node itself
* metadata `pkg.torch.onnx.name_scopes`, a Python list of the same paths
* node names: ``/h.0/mlp/MatMul`` of torch.onnx's older exporter, ``model/conv/BiasAdd`` of
  TensorFlow's, which name the modules around a node and then the node

Torch's module paths are taken apart at their dots: a list of modules is a group too.

`importers.surroundings` places a node without any of them. Imports no onnx.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from importers.onnx_types import as_text

NAMESPACE_KEY = "namespace"
NAME_SCOPES_KEY = "pkg.torch.onnx.name_scopes"
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


def find_hierarchy(nodes: Sequence[Any], names: Sequence[str], told: Iterable[int]) -> Hierarchy:
    """Return what metadata and names say about each node; metadata wins.

    A slash ends a scope. Of names joined by ``;``, which TensorFlow's converter
    writes for fused operators, the last scope counts. ``/Add`` is known to be at
    the top, ``Add`` is not known.

    Parameters
    ----------
    nodes : sequence of NodeProto
    names : sequence of str
        Of the same nodes.
    told : iterable of int
        Those that carry metadata.
    """
    scopes = [name.rpartition("/")[0] for name in names]
    known = {s: _from_scope(s) for s in dict.fromkeys(scopes) if s}
    found = Hierarchy(list(map(known.get, scopes)))
    for index in [i for i, scope in enumerate(scopes) if not scope]:
        found.spaces[index] = "" if names[index].startswith("/") else None
    outer: dict[str, str] = {}
    for index in told:
        space = _from_metadata(nodes[index].metadata_props, outer, found.classes)
        if space is not None:
            found.spaces[index] = space
    return found


def _from_scope(scope: str) -> str:
    """Return the namespace of a name's scope; torch's, which begin with a slash, are dotted paths.

    ``/layers.0/mlp`` is ``layers/0/mlp``, and ``/features/features.0`` is ``features/0``:
    a list of modules is a group that the author wrote.
    """
    inner = scope.rpartition(";")[2].lstrip("/")
    if "." not in inner or not scope.startswith("/"):
        return inner
    parts = inner.split("/")
    pairs = zip(["", *parts], parts, strict=False)
    return "/".join(_relative(part, around) for around, part in pairs)


def _from_metadata(
    entries: Iterable[Any], outer: dict[str, str], classes: dict[str, str]
) -> str | None:
    """Return the namespace in a node's metadata; None where it has none."""
    space: str | None = None
    for entry in entries:
        if entry.key == NAMESPACE_KEY:
            return _from_pairs(as_text(entry.value), outer, classes)
        if entry.key == NAME_SCOPES_KEY:
            space = _from_scopes(as_text(entry.value))
    return space


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
    """Return ``h/0`` for ``model.h.0`` in ``model``."""
    inner = module.removeprefix(f"{around}.") if around else module
    path = (inner or module).replace("/", "\\/")
    return path.replace(".", "/") if all(path.split(".")) else path
