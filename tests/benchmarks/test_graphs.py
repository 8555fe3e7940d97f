"""The graphs that benchmarks run on."""

from __future__ import annotations

import pytest

from benchmarks.graphs import decoder
from graphs.check import problems
from graphs.ir import Graph, Model
from graphs.text import canonical_text


@pytest.mark.parametrize("n_experts", [0, 4])
@pytest.mark.parametrize("n_nodes", [1, 2, 3, 57, 1000])
def test_a_decoder_has_the_wanted_number_of_nodes_and_is_sound(
    n_nodes: int, n_experts: int
) -> None:
    """Wherever the last block is cut, the graph keeps its invariants."""
    graph = decoder(n_nodes, n_experts=n_experts)
    assert graph.n_nodes == n_nodes
    assert problems(graph) == []


def test_the_same_seed_gives_the_same_graph() -> None:
    """Benchmarks of two days run on one graph; another seed gives another one."""
    first, again, other = (decoder(2000, seed) for seed in (0, 0, 1))
    assert _text(first) == _text(again)
    assert _text(first) != _text(other)


def _text(graph: Graph) -> str:
    return canonical_text(Model(graph.id, "benchmark", "", (graph,)))


def test_a_decoder_is_nested_as_real_ones_are() -> None:
    """Blocks hold parts that hold projections."""
    graph = decoder(2000)
    assert "layers/3/attention/q_proj" in graph.namespaces.paths
    assert graph.n_groups > 400
