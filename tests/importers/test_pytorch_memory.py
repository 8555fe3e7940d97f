"""PyTorch objects in memory: programs, traced graphs, modules, and autograd graphs."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch

import importers
from graphs.check import problems
from graphs.errors import ReadError
from graphs.ir import NodeKind
from graphs.text import canonical_text
from tests.helpers.importer_contract import check_sources

# Torch's own affairs while it exports.
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore:The .grad attribute:UserWarning"
)


class Net(torch.nn.Module):
    """A module in a module, a buffer that changes, two results of one operator, a branch."""

    def __init__(self) -> None:
        super().__init__()
        self.body = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU())
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the results."""
        self.steps.add_(1)
        y = torch.cond(x.sum() > 0, torch.sin, torch.cos, (self.body(x),))
        best, _where = torch.max(y, dim=1)
        return best, y.unbind(1)[0]


@pytest.fixture(scope="module")
def net() -> Net:
    """Return the net."""
    torch.manual_seed(1)
    return Net()


@pytest.fixture(scope="module")
def program(net) -> torch.export.ExportedProgram:
    """Return the net as a program with a symbolic size."""
    batch = torch.export.Dim("batch", min=2, max=9)
    return torch.export.export(net, (torch.randn(3, 4),), dynamic_shapes=({0: batch},))


def _check(model) -> None:
    for graph in model.graphs:
        assert problems(graph, model) == []
    check_sources(model)


def _graphs(model) -> str:
    text = canonical_text(model)
    return text[text.index("\ngraph ") :]


def test_a_program_equals_its_file(program):
    """A program in memory gives the same graphs as the file that torch saves it to."""
    file = io.BytesIO()
    torch.export.save(program, file)
    saved, held = importers.read(file.getvalue()), importers.read(program)
    _check(held)
    assert _graphs(held) == _graphs(saved)
    assert held.n_parameters == saved.n_parameters == 20
    for node in np.flatnonzero(held.graphs[0].node_kind == NodeKind.CONSTANT).tolist():
        ours = held.graphs[0].source.tensor(node)
        np.testing.assert_array_equal(ours, saved.graphs[0].source.tensor(node))


class Calls(torch.nn.Module):
    """Whatever a function does."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, *args: torch.Tensor) -> object:
        """Return the results."""
        return self.function(*args)


@torch.library.custom_op("opscope_test::increase", mutates_args=("x",))
def increase(x: torch.Tensor) -> None:
    """Change a tensor in place and give nothing back."""
    x.add_(1)


def _increased(x: torch.Tensor) -> torch.Tensor:
    increase(x)
    return x * 2


def _without_gradients(x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        y = x.sin()
    return y + x


FUNCTIONS = {
    "data-dependent sizes": lambda x: x.nonzero() + 1,
    "numbers from tensors": lambda x: x * x.max().item(),
    "results that are None": lambda x: (x + 1, None, 3),
    "half of the results": lambda x: torch.split(x, 1)[1:],
    "changes in place": _increased,
    "a region without gradients": _without_gradients,
    "sizes by halves": lambda x: (x[: x.shape[0] // 2], x.shape[0] * 2),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_programs_of_every_kind_equal_their_files(name):
    """What is rare in a program gives the same graphs from memory and from a file."""
    sizes = {0: torch.export.Dim.AUTO} if "halves" in name else None
    program = torch.export.export(
        Calls(FUNCTIONS[name]), (torch.randn(8, 3),), dynamic_shapes=((sizes,),) if sizes else None
    ).run_decompositions({})
    file = io.BytesIO()
    torch.export.save(program, file)
    saved, held = importers.read(file.getvalue()), importers.read(program)
    assert saved.notes == held.notes == ()
    assert _graphs(held) == _graphs(saved)
    _check(saved)
    _check(held)


def test_a_module_is_exported(net):
    """A module opens with example inputs, and says that it needs them."""
    model = importers.read(net, example_inputs=(torch.randn(3, 4),))
    assert model.name == "Net"
    assert {"body", "body/0"} <= set(model.graphs[0].namespaces.paths)
    with pytest.raises(ReadError, match="example_inputs"):
        importers.read(net)
    with pytest.raises(ReadError, match="torch cannot export it"):
        importers.read(net, example_inputs=(torch.randn(3, 5),))


class Traced(torch.nn.Module):
    """What fx traces: modules, methods, functions and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.block = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU())
        self.scale = torch.nn.Parameter(torch.ones(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the result."""
        return torch.relu(self.block(x).view(-1, 3) * self.scale)


def test_a_traced_graph():
    """A traced graph keeps calls of modules, methods and functions apart."""
    model = importers.read(torch.fx.symbolic_trace(Traced()))
    _check(model)
    graph = model.graphs[0]
    ops = [graph.node(i).op_type for i in range(graph.n_nodes)]
    assert ops == [
        "Input",
        "nn.Linear",
        "nn.ReLU",
        "Tensor.view",
        "Parameter",
        "operator.mul",
        "torch.relu",
        "Output",
    ]
    assert graph.node(1).namespace == "block"
    facts = dict(graph.source.attributes(1))
    assert facts["weight"] == "float32[3, 4]"
    assert "in_features=4" in facts["settings"]
    assert graph.source.tensor(4).tolist() == [1, 1, 1]
    assert model.n_parameters == 18


def test_the_autograd_graph():
    """A tensor's autograd graph has its functions, named leaves, and saved tensors with bytes."""
    torch.manual_seed(2)
    net = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Sigmoid())
    x = torch.randn(2, 4)
    model = importers.read(net(x).sum(), module=net)
    _check(model)
    graph = model.graphs[0]
    ops = {graph.node(i).op_type for i in range(graph.n_nodes)}
    assert {"SumBackward0", "SigmoidBackward0", "AddmmBackward0", "Leaf", "Saved"} <= ops
    nodes = [graph.node(i) for i in range(graph.n_nodes)]
    leaves = {node.id for node in nodes if node.op_type == "Leaf"}
    assert leaves == {"0.weight", "0.bias"}
    said = dict(model.metadata)
    assert (said["leaves"], said["backward functions"]) == ("2", "6")
    # The result of the sigmoid, 2 × 3, and the input of the product, 2 × 4, four bytes each.
    assert said["saved bytes"] == f"{24 + 32}"
    saved = next(n for n in nodes if n.op_type == "Saved" and "self" not in n.id and n.id != "x")
    assert graph.source.tensor(saved.index) is not None
    assert dict(graph.source.attributes(saved.index))["bytes"] in ("24", "32")


def test_an_autograd_graph_that_was_used():
    """After a backward pass the graph is still there; what was freed is noted."""
    leaf = torch.ones(3, requires_grad=True)
    loss = (leaf.sigmoid() * 2).sum()
    loss.backward()
    model = importers.read(loss)
    assert any("freed" in note.message for note in model.notes)
    _check(model)


def test_a_long_autograd_graph():
    """A graph of 30,000 functions in a row is walked without recursion."""
    leaf = torch.ones(2, requires_grad=True)
    value = leaf
    for _ in range(30_000):
        value = value + 1
    model = importers.read(value)
    assert model.graphs[0].n_operators == 30_001
    assert model.graphs[0].n_edges == 30_002


def test_tensors_without_a_history_are_refused():
    """A tensor that nothing recorded is no model."""
    with pytest.raises(ReadError):
        importers.read(torch.ones(2))
