"""TorchScript files, loaded by a worker process, and scripted modules in memory."""

from __future__ import annotations

import io
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

import importers
from graphs.check import problems
from graphs.errors import DamagedSource, MissingFramework, ReadError, UnknownFormat
from graphs.text import canonical_text
from importers import torchscript
from importers.base import Probe
from tests.helpers import pytorch_files as files
from tests.helpers.importer_contract import Case, check_promises, check_sources

# TorchScript is deprecated, and says so; files of it are not.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


class Block(torch.nn.Module):
    """A product."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the result."""
        return self.linear(x).relu()


class Net(torch.nn.Module):
    """A branch, a loop, a module in a module and a buffer that changes."""

    def __init__(self) -> None:
        super().__init__()
        self.block = Block()
        self.register_buffer("scale", torch.full((3,), 2.0))
        self.calls = 0

    def forward(self, x: torch.Tensor, n: int) -> torch.Tensor:
        """Return the result."""
        self.calls += 1
        x = x * self.scale if x.sum() > 0 else self.block(x)
        for _ in range(n):
            x = self.block(x)
        return x


@pytest.fixture(scope="module")
def net() -> torch.jit.ScriptModule:
    """Return the scripted net."""
    torch.manual_seed(4)
    return torch.jit.script(Net())


@pytest.fixture(scope="module")
def saved(net) -> bytes:
    """Return the file of the scripted net."""
    file = io.BytesIO()
    torch.jit.save(net, file)
    return file.getvalue()


@pytest.fixture(scope="module")
def model(saved):
    """Return what the file becomes."""
    return importers.read(saved, name="net.pt")


def _graph(model, start: str):
    return next(graph for graph in model.graphs if graph.id.startswith(start))


def test_branches_and_loops_are_graphs(model):
    """Blocks become graphs that their node calls, and get what they use from it."""
    for graph in model.graphs:
        assert problems(graph, model) == []
    top = model.graphs[0]
    assert (model.format, top.id) == ("TorchScript", "forward")
    calls = {top.node(node).op_type: ids for node, ids in top.subgraphs.items()}
    assert len(calls["prim::If"]) == 2
    assert len(calls["prim::Loop"]) == 1
    branch = model.graph(calls["prim::If"][0])
    kinds = [branch.node(i).op_type for i in range(branch.n_nodes)]
    assert kinds == ["Captured", "Buffer", "aten::mul", "Output"]
    owner = next(n for n, ids in top.subgraphs.items() if ids == calls["prim::If"])
    n_captured = kinds.count("Captured")
    assert len(top.node(owner).in_edges) == 1 + n_captured


def test_modules_are_groups(model):
    """Inlined calls keep the module that they belong to, weights beside them."""
    body = next(graph for graph in model.graphs if "/body" in graph.id)
    assert {"block", "block/linear"} <= set(body.namespaces.paths)
    weight = body.node(body.node_ids.index("block.linear.weight"))
    assert weight.namespace == "block/linear"
    group = dict(body.source.group_attributes(body.namespaces.index("block/linear")))
    assert group["class"] == "Linear"
    linear = next(n for n in map(body.node, range(body.n_nodes)) if n.op_type == "aten::linear")
    file, line = dict(body.source.attributes(linear.index))["source"].rsplit(":", 1)
    assert file.endswith("linear.py")
    assert int(line) > 0


def test_nodes_with_blocks_tell_their_line_as_others_do(model):
    """A conditional states the file and line where it is written, and no more."""
    asked = [
        dict(graph.source.attributes(owner)).get("source", "")
        for graph in model.graphs
        for owner in graph.subgraphs
    ]
    assert len(asked) > 1
    assert all(Path(each.rsplit(":", 1)[0]).name == Path(__file__).name for each in asked)
    assert all(each.rsplit(":", 1)[1].isdigit() for each in asked)


def test_weights_come_from_a_worker(model, net):
    """A parameter's data is read on demand and equals the module's."""
    body = next(graph for graph in model.graphs if "/body" in graph.id)
    found = body.source.tensor(body.node_ids.index("block.linear.weight"))
    np.testing.assert_array_equal(found, net.block.linear.weight.detach().numpy())
    assert model.n_parameters == 12
    assert model.parameter_bytes == 48


def test_a_scripted_module_equals_its_file(net, model):
    """A module in memory gives the graphs of its file, weights included."""
    held = importers.read(net)
    texts = [canonical_text(each) for each in (held, model)]
    operators = [
        [line.split()[2] for line in text.splitlines() if line.startswith("operator")]
        for text in texts
    ]
    assert sorted(operators[0]) == sorted(operators[1])
    check_sources(held)


def test_a_traced_function():
    """A traced module keeps shapes of inputs where torch noted them, and its modules."""
    traced = torch.jit.trace(Block(), torch.randn(2, 3))
    graph = importers.read(traced).graphs[0]
    assert {"aten::linear", "aten::relu"} <= set(graph.op_types)
    assert "linear" in graph.namespaces.paths
    value = graph.value_names.index(next(n for n in graph.value_names if n.startswith("x")))
    assert str(graph.types[int(graph.value_type[value])]) == "float32[2,3]"


def test_the_methods_are_counted(model, net):
    """The nodes of all methods, before inlining, are told with the model."""
    said = dict(model.metadata)
    assert said["methods"] == "3"
    assert int(said["nodes in methods"]) > 20
    assert said["class"] == "Net"


def test_cut_and_foreign_archives_are_refused(saved):
    """A cut file is no TorchScript, and neither is what torch.save wrote."""
    for length in range(0, len(saved), 499):
        with pytest.raises(ReadError):
            importers.read(saved[:length], name="net.pt")
    file = io.BytesIO()
    torch.save({"w": torch.ones(2)}, file)
    with pytest.raises(UnknownFormat):
        importers.read(file.getvalue(), name="net.pt")


def test_changed_bytes_never_reach_the_worker(saved, monkeypatch):
    """A file of which any byte of a member changed is refused before torch sees it."""
    monkeypatch.setattr(torchscript, "_work", lambda *_: pytest.fail("torch was asked"))
    with zipfile.ZipFile(io.BytesIO(saved)) as archive:
        first = archive.infolist()[0]
    n_name, n_extra = struct.unpack_from("<HH", saved, first.header_offset + 26)
    at = first.header_offset + 30 + n_name + n_extra + first.compress_size // 2
    changed = saved[:at] + bytes([saved[at] ^ 1]) + saved[at + 1 :]
    with pytest.raises(DamagedSource, match="not what the directory says"):
        importers.read(changed, name="net.pt")


def test_code_that_is_broken_is_refused_by_the_worker(saved):
    """Code that torch cannot parse ends in our error, with torch's words."""
    with zipfile.ZipFile(io.BytesIO(saved)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    code = next(name for name in members if name.endswith(".py"))
    members[code] = b"class Net(Module):\n  def forward(self):\n    return ((("
    with pytest.raises(DamagedSource, match="torch"):
        importers.read(files.zipped(members), name="net.pt")


def test_a_pickle_is_never_run(tmp_path, monkeypatch):
    """An archive whose data would write a file as a pickle is refused, and no file is written."""
    evil = tmp_path / "PICKLE_WAS_EXECUTED"
    members = {
        "m/data.pkl": files.canary(str(evil)),
        "m/constants.pkl": b"\x80\x02).",
        "m/code/__torch__.py": b"",
        "m/version": b"3\n",
    }
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DamagedSource):
        importers.read(files.zipped(members), name="net.pt")
    assert not evil.exists()


def test_without_torch_the_error_names_the_extra(saved, monkeypatch):
    """Where torch is missing, the error gives the install line."""
    monkeypatch.setattr(torchscript.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingFramework, match=r"opscope\[torch\]"):
        importers.read(saved, name="net.pt")


def test_a_worker_that_hangs_is_ended(saved, monkeypatch):
    """Loading that takes too long ends in our error."""
    monkeypatch.setattr(torchscript, "MAX_SECONDS", 0.05)
    with pytest.raises(ReadError, match="within"):
        importers.read(saved, name="net.pt")


def test_a_real_detector(corpus):
    """The methods of a real file are those that torch counted; its graphs keep all promises."""
    model = importers.read(corpus / "torch" / "silero_vad.jit")
    said = dict(model.metadata)
    assert (said["nodes in methods"], said["methods"]) == ("796", "78")
    assert sys.modules["torch"].__version__ in said["torch version"]
    for graph in model.graphs:
        assert problems(graph, model) == []
    branch = next(g for g in model.graphs if "_model/encoder" in g.namespaces.paths)
    assert {"_model/encoder/0/reparam_conv", "_model/decoder/rnn"} <= set(branch.namespaces.paths)
    at = branch.node_ids.index("_model.stft.forward_basis_buffer")
    assert branch.source.tensor(at).shape == (258, 1, 256)


def test_promises(net):
    """A module in memory keeps the promises of every importer."""
    check_promises(Case("Net", b"", "TorchScript"), importers.read(net))


def test_the_canary_of_the_corpus(corpus, tmp_path, monkeypatch):
    """A checkpoint that would write a file is not even tried."""
    monkeypatch.chdir(tmp_path)
    path = corpus / "malformed" / "pickle_canary.pt"
    assert not torchscript.look(Probe(path.name, path=path))
    with pytest.raises(ReadError):
        importers.read(path)
    assert list(Path(tmp_path).iterdir()) == []
