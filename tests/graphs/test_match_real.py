"""Matching of real files: float beside int8, and one model in several formats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import importers
from graphs.ir import NodeKind
from graphs.match import match, match_models
from graphs.match_types import Matching, MatchOptions
from tests.helpers.computing_nodes import (
    are_same_weights,
    computing_rows,
    side_of,
    weights_behind,
)
from tests.helpers.graph_edits import asymmetric_ids, disguised

EXPECTED = Path(__file__).parent / "expected" / "matching"
FLOAT_AND_INT8 = {
    "vww_96": ("tflite/vww_96_float.tflite", "tflite/vww_96_int8.tflite"),
    "mobilenet_v1": (
        "tflite/mobilenet_v1_0.25_128.tflite",
        "tflite/mobilenet_v1_0.25_128_quant.tflite",
    ),
    "mobilenetv2": ("tflite/mobilenetv2_a035_float.tflite", "tflite/mobilenetv2_a035_int8.tflite"),
    "yunet": ("onnx/yunet_s_320_float.onnx", "onnx/yunet_s_320_qdq_int8.onnx"),
}
PITCH = {
    "ONNX": "onnx/basic_pitch_nmp.onnx",
    "TFLite": "tflite/basic_pitch_nmp.tflite",
    "SavedModel": "tf/basic_pitch_nmp_savedmodel",
}
ACROSS = {
    "pitch: ONNX and TFLite": (PITCH["ONNX"], PITCH["TFLite"]),
    "pitch: SavedModel and TFLite": (PITCH["SavedModel"], PITCH["TFLite"]),
    "pitch: SavedModel and ONNX": (PITCH["SavedModel"], PITCH["ONNX"]),
    "voice: ONNX and TorchScript": ("onnx/silero_vad_16k_op15.onnx", "torch/silero_vad.jit"),
    "wake: Keras and TFLite": ("keras/vww_96_legacy_tfkeras2.h5", "tflite/vww_96_float.tflite"),
    "mobilenet: Keras and TFLite": (
        "keras/mobilenetv2_a035.keras",
        "tflite/mobilenetv2_a035_float.tflite",
    ),
}
WITHOUT_NAMES = MatchOptions(use_names=False)
MAX_NODES = 6_000  # of the models that are compared with themselves


def matched(corpus: Path, files: tuple[str, str], options: MatchOptions | None = None) -> Matching:
    """Return the matching of two files of the corpus."""
    a, b = (importers.read(corpus / file) for file in files)
    return match_models(a, b, options or MatchOptions())


def operator_pairs(matching: Matching) -> set[tuple[str, str]]:
    """Return each operator of A with the node that its pair is made by; "-" where it has none."""
    graph = matching.a[0]
    pair_of = {id: pair for pair in matching.pairs for id in pair.a}
    return {
        (id, pair_of[id].b[0] if pair_of[id].b else "-")
        for id, kind in zip(graph.node_ids, graph.node_kind.tolist(), strict=True)
        if kind == NodeKind.OPERATOR
    }


def expected_pairs(name: str) -> set[tuple[str, str]]:
    """Return the pairs that were checked by hand."""
    lines = (EXPECTED / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    return {(a, b) for a, b in (line.split("\t") for line in lines)}


def test_every_real_model_is_equal_to_itself(corpus: Path) -> None:
    """Each node of each file is its own partner, and nothing differs."""
    lines = (corpus / "MANIFEST.tsv").read_text(encoding="utf-8").splitlines()[1:]
    names = [line.split("\t")[0] for line in lines]
    n_compared = 0
    for name in names:
        path = corpus / name
        if name.startswith(("malformed/", "profiles/")) or path.suffix in (".bin", ".json"):
            continue
        a, b = importers.read(path), importers.read(path)
        if sum(graph.n_nodes for graph in a.graphs) < MAX_NODES:
            matching = match_models(a, b)
            assert matching.is_equal, name
            assert all((p.a, p.a_graph) == (p.b, p.b_graph) for p in matching.pairs), name
            n_compared += 1
    assert n_compared > 20


@pytest.mark.parametrize("name", FLOAT_AND_INT8)
def test_each_float_operator_is_paired_with_its_int8_twin(corpus: Path, name: str) -> None:
    """Every operator of the float model has the partner that was checked by hand."""
    assert operator_pairs(matched(corpus, FLOAT_AND_INT8[name])) == expected_pairs(name)


@pytest.mark.parametrize("name", ["vww_96", "mobilenet_v1", "mobilenetv2"])
def test_int8_twins_are_found_without_names(corpus: Path, name: str) -> None:
    """The structure alone gives the pairs that were checked by hand."""
    found = operator_pairs(matched(corpus, FLOAT_AND_INT8[name], WITHOUT_NAMES))
    assert found == expected_pairs(name)


@pytest.mark.parametrize(
    "file",
    [
        "onnx/yunet_s_320_qdq_int8.onnx",
        "onnx/gpt2_12L_h64_dynamo.onnx",
        "tf/basic_pitch_nmp_savedmodel",
        "tflite/mobilenetv2_a035_int8.tflite",
        "torch/vit_12L_h64.pt2",
        "hlo/llama3_8b_cp_bf16_1x4.hlo",
    ],
)
def test_real_graphs_are_found_again_without_names(corpus: Path, file: str) -> None:
    """Shuffled and nameless: 0.97 of what a slow refinement tells from all others is paired."""
    graph = importers.read(corpus / file).graphs[0]
    truth = disguised(graph, 5)
    told = asymmetric_ids(graph)
    pairs = set(match(graph, truth.graph, WITHOUT_NAMES).id_pairs())
    wanted = {(old, new) for old, new in truth.pairs if old in told}
    assert len(wanted) > 100
    assert len(wanted & pairs) >= 0.97 * len(wanted)


@pytest.mark.parametrize("name", ACROSS)
def test_nine_of_ten_computing_nodes_are_paired_across_formats(corpus: Path, name: str) -> None:
    """Of the operators that make new numbers from the inputs for the outputs, 0.9 have partners."""
    # Counted in the model that has fewer of them: the TorchScript file also holds the same
    # model for another sampling rate, and what checks its inputs.
    matching = matched(corpus, ACROSS[name])
    shares = []
    for graphs, is_b in ((matching.a, False), (matching.b, True)):
        side = side_of(graphs)
        paired = {
            ((pair.b_graph if is_b else pair.a_graph), id)
            for pair in matching.pairs
            if pair.a and pair.b
            for id in (pair.b if is_b else pair.a)
        }
        rows = computing_rows(side)
        n = sum((side.local(row)[0].id, side.ids[row]) in paired for row in rows)
        shares.append((len(rows), n / len(rows)))
    assert min(shares)[0] > 15
    assert min(shares)[1] >= 0.9


@pytest.mark.parametrize("name", ACROSS)
def test_no_pair_across_formats_has_other_weights(corpus: Path, name: str) -> None:
    """Where both ends of a pair read a kernel, it is the same up to layout and folded factors."""
    matching = matched(corpus, ACROSS[name])
    a, b = side_of(matching.a), side_of(matching.b)
    row_a = {(a.local(row)[0].id, id): row for row, id in enumerate(a.ids)}
    row_b = {(b.local(row)[0].id, id): row for row, id in enumerate(b.ids)}
    computing_a, computing_b = set(computing_rows(a)), set(computing_rows(b))
    n_compared = 0
    for pair in matching.pairs:
        if not pair.a or not pair.b:
            continue
        mine, theirs = row_a[pair.a_graph, pair.a[0]], row_b[pair.b_graph, pair.b[0]]
        if mine not in computing_a or theirs not in computing_b:
            continue
        kernel_a, kernel_b = weights_behind(a, mine), weights_behind(b, theirs)
        if kernel_a is not None and kernel_b is not None and kernel_a.size > 16:
            assert are_same_weights(kernel_a, kernel_b), (pair.a[0], pair.b[0])
            n_compared += 1
    assert n_compared >= 5


def test_the_judge_of_weights_tells_kernels_apart() -> None:
    """A transposed, scaled kernel is the same; one with one number changed is not."""
    kernel = np.random.default_rng(0).normal(size=(3, 3, 8, 16)).astype(np.float32)
    folded = np.transpose(kernel * np.linspace(-1, 2, 16, dtype=np.float32), (3, 0, 1, 2))
    assert are_same_weights(kernel, folded)
    folded[0, 0, 0, 0] += 0.5
    assert not are_same_weights(kernel, folded)
    assert not are_same_weights(kernel, np.random.default_rng(1).normal(size=kernel.shape))
