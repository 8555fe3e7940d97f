"""The arguments of `opscope serve` and of `panel serve dashboard --args ...`: one parser."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

MAX_UPLOAD_MB = 512
MAX_MEASURE_S = 900
MAX_MEASURE_MB = 8192
MAX_REPEATS = 10_000


@dataclass(frozen=True, slots=True)
class MeasureCaps:
    """What a reader of the page may ask of one measurement at most.

    Attributes
    ----------
    seconds : int
    memory_bytes : int
    repeats : int
        Timed runs.
    """

    seconds: int = MAX_MEASURE_S
    memory_bytes: int = MAX_MEASURE_MB << 20
    repeats: int = MAX_REPEATS


@dataclass(frozen=True, slots=True)
class Arguments:
    """What the server was started with.

    Attributes
    ----------
    models, node_data : tuple of Path
        Opened at the start; named by whoever started the server, so not bounded by `roots`.
    roots : tuple of Path
        Folders that a server path or `?model=` may open from.
    max_upload_bytes : int
        Of one session, over all that it holds.
    caps : MeasureCaps
    is_comparing : bool
        Whether all `models`, up to four, are shown side by side; two are in any case.
    """

    models: tuple[Path, ...]
    node_data: tuple[Path, ...]
    roots: tuple[Path, ...]
    max_upload_bytes: int
    caps: MeasureCaps = field(default_factory=MeasureCaps)
    is_comparing: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the app itself takes."""
    parser.add_argument(
        "models",
        nargs="*",
        type=Path,
        metavar="MODEL",
        help="models to open; two are shown side by side",
    )
    parser.add_argument(
        "--compare", action="store_true", help="show up to four models side by side, not two only"
    )
    parser.add_argument(
        "--node-data",
        nargs="+",
        action="extend",
        default=[],
        type=Path,
        metavar="FILE",
        help="node data for the first model: Model Explorer JSON, CSV or Parquet",
    )
    parser.add_argument(
        "--root",
        action="append",
        default=[],
        type=Path,
        metavar="DIR",
        help="folder that may be opened from in the page; may be repeated (default: this folder)",
    )
    parser.add_argument(
        "--max-upload-mb",
        type=int,
        default=MAX_UPLOAD_MB,
        metavar="N",
        help=f"largest upload in MB (default: {MAX_UPLOAD_MB})",
    )
    _add_caps(parser.add_argument_group("what a reader may ask of one measurement at most"))


def _add_caps(group: argparse._ArgumentGroup) -> None:
    caps = (
        ("--max-measure-s", MAX_MEASURE_S, "S", "seconds"),
        ("--max-measure-mb", MAX_MEASURE_MB, "MB", "memory"),
        ("--max-repeats", MAX_REPEATS, "N", "timed runs"),
    )
    for name, most, metavar, words in caps:
        group.add_argument(
            name, type=int, default=most, metavar=metavar, help=f"{words} (default: {most})"
        )


def parse(argv: Sequence[str]) -> Arguments:
    """Parse the arguments after `--args`; exits with status 2 on a wrong one."""
    parser = argparse.ArgumentParser(prog="panel serve dashboard --args")
    add_arguments(parser)
    return from_namespace(parser.parse_args(list(argv)))


def from_namespace(values: argparse.Namespace) -> Arguments:
    """Return the arguments of a parsed command line, with paths made absolute."""
    return Arguments(
        models=tuple(path.absolute() for path in values.models),
        node_data=tuple(path.absolute() for path in values.node_data),
        roots=tuple(path.resolve() for path in values.root or [Path.cwd()]),
        max_upload_bytes=max(1, values.max_upload_mb) << 20,
        caps=MeasureCaps(
            seconds=max(1, values.max_measure_s),
            memory_bytes=max(256, values.max_measure_mb) << 20,
            repeats=max(1, values.max_repeats),
        ),
        is_comparing=values.compare,
    )
