"""Real exported programs, against their manifest and torch itself, and broken ones."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import importers
from graphs.ir import Model, NodeKind
from tests.helpers.importer_contract import (
    Case,
    check_limits,
    check_promises,
    check_truncations,
    outcomes,
)

REFUSED = {
    "model_json_garbage.pt2": ("DamagedSource", "models/model.json is no exported program"),
    "truncated_zip.pt2": ("DamagedSource", "cut or corrupt"),
}
SMALL = ("vit_12L_h64.pt2", "llama_4L_h64_dynamic.pt2", "cond_while_hop.pt2")


def _models(corpus: Path) -> dict[str, Model]:
    return {path.name: importers.read(path) for path in sorted((corpus / "torch").glob("*.pt2"))}


def _n_fx_nodes(model: Model) -> int:
    """Return how many nodes torch makes of a model.

    Torch has one output node a graph, a ``getitem`` node for each result that it takes
    out of a tuple (among our operator calls as the format counts them), and in a caller
    one ``get_attr`` node for each body.
    """
    total = 0
    for graph in model.graphs:
        kinds = graph.node_kind
        n_inputs = int(np.sum((kinds == NodeKind.INPUT) | (kinds == NodeKind.CONSTANT)))
        total += n_inputs + graph.n_operators + 1 + sum(map(len, graph.subgraphs.values()))
    return total


def test_counts_of_the_manifest(corpus):
    """Nodes and calls of every file are those that torch counted."""
    models = _models(corpus)
    checked = 0
    with (corpus / "MANIFEST.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            found = re.match(r"(\d+) fx nodes \((\d+) call_function\)", row["nodes_ops"] or "")
            name = Path(row["file"]).name
            if found is None or name not in models:
                continue
            n_nodes, n_calls = map(int, found.groups())
            model = models[name]
            assert _n_fx_nodes(model) == n_nodes, name
            assert sum(graph.n_operators for graph in model.graphs) == n_calls
            assert model.notes == ()
            checked += 1
    assert checked == len(models) == 5


@pytest.mark.parametrize("name", SMALL)
def test_promises(corpus, name):
    """Invariants, the round trip through our JSON and all that is decoded on demand hold."""
    model = importers.read(corpus / "torch" / name)
    check_promises(Case(name, b"", "PyTorch ExportedProgram"), model)


@pytest.mark.parametrize("name", SMALL)
def test_nodes_equal_torchs(corpus, name):
    """Operators, placeholders, shapes and weights are those of torch.export.load."""
    import torch

    program = torch.export.load(corpus / "torch" / name)
    graph = importers.read(corpus / "torch" / name).graphs[0]
    theirs = {n.name: n for n in program.graph.nodes if n.op in ("placeholder", "call_function")}
    assert set(graph.value_names) <= set(theirs)
    for value, value_name in enumerate(graph.value_names):
        meta = theirs[value_name].meta["val"]
        if not isinstance(meta, torch.Tensor):
            continue
        type = graph.types[int(graph.value_type[value])]
        assert type.dtype == str(meta.dtype).removeprefix("torch.")
        sizes = [str(size).replace(" ", "") for size in meta.shape]
        assert [str(size) for size in type.shape] == sizes, value_name
    for index in np.flatnonzero(graph.node_kind == NodeKind.OPERATOR).tolist():
        node = graph.node(index)
        assert f"{theirs[node.id].target}" == node.op_type.replace("higher_order.", "")
    stored = {**program.state_dict, **program.constants}
    for index in np.flatnonzero(graph.node_kind == NodeKind.CONSTANT).tolist():
        expected = stored[graph.node_ids[index]].detach().numpy()
        np.testing.assert_array_equal(graph.source.tensor(index), expected)


def test_ranges_of_symbols(corpus):
    """Symbolic sizes are named on edges, and their ranges are told with the model."""
    model = importers.read(corpus / "torch" / "llama_4L_h64_dynamic.pt2")
    said = dict(model.metadata)
    assert said["symbol s27"] == "2 … 64"
    graph = model.graphs[0]
    ids = graph.node(graph.node_ids.index("ids"))
    assert ids.value_type(ids.outputs[0]).shape == ("s23", "s27")


def test_hierarchy_of_a_decoder(corpus):
    """Operators lie in the module that called them, weights beside them."""
    graph = importers.read(corpus / "torch" / "llama_32L_h64.pt2").graphs[0]
    blocks = [p for p in graph.namespaces.paths if re.fullmatch(r"model/model/layers/\d+", p)]
    assert len(blocks) == 32
    weight = graph.node_ids.index("model.model.layers.7.mlp.up_proj.weight")
    assert graph.node(weight).namespace == "model/model/layers/7/mlp/up_proj"
    at = graph.namespaces.index("model/model/layers/7/self_attn")
    said = dict(graph.source.group_attributes(at))
    assert said["class"] == "transformers.models.llama.modeling_llama.LlamaAttention"


def test_opening_needs_no_torch(corpus):
    """A file opens, and its weights are read, without importing torch."""
    code = (
        "import sys, importers\n"
        f"graph = importers.read({str(corpus / 'torch' / SMALL[0])!r}).graphs[0]\n"
        "assert graph.source.tensor(0) is not None\n"
        "assert graph.source.attributes(graph.n_nodes - 2)\n"
        "assert 'torch' not in sys.modules\n"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True, timeout=60)


def test_truncations_of_a_real_file(corpus):
    """A real file that is cut anywhere, 997 bytes apart, is refused."""
    content = (corpus / "torch" / "cond_while_hop.pt2").read_bytes()
    check_truncations(Case("cut.pt2", content, ""), range(0, len(content), 997))


def test_malformed_files(corpus):
    """Broken files open with the right note or end in the right error, in time and memory."""
    names = (*REFUSED, "future_schema.pt2")
    found = outcomes([corpus / "malformed" / name for name in names])
    for outcome in found.values():
        check_limits(outcome)
    for name, (error, message) in REFUSED.items():
        assert (found[name].error, message in found[name].message) == (error, True), found[name]
    future = found["future_schema.pt2"]
    assert future.error == ""
    assert any(note.startswith("The schema is newer") for note in future.notes)
