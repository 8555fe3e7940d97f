"""Errors of weights, exact against NumPy on what the files hold; which models are twins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from graphs.errors import NotRunnable
from measures.error_sums import ErrorSums
from measures.quantization import measure_error
from measures.weight_error import WeightError, measure_weight_error, same_weights
from sample_models import sample


def _onnx_constants(path: Path) -> dict[str, np.ndarray]:
    return {t.name: numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer}


def _assert_channels(one: WeightError, real: np.ndarray, twin: np.ndarray) -> None:
    """Compare every channel's sums with NumPy's on the float64 weights."""
    axes = tuple(i for i in range(real.ndim) if i != one.axis)
    difference = real - twin
    for name, expected in (
        ("dd", (difference**2).sum(axis=axes)),
        ("xx", (real**2).sum(axis=axes)),
        ("xy", (real * twin).sum(axis=axes)),
        ("largest", np.abs(difference).max(axis=axes)),
    ):
        ours = [getattr(channel, name) for channel in one.channels]
        np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-18)
    assert one.sums.dd == pytest.approx((difference**2).sum(), rel=1e-12)
    assert one.sums.largest == np.abs(difference).max()


def test_onnx_weights_are_exact_by_channel() -> None:
    """Every weight of the sample: code × step of its channel, against the float file."""
    pair = sample("digits_int8")
    float_path = sample(pair.reference).path
    floats, codes = _onnx_constants(float_path), _onnx_constants(pair.path)
    found = measure_weight_error(pair.path, float_path, "ONNX")
    kernels = [one for one in found if floats[one.tensor].ndim == 4]
    assert len(kernels) >= 8
    for one in kernels:
        scale = codes[f"{one.tensor}_scale"].astype(np.float64)
        zero = codes[f"{one.tensor}_zero_point"].astype(np.int64)
        shape = [-1, 1, 1, 1] if scale.size > 1 else [1] * 4
        stored = codes[f"{one.tensor}_quantized"].astype(np.int64)
        twin = scale.reshape(shape) * (stored - zero.reshape(shape))
        _assert_channels(one, floats[one.tensor].astype(np.float64), twin)


def _tflite_constants(path: Path) -> dict[str, tuple[np.ndarray, dict[str, Any]]]:
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(str(path))
    runner.allocate_tensors()
    found = {}
    for details in runner.get_tensor_details():
        try:
            value = runner.get_tensor(details["index"])
        except ValueError:  # an activation
            continue
        found[details["name"]] = (value, details["quantization_parameters"])
    return found


def test_tflite_weights_are_exact_by_channel(corpus: Path) -> None:
    """Every kernel of the visual-wake-words pair, along the axis that the file states."""
    twin, path = (corpus / "tflite" / f"vww_96_{kind}.tflite" for kind in ("float", "int8"))
    floats, codes = _tflite_constants(twin), _tflite_constants(path)
    compared = 0
    for one in measure_weight_error(path, twin, "TFLite"):
        real = floats[one.tensor][0].astype(np.float64)
        if real.ndim != 4 or one.tensor not in codes:
            continue
        stored, how = codes[one.tensor]
        assert one.axis == how["quantized_dimension"]
        shape = [1] * 4
        shape[one.axis] = -1
        scale = how["scales"].astype(np.float64).reshape(shape)
        _assert_channels(one, real, scale * (stored - how["zero_points"].reshape(shape)))
        compared += 1
    assert compared >= 20


def test_rounding_is_within_half_a_step() -> None:
    """No weight of a quantized model is further than half a step of its channel away."""
    pair = sample("digits_int8")
    for one in measure_weight_error(pair.path, sample(pair.reference).path, "ONNX"):
        if one.scales.size == len(one.channels):
            largest = np.array([channel.largest for channel in one.channels])
            assert (largest <= one.scales / 2 * (1 + 1e-5)).all()


@pytest.mark.parametrize(
    "names",
    [("vww_96_int8", "vww_96_float"), ("mobilenet_v1_0.25_128_quant", "mobilenet_v1_0.25_128")],
)
def test_twins_are_recognized(corpus: Path, names: tuple[str, str]) -> None:
    """Pairs of one model are the same but for rounding, trained with it or not."""
    path, twin = (corpus / "tflite" / f"{name}.tflite" for name in names)
    told = same_weights(measure_weight_error(path, twin, "TFLite"))
    assert told.is_same


def test_models_that_were_trained_apart_are_recognized(corpus: Path) -> None:
    """Same graph, same names, other weights: the difference is not quantization error."""
    path, twin = (corpus / "tflite" / f"hello_world_{kind}.tflite" for kind in ("int8", "float"))
    told = measure_error(path, twin, "TFLite").twins
    assert told.is_same is False
    assert "trained apart" in told.reason and "not quantization error" in told.reason


def _renamed(path: Path, source: Path) -> dict[str, str]:
    """Write a model, everything in it renamed; return its old -> new tensor names."""
    model = onnx.load(source)
    names = {t.name: f"renamed/{i}" for i, t in enumerate(model.graph.initializer)}
    made = [name for node in model.graph.node for name in node.output]
    names |= {name: f"made/{i}" for i, name in enumerate(made)}
    for node in model.graph.node:
        node.name = f"node/{node.output[0]}"
        for held in (node.input, node.output):
            held[:] = [names.get(name, name) for name in held]
    for one in (*model.graph.initializer, *model.graph.output):
        one.name = names.get(one.name, one.name)
    del model.graph.value_info[:]
    path.write_bytes(model.SerializeToString())
    return names


@pytest.mark.parametrize("way", ["mapping", "similar"])
def test_onnx_weights_pair_by_mapping_and_by_structure(tmp_path: Path, way: str) -> None:
    """Where no name is left, the nodes that are paired otherwise tell which weights are twins."""
    pair = sample("digits_int8")
    float_path = tmp_path / "renamed.onnx"
    names = _renamed(float_path, sample(pair.reference).path)
    told = {new: old for old, new in names.items() if new.startswith("made/")}
    found = measure_weight_error(pair.path, float_path, "ONNX", **{way: told})  # type: ignore[arg-type]
    plain = measure_weight_error(pair.path, sample(pair.reference).path, "ONNX")
    kernels = {one.key: one.sums for one in plain if len(one.channels) > 1}
    assert {one.key: one.sums for one in found if len(one.channels) > 1} == kernels
    assert measure_weight_error(pair.path, float_path, "ONNX") == ()


def test_a_mapping_comes_before_the_names_of_weights(tmp_path: Path) -> None:
    """Two layers that changed names are compared as the mapping says, not as names do."""
    pair = sample("digits_int8")
    swapped = tmp_path / "swapped.onnx"
    model = onnx.load(sample(pair.reference).path)
    nodes = {node.name: node for node in model.graph.node}
    convs = [n for n in nodes.values() if n.op_type == "Conv"]
    shapes = {t.name: tuple(t.dims) for t in model.graph.initializer}
    first, second = next(
        (a, b) for a in convs for b in convs
        if a is not b and shapes[a.input[1]] == shapes[b.input[1]]
    )  # fmt: skip
    first.input[1], second.input[1] = second.input[1], first.input[1]
    swapped.write_bytes(model.SerializeToString())
    names = measure_weight_error(pair.path, swapped, "ONNX")
    quantized = {node.name: node.output[0] for node in onnx.load(pair.path).graph.node}
    outputs = {node.output[0]: quantized[node.name] for node in (first, second)}
    told = measure_weight_error(pair.path, swapped, "ONNX", mapping=outputs)
    by_key = [{one.key: one.sums.sqnr_db for one in found} for found in (names, told)]
    assert by_key[0][first.name] > 20 > 6 > by_key[1][first.name]


def _weight(signal: float, noise: float, scale: float, n: int = 100) -> WeightError:
    sums = ErrorSums(n, xx=signal * n, yy=signal * n, xy=0.0, dd=noise * n, largest=noise**0.5)
    return WeightError("w", "k", 0, np.array([scale]), sums, ())


def test_the_verdict_follows_most_elements() -> None:
    """One weight that differs among many alike ones does not make a stranger; most do."""
    alike, strange = _weight(1.0, 1e-5, 0.01), _weight(1.0, 2.0, 0.01)
    assert same_weights([alike, alike, strange]).is_same
    assert same_weights([strange, strange, alike]).is_same is False
    assert same_weights([]).is_same is None
    moved = same_weights([_weight(1.0, 0.01, 0.001)])
    assert moved.is_same and "rounding cannot explain" in moved.reason


def test_other_formats_are_refused() -> None:
    """The error names the formats whose weights can be compared."""
    with pytest.raises(NotRunnable, match="ONNX or TFLite"):
        measure_weight_error(Path("a.hlo"), Path("b.hlo"), "HLO")
