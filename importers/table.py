"""The table of formats as Markdown, and its place in the README.

    python -m importers.table            print it
    python -m importers.table --write    put it into the README of this checkout

Only our own formats are in it: what plugins bring differs from one installation to the next.
"""

from __future__ import annotations

import sys
from pathlib import Path

from importers.objects import OBJECT_READERS
from importers.registry import FORMATS, Format

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN = "<!-- formats: made by python -m importers.table --write -->"
END = "<!-- end of formats -->"


def table() -> str:
    """Return the formats and the objects that Opscope opens, as two Markdown tables."""
    lines = ["| format | files | needs | what is kept |", "| --- | --- | --- | --- |"]
    lines += [_row(row) for row in sorted(FORMATS, key=lambda row: row.name.lower())]
    lines += [
        "",
        "In Python, `importers.read` also takes objects of a framework that is imported:",
        "",
    ]
    frameworks: dict[str, list[str]] = {}
    for row in OBJECT_READERS:
        frameworks.setdefault(row.framework, []).append(row.accepts)
    lines += [f"- {name}: {'; '.join(accepts)}" for name, accepts in frameworks.items()]
    return "\n".join(lines)


def with_table(readme: str) -> str:
    """Return a README with the table between its two marks.

    Raises
    ------
    ValueError
        A mark is missing.
    """
    before, begin, rest = readme.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the README lacks {BEGIN} or {END}")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def _row(row: Format) -> str:
    files = ", ".join(f"`{one}`" for one in row.extensions)
    needs = f"`opscope[{row.extra}]`" if row.extra else ""
    return f"| {row.name} | {files} | {needs} | {row.keeps} |"


def main(arguments: list[str]) -> None:
    """Print the table, or write it into the README."""
    if arguments == ["--write"]:
        README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(table())


if __name__ == "__main__":
    main(sys.argv[1:])
