"""The manifest, the files that it names, and what was measured on them."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import importers
from importers.node_data import read_node_data
from measures.conditions import sha256
from sample_models import FOLDER, Sample, sample, samples

NAMES = [one.name for one in samples()]
MAX_BYTES = 5_000_000


def _counts(one: Sample) -> dict[str, int]:
    """Count with the format's own library."""
    return _onnx_counts(one.path) if one.format == "ONNX" else _tflite_counts(one.path)


def _onnx_counts(path: Path) -> dict[str, int]:
    import onnx

    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    constants = model.graph.initializer
    return {
        "n_operators": len(model.graph.node),
        "n_inputs": len(model.graph.input),
        "n_outputs": len(model.graph.output),
        "n_parameters": sum(int(np.prod(list(t.dims))) for t in constants),
    }


def _tflite_counts(path: Path) -> dict[str, int]:
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(path.read_bytes(), 0)
    graph = model.Subgraphs(0)
    tensors: Iterable[Any] = (graph.Tensors(i) for i in range(graph.TensorsLength()))
    constants = [t for t in tensors if model.Buffers(t.Buffer()).DataLength() > 0]
    return {
        "n_operators": graph.OperatorsLength(),
        "n_inputs": graph.InputsLength(),
        "n_outputs": graph.OutputsLength(),
        "n_parameters": sum(int(np.prod(t.ShapeAsNumpy())) for t in constants),
    }


def test_every_file_named_is_there_and_every_file_there_is_named() -> None:
    """The manifest and the folder hold the same models and node data."""
    named = {p for one in samples() for p in (one.path, *one.node_data)}
    records = {FOLDER / "node_data" / f"{one.name}.record.json" for one in samples()}
    there = {p for kind in ("onnx", "tflite", "node_data") for p in (FOLDER / kind).iterdir()}
    assert named | records == there
    assert all((FOLDER.parent / one.origin).is_file() for one in samples())


def test_the_samples_are_small() -> None:
    """All files of the samples together take less than 5 MB."""
    assert sum(p.stat().st_size for p in FOLDER.rglob("*") if p.is_file()) < MAX_BYTES


def test_names_are_unique_and_references_exist() -> None:
    """A name finds one sample; a reference is a float twin of the same format."""
    assert len(set(NAMES)) == len(NAMES)
    for one in samples():
        if one.reference:
            twin = sample(one.reference)
            assert (twin.format, twin.reference) == (one.format, "")
    with pytest.raises(KeyError):
        sample("nothing")


def test_no_entry_holds_a_key_that_nobody_reads() -> None:
    """A misspelt key would be lost in silence."""
    known = {"name", "title", "file", "format", "description", "origin", "licence", "node_data",
             "reference", "expectation"}  # fmt: skip
    rows = tomllib.loads((FOLDER / "manifest.toml").read_text(encoding="utf-8"))["sample"]
    assert all(set(row) <= known for row in rows)


@pytest.mark.parametrize("name", NAMES)
def test_counts_are_as_expected(name: str) -> None:
    """The format's own library, and our importer, count what the manifest says."""
    one = sample(name)
    assert _counts(one) == dict(one.expectation)
    model = importers.read(one.path)
    assert model.format == one.format
    assert model.graphs[0].n_operators == one.expectation["n_operators"]
    assert model.n_parameters == one.expectation["n_parameters"]


@pytest.mark.parametrize("name", NAMES)
def test_node_data_finds_every_node_that_it_names(name: str) -> None:
    """No row is left over; latency covers every operator."""
    one = sample(name)
    model = importers.read(one.path)
    for file in one.node_data:
        (data,) = read_node_data(file, file.name, model)
        n_values = np.count_nonzero(~np.isnan(data.values))
        assert data.unmatched == (), file
        assert n_values > 0
        if data.name == "latency":
            assert data.unit == "ms"
            assert n_values == one.expectation["n_operators"]


@pytest.mark.parametrize("name", NAMES)
def test_node_data_was_measured_on_this_very_file(name: str) -> None:
    """The record names the model by its hash, and says with what it was measured."""
    one = sample(name)
    record = json.loads((FOLDER / "node_data" / f"{name}.record.json").read_text())
    kinds = [k for k in ("latency", "quantization_error") if k in record]
    assert kinds == (["latency", "quantization_error"] if one.reference else ["latency"])
    for kind in kinds:
        told = record[kind]
        assert told["model_sha256"] == sha256(one.path)
        assert told["cpu"]
        assert told["versions"]
        assert told["settings"]["n_threads"] >= 1
        assert told["inputs_sha256"]
        assert told["date"].startswith("20")
    assert abs(record["latency"]["nodes_over_whole"] - 1) <= 0.15
