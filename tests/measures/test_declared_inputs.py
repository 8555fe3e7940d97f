"""Random inputs keep to what a model declares of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from graphs.errors import NotRunnable
from measures.latency import LatencySettings, measure_latency
from measures.quantization import measure_error
from measures.runners.onnx_inputs import declared_ranges
from measures.samples import InputSpec, random_feed
from sample_models import sample

QUICK = LatencySettings(n_repeats=1, n_warmup=0)


def test_a_quantized_input_declares_its_range() -> None:
    """Data for the sample pair lies where the int8 model's codes reach: 0 to 16, not 0 to 1."""
    low, high = declared_ranges(onnx.load(sample("digits_int8").path))["image"]
    assert low == 0.0 and 14 < high < 18
    feed = random_feed([InputSpec("image", "float32", (1, 1, 64, 64), low=low, high=high)])
    assert 0.95 * high < feed["image"].max() <= high and feed["image"].min() < 0.05 * high
    pair = sample("digits_int8")
    found = measure_error(pair.path, sample(pair.reference).path, "ONNX", n_samples=2)
    given = found.tensors[0].sums
    assert given.xx / given.n == pytest.approx(high**2 / 3, rel=0.2)  # of uniform numbers


def test_an_input_that_picks_rows_stays_in_its_table(tmp_path: Path) -> None:
    """Indices are those of the table's rows, so the model runs."""
    table = numpy_helper.from_array(np.zeros((300, 2), np.float32), "table")
    node = helper.make_node("Gather", ["table", "at"], ["y"], "pick")
    values = [
        helper.make_tensor_value_info("at", TensorProto.INT64, [500]),
        helper.make_tensor_value_info("y", TensorProto.FLOAT, [500, 2]),
    ]
    graph = helper.make_graph([node], "main", values[:1], values[1:], [table])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    path = tmp_path / "pick.onnx"
    path.write_bytes(model.SerializeToString())
    assert declared_ranges(model) == {"at": (0.0, 299.0)}
    feed = random_feed([InputSpec("at", "int64", (500,), low=0.0, high=299.0)])
    assert feed["at"].min() >= 0 and 250 < feed["at"].max() < 300
    assert measure_latency(path, "ONNX", settings=QUICK).keys == ("pick",)


def test_free_dimensions_are_told_and_taken() -> None:
    """What was guessed is a note; what is given is used; what there is not is refused."""
    path = sample("digits_float").path
    assert "batch" in measure_latency(path, "ONNX", settings=QUICK).notes[0]
    given = LatencySettings(n_repeats=1, n_warmup=0, dims={"batch": 3})
    found = measure_latency(path, "ONNX", settings=given)
    assert found.conditions.inputs["image"][0] == 3
    assert not any("Free dimensions" in note for note in found.notes)
    for dims, words in (({"rows": 2}, "batch"), ({"batch": 0}, "at least 1")):
        with pytest.raises(NotRunnable, match=words):
            measure_latency(path, "ONNX", settings=LatencySettings(dims=dims))
