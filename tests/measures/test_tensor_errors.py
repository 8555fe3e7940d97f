"""The distribution of one tensor's errors, against NumPy and closed forms."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from graphs.errors import NotRunnable
from measures.error_histogram import N_BINS, N_CELLS, ErrorHistogram, ErrorRange
from measures.quantization import measure_error
from measures.tensor_errors import tensor_errors
from sample_models import sample
from tests.measures.models import quantizer_model

STEP = 0.02


def _filled(samples: list[tuple[np.ndarray, np.ndarray]]) -> ErrorHistogram:
    found = ErrorRange()
    for x, y in samples:
        found.add(x, y)
    histogram = ErrorHistogram(found)
    for x, y in samples:
        histogram.add(x, y)
    return histogram


def test_samples_one_by_one_give_what_numpy_gives_of_all() -> None:
    """Counts equal NumPy's histograms of the whole arrays, in one and in two dimensions."""
    random = np.random.default_rng(0)
    x = random.normal(size=(5, 400))
    y = np.round(x * 8) / 8
    ours = _filled(list(zip(x, y, strict=True)))
    counts, _ = np.histogram((y - x).ravel(), ours.error_edges)
    np.testing.assert_array_equal(ours.error_counts, counts)
    edges = [ours.value_edges, ours.value_edges]
    pairs, _, _ = np.histogram2d(x.ravel(), y.ravel(), bins=edges)
    np.testing.assert_array_equal(ours.value_counts, pairs)
    assert ours.error_counts.sum() == ours.value_counts.sum() == x.size


def test_what_is_not_finite_is_counted_apart() -> None:
    """NaN and infinity are in no bin and spoil no range."""
    x = np.array([1.0, math.nan, math.inf, 2.0])
    ours = _filled([(x, np.array([1.0, 1.0, 1.0, -math.inf]))])
    assert (ours.error_counts.sum(), ours.n_not_finite) == (1, 3)
    assert np.isfinite(ours.value_edges).all()


@pytest.mark.parametrize("x", [np.zeros(3), np.full(3, 7e8), np.zeros(0)])
def test_equal_or_no_elements_have_a_histogram(x: np.ndarray) -> None:
    """A tensor without errors lies in the middle bin; an empty one in none."""
    ours = _filled([(x, x)])
    assert (np.diff(ours.error_edges) > 0).all() and (np.diff(ours.value_edges) > 0).all()
    assert ours.error_counts[N_BINS // 2] == x.size
    assert ours.value_counts.shape == (N_CELLS, N_CELLS)


def test_the_errors_of_a_uniform_quantizer_are_uniform(tmp_path: Path) -> None:
    """Errors of rounding to steps spread evenly over −step/2 .. step/2, on the diagonal."""
    twin = quantizer_model(tmp_path / "float.onnx", STEP, is_quantized=False)
    path = quantizer_model(tmp_path / "int8.onnx", STEP, is_quantized=True)
    x = np.random.default_rng(0).uniform(-2, 2, (100, 1000)).astype(np.float32)
    np.savez(tmp_path / "in.npz", x=x)
    found = tensor_errors(path, twin, "ONNX", "hidden", tmp_path / "in.npz")
    assert (found.key, found.reference_key) == ("block/neg", "block/neg")
    assert found.scale == pytest.approx(STEP)
    assert found.error_edges[[0, -1]] == pytest.approx([-STEP / 2, STEP / 2], rel=0.01)
    assert found.error_counts.sum() == x.size
    assert np.abs(found.error_counts / (x.size / N_BINS) - 1).max() < 0.15
    rows, columns = np.nonzero(found.value_counts)
    assert np.abs(rows - columns).max() <= 1


@pytest.mark.parametrize(("kind", "mean"), [("accumulated", "sums"), ("local", "local")])
@pytest.mark.parametrize("name", ["digits_int8", "digits_int8_tflite"])
def test_the_histogram_is_of_the_errors_that_were_summed(name: str, kind: str, mean: str) -> None:
    """Its mean square is the MSE of the same tensor, as far as bins tell."""
    one = sample(name)
    twin = sample(one.reference)
    measured = measure_error(one.path, twin.path, one.format)
    tensor = max(measured.tensors, key=lambda t: getattr(t, mean).mse if t.local.n else 0.0)
    found = tensor_errors(one.path, twin.path, one.format, tensor.tensor, kind=kind)  # type: ignore[arg-type]
    middles = (found.error_edges[1:] + found.error_edges[:-1]) / 2
    square = float((found.error_counts * middles**2).sum()) / found.error_counts.sum()
    sums = getattr(tensor, mean)
    width = float(np.diff(found.error_edges)[0])
    assert found.error_counts.sum() == sums.n and found.n_not_finite == 0
    assert square == pytest.approx(sums.mse, rel=0.05, abs=width**2)
    assert found.error_edges[-1] == pytest.approx(sums.largest, rel=1e-6)


def test_pytorch_programs_have_distributions(pt2e: tuple[Path, Path]) -> None:
    """The same for a PT2E pair, of a tensor that is rounded."""
    found = tensor_errors(pt2e[1], pt2e[0], "PyTorch ExportedProgram", "relu", kind="local")
    assert found.key == "relu" and found.scale > 0
    assert found.error_counts.sum() == 4 * 8 * 16 * 16
    assert found.error_edges[-1] == pytest.approx(found.scale / 2, rel=0.05)


def test_a_tensor_without_a_twin_is_refused() -> None:
    """The error names the tensor."""
    one = sample("digits_int8")
    with pytest.raises(NotRunnable, match="no such tensor"):
        tensor_errors(one.path, sample(one.reference).path, "ONNX", "no such tensor")
