"""Options of TFLite operators, decoded by the tables of `tflite_schema`, and the graphs they call.

One generic decoder for all option tables: a field that is absent shows its
default. Imports no framework.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from graphs.errors import ReadError
from graphs.ir import Facts
from importers.tflite_bytes import FlatFile, Table
from importers.tflite_flexbuffers import flexbuffer_facts
from importers.tflite_schema import ENUMS, OPTIONS_2_TEXT, OPTIONS_TEXT
from importers.tflite_schema import OperatorSlot as Op

MAX_VALUE_CHARS = 4096
MAX_HEX_BYTES = 256
MAX_SHOWN_ITEMS = 1000


@dataclass(frozen=True, slots=True)
class OptionField:
    """One field of an option table.

    Attributes
    ----------
    slot : int
    name : str
    kind : str
        A key of `tflite_bytes.SCALARS`, or ``"str"``.
    is_vector : bool
    meaning : str
        A key of `tflite_schema.ENUMS`, ``"graph"``, ``"flex"`` or empty.
    default : int or None
        None where an absent field says nothing.
    """

    slot: int
    name: str
    kind: str
    is_vector: bool
    meaning: str
    default: int | None


@cache
def option_tables(union: int) -> dict[int, tuple[OptionField, ...]]:
    """Return the fields of each option table of union 1 (BuiltinOptions) or 2 (BuiltinOptions2)."""
    tables: dict[int, tuple[OptionField, ...]] = {}
    text = OPTIONS_TEXT if union == 1 else OPTIONS_2_TEXT
    for entry in text.replace("\n  ", " ").strip().splitlines():
        number, _name, *fields = entry.split()
        tables[int(number)] = tuple(
            _field(slot, field) for slot, field in enumerate(fields) if field != "-"
        )
    return tables


def _field(slot: int, text: str) -> OptionField:
    name, rest = text.split(":")
    rest, _, default = rest.partition("=")
    kind, _, meaning = rest.partition("/")
    is_vector = kind.startswith("[")
    stated = None if default == "?" else int(default or 0)
    return OptionField(slot, name, kind.strip("[]"), is_vector, meaning, stated)


def _options(operator: Table) -> list[tuple[Table | None, tuple[OptionField, ...]]]:
    found = []
    unions = ((1, Op.OPTIONS_TYPE, Op.OPTIONS), (2, Op.OPTIONS_2_TYPE, Op.OPTIONS_2))
    for union, type_slot, slot in unions:
        fields = option_tables(union).get(int(operator.scalar(type_slot, "u1")))
        if fields:
            found.append((operator.table(slot), fields))
    return found


def called_graphs(operator: Table) -> list[int]:
    """Return the indices of the subgraphs that an operator calls, as the file states them."""
    calls: list[int] = []
    for table, fields in _options(operator):
        for field in fields:
            if field.meaning == "graph" and table is not None:
                if field.is_vector:
                    calls.extend(table.i32s(field.slot))
                else:
                    calls.append(int(table.scalar(field.slot, field.kind, field.default or 0)))
    return calls


def option_facts(operator: Table, graph_ids: tuple[str, ...]) -> Facts:
    """Return the built-in and custom options of an operator as text.

    Parameters
    ----------
    operator : Table
        A table Operator.
    graph_ids : tuple of str
        Id of each subgraph, to name those that are called.
    """
    facts: Facts = []
    for table, fields in _options(operator):
        for field in fields:
            if field.meaning == "flex":
                facts.extend(_flex(table.raw(field.slot) if table else b"", f"{field.name}."))
            elif field.default is not None or (table and table.field(field.slot)):
                facts.append((field.name, _text(table, field, graph_ids)[:MAX_VALUE_CHARS]))
    return facts + _custom(operator)


def _text(table: Table | None, field: OptionField, graph_ids: tuple[str, ...]) -> str:
    if field.kind == "str":
        return table.raw(field.slot).decode("utf-8", "replace") if table else ""
    if not field.is_vector:
        default = field.default or 0
        number = table.scalar(field.slot, field.kind, default) if table else default
        return _shown(number, field, graph_ids)
    numbers = table.numbers(field.slot, field.kind) if table else ()
    cut = ", …" if len(numbers) > MAX_SHOWN_ITEMS else ""
    shown = (_shown(n, field, graph_ids) for n in numbers[:MAX_SHOWN_ITEMS])
    return "[" + ", ".join(shown) + cut + "]"


def _shown(number: float, field: OptionField, graph_ids: tuple[str, ...]) -> str:
    if field.kind == "b1":
        return "true" if number else "false"
    if field.kind.startswith("f"):
        return f"{number:.6g}"
    code = int(number)
    names = graph_ids if field.meaning == "graph" else ENUMS.get(field.meaning, ())
    return names[code] if 0 <= code < len(names) else str(code)


def _custom(operator: Table) -> Facts:
    data = operator.raw(Op.CUSTOM_OPTIONS)
    if data:
        return _flex(data, "")
    size = int(operator.scalar(Op.LARGE_OPTIONS_SIZE, "u8"))
    if size <= 1:  # 1 marks an offset that was never filled in
        return []
    return _large(operator.file, int(operator.scalar(Op.LARGE_OPTIONS_OFFSET, "u8")), size)


def _large(file: FlatFile, offset: int, size: int) -> Facts:
    """Return options that lie behind the FlatBuffer; only what fits a page of text is read."""
    if offset + size > file.size:
        return [("custom_options", f"{size:,} bytes that the file does not hold")]
    if size > MAX_VALUE_CHARS * 16:
        return [("custom_options", f"{size:,} bytes")]
    try:
        return _flex(file.span(offset, size), "")
    except ReadError as error:
        return [("custom_options", str(error))]


def _flex(data: bytes, prefix: str) -> Facts:
    if not data:
        return []
    facts = flexbuffer_facts(data)
    if facts is not None:
        name = prefix.rstrip(".") or "custom_options"
        return [(prefix + k if k else name, v[:MAX_VALUE_CHARS]) for k, v in facts]
    more = "…" if len(data) > MAX_HEX_BYTES else ""
    shown = f"{len(data):,} bytes: {data[:MAX_HEX_BYTES].hex(' ')}{more}"
    return [(prefix.rstrip(".") or "custom_options", shown)]
