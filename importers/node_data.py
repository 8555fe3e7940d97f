"""Node data files: Model Explorer's JSON, CSV, Parquet and profiles, matched to a model's nodes.

A file is told by its content. Profiles find their nodes in `importers.profile_match`; each other
key is looked up as a node id first, then as the
name of an output tensor. Nothing is dropped silently: keys that no node bears are in
`NodeData.unmatched`, everything else that was left out or guessed in `NodeData.notes`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphs.errors import NodeDataError
from graphs.ir import Model
from graphs.node_data import Aggregation, NodeData
from importers.json_bytes import GZIP
from importers.measure_kinds import Kind, kind_of, split_unit
from importers.node_data_json import json_sets, load_json, write_node_data_json
from importers.node_data_lookup import Lookup
from importers.node_data_rows import Cell, RawSet
from importers.node_data_tables import parse_csv, parse_parquet
from importers.notes import Notes
from importers.profile_match import profile_sets
from importers.profiles import profile_of_json, profile_of_text

__all__ = ["MAX_FILE_BYTES", "read_node_data", "with_unique_names", "write_node_data_json"]

MAX_FILE_BYTES = 512 << 20
_FOLDS: dict[Aggregation, Callable[[Sequence[float]], float]] = {
    "sum": sum,
    "max": max,
    "min": min,
    "mean": lambda held: sum(held) / len(held),
}


def read_node_data(source: Path | str | bytes, name: str, model: Model) -> list[NodeData]:
    """Read every set of a file for the graphs of a model.

    Parameters
    ----------
    source : path or bytes
    name : str
        What the reader calls the file; the source of the sets, and the measure's name
        where the file gives none.
    model : Model

    Returns
    -------
    list of NodeData
        At least one; for each measure one set a graph in which some key matches.

    Raises
    ------
    NodeDataError
        The file cannot be read, is none of the formats, is larger than
        `MAX_FILE_BYTES`, or no key of it matches the model.
    """
    raw_sets = _parse(_content(source, name), name, model)
    lookups = [Lookup(graph) for graph in model.graphs]
    found = [one for raw in raw_sets for one in _matched(raw, lookups, name)]
    if all(np.isnan(one.values).all() and not one.node_rgba for one in found):
        keys = [key for raw in raw_sets for key in raw.cells]
        reason = "it holds no value for a node of this model"
        if keys:
            reason += f"; its {len(keys):,} keys are like: {', '.join(keys[:3])}"
        raise NodeDataError(name, reason)
    return with_unique_names(found)


def with_unique_names(
    sets: Iterable[NodeData], existing: Iterable[NodeData] = ()
) -> list[NodeData]:
    """Return `sets` with names that neither each other nor `existing` bear in their graph.

    The second ``latency`` becomes ``latency (2)``: as many sets may be loaded as one likes.
    """
    taken = {(one.graph_id, one.name) for one in existing}
    result = []
    for one in sets:
        name, count = one.name, 1
        while (one.graph_id, name) in taken:
            count += 1
            name = f"{one.name} ({count})"
        taken.add((one.graph_id, name))
        result.append(one if name == one.name else replace(one, name=name))
    return result


def _content(source: Path | str | bytes, name: str) -> bytes:
    if isinstance(source, bytes):
        _check_size(len(source), name)
        return source
    path = Path(source)
    try:
        if not path.is_file():
            raise NodeDataError(name, "there is no such file")
        _check_size(path.stat().st_size, name)
        return path.read_bytes()
    except OSError as error:
        raise NodeDataError(name, error.strerror or "it cannot be read") from error


def _check_size(size: int, name: str) -> None:
    if size > MAX_FILE_BYTES:
        raise NodeDataError(name, f"it has {size:,} bytes; the limit is {MAX_FILE_BYTES:,}")


def _parse(content: bytes, name: str, model: Model) -> list[RawSet]:
    if content[:4] == b"PAR1":
        return parse_parquet(content, name)
    begin = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not begin:
        raise NodeDataError(name, "it is empty")
    if begin[:1] in (b"{", b"[") or content[:2] == GZIP:
        top = load_json(content, name)
        profile = profile_of_json(top, name)
        return json_sets(top, name) if profile is None else profile_sets(profile, model)
    profile = profile_of_text(content, name)
    return parse_csv(content, name) if profile is None else profile_sets(profile, model)


def _matched(raw: RawSet, lookups: list[Lookup], source: str) -> list[NodeData]:
    """Return a set for each graph in which a key matches; for the first graph if in none."""
    named = [one for one in lookups if raw.graph in (one.graph.id, one.graph.title)]
    if raw.graph is not None and not named:
        raw.notes.add("guessed", "The file names a graph that the model does not have", raw.graph)
    candidates = named or lookups
    unmatched = tuple(k for k in raw.cells if not any(one.knows(k) for one in candidates))
    hit = [one for one in candidates if any(one.knows(key) for key in raw.cells)]
    numbers, categories = _numbers(raw.cells, raw.notes)
    sets = [_node_data(one, raw, numbers, categories, source) for one in hit or candidates[:1]]
    return [replace(one, unmatched=unmatched) for one in sets]


def _node_data(
    lookup: Lookup,
    raw: RawSet,
    numbers: dict[str, float],
    categories: tuple[str, ...],
    source: str,
) -> NodeData:
    name, unit = split_unit(raw.label or _stem(source))
    kind = Kind(()) if categories else kind_of(name, unit)
    notes = Notes()
    return NodeData(
        name=name or "value",
        unit=unit,
        source=source,
        graph_id=lookup.graph.id,
        values=_values(lookup, numbers, kind, notes),
        aggregations=kind.aggregations,
        is_higher_worse=kind.is_higher_worse,
        categories=categories,
        thresholds=raw.thresholds,
        gradient=raw.gradient,
        node_rgba=_colors(lookup, raw),
        notes=(*raw.notes.all(), *notes.all()),
    )


def _stem(source: str) -> str:
    """Return a measure's name from a file's: ``latency_us.nodedata.json`` is ``latency_us``."""
    stem = Path(source.replace("\\", "/")).name
    for ending in (".json", ".csv", ".tsv", ".txt", ".parquet", ".nodedata", ".node_data"):
        if stem.lower().endswith(ending):
            stem = stem[: -len(ending)]
    return stem or "value"


def _numbers(cells: dict[str, Cell], notes: Notes) -> tuple[dict[str, float], tuple[str, ...]]:
    """Return the value of each key that has one, and the labels where the values are labels.

    Values are numbers where at least half of them read as numbers.
    """
    read: dict[str, float] = {}
    texts: dict[str, str] = {}
    for key, cell in cells.items():
        number = _number(cell)
        if number is not None:
            read[key] = number
        elif cell is not None and cell != "":
            texts[key] = str(cell).lower() if isinstance(cell, bool) else str(cell)
        else:
            notes.add("info", "A key has no value", key)
    if texts and len(texts) > len(read):
        texts |= {key: f"{number:.15g}" for key, number in read.items()}
        labels = tuple(sorted(set(texts.values())))
        code = {label: float(i) for i, label in enumerate(labels)}
        return {key: code[text] for key, text in texts.items()}, labels
    for key, text in texts.items():
        notes.add("lost", "A value is not a number and was left out", f"{key}: {text[:40]}")
    finite = {key: number for key, number in read.items() if math.isfinite(number)}
    for key in [key for key in read if key not in finite]:
        notes.add("lost", "A value is not finite and was left out", f"{key}: {read[key]}")
    return finite, ()


def _number(cell: Cell) -> float | None:
    if isinstance(cell, bool) or cell is None:
        return None
    try:
        return float(cell)
    except ValueError:
        return None


def _values(
    lookup: Lookup, numbers: dict[str, float], kind: Kind, notes: Notes
) -> NDArray[np.float64]:
    """Place the values: a key that is a node's id wins over the names of its tensors.

    Several tensors of one node are folded as the measure aggregates.
    """
    values = np.full(lookup.graph.n_nodes, np.nan)
    of_tensors: dict[int, list[float]] = {}
    for key, number in numbers.items():
        row = lookup.of_id.get(key)
        if row is not None:
            values[row] = number
        elif (row := lookup.of_tensor.get(key)) is not None:
            of_tensors.setdefault(row, []).append(number)
    how = kind.aggregations[0] if kind.aggregations else None
    for row, held in of_tensors.items():
        id = lookup.graph.node_ids[row]
        if not math.isnan(values[row]):
            notes.add("lost", "A node has a value by its id and by a tensor; the first counts", id)
            continue
        folded = _FOLDS[how](held) if how else held[0]
        if not math.isfinite(folded):
            notes.add("lost", "The values of a node's tensors add up to no finite number", id)
            continue
        values[row] = folded
        if len(held) > 1:
            message = f"A node has values for several tensors; shown is their {how or 'first'}"
            notes.add("guessed", message, id)
    return values


def _colors(lookup: Lookup, raw: RawSet) -> dict[int, tuple[int, int, int, int]]:
    rows = {key: lookup.of_id.get(key, lookup.of_tensor.get(key, -1)) for key in raw.colors}
    return {row: raw.colors[key] for key, row in rows.items() if row >= 0}
