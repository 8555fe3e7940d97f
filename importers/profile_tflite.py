"""TFLite's operator profile, as ``benchmark_model --enable_op_profiling`` prints or writes it.

Tables called ``Run Order`` with a row an operator, separated by tabs, or by commas with
``--op_profiling_output_mode=csv``; the format is that of
tensorflow/lite/profiling/profile_summary_formatter.cc and
tensorflow/core/util/stats_calculator.cc. A name is ``[output tensor, ...]:node id``; in CSV
its commas are tabs. Times are means over the runs, in ms. Imports only `graphs`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from graphs.errors import NodeDataError
from importers.profile_rows import LATENCY, MAX_EVENTS, Profile, ProfileRow, number

_HEADER = re.compile(rb"^[ \t]*(?:\[node type\][ \t]|node type, *(?:start, *)?first)", re.MULTILINE)
_NAME = re.compile(r"\[(.*)\](?::(\d{1,9}))?", re.DOTALL)
_LOOKED_AT = 4 << 20


def looks_like(content: bytes) -> bool:
    """Return whether a text holds such a table."""
    return _HEADER.search(content, 0, _LOOKED_AT) is not None


def parse(content: bytes, name: str) -> Profile:
    """Return a row an operator; tables of the initialization are passed over.

    Raises
    ------
    NodeDataError
        No table of operators in order of their run is in it.
    """
    text = content.decode("utf-8", "replace")
    profile = Profile((LATENCY,))
    profile.notes.add("info", "Times are means over the runs of the benchmark")
    for columns, cells in _cells(text):
        row = dict(zip(columns, cells, strict=False))
        mean_ms = _number(row.get("avg ms", ""))
        if mean_ms is None or "name" not in row:
            profile.notes.add("lost", "A row has no time or no name", " ".join(cells)[:80])
            continue
        profile.rows.append(_row(row["name"], row.get("node type", ""), mean_ms))
        if len(profile.rows) > MAX_EVENTS:
            raise NodeDataError(name, f"it has more than {MAX_EVENTS:,} rows")
    if not profile.rows:
        raise NodeDataError(name, "it has no table of operators in the order of their run")
    return profile


def _row(written: str, op_type: str, mean_ms: float) -> ProfileRow:
    found = _NAME.fullmatch(written)
    inner = found.group(1) if found else written
    outputs = [one.strip() for one in re.split(r",|\t", inner) if one.strip()]
    operator = int(found.group(2)) if found and found.group(2) else -1
    parts = tuple((one,) for one in outputs) if len(outputs) > 1 else ()
    names = (inner,) if parts else (inner, *outputs)
    return ProfileRow(written, (mean_ms,), names, parts, op_type, operator)


def _cells(text: str) -> Iterator[tuple[list[str], list[str]]]:
    """Yield header and cells of each row of each table of operators in order of their run."""
    columns: list[str] = []
    separator = "\t"
    is_wanted, is_initialization = False, False
    for line in text.splitlines():
        lowered = line.lower()
        if "profiling info" in lowered:
            is_initialization = "initialization" in lowered
        elif line.startswith("==="):
            is_wanted = "run order" in lowered and not is_initialization
            columns = []
        elif is_wanted and not columns and "node type" in lowered:
            separator = "\t" if "[node type]" in lowered else ","
            columns = [_column(cell) for cell in line.strip().split(separator)]
        elif columns and not line.strip():
            columns = []
        elif columns:
            cells = line.strip(" ").split(separator, len(columns) - 1 + line.startswith("\t"))
            yield columns, [cell.strip() for cell in cells][int(line.startswith("\t")) :]


def _column(written: str) -> str:
    return written.strip().strip("[]").replace("_", " ").lower()


def _number(cell: str) -> float | None:
    try:
        return number(float(cell))
    except ValueError:
        return None
