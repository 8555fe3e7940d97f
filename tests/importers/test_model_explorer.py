"""Model Explorer's graph JSON as graphs."""

from __future__ import annotations

import gzip
import json

import pytest

import importers
from graphs.errors import DamagedSource, ReadError, UnknownFormat, UnsupportedFeature
from graphs.ir import NodeKind
from importers import model_explorer
from importers.base import make_probe
from tests.helpers.importer_contract import (
    Case,
    check_contract,
)
from tests.helpers.model_explorer_files import SMALL, TINY, edge, read, read_nodes

TEXT = """\
format "Model Explorer JSON"
producer ""
parameters 12 in 48 bytes
metadata "collection" "small"

graph "main": 4 nodes, 4 edges, 2 groups
input "0" GraphInputs
  0 -> "image" float32[1,?,3]
constant "1" pseudo_const in "net"
  0 -> "weights" float32[3,4]
operator "2" add in "net/head"
  0 <- "0":0
  1 <- "1":0
  0 -> "sum" float32[1,?,4]
  1 -> "" ?
output "3" GraphOutputs
  0 <- "2":0
  1 <- "2":1
"""


def test_contract():
    """A small file keeps every promise of an importer: its text, its cuts, its round trip."""
    case = Case(
        "small.json",
        json.dumps(SMALL).encode(),
        "Model Explorer JSON",
        n_graphs=1,
        n_operators=1,
        text=TEXT,
    )
    check_contract(case)


def test_attributes():
    """Attributes, metadata of inputs, style and config are facts of the node."""
    graph = read(SMALL).graphs[0]
    assert graph.source.attributes(2) == [
        ("axis", "1"),
        ("input 1: __tensor_tag", "filter"),
        ("style.backgroundColor", "#f00"),
        ("config.pinToGroupTop", "true"),
    ]
    row = graph.value_names.index("sum")
    assert graph.source.value_facts(row) == [("quantization", "q")]
    assert graph.source.group_attributes(0) == [("author", "me")]
    assert graph.source.group_attributes(graph.namespaces.index("net")) == [("kind", "block")]
    assert graph.source.group_attributes(graph.namespaces.index("net/head")) == []


@pytest.mark.parametrize(
    ("data", "ids"),
    [
        ({"label": "l", "graphs": [TINY]}, ["g"]),
        ({"label": "l", "graphs": [TINY, TINY]}, ["g", "g#2"]),
        ([{"label": "l", "subgraphs": [TINY]}, {"label": "k", "subgraphs": [TINY]}], ["g", "g#2"]),
        ([TINY, {**TINY, "id": "h"}], ["g", "h"]),
        ({"graphs": [TINY]}, ["g"]),
        ({"graphCollections": [{"label": "l", "graphs": [TINY]}]}, ["g"]),
        (TINY, ["g"]),
        ({**TINY, "id": ""}, ["graph"]),
    ],
)
def test_shapes_of_files(data, ids):
    """Every shape of file that Model Explorer or its adapters write opens, with unique ids."""
    assert [graph.id for graph in read(data).graphs] == ids


@pytest.mark.parametrize(
    ("how", "ids"),
    [
        (None, ["b", "a"]),
        ("name_asc", ["a", "b"]),
        ("name_desc", ["b", "a"]),
        ("node_count_asc", ["b", "a"]),
        ("node_count_desc", ["a", "b"]),
        ("nonsense", ["b", "a"]),
    ],
)
def test_sorting(how, ids):
    """A file that states an order of its graphs gets it; any other keeps its own."""
    graphs = [{"id": "b", "nodes": []}, {**TINY, "id": "a"}]
    data = {"label": "l", "graphs": graphs, "graphSorting": how}
    assert [graph.id for graph in read(data).graphs] == ids


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        ({"modelTopology": {}, "graphs": [TINY]}, UnsupportedFeature, "TensorFlow.js"),
        ({"type": "sync_navigation", "mapping": {}}, UnsupportedFeature, "sync_navigation"),
        ({"type": "edge_overlays", "overlays": []}, UnsupportedFeature, "edge_overlays"),
        ({"results": {"a": {"value": 1}}}, ReadError, "--node-data"),
        ({"main": {"results": {"a": {"value": 1}}}}, ReadError, "node data"),
        ({}, UnsupportedFeature, "no list of graphs"),
        ([], UnsupportedFeature, "no list of graphs"),
        ([1, 2], UnsupportedFeature, "no list of graphs"),
        ({"traceEvents": []}, UnsupportedFeature, "no list of graphs"),
        ({"label": "l", "graphs": []}, DamagedSource, "no graph"),
        ({"label": "l", "graphs": [1, "x", None]}, DamagedSource, "no graph"),
    ],
)
def test_other_json_is_refused(data, error, words):
    """JSON that is no graph is refused with what it is, and node data with how to load it."""
    with pytest.raises(error, match=words):
        read(data)


def test_node_data_that_is_no_strict_json():
    """Node data as Python writes it, with NaN, is still recognised as node data."""
    with pytest.raises(ReadError, match="node data"):
        importers.read(b'{"main": {"results": {"a": {"value": NaN}}}}', name="d.json")


def test_byte_order_mark_and_blanks():
    """A byte order mark and blanks before the text do not matter."""
    content = b"\xef\xbb\xbf" + json.dumps([TINY]).encode()
    assert importers.read(content, name="m.json").graphs[0].id == "g"
    assert importers.read(b"\n \t" + content[3:]).graphs[0].id == "g"


def test_look():
    """Only text that begins like JSON is looked at, gzipped or not, whatever its name."""
    assert model_explorer.look(make_probe(b" [", "x"))
    assert model_explorer.look(make_probe(gzip.compress(b"{}"), "x"))
    assert not model_explorer.look(make_probe(b"<html>", "x.json"))
    assert not model_explorer.look(make_probe(gzip.compress(b"abc"), "x.json.gz"))
    assert not model_explorer.look(make_probe(b"\x1f\x8bbroken", "x.json.gz"))
    with pytest.raises(UnknownFormat):
        importers.read(b"", name="m.json")


def test_ids_that_are_missing_or_taken():
    """Nodes without an id get one, equal ids get a number; edges mean the first that bears it."""
    graph, notes = read_nodes(
        {"id": "a", "label": "one"},
        {"id": "a", "label": "two"},
        {"label": "three"},
        {"id": "", "label": "three"},
        {"id": "b", "label": "four", "incomingEdges": [edge("a"), edge("ghost", target="1")]},
        {"id": "c"},
        {"id": 7, "label": None},
    )
    assert graph.node_ids == ("a", "a#2", "three_0", "three_1", "b", "c", "7")
    assert graph.edge_source.tolist() == [0]
    assert graph.node(5).op_type == "c"
    assert notes == [
        "A name was taken already and got a number: a",
        "A node has no id and was given one (2×): 2, 3",
        "An edge comes from a node that does not exist: ghost",
        "A node has no label and shows its id: c",
    ]


def test_equal_edges_and_shared_inputs():
    """An edge listed twice counts once; different edges into one input get inputs of their own."""
    graph, notes = read_nodes(
        {"id": "a", "label": "x"},
        {"id": "b", "label": "y"},
        {"id": "c", "label": "z", "incomingEdges": [edge("a"), edge("b"), edge("a")]},
    )
    assert graph.edge_source.tolist() == [0, 1]
    assert graph.edge_target_slot.tolist() == [0, 1]
    assert notes == [
        "An edge is listed twice and was read once: a",
        "Edges share an input and were numbered: c",
    ]


@pytest.mark.parametrize("port", ["in", "-1", "²", "99999999999999", "", None, 3, {"x": 1}])
def test_ports_that_are_no_numbers(port):
    """Outputs and inputs may be called anything; they become slots."""
    graph, _ = read_nodes(
        {"id": "a", "label": "x"},
        {"id": "b", "label": "y", "incomingEdges": [edge("a", port, port)]},
    )
    assert graph.n_edges == 1
    assert graph.edge_target_slot.tolist() == graph.value_slot.tolist() == [3 if port == 3 else 0]


@pytest.mark.parametrize(
    ("namespace", "paths"),
    [
        ("", [""]),
        ("a/b", ["", "a", "a/b"]),
        ("/a//b/", ["", "a", "a/b"]),
        ("a\\/b/c", ["", "a\\/b", "a\\/b/c"]),
        ("x/y;a/b", ["", "a", "a/b"]),
        ("x/y;", ["", "x", "x/y"]),
        (None, [""]),
    ],
)
def test_namespaces(namespace, paths):
    r"""A literal slash is ``\/``; of namespaces joined by a semicolon the last counts."""
    graph, _ = read_nodes({"id": "a", "label": "x", "namespace": namespace})
    assert list(graph.namespaces.paths) == paths


def test_three_kinds_of_attribute_values():
    """Text, links to nodes and nodes with attributes are shown; other JSON as JSON."""
    values = [
        "text",
        {"type": "node_ids", "nodeIds": ["a", "b"]},
        {"type": "node_with_attrs", "nodes": [{"id": "a", "attrs": {"k": "v"}}, {"id": "b"}]},
        1.5,
        True,
        None,
        {"other": [1]},
    ]
    attrs = [{"key": str(i), "value": value} for i, value in enumerate(values)]
    graph, _ = read_nodes({"id": "a", "label": "x", "attrs": attrs})
    shown = [value for _, value in graph.source.attributes(0)]
    assert shown == ["text", "a, b", "a (k=v); b", "1.5", "true", "", '{"other":[1]}']


def test_calls_of_graphs():
    """Subgraph ids are those of the node's own collection; one that leads nowhere is noted."""
    caller = {"id": "a", "label": "x", "subgraphIds": ["sub", "ghost"]}
    collection = {
        "label": "l",
        "subgraphs": [{"id": "main", "nodes": [caller]}, {"id": "sub", "nodes": []}],
    }
    model = read([collection, {**collection, "label": "k"}])
    assert [graph.id for graph in model.graphs] == ["main", "sub", "main#2", "sub#2"]
    assert model.graphs[0].subgraphs == {0: ("sub",)}
    assert model.graphs[2].subgraphs == {0: ("sub#2",)}
    assert "A node calls a graph that does not exist (2×): ghost, ghost" in map(str, model.notes)


@pytest.mark.parametrize(
    ("label", "has_inputs", "has_readers", "kind"),
    [
        ("GraphInputs", False, True, NodeKind.INPUT),
        ("GraphInputs", True, True, NodeKind.OPERATOR),
        ("GraphOutputs", True, False, NodeKind.OUTPUT),
        ("Output", True, True, NodeKind.OPERATOR),
        ("pseudo_const", False, True, NodeKind.CONSTANT),
        ("tfl.pseudo_qconst", False, True, NodeKind.CONSTANT),
        ("arith.constant", False, False, NodeKind.CONSTANT),
        ("Const", True, True, NodeKind.OPERATOR),
        ("ConstantOfShape", False, True, NodeKind.OPERATOR),
        ("Conv2D", False, False, NodeKind.OPERATOR),
    ],
)
def test_kinds_are_guessed_with_care(label, has_inputs, has_readers, kind):
    """A label names an input, output or constant only where the edges agree."""
    node = {"id": "n", "label": label, "incomingEdges": [edge("s")] if has_inputs else []}
    reader = {"id": "r", "label": "R", "incomingEdges": [edge("n")] if has_readers else []}
    graph, _ = read_nodes({"id": "s", "label": "S"}, node, reader)
    assert graph.node(1).kind is kind


def test_corpus(corpus):
    """Official files have the nodes and edges that their manifest states."""
    counts = {}
    for path in sorted((corpus / "json").glob("*.me.json")):
        graph = importers.read(path).graphs[0]
        counts[path.name] = (graph.n_nodes, graph.n_edges)
    assert counts == {
        "coco-ssd.me.json": (304, 342),
        "test_graph_modified.me.json": (12, 12),
        "test_graph_original.me.json": (12, 12),
    }
    graph = importers.read(corpus / "json" / "coco-ssd.me.json").graphs[0]
    kinds = [NodeKind(int(kind)).name for kind in graph.node_kind]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "INPUT": 1,
        "OUTPUT": 1,
        "CONSTANT": 180,
        "OPERATOR": 122,
    }
