"""Tensors of two models that are called differently, paired by structure or by a mapping."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

import importers
from graphs.match_types import FixedPair, MatchOptions
from measures.error_measures import ACCUMULATED_MEASURES
from measures.pairing import TensorPairs, pair_tensors
from measures.quantization import measure_error
from sample_models import sample

FLOAT, INT8 = sample("digits_float").path, sample("digits_int8").path
SQNR = ACCUMULATED_MEASURES[0]


def _renamed(source: Path, path: Path) -> Path:
    """Copy a model with every node and every tensor between them renamed."""
    model = onnx.load(source)
    outer = {v.name for v in (*model.graph.input, *model.graph.output)}
    outer |= {t.name for t in model.graph.initializer}
    for i, node in enumerate(model.graph.node):
        node.name = f"n{i}"
        for names in (node.input, node.output):
            for k, name in enumerate(names):
                names[k] = f"t_{hash_of(name)}" if name and name not in outer else name
    path.write_bytes(model.SerializeToString())
    return path


def hash_of(name: str) -> str:
    """Return a name that says nothing."""
    return name.encode().hex()[::-1]


def test_equal_names_need_no_matching() -> None:
    """The quantizer keeps names: they pair the tensors, and nothing is matched."""
    assert pair_tensors(importers.read(FLOAT), importers.read(INT8)) == TensorPairs({}, {})


def test_structure_pairs_what_names_do_not(tmp_path: Path) -> None:
    """With every name changed the errors are those that names give, and it is said how."""
    path = _renamed(INT8, tmp_path / "renamed.onnx")
    pairs = pair_tensors(importers.read(FLOAT), importers.read(path))
    assert not pairs.given and len(pairs.similar) > 10
    by_name = measure_error(INT8, FLOAT, "ONNX")
    by_place = measure_error(path, FLOAT, "ONNX", similar=pairs.similar)
    expected = {one.tensor: one.sums for one in by_name.tensors}
    found = {one.tensor: one for one in by_place.tensors}
    assert len(found) >= 20  # of 24: what a fused pair has inside stays alone
    assert {name: one.sums for name, one in found.items()} == {n: expected[n] for n in found}
    assert sum(one.paired_by == "structure" for one in found.values()) > 10
    assert any("by structure" in note for note in by_place.notes)


def test_a_mapping_is_stronger_than_names() -> None:
    """A pair that the reader gives replaces the one of equal names."""
    model, twin = importers.read(INT8), importers.read(FLOAT)
    options = MatchOptions(fixed=(FixedPair(("block1/conv1",), ("block3/expand",)),))
    given = pair_tensors(twin, model, options).given
    assert len(given) == 1
    tensor, other = next(iter(given.items()))
    assert tensor != other
    graph = model.graphs[0]
    assert graph.node_ids[int(graph.value_node[graph.value_names.index(other)])] == "block3/expand"


def test_a_mapping_that_names_nothing_is_told() -> None:
    """An id that is not there is not passed over in silence."""
    options = MatchOptions(fixed=(FixedPair(("no such node",), ("nor this",)),))
    pairs = pair_tensors(importers.read(FLOAT), importers.read(INT8), options)
    assert pairs.given == {} and any("no such node" in note for note in pairs.notes)


@pytest.mark.parametrize("how", ["name", "mapping"])
def test_the_pairing_is_shown(how: str) -> None:
    """Each tensor says what it was paired by."""
    tensor = measure_error(INT8, FLOAT, "ONNX", is_local=False).tensors[3].tensor
    mapping = {tensor: tensor} if how == "mapping" else None
    found = measure_error(INT8, FLOAT, "ONNX", mapping=mapping, is_local=False)
    assert {one.tensor: one.paired_by for one in found.tensors}[tensor] == how
    assert SQNR.of(found.tensors[3].sums, 0.0) > 0
