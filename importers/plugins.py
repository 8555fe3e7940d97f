"""Importers that other distributions bring, found by their entry points (docs/add_an_importer.md).

An entry point of the group `opscope.importers` names a module, or an object,
with `format` (a `registry.Format`), `look` and `read`. Nothing of it is
imported before a file comes that no format of our own table has marked as its
own. What a plugin does wrong is told to the reader and stops nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from graphs.errors import quoted
from importers.base import Importer
from importers.registry import FORMATS, Format

GROUP = "opscope.importers"


@dataclass(frozen=True, slots=True)
class Plugin:
    """One importer of another distribution.

    Attributes
    ----------
    entry : str
        Name of the entry point and what it leads to, e.g. ``acme = acme.opscope``.
    row : Format or None
        Its row of the table; None where the plugin cannot be used.
    importer : Importer or None
    problem : str
        Why it cannot be used, in one sentence; empty where it can.
    """

    entry: str
    row: Format | None = None
    importer: Importer | None = None
    problem: str = ""


@cache
def plugins() -> tuple[Plugin, ...]:
    """Load every plugin once and return them by name, the broken ones with their problem."""
    found: list[Plugin] = []
    for entry in sorted(entry_points(group=GROUP), key=lambda one: (one.name, one.value)):
        taken = {one.row.name for one in found if one.row} | {row.name for row in FORMATS}
        found.append(_load(entry, taken))
    return tuple(found)


def formats() -> tuple[Format, ...]:
    """Return the rows of our own table, then those of the plugins that can be used."""
    return (*FORMATS, *(one.row for one in plugins() if one.row is not None))


def describe(error: BaseException) -> str:
    """Return an exception of foreign code as one short text."""
    return quoted(f"{type(error).__name__}: {error}".rstrip(": "))


def _load(entry: EntryPoint, taken: set[str]) -> Plugin:
    label = f"{entry.name} = {entry.value}"
    try:
        loaded = entry.load()
        row = getattr(loaded, "format", None)
        verbs: list[Callable[..., object] | None] = [
            getattr(loaded, "look", None),
            getattr(loaded, "read", None),
        ]
    except (Exception, SystemExit) as error:  # foreign code may raise anything
        return Plugin(label, problem=f"it cannot be imported: {describe(error)}")
    if not isinstance(row, Format):
        return Plugin(label, problem="its `format` is no importers.registry.Format")
    if not all(map(callable, verbs)):
        return Plugin(label, problem="it has no `look` or no `read`")
    if problem := _problem(row, taken):
        return Plugin(label, problem=problem)
    return Plugin(label, row=row, importer=cast(Importer, loaded))


def _problem(row: Format, taken: set[str]) -> str:
    """Return what is wrong with a row that foreign code made, or nothing."""
    name: object = row.name  # whatever the types say, nobody checked
    endings: object = row.extensions
    marks: object = row.magic
    if not isinstance(name, str) or not name:
        return "its format has no name"
    if name in taken:
        return f"a format called {quoted(name)} exists already"
    if not isinstance(endings, tuple) or not all(map(_is_extension, endings)):
        return "its extensions are not a tuple of lower-case texts that begin with a dot"
    if not isinstance(marks, tuple) or not all(map(_is_mark, marks)):
        return "its magic is not a tuple of (offset, bytes)"
    return ""


def _is_extension(text: object) -> bool:
    return isinstance(text, str) and text[:1] == "." and text == text.lower() and len(text) > 1


def _is_mark(mark: object) -> bool:
    match mark:
        case (int(at), bytes(content)):
            return at >= 0 and len(content) > 0
    return False
