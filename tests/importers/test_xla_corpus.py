"""Real HLO and MLIR files, against their manifest and jaxlib's parser, and broken ones."""

from __future__ import annotations

import csv
import re
import time
from pathlib import Path

import importers
from graphs.ir import Model
from tests.helpers.importer_contract import Case, check_limits, check_promises, outcomes


def _counts(corpus: Path) -> dict[str, list[int]]:
    with (corpus / "MANIFEST.tsv").open(encoding="utf-8") as file:
        rows = csv.DictReader(file, delimiter="\t")
        return {
            Path(row["file"]).name: [int(n) for n in re.findall(r"\d+", row["nodes_ops"])]
            for row in rows
            if row["file"].startswith(("hlo/", "mlir/"))
        }


def _models(corpus: Path, folder: str) -> dict[str, Model]:
    return {path.name: importers.read(path) for path in sorted((corpus / folder).glob("*"))}


def test_hlo_counts_of_the_manifest(corpus):
    """Instructions and computations of every file are those that XLA's own parser counted."""
    models, counts = _models(corpus, "hlo"), _counts(corpus)
    assert len(models) == 2
    for name, model in models.items():
        n_operators, n_graphs = counts[name]
        check_promises(Case(name, b"", "HLO", n_graphs=n_graphs, n_operators=n_operators), model)
        assert not [note for note in model.notes if note.kind == "damaged"]


def test_mlir_counts_of_the_manifest(corpus):
    """Operations are those that MLIR counted, but for what no graph holds or the text hides."""
    # MLIR also counts the module and its functions, and for each reduction whose text
    # says `applies` the two operations of the body that this stands for.
    models, counts = _models(corpus, "mlir"), _counts(corpus)
    assert len(models) == 2
    for name, model in models.items():
        check_promises(Case(name, b"", "StableHLO / MLIR"), model)
        text = (corpus / "mlir" / name).read_text()
        n_hidden = 2 * text.count(" applies ") + text.count("func.func ") + 1
        n_operators = sum(graph.n_operators for graph in model.graphs)
        assert n_operators + n_hidden == counts[name][0]
        assert model.notes == ()


def test_the_blocks_of_a_decoder_are_groups(corpus):
    """Twelve blocks, each with attention and MLP, and the weights inside the blocks."""
    graph = importers.read(corpus / "mlir" / "jax_llm12_fwd_locs.mlir").graphs[0]
    top = {path for path in graph.namespaces.paths[1:] if "/" not in path}
    assert top == {f"layer_{i}" for i in range(12)}
    assert {f"layer_{i}/{part}" for i in range(12) for part in ("attn", "mlp")} <= set(
        graph.namespaces.paths
    )
    at = graph.node_ids.index("p['layers'][3]['wq']")
    assert graph.node(at).namespace == "layer_3/attn"


def test_aten_operations_are_groups(corpus):
    """Each of the 52 batch norms of PyTorch/XLA's MobileNet is a group of its own."""
    graph = importers.read(corpus / "hlo" / "mobilenet_v2.hlo").graphs[0]
    norms = [p for p in graph.namespaces.paths if p.startswith("aten__native_batch_norm.")]
    assert len(norms) == 52


def test_mobilenet_opens_in_half_a_second(corpus):
    """The file of 3,924 instructions is a model within half a second of this process's time."""
    importers.read(corpus / "hlo" / "mobilenet_v2.hlo")
    start = time.process_time()
    importers.read(corpus / "hlo" / "mobilenet_v2.hlo")
    assert time.process_time() - start < 0.5


def test_malformed_files(corpus):
    """Broken files end in the right error or open with the right note, in time and memory."""
    expected = {
        "truncated.hlo": ("DamagedSource", "no instruction"),
        "truncated.mlir": ("DamagedSource", "ends inside a region"),
        "unknown_dialect_pretty.mlir": ("", "A value is used that nothing produces"),
    }
    found = outcomes([corpus / "malformed" / name for name in expected])
    for name, (error, text) in expected.items():
        check_limits(found[name])
        assert found[name].error == error
        assert text in found[name].message + " ".join(found[name].notes)
