"""SavedModels and GraphDefs: what becomes of nodes, functions, signatures and scopes."""

from __future__ import annotations

import numpy as np
import pytest
from google.protobuf import text_format
from tensorboard.compat.proto import graph_pb2

from graphs.errors import DamagedSource, UnknownFormat
from graphs.ir import Graph, NodeKind
from graphs.text import canonical_text
from importers import read
from importers.tensorflow_names import function_title, function_titles
from importers.tensorflow_scopes import common_scope, namespaces_of
from tests.helpers import tensorflow_models as made
from tests.helpers.importer_contract import Case, check_contract

SMALL = """\
format "TensorFlow GraphDef"
producer ""
parameters 13 in 52 bytes

graph "main" titled "main graph": 8 nodes, 8 edges, 1 groups
input "x" Placeholder
  0 -> "x:0" float32[?,4]
constant "dense/kernel" Const in "dense"
  0 -> "dense/kernel:0" float32[4,3]
operator "dense/MatMul" MatMul in "dense"
  0 <- "x":0
  1 <- "dense/kernel":0
  0 -> "dense/MatMul:0" float32[?,3]
operator "dense/Relu" Relu in "dense"
  0 <- "dense/MatMul":0
  0 -> "dense/Relu:0" float32[?,3]
  1 -> "^dense/Relu" ?
operator "check" NoOp
  control <- "dense/Relu":1
  0 -> "^check" ?
constant "axis" Const
  0 -> "axis:0" int32[]
operator "split" Split
  0 <- "axis":0
  1 <- "dense/Relu":0
  control <- "check":0
  0 -> "split:0" float32
  1 -> "split:1" float32
  2 -> "split:2" float32
operator "last" Identity
  0 <- "split":2
  0 -> "last:0" float32
"""


def node_of(graph: Graph, name: str) -> int:
    """Return the row of a node."""
    return graph.node_ids.index(name)


def test_a_graph_keeps_all_that_its_file_says() -> None:
    """Scopes, kinds, types, control edges and output slots of a GraphDef, line by line."""
    content = made.small_graph().SerializeToString()
    case = Case(
        "m.pb", content, "TensorFlow GraphDef", n_operators=8, text=SMALL, cut_may_open=True
    )
    check_contract(case)


def test_text_and_binary_give_the_same_model() -> None:
    """A .pbtxt is the same graph as its .pb."""
    for graph in (made.small_graph(), made.loop_graph()):
        text = text_format.MessageToString(graph).encode()
        same = canonical_text(read(graph.SerializeToString(), name="m.pb"))
        assert canonical_text(read(text, name="m.pbtxt")) == same


def test_a_loop_of_control_flow_v1_is_a_cycle_and_no_damage() -> None:
    """NextIteration leads back to Merge, in a group of its own; nothing is noted."""
    model = read(made.loop_graph().SerializeToString())
    graph = model.graphs[0]
    assert model.notes == ()
    edges = set(zip(graph.edge_source.tolist(), graph.edge_target.tolist(), strict=True))
    back = (node_of(graph, "w/NextIteration"), node_of(graph, "w/Merge"))
    assert back in edges
    merge = graph.node(back[1])
    assert [str(merge.value_type(v)) for v in merge.outputs] == ["int32", "int32", "?"]
    assert merge.namespace == "w"


def test_the_model_behind_a_signature_opens_first() -> None:
    """Wrappers are passed over, and the signature's names reach the model inside."""
    model = read(made.saved_model(made.tf2_meta()), name="saved_model.pb")
    titles = [graph.title for graph in model.graphs]
    assert titles == ["serving_default (model)", "main graph", "signature_wrapper", "traced_save"]
    first = model.graphs[0]
    assert first.node_ids == (
        "image", "dense/kernel", "net/dense/MatMul/ReadVariableOp", "net/dense/MatMul", "scores",
    )  # fmt: skip
    assert [int(kind) for kind in first.node_kind] == [
        NodeKind.INPUT, NodeKind.CONSTANT, NodeKind.OPERATOR, NodeKind.OPERATOR, NodeKind.OUTPUT,
    ]  # fmt: skip
    assert first.node(1).namespace == first.node(3).namespace == "net/dense"
    assert ("signature serving_default", "(image: float32[?,4]) → scores: float32[?,3]") in (
        model.metadata
    )
    assert model.producer == "TensorFlow 2.99"


def test_functions_are_subgraphs_of_their_calls() -> None:
    """Each call leads to the graph of the function that it names."""
    model = read(made.saved_model(made.tf2_meta()))
    main = model.graph("main")
    calls = {main.node_ids[node]: names for node, names in main.subgraphs.items()}
    assert calls == {
        "StatefulPartitionedCall": ("__inference_signature_wrapper_9",),
        "StatefulPartitionedCall_1": ("__inference__traced_save_11",),
    }
    wrapper = model.graph("__inference_signature_wrapper_9")
    assert list(wrapper.subgraphs.values()) == [("__inference_model_7",)]


def test_saving_has_a_group_of_its_own() -> None:
    """What only writes and restores variables is out of the way; the variable itself is not."""
    main = read(made.saved_model(made.tf2_meta())).graph("main")
    spaces = {main.node_ids[i]: main.node(i).namespace for i in range(main.n_nodes)}
    assert {name for name, space in spaces.items() if space == "save_and_restore"} == {
        "saver_filename", "StatefulPartitionedCall_1", "dense/kernel/Read/ReadVariableOp",
    }  # fmt: skip
    assert spaces["StatefulPartitionedCall"] == ""


def test_without_its_folder_a_model_says_what_is_missing() -> None:
    """Values of variables are noted as lost, and their shapes come from the graph."""
    model = read(made.saved_model(made.tf2_meta()))
    assert [note.kind for note in model.notes] == ["lost"]
    graph = model.graphs[0]
    assert str(graph.node(1).value_type(graph.node(1).outputs[0])) == "float32[4,3]"
    assert graph.source.tensor(1) is None
    assert model.n_parameters == 12


def test_several_meta_graphs_have_graphs_of_their_own() -> None:
    """Tags tell the outermost graphs apart, and equal functions get ids of their own."""
    first, second = made.tf2_meta(), made.tf2_meta()
    second.meta_info_def.tags.append("gpu")
    model = read(made.saved_model(first, second))
    ids = [graph.id for graph in model.graphs]
    assert len(ids) == len(set(ids)) == 8
    assert {"main (serve)", "main (serve, gpu)"} <= set(ids)


def test_an_argument_with_two_origins_is_an_input() -> None:
    """A function that is called with different variables shows what it is: a parameter."""
    meta = made.tf2_meta()
    made.add(meta.graph_def, "other", "VarHandleOp", dtype=made.FLOAT, shape=[4, 3])
    made.add(meta.graph_def, "again", "StatefulPartitionedCall", ["serving_default_x", "other"],
             f="__inference_model_7", Tin=[1, 20], Tout=[1])  # fmt: skip
    graph = read(made.saved_model(meta)).graph("__inference_model_7")
    assert graph.node(1).kind == NodeKind.INPUT
    assert graph.node(1).id == "resource"


def test_outputs_of_operations_that_the_file_defines() -> None:
    """Named outputs lead to the right slot, from the file's own definition of an operation."""
    meta = made.tf2_meta()
    op = meta.meta_info_def.stripped_op_list.op.add(name="Twins")
    op.output_arg.add(name="left", type_attr="T", number_attr="N")
    op.output_arg.add(name="right", type=made.INT32)
    function = made.add_function(
        meta.graph_def, "f", {"x": made.FLOAT}, {"y": (made.INT32, "t:right:0")}
    )
    made.add(function, "t", "Twins", ["x"], T=made.FLOAT, N=3)
    graph = read(made.saved_model(meta)).graph("f")
    row = node_of(graph, "t")
    types = [str(graph.node(row).value_type(v)) for v in graph.node(row).outputs]
    assert types == ["float32", "float32", "float32", "int32"]
    last = graph.node(node_of(graph, "y")).in_edges[0]
    assert graph.value_slot[graph.edge_value[last]] == 3


def test_attributes_are_text() -> None:
    """Dtypes, shapes, functions and small tensors are shown by name and value."""
    graph = read(made.small_graph().SerializeToString()).graphs[0]
    source = graph.source
    assert ("value", "int32[] 1") in source.attributes(node_of(graph, "axis"))
    assert source.attributes(node_of(graph, "x")) == [("dtype", "float32"), ("shape", "[?,4]")]
    assert ("num_split", "3") in source.attributes(node_of(graph, "split"))


def test_tensors_are_decoded_on_demand() -> None:
    """Content, single values and one value for all give the array that TensorFlow would."""
    graph_def = made.small_graph()
    node = made.add(graph_def, "filled", "Const", dtype=made.FLOAT)
    tensor = node.attr["value"].tensor
    tensor.dtype = made.FLOAT
    made.shape(tensor.tensor_shape, [2, 3])
    tensor.float_val.extend([1.0, 2.0])
    graph = read(graph_def.SerializeToString()).graphs[0]
    kernel = graph.source.tensor(node_of(graph, "dense/kernel"))
    np.testing.assert_array_equal(kernel, np.arange(12, dtype=np.float32).reshape(4, 3))
    filled = graph.source.tensor(node_of(graph, "filled"))
    np.testing.assert_array_equal(filled, np.array([[1, 2, 2], [2, 2, 2]], np.float32))
    assert graph.source.tensor(node_of(graph, "last")) is None


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("__inference_dense_layer_call_and_return_conditional_losses_91", "dense (call)"),
        ("__inference_dense_1_layer_call_fn_2695", "dense_1 (wrapped call)"),
        ("__inference__wrapped_model_2691120", "wrapped_model"),
        ("my_function_3", "my_function_3"),
        ("__inference_1", "1"),
    ],
)
def test_titles_of_functions(name: str, title: str) -> None:
    """Prefix and serial number go; a name that is not generated stays."""
    assert function_title(name) == title


def test_equal_titles_are_numbered() -> None:
    """Two traces of one function can be told apart."""
    titles = function_titles(["__inference_f_1", "__inference_f_2"])
    assert list(titles.values()) == ["f", "f 2"]


def test_scopes_of_helpers_are_no_groups() -> None:
    """A node joins the scope of its name; a scope of one operation and its helpers dissolves."""
    names = ["d/MatMul/ReadVariableOp", "d/MatMul", "d/BiasAdd", "e/only/one", "e/x",
             "w", "w/a", "w/b"]  # fmt: skip
    ops = ["ReadVariableOp", "MatMul", "BiasAdd", "Abs", "Abs", "While", "Abs", "Abs"]
    assert namespaces_of(names, ops) == ["d", "d", "d", "e", "e", "w", "w", "w"]


def test_common_scope() -> None:
    """The innermost namespace that holds all; none for none."""
    assert common_scope(["a/b/c", "a/b", "a/b/d"]) == "a/b"
    assert common_scope(["a", "b"]) == common_scope([]) == ""


def test_what_holds_no_graph_is_refused() -> None:
    """A SavedModel or a text without a node is no model."""
    empty = made.tf2_meta()
    empty.ClearField("graph_def")
    with pytest.raises(DamagedSource, match="holds no graph"):
        read(made.saved_model(empty))
    with pytest.raises(DamagedSource, match="holds no graph"):
        read(b"versions { producer: 3 }", name="m.pbtxt")
    with pytest.raises(UnknownFormat):
        read(graph_pb2.GraphDef().SerializeToString() + b"\x22\x02\x08\x05", name="m.pb")


def test_dangling_inputs_and_calls_are_noted() -> None:
    """A name that leads nowhere costs an edge, not the model."""
    graph = made.small_graph()
    made.add(graph, "lost", "Add", ["nowhere", "last:999999999999", "^ghost"], T=made.FLOAT)
    made.add_function(graph, "f", {"x": 1}, {"y": (1, "gone:z:0")})
    made.add(graph, "call", "PartitionedCall", ["x"], f="no_such", Tin=[1], Tout=[1])
    made.add(graph, "a", "Neg", ["b"], T=made.FLOAT)
    made.add(graph, "b", "Neg", ["a"], T=made.FLOAT)
    said = " ".join(map(str, read(graph.SerializeToString()).notes))
    for phrase in (
        "nowhere of lost",
        "^ghost of lost",
        "cannot be",
        "gone:z:0",
        "no_such",
        "cycle",
    ):
        assert phrase in said
