"""Files and objects in, `graphs.ir.Model` out. `read` is the whole interface."""

from __future__ import annotations

import os

from graphs.errors import UnknownFormat
from graphs.ir import Model
from importers.base import make_probe, without_collector
from importers.content import looks_like
from importers.notes import Notes
from importers.registry import FORMATS, candidates

__all__ = ["FORMATS", "read"]


def read(source: str | os.PathLike[str] | bytes, *, name: str | None = None) -> Model:
    """Read a model. The format is found by content first, then by name.

    Parameters
    ----------
    source : path or bytes
    name : str, optional
        What the reader calls it; the file's name if not given.

    Raises
    ------
    graphs.errors.ReadError
        There is no such file, no importer accepts it, it is damaged, or a
        package is missing.
    """
    probe = make_probe(source, name)
    for _row, importer in candidates(probe):
        if importer.look(probe):
            with without_collector():
                return importer.read(probe, Notes())
    raise UnknownFormat(
        probe.name, tried=[row.name for row in FORMATS], looks_like=looks_like(probe)
    )
