"""Read a serialised `HloModuleProto`, alone or in an `HloProto`, from its bytes.

Messages: https://github.com/openxla/xla/blob/main/xla/service/hlo.proto and
https://github.com/openxla/xla/blob/main/xla/xla_data.proto

Instructions become the same columns as those of the text (`hlo_text`), shapes
written as the text would; the rest stays in the bytes (`hlo_proto_source`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from graphs.errors import DamagedSource
from graphs.ir import Facts, Model
from importers.fact_text import cut
from importers.hlo_graph import build_graphs
from importers.hlo_proto_source import ProtoSource, ShapeReader, StackFrames
from importers.hlo_text import FORMAT, Computation
from importers.notes import Notes
from importers.protobuf_wire import LENGTH, BrokenWire, Field, fields, numbers, signed, text, varint

_OPCODE = re.compile(r"[a-z][a-z0-9\-]*\Z")
MAX_NAME_BYTES = 1000


def looks_like_module(head: bytes) -> bool:
    """Return whether the start of a file fits `HloModuleProto`, or one in an `HloProto`.

    A name, the entry's name, and a computation whose first instruction has an
    opcode; TensorFlow's graphs share the first fields, but not these.
    """
    if _begins_as_module(head, 0):
        return True
    inner = _content(head, 0, 1)
    return inner is not None and _begins_as_module(head, inner[0])


def _begins_as_module(head: bytes, at: int) -> bool:
    name = _name(head, at, 1)
    entry = _name(head, name[1], 2) if name else None
    body = _content(head, entry[1], 3) if entry else None
    own = _name(head, body[0], 1) if body else None
    instruction = _content(head, own[1], 2) if own else None
    called = _name(head, instruction[0], 1) if instruction else None
    opcode = _name(head, called[1], 2) if called else None
    return opcode is not None and _OPCODE.match(opcode[0]) is not None


def _content(head: bytes, at: int, number: int) -> tuple[int, int] | None:
    """Return where the content of the field `number` lies, if that field is at `at`."""
    if not 0 <= at < len(head) or head[at] != number << 3 | LENGTH:
        return None
    try:
        length, start = varint(head, at + 1, len(head))
    except BrokenWire:
        return None
    return start, start + length


def _name(head: bytes, at: int, number: int) -> tuple[str, int] | None:
    """Return the name in the field `number`, if that is at `at`, and where it ends."""
    found = _content(head, at, number)
    if found is None or not 0 < found[1] - found[0] <= MAX_NAME_BYTES or found[1] > len(head):
        return None
    name = head[found[0] : found[1]].decode("latin-1")
    return (name, found[1]) if name.isascii() and name.isprintable() else None


@dataclass(slots=True)
class _Module:
    """What the module's own fields hold."""

    name: str = ""
    entry: str = ""
    entry_id: int = -1
    bodies: list[tuple[int, int]] = field(default_factory=list)
    frames: tuple[int, int] = (0, 0)


def read_module(name: str, data: bytes, notes: Notes) -> Model:
    """Return the model of a serialised module.

    Raises
    ------
    DamagedSource
        The bytes are cut, corrupt, or hold no computation.
    """
    from importers.hlo import count_constants

    try:
        start = 0 if _begins_as_module(data[:4096], 0) else -1
        module = _module(data, *_module_span(data) if start else (0, len(data)))
        computations, spans, titles = _computations(data, module)
    except BrokenWire as error:
        offset = error.args[0] if error.args else None
        reason = "a field leaves its message"
        raise DamagedSource(name, reason, format=FORMAT, offset=offset) from error
    if not computations:
        raise DamagedSource(name, "it holds no computation", format=FORMAT)
    frames = StackFrames(data, *module.frames)
    sources = {id(one): span for one, span in zip(computations, spans, strict=True)}
    graphs = build_graphs(
        computations,
        titles,
        lambda one, _n: ProtoSource(one, data, sources[id(one)], frames, name),
        name,
        notes,
    )
    n_parameters, n_bytes = count_constants(graphs, notes)
    facts: Facts = [("module", cut(module.name)), ("entry computation", cut(module.entry))]
    return Model(name, FORMAT, "", graphs, facts, notes.all(), n_parameters, n_bytes)


def _module_span(data: bytes) -> tuple[int, int]:
    """Return where the module of an `HloProto` lies."""
    for number, wire_type, at, end in fields(data, 0, len(data)):
        if number == 1 and wire_type == LENGTH:
            return at, end
    return 0, 0


def _module(data: bytes, start: int, end: int) -> _Module:
    module = _Module()
    for found in fields(data, start, end):
        number, wire_type, at, stop = found
        if number == 1:
            module.name = text(data, found)
        elif number == 2:
            module.entry = text(data, found)
        elif number == 3 and wire_type == LENGTH:
            module.bodies.append((at, stop))
        elif number == 6:
            module.entry_id = at
        elif number == 17 and wire_type == LENGTH:
            module.frames = (at, stop)
    return module


@dataclass(slots=True)
class _Body:
    """A computation while ids are not yet names."""

    computation: Computation
    spans: list[tuple[int, int]] = field(default_factory=list)
    id: int = -1
    root_id: int = -1
    ids: list[int] = field(default_factory=list)
    operands: list[list[int]] = field(default_factory=list)
    control: dict[int, list[int]] = field(default_factory=dict)
    calls: dict[int, list[int]] = field(default_factory=dict)
    fusions: dict[int, str] = field(default_factory=dict)


def _computations(
    data: bytes, module: _Module
) -> tuple[list[Computation], list[list[tuple[int, int]]], dict[str, str]]:
    """Return the computations, where their instructions lie, and titles of fusions."""
    shapes = ShapeReader(data)
    bodies = [_body(data, at, end, shapes) for at, end in module.bodies]
    names = {body.id: body.computation.name for body in bodies}
    titles: dict[str, str] = {}
    for body in bodies:
        own, computation = body.ids, body.computation
        name_of = dict(zip(own, computation.names, strict=True))
        computation.is_entry = (
            body.id == module.entry_id if module.entry_id >= 0 else computation.name == module.entry
        )
        computation.operands = [[name_of.get(i, f"#{i}") for i in ids] for ids in body.operands]
        computation.control = {
            row: [name_of.get(i, f"#{i}") for i in ids] for row, ids in body.control.items()
        }
        computation.calls = {
            row: [names.get(i, f"#{i}") for i in ids] for row, ids in body.calls.items()
        }
        for row, called in computation.calls.items():
            if computation.opcodes[row] == "while":  # stored body first, written condition first
                called.reverse()
        if body.root_id in name_of:
            computation.root = own.index(body.root_id)
        for row, kind in body.fusions.items():
            called = computation.calls.get(row, [])
            titles.update((one, f"{one} ({kind} fusion)") for one in called)
    return [b.computation for b in bodies], [b.spans for b in bodies], titles


def _body(data: bytes, start: int, end: int, shapes: ShapeReader) -> _Body:
    body = _Body(Computation(""))
    for found in fields(data, start, end):
        number, wire_type, at, stop = found
        if number == 1:
            body.computation.name = text(data, found)
        elif number == 2 and wire_type == LENGTH:
            _add_instruction(data, at, stop, body, shapes)
        elif number == 5:
            body.id = at
        elif number == 6:
            body.root_id = at
    return body


def _add_instruction(data: bytes, start: int, end: int, body: _Body, shapes: ShapeReader) -> None:
    row = len(body.ids)
    said = {1: "", 2: "", 11: ""}
    shape = op_name = inner = ""
    own_id = -1 - row
    operands: list[int] = []
    for found in fields(data, start, end):
        number, _wire_type, at, stop = found
        if number in said:
            said[number] = text(data, found)
        elif number == 3:
            shape = shapes.text(at, stop)
        elif number == 7:
            op_name = _op_name(data, found)
        elif number == 9:
            inner = str(signed(at))
        elif number == 35:
            own_id = at
        elif number == 36:
            operands += numbers(data, found)
        elif number == 37:
            body.control.setdefault(row, []).extend(numbers(data, found))
        elif number == 38:
            body.calls.setdefault(row, []).extend(numbers(data, found))
    if said[11]:
        body.fusions[row] = said[11]
    one = body.computation
    one.names.append(said[1] or f"instruction.{row}")
    one.opcodes.append(said[2])
    one.shapes.append(shape)
    one.op_names.append(op_name)
    is_parameter = said[2] == "parameter"
    one.inner.append((inner or "0") if is_parameter else "")  # zero is not written
    one.details.append("")
    body.ids.append(own_id)
    body.operands.append(operands)
    body.spans.append((start, end))


def _op_name(data: bytes, metadata: Field) -> str:
    if metadata[1] != LENGTH:
        return ""
    for found in fields(data, metadata[2], metadata[3]):
        if found[0] == 2:
            return text(data, found)
    return ""
