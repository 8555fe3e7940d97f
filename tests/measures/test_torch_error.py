"""Quantization error of PT2E programs, against torch's own interpreter and closed forms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.ao.quantization.fx._decomposed  # registers quantized_decomposed
from torch.fx import Interpreter

import importers
from measures.error_measures import ERROR_MEASURES
from measures.quantization import QuantizationError, measure_error

FORMAT = "PyTorch ExportedProgram"
BY_ID = {measure.id: measure for measure in ERROR_MEASURES}
STEP = 0.02


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pictures of noise."""
    path = tmp_path_factory.mktemp("inputs") / "in.npy"
    np.save(path, np.random.default_rng(0).normal(size=(3, 3, 16, 16)).astype(np.float32))
    return path


@pytest.fixture(scope="module")
def found(pt2e: tuple[Path, Path], inputs: Path) -> QuantizationError:
    """The errors of the PT2E pair."""
    return measure_error(pt2e[1], pt2e[0], FORMAT, inputs)


class _Recording(Interpreter):
    """Keeps what every node gives."""

    def __init__(self, module: Any) -> None:
        super().__init__(module, garbage_collect_values=False)
        self.values: dict[str, Any] = {}

    def run_node(self, n: Any) -> Any:
        """Run one node and keep its result."""
        self.values[n.name] = super().run_node(n)
        return self.values[n.name]


def _values(path: Path, pictures: np.ndarray) -> list[dict[str, Any]]:
    """Return every value of each sample, by torch's interpreter."""
    program = torch.export.load(path)
    held = {**program.constants, **program.state_dict}
    fixed = [held[s.target] for s in program.graph_signature.input_specs if s.target is not None]
    kept = []
    for picture in pictures:
        run = _Recording(program.graph_module)
        with torch.no_grad():
            run.run(*fixed, torch.from_numpy(picture[None]))
        kept.append(run.values)
    return kept


# Float tensor -> what the quantized program reads in its place; told by hand.
TWINS = {"x": "dequantize_per_tensor", "conv2d": "conv2d", "relu": "dequantize_per_tensor_1",
         "batch_norm": "conv2d_1", "relu_1": "relu_1", "add": "add",
         "mean": "dequantize_per_tensor_2", "linear": "linear"}  # fmt: skip


def test_errors_equal_numpy_on_what_torchs_interpreter_gives(
    pt2e: tuple[Path, Path], inputs: Path, found: QuantizationError
) -> None:
    """MSE, largest error, SQNR and cosine distance of every pair, over all samples."""
    floats, twins = (_values(path, np.load(inputs)) for path in pt2e)
    assert {one.tensor for one in found.tensors} == set(TWINS)
    for one in found.tensors:
        x = np.stack([v[one.tensor].double().numpy() for v in floats])
        y = np.stack([v[TWINS[one.tensor]].double().numpy() for v in twins])
        assert one.sums.mse == pytest.approx(np.mean((x - y) ** 2), rel=1e-6)
        assert one.sums.largest == pytest.approx(np.abs(x - y).max(), rel=1e-6)
        db = 10 * np.log10(np.sum(x**2) / np.sum((x - y) ** 2))
        assert one.sums.sqnr_db == pytest.approx(db, abs=1e-6)
        distance = 1 - np.vdot(x, y) / np.linalg.norm(x) / np.linalg.norm(y)
        assert one.sums.cosine_distance == pytest.approx(distance, abs=1e-12)


def test_a_folded_normalization_is_recognized(found: QuantizationError) -> None:
    """The quantized convolution stands for the float normalization, not for the convolution."""
    (one,) = (t for t in found.tensors if t.tensor == "batch_norm")
    assert (one.key, one.reference_key, one.paired_by) == ("conv2d_1", "batch_norm", "structure")
    assert one.sums.sqnr_db > 20 and one.local.sqnr_db > 30
    assert any("by structure" in note for note in found.notes)


def test_local_errors_leave_out_what_came_before(
    pt2e: tuple[Path, Path], inputs: Path, found: QuantizationError
) -> None:
    """A product's local error is that of its weights; what is not rounded adds none."""
    local = {one.tensor: one.local for one in found.tensors}
    assert local["add"].dd == local["relu_1"].dd == 0.0
    floats, twins = (_values(path, np.load(inputs)) for path in pt2e)
    qparams = _qparams(pt2e[1], "quantize_per_tensor_2")
    expected = 0.0
    for real, rounded in zip(floats, twins, strict=True):
        given = torch.fake_quantize_per_tensor_affine(real["mean"], *qparams)
        weights = [real["p_head_weight"], rounded["dequantize_per_channel_2"]]
        a, b = (given.double() @ w.double().T for w in weights)
        expected += float(((a - b) ** 2).sum().detach())
    assert local["linear"].dd == pytest.approx(expected, rel=1e-3)


def _qparams(path: Path, name: str) -> tuple[float, int, int, int]:
    graph = torch.export.load(path).graph_module.graph
    (node,) = (node for node in graph.nodes if node.name == name)
    return node.args[1:5]


def test_weight_errors_are_exact_by_channel(
    pt2e: tuple[Path, Path], found: QuantizationError
) -> None:
    """Each channel's squared error is NumPy's on the weights in the two files."""
    state, codes = (torch.export.load(path) for path in pt2e)
    weight = state.state_dict["first.weight"].detach().double().numpy()
    held = {**codes.constants, **codes.state_dict}
    stored = held["_frozen_param0"].double().numpy()
    scales = held["_scale_0"].double().numpy()
    difference = weight - (stored * scales[:, None, None, None]).astype(np.float32)
    (one,) = (w for w in found.weights if w.tensor == "first.weight")
    assert (one.key, one.axis, len(one.channels)) == ("conv2d", 0, 8)
    ours = [channel.dd for channel in one.channels]
    np.testing.assert_allclose(ours, (difference**2).sum(axis=(1, 2, 3)), rtol=1e-9)
    np.testing.assert_array_equal(one.scales, scales)
    assert found.twins.is_same


def test_folded_weights_are_compared_as_folded(found: QuantizationError) -> None:
    """The weight of a normalized convolution is told from rounding, not from folding."""
    (one,) = (w for w in found.weights if w.tensor == "second.weight")
    assert one.rmse_over_scale == pytest.approx(12**-0.5, rel=0.1)


def test_node_data_finds_the_nodes_of_both_programs(
    pt2e: tuple[Path, Path], found: QuantizationError
) -> None:
    """Values land on the operators of the quantized program, or of the float one."""
    for path, by_reference in ((pt2e[1], False), (pt2e[0], True)):
        sets = found.node_data(importers.read(path).graphs[0], by_reference=by_reference)
        assert len(sets) > 10 and all(data.unmatched == () for data in sets)


class Rounding(torch.nn.Module):
    """x -> -x -> |-x|, the first result rounded to steps where asked."""

    def __init__(self, *, is_quantized: bool) -> None:
        super().__init__()
        self.is_quantized = is_quantized

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return |x|."""
        x = torch.neg(x)
        if self.is_quantized:
            ops = torch.ops.quantized_decomposed
            how = (STEP, 0, -128, 127, torch.int8)
            x = ops.dequantize_per_tensor(ops.quantize_per_tensor(x, *how), *how)
        return torch.abs(x)


def _rounding(folder: Path, bound: float) -> QuantizationError:
    given = (torch.zeros(1, 50_000),)
    paths = [folder / "float.pt2", folder / "int8.pt2"]
    for path, is_quantized in zip(paths, (False, True), strict=True):
        module = Rounding(is_quantized=is_quantized)
        torch.export.save(torch.export.export(module, given), path)
    x = np.random.default_rng(0).uniform(-bound, bound, given[0].shape).astype(np.float32)
    np.save(folder / "x.npy", x)
    return measure_error(paths[1], paths[0], FORMAT, folder / "x.npy")


def test_one_uniform_quantizer_errs_as_its_closed_form_says(tmp_path: Path) -> None:
    """Rounding to steps gives step² / 12 within 2 %, the same locally, at its own node."""
    found = _rounding(tmp_path, 2.0)
    expected = pytest.approx(STEP**2 / 12, rel=0.02)
    assert found.values(BY_ID["mse"]) == {"x": 0.0, "neg": expected, "abs_1": expected}
    assert found.values(BY_ID["mse_local"]) == {"x": 0.0, "neg": expected, "abs_1": 0.0}
    assert found.values(BY_ID["saturated_share"]) == {"neg": 0.0}


def test_what_the_codes_cannot_hold_is_saturated(tmp_path: Path) -> None:
    """Numbers up to twice the range of the codes: half of them are outside."""
    found = _rounding(tmp_path, 2 * 127.5 * STEP)
    assert found.values(BY_ID["saturated_share"])["neg"] == pytest.approx(0.5, abs=0.01)


def test_a_program_against_itself_has_no_error(corpus: Path) -> None:
    """A transformer with free dimensions: every tensor and every weight is exact."""
    path = corpus / "torch" / "llama_4L_h64_dynamic.pt2"
    found = measure_error(path, path, FORMAT, n_samples=1)
    assert len(found.tensors) > 200
    for id in ("max_abs_error", "max_abs_error_local", "weight_max_abs_error"):
        assert set(found.values(BY_ID[id]).values()) == {0.0}
