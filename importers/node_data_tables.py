"""Node data from CSV and Parquet: one row a node, one column a measure.

The column that names the node is the first whose header is one of `KEY_HEADERS`, else
the first column. Nothing is allocated before its claimed size has been checked.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

from graphs.errors import NodeDataError
from importers.node_data_rows import MAX_COLUMNS, MAX_ROWS, Cell, RawSet
from importers.notes import Notes

KEY_HEADERS = (
    "node", "node_id", "node id", "id", "key", "tensor", "tensor_name", "tensor name", "name",
    "__index_level_0__",
)  # fmt: skip
MAX_UNPACKED_BYTES = 2 << 30
_DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?")
_REPEATED = "A node has several rows; the last one counts"


def parse_csv(content: bytes, name: str) -> list[RawSet]:
    """Return the sets of a CSV file: a header, then ``node, value...``; UTF-8 or UTF-16.

    The separator is a comma, a semicolon (then a decimal comma is understood) or a tab.

    Raises
    ------
    NodeDataError
        It is not text, has no rows or no column of values, or is too large.
    """
    text = _decoded(content, name)
    first = text.lstrip().split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text.lstrip(), newline=""), delimiter=separator)
    try:
        header = next(rows, [])
        if not 2 <= len(header) <= MAX_COLUMNS:
            reason = f"it needs 2 to {MAX_COLUMNS:,} columns, node and value; it has {len(header)}"
            raise NodeDataError(name, reason)
        return _csv_sets(header, rows, name, separator)
    except csv.Error as error:
        raise NodeDataError(name, f"line {rows.line_num:,}: {error}") from error


def _csv_sets(
    header: list[str], rows: Iterator[list[str]], name: str, separator: str
) -> list[RawSet]:
    header = [cell.strip() for cell in header]
    body = list(_first(rows, MAX_ROWS, name))
    is_bare = _is_number(header[1]) and header[0].lower() not in KEY_HEADERS
    if is_bare:  # no header: the first row is data
        body.insert(0, header)
        header = ["node", *[""] * (len(header) - 1)]
    if not any(body):
        raise NodeDataError(name, "it has a header and no rows")
    key = _key_column(header)
    notes = Notes()
    if is_bare:
        notes.add("guessed", "The file has no header; the first column was taken for the node")
    keys = [row[key].strip() if len(row) > key else "" for row in body]
    _count_repeated(keys, notes)
    columns = [i for i in range(len(header)) if i != key]
    return [
        _set(header[i], keys, [_csv_cell(row, i, separator) for row in body], notes)
        for i in columns
    ]


def _csv_cell(row: list[str], column: int, separator: str) -> str | None:
    cell = row[column].strip() if column < len(row) else ""
    if separator == ";" and _DECIMAL_COMMA.fullmatch(cell):
        return cell.replace(",", ".")
    return cell or None


def parse_parquet(content: bytes, name: str) -> list[RawSet]:
    """Return the sets of a Parquet file: numbers, booleans and texts; other columns are noted.

    Raises
    ------
    NodeDataError
        It is damaged, has no column of values, or claims to be too large.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(content))
        _check_claims(file.metadata, name)
        # Dictionaries keep a text that is repeated a million times one text.
        texts = [f.name for f in file.schema_arrow if pa.types.is_string(f.type)]
        table = pq.ParquetFile(io.BytesIO(content), read_dictionary=texts).read()
        return _parquet_sets(table, name)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise NodeDataError(name, f"damaged Parquet: {error}") from error


def _check_claims(metadata: Any, name: str) -> None:
    groups = range(metadata.num_row_groups)
    size = sum(metadata.row_group(i).total_byte_size for i in groups)
    if metadata.num_rows > MAX_ROWS or size > MAX_UNPACKED_BYTES:
        raise NodeDataError(name, f"{metadata.num_rows:,} rows of {size:,} bytes are too many")
    if not 2 <= metadata.num_columns <= MAX_COLUMNS:
        raise NodeDataError(name, f"it has {metadata.num_columns:,} columns: node and value needed")


def _parquet_sets(table: Any, name: str) -> list[RawSet]:
    header = [str(column) for column in table.column_names]
    key = _key_column(header)
    keys = ["" if k is None else str(k) for k in _parquet_cells(table.column(key)) or []]
    if not keys:
        raise NodeDataError(name, f"the column {header[key]} names no nodes")
    notes = Notes()
    _count_repeated(keys, notes)
    sets = []
    for i, label in enumerate(header):
        cells = _parquet_cells(table.column(i)) if i != key else None
        if cells is not None:
            sets.append(_set(label, keys, cells, notes))
        elif i != key:
            notes.add("lost", "A column holds neither numbers nor texts and was left out", label)
    return sets


def _parquet_cells(column: Any) -> list[Cell] | None:
    """Return a column as Python values; None where its type is neither number nor text."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        cells: list[Cell] = []
        for chunk in column.chunks:
            texts = [None if t is None else str(t) for t in chunk.dictionary.to_pylist()]
            at = chunk.indices.to_pylist()
            cells += [None if i is None else texts[i] for i in at]
        return cells
    if pa.types.is_boolean(kind):
        return list(column.to_pylist())
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return [None if v is None else float(v) for v in column.to_pylist()]
    return None


def _set(label: str, keys: list[str], cells: list[Any], notes: Notes) -> RawSet:
    known = "" if label.lower() in ("value", "values") else label
    return RawSet(known, {k: c for k, c in zip(keys, cells, strict=True) if k}, notes=notes)


def _key_column(header: list[str]) -> int:
    lowered = [cell.lower() for cell in header]
    return next((lowered.index(known) for known in KEY_HEADERS if known in lowered), 0)


def _count_repeated(keys: list[str], notes: Notes) -> None:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            notes.add("lost", _REPEATED, key)
        seen.add(key)
    if "" in seen:
        notes.add("lost", "A row names no node and was left out", n_times=keys.count(""))


def _first(rows: Iterator[list[str]], limit: int, name: str) -> Iterator[list[str]]:
    for count, row in enumerate(rows):
        if count >= limit:
            raise NodeDataError(name, f"it has more than {limit:,} rows")
        if row:
            yield row


def _decoded(content: bytes, name: str) -> str:
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise NodeDataError(name, "it is neither JSON, CSV in UTF-8 nor Parquet") from error
    if "\0" in text:
        raise NodeDataError(name, "it is neither JSON, CSV nor Parquet: it holds zero bytes")
    return text


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
