"""Run the benchmarks: ``python -m benchmarks [--corpus DIR] [--write FILE] [NAME...]``.

Every module beside this one that has ``run() -> list[Row]`` is a benchmark; a NAME
chooses modules by the beginning of their names. Prints a table. With a folder of
real models some measure these too. ``--write`` puts the rows into a Markdown file,
between its two marks. Exits with 1 where a number is over its budget, or a
benchmark fails. (``./run bench``)
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
import time
import tomllib
import traceback
from collections.abc import Iterator
from pathlib import Path

from benchmarks.rows import Row

HERE = Path(__file__).parent
NO_BENCHMARKS = {"__main__", "rows"}


def module_names(chosen: list[str]) -> list[str]:
    """Return the benchmark modules whose names begin with one of `chosen`; all if none is."""
    found = sorted(m.name for m in pkgutil.iter_modules([str(HERE)]) if m.name not in NO_BENCHMARKS)
    return [name for name in found if not chosen or name.startswith(tuple(chosen))]


def budgets() -> dict[str, float]:
    """Return the limit of each row name, from `budgets.toml`."""
    with (HERE / "budgets.toml").open("rb") as file:
        return {name: float(entry["limit"]) for name, entry in tomllib.load(file).items()}


def line(row: Row, limits: dict[str, float]) -> tuple[str, bool]:
    """Return the table line of a row, and whether it keeps its budget (as one without does)."""
    limit = limits.get(row.name) if row.limit is None else row.limit
    is_kept = limit is None or row.value <= limit
    verdict = "" if limit is None else ("ok" if is_kept else "OVER")
    bound = "" if limit is None else f"{limit:,.6g}"
    text = f"{row.name:<52} {row.value:>12,.4g} {row.unit:<3} {bound:>9} {verdict:<5} {row.rival}"
    return text.rstrip(), is_kept


def rows_of(name: str) -> Iterator[Row | None]:
    """Yield the rows of one benchmark module; None where it failed, with its traceback printed.

    A module without `run` serves others and yields nothing.
    """
    try:
        module = importlib.import_module(f"benchmarks.{name}")
        if hasattr(module, "run"):
            yield from module.run()
    except Exception:
        traceback.print_exc()
        yield None


BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"


def write(path: Path, rows: list[Row], limits: dict[str, float]) -> None:
    """Put the rows as a table between the marks of a Markdown file."""
    lines = ["| what | measured | must not exceed | beside |", "| --- | --- | --- | --- |"]
    for row in rows:
        limit = limits.get(row.name) if row.limit is None else row.limit
        bound = "" if limit is None else f"{limit:,.4g} {row.unit}"
        name = row.name.removeprefix("layout: ")
        lines.append(f"| {name} | {row.value:,.3g} {row.unit} | {bound} | {row.rival} |")
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    table = "\n".join(lines)
    path.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


def main(argv: list[str]) -> int:
    """Run the chosen benchmarks and return the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--corpus", help="folder of real models")
    parser.add_argument("--write", type=Path, metavar="FILE", help="Markdown file with two marks")
    values = parser.parse_args(argv)
    if values.corpus:
        os.environ["OPSCOPE_CORPUS"] = values.corpus
    chosen: list[str] = values.names
    names = module_names(chosen)
    if not names:
        print(f"no benchmark begins with {', '.join(chosen) or 'anything'}", file=sys.stderr)
        return 2
    limits, all_kept, measured = budgets(), True, []
    unmeasured = set() if chosen else set(limits)
    print(f"{'what':<52} {'value':>12}     {'budget':>9}")
    for name in names:
        start, n_rows = time.perf_counter(), 0
        for row in rows_of(name):
            text, is_kept = line(row, limits) if row else (f"{name}: FAILED", False)
            print(text, flush=True)
            all_kept &= is_kept
            measured += [row] if row else []
            n_rows += 1
            unmeasured.discard(row.name if row else "")
        if n_rows:
            print(f"  ({name}: {time.perf_counter() - start:.1f} s)", flush=True)
    if values.write:
        write(values.write, measured, limits)
    for name in sorted(unmeasured):
        print(f"{name:<52} NOT MEASURED")
    return 0 if all_kept and not unmeasured else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
