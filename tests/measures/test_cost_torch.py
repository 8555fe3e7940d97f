"""FLOPs of exported programs against those that PyTorch counts itself."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.fx import GraphModule, Interpreter
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode, flop_registry

import importers
from graphs.ir import Graph
from measures.cost import Sizes, cost, flops_by_op_type

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
OPEN_SIZE = 8


class _Counting(Interpreter):
    """Runs a program node by node and asks PyTorch's counter about each."""

    def __init__(self, module: GraphModule) -> None:
        super().__init__(module)
        self.flops: dict[str, float] = {}

    def run_node(self, n: Any) -> Any:
        """Run one node and keep what it counted."""
        with FlopCounterMode(display=False) as counter:
            result = super().run_node(n)
        if counter.get_total_flops():
            self.flops[n.name] = float(counter.get_total_flops())
        return result


def _counted(module: GraphModule) -> dict[str, float]:
    """Return PyTorch's FLOPs by node, inputs being zeros."""
    arguments = []
    for node in module.graph.find_nodes(op="placeholder"):
        value = node.meta["val"]
        shape = [s if isinstance(s, int) else OPEN_SIZE for s in value.shape]
        arguments.append(torch.zeros(shape, dtype=value.dtype))
    counting = _Counting(module)
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH):  # the counter passes over the CPU's own
        counting.run(*arguments)
    return counting.flops


def _contractions(graph: Graph) -> dict[str, float]:
    """Return our FLOPs of the nodes that PyTorch counts: those with multiply-accumulates."""
    symbols = {d for t in graph.types for d in t.shape or () if isinstance(d, str)}
    found = cost(graph, Sizes(dict.fromkeys(symbols, OPEN_SIZE)))
    assert not np.isnan(found.flops[graph.node_kind == 0]).any()
    return {graph.node_ids[n]: float(found.flops[n]) for n in np.flatnonzero(found.macs > 0)}


@pytest.mark.parametrize("name", ["vit_12L_h64", "llama_4L_h64_dynamic", "llama_32L_h64"])
def test_flops_are_those_that_torch_counts(name: str, corpus: Path) -> None:
    """Node by node, PyTorch counts the same for every product, convolution and attention."""
    path = corpus / "torch" / f"{name}.pt2"
    counted = _counted(torch.export.load(path).graph_module)
    assert len(counted) > 20
    assert _contractions(importers.read(path).graphs[0]) == counted


def test_flops_of_branches_are_those_that_torch_counts(corpus: Path) -> None:
    """The bodies of a condition are graphs of their own and count as such."""
    path = corpus / "torch" / "cond_while_hop.pt2"
    module, model = torch.export.load(path).graph_module, importers.read(path)
    for branch in ("true_graph_0", "false_graph_0"):
        counted = _counted(getattr(module, branch))
        assert counted and _contractions(model.graph(branch)) == counted


def test_flops_of_core_aten_follow_torchs_formulas(corpus: Path) -> None:
    """PyTorch's formulas for each op type, on the shapes in the file, give the same sums."""
    graph = importers.read(corpus / "torch" / "moe_decoder_126L_6e_core_aten.pt2").graphs[0]
    formulas = {"aten.mm.default": torch.ops.aten.mm, "aten.bmm.default": torch.ops.aten.bmm}
    expected: Counter[str] = Counter()
    for row in np.flatnonzero(graph.node_kind == 0):
        node = graph.node(int(row))
        if node.op_type in formulas:
            values = [torch.empty(_shape(graph, e), device="meta") for e in node.in_edges]
            out = torch.empty(node.value_type(node.outputs[0]).shape, device="meta")
            expected[node.op_type] += flop_registry[formulas[node.op_type]](*values, out_val=out)
    found = cost(graph)
    assert flops_by_op_type(graph, np.where(found.macs > 0, found.flops, np.nan)) == expected


def _shape(graph: Graph, edge: int) -> tuple[Any, ...]:
    shape = graph.types[graph.value_type[graph.edge_value[edge]]].shape
    assert shape is not None
    return shape


class _Convolutions(torch.nn.Module):
    """Each kind of convolution and product once."""

    def __init__(self) -> None:
        super().__init__()
        self.plain = torch.nn.Conv2d(4, 6, 3, stride=2, padding=1)
        self.grouped = torch.nn.Conv2d(6, 9, (3, 1), groups=3, bias=False)
        self.depthwise = torch.nn.Conv2d(9, 18, 3, groups=9, dilation=2, padding=2)
        self.back = torch.nn.ConvTranspose2d(18, 8, 3, stride=2, groups=2, output_padding=1)
        self.line = torch.nn.Conv1d(8, 5, 4, dilation=3)
        self.cube = torch.nn.Conv3d(1, 2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the result of the chain."""
        x = self.back(self.depthwise(self.grouped(self.plain(x))))
        x = self.line(x.flatten(2))
        x = self.cube(x.reshape(1, 1, 5, 51, 13))[0, :, 0]
        x = torch.bmm(x, x.mT)
        x = torch.baddbmm(x, x, x)
        return torch.addmm(x[0], x[0], x[1])


def test_every_kind_of_convolution_counts_as_torch_counts_it() -> None:
    """Groups, depthwise, strides, dilations and transposition, with one to three dimensions."""
    program = torch.export.export(_Convolutions().eval(), (torch.zeros(1, 4, 25, 25),))
    counted = _counted(program.graph_module)
    ours = _contractions(importers.read(program).graphs[0])
    assert len(counted) >= 9
    assert ours == counted
