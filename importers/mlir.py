"""MLIR modules: StableHLO and any other dialect, as text; as bytecode through jaxlib.

Specification: https://mlir.llvm.org/docs/LangRef/ and
https://openxla.org/stablehlo/spec

Text: `mlir_text` (operations and regions), `mlir_operations` (one of them),
`mlir_types`, `mlir_locations`; columns: `mlir_scope`, `mlir_graph`; on demand:
`mlir_source`, `mlir_constants`. Bytecode and portable artifacts are written as
text by jaxlib in a process of its own (`mlir_bytecode`).
"""

from __future__ import annotations

import re

from graphs.errors import DamagedSource
from graphs.ir import Facts, Model
from importers.base import Probe
from importers.mlir_bytecode import HEAD_BYTES, bytecode_text, find_bytecode, module_bytes
from importers.mlir_graph import ModuleReader
from importers.mlir_text import FORMAT, split_text
from importers.notes import Notes

MAX_TEXT_BYTES = 1 << 30

_COMMENTS = rb"(?:\s|//[^\n]*\n)*"
_START = re.compile(
    _COMMENTS + rb"(?:"
    rb"(?:builtin\.)?module\b[^\n=]*\{"
    rb'|"[a-z_]\w*\.[\w$.]+"\s*\('
    rb"|[a-z_]\w*\.\w+\s+(?:private\s+|public\s+)?@[\w$.\-\"]"
    rb"|func\s+(?:private\s+|public\s+)?@"
    rb"|#[\w$.\-]+\s*=\s*(?:loc\(|affine_|#|dense|\[|\{|@|\")"
    rb"|![\w$.\-]+\s*=\s*\S"
    rb'|%[\w$.\-]+(?::\d+)?\s*=\s*(?:"[\w$]+\.[\w$.]+"\s*\(|[a-z_]\w*\.\w+)'
    rb")"
)


def look(probe: Probe) -> bool:
    """Return whether the content begins as MLIR text or bytecode."""
    head = probe.head.removeprefix(b"\xef\xbb\xbf")
    return find_bytecode(head, probe.size) >= 0 or _START.match(head) is not None


def read(probe: Probe, notes: Notes) -> Model:
    """Return the model.

    `Model.n_parameters` counts the stored elements of the constants: weights that are
    arguments of the main function are inputs as all others are.

    Raises
    ------
    DamagedSource
        The file is cut, or holds no operation.
    MissingFramework
        It is bytecode, and jaxlib is not installed.
    """
    content = probe.read_bytes(MAX_TEXT_BYTES)
    if find_bytecode(content[:HEAD_BYTES], len(content)) >= 0:
        text, producer = bytecode_text(module_bytes(content), probe.name, notes)
        return read_mlir_text(probe.name, text, notes, producer)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("utf-8-sig", "replace")
        notes.add("damaged", "The text is not UTF-8 and was mended")
    return read_mlir_text(probe.name, text, notes)


def read_mlir_text(name: str, text: str, notes: Notes, producer: str = "") -> Model:
    """Return the model of MLIR text.

    Raises
    ------
    DamagedSource
        The text is cut, or holds no operation.
    """
    reader = ModuleReader(split_text(text, name), name, notes)
    graphs = reader.graphs()
    if not graphs:
        raise DamagedSource(name, "it holds no operation", format=FORMAT)
    facts: Facts = [*reader.module, *reader.declarations]
    return Model(
        name,
        FORMAT,
        producer,
        graphs,
        facts,
        notes.all(),
        reader.n_parameters,
        reader.parameter_bytes,
    )
