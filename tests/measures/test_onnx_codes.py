"""What codes of ONNX models stand for: operators on codes and types of codes, against NumPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from measures.error_measures import ERROR_MEASURES
from measures.quantization import QuantizationError, measure_error
from measures.weight_error import measure_weight_error

BY_ID = {measure.id: measure for measure in ERROR_MEASURES}
N_IN, N_OUT = 6, 4
SCALES = np.array([1, 2, 4, 8], np.float32) / 128  # by output channel; codes × these are exact
X_STEP, Y_STEP = 0.02, 0.05


def _save(
    path: Path, nodes: list[onnx.NodeProto], held: dict[str, np.ndarray], width: int, opset: int
) -> Path:
    """Write nodes from x to y, both with rows of numbers."""
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", n])
        for name, n in (("x", N_IN), ("y", width))
    ]
    constants = [numpy_helper.from_array(value, name) for name, value in held.items()]
    graph = helper.make_graph(nodes, "main", values[:1], values[1:], constants)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    path.write_bytes(
        helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()
    )
    return path


def _gemm_pair(folder: Path, is_transposed: bool) -> tuple[Path, Path, np.ndarray, np.ndarray]:
    """Write a Gemm and its twin on codes; return both with the weight and its codes."""
    random = np.random.default_rng(0)
    codes = random.integers(-127, 128, (N_IN, N_OUT)).astype(np.int8)
    weight = (codes * SCALES + random.uniform(-0.5, 0.5, codes.shape) * SCALES).astype(np.float32)
    if is_transposed:
        codes, weight = np.ascontiguousarray(codes.T), np.ascontiguousarray(weight.T)
    turn = {"transB": int(is_transposed)}
    twin = helper.make_node("Gemm", ["x", "w"], ["y"], "dense", **turn)
    inputs = ["x_code", "x_step", "zero", "w_quantized", "w_step", "zeros", "", "y_step", "zero"]
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "x_step", "zero"], ["x_code"], "q"),
        helper.make_node("QGemm", inputs, ["y_quantized"], "dense", domain="com.microsoft", **turn),
        helper.make_node("DequantizeLinear", ["y_quantized", "y_step", "zero"], ["y"], "dq"),
    ]
    held = {
        "x_step": np.array(X_STEP, np.float32), "y_step": np.array(Y_STEP, np.float32),
        "zero": np.array(0, np.int8), "zeros": np.zeros(N_OUT, np.int8),
        "w_quantized": codes, "w_step": SCALES,
    }  # fmt: skip
    reference = _save(folder / "float.onnx", [twin], {"w": weight}, N_OUT, 17)
    return _save(folder / "int8.onnx", nodes, held, N_OUT, 17), reference, weight, codes


@pytest.mark.parametrize("is_transposed", [False, True])
def test_channels_of_a_product_on_codes_are_its_outputs(
    tmp_path: Path, is_transposed: bool
) -> None:
    """The scales of QGemm's weight lie along its columns, or along its rows where it is turned."""
    path, reference, weight, codes = _gemm_pair(tmp_path, is_transposed)
    (found,) = measure_weight_error(path, reference, "ONNX")
    along = 0 if is_transposed else 1
    shape = (-1, 1) if is_transposed else (1, -1)
    back = codes * SCALES.astype(np.float64).reshape(shape)
    expected = ((weight - back) ** 2).sum(axis=1 - along)
    assert found.axis == along and len(found.channels) == N_OUT
    np.testing.assert_allclose([one.dd for one in found.channels], expected, rtol=1e-9)
    assert 0.2 < found.rmse_over_scale < 0.35  # an even rounding has 0.29 steps


@pytest.mark.parametrize("is_transposed", [False, True])
def test_errors_of_a_product_on_codes_equal_numpys(tmp_path: Path, is_transposed: bool) -> None:
    """Accumulated and local errors follow from integer arithmetic written down in NumPy."""
    path, reference, weight, codes = _gemm_pair(tmp_path, is_transposed)
    x = np.random.default_rng(1).uniform(-2, 2, (50, N_IN)).astype(np.float32)
    np.save(tmp_path / "in.npy", x)
    found = measure_error(path, reference, "ONNX", tmp_path / "in.npy")
    w, q = (m.T if is_transposed else m for m in (weight.astype(np.float64), codes))
    x_back = np.clip(np.round(x / np.float32(X_STEP)), -128, 127) * np.float64(np.float32(X_STEP))
    step = np.float64(np.float32(Y_STEP))
    y_back = np.clip(np.round(x_back @ (q * SCALES.astype(np.float64)) / step), -128, 127) * step
    y = next(one for one in found.tensors if one.tensor == "y")
    assert y.sums.mse == pytest.approx(((x @ w - y_back) ** 2).mean(), rel=1e-5)
    assert y.local.mse == pytest.approx(((x_back @ w - y_back) ** 2).mean(), rel=1e-5)
    assert y.scale == pytest.approx(Y_STEP)
    bounds = (step * -128.5, step * 127.5)
    outside = ((x @ w < bounds[0]) | (x @ w > bounds[1])).mean()
    assert outside > 0 and y.sums.saturated_share == pytest.approx(outside)


def _block_pair(folder: Path) -> tuple[Path, Path, np.ndarray, np.ndarray]:
    """Write x + conv(x), 1 × 1, and its twin on codes; return both, the kernel and its twin."""
    random = np.random.default_rng(3)
    codes = random.integers(-127, 128, (N_IN, N_IN, 1, 1)).astype(np.int8)
    step = np.float32(1 / 256)
    kernel = (codes * step + random.uniform(-0.5, 0.5, codes.shape) * step).astype(np.float32)
    shape = {"image": np.array([-1, N_IN, 1, 1], np.int64), "flat": np.array([-1, N_IN], np.int64)}
    head = helper.make_node("Reshape", ["x", "image"], ["i"], "in")
    tail = helper.make_node("Reshape", ["s", "flat"], ["y"], "out")
    twin = [
        head,
        helper.make_node("Conv", ["i", "w"], ["c"], "conv"),
        helper.make_node("Add", ["i", "c"], ["s"], "sum"),
        tail,
    ]
    own = {"domain": "com.microsoft"}
    conv = ["i_code", "x_step", "zero", "w_quantized", "w_step", "zero", "y_step", "zero"]
    total = ["i_code", "x_step", "zero", "c_quantized", "y_step", "zero", "y_step", "zero"]
    nodes = [
        head,
        helper.make_node("QuantizeLinear", ["i", "x_step", "zero"], ["i_code"], "q"),
        helper.make_node("QLinearConv", conv, ["c_quantized"], "conv"),
        helper.make_node("QLinearAdd", total, ["s_quantized"], "sum", **own),
        helper.make_node("DequantizeLinear", ["s_quantized", "y_step", "zero"], ["s"], "dq"),
        tail,
    ]
    held = {
        "x_step": np.array(X_STEP, np.float32), "y_step": np.array(Y_STEP, np.float32),
        "w_step": np.array(step), "zero": np.array(0, np.int8), "w_quantized": codes, **shape,
    }  # fmt: skip
    reference = _save(folder / "float.onnx", twin, {"w": kernel, **shape}, N_IN, 17)
    return _save(folder / "int8.onnx", nodes, held, N_IN, 17), reference, kernel, codes * step


def test_errors_of_a_block_on_codes_equal_numpys(tmp_path: Path) -> None:
    """A convolution and a sum on codes, each rounded once, accumulated and alone."""
    path, reference, kernel, back = _block_pair(tmp_path)
    x = np.random.default_rng(4).uniform(-2, 2, (60, N_IN)).astype(np.float32)
    np.save(tmp_path / "in.npy", x)
    found = {
        t.tensor: t for t in measure_error(path, reference, "ONNX", tmp_path / "in.npy").tensors
    }

    def rounded(values: np.ndarray, step: float) -> np.ndarray:
        wide = np.float64(np.float32(step))
        return np.clip(np.round(values / wide), -128, 127) * wide

    w, w_back = (m.reshape(N_IN, N_IN).astype(np.float64) for m in (kernel, back))
    real = x.astype(np.float64)
    x_back = rounded(real, X_STEP)
    conv, conv_back = real @ w.T, rounded(x_back @ w_back.T, Y_STEP)
    expected = {
        "c": ((conv - conv_back) ** 2).mean(),
        "s": ((real + conv - rounded(x_back + conv_back, Y_STEP)) ** 2).mean(),
    }
    given = rounded(conv, Y_STEP)  # what the sum is given alone
    alone = {
        "c": ((x_back @ w.T - conv_back) ** 2).mean(),
        "s": ((x_back + given - rounded(x_back + given, Y_STEP)) ** 2).mean(),
    }
    for name, one in expected.items():
        assert found[name].sums.mse == pytest.approx(one, rel=1e-3), name
        assert found[name].local.mse == pytest.approx(alone[name], rel=1e-3), name


def test_an_exact_weight_has_no_error_in_steps(tmp_path: Path) -> None:
    """A weight that its codes hold exactly is zero steps away, not without a value."""
    path, reference, _, codes = _gemm_pair(tmp_path, is_transposed=False)
    exact = (codes * SCALES).astype(np.float32)
    node = helper.make_node("Gemm", ["x", "w"], ["y"], "dense")
    found = measure_error(
        path, _save(reference, [node], {"w": exact}, N_OUT, 17), "ONNX", n_samples=1
    )
    assert found.values(BY_ID["weight_mse"]) == {"dense": 0.0}
    assert found.values(BY_ID["weight_rmse_over_scale"]) == {"dense": 0.0}


def _rounding_pair(folder: Path, dtype: str, step: float, *, has_zero: bool) -> QuantizationError:
    """Round x to codes of a type, pick their largest, and turn them back; against a float twin."""
    types = {"int8": TensorProto.INT8, "uint8": TensorProto.UINT8, "int16": TensorProto.INT16,
             "uint16": TensorProto.UINT16}  # fmt: skip
    how = ["step", *(["zero"] if has_zero else [])]
    own = {} if has_zero else {"output_dtype": types[dtype]}
    nodes = [
        helper.make_node("Neg", ["x"], ["h"], "neg"),
        helper.make_node("QuantizeLinear", ["h", *how], ["h_code"], "q", **own),
        helper.make_node("Reshape", ["h_code", "shape"], ["r_quantized"], "turn"),
        helper.make_node("DequantizeLinear", ["r_quantized", *how], ["r"], "dq"),
        helper.make_node("Abs", ["r"], ["y"], "abs"),
    ]
    shape = {"shape": np.array([-1, N_IN], np.int64)}
    held = {"step": np.array(step, np.float32), "zero": np.array(0, dtype), **shape}
    twin = [
        helper.make_node("Neg", ["x"], ["h"], "neg"),
        helper.make_node("Reshape", ["h", "shape"], ["r"], "turn"),
        helper.make_node("Abs", ["r"], ["y"], "abs"),
    ]
    path = _save(folder / "codes.onnx", nodes, held, N_IN, 21)
    reference = _save(folder / "float.onnx", twin, shape, N_IN, 21)
    x = np.random.default_rng(2).uniform(-3, 3, (200, N_IN)).astype(np.float32)
    np.save(folder / "in.npy", x)
    return measure_error(path, reference, "ONNX", folder / "in.npy")


@pytest.mark.parametrize("has_zero", [True, False])
@pytest.mark.parametrize(
    ("dtype", "step"), [("int8", 0.02), ("uint8", 0.02), ("int16", 7e-5), ("uint16", 7e-5)]
)
def test_every_type_of_codes_equals_numpy(
    tmp_path: Path, dtype: str, step: float, has_zero: bool
) -> None:
    """Rounding and saturation are those of the type, told by a zero point or by an attribute."""
    found = _rounding_pair(tmp_path, dtype, step, has_zero=has_zero)
    x = -np.load(tmp_path / "in.npy").astype(np.float64)
    ends, wide = np.iinfo(dtype), np.float64(np.float32(step))
    back = np.clip(np.round(x / wide), ends.min, ends.max) * wide
    one = next(one for one in found.tensors if one.tensor == "r")
    assert one.sums.mse == pytest.approx(((x - back) ** 2).mean(), rel=1e-4)
    outside = (x < wide * (ends.min - 0.5)) | (x > wide * (ends.max + 0.5))
    assert outside.any() and one.sums.saturated_share == pytest.approx(outside.mean())
    assert one.local.n == x.size and one.local.mse == 0.0  # moving codes adds nothing
