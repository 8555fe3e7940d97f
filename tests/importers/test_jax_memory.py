"""What JAX holds in memory, its bytecode and its exports, opened through jaxlib."""

from __future__ import annotations

import io

import jax
import numpy as np
import pytest
from jax import export

import importers
from graphs.errors import DamagedSource, MissingFramework
from graphs.ir import Model
from tests.helpers.importer_contract import Case, check_promises


def _step(params, x):
    for i, w in enumerate(params["blocks"]):
        with jax.named_scope(f"block_{i}"), jax.named_scope("mlp"):
            x = jax.nn.silu(x @ w) + x
    return jax.lax.while_loop(lambda c: c[0] < 3, lambda c: (c[0] + 1, c[1] * 2), (0, x))[1]


PARAMS = {"blocks": [np.ones((4, 4), np.float32)] * 2}
X = np.ones((2, 4), np.float32)


def _groups(model: Model) -> set[str]:
    return set(model.graphs[0].namespaces.paths)


@pytest.fixture(scope="module")
def lowered() -> jax.stages.Lowered:
    """The function, lowered once."""
    return jax.jit(_step).lower(PARAMS, X)


def test_lowered(lowered):
    """A lowered function keeps scopes, argument names, source lines and called functions."""
    model = importers.read(lowered)
    check_promises(Case("jit__step", b"", "StableHLO / MLIR"), model)
    graph = model.graphs[0]
    assert graph.id == "main"
    assert {"block_0/mlp", "block_1/mlp"} <= _groups(model)
    assert "params['blocks'][0]" in graph.node_ids
    assert "silu" in {one.id for one in model.graphs}
    dot = graph.node_ids.index("%0")
    assert "test_jax_memory.py" in dict(graph.source.attributes(dot))["source"]


def test_traced_and_module(lowered):
    """A traced function and jaxlib's own module give the graphs of the lowered function."""
    ids = [graph.id for graph in importers.read(lowered).graphs]
    traced = importers.read(jax.jit(_step).trace(PARAMS, X))
    assert [graph.id for graph in traced.graphs] == ids
    assert [graph.id for graph in importers.read(lowered.compiler_ir()).graphs] == ids


def test_compiled(lowered):
    """A compiled function opens as the optimized HLO, fusions linked."""
    model = importers.read(lowered.compile())
    check_promises(Case("jit__step", b"", "HLO"), model)
    assert "fusion" in " ".join(op for graph in model.graphs for op in graph.op_types)


def test_backward_pass_is_a_group():
    """Of a differentiated function the backward pass lies in a group of its own."""
    loss = jax.value_and_grad(lambda w: jax.nn.silu(_dense(w)).sum())
    groups = _groups(importers.read(jax.jit(loss).lower(PARAMS["blocks"][0])))
    assert "dense" in groups
    assert "backward" in groups


def _dense(w):
    with jax.named_scope("dense"):
        return jax.numpy.tanh(X @ w) * (X @ w)


def test_exported_in_memory_and_serialised():
    """An export, its portable artifact and its serialised form give the same graphs."""
    exported = export.export(jax.jit(_step))(PARAMS, X)
    model = importers.read(exported)
    check_promises(Case("_step", b"", "StableHLO / MLIR"), model)
    assert model.producer.startswith("StableHLO_v")
    assert {"block_0/mlp", "block_1/mlp"} <= _groups(model)
    for content in (exported.mlir_module_serialized, bytes(exported.serialize())):
        again = importers.read(content, name="unknown")
        assert [g.node_ids for g in again.graphs] == [g.node_ids for g in model.graphs]


def test_bytecode(lowered):
    """MLIR bytecode gives the graphs of its text."""
    stream = io.BytesIO()
    lowered.compiler_ir().operation.write_bytecode(stream)
    model = importers.read(stream.getvalue(), name="unknown")
    expected = importers.read(lowered)
    assert [g.node_ids for g in model.graphs] == [g.node_ids for g in expected.graphs]


def test_broken_bytecode_and_missing_jaxlib(lowered, monkeypatch):
    """Bytecode that jaxlib refuses is damage; without jaxlib the error names the extra."""
    with pytest.raises(DamagedSource):
        importers.read(b"ML\xefR\x0dStableHLO_v1.0.0\0" + bytes(200), name="m.mlirbc")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(MissingFramework, match=r"opscope\[jax\]"):
        importers.read(b"ML\xefR\x0dMLIR\0" + bytes(200), name="m.mlirbc")
