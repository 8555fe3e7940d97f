"""Real Keras files, against their manifest and against what they say of themselves."""

from __future__ import annotations

import csv
import re
import zipfile
from pathlib import Path

import numpy as np

import importers
from graphs.ir import Graph, NodeKind
from tests.helpers.importer_contract import Case, check_limits, check_promises, outcomes

# Keras counts an inner model and each of its operations once; here each call is a node and the
# model a group. The block of this file has two operations and is called twice.
MORE_CALLS = {"multi_io_nested.keras": 2 * 2 - (1 + 2)}


def test_counts_of_the_manifest(corpus: Path) -> None:
    """Operations and parameters of every file are those that Keras counts."""
    n_checked = 0
    with (corpus / "MANIFEST.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    for row in rows:
        found = re.match(r"(\d+) layers, (\d+) params", row["nodes_ops"] or "")
        if found is None or not row["file"].startswith("keras/"):
            continue
        path = corpus / row["file"]
        model = importers.read(path)
        graph = model.graphs[0]
        check_promises(Case(path.name, b"", "Keras", n_parameters=int(found[2])), model)
        assert model.notes == ()
        n_inputs = int(np.count_nonzero(graph.node_kind == NodeKind.INPUT))
        n_more = MORE_CALLS.get(path.name, 0)
        assert graph.n_operators + n_inputs == int(found[1]) + n_more, path.name
        n_checked += 1
    assert n_checked == len(list((corpus / "keras").iterdir())) == 4


def _types(graph: Graph) -> list[str]:
    return [str(graph.types[kind]) for kind in graph.value_type]


def test_all_shapes_are_known(corpus: Path) -> None:
    """The type of every value of the real files is known, its rank at least."""
    for path in (corpus / "keras").iterdir():
        assert "?" not in _types(importers.read(path).graphs[0]), path.name


def test_inferred_types_are_the_files_own(corpus: Path) -> None:
    """Without what the file says of its tensors the same types are inferred."""
    for name in ("mobilenetv2_a035.keras", "multi_io_nested.keras"):
        with zipfile.ZipFile(corpus / "keras" / name) as archive:
            content = archive.read("config.json")
        silent = re.sub(rb'"shape": \[[^]]*\], "dtype": "\w+", "keras', b'"keras', content)
        assert len(silent) < len(content)
        silent = re.sub(rb'"build_config": \{"input_shape": \[[^]]*\]\}', b'"b": 0', silent)
        stated, inferred = (importers.read(one, name="m.json") for one in (content, silent))
        assert _types(inferred.graphs[0]) == _types(stated.graphs[0])


def test_shapes_agree_with_the_tflite_file(corpus: Path) -> None:
    """The output of a model is what its converted twin produces, but for the batch."""
    for keras, tflite in (
        ("mobilenetv2_a035.keras", "mobilenetv2_a035_float.tflite"),
        ("vww_96_legacy_tfkeras2.h5", "vww_96_float.tflite"),
    ):
        shapes = []
        for path in (corpus / "keras" / keras, corpus / "tflite" / tflite):
            graph = importers.read(path).graphs[0]
            last = graph.node(int(np.flatnonzero(graph.node_kind == NodeKind.OUTPUT)[0]))
            value = graph.edge_value[last.in_edges[0]]
            shapes.append(graph.types[graph.value_type[value]].shape)
        assert shapes[0][1:] == shapes[1][1:]


def test_groups_of_the_inner_model(corpus: Path) -> None:
    """The shared inner model is a group for each call; nothing else is grouped."""
    graph = importers.read(corpus / "keras" / "multi_io_nested.keras").graphs[0]
    assert graph.namespaces.paths == ("", "shared_encoder", "shared_encoder#2")
    facts = dict(graph.source.attributes(graph.node_ids.index("bilstm")))
    assert facts["layer"] == facts["backward_layer"] == "LSTM"
    assert facts["layer.units"] == "8"


def test_malformed_files(corpus: Path) -> None:
    """Broken files open with the right note or end in the right error, in time and memory."""
    expected = {
        "config_not_json.keras": ("DamagedSource", "no valid JSON"),
        "truncated.h5": ("DamagedSource", "truncated file"),
        "lambda_bytecode.keras": ("", ""),
        "huge_dataset_claim.h5": ("", ""),
    }
    found = outcomes([corpus / "malformed" / name for name in expected])
    for name, (error, message) in expected.items():
        check_limits(found[name])
        assert (found[name].error, message in found[name].message) == (error, True)
    assert found["huge_dataset_claim.h5"].notes == ["A weight cannot be read: kernel"]
    graph = importers.read(corpus / "malformed" / "lambda_bytecode.keras").graphs[0]
    facts = dict(graph.source.attributes(graph.node_ids.index("lam")))
    assert "never decoded" in facts["function"]
