"""Operators that a runtime lacks: a clear error, and everything else is measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from ai_edge_litert import schema_py_generated as schema
from onnx import TensorProto, helper

from dashboard.cli import main
from graphs.errors import NotRunnable
from measures.latency import LatencySettings, measure_latency
from measures.quantization import measure_error
from sample_models import sample
from tests.helpers.tflite_writer import Operator, Subgraph, Tensor, tflite_bytes

QUICK = LatencySettings(n_repeats=2, n_warmup=0)


def _model(path: Path, nodes: list[onnx.NodeProto]) -> Path:
    """Write nodes over a tensor x of 4 numbers, with y as output."""
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [4]) for n in "xy"]
    graph = helper.make_graph(nodes, "main", values[:1], values[1:])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.acme", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    path.write_bytes(model.SerializeToString())
    return path


def test_the_rest_of_an_onnx_model_is_timed(tmp_path: Path) -> None:
    """An unknown operator and what needs it have a reason in place of a time; a branch has one."""
    path = _model(
        tmp_path / "custom.onnx",
        [
            helper.make_node("Neg", ["x"], ["a"], "before"),
            helper.make_node("Rotate", ["a"], ["b"], "unknown", domain="com.acme"),
            helper.make_node("Abs", ["a"], ["c"], "beside"),
            helper.make_node("Add", ["b", "c"], ["y"], "after"),
        ],
    )
    found = measure_latency(path, "ONNX", settings=QUICK)
    assert found.keys == ("before", "beside")
    assert found.skipped["unknown"] == "ONNX Runtime lacks the operator com.acme.Rotate"
    assert "which was not computed" in found.skipped["after"]
    assert set(found.skipped) == {"unknown", "after"}


def test_a_model_of_unknown_operators_alone_is_refused(tmp_path: Path) -> None:
    """Where nothing is left the error names the operator."""
    node = helper.make_node("Rotate", ["x"], ["y"], "unknown", domain="com.acme")
    with pytest.raises(NotRunnable, match="Rotate"):
        measure_latency(_model(tmp_path / "custom.onnx", [node]), "ONNX", settings=QUICK)


def test_weights_are_compared_where_a_model_does_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Errors of weights need no run: they are there beside the reason why nothing else is."""
    pair = sample("digits_int8")
    model = onnx.load(pair.path)
    node = next(node for node in model.graph.node if node.op_type == "Softmax")
    node.op_type, node.domain = "Rotate", "com.acme"
    model.opset_import.append(helper.make_opsetid("com.acme", 1))
    path = tmp_path / "custom.onnx"
    path.write_bytes(model.SerializeToString())
    out = tmp_path / "errors.csv"
    reference = str(sample(pair.reference).path)
    assert main(["measure", str(path), "--reference", reference, "--out", str(out)]) == 2
    assert out.read_text().startswith("node,weight_sqnr_db")
    captured = capsys.readouterr()
    assert "Rotate" in captured.err and "same weights" in captured.out


def _tflite(path: Path, unknown: int | str, *, scale: float = 1.0) -> Path:
    """Write x -> NEG -> unknown -> ADD with an ABS beside; ADD and ABS are outputs."""
    code = schema.BuiltinOperator
    tensors = [Tensor(name) for name in ("x", "before", "unknown", "beside", "after")]
    tensors.append(Tensor("w", data=np.full(4, scale, np.float32).tobytes()))
    operators = [
        Operator(code.NEG, [0], [1], schema.NegOptionsT()),
        Operator(unknown, [1], [2]),
        Operator(code.MUL, [1, 5], [3], schema.MulOptionsT()),
        Operator(code.ADD, [2, 3], [4], schema.AddOptionsT()),
    ]
    graph = Subgraph(tensors, operators, [0], [4])
    names = ("serve", 0, {"x": 0}, {"after": 4})
    path.write_bytes(tflite_bytes([graph], signatures=[names]))
    return path


@pytest.mark.parametrize("unknown", ["Rotate", "FlexRotate"])
def test_the_rest_of_a_tflite_model_is_timed(tmp_path: Path, unknown: str) -> None:
    """A custom operator and what needs it have a reason in place of a time; a branch has one."""
    found = measure_latency(_tflite(tmp_path / "custom.tflite", unknown), "TFLite", settings=QUICK)
    assert found.keys == ("before", "beside")
    assert found.skipped == {
        "unknown": f"LiteRT lacks the operator {unknown}",
        "after": "it needs unknown, which was not computed",
    }


def test_a_tflite_model_of_unknown_operators_alone_is_refused(tmp_path: Path) -> None:
    """Where nothing is left the error is the runtime's."""
    graph = Subgraph([Tensor("x"), Tensor("y")], [Operator("Rotate", [0], [1])], [0], [1])
    path = tmp_path / "custom.tflite"
    path.write_bytes(tflite_bytes([graph]))
    with pytest.raises(NotRunnable, match="Rotate"):
        measure_latency(path, "TFLite", settings=QUICK)


def test_errors_of_the_rest_of_a_tflite_model_are_taken(tmp_path: Path) -> None:
    """What both models compute is compared, and what is left out is said."""
    a = _tflite(tmp_path / "a.tflite", "Rotate")
    b = _tflite(tmp_path / "b.tflite", "Rotate", scale=1.5)
    found = measure_error(b, a, "TFLite")
    by_name = {one.tensor: one.sums for one in found.tensors}
    assert set(by_name) == {"x", "before", "beside"}
    assert by_name["before"].largest == 0 and by_name["beside"].largest > 0
    assert any("LiteRT lacks the operator Rotate" in note for note in found.notes)
