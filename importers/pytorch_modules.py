"""Namespaces from the module stacks that torch.export writes on nodes.

A stack is ``key,path,class`` for each module that was being called, outermost first,
joined by semicolons: ``L__self__,,Net;L__self__layers.0,layers.0,Block``. A namespace
is made of the last path's names, as for ONNX files of torch's exporters, so that a list
of modules, which is never called itself, is a group too: ``model/layers/0/mlp``. A
module that is called again has the number of the call in its key, and in its namespace:
``shared@1``. Imports no torch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

MAX_STACK_CHARS = 16_384
_COMMA = re.compile(r",(?![^()\[\]]*[)\]])")  # outside of brackets: a path may hold a slice
_DOT = re.compile(r"\.(?![^()\[\]]*[)\]])")  # as the comma
_CALL = re.compile(r"@\d{1,9}$")
_UNKNOWN = "_empty_nn_module_stack"


class Modules:
    """What the module stacks of one graph say, each stack read once.

    Attributes
    ----------
    classes : dict of str to str
        Namespace -> class of its module.
    paths : dict of str to str
        Namespace -> path of its module, ``layers.0.mlp``.
    of_path : dict of str to str
        Path of a module -> the namespace of its first call.
    """

    def __init__(self) -> None:
        self.classes: dict[str, str] = {}
        self.paths: dict[str, str] = {}
        self.of_path: dict[str, str] = {}
        self._known: dict[str, str] = {"": ""}

    def namespace(self, stack: str) -> str:
        """Return the namespace of a node with that stack; empty where it says nothing."""
        found = self._known.get(stack)
        if found is None:
            found = self._known[stack] = self.enter(_entries(stack))
        return found

    def enter(self, entries: Iterable[tuple[str, str, str]]) -> str:
        """Return the namespace of modules given as (key, path, class), outermost first."""
        parts: list[str] = []
        around = ""
        for key, path, module_class in entries:
            if path != around:
                call = _CALL.search(key)
                parts.append(_relative(path, around) + (call[0] if call else ""))
                around = path
            namespace = "/".join(parts)
            self.classes.setdefault(namespace, module_class)
            self.paths.setdefault(namespace, path)
            self.of_path.setdefault(path, namespace)
        return "/".join(parts)


def _entries(stack: str) -> list[tuple[str, str, str]]:
    """Return (key, path, class) of each module of a stack, outermost first."""
    found: list[tuple[str, str, str]] = []
    for entry in stack[:MAX_STACK_CHARS].split(";"):
        if entry.startswith(_UNKNOWN):
            continue
        key, path, module_class = (*_COMMA.split(entry, maxsplit=2), "", "")[:3]
        found.append((key.strip(), path.strip(), module_class.strip()))
    return found


def _relative(path: str, around: str) -> str:
    """Return ``layers/0`` for ``model.layers.0`` in ``model``."""
    inner = path.removeprefix(f"{around}.") if around else path
    return "/".join(filter(None, _DOT.split((inner or path).replace("/", "\\/"))))


def shared(namespaces: Sequence[str]) -> str:
    """Return the innermost namespace around all of `namespaces`; empty for none."""
    if len(set(namespaces)) == 1:
        return namespaces[0]
    parts = [space.split("/") for space in namespaces]
    common: list[str] = []
    for column in zip(*parts, strict=False):
        if len(set(column)) > 1:
            break
        common.append(column[0])
    return "/".join(common)
