"""TFLite files: one graph for each subgraph. The FlatBuffer is read directly, without a runtime.

Specification: https://github.com/google-ai-edge/LiteRT/blob/main/tflite/converter/schema/schema.fbs

Opening reads tables only. Weights, options and quantization parameters stay in
the file, behind `TfliteSource`. Operators have no names in this format: a node
is called by the name of its first output tensor, and belongs to the namespace
that this name states. Imports no framework.
"""

from __future__ import annotations

from graphs.ir import Facts, Graph, Model
from importers.base import Probe
from importers.naming import Namer
from importers.notes import Notes
from importers.tflite_bytes import FORMAT, FlatFile, Table
from importers.tflite_graph import Contents, GraphReader, OperatorCode
from importers.tflite_schema import CUSTOM, IDENTIFIER, OPERATORS, PLACEHOLDER, SubGraphSlot
from importers.tflite_schema import BufferSlot as Buf
from importers.tflite_schema import ModelSlot as Slot
from importers.tflite_schema import OperatorCodeSlot as Code
from importers.tflite_schema import SignatureSlot as Sig
from importers.tflite_source import Buffer

SCHEMA_VERSION = 3
MAX_METADATA_CHARS = 200
_ZIP_END = b"PK\x05\x06"
_ZIP_END_BYTES = 22 + (1 << 16)


def look(probe: Probe) -> bool:
    """Return whether the file identifier is TFLite's."""
    return probe.head[4:8] == IDENTIFIER


def read(probe: Probe, notes: Notes) -> Model:
    """Return the model.

    `Model.n_parameters` counts the elements of all constants, those that hold
    shapes and axes too, each buffer once; `Model.parameter_bytes` is what those
    buffers hold, so four-bit weights count half a byte.

    Raises
    ------
    DamagedSource
        An offset or a length leaves the file, or it holds no graph.
    """
    with FlatFile(probe) as file:
        root = Table(file, file.u32(0))
        version = root.u32(Slot.VERSION)
        if version != SCHEMA_VERSION:
            notes.add("guessed", f"Read as schema version 3, the file states {version}")
        contents = _contents(file, root, notes)
        graphs = _graphs(contents, root, notes)
        _check_length(file, contents)
        return Model(
            name=probe.name,
            format=FORMAT,
            producer=_text(root, Slot.DESCRIPTION, notes),
            graphs=graphs,
            metadata=_metadata(contents, root, notes),
            notes=notes.all(),
            n_parameters=contents.n_parameters,
            parameter_bytes=contents.parameter_bytes,
        )


def _text(table: Table, slot: int, notes: Notes) -> str:
    raw = table.raw(slot)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("utf-8", "replace")
        notes.add("damaged", "A name is not UTF-8 and was mended", text)
        return text


def _contents(file: FlatFile, root: Table, notes: Notes) -> Contents:
    """Read what all subgraphs share."""
    subgraphs = root.tables(Slot.SUBGRAPHS)
    if not subgraphs:
        raise file.damaged("it holds no graph")
    groups = [_text(group, 0, notes) for group in root.tables(Slot.EXTERNAL_GROUPS)]
    external = {}
    for table in root.tables(Slot.EXTERNAL_BUFFERS):
        group = table.u32(1)
        external[table.u32(0)] = (groups[group] if group < len(groups) else "", table)
    return Contents(
        file=file,
        codes=[_operator_code(table, notes) for table in root.tables(Slot.OPERATOR_CODES)],
        buffers=[_buffer(file, table) for table in root.tables(Slot.BUFFERS)],
        external=external,
        graph_ids=_graph_ids(subgraphs, notes),
        subgraphs=subgraphs,
        text=lambda table, slot: _text(table, slot, notes),
    )


def _graph_ids(subgraphs: list[Table], notes: Notes) -> tuple[str, ...]:
    namer = Namer(notes)
    names = [_text(table, SubGraphSlot.NAME, notes) for table in subgraphs]
    if not names[0] and "main" not in names:
        names[0] = "main"
    return tuple(namer.unique(name, "subgraph") for name in names)


def _operator_code(table: Table, notes: Notes) -> OperatorCode:
    deprecated = int(table.scalar(Code.DEPRECATED_CODE, "i1"))
    code = table.i32(Code.CODE)
    if deprecated != PLACEHOLDER:
        code = max(code, deprecated)
    version = table.i32(Code.VERSION, 1)
    if code == CUSTOM:
        return OperatorCode(_text(table, Code.CUSTOM_CODE, notes) or "CUSTOM", version)
    if 0 <= code < len(OPERATORS):
        return OperatorCode(OPERATORS[code], version)
    notes.add("guessed", "An operator is newer than this reader and shows its number", str(code))
    return OperatorCode(f"BUILTIN_{code}", version)


def _buffer(file: FlatFile, table: Table) -> Buffer:
    start, length = table.vector(Buf.DATA, 1)
    if length:
        return Buffer(start, length)
    offset = int(table.scalar(Buf.OFFSET, "u8"))
    size = int(table.scalar(Buf.SIZE, "u8"))
    if offset <= 1 or not size:  # 1 marks an offset that was never filled in
        return Buffer()
    if offset + size > file.size:
        raise file.damaged(f"weights of {size:,} bytes reach past its end", offset)
    return Buffer(offset, size, is_outside=True)


def _check_length(file: FlatFile, contents: Contents) -> None:
    """Refuse a file that was cut inside the padding of its last table.

    A FlatBuffer is a multiple of four bytes; only weights or an archive of
    associated files behind it change that.
    """
    if file.size % 4 == 0 or any(buffer.is_outside for buffer in contents.buffers):
        return
    length = min(file.size, _ZIP_END_BYTES)
    if _ZIP_END not in file.span(file.size - length, length):
        raise file.damaged(f"{file.size:,} bytes are no whole FlatBuffer")


def _graphs(contents: Contents, root: Table, notes: Notes) -> tuple[Graph, ...]:
    for signature in root.tables(Slot.SIGNATURES):
        index = signature.u32(Sig.SUBGRAPH)
        key = _text(signature, Sig.KEY, notes)
        if index >= len(contents.graph_ids):
            notes.add("damaged", "A signature names a subgraph that does not exist", key)
            continue
        names = [
            {_text(entry, 0, notes): entry.u32(1) for entry in signature.tables(slot)}
            for slot in (Sig.INPUTS, Sig.OUTPUTS)
        ]
        contents.signatures.setdefault(index, []).append((key, names[0], names[1]))
    return tuple(
        GraphReader(contents, index, notes).graph() for index in range(len(contents.graph_ids))
    )


def _metadata(contents: Contents, root: Table, notes: Notes) -> Facts:
    facts: Facts = [("schema_version", str(root.u32(Slot.VERSION)))]
    for index, signatures in contents.signatures.items():
        for key, inputs, outputs in signatures:
            shown = f"{contents.graph_ids[index]}({', '.join(inputs)}) → {', '.join(outputs)}"
            facts.append((f"signature {key}".strip(), shown[:4096]))
    for entry in root.tables(Slot.METADATA):
        at = entry.u32(1)
        held = contents.buffers[at] if at < len(contents.buffers) else Buffer()
        facts.append((_text(entry, 0, notes), _shown_bytes(contents.file, held)))
    return facts


def _shown_bytes(file: FlatFile, buffer: Buffer) -> str:
    if buffer.length <= MAX_METADATA_CHARS:
        text = file.span(buffer.start, buffer.length).rstrip(b"\0").decode("utf-8", "replace")
        if text.isprintable():
            return text
    return f"{buffer.length:,} bytes"
