"""TFLite models whose weights alone are quantized: activations stay floats, kernels are hybrid."""

from __future__ import annotations

from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from measures.error_measures import ERROR_MEASURES
from measures.quantization import QuantizationError, measure_error
from sample_models import sample

BY_ID = {measure.id: measure for measure in ERROR_MEASURES}
FLOAT = sample("digits_float_tflite").path
WEIGHTED = {schema.BuiltinOperator.CONV_2D: 0, schema.BuiltinOperator.FULLY_CONNECTED: 0}


def _with_int8_weights(path: Path) -> int:
    """Write the sample with the weights of convolutions and products as int8; return how many."""
    model = schema.ModelT.InitFromPackedBuf(bytearray(FLOAT.read_bytes()), 0)
    graph = model.subgraphs[0]
    done = set()
    for operator in graph.operators:
        if model.operatorCodes[operator.opcodeIndex].builtinCode not in WEIGHTED:
            continue
        tensor = graph.tensors[operator.inputs[1]]
        data = model.buffers[tensor.buffer].data
        if data is None or tensor.type != schema.TensorType.FLOAT32 or tensor.buffer in done:
            continue
        done.add(tensor.buffer)
        weights = np.asarray(data, np.uint8).view("<f4").reshape(tensor.shape)
        scales = np.abs(weights).reshape(len(weights), -1).max(axis=1) / 127
        codes = np.round(weights / scales.reshape(-1, *[1] * (weights.ndim - 1))).astype(np.int8)
        model.buffers[tensor.buffer].data = codes.ravel().view(np.uint8)
        tensor.type = schema.TensorType.INT8
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale = scales.astype(np.float32)
        tensor.quantization.zeroPoint = np.zeros(len(scales), np.int64)
        tensor.quantization.quantizedDimension = 0
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return len(done)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, QuantizationError]:
    """How many weights are int8, and the errors against the float sample."""
    path = tmp_path_factory.mktemp("hybrid") / "dynamic_range.tflite"
    n = _with_int8_weights(path)
    return n, measure_error(path, FLOAT, "TFLite")


def test_every_tensor_is_paired_and_none_saturates(found: tuple[int, QuantizationError]) -> None:
    """Activations are floats in both models: they pair by name and have no range."""
    errors = found[1]
    assert {one.paired_by for one in errors.tensors} == {"name"}
    assert all(np.isnan(one.scale) for one in errors.tensors)
    assert errors.values(BY_ID["saturated_share"]) == {}
    assert errors.twins.is_same


def test_only_operators_with_quantized_weights_add_errors(
    found: tuple[int, QuantizationError],
) -> None:
    """Local errors are zero but at the hybrid kernels; weights are within half a step."""
    n, errors = found
    local = errors.values(BY_ID["mse_local"])
    assert n >= 5
    assert sum(value > 0 for value in local.values()) == n
    weights = [one for one in errors.weights if one.scales.size and one.sums.dd > 0]
    assert len(weights) == n
    assert all(0.2 < one.rmse_over_scale < 0.35 for one in weights)
