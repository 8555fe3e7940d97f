"""Namespaces of ONNX nodes: from names, from the exporter's metadata, from neighbours."""

from __future__ import annotations

import pytest
from onnx import NodeProto, TensorProto

from graphs.ir import Graph, Model
from importers import read
from importers.onnx_hierarchy import find_hierarchy
from tests.helpers import onnx_models as models

PAIRS = ": app.Net/h: app.Stack/h.0: app.Block/h.0.mlp: app.MLP/mul: aten.mul.Tensor"


def opened(
    nodes: list[NodeProto], initializers: tuple[TensorProto, ...] = (), n_outputs: int = 1
) -> Model:
    """Read a model of these nodes from x to y."""
    outputs = ("y", "z")[:n_outputs]
    graph = models.graph_of(nodes, outputs=outputs, initializers=initializers)
    return read(models.model_of(graph).SerializeToString(), name="m.onnx")


def place(graph: Graph, node_id: str) -> str:
    """Return the namespace of a node."""
    return graph.node(graph.node_ids.index(node_id)).namespace


def told(node: NodeProto, **entries: str) -> NodeProto:
    """Return a node with metadata, ``__`` standing for a dot in its keys."""
    for key, text in entries.items():
        node.metadata_props.add(key=key.replace("__", "."), value=text)
    return node


@pytest.mark.parametrize(
    ("name", "space"),
    [
        ("/layers.0/attn/MatMul", "layers/0/attn"),
        ("/features/features.1/conv/conv.0/conv.0.1/Conv", "features/1/conv/0/1"),
        ("/h.0.mlp/Mul", "h/0/mlp"),
        ("/odd./Mul", "odd."),
        ("mobilenet_1.00_224/conv/Mul", "mobilenet_1.00_224/conv"),
        ("model/conv/BiasAdd", "model/conv"),
        ("/Add", ""),
        ("Add_7", None),
        ("", None),
        ("a/b/c;a/d/c__2", "a/d"),
        ("a/b;c", "a"),
        ("//x//y/Add", "x//y"),
    ],
)
def test_scopes_in_names(name: str, space: str | None) -> None:
    """A slash ends a scope, a name without one says nothing, the last of joined names counts."""
    assert find_hierarchy([NodeProto()], [name], told=[]).spaces == [space]


def test_metadata_of_the_dynamo_exporter_wins_over_names() -> None:
    """Pairs of path and class become short nested names, and the classes are kept."""
    node = told(models.node("Mul", "x x", "y", "other/name"), namespace=PAIRS)
    graph = opened([node]).graphs[0]
    assert place(graph, "other/name") == "h/0/mlp"
    assert graph.namespaces.paths == ("", "h", "h/0", "h/0/mlp")
    block = graph.namespaces.index("h/0")
    assert graph.source.group_attributes(block) == [("class", "app.Block")]


def test_name_scopes_alone_are_enough() -> None:
    """The list of module paths is read where the pairs are missing."""
    scopes = "['', 'model', 'model.h.0', 'mul']"
    node = told(models.node("Mul", "x x", "y", "n"), pkg__torch__onnx__name_scopes=scopes)
    assert place(opened([node]).graphs[0], "n") == "model/h/0"


def test_a_node_without_a_module_joins_the_one_around_it() -> None:
    """A chain of nodes between two of one module is inside it, and a note says so."""
    nodes = [
        models.node("Relu", "x", "a", "/block/in/Relu"),
        models.node("Neg", "a", "b", "loose"),
        models.node("Abs", "b", "c", "loose_too"),
        models.node("Relu", "c", "y", "/block/out/Relu"),
    ]
    model = opened(nodes)
    assert place(model.graphs[0], "loose") == "block"
    assert place(model.graphs[0], "loose_too") == "block"
    [note] = model.notes
    assert (note.kind, note.n_times) == ("guessed", 2)


def test_a_node_between_a_module_and_an_output_stays_at_the_top() -> None:
    """What touches the model's inputs or outputs is inside no module."""
    nodes = [models.node("Relu", "x", "a", "/block/Relu"), models.node("Neg", "a", "y", "loose")]
    model = opened(nodes)
    assert place(model.graphs[0], "loose") == ""
    assert model.notes == ()


def test_constants_go_where_they_are_used() -> None:
    """A weight is with its reader, a shared one in what its readers share."""
    nodes = [
        models.node("Constant", "", "k", "Constant_1", value_float=1.0),
        models.node("Add", "x w", "a", "/net/one/Add"),
        models.node("Add", "a w", "b", "/net/two/Add"),
        models.node("Mul", "b v", "c", "/net/two/Mul"),
        models.node("Mul", "c k", "y", "/net/two/deep/Mul"),
    ]
    graph = opened(nodes, (models.weight("w"), models.weight("v"))).graphs[0]
    assert place(graph, "w") == "net"
    assert place(graph, "v") == "net/two"
    assert place(graph, "Constant_1") == "net/two/deep"


def test_a_model_without_scopes_is_flat() -> None:
    """No names, no metadata: everything is at the top, and nothing was guessed."""
    model = opened([models.node("Relu", "x", "a"), models.node("Relu", "a", "y")])
    assert model.graphs[0].n_groups == 0
    assert model.notes == ()


def test_inputs_and_outputs_are_at_the_top() -> None:
    """Boundary nodes belong to no module, whatever slashes their names hold."""
    node = models.node("Relu", "a/x", "b/y", "/block/Relu")
    graph = models.graph_of([node], ("a/x",), ("b/y",))
    got = read(models.model_of(graph).SerializeToString(), name="m.onnx").graphs[0]
    assert (place(got, "a/x"), place(got, "b/y")) == ("", "")
