"""The table of formats. A new format is a row here and a module with `look` and `read`.

A module is imported only when its row may match, so that opening one format
never loads another's framework.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from importers.base import Importer, Probe


@dataclass(frozen=True, slots=True)
class Format:
    """One row of the table.

    Attributes
    ----------
    name : str
        What the reader calls the format.
    module : str
        Module with `look` and `read`.
    extensions : tuple of str
        Usual file extensions, lower case, with the dot.
    magic : tuple of (offset, bytes)
        Any one of them at its offset marks the format; empty where it has no magic.
    extra : str
        Extra of the distribution that it needs; empty where none.
    keeps : str
        What survives the import, for the table of formats in the README.
    """

    name: str
    module: str
    extensions: tuple[str, ...]
    magic: tuple[tuple[int, bytes], ...] = ()
    extra: str = ""
    keeps: str = ""


FORMATS: tuple[Format, ...] = (
    Format(
        name="TFLite",
        module="importers.tflite",
        extensions=(".tflite", ".lite"),
        magic=((4, b"TFL3"),),
        keeps="subgraphs, signatures, built-in and custom options, quantization parameters",
    ),
    Format(
        name="Model Explorer JSON",
        module="importers.model_explorer",
        extensions=(".json", ".json.gz"),
        keeps="namespaces, attributes, metadata of inputs and outputs, subgraphs",
    ),
    Format(
        name="ONNX",
        module="importers.onnx",
        extensions=(".onnx",),
        keeps="functions and control-flow bodies as subgraphs, module hierarchy, shapes",
    ),
)


def candidates(probe: Probe) -> Iterator[tuple[Format, Importer]]:
    """Yield the formats that may match: by magic, then by extension, then those without magic."""
    by_magic = [f for f in FORMATS if _has_magic(f, probe.head)]
    by_name = [f for f in FORMATS if probe.name.lower().endswith(f.extensions)]
    without = [f for f in FORMATS if not f.magic]
    for row in dict.fromkeys([*by_magic, *by_name, *without]):
        yield row, cast(Importer, importlib.import_module(row.module))


def _has_magic(row: Format, head: bytes) -> bool:
    return any(head[at : at + len(mark)] == mark for at, mark in row.magic)
