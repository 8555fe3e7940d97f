"""ONNX models become graphs: nodes, edges, types, bodies, functions."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper

from graphs.errors import DamagedSource
from graphs.ir import Graph, Model, NodeKind
from graphs.tensor_type import TensorType
from importers import read
from tests.helpers import onnx_models as models
from tests.helpers.importer_contract import Case, check_contract

SMALL_TEXT = """\
format "ONNX"
producer "tests"
parameters 6 in 24 bytes
metadata "ir_version" "10"
metadata "opset" "ai.onnx 17"
metadata "producer" "tests"

graph "main" titled "tiny": 6 nodes, 5 edges, 2 groups
input "x" Input
  0 -> "x" float32[2,3]
constant "w" Initializer in "block"
  0 -> "w" float32[2,3]
operator "/block/Add" Add in "block"
  0 <- "x":0
  1 <- "w":0
  0 -> "/block/Add_out" ?
constant "/block/mul/Constant" Constant in "block/mul"
  0 -> "two" float32[1]
operator "/block/mul/Mul" Mul in "block/mul"
  0 <- "/block/Add":0
  1 <- "/block/mul/Constant":0
  0 -> "y" float32[2,3]
output "y" Output
  0 <- "/block/mul/Mul":0
"""

CASES = [
    ("small", models.small, 1, 3, 6, 5, 6),
    ("branching", models.branching, 5, 5, 5, 4, 6),
    ("functions", models.with_functions, 3, 5, 4, 3, 0),
    ("quantized", models.quantized, 1, 4, 10, 11, 28),
    ("attributes", models.every_attribute, 1, 9, 12, 2, 2),
]


def opened(model: object, name: str = "m.onnx") -> Model:
    """Read a model that onnx's helper built."""
    return read(model.SerializeToString(), name=name)  # type: ignore[attr-defined]


def kinds(graph: Graph, kind: NodeKind) -> list[str]:
    """Return the ids of the nodes of a kind."""
    return [graph.node_ids[i] for i in np.flatnonzero(graph.node_kind == kind)]


def inputs_of(graph: Graph, node_id: str) -> list[tuple[str, int]]:
    """Return (source, slot) of each edge into a node."""
    node = graph.node(graph.node_ids.index(node_id))
    sources = graph.edge_source[list(node.in_edges)]
    slots = graph.edge_target_slot[list(node.in_edges)]
    return [(graph.node_ids[s], int(slot)) for s, slot in zip(sources, slots, strict=True)]


@pytest.mark.parametrize("row", CASES, ids=lambda row: row[0])
def test_the_importer_contract_holds(row: tuple) -> None:
    """Tiny models keep what every importer promises, cut at every length too."""
    name, make, n_graphs, n_operators, n_nodes, n_edges, n_parameters = row
    case = Case(
        name=f"{name}.onnx",
        content=make().SerializeToString(),
        format="ONNX",
        n_graphs=n_graphs,
        n_operators=n_operators,
        n_nodes=n_nodes,
        n_edges=n_edges,
        n_parameters=n_parameters,
        text=SMALL_TEXT if name == "small" else "",
        cut_may_open=True,
    )
    check_contract(case)


def test_constant_nodes_are_constants_and_still_operator_calls() -> None:
    """A Constant folds like an initializer, and counts as onnx counts its nodes."""
    graph = opened(models.small()).graphs[0]
    assert kinds(graph, NodeKind.CONSTANT) == ["w", "/block/mul/Constant"]
    assert graph.n_operators == 3


def test_bodies_are_graphs_and_captured_values_are_edges() -> None:
    """A body takes outer values as inputs, and its caller gets them through implicit inputs."""
    model = opened(models.branching())
    ids = [graph.id for graph in model.graphs]
    assert ids == [
        "main",
        "main/choose/else_branch",
        "main/choose/then_branch",
        "main/choose/then_branch/again/else_branch",
        "main/choose/then_branch/again/then_branch",
    ]
    main, other, then, deep, _ = model.graphs
    assert inputs_of(main, "choose") == [("c", 0), ("x", 1), ("w", 2)]
    assert inputs_of(then, "again") == [("c", 0), ("x", 1), ("w", 2)]
    assert [then.op_types[op] for op in then.node_op[:3]] == ["Captured"] * 3
    assert inputs_of(deep, "deep_add") == [("x", 0), ("w", 1)]
    assert kinds(other, NodeKind.INPUT) == ["x"]
    captured = deep.node(deep.node_ids.index("w"))
    assert deep.types[deep.value_type[captured.outputs[0]]] == TensorType("float32", (2, 3))
    assert main.subgraphs == {main.node_ids.index("choose"): tuple(ids[1:3])}


def test_functions_are_graphs_that_their_calls_name() -> None:
    """Overloads are graphs of their own, and a call leads to the right one."""
    model = opened(models.with_functions())
    assert [graph.id for graph in model.graphs] == ["main", "my.ops.Twice:float", "my.ops.Twice"]
    main, _, four = model.graphs
    assert main.subgraphs == {main.node_ids.index("call"): ("my.ops.Twice",)}
    call = four.node_ids.index("my.ops.Twice_0")
    assert four.subgraphs == {call: ("my.ops.Twice:float",)}
    assert ("attributes", "axis") in four.source.group_attributes(0)


def test_domains_are_named_unless_they_are_onnx_itself() -> None:
    """`ai.onnx` is the default domain spelled out; any other is part of the op type."""
    nodes = [models.node("Relu", "x", "a", domain="ai.onnx")]
    nodes.append(models.node("Gelu", "a", "y", domain="com.microsoft"))
    imports = [models.OPSET, helper.make_opsetid("com.microsoft", 1)]
    graph = opened(models.model_of(models.graph_of(nodes), opset_imports=imports)).graphs[0]
    assert graph.op_types == ("Input", "Relu", "com.microsoft.Gelu", "Output")


def test_types_come_from_everywhere_the_file_states_them() -> None:
    """Symbols stay text, an unknown size is None, a missing shape is no shape."""
    graph = models.graph_of([models.node("Relu", "x", "a"), models.node("Relu", "a", "y")])
    del graph.input[:], graph.output[:]
    graph.input.append(models.value("x", ("batch", None, -1, 3)))
    graph.output.append(models.value("y", None))
    graph.value_info.append(helper.make_tensor_value_info("a", TensorProto.BFLOAT16, ()))
    got = opened(models.model_of(graph)).graphs[0]
    types = [got.types[i] for i in got.value_type]
    assert types == [
        TensorType("float32", ("batch", None, None, 3)),
        TensorType("bfloat16", ()),
        TensorType("float32", None),
    ]


def test_types_that_are_no_tensors_are_named() -> None:
    """Sequences, maps and optionals are dtypes that say what they hold."""
    tensor = helper.make_tensor_type_proto(TensorProto.INT8, [2])
    sequence = helper.make_sequence_type_proto(helper.make_optional_type_proto(tensor))
    mapping = helper.make_map_type_proto(TensorProto.STRING, tensor)
    graph = models.graph_of([models.node("SequenceLength", "x", "y")])
    del graph.input[:]
    graph.input.append(helper.make_value_info("x", sequence))
    graph.input.append(helper.make_value_info("m", mapping))
    got = opened(models.model_of(graph)).graphs[0]
    dtypes = [got.types[got.value_type[i]].dtype for i in (0, 1)]
    assert dtypes == ["sequence(optional(int8[2]))", "map(string, int8[2])"]


def test_an_initializer_that_is_an_input_is_a_constant() -> None:
    """Old models list every weight among the inputs; it is a weight all the same."""
    graph = models.graph_of([models.node("Add", "x w", "y")], ("x", "w"), ("y",))
    graph.initializer.append(models.weight("w"))
    got = opened(models.model_of(graph)).graphs[0]
    assert kinds(got, NodeKind.INPUT) == ["x"]
    assert kinds(got, NodeKind.CONSTANT) == ["w"]


def test_unnamed_nodes_get_the_same_names_every_time() -> None:
    """A node without a name is called after its op type, past names that are taken."""
    nodes = [
        models.node("Relu", "x", "a"),
        models.node("Relu", "a", "b", "Relu_0"),
        models.node("Relu", "b", "y"),
    ]
    model = opened(models.model_of(models.graph_of(nodes)))
    assert kinds(model.graphs[0], NodeKind.OPERATOR) == ["Relu_1", "Relu_0", "Relu_2"]
    assert model.notes == ()


def test_inputs_and_outputs_left_out_leave_their_slots_empty() -> None:
    """An empty name is an optional input or output that is not there; slots keep their numbers."""
    nodes = [
        models.node("Clip", "x - w", "a", "clip"),
        models.node("Dropout", "a", "- y", "drop"),
    ]
    graph = models.graph_of(nodes, initializers=[models.weight("w")])
    model = opened(models.model_of(graph))
    got = model.graphs[0]
    assert inputs_of(got, "clip") == [("x", 0), ("w", 2)]
    row = got.node(got.node_ids.index("drop")).outputs[0]
    assert (got.value_slot[row], got.value_names[row]) == (1, "y")
    assert model.notes == ()


def test_a_model_says_what_it_is() -> None:
    """Producer, operator sets and the author's own entries are kept."""
    proto = models.model_of(
        models.graph_of([models.node("Relu", "x", "y")]),
        producer_version="3",
        doc_string="a" * 9000,
        model_version=4,
    )
    helper.set_model_props(proto, {"author": "someone"})
    model = opened(proto)
    facts = dict(model.metadata)
    assert model.producer == "tests 3"
    assert facts["opset"] == "ai.onnx 17"
    assert facts["author"] == "someone"
    assert len(facts["doc_string"]) == 4096


@pytest.mark.parametrize("content", [b"\x08\x08B\x04\n\x00\x10\x11", b"\x08\x08\x12\x01a:\x00"])
def test_a_model_without_a_graph_is_refused(content: bytes) -> None:
    """A file that is cut before its graph, or whose graph is empty, opens as nothing."""
    with pytest.raises(DamagedSource, match="holds no graph"):
        read(content, name="m.onnx")
