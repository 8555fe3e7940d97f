"""Locations of MLIR operations as namespaces, names and source lines. Imports no framework.

Specification: https://mlir.llvm.org/docs/Dialects/Builtin/#location-attributes

A named location is the author's hierarchy: JAX and TensorFlow write a path, others
nest a name in the name of what is around it. Files and lines become a stack.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from importers.hlo_scopes import namespace_of
from importers.hlo_text import unescaped
from importers.mlir_operations import pieces
from importers.mlir_text import STRING
from importers.mlir_types import closing

MAX_STEPS = 64
MAX_FUSED = 16
MAX_DEPTH = 6
MAX_NAME_CHARS = 4096

_STRING = re.compile(rf"\s*({STRING})")
_NAMED = re.compile(r'loc\("([^"\\\n]*(?:\\.[^"\\\n]*)*)"\((#[\w$.\-]+)\)\)\Z')
_POSITION = re.compile(r"\s*:\s*(\d{1,9})(?:\s*:\s*(\d{1,9}))?")
_AT = re.compile(rf"{STRING}|->|[()<>\[\]{{}}]|\sat\s")


@dataclass(slots=True, eq=False)
class Location:
    """Where an operation came from.

    Attributes
    ----------
    name : str
        Innermost name; may be empty.
    namespace : str
        Path of what is around it; None where no name is stated.
    frames : list of str
        ``file:line`` from the innermost call outwards.
    classes : dict of str to str
        Namespace -> class of its module, where the names state it.
    """

    name: str = ""
    namespace: str | None = None
    frames: list[str] = field(default_factory=list)
    classes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Name and namespace of a location, as in `Location`."""

    name: str = ""
    namespace: str | None = None
    classes: dict[str, str] = field(default_factory=dict)


UNKNOWN = Location()
NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class _Step:
    """A part of a location that is still to be read, and whether it may give names."""

    text: str
    is_named: bool = True
    is_call: bool = False


class LocationTable:
    """Decodes locations; equal places are decoded once and give one object.

    Parameters
    ----------
    aliases : mapping of str to str
        ``#loc3`` -> what it stands for.
    """

    def __init__(self, aliases: Mapping[str, str]) -> None:
        self._aliases = aliases
        self._places: dict[str, Place] = {}
        self._chains: dict[str, list[str]] = {}
        self.missing: set[str] = set()  # aliases that have no meaning

    def place(self, text: str) -> Place:
        """Return name and namespace of a location, without its source lines: on opening."""
        if not text:
            return NOWHERE
        found = self._places.get(text)
        if found is None:
            found = self._places[text] = self._placed(text)
        return found

    def location(self, text: str) -> Location:
        """Return all that `text`, without ``loc(...)``, states."""
        if not text:
            return UNKNOWN
        names, frames = self._walk(text, 0)
        location = Location(frames=frames)
        if _is_said(names):
            location.name = _plain(names[0])
            location.namespace = _namespace(names, location.classes)
        return location

    def _placed(self, text: str) -> Place:
        # A name that is a path says all, and most do: what is in it need not be looked at.
        named = _NAMED.match(self._aliases.get(text, text))
        if named is None:
            names = self._walk(text, 0)[0]
        else:
            names = [unescaped(named[1])[:MAX_NAME_CHARS]]
            if "/" not in names[0]:
                names += self._around(named[2])
        if not _is_said(names):
            return NOWHERE
        classes: dict[str, str] = {}
        return Place(_plain(names[0]), _namespace(names, classes), classes)

    def _around(self, alias: str) -> list[str]:
        """Return the names that a name is in, where it was given to the location `alias`."""
        found = self._chains.get(alias)
        if found is None:
            found = self._chains[alias] = self._walk(f'"x"({alias})', 0)[0][1:]
        return found

    def _walk(self, text: str, depth: int) -> tuple[list[str], list[str]]:
        """Return the names, innermost first, and the source lines of a location."""
        names: list[str] = []
        frames: list[str] = []
        work = [_Step(text)]
        for _ in range(MAX_STEPS):
            if not work:
                break
            step = work.pop()
            text = self._bare(step.text)
            if text.startswith("callsite("):
                callee, caller = _call(text)
                is_named = step.is_named and not names
                work += [_Step(caller, False, True), _Step(callee, is_named, True)]
            elif text.startswith("fused"):
                if depth < MAX_DEPTH:
                    inner, lines = self._fused(text, depth)
                    frames += lines
                    names += inner if step.is_named else []
            elif quoted := _STRING.match(text):
                self._quoted(text, quoted, step, names, frames, work)
        return names, frames

    def _bare(self, text: str) -> str:
        """Return a location without ``loc(...)`` around it, an alias replaced by its meaning."""
        for _ in range(MAX_DEPTH):
            text = text.strip()
            if text.startswith("loc("):
                text = text[4 : max(4, closing(text, 3) - 1)]
            elif text.startswith("#"):
                if text not in self._aliases:
                    self.missing.add(text)
                text = self._aliases.get(text, "")
            else:
                break
        return text

    def _quoted(
        self,
        text: str,
        quoted: re.Match[str],
        step: _Step,
        names: list[str],
        frames: list[str],
        work: list[_Step],
    ) -> None:
        """Take a file and its line, a function in a file, or a name and what is around it."""
        said = unescaped(quoted[1][1:-1])[:MAX_NAME_CHARS]
        position = _POSITION.match(text, quoted.end())
        if position:
            frames.append(f"{said}:{position[1]}")
            return
        rest = text[quoted.end() :].strip()
        inner = self._bare(rest[1 : max(1, closing(rest, 0) - 1)]) if rest[:1] == "(" else ""
        file = _STRING.match(inner)
        line = _POSITION.match(inner, file.end()) if file else None
        if file and line and (names or step.is_call):
            frames.append(f"{unescaped(file[1][1:-1])[:MAX_NAME_CHARS]}:{line[1]} in {said}")
            return
        if step.is_named:
            names.append(said)
        if inner:
            work.append(_Step(inner, step.is_named, step.is_call))

    def _fused(self, text: str, depth: int) -> tuple[list[str], list[str]]:
        """Return the names that all members share a namespace with, and all source lines."""
        at = text.find("[")
        if text[5:].lstrip().startswith("<"):
            at = text.find("[", closing(text, text.index("<")))
        if at < 0:
            return [], []
        inner = text[at + 1 : max(at + 1, closing(text, at) - 1)]
        chains: list[list[str]] = []
        frames: list[str] = []
        for n, member in enumerate(pieces(inner)):
            if n >= MAX_FUSED:
                break
            names, lines = self._walk(member, depth + 1)
            frames += [line for line in lines if line not in frames]
            if names and not (names[0].endswith(":") and not names[0].endswith("::")):
                chains.append(names)
        return _shared(chains), frames


def _is_said(names: list[str]) -> bool:
    """Return whether there is a name; JAX ends that of a place in a primitive with a colon."""
    return bool(names) and (not names[0].endswith(":") or names[0].endswith("::"))


def _shared(chains: list[list[str]]) -> list[str]:
    """Return one chain of names that stands for several: the first, cut to what all share."""
    if len(chains) < 2 or any(len(chain) > 1 for chain in chains):
        return chains[0] if chains else []
    split = [chain[0].split("/") for chain in chains]
    n_shared = 0
    for parts in zip(*(one[:-1] for one in split), strict=False):
        if len(set(parts)) > 1:
            break
        n_shared += 1
    return ["/".join([*split[0][:n_shared], split[0][-1]])]


def _namespace(names: list[str], classes: dict[str, str]) -> str:
    """Return the path: names outside the innermost, outermost first, then the innermost's own."""
    path: list[str] = []
    # A name that is a path says all; what it was given to is a function of the source.
    for name in reversed([] if "/" in names[0] else names[1:]):
        module, part = _module_part(_plain(name))
        if part:
            path.append(part)
            if module:
                classes["/".join(path)] = module
    inner = namespace_of(_plain(names[0]))
    return "/".join([*path, inner] if inner else path)


def _module_part(name: str) -> tuple[str, str]:
    """Return class and part of ``torch.nn.modules.conv.Conv2d::conv``; the class may be empty."""
    module, colons, part = name.rpartition("::")
    if not colons:
        return "", name.strip("/")
    return module, (part or module.rpartition(".")[2]).replace("/", "\\/")


def _plain(name: str) -> str:
    """Return a name without the function that TensorFlow's converter appends to it."""
    return name.partition("@__inference")[0]


def _call(text: str) -> tuple[str, str]:
    """Return callee and caller of ``callsite(callee at caller)``."""
    at = len("callsite")
    inner = text[at + 1 : max(at + 1, closing(text, at) - 1)]
    depth = 0
    for mark in _AT.finditer(inner):
        sign = mark[0]
        if sign in "(<[{":
            depth += 1
        elif sign in ")>]}":
            depth -= 1
        elif depth == 0 and sign[:1].isspace():
            return inner[: mark.start()], inner[mark.end() :]
    return inner, ""
