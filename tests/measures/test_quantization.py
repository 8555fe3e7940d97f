"""Quantization error by node, against the runtimes' own tools and NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphs.errors import MeasureError, NotRunnable
from importers import read
from measures.quantization import ERROR_MEASURES, QuantizationError, measure_error
from sample_models import Sample, sample
from tests.measures.models import chain_model, quantizer_model

BY_ID = {measure.id: measure for measure in ERROR_MEASURES}


def _digits(path: Path, *shape: int) -> Path:
    random = np.random.default_rng(0)
    np.savez(path, image=random.uniform(0, 16, (5, *shape)).astype(np.float32))
    return path


def _pair(name: str, inputs: Path) -> tuple[Sample, Sample, QuantizationError]:
    one = sample(name)
    twin = sample(one.reference)
    return one, twin, measure_error(one.path, twin.path, one.format, inputs)


def _oracle_sqnr(float_path: Path, path: Path, inputs: Path, tmp_path: Path) -> dict[str, float]:
    """Return the accumulated SQNR in dB by tensor, by ONNX Runtime's own tool."""
    from onnxruntime.quantization import CalibrationDataReader, qdq_loss_debug

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            with np.load(inputs) as file:
                arrays = {name: file[name] for name in file.files}
            n = len(next(iter(arrays.values())))
            self.rows: Iterator[dict[str, Any]] = iter(
                [{k: v[i : i + 1] for k, v in arrays.items()} for i in range(n)]
            )

        def get_next(self) -> dict[str, Any] | None:
            return next(self.rows, None)

    found = []
    for n, source in enumerate((path, float_path)):
        tapped = tmp_path / f"tapped_{n}.onnx"
        qdq_loss_debug.modify_model_output_intermediate_tensors(source, tapped)
        found.append(qdq_loss_debug.collect_activations(str(tapped), Reader()))
    matched = qdq_loss_debug.create_activation_matching(*found)
    errors = qdq_loss_debug.compute_activation_error(matched)
    return {name: e["xmodel_err"] for name, e in errors.items() if "xmodel_err" in e}


def _assert_equals_oracle(found: QuantizationError, oracle: dict[str, float]) -> None:
    ours = {one.tensor: one.sums.sqnr_db for one in found.tensors}
    assert set(oracle) <= set(ours)
    assert len(oracle) > 10
    for name, value in oracle.items():
        assert ours[name] == pytest.approx(value, abs=1e-3), name


def test_onnx_errors_equal_those_of_the_runtimes_own_tool(tmp_path: Path) -> None:
    """Accumulated SQNR of the sample equals `qdq_loss_debug` within 1e-3 dB."""
    inputs = _digits(tmp_path / "in.npz", 1, 8, 8)
    one, twin, found = _pair("digits_int8", inputs)
    _assert_equals_oracle(found, _oracle_sqnr(twin.path, one.path, inputs, tmp_path))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_yunet_errors_equal_those_of_the_runtimes_own_tool(corpus: Path, tmp_path: Path) -> None:
    """Accumulated SQNR of the real face detector equals `qdq_loss_debug` within 1e-3 dB."""
    inputs = tmp_path / "in.npz"
    random = np.random.default_rng(0)
    np.savez(inputs, input=random.uniform(0, 255, (2, 3, 320, 320)).astype(np.float32))
    twin, path = (corpus / "onnx" / f"yunet_s_320_{k}.onnx" for k in ("float", "qdq_int8"))
    found = measure_error(path, twin, "ONNX", inputs)
    _assert_equals_oracle(found, _oracle_sqnr(twin, path, inputs, tmp_path))


def _kept_tensors(path: Path, samples: np.ndarray) -> dict[str, np.ndarray]:
    """Return every tensor as real numbers, samples along the first axis, by plain NumPy."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    runner = Interpreter(
        str(path),
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    runner.allocate_tensors()
    given = runner.get_input_details()[0]
    outputs = {int(t) for o in runner._get_ops_details() for t in o["outputs"]}
    rows: dict[str, list[np.ndarray]] = {}
    for sample_ in samples:
        scale, zero = given["quantization"]
        fed = sample_ if not scale else np.clip(np.round(sample_ / scale + zero), -128, 127)
        runner.set_tensor(given["index"], fed[np.newaxis].astype(given["dtype"]))
        runner.invoke()
        for details in runner.get_tensor_details():
            if details["index"] in outputs:
                scale, zero = details["quantization"]
                stored = runner.get_tensor(details["index"]).astype(np.float64)
                real = (stored - zero) * scale if scale else stored
                rows.setdefault(details["name"], []).append(real)
    return {name: np.stack(parts) for name, parts in rows.items()}


def _assert_equals_numpy(found: QuantizationError, floats: Any, twins: Any, least: int) -> None:
    compared = 0
    for one in found.tensors:
        if one.tensor not in floats:
            continue
        x, y = floats[one.tensor], twins[one.key]
        expected = {
            "mse": np.mean((x - y) ** 2),
            "max_abs_error": np.abs(x - y).max(),
            "sqnr_db": 10 * np.log10(np.sum(x**2) / np.sum((x - y) ** 2)),
            "cosine_distance": 1 - np.vdot(x, y) / np.linalg.norm(x) / np.linalg.norm(y),
        }
        for id, value in expected.items():
            ours = BY_ID[id].of(one.sums, one.scale)
            assert ours == pytest.approx(value, rel=1e-6, abs=1e-9), (one.tensor, id)
        compared += 1
    assert compared >= least


def test_tflite_errors_equal_numpy_on_the_kept_tensors(tmp_path: Path) -> None:
    """Errors of the sample equal NumPy's on what the interpreter kept, within 1e-6."""
    inputs = _digits(tmp_path / "in.npz", 8, 8, 1)
    one, twin, found = _pair("digits_int8_tflite", inputs)
    with np.load(inputs) as file:
        images = file["image"]
    kept = [_kept_tensors(path, images) for path in (twin.path, one.path)]
    _assert_equals_numpy(found, *kept, least=22)


def test_vww_errors_equal_numpy_on_the_kept_tensors(corpus: Path, tmp_path: Path) -> None:
    """The same on the real visual-wake-words pair."""
    twin, path = (corpus / "tflite" / f"vww_96_{kind}.tflite" for kind in ("float", "int8"))
    images = np.random.default_rng(0).uniform(0, 1, (2, 96, 96, 3)).astype(np.float32)
    inputs = tmp_path / "in.npz"
    np.savez(inputs, image=images)
    found = measure_error(path, twin, "TFLite", inputs)
    _assert_equals_numpy(found, _kept_tensors(twin, images), _kept_tensors(path, images), least=25)


def test_one_uniform_quantizer_errs_as_its_closed_form_says(tmp_path: Path) -> None:
    """One rounding to steps gives step² / 12 within 2 %, and its node bears it."""
    step = 0.02
    twin = quantizer_model(tmp_path / "float.onnx", step, is_quantized=False)
    path = quantizer_model(tmp_path / "int8.onnx", step, is_quantized=True)
    x = np.random.default_rng(0).uniform(-2, 2, (50, 1000)).astype(np.float32)
    np.savez(tmp_path / "in.npz", x=x)
    found = measure_error(path, twin, "ONNX", tmp_path / "in.npz")
    assert found.n_samples == 50
    assert found.values(BY_ID["mse"])["block/neg"] == pytest.approx(step**2 / 12, rel=0.02)
    relative = found.values(BY_ID["rmse_over_scale"])
    assert relative == {"block/neg": pytest.approx(12**-0.5, rel=0.01)}


def test_a_model_against_itself_has_no_error() -> None:
    """Every tensor is exact."""
    path = sample("digits_float").path
    found = measure_error(path, path, "ONNX", free_dimension=2)
    assert set(found.values(BY_ID["max_abs_error"]).values()) == {0.0}
    assert set(found.values(BY_ID["sqnr_db"]).values()) == {float("inf")}


def test_node_data_finds_the_nodes_of_both_models(tmp_path: Path) -> None:
    """Values land on the quantized model's operators, or on the float model's."""
    one, twin, found = _pair("digits_int8", _digits(tmp_path / "in.npz", 1, 8, 8))
    for file, by_reference in ((one.path, False), (twin.path, True)):
        sets = found.node_data(read(file).graphs[0], by_reference=by_reference)
        assert [data.name for data in sets] == [m.name for m in ERROR_MEASURES]
        assert all(data.unmatched == () for data in sets)
    graph = read(one.path).graphs[0]
    sqnr = found.node_data(graph)[0]
    assert not sqnr.is_higher_worse
    assert sqnr.aggregations[0] == "min"
    assert not np.isnan(sqnr.values[graph.node_ids.index("block1/conv1")])


def test_twins_may_name_their_inputs_differently(tmp_path: Path) -> None:
    """Inputs are matched by name, else by position: converters rename them."""
    import onnx

    path = tmp_path / "renamed.onnx"
    model = onnx.load(sample("digits_float").path)
    model.graph.input[0].name = model.graph.node[0].input[0] = "picture"
    path.write_bytes(model.SerializeToString())
    found = measure_error(path, sample("digits_float").path, "ONNX")
    assert set(found.values(BY_ID["max_abs_error"]).values()) == {0.0}


def test_models_that_share_no_tensor_are_refused(tmp_path: Path) -> None:
    """Two unrelated models are told apart instead of compared."""
    path = chain_model(tmp_path / "chain.onnx", ["a"])
    with pytest.raises(NotRunnable, match="both models have"):
        measure_error(path, sample("digits_float").path, "ONNX")


def test_shapes_that_differ_are_an_error(tmp_path: Path) -> None:
    """Tensors of one name and two shapes are not compared."""
    twin, path = tmp_path / "a.onnx", tmp_path / "b.onnx"
    quantizer_model(twin, 0.1, is_quantized=False)
    _with_output_shape(twin, path)
    with pytest.raises(MeasureError, match="differ between the two models"):
        measure_error(path, twin, "ONNX")


def _with_output_shape(source: Path, path: Path) -> None:
    """Copy a model, its first node replaced by one that flattens to a column."""
    import onnx

    model = onnx.load(source)
    model.graph.node[0].CopyFrom(onnx.helper.make_node("Flatten", ["x"], ["hidden"], axis=2))
    del model.graph.output[0].type.tensor_type.shape.dim[:]
    path.write_bytes(model.SerializeToString())
