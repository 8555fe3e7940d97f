"""Latency of exported PyTorch programs: which calls are timed, and that they add up."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

import importers
from graphs.errors import MeasureError, NotRunnable
from graphs.ir import NodeKind
from measures.latency import LatencySettings, measure_latency

FORMAT = "PyTorch ExportedProgram"
QUICK = LatencySettings(n_repeats=3, n_warmup=1)


class Products(torch.nn.Module):
    """Products that are large enough to be timed, and one result of several."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return a sum of the parts of a product."""
        first, second = torch.mm(x, x).split(128, dim=1)
        return torch.relu(first) + torch.mm(x, second)


def _saved(path: Path, module: torch.nn.Module, *given: torch.Tensor, **options: object) -> Path:
    torch.export.save(torch.export.export(module.eval(), given, **options), path)  # type: ignore[arg-type]
    return path


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved program of six calls, two of which only pick results."""
    path = tmp_path_factory.mktemp("torch") / "products.pt2"
    return _saved(path, Products(), torch.randn(256, 256))


def test_every_call_has_a_time_under_the_importers_name(products: Path) -> None:
    """The keys are the operators of the graph; picking a result is counted with its call."""
    found = measure_latency(products, FORMAT, settings=QUICK)
    graph = importers.read(products).graphs[0]
    operators = [id for id, kind in zip(graph.node_ids, graph.node_kind, strict=True)
                 if kind == NodeKind.OPERATOR]  # fmt: skip
    assert list(found.keys) == operators
    assert found.node_data(graph).unmatched == ()
    assert (found.p10_ms <= found.median_ms).all() and (found.median_ms <= found.p90_ms).all()
    assert set(found.conditions.versions) == {"torch", "numpy"}
    assert found.keys[int(found.median_ms.argmax())].startswith("mm")


def test_calls_add_up_to_the_whole_run(products: Path) -> None:
    """The calls' times sum to the run without stamps within 15 %, by the best of some attempts."""
    settings = LatencySettings(n_repeats=40, n_warmup=5)
    tried: list[float] = []
    while len(tried) < 6 and not any(abs(t - 1) <= 0.15 for t in tried):
        found = measure_latency(products, FORMAT, settings=settings)
        tried.append(float(found.median_ms.sum()) / (found.whole_cpu_ms or math.inf))
        tried.append(float(found.p10_ms.sum()) / found.whole_p10_ms)
    assert any(abs(t - 1) <= 0.15 for t in tried), tried


@pytest.mark.parametrize(("name", "n_calls"), [("vit_12L_h64", 227), ("llama_4L_h64_dynamic", 334)])
def test_real_programs_are_timed_whole(corpus: Path, name: str, n_calls: int) -> None:
    """Transformers with parameters, buffers and free dimensions run call by call."""
    path = corpus / "torch" / f"{name}.pt2"
    found = measure_latency(path, FORMAT, settings=QUICK)
    assert len(found.keys) == n_calls
    assert found.node_data(importers.read(path).graphs[0]).unmatched == ()


def test_branches_and_loops_are_timed_as_one_call(corpus: Path) -> None:
    """A condition and a loop bear the time of what they call."""
    found = measure_latency(corpus / "torch" / "cond_while_hop.pt2", FORMAT, settings=QUICK)
    assert {"cond", "while_loop"} <= set(found.keys)


def test_free_dimensions_take_what_is_given(corpus: Path) -> None:
    """Sizes are by symbol; one below the program's own bound, or of no symbol, is refused."""
    path = corpus / "torch" / "llama_4L_h64_dynamic.pt2"
    settings = LatencySettings(n_repeats=1, n_warmup=0, dims={"s23": 3, "s27": 7})
    found = measure_latency(path, FORMAT, settings=settings)
    assert found.conditions.inputs == {"ids": [3, 7]}
    assert not any("Free dimensions" in note for note in found.notes)
    assert measure_latency(path, FORMAT, settings=QUICK).notes[0].endswith("s23 = 2, s27 = 2")
    for dims, words in (({"s23": 1}, "s23 ≥ 2"), ({"rows": 4}, "s23, s27")):
        with pytest.raises(NotRunnable, match=words):
            measure_latency(path, FORMAT, settings=LatencySettings(dims=dims))


def test_a_file_of_inputs_is_fed(products: Path, tmp_path: Path) -> None:
    """Rows of an array fill the shape that the program was exported for; others are refused."""
    good, bad = tmp_path / "good.npy", tmp_path / "bad.npy"
    np.save(good, np.ones((256, 256)))
    np.save(bad, np.ones((256, 9)))
    told = measure_latency(products, FORMAT, good, QUICK).conditions
    assert told.inputs == {"x": [256, 256]} and "good.npy" in told.data
    with pytest.raises(NotRunnable, match="of shape \\(256, 256\\)"):
        measure_latency(products, FORMAT, bad, QUICK)


class Picks(torch.nn.Module):
    """Reads past the end of a table."""

    def forward(self, x: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
        """Return rows of a product."""
        return torch.mm(x, x)[at + 1000]


def test_a_call_that_fails_is_named(tmp_path: Path) -> None:
    """The error names the call as the graph does."""
    path = tmp_path / "picks.pt2"
    _saved(path, Picks(), torch.randn(8, 8), torch.tensor([1]))
    with pytest.raises(MeasureError, match="index"):
        measure_latency(path, FORMAT, settings=QUICK)
