"""Local errors: what a node adds on its own, whatever came before it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from measures.error_measures import ERROR_MEASURES
from measures.quantization import QuantizationError, measure_error
from measures.runners import onnx_error
from measures.runners.onnx_partial import Partial
from measures.samples import Samples
from sample_models import sample

BY_ID = {measure.id: measure for measure in ERROR_MEASURES}
STEP = 0.02


def _rounded(name: str, step: float) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto], str]:
    """Return the nodes that round a tensor to int8 steps, their constants, and the result."""
    constants = [
        numpy_helper.from_array(np.array(step, np.float32), f"{name}_step"),
        numpy_helper.from_array(np.array(0, np.int8), f"{name}_zero"),
    ]
    how = [f"{name}_step", f"{name}_zero"]
    nodes = [
        helper.make_node("QuantizeLinear", [name, *how], [f"{name}_code"], f"{name}/q"),
        helper.make_node(
            "DequantizeLinear", [f"{name}_code", *how], [f"{name}_back"], f"{name}/dq"
        ),
    ]
    return nodes, constants, f"{name}_back"


def _chain(path: Path, *, is_quantized: bool) -> Path:
    """Write x -> Neg -> a (rounded) -> Abs -> b (rounded alike) -> Neg -> y."""
    nodes, constants, last = [], [], "x"
    for op, name in (("Neg", "a"), ("Abs", "b"), ("Neg", "y")):
        nodes.append(helper.make_node(op, [last], [name], f"node_{name}"))
        last = name
        if is_quantized and name != "y":
            own, held, last = _rounded(name, STEP)
            nodes, constants = [*nodes, *own], [*constants, *held]
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["rows", 1000]) for n in "xy"]
    graph = helper.make_graph(nodes, "main", values[:1], values[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture
def chain(tmp_path: Path) -> QuantizationError:
    """The errors of a chain whose first rounding costs and whose second is exact."""
    twin = _chain(tmp_path / "float.onnx", is_quantized=False)
    path = _chain(tmp_path / "int8.onnx", is_quantized=True)
    x = np.random.default_rng(0).uniform(-2, 2, (100, 1000)).astype(np.float32)
    np.savez(tmp_path / "in.npz", x=x)
    return measure_error(path, twin, "ONNX", tmp_path / "in.npz")


def test_a_rounding_errs_locally_as_its_closed_form_says(chain: QuantizationError) -> None:
    """One uniform quantizer adds step² / 12 within 2 %."""
    local = chain.values(BY_ID["mse_local"])
    assert local["node_a"] == pytest.approx(STEP**2 / 12, rel=0.02)


def test_a_node_that_is_exact_by_construction_adds_nothing(chain: QuantizationError) -> None:
    """Rounding what is rounded alike already, and turning a sign, add exactly zero."""
    local = chain.values(BY_ID["mse_local"])
    assert local["node_b"] == local["node_y"] == 0.0
    accumulated = chain.values(BY_ID["mse"])
    assert accumulated["node_b"] == accumulated["node_y"] > 0


def test_onnx_nodes_that_only_move_numbers_add_nothing(corpus: Path) -> None:
    """Maximum pooling, transposing and reshaping of codes of one step are exact in a real model."""
    paths = [corpus / "onnx" / f"yunet_s_320_{kind}.onnx" for kind in ("qdq_int8", "float")]
    found = measure_error(paths[0], paths[1], "ONNX", n_samples=1)
    local = found.values(BY_ID["mse_local"])
    exact = [key for key in local if key.startswith(("MaxPool", "Transpose", "Reshape"))]
    assert len(exact) > 10 and {local[key] for key in exact} == {0.0}
    assert sum(value > 0 for value in local.values()) > 50


def test_tflite_operators_that_only_move_numbers_add_nothing(corpus: Path) -> None:
    """A reshape adds zero; a convolution does not; accumulated errors are on both."""
    twin, path = (corpus / "tflite" / f"vww_96_{kind}.tflite" for kind in ("float", "int8"))
    found = measure_error(path, twin, "TFLite", n_samples=1)
    local, accumulated = (found.values(BY_ID[id]) for id in ("mse_local", "mse"))
    reshape = next(key for key in local if "Reshape" in key)
    assert local[reshape] == 0.0 < accumulated[reshape]
    convolutions = [key for key in local if "Relu" in key]
    assert len(convolutions) > 20 and all(local[key] > 0 for key in convolutions)


def test_a_tflite_input_errs_as_its_closed_form_says(tmp_path: Path) -> None:
    """Rounding the input to its steps is a uniform quantizer: step² / 12 within 2 %."""
    pair = sample("digits_int8_tflite")
    images = np.random.default_rng(0).uniform(0, 15.9, (300, 8, 8, 1)).astype(np.float32)
    np.save(tmp_path / "in.npy", images)
    found = measure_error(pair.path, sample(pair.reference).path, "TFLite", tmp_path / "in.npy")
    given = found.tensors[0]
    assert given.local.n == images.size
    assert given.local.mse == pytest.approx(given.scale**2 / 12, rel=0.02)


@pytest.mark.parametrize("name", ["digits_int8", "digits_int8_tflite"])
def test_errors_grow_along_the_way_while_local_ones_do_not(name: str) -> None:
    """At the deepest node the accumulated error is larger than what that node adds."""
    pair = sample(name)
    found = measure_error(pair.path, sample(pair.reference).path, pair.format)
    rows = [t for t in found.tensors if t.local.n and t.sums.dd > 0]
    worse = [t for t in rows[len(rows) // 2 :] if t.sums.sqnr_db < t.local.sqnr_db]
    assert len(worse) > 0.8 * (len(rows) - len(rows) // 2)


def _shaped(path: Path, *, is_quantized: bool) -> Path:
    """Write y = |reshape(−x)|; the float model takes the shape from a tensor that is rounded."""
    code = ["step", "zero"]
    rounding = [
        helper.make_node("QuantizeLinear", ["size", *code], ["code"], "size/q"),
        helper.make_node("DequantizeLinear", ["code", *code], ["back"], "size/dq"),
    ]
    shape, read = ("fixed", "back") if is_quantized else ("whole", "size")
    nodes = [
        helper.make_node("Neg", ["s"], ["size"], "size"),
        *(rounding if is_quantized else []),
        helper.make_node("Abs", [read], ["side"], "side"),
        helper.make_node("Neg", ["x"], ["v"], "turn"),
        helper.make_node("Cast", [read], ["whole"], "cast", to=TensorProto.INT64),
        helper.make_node("Reshape", ["v", shape], ["r"], "shape"),
        helper.make_node("Abs", ["r"], ["y"], "last"),
    ]
    held = [
        numpy_helper.from_array(np.array(0.7, np.float32), "step"),
        numpy_helper.from_array(np.array(0, np.int8), "zero"),
        numpy_helper.from_array(np.array([2, 3], np.int64), "fixed"),
    ]
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("side", "y")]
    given = [
        helper.make_tensor_value_info("s", TensorProto.FLOAT, [2]),
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [6]),
    ]
    graph = helper.make_graph(nodes, "main", given, values, held)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    path.write_bytes(model.SerializeToString())
    return path


def test_a_node_that_fails_alone_costs_its_own_local_error_only(tmp_path: Path) -> None:
    """The shape 2 × 3 is rounded to 2.1 × 2.8, which no six numbers have; the others go on."""
    twin = _shaped(tmp_path / "float.onnx", is_quantized=False)
    path = _shaped(tmp_path / "int8.onnx", is_quantized=True)
    request = {"n_threads": 1}
    sources = Partial(str(twin)), Partial(str(path))
    feed = {"s": -np.array([2, 3], np.float32), "x": np.arange(6, dtype=np.float32)}
    drawn = Samples([feed, feed], "tests")
    models = [source.model() for source in sources]
    found = onnx_error._paired(*models, request, "")
    runners = onnx_error._sessions(sources, models, 1)
    assert runners is not None
    found = onnx_error._comparable(found, *runners)
    run = onnx_error._Errors(request, found, sources, runners, drawn)
    run.run()
    local = {one: sums.n for one, sums in zip(run.keys, run.local, strict=True)}
    assert local == {"size": 4, "side": 4, "turn": 12, "shape": 0, "last": 12}
    assert list(run.skipped) == ["shape"] and "reshape" in run.skipped["shape"]
