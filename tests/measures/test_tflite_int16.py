"""Errors of a TFLite model with 16-bit activations, against NumPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from measures.quantization import measure_error
from tests.helpers.tflite_writer import FLOAT32, Operator, Subgraph, Tensor, tflite_bytes

INT16 = schema.TensorType.INT16
X_STEP, W_STEP, Y_STEP = 2.0**-14, 2.0**-13, 2.0**-12
N = 256


def _tensor(name: str, step: float, dtype: int, data: bytes | None = None) -> Tensor:
    extra = {}
    if dtype == INT16:
        how = schema.QuantizationParametersT()
        how.scale, how.zeroPoint, how.quantizedDimension = [step], [0], 0
        extra = {"quantization": how}
    return Tensor(name, (1, N), dtype, data, extra)


def _product(path: Path, dtype: int, weight: bytes) -> Path:
    """Write y = x × w over 256 numbers."""
    tensors = [
        _tensor("x", X_STEP, dtype),
        _tensor("w", W_STEP, dtype, weight),
        _tensor("y", Y_STEP, dtype),
    ]
    code = schema.BuiltinOperator.MUL
    operator = Operator(code, [0, 1], [2], schema.MulOptionsT(), version=4)
    path.write_bytes(tflite_bytes([Subgraph(tensors, [operator], [0], [2])]))
    return path


def test_errors_with_16_bits_equal_numpys(tmp_path: Path) -> None:
    """Accumulated, local and weight errors follow from integer arithmetic written in NumPy."""
    random = np.random.default_rng(0)
    real = random.uniform(-3.9, 3.9, N).astype(np.float32)
    codes = np.round(real / W_STEP).astype(np.int16)
    twin = _product(tmp_path / "float.tflite", FLOAT32, real.tobytes())
    path = _product(tmp_path / "int16.tflite", INT16, codes.tobytes())
    x = random.uniform(-2.2, 2.2, (40, N)).astype(np.float32)  # the codes end at 2
    np.save(tmp_path / "in.npy", x)
    found = measure_error(path, twin, "TFLite", tmp_path / "in.npy")
    held = np.clip(np.round(x.astype(np.float64) / X_STEP), -32768, 32767)
    product = held * codes * (X_STEP * W_STEP)
    y = np.clip(np.round(product / Y_STEP), -32768, 32767) * Y_STEP
    exact = x.astype(np.float64) * real
    one = next(one for one in found.tensors if one.tensor == "y")
    assert one.sums.mse == pytest.approx(((exact - y) ** 2).mean(), rel=1e-4)
    alone = held * X_STEP * real.astype(np.float64)
    assert one.local.mse == pytest.approx(((alone - y) ** 2).mean(), rel=0.02)
    given = next(one for one in found.tensors if one.tensor == "x")
    outside = (np.abs(x + X_STEP / 2) > 32768 * X_STEP).mean()
    assert outside > 0.05 and given.sums.saturated_share == pytest.approx(outside, abs=1e-4)
    (weight,) = found.weights
    assert weight.sums.mse == pytest.approx(((real - codes * W_STEP) ** 2).mean(), rel=1e-9)
