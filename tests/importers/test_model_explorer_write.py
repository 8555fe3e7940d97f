"""Models as Model Explorer's JSON, and back."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import importers
from graphs.builder import GraphBuilder
from graphs.ir import Model, NodeKind
from graphs.notes import Note
from graphs.tensor_type import UNKNOWN_TYPE, TensorType
from graphs.text import canonical_text
from importers.model_explorer_words import parse_type, stored_type, type_attributes
from importers.model_explorer_write import write_model_explorer
from tests.helpers.random_graphs import graph_rows
from tests.helpers.tflite_writer import small_model

NOTES = (Note("lost", "Something was lost", 3, ("a", "b")), Note("info", "More"))


@pytest.mark.parametrize(
    ("text", "type"),
    [
        ("float32[1,224,224,3]", TensorType("float32", (1, 224, 224, 3))),
        ("float32[]", TensorType("float32", ())),
        ("float32[ 1 , ? , -1 , batch ]", TensorType("float32", (1, None, None, "batch"))),
        ("float32", TensorType("float32")),
        ("[1,2]", TensorType("", (1, 2))),
        ("?[1]", TensorType("", (1,))),
        ("1x2xf32", TensorType("float32", (1, 2))),
        ("?x2xbf16", TensorType("bfloat16", (None, 2))),
        ("tensor<1x2xf32>", TensorType("float32", (1, 2))),
        ("tensor<f32>", TensorType("float32", ())),
        ("tensor<*xi8>", TensorType("int8")),
        ("tensor<4xi1>", TensorType("bool", (4,))),
        ("tensor<4xui8>", TensorType("uint8", (4,))),
        ("tensor<4xf8E4M3FN>", TensorType("float8_e4m3fn", (4,))),
        ("tensor<2xcomplex<f32>>", TensorType("complex64", (2,))),
        ("tensor<2xf32, #layout>", TensorType("float32", (2,))),
        ("'float32[2]'", TensorType("float32", (2,))),
        ("", UNKNOWN_TYPE),
        ("?", UNKNOWN_TYPE),
        ("99999999999999999999999x1xf32", TensorType("float32", ("99999999999999999999999", 1))),
        ("x" * 5000, UNKNOWN_TYPE),
    ],
)
def test_types_as_text(text, type):
    """The ways in which exporters write a type are understood."""
    assert parse_type(text) == type


dims = st.none() | st.integers(-5, 2**62) | st.text(max_size=5)
types = st.builds(
    TensorType, st.text(max_size=8), st.none() | st.lists(dims, max_size=4).map(tuple)
)


@given(types)
def test_any_type_survives(type):
    """Whatever a type holds, the metadata that carry it give it back."""
    found = dict(type_attributes(type))
    again = stored_type(found["__opscope_type"]) if "__opscope_type" in found else None
    assert (again or parse_type(found.get("tensor_shape", ""))) == type


@pytest.mark.parametrize(
    "text", ["", "[", "[1, null]", '["a", [1.5]]', '["a", [true]]', "[" * 4000]
)
def test_stored_types_are_not_trusted(text):
    """A stored type that is none of ours is ignored."""
    assert stored_type(text) is None


def _same(model: Model) -> dict:
    """Assert that a model survives, and return its JSON."""
    content = write_model_explorer(model)
    again = importers.read(content, name="unknown")
    assert canonical_text(again) == canonical_text(model)
    assert [g.n_operators for g in again.graphs] == [g.n_operators for g in model.graphs]
    return json.loads(content)


@given(graph_rows())
def test_any_graph_survives(rows):
    """Kinds, op types, namespaces, types, slots and control edges come back as they were."""
    _same(Model("m", "Some format", "someone 1.0", (rows.build(),), [("k", "v")], NOTES, 7, 28))


def test_what_the_format_has_no_word_for():
    """Semicolons in namespaces, empty op types and titles survive in reserved keys."""
    builder = GraphBuilder("a", "A title")
    first = builder.add_node("n", "", "x;y/z", NodeKind.CONSTANT)
    second = builder.add_node("m", "Output")  # an operator, whatever its name says
    builder.add_edge(builder.add_value(first, 2, "t", TensorType("f", (1, "a,b"))), second, 5)
    builder.add_subgraph(second, "b")
    other = GraphBuilder("b").build(n_operators=3)
    data = _same(Model("m", "F", "", (builder.build(), other)))
    node = data["graphs"][0]["nodes"][0]
    assert node["label"] == "n"
    assert {pair["key"] for pair in node["attrs"]} == {
        "__opscope_kind",
        "__opscope_op",
        "__opscope_namespace",
    }


def test_tflite_survives():
    """A TFLite model keeps its columns, its options and its quantization."""
    model = importers.read(small_model())
    _same(model)
    again = importers.read(write_model_explorer(model)).graphs[0]
    graph = model.graphs[0]
    for node in range(graph.n_nodes):
        assert again.source.attributes(node) == graph.source.attributes(node)
    for value in range(len(graph.value_names)):
        assert again.source.value_facts(value) == graph.source.value_facts(value)


def test_halves_of_surrogate_pairs_are_replaced():
    """A name that is no Unicode still gives valid JSON."""
    builder = GraphBuilder("a")
    builder.add_node("n\ud800", "Relu")
    content = write_model_explorer(Model("m", "F", "", (builder.build(),)))
    assert importers.read(content).graphs[0].node_ids == ("n?",)


@pytest.mark.parametrize(
    "own",
    [
        None,
        [],
        {"format": 3, "producer": [], "metadata": 5, "notes": {}, "n_parameters": -1},
        {"notes": [{"kind": "x"}, {"kind": "lost", "examples": "abc", "n_times": "many"}]},
    ],
)
def test_reserved_keys_are_not_trusted(own):
    """What a foreign file puts into our keys may be anything."""
    graph = {"id": "g", "nodes": [{"id": "a", "label": "b"}], "__opscope": own}
    content = json.dumps({"label": "", "graphs": [graph], "__opscope": own}).encode()
    model = importers.read(content)
    assert (model.n_parameters, model.graphs[0].n_nodes) == (0, 1)
    canonical_text(model)


def test_only_the_fields_of_the_format(corpus):
    """Nodes hold what Model Explorer's own builder knows; ours hide behind underscores."""
    model = importers.read(corpus / "tflite" / "kv_cache_two_signatures.tflite")
    data = json.loads(write_model_explorer(replace(model, notes=NOTES)))
    assert set(data) == {"label", "graphs", "__opscope"}
    for graph in data["graphs"]:
        assert set(graph) == {"id", "nodes", "groupNodeAttributes", "__opscope"}
        ids = {node["id"] for node in graph["nodes"]}
        for node in graph["nodes"]:
            assert set(node) == {
                "id",
                "label",
                "namespace",
                "subgraphIds",
                "attrs",
                "incomingEdges",
                "outputsMetadata",
            }
            assert node["id"]
            assert {edge["sourceNodeId"] for edge in node["incomingEdges"]} <= ids
            for pair in node["attrs"]:
                assert isinstance(pair["key"], str)
                assert isinstance(pair["value"], str)
