"""Keras files that are made to hurt: links, virtual data, claims, bombs, cycles."""

from __future__ import annotations

import io
import json
import time
import zipfile

import h5py
import numpy as np
import pytest

import importers
from graphs.check import problems
from graphs.errors import DamagedSource, ReadError
from tests.helpers import keras_files as files
from tests.helpers.importer_contract import Case, check_mutations


def _weights(write) -> bytes:
    target = io.BytesIO()
    with h5py.File(target, "w") as file:
        write(file)
    return files.archive(files.shared_model(), target.getvalue())


def test_links_are_not_followed(tmp_path):
    """External and soft links lead nowhere, and a note names them."""
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["vars/0"] = np.arange(5.0)

    def write(file: h5py.File) -> None:
        file["layers/away"] = h5py.ExternalLink(str(secret), "/")
        file["layers/round"] = h5py.SoftLink("/layers")

    model = importers.read(_weights(write))
    assert model.n_parameters == 0
    assert any("was not followed" in str(note) and "away" in str(note) for note in model.notes)


@pytest.mark.parametrize("kind", ["virtual", "external"])
def test_data_in_other_files_is_refused(tmp_path, kind):
    """A dataset that keeps its data in another file has no data here."""
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["d"] = np.ones((4, 3), np.float32)

    def write(file: h5py.File) -> None:
        group = file.create_group("layers/dense/vars")
        if kind == "virtual":
            layout = h5py.VirtualLayout((4, 3), np.float32)
            layout[:] = h5py.VirtualSource(str(other), "d", (4, 3))
            group.create_virtual_dataset("0", layout)
        else:
            group.create_dataset("0", (4, 3), np.float32, external=[(str(other), 0, 48)])

    model = importers.read(_weights(write))
    graph = model.graphs[0]
    rows = list(graph.source.weights)
    assert (len(rows), model.n_parameters) == (1, 0)
    with pytest.raises(ReadError, match="other files"):
        graph.source.tensor(rows[0])


@pytest.mark.parametrize("chunks", [None, (1 << 14, 1 << 14)])
def test_claims_are_not_believed(chunks):
    """A dataset that claims terabytes is noted, counts nothing and is never allocated."""

    def write(file: h5py.File) -> None:
        file.create_dataset("layers/dense/vars/0", (1 << 20, 1 << 20), np.float32, chunks=chunks)

    model = importers.read(_weights(write))
    graph = model.graphs[0]
    assert model.n_parameters == 0
    assert any("cannot be read" in str(note) for note in model.notes)
    with pytest.raises(DamagedSource, match="cannot hold"):
        graph.source.tensor(next(iter(graph.source.weights)))


def test_groups_in_a_circle():
    """Groups that contain each other are visited once."""

    def write(file: h5py.File) -> None:
        group = file.create_group("layers/dense")
        group["again"] = file["layers"]
        group["vars/0"] = np.ones(2, np.float32)

    assert importers.read(_weights(write)).n_parameters == 2


def test_a_configuration_that_unpacks_to_too_much():
    """A member that claims far more than it is packed in is refused before it is unpacked."""
    content = files.archive(b" " * (64 << 20), packing=zipfile.ZIP_DEFLATED)
    assert len(content) < 1 << 20
    with pytest.raises(DamagedSource, match="claims"):
        importers.read(content, name="m.keras")


def test_models_that_call_models_again_and_again():
    """Two calls at each of 40 levels would be 2**40 groups; they end closed, with a note."""
    held = files.part("Dense", "leaf", [[files.tensor("i")]], units=2)
    for level in range(40):
        held["name"] = held["config"]["name"] = "m"
        if level:
            held["inbound_nodes"] = [
                {"args": [files.tensor("i")], "kwargs": {}},
                {"args": [files.tensor("m", 1)], "kwargs": {}},
            ]
        last = ["m", 2 if level else 0, 0]
        held = files.model(f"l{level}", [files.source("i", None, 2), held], ["i", 0, 0], last)
    started = time.perf_counter()
    model = importers.read(json.dumps(held).encode(), name="m.json")
    assert time.perf_counter() - started < 5
    assert problems(model.graphs[0], model) == []
    assert any("too often" in str(note) for note in model.notes)


def test_references_that_lead_in_circles():
    """Inner models whose outputs are their inputs, in a circle, cost edges and give notes."""
    inner = [
        files.model(name, [files.source("i", None, 2)], ["i", 0, 0], ["i", 0, 0])
        for name in ("a", "b")
    ]
    for one, other in zip(inner, ("b", "a"), strict=True):
        one["inbound_nodes"] = [{"args": [files.tensor(other, 1)], "kwargs": {}}]
    raw = files.model("m", [files.source("x", None, 2), *inner], ["x", 0, 0], ["a", 1, 0])
    model = importers.read(json.dumps(raw).encode(), name="m.json")
    assert any("never produced" in str(note) for note in model.notes)


def test_operations_in_a_circle():
    """A cycle of operations opens; what it computes is unknown."""
    parts = [
        files.part("ReLU", "a", [[files.tensor("b")]]),
        files.part("ReLU", "b", [[files.tensor("a")]]),
    ]
    raw = files.model("m", parts, [], ["b", 0, 0])
    graph = importers.read(json.dumps(raw).encode(), name="m.json").graphs[0]
    assert graph.n_edges == 3


@pytest.mark.parametrize(
    "raw",
    [
        {"class_name": "Functional", "config": {"layers": [1, None, {}], "output_layers": 3}},
        {"class_name": "Sequential", "config": {"layers": {"a": 1}}},
        {"class_name": "Sequential", "config": [[], {"class_name": 5, "config": []}]},
        {"class_name": "Model", "config": {"layers": [{"name": ["x"]}], "output_layers": []}},
        {"class_name": "Functional", "config": None, "layers": []},
    ],
)
def test_configurations_of_wrong_types(raw):
    """JSON whose values are of other types than Keras's ends in our errors or opens."""
    check_mutations(Case("m.keras", b"", "Keras"), [files.archive(raw)])


@pytest.mark.parametrize("content", [files.legacy_model(), files.shared_weights()])
def test_truncated_hdf5_is_refused(content):
    """An HDF5 file that is cut anywhere, 97 bytes apart, is refused."""
    for length in range(8, len(content), 97):
        with pytest.raises(ReadError):
            importers.read(content[:length], name="m.h5")
