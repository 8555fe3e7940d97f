"""Real ONNX files open with the counts that onnx itself gives, and with their hierarchy."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from graphs.ir import Model, NodeKind
from importers import read
from tests.helpers.importer_contract import Case, check_promises

NAMES = [
    "TFBertForQuestionAnswering", "attention_past_state", "attention_past_state.u8s8",
    "conv_qdq_external_ini", "nested_ifs_torchlib_functions", "silero_vad_16k_op15",
    "basic_pitch_nmp", "yunet_s_320_float", "yunet_s_320_qdq_int8", "gpt2_12L_h64_dynamo",
    "moe_decoder_126L_24e_ts",
]  # fmt: skip


def stated(corpus: Path, name: str) -> dict[str, int]:
    """Return the counts that the manifest states for a file."""
    with (corpus / "MANIFEST.tsv").open(newline="") as file:
        rows = {row["file"]: row["nodes_ops"] for row in csv.DictReader(file, delimiter="\t")}
    text = rows[f"onnx/{name}.onnx"]
    patterns = {
        "nodes": r"^(\d+) nodes",
        "top": r"(\d+) top-level",
        "bodies": r"(\d+) subgraphs",
        "functions": r"(\d+) functions",
        "in_functions": r"functions with (\d+) nodes",
        "initializers": r"(\d+) initializers",
    }
    found = {key: re.search(pattern, text) for key, pattern in patterns.items()}
    return {key: int(match[1]) for key, match in found.items() if match is not None}


def opened(corpus: Path, name: str) -> Model:
    """Read a file of the corpus."""
    return read(corpus / "onnx" / f"{name}.onnx")


@pytest.mark.parametrize("name", NAMES)
def test_counts_are_those_of_the_manifest(corpus: Path, name: str) -> None:
    """Nodes, bodies, functions and initializers are as many as onnx counts."""
    counts, model = stated(corpus, name), opened(corpus, name)
    main = model.graphs[0]
    assert main.n_operators == counts["top"]
    constants = main.node_kind == NodeKind.CONSTANT
    is_initializer = (
        main.node_op == main.op_types.index("Initializer")
        if counts["initializers"]
        else np.zeros(main.n_nodes, bool)
    )
    assert int(np.count_nonzero(constants & is_initializer)) == counts["initializers"]
    if not counts["functions"]:
        assert len(model.graphs) == 1 + counts["bodies"]
        assert sum(graph.n_operators for graph in model.graphs) == counts["nodes"]
    else:
        tops = [g for g in model.graphs[1:] if not g.id.endswith("_branch")]
        assert len(tops) == counts["functions"]
        assert sum(graph.n_operators for graph in tops) == counts["in_functions"]


@pytest.mark.parametrize("name", [n for n in NAMES if not n.startswith("moe")])
def test_real_files_keep_what_every_importer_promises(corpus: Path, name: str) -> None:
    """Invariants, our JSON and everything decoded on demand hold for real files."""
    check_promises(Case(f"{name}.onnx", b"", "ONNX"), opened(corpus, name))


def test_the_large_decoder_is_nested_as_it_was_written(corpus: Path) -> None:
    """126 equal blocks, each with its attention and experts, and next to nothing beside them."""
    graph = opened(corpus, "moe_decoder_126L_24e_ts").graphs[0]
    names = graph.namespaces
    top = {names.paths[i] for i in np.flatnonzero(names.depth == 1)}
    assert len(top) < 6, top
    blocks = np.flatnonzero(names.parent == names.index("layers"))
    assert [names.title(i) for i in blocks] == [f"layers.{i}" for i in range(126)]
    assert names.index("layers/7/mlp/gate_3") > 0
    loose = [graph.node_ids[i] for i in np.flatnonzero(graph.node_namespace == 0)]
    assert len(loose) < 10, loose
    sizes = {int(np.count_nonzero(_inside(graph, f"layers/{i}"))) for i in range(2, 125)}
    assert len(sizes) == 1


def _inside(graph, path: str):
    at = graph.namespaces.index(path)
    return (graph.node_namespace >= at) & (graph.node_namespace < graph.namespaces.end[at])


def test_the_dynamo_export_is_nested_by_its_metadata(corpus: Path) -> None:
    """Blocks, attention and classes come from metadata; no node is left beside them."""
    graph = opened(corpus, "gpt2_12L_h64_dynamo").graphs[0]
    at = graph.namespaces.index("model/transformer/h/6/attn/c_attn")
    [(_, module_class)] = graph.source.group_attributes(at)
    assert module_class.endswith("Conv1D")
    top = np.flatnonzero(graph.node_namespace == 0)
    assert {graph.op_types[graph.node_op[i]] for i in top} == {"Input", "Output"}


def test_bodies_link_three_graphs_deep(corpus: Path) -> None:
    """The voice detector's nested branches are reached through their calling nodes."""
    model = opened(corpus, "silero_vad_16k_op15")
    depth = {"main": 0}
    for graph in model.graphs:
        for called in graph.subgraphs.values():
            depth.update(dict.fromkeys(called, depth[graph.id] + 1))
    assert max(depth.values()) == 3
    assert set(depth) == {graph.id for graph in model.graphs}


def test_external_weights_are_decoded_on_demand(corpus: Path) -> None:
    """The convolution's int8 weights come from the file beside the model."""
    graph = opened(corpus, "conv_qdq_external_ini").graphs[0]
    weights = graph.source.tensor(graph.node_ids.index("conv1.weight_quantized"))
    assert weights is not None
    assert weights.shape == (32, 3, 3, 3)
    assert int(weights.max()) > 0
