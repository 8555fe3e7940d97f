"""`opscope compare`: where two models differ. The JSON is a public contract.

Reads the files, lets `graphs.match` pair them, and says what came out. Imports no Panel.
"""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import importers
from graphs.errors import DamagedSource, ReadError, quoted
from graphs.match import match_models
from graphs.match_mapping import MappingFault, from_mapping, to_mapping
from graphs.match_types import DEFAULT_OPTIONS, Matching, MatchOptions, Pair
from importers.base import make_probe
from importers.json_bytes import parse_json, write_json

Report = dict[str, Any]
MAPPING = "Model Explorer mapping"
MAX_LINES = 200  # of differences shown to a reader; the JSON has all
OTHER_GRAPH = "::"  # between the id of a graph that is not the first and that of its node


def compare(a: Path, b: Path, mapping: Path | None = None) -> tuple[Matching, float]:
    """Return how two model files correspond, and the seconds that matching took.

    Raises
    ------
    graphs.errors.ReadError
        A model or the mapping cannot be read.
    """
    options = DEFAULT_OPTIONS if mapping is None else read_mapping(mapping)
    model_a, model_b = importers.read(a), importers.read(b)
    start = time.perf_counter()
    matching = match_models(model_a, model_b, options)
    return matching, time.perf_counter() - start


def read_mapping(path: Path) -> MatchOptions:
    """Return the options that a mapping file asks for.

    Raises
    ------
    graphs.errors.ReadError
        There is no such file, or it is no mapping.
    """
    probe = make_probe(path)
    try:
        fixed, is_id_fallback = from_mapping(parse_json(probe, MAPPING))
    except MappingFault as error:
        raise DamagedSource(probe.name, str(error), format=MAPPING) from error
    return replace(DEFAULT_OPTIONS, fixed=fixed, is_id_fallback=is_id_fallback)


def write_mapping(matching: Matching, path: Path) -> None:
    """Keep the pairs in a file that Model Explorer and `read_mapping` read.

    Raises
    ------
    graphs.errors.ReadError
        It cannot be written.
    """
    try:
        write_json(to_mapping(matching), path)
    except OSError as error:
        raise ReadError(str(path), f"it cannot be written: {error.strerror}") from error


def to_json(matching: Matching, seconds: float) -> Report:
    """Return the report.

    Returns
    -------
    dict
        ``counts`` by kind, ``pairs`` (``a``, ``b``, ``kind``, ``why``, ``confidence``,
        ``changes``), ``same_weights`` (None where unknown), ``seconds``. A node of a graph
        that is not the model's first is named ``graph::node``.
    """
    return {
        "counts": matching.counts(),
        "pairs": [
            {
                "a": _ids(pair.a, pair.a_graph, matching.a[0].id),
                "b": _ids(pair.b, pair.b_graph, matching.b[0].id),
                "kind": pair.kind,
                "why": pair.why,
                "confidence": pair.confidence,
                "changes": [asdict(change) for change in pair.changes],
            }
            for pair in matching.pairs
        ],
        "same_weights": matching.same_weights,
        "seconds": round(seconds, 4),
    }


def _ids(ids: tuple[str, ...], graph: str, first: str) -> list[str]:
    return list(ids) if graph == first else [f"{graph}{OTHER_GRAPH}{id}" for id in ids]


def to_text(matching: Matching, seconds: float) -> str:
    """Return counts and differences for a reader; text from the files is cut to its line."""
    counts = matching.counts()
    weights = {True: "the same weights", False: "other weights", None: "weights not compared"}
    lines = [
        ", ".join(f"{n:,} {kind}" for kind, n in counts.items()),
        f"{weights[matching.same_weights]}; matched in {seconds:.2f} s",
    ]
    lines += [f"note: {quoted(text)}" for text in matching.ignored[:20]]
    different = [pair for pair in matching.pairs if pair.kind != "equal"]
    lines += [_line(pair) for pair in different[:MAX_LINES]]
    if len(different) > MAX_LINES:
        lines.append(f"… and {len(different) - MAX_LINES:,} more; --json lists all")
    return "\n".join(lines)


def _line(pair: Pair) -> str:
    ends = [_end(ids) for ids in (pair.a, pair.b) if ids]
    said = "; ".join(
        f"{change.what} {change.name}".strip() + f": {change.a or '-'} → {change.b or '-'}"
        for change in pair.changes[:4]
    )
    same = len(ends) == 2 and ends[0] == ends[1]
    text = f"{pair.kind:<8} {ends[0] if same else ' ↔ '.join(ends)}"
    return quoted(f"{text}  ({said})" if said else text)


def _end(ids: tuple[str, ...]) -> str:
    more = f" (+{len(ids) - 1})" if len(ids) > 1 else ""
    return quoted(ids[0], 70) + more
