"""Exported programs of PyTorch: what a small one becomes, in each layout of the archive."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

import importers
from graphs.errors import UnsupportedFeature
from graphs.ir import NodeKind
from tests.helpers import pytorch_files as files
from tests.helpers.importer_contract import Case, check_contract

LAYOUTS = (files.layout_2_5, files.layout_2_8, files.layout_2_9)
SMALL_TEXT = """\
format "PyTorch ExportedProgram"
producer "torch 2.13.0"
parameters 6 in 24 bytes
metadata "torch version" "2.13.0"
metadata "schema version" "8.20"
metadata "opset" "aten 10"
metadata "symbol s0" "2 \\u2026 64"

graph "model": 8 nodes, 6 edges, 2 groups
constant "block.0.w" Parameter in "block/0"
  0 -> "p_block_0_w" float32[3,2]
constant "count" Buffer
  0 -> "b_count" int64[]
input "x" Input
  0 -> "x" float32[s0,2]
operator "linear" aten.linear.default in "block/0"
  0 <- "x":0
  1 <- "block.0.w":0
  0 -> "linear" float32[s0,3]
operator "relu" aten.relu.default in "block/0"
  0 <- "linear":0
  0 -> "relu" float32[s0,3]
operator "add" aten.add.Tensor
  0 <- "count":0
  0 -> "add" int64[]
output "count (buffer mutation)" BufferMutation
  0 <- "add":0
output "output_1" Output
  0 <- "relu":0
"""


def _read(whole, weights=None):
    return importers.read(files.layout_2_9(whole, weights or {}), name="net.pt2")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_contract_in_each_layout(layout):
    """The same program gives the same graph in the layouts of torch 2.5, 2.8 and 2.9."""
    content = layout(files.small_program(), files.SMALL_WEIGHTS)
    case = Case(
        "net.pt2",
        content,
        "PyTorch ExportedProgram",
        n_graphs=1,
        n_operators=3,
        n_parameters=6,
        text=SMALL_TEXT,
    )
    check_contract(case)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_weights_in_each_layout(layout):
    """Parameters and buffers are read from the archive, each when somebody looks."""
    graph = importers.read(layout(files.small_program(), files.SMALL_WEIGHTS)).graphs[0]
    for node, name in enumerate(files.SMALL_WEIGHTS):
        found = graph.source.tensor(node)
        assert found.dtype == files.SMALL_WEIGHTS[name].dtype
        np.testing.assert_array_equal(found, files.SMALL_WEIGHTS[name])
    assert graph.source.tensor(2) is None


def test_what_is_said_of_nodes():
    """An operator shows its literals, the line that somebody wrote and its module's class."""
    graph = _read(files.small_program()).graphs[0]
    linear = dict(graph.source.attributes(3))
    assert linear["source"] == "net.py:7 in forward"
    assert linear["values"] == "input=%x, weight=%p_block_0_w"
    assert linear["module class"] == "net.Block"
    assert dict(graph.source.attributes(5))["other"] == "1"
    group = graph.namespaces.index("block/0")
    assert dict(graph.source.group_attributes(group)) == {"module": "block.0", "class": "net.Block"}


def test_what_is_said_of_inputs_and_outputs():
    """Parameters, buffers and mutations are told apart, and a changed buffer says so."""
    graph = _read(files.small_program()).graphs[0]
    assert dict(graph.source.attributes(0)) == {
        "kind": "parameter",
        "name": "block.0.w",
        "placeholder": "p_block_0_w",
    }
    count = dict(graph.source.attributes(1))
    assert (count["kind"], count["persistent"]) == ("buffer", "true")
    assert count["updated"] == "the graph writes it"
    assert dict(graph.source.attributes(6))["of"] == "count"


def test_symbolic_sizes_have_ranges():
    """A value of symbolic shape tells the range of its symbols and the size at the export."""
    graph = _read(files.small_program()).graphs[0]
    facts = dict(graph.source.value_facts(2))
    assert facts["s0"] == "2 … 64"
    assert facts["s0 at export"] == "4"


def test_numbers_that_json_does_not_have():
    """A file of torch 2.5 may hold a bare Infinity; a text that says so stays as it is."""
    whole = files.small_program()
    nodes = whole["graph_module"]["graph"]["nodes"]
    nodes[2]["inputs"][1]["arg"] = {"as_float": float("-inf")}
    nodes[2]["metadata"]["custom"] = "to Infinity, NaN"
    assert b": -Infinity" in json.dumps(whole).encode()
    attributes = dict(_read(whole).graphs[0].source.attributes(5))
    assert attributes["other"] == "-Infinity"
    assert attributes["custom"] == "to Infinity, NaN"


def test_symbols_of_torch_2_5():
    """Until 2.6 a size is plain text, and a symbol without a bound has an infinite one."""
    whole = files.small_program()
    whole["range_constraints"] = {"s0": {"min_val": 0, "max_val": float("inf")}}
    size = {"as_expr": {"expr_str": "2*s0 + 1", "hint": None}}
    whole["graph_module"]["graph"]["tensor_values"]["x"]["sizes"][0] = size
    model = importers.read(files.layout_2_5(whole, files.SMALL_WEIGHTS))
    assert dict(model.metadata)["symbol s0"] == "0 … ∞"
    graph = model.graphs[0]
    assert str(graph.node(2).value_type(graph.node(2).outputs[0])) == "float32[2*s0+1,2]"
    assert dict(graph.source.value_facts(2))["s0"] == "0 … ∞"


def test_old_nodes_without_names():
    """Old nodes have no names: they are called after their output, else their operator."""
    whole = files.small_program()
    nodes = whole["graph_module"]["graph"]["nodes"]
    for node in nodes:
        del node["name"]
    nodes.append(files.node("torch.ops.aten._assert_async.msg", {}, []) | {"name": None})
    model = _read(whole)
    assert model.graphs[0].node_ids[3:7] == ("linear", "relu", "add", "_assert_async_0")


def _with_body() -> files.Json:
    """Return a program that calls ``cond`` with two bodies, one with a body of its own."""
    inner = files.graph(["a"], [], [files.tensor("a")], {"a": files.meta(2)})
    negated = files.node("torch.ops.aten.neg.default", {"self": files.tensor("a")}, [])
    negated["outputs"] = [files.tensor("neg")]
    negated["name"] = "neg"
    bodies = {"name": "inner_0", "graph": inner}
    nested = files.node("torch.ops.higher_order.scan", {"f": {"as_graph": bodies}}, [])
    first = files.graph(["a"], [negated, nested], [files.tensor("neg")], {"a": files.meta(2)})
    arguments = {
        "pred": files.tensor("p"),
        "true": {"as_graph": {"name": "true_graph_0", "graph": first}},
        "false": {"as_graph": {"name": "false_graph_0", "graph": inner}},
        "operands": {"as_tensors": [{"name": "x"}]},
    }
    call = files.node("torch.ops.higher_order.cond", arguments, [])
    call |= {"outputs": [{"as_tensors": [{"name": "getitem"}]}], "name": "cond"}
    types = {
        "p": files.meta(dtype="bool"),
        "x": files.meta(2),
        "getitem": files.meta(2),
    }
    top = files.graph(["p", "x"], [call], [files.tensor("getitem")], types)
    inputs = [files.user_input("p"), files.user_input("x")]
    return files.program(top, inputs, [files.user_output("getitem")])


def test_bodies_of_higher_order_operators():
    """Graphs among the arguments become graphs that the node calls, at any depth."""
    model = _read(_with_body())
    first = model.graphs[0]
    assert first.subgraphs == {2: ("true_graph_0", "false_graph_0")}
    assert [g.id for g in model.graphs] == [
        "model",
        "true_graph_0",
        "false_graph_0",
        "true_graph_0/inner_0",
    ]
    assert model.graphs[1].subgraphs == {2: ("true_graph_0/inner_0",)}
    edges = zip(first.edge_source, first.edge_target, first.edge_target_slot, strict=True)
    assert {tuple(map(int, edge)) for edge in edges} == {(0, 2, 0), (1, 2, 1), (2, 3, 0)}
    # torch counts a call and the node that takes its one result out of a tuple.
    assert first.n_operators == 2


def test_several_programs_in_one_archive():
    """An archive of two programs gives a graph for each, under the program's name."""
    members = files.members_2_9(files.small_program(), files.SMALL_WEIGHTS, "encoder")
    members |= files.members_2_9(_with_body(), {}, "decoder")
    model = importers.read(files.zipped(members))
    assert [g.id for g in model.graphs][:2] == ["encoder", "decoder"]
    assert ("encoder: torch version", "2.13.0") in model.metadata


def test_tied_parameters_count_once():
    """Two parameters that are the same bytes are counted once."""
    whole = files.small_program()
    top = whole["graph_module"]["graph"]
    top["inputs"].insert(1, files.tensor("p_tied"))
    top["tensor_values"]["p_tied"] = top["tensor_values"]["p_block_0_w"]
    specs = whole["graph_module"]["signature"]["input_specs"]
    specs.insert(1, files.parameter("tied.w", "p_tied"))
    members = files.members_2_9(whole, files.SMALL_WEIGHTS)
    config = "net/data/weights/model_weights_config.json"
    entries = json.loads(members[config])
    entries["config"]["tied.w"] = entries["config"]["block.0.w"]
    members[config] = json.dumps(entries).encode()
    assert importers.read(files.zipped(members)).n_parameters == 6


def test_a_view_of_a_storage():
    """A weight that is a strided part of a larger storage is read as that part."""
    members = files.members_2_9(files.small_program(), files.SMALL_WEIGHTS)
    config = "net/data/weights/model_weights_config.json"
    entries = json.loads(members[config])
    view = entries["config"]["block.0.w"]["tensor_meta"]
    view["sizes"] = [{"as_int": 2}, {"as_int": 2}]
    view["strides"] = [{"as_int": 1}, {"as_int": 2}]
    view["storage_offset"] = {"as_int": 1}
    members[config] = json.dumps(entries).encode()
    graph = importers.read(files.zipped(members)).graphs[0]
    np.testing.assert_array_equal(graph.source.tensor(0), [[1, 3], [2, 4]])


def test_modules_that_are_called_from_elsewhere():
    """A namespace follows the calls; a path that is not inside its caller's is kept whole."""
    whole = files.small_program()
    stack = f"{files.STACK};L__self__decoder,decoder,net.D;L__self__shared,shared,net.S"
    whole["graph_module"]["graph"]["nodes"][0]["metadata"]["nn_module_stack"] = stack
    sliced = f"{files.STACK};L__self__.slice(0, 2, None),l.slice(0, 2, None),net.Block"
    whole["graph_module"]["graph"]["nodes"][1]["metadata"]["nn_module_stack"] = sliced
    graph = _read(whole).graphs[0]
    assert graph.node(3).namespace == "decoder/shared"
    assert graph.node(4).namespace == "l/slice(0, 2, None)"
    assert graph.node(0).namespace == "decoder/shared"


def test_compressed_archives_open():
    """An archive that somebody packed anew with compression opens, its old weights included."""
    whole, weights = files.small_program(), files.SMALL_WEIGHTS
    for content in (files.layout_2_5(whole, weights), files.layout_2_9(whole, weights)):
        again = _repacked(content)
        assert len(again) < len(content)
        graph = importers.read(again).graphs[0]
        np.testing.assert_array_equal(graph.source.tensor(0), weights["block.0.w"])
        assert graph.node_kind[0] == NodeKind.CONSTANT


def _repacked(content: bytes) -> bytes:
    import io

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return files.zipped(members, zipfile.ZIP_DEFLATED)


def test_compiled_packages_are_refused_with_reason():
    """A package of machine code says that it holds no graph."""
    content = files.zipped({"net/data/aotinductor/model/x.so": b"\x7fELF", "net/version": b"3"})
    with pytest.raises(UnsupportedFeature, match="machine code and no graph"):
        importers.read(content, name="net.pt2")
