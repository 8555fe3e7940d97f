"""Operators that a runtime lacks: a clear error, and everything else is measured."""

from __future__ import annotations

import subprocess
import sys
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
from tests.helpers.repository import ROOT
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
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.DOUBLE
    path = tmp_path / "refused.onnx"
    path.write_bytes(model.SerializeToString())
    out = tmp_path / "errors.csv"
    reference = str(sample(pair.reference).path)
    assert main(["measure", str(path), "--reference", reference, "--out", str(out)]) == 2
    assert out.read_text().startswith("node,weight_sqnr_db")
    captured = capsys.readouterr()
    assert "accepts" in captured.err and "same weights" in captured.out


def _twins(folder: Path, unknown: list[onnx.NodeProto]) -> tuple[Path, Path]:
    """Write x -> Neg -> a -> `unknown` -> b beside a -> Mul -> c, and b + c; Mul by 2 and by 3."""
    paths = []
    for factor in (2.0, 3.0):
        held = helper.make_tensor("w", TensorProto.FLOAT, [4], [factor] * 4)
        nodes = [
            helper.make_node("Neg", ["x"], ["a"], "before"),
            *unknown,
            helper.make_node("Mul", ["a", "w"], ["c"], "beside"),
            helper.make_node("Add", ["b", "c"], ["y"], "after"),
        ]
        path = _model(folder / f"times_{factor:.0f}.onnx", nodes)
        model = onnx.load(path)
        model.graph.initializer.append(held)
        path.write_bytes(model.SerializeToString())
        paths.append(path)
    return paths[0], paths[1]


def _branch_of_unknown() -> list[onnx.NodeProto]:
    """Return a branch whose body calls an unknown operator on a tensor around it."""
    value = helper.make_tensor_value_info("b_then", TensorProto.FLOAT, [4])
    unknown = helper.make_node("Rotate", ["a"], ["b_then"], "inner", domain="com.acme")
    body = helper.make_graph([unknown], "body", [], [value])
    condition = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    constant = helper.make_node("Constant", [], ["yes"], "constant", value=condition)
    branch = helper.make_node("If", ["yes"], ["b"], "unknown", then_branch=body, else_branch=body)
    return [constant, branch]


@pytest.mark.parametrize("is_in_a_body", [False, True])
def test_errors_of_the_rest_of_an_onnx_model_are_taken(tmp_path: Path, is_in_a_body: bool) -> None:
    """What both models compute is compared, accumulated and locally; the rest is told."""
    plain = [helper.make_node("Rotate", ["a"], ["b"], "unknown", domain="com.acme")]
    unknown = _branch_of_unknown() if is_in_a_body else plain
    twin, path = _twins(tmp_path, unknown)
    found = measure_error(path, twin, "ONNX")
    by_key = {one.key: one for one in found.tensors}
    assert set(by_key) == {"before", "beside"}
    assert by_key["before"].sums.largest == 0.0 < by_key["beside"].local.largest
    told = "unknown has no error: ONNX Runtime lacks the operator com.acme.Rotate"
    assert told in found.notes
    assert "after has no error: it needs b, which was not computed" in found.notes


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


def _program(path: Path, factor: float) -> Path:
    command = [sys.executable, "-m", "tests.measures.make_custom_op", str(path), str(factor)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return path


def test_the_rest_of_a_pytorch_program_is_timed_and_compared(tmp_path: Path) -> None:
    """A call of an operator that nobody registered has a reason; a branch beside it has values."""
    twin, path = (_program(tmp_path / f"times_{n}.pt2", n) for n in (2.0, 3.0))
    timed = measure_latency(path, "PyTorch ExportedProgram", settings=QUICK)
    assert timed.keys == ("neg", "mul")
    assert timed.skipped == {
        "rotate": "torch lacks the operator acme.rotate.default",
        "add": "it needs rotate, which was not computed",
    }
    found = measure_error(path, twin, "PyTorch ExportedProgram")
    by_key = {one.key: one for one in found.tensors}
    assert set(by_key) == {"x", "neg", "mul"}
    assert by_key["neg"].sums.largest == 0.0 < by_key["mul"].local.largest
    assert "rotate has no error: torch lacks the operator acme.rotate.default" in found.notes
