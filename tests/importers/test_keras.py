"""Keras files made here: graphs, weights, shared and inner models, both generations."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

import importers
from graphs.errors import UnsupportedFeature
from graphs.ir import Graph, Model
from tests.helpers import keras_files as files
from tests.helpers import large_files
from tests.helpers.importer_contract import Case, check_contract
from tests.helpers.machine import slowness


def _types(graph: Graph) -> dict[str, str]:
    """Return the type of each node's first output."""
    return {
        node.id: str(node.value_type(node.outputs[0]))
        for node in map(graph.node, range(graph.n_nodes))
        if len(node.outputs)
    }


def _facts(model: Model, node_id: str) -> dict[str, str]:
    graph = model.graphs[0]
    return dict(graph.source.attributes(graph.node_ids.index(node_id)))


@pytest.mark.parametrize("packing", [0, 8])
def test_calls_of_an_inner_model(packing):
    """Each call of an inner model is a group of its own, and both read the same weights."""
    content = files.archive(files.shared_model(), files.shared_weights(), packing)
    case = Case("m.keras", content, "Keras", n_graphs=1, n_operators=3, n_nodes=8, n_parameters=15)
    model = check_contract(case)
    graph = model.graphs[0]
    assert model.notes == ()
    assert graph.namespaces.paths == ("", "block", "block#2")
    kernel = graph.node(graph.node_ids.index("block/d/kernel"))
    readers = [graph.node_ids[graph.edge_target[edge]] for edge in kernel.out_edges]
    assert readers == ["block/d", "block#2/d"]
    assert _types(graph)["join"] == "float32[?,6]"
    assert _facts(model, "block#2/d")["shared"].startswith("call 2 of 2")
    np.testing.assert_array_equal(
        graph.source.tensor(kernel.index), np.arange(12, dtype=np.float32).reshape(4, 3)
    )


def test_weights_stay_in_a_file_on_disk(tmp_path):
    """Stored weights are read in place, and a file that was replaced is refused."""
    path = tmp_path / "m.keras"
    path.write_bytes(files.archive(files.shared_model(), files.shared_weights()))
    graph = importers.read(path).graphs[0]
    bias = graph.node_ids.index("block/d/bias")
    assert graph.source.tensor(bias).tolist() == [1.0, 1.0, 1.0]
    path.write_bytes(files.archive(files.shared_model()))
    with pytest.raises(importers.base.ReadError, match="replaced"):
        graph.source.tensor(bias)


def test_keras_2():
    """References in nested lists and in kwargs are edges; scopes in names are groups."""
    model = check_contract(
        Case("m.h5", files.legacy_model(), "Keras", n_operators=3, n_nodes=7, n_parameters=20)
    )
    graph = model.graphs[0]
    assert graph.namespaces.paths == ("", "b")
    assert _types(graph)["b/conv"] == "float32[?,4,4,2]"
    assert _types(graph)["tf.add"] == "?"
    add = graph.node(graph.node_ids.index("tf.add"))
    assert [graph.node_ids[graph.edge_source[edge]] for edge in add.in_edges] == ["b/conv", "in"]
    assert add.op_type == "tf.math.add"
    assert _facts(model, "tf.add")["call.z"] == "2.0"


def test_bytecode_stays_closed():
    """A Lambda's bytecode is an attribute that says so, and nothing of it is shown."""
    facts = _facts(importers.read(files.legacy_model()), "lam")
    assert facts["function"].startswith("Python bytecode (8 characters), kept closed")
    assert all("4wEA" not in value for value in facts.values())


def test_configuration_alone():
    """JSON that Keras writes opens before Model Explorer's is tried, with a note on weights."""
    content = json.dumps(files.shared_model()).encode()
    model = check_contract(Case("m.json", content, "Keras", n_operators=3, n_parameters=0))
    assert [note.kind for note in model.notes] == ["info"]


def test_sequential_of_keras_1():
    """A list of operations is a chain with an implied input."""
    operations = [
        {"class_name": "Dense", "config": {"name": "a", "output_dim": 3,
                                           "batch_input_shape": [None, 5]}},
        {"class_name": "Dense", "config": {"name": "b", "output_dim": 2}},
    ]  # fmt: skip
    content = json.dumps({"class_name": "Sequential", "config": operations}).encode()
    graph = importers.read(content, name="m.json").graphs[0]
    assert graph.node_ids == ("a_input", "a", "b", "b (output)")
    assert _types(graph)["b"] == "?[?,2]"


def test_subclassed_model_shows_weights():
    """A model whose graph is code keeps its weights, in the file's own hierarchy, and a note."""
    weights = files.hdf5({"encoder/dense/vars/0": np.ones((2, 2))}, {})
    raw = {"class_name": "Mine", "config": {"name": "mine"}, "registered_name": "p>Mine"}
    model = importers.read(files.archive(raw, weights))
    assert model.n_parameters == 4
    assert "Python code" in str(model.notes[0])
    assert model.graphs[0].node_ids == ("encoder/dense/0",)
    with pytest.raises(UnsupportedFeature, match="Python code"):
        importers.read(files.archive(raw))


def test_wrapped_model_is_a_graph():
    """The model inside a wrapper is a graph that the wrapper's node calls."""
    inner = files.model("cell", [files.source("i", None, 4)], ["i", 0, 0], ["i", 0, 0])
    wrapper = files.part("TimeDistributed", "td", [[files.tensor("x")]], layer=inner)
    raw = files.model("m", [files.source("x", None, 3, 4), wrapper], ["x", 0, 0], ["td", 0, 0])
    model = importers.read(files.archive(raw))
    assert [graph.id for graph in model.graphs] == ["m", "cell"]
    assert model.graphs[0].subgraphs == {1: ("cell",)}


def test_fifty_thousand_operations_in_time():
    """A chain of 50,000 operations is read in less than four seconds."""
    names = [f"d{i}" for i in range(50_000)]
    before = ["x", *names]
    parts = [files.source("x", None, 8)]
    parts += [
        files.part("Dense", name, [[files.tensor(last)]], units=8)
        for name, last in zip(names, before, strict=False)
    ]
    content = files.archive(files.model("m", parts, ["x", 0, 0], [names[-1], 0, 0]), packing=8)
    started = time.process_time()
    graph = importers.read(content).graphs[0]
    assert time.process_time() - started < 4
    assert graph.n_operators == 50_000
    assert _types(graph)["d49999"] == "float32[?,8]"


@pytest.mark.parametrize("make", [large_files.keras_file, large_files.keras_2_file])
def test_many_weights_in_time(make):
    """The headers of 8,000 weights are read in the time that is left for them."""
    name, content = make(24_000)
    started = time.process_time()
    model = importers.read(content, name=name)
    assert time.process_time() - started < 4 * slowness()  # 1.6 s where it is quiet
    assert model.n_parameters == 8_000 * 64
    assert not model.notes
