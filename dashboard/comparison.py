"""`opscope compare`: where two models differ. The JSON is a public contract.

Reads the files and the mapping, lets `graphs.match` pair them; what a reader gets is in
`dashboard.comparison_text`. Imports no Panel.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any

import importers
from graphs.errors import DamagedSource, ReadError
from graphs.ir import Model
from graphs.match import match_models
from graphs.match_mapping import MappingFault, from_mapping, to_mapping
from graphs.match_tensors import WeightDifference
from graphs.match_types import DEFAULT_OPTIONS, Matching, MatchOptions
from importers.base import make_probe
from importers.json_bytes import parse_json, write_json

Report = dict[str, Any]
MAPPING = "Model Explorer mapping"
OTHER_GRAPH = "::"  # between the id of a graph that is not the first and that of its node


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Two models and how they correspond.

    Attributes
    ----------
    a, b : Model
    matching : Matching
    seconds : float
        That matching took, reading excluded.
    """

    a: Model
    b: Model
    matching: Matching
    seconds: float


def compare(a: Path, b: Path, mapping: Path | None = None) -> Comparison:
    """Return how two model files correspond.

    Raises
    ------
    graphs.errors.ReadError
        A model or the mapping cannot be read.
    """
    options = DEFAULT_OPTIONS if mapping is None else read_mapping(mapping)
    model_a, model_b = importers.read(a), importers.read(b)
    start = time.perf_counter()
    matching = match_models(model_a, model_b, options)
    return Comparison(model_a, model_b, matching, time.perf_counter() - start)


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


def is_equal_within(
    matching: Matching, weights: Iterable[WeightDifference], tolerance: float | None
) -> bool:
    """Return whether nothing but weights differs, and these by no more than a share."""
    if tolerance is None:
        return False
    return all(entry.is_within(tolerance) for entry in weights) and all(
        pair.kind == "equal"
        or (pair.kind == "changed" and {change.what for change in pair.changes} == {"weights"})
        for pair in matching.pairs
    )


def to_json(
    comparison: Comparison,
    weights: Iterable[WeightDifference] | None = None,
    tolerance: float = 0.0,
) -> Report:
    """Return the report, with an entry ``weights`` where they were compared.

    Returns
    -------
    dict
        ``counts`` by kind, ``pairs`` (``a``, ``b``, ``kind``, ``why``, ``confidence``,
        ``changes``), ``same_weights`` (None where unknown), ``seconds``. A node of a graph
        that is not the model's first is named ``graph::node``.
    """
    matching = comparison.matching
    report = {
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
        "seconds": round(comparison.seconds, 4),
    }
    if weights is not None:
        report["weights"] = [_weight(entry, matching, tolerance) for entry in weights]
    return report


def _weight(entry: WeightDifference, matching: Matching, tolerance: float) -> Report:
    """Return one entry; numbers that JSON has not are None."""
    return {
        "a": _ids((entry.a,), entry.a_graph, matching.a[0].id)[0],
        "b": _ids((entry.b,), entry.b_graph, matching.b[0].id)[0],
        "n_elements": entry.n_elements,
        "largest": entry.largest if isfinite(entry.largest) else None,
        "relative": entry.relative if isfinite(entry.relative) else None,
        "is_within": entry.is_within(tolerance),
        "axes": list(entry.axes),
        "not_compared": entry.not_compared,
    }


def _ids(ids: tuple[str, ...], graph: str, first: str) -> list[str]:
    return list(ids) if graph == first else [f"{graph}{OTHER_GRAPH}{id}" for id in ids]
