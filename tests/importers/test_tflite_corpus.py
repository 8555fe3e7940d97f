"""Real TFLite files, against their manifest and LiteRT's interpreter, and broken ones."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest

import importers
from graphs.ir import Graph, Model, NodeKind
from tests.helpers.importer_contract import (
    Case,
    check_promises,
    check_truncations,
)

# The interpreter refuses a quantized dimension of person_detect, and lacks the operators of flex.
NOT_RUNNABLE = {"person_detect.tflite", "whitespace_tokenizer_flex.tflite"}


def _models(corpus: Path) -> dict[str, Model]:
    return {path.name: importers.read(path) for path in sorted((corpus / "tflite").glob("*"))}


def test_counts_of_the_manifest(corpus):
    """Operators, tensors and subgraphs of every file are those that its own library counted."""
    models = _models(corpus)
    checked = 0
    with (corpus / "MANIFEST.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            found = re.match(r"(\d+) ops / (\d+) tensors / (\d+) subgraphs", row["nodes_ops"] or "")
            model = models.get(Path(row["file"]).name)
            if found is None or model is None:
                continue
            n_operators, n_tensors, n_graphs = map(int, found.groups())
            name = Path(row["file"]).name
            check_promises(
                Case(name, b"", "TFLite", n_graphs=n_graphs, n_operators=n_operators), model
            )
            assert model.notes == ()
            assert sum(len(graph.value_names) for graph in model.graphs) == n_tensors, name
            checked += 1
    assert checked == len(models) == 12


def _tensors(graph: Graph) -> dict[int, int]:
    """Return the value row of each tensor index."""
    facts = (dict(graph.source.value_facts(row)) for row in range(len(graph.value_names)))
    return {int(fact["tensor_index"]): row for row, fact in enumerate(facts)}


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_tensors_equal_the_interpreters(corpus):
    """Name, dtype, shape, quantization and constant data of each tensor are LiteRT's."""
    from ai_edge_litert.interpreter import Interpreter

    for name, model in _models(corpus).items():
        if name in NOT_RUNNABLE:
            continue
        interpreter = Interpreter(str(corpus / "tflite" / name))
        graph = model.graphs[0]
        rows = _tensors(graph)
        details = {one["index"]: one for one in interpreter.get_tensor_details()}
        for index, row in rows.items():
            found, kind = details[index], graph.types[int(graph.value_type[row])]
            assert graph.value_names[row] == found["name"]
            assert kind.dtype == np.dtype(found["dtype"]).name
            assert [-1 if d is None else d for d in kind.shape] == list(found["shape_signature"])
            facts = dict(graph.source.value_facts(row))
            scales = found["quantization_parameters"]["scales"]
            assert ("scale" in facts) == bool(len(scales))
            if len(scales) == 1:
                assert np.float32(facts["scale"]) == scales[0]
                zero_point = found["quantization_parameters"]["zero_points"][0]
                assert int(facts["zero_point"]) == zero_point


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_constants_equal_the_interpreters(corpus):
    """The data of every constant is what LiteRT's interpreter holds."""
    from ai_edge_litert.interpreter import Interpreter

    checked = 0
    for name in ("vww_96_int8.tflite", "basic_pitch_nmp.tflite"):
        model = importers.read(corpus / "tflite" / name)
        graph = model.graphs[0]
        index_of = {row: index for index, row in _tensors(graph).items()}
        interpreter = Interpreter(str(corpus / "tflite" / name))
        for node in np.flatnonzero(graph.node_kind == NodeKind.CONSTANT):
            theirs = interpreter.get_tensor(index_of[graph.node(node).outputs[0]])
            ours = graph.source.tensor(int(node))
            assert ours.dtype == theirs.dtype
            np.testing.assert_array_equal(ours, theirs)
            checked += 1
    assert checked > 100


def test_hierarchy_of_fused_names(corpus):
    """Convolutions of a fused model belong to their block, not to its activation."""
    graph = importers.read(corpus / "tflite" / "vww_96_float.tflite").graphs[0]
    of_op = {}
    for row in np.flatnonzero(graph.node_kind == NodeKind.OPERATOR):
        node = graph.node(row)
        of_op.setdefault(node.op_type, set()).add(re.sub(r"_\d+$", "", node.namespace))
    assert of_op["CONV_2D"] == {"model/conv2d"}
    assert of_op["DEPTHWISE_CONV_2D"] == {"model/depthwise_conv2d"}


def test_both_sides_of_a_pair_have_the_same_nodes(corpus):
    """The float and the int8 file of one model give the same ids and namespaces, node by node."""
    models = _models(corpus)
    first, second = (
        models[f"mobilenetv2_a035_{kind}.tflite"].graphs[0] for kind in ("float", "int8")
    )
    is_operator = first.node_kind == NodeKind.OPERATOR
    assert is_operator.sum() == 65
    assert {n for n, op in zip(first.node_ids, is_operator, strict=True) if op} <= set(
        second.node_ids
    )
    assert set(first.namespaces.paths) == set(second.namespaces.paths)


def test_truncations_of_a_real_file(corpus):
    """A real file that is cut anywhere, seven bytes apart, is refused."""
    content = (corpus / "tflite" / "hello_world_int8.tflite").read_bytes()
    check_truncations(Case("cut.tflite", content, "TFLite"), range(0, len(content), 7))
