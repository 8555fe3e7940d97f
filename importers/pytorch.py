"""Read exported programs of PyTorch (``.pt2``), as torch.export.save writes them since 2.5.

Specification: https://github.com/pytorch/pytorch/blob/main/torch/_export/serde/schema.py
and https://github.com/pytorch/pytorch/tree/main/torch/export/pt2_archive. The parts:
`pytorch_archive` (members), `pytorch_schema` (JSON as structs), `pytorch_graph` (columns),
`pytorch_modules` (namespaces), `pytorch_types` and `pytorch_symbols` (shapes), and on
demand `pytorch_source`, `pytorch_text`, `pytorch_weights` and `pytorch_pickle`. Nothing is
unpickled and torch is not imported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from graphs.errors import ReadError, UnsupportedFeature
from graphs.ir import Facts, Graph, Model, NodeKind
from importers.base import Probe
from importers.fact_text import MAX_FACTS, cut
from importers.naming import Namer
from importers.notes import Notes
from importers.pytorch_archive import FORMAT, MODELS, OLD_PROGRAM, Archive, ModelFiles
from importers.pytorch_graph import Rows, Scope, build, read_rows
from importers.pytorch_schema import (
    DECODING_ERRORS,
    Body,
    Program,
    decode_graph,
    decode_program,
)
from importers.pytorch_source import PytorchSource, range_text
from importers.pytorch_types import TypeTable
from importers.pytorch_weights import Weights

MAX_PROGRAM_BYTES = 1 << 30
MAX_BODY_DEPTH = 64
KNOWN_MAJOR = 8
_STRING_OR_WORD = re.compile(rb'"(?:[^"\\]|\\.)*"|-?Infinity|NaN', re.DOTALL)


@dataclass(slots=True)
class _Totals:
    """Elements and bytes of the parameters read so far."""

    n_parameters: int = 0
    n_bytes: int = 0


def look(probe: Probe) -> bool:
    """Return whether the content is an archive with an exported program in it.

    A cut archive has no list of its members; its first member tells.
    """
    if probe.head[:4] != b"PK\x03\x04":
        return False
    try:
        archive = Archive(probe)
    except ReadError:
        return _begins_as_program(probe.head)
    return bool(archive.models) or archive.is_compiled


def read(probe: Probe, notes: Notes) -> Model:
    """Return the model; an archive of several programs gives a graph for each.

    Raises
    ------
    DamagedSource
        The archive or the JSON in it is cut or corrupt.
    UnsupportedFeature
        It holds compiled code only, or graphs nested deeper than `MAX_BODY_DEPTH`.
    """
    archive = Archive(probe)
    if not archive.models:
        if archive.is_compiled:
            feature = "a package of AOTInductor, which holds machine code and no graph"
            raise UnsupportedFeature(probe.name, feature, format=FORMAT)
        raise archive.damaged("it holds no exported program")
    graphs: list[Graph] = []
    metadata: Facts = []
    totals = _Totals()
    namer = Namer(notes)
    for files in archive.models:
        program = _program(archive, files)
        metadata += _metadata(program, files.name if len(archive.models) > 1 else "")
        _note_version(program, notes)
        graphs += _graphs(archive, files, program, namer, totals, notes)
    version = next((text for key, text in metadata if key.endswith("torch version")), "")
    return Model(
        name=probe.name,
        format=FORMAT,
        producer=cut(f"torch {version}".strip()),
        graphs=tuple(graphs),
        metadata=metadata[:MAX_FACTS],
        notes=notes.all(),
        n_parameters=totals.n_parameters,
        parameter_bytes=totals.n_bytes,
    )


def _begins_as_program(head: bytes) -> bool:
    """Return whether the first member of a cut archive is one of an exported program."""
    n_chars = int.from_bytes(head[26:28], "little")
    name = head[30 : 30 + n_chars].decode("utf-8", "replace")
    inner = name.partition("/")[2]
    return name == OLD_PROGRAM or inner.startswith(("data/weights/", "data/constants/", MODELS))


def _program(archive: Archive, files: ModelFiles) -> Program:
    content = archive.read(files.program, MAX_PROGRAM_BYTES)
    try:
        return decode_program(content)
    except DECODING_ERRORS as error:
        if b"Infinity" not in content and b"NaN" not in content:
            raise _garbage(archive, files, error) from error
    try:
        # Torch wrote numbers that JSON does not have until 2.6.
        return decode_program(_STRING_OR_WORD.sub(_quoted, content))
    except DECODING_ERRORS as error:
        raise _garbage(archive, files, error) from error


def _quoted(found: re.Match[bytes]) -> bytes:
    return found[0] if found[0][:1] == b'"' else b'"' + found[0] + b'"'


def _garbage(archive: Archive, files: ModelFiles, error: Exception) -> ReadError:
    if isinstance(error, RecursionError):
        feature = "values nested more deeply than any exporter nests them"
        return UnsupportedFeature(archive.name, feature, format=FORMAT)
    return archive.damaged(f"{files.program} is no exported program: {error}")


def _graphs(
    archive: Archive,
    files: ModelFiles,
    program: Program,
    namer: Namer,
    totals: _Totals,
    notes: Notes,
) -> list[Graph]:
    """Return the graph of one program, then the bodies that it calls, each after its caller."""
    module = program.graph_module
    types = TypeTable(notes)
    weights = Weights(archive, files)
    top = namer.unique(files.name, "model")
    waiting = [Scope(top, files.name, module.graph, module.signature)]
    graphs: list[Graph] = []
    for scope in waiting:
        try:
            rows = read_rows(scope, decode_graph(scope.raw), types, notes)
        except DECODING_ERRORS as error:
            raise _garbage(archive, files, error) from error
        bodies = [_body(archive, scope, rows, namer, *found) for found in rows.bodies]
        waiting += bodies
        is_top = scope.signature is not None
        if is_top:
            _weigh(rows, weights, totals)
        facts = [("guards", cut("\n".join(program.guards_code)))] if is_top else []
        source = PytorchSource(
            rows,
            weights if is_top else None,
            program.range_constraints,
            [fact for fact in facts if fact[1]],
        )
        graph = build(rows, [body.id for body in bodies], source)
        source.bind(graph.value_names, graph.namespaces.paths)
        graphs.append(graph)
    return graphs


def _body(archive: Archive, scope: Scope, rows: Rows, namer: Namer, node: int, body: Body) -> Scope:
    """Return the scope of a graph that a node calls."""
    if scope.depth >= MAX_BODY_DEPTH:
        feature = f"graphs nested deeper than {MAX_BODY_DEPTH}"
        raise UnsupportedFeature(archive.name, feature, format=FORMAT)
    inner = body.name if scope.signature is not None else f"{scope.id}/{body.name}"
    stem = f"{rows.ids[node]}_body"
    own = namer.unique(inner, stem, is_noted=False)
    return Scope(own, body.name or stem, body.graph, None, scope.depth + 1)


def _weigh(rows: Rows, weights: Weights, totals: _Totals) -> None:
    """Add the parameters, those that share their bytes once."""
    try:
        storages = weights.storages()
    except ReadError:
        storages = {}  # the reader hears of it when looking at a weight
    seen: set[tuple[str, object]] = set()
    types = dict(zip(rows.value_node, rows.value_type, strict=True))
    for node, (kind, spec) in enumerate(rows.scope.inputs[: rows.first_operator]):
        if kind != "parameter" or node not in types or rows.kinds[node] != NodeKind.CONSTANT:
            continue
        key = (storages.get(spec.target, f"\0{node}"), types[node])
        if key not in seen:
            seen.add(key)
            totals.n_parameters += types[node].n_elements or 0
            totals.n_bytes += types[node].n_bytes or 0


def _note_version(program: Program, notes: Notes) -> None:
    if program.schema_version.major > KNOWN_MAJOR:
        version = f"{program.schema_version.major}.{program.schema_version.minor}"
        notes.add("guessed", "The schema is newer than Opscope knows; parts may be lost", version)


def _metadata(program: Program, model: str) -> Facts:
    """Return what the file says of one program."""
    version = program.schema_version
    opsets = ", ".join(f"{k} {v}" for k, v in list(program.opset_version.items())[:MAX_FACTS])
    facts = [
        ("torch version", program.torch_version),
        ("schema version", f"{version.major}.{version.minor}"),
        ("opset", opsets),
    ]
    for symbol, bounds in list(program.range_constraints.items())[:MAX_FACTS]:
        facts.append((f"symbol {symbol}", range_text(bounds)))
    before = f"{model}: " if model else ""
    return [(cut(before + key), cut(text)) for key, text in facts if text]
