"""TFLite files as graphs: what is read on opening."""

from __future__ import annotations

import pytest
from ai_edge_litert import schema_py_generated as schema

import importers
from graphs.check import problems
from graphs.ir import NodeKind
from graphs.text import canonical_text
from importers import tflite
from importers.base import make_probe
from importers.tflite_bytes import FlatFile
from tests.helpers.importer_contract import Case, check_contract
from tests.helpers.tflite_writer import Operator, Subgraph, Tensor, small_model, tflite_bytes

ADD = schema.BuiltinOperator.ADD

SMALL = """\
format "TFLite"
producer "made for a test"
parameters 4 in 16 bytes
metadata "schema_version" "3"
metadata "signature serve" "main(image) \\u2192 scores"
metadata "min_runtime_version" "1.14.0"

graph "main" titled "main (serve)": 5 nodes, 5 edges, 3 groups
input "x" Input
  0 -> "x" float32[?,4]
constant "block/conv/weights" Constant in "block/conv"
  0 -> "block/conv/weights" float32[1,4]
operator "block/relu/Relu;block/conv/Conv2D" CONV_2D in "block/conv"
  0 <- "x":0
  1 <- "block/conv/weights":0
  0 -> "block/relu/Relu;block/conv/Conv2D" float32[1,4]
operator "head/add" ADD in "head"
  0 <- "block/relu/Relu;block/conv/Conv2D":0
  1 <- "block/relu/Relu;block/conv/Conv2D":0
  0 -> "head/add" float32[1,4]
output "scores" Output
  0 <- "head/add":0
"""


def _read(graphs, **fields):
    return importers.read(tflite_bytes(graphs, **fields))


def _one(tensors, operators, inputs=(0,), outputs=(), **fields):
    """Return the only graph of a model, and the model's notes as text."""
    graph = Subgraph(tensors, operators, list(inputs), list(outputs))
    model = _read([graph], **fields)
    assert problems(model.graphs[0]) == []
    return model.graphs[0], [str(note) for note in model.notes]


def test_contract():
    """A small model keeps every promise of an importer: its text, its cuts, its round trip."""
    case = Case(
        "small.tflite",
        small_model(),
        "TFLite",
        n_graphs=1,
        n_operators=2,
        n_nodes=5,
        n_edges=5,
        n_parameters=4,
        text=SMALL,
    )
    check_contract(case)


def test_file_and_bytes_give_the_same(tmp_path):
    """A file read in pages equals the same bytes in memory, whatever it is called."""
    path = tmp_path / "model.onnx"
    path.write_bytes(small_model())
    assert canonical_text(importers.read(path)) == SMALL


def test_look_needs_the_identifier():
    """Only the file identifier makes a TFLite file, not its name."""
    assert tflite.look(make_probe(small_model(), "x.bin"))
    assert not tflite.look(make_probe(b"TFL3" + bytes(40), "x.tflite"))


def test_weights_are_not_read_on_opening(tmp_path, monkeypatch):
    """Opening a model with 4 MB of weights reads less than 100 kB of them."""
    path = tmp_path / "model.tflite"
    weights = Tensor("w", (1 << 20,), data=bytes(4 << 20))
    graph = Subgraph([Tensor("x"), weights, Tensor("y")], [Operator(ADD, [0, 1], [2])], [0], [2])
    path.write_bytes(tflite_bytes([graph]))
    n_bytes = []
    read = FlatFile._read
    monkeypatch.setattr(
        FlatFile, "_read", lambda self, at, n: (n_bytes.append(n), read(self, at, n))[1]
    )
    model = importers.read(path)
    assert 0 < sum(n_bytes) < 100_000
    assert (model.n_parameters, model.parameter_bytes) == (1 << 20, 4 << 20)


def test_unnamed_and_equal_names_get_stable_ids():
    """Tensors without a name, or with the same, still give unique and repeatable node ids."""
    tensors = [Tensor("x"), Tensor(""), Tensor("same"), Tensor("same"), Tensor("")]
    operators = [Operator(ADD, [0, 0], [i]) for i in (1, 2, 3, 4)]
    graph, notes = _one(tensors, operators)
    assert graph.node_ids[1:] == ("add_0", "same", "same#2", "add_1")
    assert notes == ["A name was taken already and got a number: same"]


def test_absent_inputs_and_outputs_keep_their_slots():
    """A tensor index of -1 is an input that is not there: no edge, no note, the next slot is 2."""
    tensors = [Tensor("x"), Tensor("y"), Tensor("z")]
    graph, notes = _one(tensors, [Operator(ADD, [0, -1, 0], [1, -1, 2])])
    assert graph.edge_target_slot.tolist() == [0, 2]
    assert graph.value_slot[graph.value_node == 1].tolist() == [0, 2]
    assert notes == []


@pytest.mark.parametrize("index", [9999, -7, 2**31 - 1, -(2**31)])
def test_tensor_index_out_of_range(index):
    """An index that leads nowhere costs its edge and gives a note; the rest opens."""
    tensors = [Tensor("x"), Tensor("y")]
    graph, notes = _one(tensors, [Operator(ADD, [0, index], [1])], outputs=[1, index])
    assert graph.n_edges == 2
    assert notes == [f"An operator refers to a tensor that does not exist (2×): {index}, {index}"]


def test_a_cycle_opens_with_a_note():
    """A tensor that is read before it is written gives the edge all the same, and a note."""
    tensors = [Tensor("a"), Tensor("b")]
    graph, notes = _one(tensors, [Operator(ADD, [1], [0]), Operator(ADD, [0], [1])], inputs=())
    assert sorted(zip(graph.edge_source.tolist(), graph.edge_target.tolist(), strict=True)) == [
        (0, 1),
        (1, 0),
    ]
    assert notes == ["A tensor is read before it is produced: b"]


def test_a_tensor_that_is_written_twice():
    """A reader gets the value that was written last before it, and a note tells of the second."""
    tensors = [Tensor("x"), Tensor("y"), Tensor("z"), Tensor("w")]
    operators = [
        Operator(ADD, [0], [1]),
        Operator(ADD, [1], [2]),
        Operator(ADD, [0], [1]),
        Operator(ADD, [1], [3]),
    ]
    graph, notes = _one(tensors, operators)
    into = dict(zip(graph.edge_target.tolist(), graph.edge_source.tolist(), strict=True))
    assert (into[2], into[4]) == (1, 3)
    assert "A tensor is written more than once: y" in notes


def test_a_tensor_that_nothing_produces():
    """A tensor without producer and data costs its edge and gives a note."""
    tensors = [Tensor("x"), Tensor("y"), Tensor("ghost")]
    graph, notes = _one(tensors, [Operator(ADD, [0, 2], [1])])
    assert graph.n_edges == 1
    assert notes == ["A tensor is read but nothing produces it: ghost"]


def test_variables_are_inputs():
    """A state without data and producer is an input of op type Variable."""
    tensors = [Tensor("x"), Tensor("state", extra={"isVariable": True}), Tensor("y")]
    graph, notes = _one(tensors, [Operator(ADD, [0, 1], [2])])
    node = graph.node(graph.node_ids.index("state"))
    assert (node.kind, node.op_type) == (NodeKind.INPUT, "Variable")
    assert notes == []


def test_shapes():
    """A shape signature wins over the shape; -1 is unknown; no rank is no shape."""
    tensors = [
        Tensor("x", (2, 3), extra={"shapeSignature": [-1, 3]}),
        Tensor("scalar", ()),
        Tensor("unranked", (), extra={"hasRank": False}),
    ]
    graph, _ = _one(tensors, [Operator(ADD, [0], [1, 2])])
    assert [str(graph.types[t]) for t in graph.value_type] == [
        "float32[?,3]",
        "float32[]",
        "float32",
    ]


def test_each_buffer_counts_once():
    """Two tensors that share a buffer, in two graphs, are counted as one set of parameters."""
    weights = Tensor("w", (2, 2), data=bytes(16))
    shared = Tensor("w", (2, 2), extra={"buffer": 1})
    graphs = [
        Subgraph([Tensor("x"), one, Tensor("y")], [Operator(ADD, [0, 1], [2])], [0], [2], name)
        for one, name in ((weights, "a"), (shared, "b"))
    ]
    model = _read(graphs)
    assert (model.n_parameters, model.parameter_bytes) == (4, 16)
    assert [graph.id for graph in model.graphs] == ["a", "b"]


def test_a_claim_is_not_counted_as_parameters():
    """A constant whose shape claims more than its buffer holds counts what is there."""
    tensors = [Tensor("x"), Tensor("w", (2**31 - 1,) * 3, data=bytes(16)), Tensor("y")]
    model = _read([Subgraph(tensors, [Operator(ADD, [0, 1], [2])], [0], [2])])
    assert (model.n_parameters, model.parameter_bytes) == (4, 16)


def test_constants_lie_where_their_readers_are():
    """A constant belongs to the namespace that encloses all who read it, not to its own name."""
    tensors = [
        Tensor("x"),
        Tensor("elsewhere/w", data=bytes(16)),
        Tensor("net/a/one"),
        Tensor("net/b/two"),
    ]
    graph, _ = _one(tensors, [Operator(ADD, [0, 1], [2]), Operator(ADD, [2, 1], [3])])
    assert graph.node(graph.node_ids.index("elsewhere/w")).namespace == "net"


def test_an_output_operator_lies_where_its_own_constant_is():
    """The operator that bears the graph output's name joins the namespace of its weights."""
    tensors = [Tensor("x"), Tensor("net/dense/MatMul", data=bytes(16)), Tensor("Identity")]
    code = schema.BuiltinOperator.FULLY_CONNECTED
    graph, _ = _one(tensors, [Operator(code, [0, 1], [2])])
    assert graph.node(graph.node_ids.index("Identity")).namespace == "net/dense"


def _calls(code, options):
    graphs = [
        Subgraph([Tensor("x"), Tensor("y")], [Operator(code, [0], [1], options)], [0], [1]),
        Subgraph([Tensor("p")], [], [0], [0], "first"),
        Subgraph([Tensor("q")], [], [0], [0], "second"),
    ]
    model = _read(graphs)
    assert problems(model.graphs[0], model) == []
    return model.graphs[0].subgraphs, [str(note) for note in model.notes]


def _options(cls, **fields):
    options = getattr(schema, cls)()
    for name, value in fields.items():
        setattr(options, name, value)
    return options


@pytest.mark.parametrize(
    ("op", "options"),
    [
        ("IF", _options("IfOptionsT", thenSubgraphIndex=1, elseSubgraphIndex=2)),
        ("WHILE", _options("WhileOptionsT", condSubgraphIndex=1, bodySubgraphIndex=2)),
        ("STABLEHLO_CASE", _options("StablehloCaseOptionsT", branchSubgraphIndices=[1, 2])),
    ],
)
def test_control_flow_calls_its_subgraphs(op, options):
    """A node of control flow is linked to the subgraphs that it calls, in the file's order."""
    calls, notes = _calls(getattr(schema.BuiltinOperator, op), options)
    assert (calls, notes) == ({1: ("first", "second")}, [])


@pytest.mark.parametrize(
    ("op", "options"),
    [
        ("CALL", _options("CallOptionsT", subgraph=2)),
        ("CALL_ONCE", _options("CallOnceOptionsT", initSubgraphIndex=2)),
        (
            "STABLEHLO_COMPOSITE",
            _options("StableHLOCompositeOptionsT", name="f", decompositionSubgraphIndex=2),
        ),
        ("STABLEHLO_REDUCE", _options("StablehloReduceOptionsT", bodySubgraphIndex=2)),
    ],
)
def test_calls_of_one_subgraph(op, options):
    """Calls, initialisation, composites and reductions are linked to their one subgraph."""
    calls, notes = _calls(getattr(schema.BuiltinOperator, op), options)
    assert (calls, notes) == ({1: ("second",)}, [])


@pytest.mark.parametrize("index", [0, 3, -1])
def test_a_call_that_cannot_be(index):
    """A call of a graph that does not exist, or of itself, is left out with a note."""
    options = _options("CallOnceOptionsT", initSubgraphIndex=index)
    calls, notes = _calls(schema.BuiltinOperator.CALL_ONCE, options)
    assert (calls, notes) == ({}, [f"An operator calls a graph that cannot be: {index}"])


def test_old_files_state_the_code_in_eight_bits():
    """Where only the deprecated code is set, it is the operator's."""
    code = schema.OperatorCodeT()
    code.deprecatedBuiltinCode = schema.BuiltinOperator.RELU6
    graph = Subgraph([Tensor("x"), Tensor("y")], [Operator(ADD, [0], [1])], [0], [1])
    model = _read([graph], operatorCodes=[code])
    assert model.graphs[0].node(1).op_type == "RELU6"


def test_an_operator_from_the_future_shows_its_number():
    """A builtin code past the table is shown as a number, with a note."""
    graph, notes = _one([Tensor("x"), Tensor("y")], [Operator(9000, [0], [1])])
    assert graph.node(1).op_type == "BUILTIN_9000"
    assert notes == ["An operator is newer than this reader and shows its number: 9000"]


def test_signatures():
    """Each signature is in the metadata; its names are facts of the tensors; ids stay unique."""
    graph = Subgraph([Tensor("a"), Tensor("b")], [Operator(ADD, [0], [1])], [0], [1])
    model = _read([graph], signatures=[("f", 0, {"in": 0}, {"b": 1}), ("g", 7, {}, {})])
    found = model.graphs[0]
    assert ("signature f", "main(in) → b") in model.metadata
    assert found.node_ids == ("a", "b", "b (output)")
    assert ("signature_name", "b (f)") in found.source.value_facts(1)
    assert "A signature names a subgraph that does not exist: g" in map(str, model.notes)


def test_version_and_names_are_noted():
    """Another schema version opens with a note."""
    model = importers.read(small_model(version=4))
    assert [str(note) for note in model.notes] == ["Read as schema version 3, the file states 4"]
