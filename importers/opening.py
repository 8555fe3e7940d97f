"""Find the importer for a probe and let it read: by magic, then by name, then whoever may.

Our own formats win where their own magic is in the content. After that come
the plugins that claim the magic or the name; then, unless the content is
certainly something else, our own formats by name and all that have no magic.
Imports no format.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graphs.errors import OpscopeError, ReadError, UnknownFormat
from graphs.ir import Model
from importers.base import Importer, Probe, without_collector
from importers.content import recognise
from importers.looks import Looks
from importers.notes import Notes
from importers.plugins import Plugin, describe, formats, plugins
from importers.registry import FORMATS, Format, has_magic, has_name, importer_of


@dataclass(frozen=True, slots=True)
class Candidate:
    """A format that may match; `plugin` is None for one of our own."""

    row: Format
    importer: Importer
    plugin: Plugin | None = None


def candidates(probe: Probe) -> Iterator[Candidate]:
    """Yield the formats that may match, the likeliest first; each is imported when it comes."""
    tried: set[str] = set()
    for row in _rows(probe):
        if row.name not in tried:
            tried.add(row.name)
            yield _candidate(row)


def read_probe(probe: Probe) -> Model:
    """Return the model of a probe.

    Raises
    ------
    ReadError
        The importer that accepted it found it damaged or unfit, or a package is missing.
    UnknownFormat
        No importer accepted it; the error says what it looks like.
    """
    failures: list[str] = []
    for one in candidates(probe):
        model = _read(one, probe, failures)
        if model is not None:
            return model
    looks = recognise(probe)
    raise UnknownFormat(
        probe.name,
        tried=[row.name for row in formats()],
        looks_like=looks.phrase,
        needs=looks.needs or _by_name(probe, looks),
        failures=[*_broken_plugins(), *failures],
    )


def _rows(probe: Probe) -> Iterator[Format]:
    """Yield rows in the order in which they are asked; one may come twice."""
    yield from (row for row in FORMATS if has_magic(row, probe))
    foreign = formats()[len(FORMATS) :]  # nothing foreign is imported before this line
    yield from (row for row in foreign if has_magic(row, probe))
    yield from (row for row in foreign if has_name(row, probe))
    if recognise(probe).is_certain:
        return
    yield from (row for row in FORMATS if has_name(row, probe))
    yield from (row for row in FORMATS if not row.magic)
    yield from (row for row in foreign if not row.magic)


def _candidate(row: Format) -> Candidate:
    for one in plugins() if row not in FORMATS else ():
        if one.row is row and one.importer is not None:
            return Candidate(row, one.importer, one)
    return Candidate(row, importer_of(row))


def _read(one: Candidate, probe: Probe, failures: list[str]) -> Model | None:
    """Return the model, or None where the importer declines or, being a plugin, breaks."""
    notes = Notes()
    for failure in failures:
        notes.add("info", "An importer plugin failed on this file", failure)
    if one.plugin is None:
        return _read_with(one.importer, probe, notes)
    try:
        model = _read_with(one.importer, probe, notes)
    except OpscopeError:
        raise
    except (
        Exception,
        SystemExit,
    ) as error:  # foreign code may raise anything, and the next format may read it
        failures.append(f"{one.plugin.entry}: {describe(error)}")
        return None
    found: object = model  # whatever its types say, a plugin may return anything
    if found is not None and not (isinstance(found, Model) and found.graphs):
        raise ReadError(probe.name, f"the plugin {one.plugin.entry} returned no model")
    return model


def _read_with(importer: Importer, probe: Probe, notes: Notes) -> Model | None:
    if not importer.look(probe):
        return None
    for problem in _broken_plugins() if plugins.cache_info().currsize else ():
        notes.add("info", "An importer plugin cannot be used", problem)
    with without_collector():
        return importer.read(probe, notes)


def _broken_plugins() -> list[str]:
    return [f"{one.entry}: {one.problem}" for one in plugins() if one.problem]


def _by_name(probe: Probe, looks: Looks) -> str:
    """Return what a file of this name should have held."""
    named = [row.name for row in formats() if has_name(row, probe)]
    if not named or looks.is_certain:
        return ""
    known = ", ".join(row.name for row in formats())
    return f"By its name it should be {' or '.join(named)}. Opscope opens: {known}"
