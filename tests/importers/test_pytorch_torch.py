"""Exported programs that today's torch writes, against torch's own view of them."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest
import torch

import importers
from graphs.check import problems
from tests.helpers import pytorch_files as files
from tests.helpers.importer_contract import check_sources

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


class Inner(torch.nn.Module):
    """A module that is called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the results."""
        return self.linear(x).relu()


class Net(torch.nn.Module):
    """Parameters, both kinds of buffers, constants, mutation, two results of one operator."""

    def __init__(self) -> None:
        super().__init__()
        self.shared = Inner()
        self.norm = torch.nn.BatchNorm1d(4)
        self.offset = torch.nn.Parameter(torch.arange(4, dtype=torch.bfloat16))
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        self.register_buffer("scale", torch.full((4,), 2.0), persistent=False)
        self.table = torch.tensor([1.0, 2.0, 3.0, 4.0])

    def forward(self, x: torch.Tensor, n: int, *, state: torch.Tensor):
        """Return the results."""
        self.steps.add_(1)
        state.add_(1)
        y = self.norm(self.shared(self.shared(x)))
        best, where = torch.max(y * self.scale + self.table + self.offset, dim=1)
        return {"best": best, "where": where, "n": n}


def _exported() -> torch.export.ExportedProgram:
    batch = torch.export.Dim("batch", min=2, max=32)
    torch.manual_seed(3)
    return torch.export.export(
        Net(),
        (torch.randn(4, 4), 5),
        {"state": torch.zeros(2)},
        dynamic_shapes={"x": {0: batch}, "n": None, "state": None},
    ).run_decompositions({})


@pytest.fixture(scope="module")
def program() -> torch.export.ExportedProgram:
    """Return the exported net."""
    return _exported()


@pytest.fixture(scope="module")
def saved(program) -> bytes:
    """Return the file that torch writes of it."""
    file = io.BytesIO()
    torch.export.save(program, file)
    return file.getvalue()


def test_the_signature(program, saved):
    """Parameters, buffers, constants, inputs, mutations and results are told apart."""
    model = importers.read(saved)
    assert model.notes == ()
    graph = model.graphs[0]
    assert problems(graph, model) == []
    check_sources(model)
    names = {
        op: {
            i for i, o in zip(graph.node_ids, graph.node_op, strict=True) if graph.op_types[o] == op
        }
        for op in graph.op_types
    }
    signature = program.graph_signature
    assert names["Parameter"] == set(signature.parameters)
    assert names["Buffer"] == set(signature.buffers)
    assert names["Constant"] == {"table"}
    assert names["Input"] == {"x", "n", "state"}
    assert {i.split(" (")[0] for i in names["BufferMutation"]} == {
        "steps",
        "norm.running_mean",
        "norm.running_var",
        "norm.num_batches_tracked",
    }
    assert {i.split(" (")[0] for i in names["InputMutation"]} == {"state"}
    assert len(names["Output"]) == 3


def test_values_and_types(program, saved):
    """Every value has torch's name, dtype and shape, symbols included."""
    graph = importers.read(saved).graphs[0]
    theirs = {node.name: node.meta.get("val") for node in program.graph.nodes}
    checked = 0
    for value, name in enumerate(graph.value_names):
        if isinstance(theirs.get(name), torch.Tensor):
            kind = graph.types[int(graph.value_type[value])]
            assert kind.dtype == str(theirs[name].dtype).removeprefix("torch.")
            assert len(kind.shape) == theirs[name].dim()
            checked += 1
    assert checked > 15
    x = graph.node(graph.node_ids.index("x"))
    assert isinstance(x.value_type(x.outputs[0]).shape[0], str)


def test_a_module_that_is_called_twice(saved):
    """The second call of a module is a group of its own, as torch names it."""
    graph = importers.read(saved).graphs[0]
    assert {"shared", "shared@1", "norm"} <= set(graph.namespaces.paths)


def test_source_lines(saved):
    """An operator knows the line of the module that it stands for."""
    graph = importers.read(saved).graphs[0]
    node = next(n for n in map(graph.node, range(graph.n_nodes)) if n.op_type == "aten.max.dim")
    source = dict(graph.source.attributes(node.index))["source"]
    assert "test_pytorch_torch.py:" in source
    assert source.endswith("in forward")


def _stored(program) -> dict[str, torch.Tensor]:
    tensors = {**program.constants, **program.state_dict}
    return {name: tensor.detach() for name, tensor in tensors.items()}


def _check_weights(graph, program) -> None:
    stored = _stored(program)
    ops = {graph.op_types.index(op) for op in ("Parameter", "Buffer", "Constant")}
    checked = 0
    for node in range(graph.n_nodes):
        if int(graph.node_op[node]) in ops:
            found = graph.source.tensor(node)
            wanted = stored[graph.node_ids[node]]
            assert str(wanted.dtype) == f"torch.{found.dtype.name}"
            np.testing.assert_array_equal(found.astype(np.float64), wanted.double().numpy())
            checked += 1
    assert checked == len(stored)


def test_weights(program, saved):
    """All stored tensors are equal to torch's, bfloat16 and not persistent ones included."""
    _check_weights(importers.read(saved).graphs[0], program)


@pytest.mark.parametrize("is_at_top", [True, False])
def test_weights_that_torch_save_wrote(program, saved, is_at_top):
    """The pickles of torch 2.5 to 2.8 give the same weights, without being unpickled."""
    with zipfile.ZipFile(io.BytesIO(saved)) as archive:
        member = next(n for n in archive.namelist() if n.endswith("models/model.json"))
        whole = archive.read(member)
    parts = [io.BytesIO(), io.BytesIO()]
    state = {name: torch.nn.Parameter(t) if t.is_floating_point() else t
             for name, t in program.state_dict.items()}  # fmt: skip
    torch.save(state, parts[0])
    torch.save(program.constants, parts[1])
    names = (
        ("serialized_exported_program.json", "serialized_state_dict.pt", "serialized_constants.pt")
        if is_at_top
        else ("n/models/model.json", "n/data/weights/model.pt", "n/data/constants/model.pt")
    )
    contents = (whole, parts[0].getvalue(), parts[1].getvalue())
    graph = importers.read(files.zipped(dict(zip(names, contents, strict=True)))).graphs[0]
    _check_weights(graph, program)


def test_small_floats_that_torch_save_wrote():
    """Eight-bit floats, whose storages have no type, and views are read from a pickle."""
    base = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    weights = {"w": base.t()[1:], "f": torch.ones(3).to(torch.float8_e4m3fn)}
    whole = files.small_program()
    types = whole["graph_module"]["graph"]["tensor_values"]
    specs = whole["graph_module"]["signature"]["input_specs"]
    specs[:2] = [files.parameter("w", "p_block_0_w"), files.parameter("f", "b_count")]
    assert set(types) >= {"p_block_0_w", "b_count"}
    file = io.BytesIO()
    torch.save(weights, file)
    members = {
        "serialized_exported_program.json": json.dumps(whole).encode(),
        "serialized_state_dict.pt": file.getvalue(),
    }
    graph = importers.read(files.zipped(members)).graphs[0]
    np.testing.assert_array_equal(graph.source.tensor(0), weights["w"].numpy())
    assert graph.source.tensor(1).dtype.name == "float8_e4m3fn"
    assert graph.source.tensor(1).astype(np.float32).tolist() == [1.0, 1.0, 1.0]


class Branching(torch.nn.Module):
    """Higher-order operators, one inside another."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the results."""

        def outer(t: torch.Tensor) -> torch.Tensor:
            return torch.cond(t.sum() > 5, torch.sin, torch.cos, (t,))

        return torch.cond(x.sum() > 0, outer, lambda t: t - 1, (x,))


def test_nested_branches():
    """Branches in branches are graphs, called by the node that chooses."""
    program = torch.export.export(Branching(), (torch.randn(3),))
    file = io.BytesIO()
    torch.export.save(program, file)
    model = importers.read(file.getvalue())
    assert len(model.graphs) == 5
    called = [ids for graph in model.graphs for ids in graph.subgraphs.values()]
    assert sorted(len(ids) for ids in called) == [2, 2]
    n_calls = sum(
        node.op == "call_function"
        for module in program.graph_module.modules()
        for node in module.graph.nodes
    )
    assert sum(graph.n_operators for graph in model.graphs) == n_calls
