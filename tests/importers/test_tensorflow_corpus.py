"""Real TensorFlow files, against their manifest and the same model in ONNX; broken ones."""

from __future__ import annotations

import csv
import re
import time
from pathlib import Path

import numpy as np

import importers
from graphs.check import problems
from graphs.ir import Graph, NodeKind
from tests.helpers.importer_contract import (
    Case,
    check_limits,
    check_promises,
    check_sources,
    outcomes,
)

FORMATS = {"savedmodel": "TensorFlow SavedModel", "graphdef": "TensorFlow GraphDef"}
MAX_SECONDS = 0.5


def test_counts_of_the_manifest(corpus: Path) -> None:
    """Nodes of the graph and of all functions, and functions, are those that TensorFlow counted."""
    checked = 0
    with (corpus / "MANIFEST.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if not row["file"].startswith("tf/"):
                continue
            model = importers.read(corpus / row["file"])
            found = re.match(r"(\d+) nodes(?: in graph and|,) (\d+) functions", row["nodes_ops"])
            assert found is not None
            n_nodes, n_functions = map(int, found.groups())
            case = Case("", b"", FORMATS[row["format"]], n_functions + 1, n_operators=n_nodes)
            check_promises(case, model)
            assert model.notes == ()
            checked += 1
    assert checked == 4


def constants(graph: Graph) -> list[np.ndarray]:
    """Return the float constants of a graph."""
    rows = np.flatnonzero(graph.node_kind == NodeKind.CONSTANT)
    found = [graph.source.tensor(int(row)) for row in rows]
    return [one for one in found if one is not None and one.dtype == np.float32]


def test_variables_equal_the_same_model_in_onnx(corpus: Path) -> None:
    """Kernels read from the checkpoint are those of the ONNX file, in its order of axes."""
    ours = importers.read(corpus / "tf" / "basic_pitch_nmp_savedmodel").graphs[0]
    theirs = importers.read(corpus / "onnx" / "basic_pitch_nmp.onnx").graphs[0]
    known = constants(theirs)
    checked = 0
    for row in range(ours.n_nodes):
        if not ours.node_ids[row].startswith("conv2d") or ours.node(row).op_type != "VarHandleOp":
            continue
        values = ours.source.tensor(row)
        assert values is not None
        if values.ndim != 4:
            continue
        turned = values.transpose(3, 2, 0, 1)
        same = [one for one in known if one.shape == turned.shape]
        checked += any(np.allclose(one, turned, rtol=1e-4, atol=1e-6) for one in same)
    assert checked >= 3


def test_the_model_opens_with_its_own_hierarchy(corpus: Path) -> None:
    """First comes the model behind the signature, with its inputs, outputs and modules."""
    model = importers.read(corpus / "tf" / "basic_pitch_nmp_savedmodel")
    first = model.graphs[0]
    assert first.title == "serving_default (wrapped_model)"
    kinds = np.asarray(first.node_kind)
    names = np.array(first.node_ids, dtype=object)
    assert names[kinds == NodeKind.INPUT].tolist() == ["input_2"]
    assert sorted(names[kinds == NodeKind.OUTPUT]) == ["contour", "note", "onset"]
    inside = {path for path in first.namespaces.paths if path.count("/") == 1}
    assert {
        "model_1/conv2d_1",
        "model_1/batch_normalization",
        "model_1/harmonic_stacking",
    } <= inside
    conv = first.node(first.node_ids.index("model_1/conv2d_1/Conv2D"))
    assert conv.namespace == "model_1/conv2d_1"
    main = model.graph("main")
    spaces = [main.node(row).namespace for row in range(main.n_nodes)]
    assert spaces.count("save_and_restore") > 70


def test_opening_is_quick(corpus: Path) -> None:
    """A SavedModel of 4,001 nodes in 105 graphs is read in half a second."""
    seconds = []
    for _ in range(4):
        start = time.perf_counter()
        importers.read(corpus / "tf" / "basic_pitch_nmp_savedmodel")
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < MAX_SECONDS


def test_a_tf1_model_keeps_its_signatures_and_its_variables(corpus: Path) -> None:
    """Each signature's outputs are nodes; values come from a compressed index."""
    model = importers.read(corpus / "tf" / "half_plus_two_savedmodel")
    graph = model.graphs[0]
    outputs = [name for name in graph.node_ids if name.endswith("(serving_default)")]
    assert outputs == ["y (serving_default)"]
    assert sum(name.startswith("signature ") for name, _ in model.metadata) == 5
    row = graph.node_ids.index("a")
    assert graph.node(row).kind == NodeKind.CONSTANT
    assert float(graph.source.tensor(row)) == 0.5


def test_a_loop_of_control_flow_v1(corpus: Path) -> None:
    """The loop is a cycle in its own group, the condition a group within, nothing is noted."""
    model = importers.read(corpus / "tf" / "tf1_while_cond_v1_control_flow.pb")
    graph = model.graphs[0]
    assert {"outer/loop", "outer/loop/cond"} <= set(graph.namespaces.paths)
    assert np.count_nonzero(graph.edge_is_control) == 6
    assert model.notes == ()


def test_malformed_files(corpus: Path) -> None:
    """Random bytes are refused; a graph with every fault opens with a note for each."""
    folder = corpus / "malformed"
    found = outcomes([folder / "random_bytes.pb", folder / "cyclic_dangling_dup.pb"])
    for outcome in found.values():
        check_limits(outcome)
    assert found["random_bytes.pb"].error == "UnknownFormat"
    notes = " ".join(found["cyclic_dangling_dup.pb"].notes)
    for phrase in ("nowhere of d", "^ghost_ctrl of d", "taken already", "too long", "cycle"):
        assert phrase in notes
    model = importers.read(folder / "cyclic_dangling_dup.pb")
    assert [p for graph in model.graphs for p in problems(graph, model)] == []
    check_sources(model)
