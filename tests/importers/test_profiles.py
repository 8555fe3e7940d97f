"""Profiles that other tools wrote: how rows find nodes, what fusions share, what is reported."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import importers
from graphs.builder import GraphBuilder
from graphs.errors import NodeDataError
from graphs.ir import Model, NodeKind
from graphs.node_data import NodeData
from importers.node_data import read_node_data

Sets = dict[str, NodeData]


def _model(*op_types: str) -> Model:
    """Return a chain of operators: the i-th is called n<i>, its output t<i>; and an input."""
    builder = GraphBuilder("main")
    builder.add_node("x", "Input", kind=NodeKind.INPUT)
    value = builder.add_value(0, 0, "x")
    for i, op_type in enumerate(op_types):
        node = builder.add_node(f"n{i}", op_type)
        builder.add_edge(value, node, 0)
        value = builder.add_value(node, 0, f"t{i}")
    return Model("m", "test", "", (builder.build(),))


def _read(content: object, model: Model, name: str = "profile") -> Sets:
    written = content if isinstance(content, bytes) else json.dumps(content).encode()
    return {one.name: one for one in read_node_data(written, name, model)}


def _values(model: Model, data: NodeData) -> dict[str, Any]:
    """Return value or label by node id, of the nodes that have one."""
    ids = model.graph(data.graph_id).node_ids
    known = {
        id: value for id, value in zip(ids, data.values.tolist(), strict=True) if value == value
    }
    if data.is_categorical:
        return {id: data.categories[int(code)] for id, code in known.items()}
    return {id: round(value, 9) for id, value in known.items()}


# --- ONNX Runtime ----------------------------------------------------------------------------


def _kernel(name: str, ts: int, us: int, op: str = "Conv", **more: Any) -> dict[str, Any]:
    arguments = {"op_name": op, "provider": "CPUExecutionProvider", "node_index": "0", **more}
    event = {"cat": "Node", "ph": "X", "name": f"{name}_kernel_time", "ts": ts, "dur": us}
    return {**event, "args": arguments}


def _run(ts: int) -> dict[str, Any]:
    return {"cat": "Session", "ph": "X", "name": "model_run", "ts": ts, "dur": 100, "args": {}}


def test_times_of_several_runs_become_their_median() -> None:
    """Microseconds become milliseconds; a node that runs twice in a run counts with both."""
    model = _model("Conv", "Add")
    trace = [{"cat": "Session", "name": "model_loading_uri", "ph": "X", "ts": 0, "dur": 9}]
    for start, us in ((100, 10), (300, 30), (500, 800)):
        trace += [_run(start), _kernel("n0", start + 1, us)]
        trace += [_kernel("n1", start + 50 + i, us, "Add") for i in range(2)]
    found = _read(trace, model)["latency"]
    assert (found.unit, found.aggregations[0]) == ("ms", "sum")
    assert _values(model, found) == {"n0": 0.03, "n1": 0.06}
    assert found.unmatched == ()


def test_an_event_outside_of_every_run_does_not_count() -> None:
    """Constants that are folded at the start are no part of a run; a note says so."""
    model = _model("Conv")
    trace = [_kernel("n0", 5, 999), _run(100), _kernel("n0", 110, 20)]
    found = _read(trace, model)["latency"]
    assert _values(model, found) == {"n0": 0.02}
    assert any("lies in no run" in note.message for note in found.notes)


def test_a_fused_kernel_shares_its_time_among_its_nodes() -> None:
    """Conv and Relu in one kernel, called after what Relu made: half to each, and both marked."""
    model = _model("Conv", "Relu", "MaxPool")
    trace = [_kernel("t1_nchwc", 1, 400), _kernel("n2", 2, 50, "MaxPool")]
    sets = _read(trace, model)
    assert _values(model, sets["latency"]) == {"n0": 0.2, "n1": 0.2, "n2": 0.05}
    assert _values(model, sets["fused kernel"]) == {"n0": "t1_nchwc", "n1": "t1_nchwc"}


@pytest.mark.parametrize(
    "name", ["n0_nchwc_token_12", "n0/MatMulScaleFusion/", "n0/duplicated", "n0_quant", "t0"]
)
def test_what_an_optimizer_adds_to_a_name_does_not_hide_the_node(name: str) -> None:
    """Renamed nodes and tensors lead to the node that they came from."""
    model = _model("Conv")
    assert _values(model, _read([_kernel(name, 1, 10)], model)["latency"]) == {"n0": 0.01}


def test_kernels_that_the_runtime_adds_are_reported() -> None:
    """A kernel of no node keeps its name among what is unmatched; its time goes nowhere."""
    model = _model("Conv")
    found = _read([_kernel("n0", 1, 10), _kernel("ReorderOutput", 2, 99, "ReorderOutput")], model)
    assert found["latency"].unmatched == ("ReorderOutput",)
    assert float(np.nansum(found["latency"].values)) == pytest.approx(0.01)


def test_nodes_without_names_are_told_by_their_place_where_all_fit() -> None:
    """An unoptimised model without names runs in its order; otherwise nothing is guessed."""
    model = _model("Conv", "Relu")
    trace = [_kernel("", 1, 10, node_index="4"), _kernel("", 2, 20, "Relu", node_index="7")]
    assert _values(model, _read(trace, model)["latency"]) == {"n0": 0.01, "n1": 0.02}
    with pytest.raises(NodeDataError, match="no value for a node"):
        _read([_kernel("", 1, 10), _kernel("", 2, 10, node_index="3")], model)


def test_providers_are_labels_where_there_are_several() -> None:
    """A model that runs on two devices shows which node ran where."""
    model = _model("Conv", "Add")
    trace = [_kernel("n0", 1, 10, provider="CUDAExecutionProvider"), _kernel("n1", 2, 10, "Add")]
    assert _values(model, _read(trace, model)["provider"]) == {
        "n0": "CUDAExecutionProvider",
        "n1": "CPUExecutionProvider",
    }


# --- TFLite ----------------------------------------------------------------------------------

TFLITE = """Profiling Info for Benchmark Initialization:
============================== Run Order ==============================
\t             [node type]\t  [first]\t [avg ms]\t     [%]\t  [cdf%]\t  [mem KB]\t[times called]\t[Name]
\t         AllocateTensors\t    9.000\t    9.000\t  1.00%\t  1.00%\t     0.000\t        1\tAllocateTensors/0

Operator-wise Profiling Info for Regular Benchmark Runs:
============================== Run Order ==============================
\t             [node type]\t  [first]\t [avg ms]\t     [%]\t  [cdf%]\t  [mem KB]\t[times called]\t[Name]
\t                 CONV_2D\t    4.269\t    4.200\t  0.107%\t  0.107%\t     0.000\t        1\t[t0]:0
\t                   SPLIT\t    2.150\t    2.000\t  0.054%\t  0.161%\t     0.000\t        1\t[t1, other]:1
\t                 SOFTMAX\t    0.150\t    0.100\t  0.054%\t  0.161%\t     0.000\t        1\t[gone]:2
\tTfLiteXNNPackDelegate\t    0.150\t    0.700\t  0.054%\t  0.161%\t     0.000\t        1\t[renamed]:4

============================== Top by Computation Time ==============================
\t             [node type]\t  [first]\t [avg ms]\t     [%]\t  [cdf%]\t  [mem KB]\t[times called]\t[Name]
\t                 CONV_2D\t    4.269\t    4.200\t  0.107%\t  0.107%\t     0.000\t        1\t[t0]:0
"""  # noqa: E501 - as the tool prints it

TFLITE_CSV = """============================== Run Order ==============================
node type, first, avg_ms, %, cdf%, mem KB, times called, name
CONV_2D, 4.269, 4.200, 0.107%, 0.107%, 0.000, 1, [t0]:0
SPLIT, 2.150, 2.000, 0.054%, 0.161%, 0.000, 1, [t1\t other]:1
SOFTMAX, 0.150, 0.100, 0.054%, 0.161%, 0.000, 1, [gone]:2
TfLiteXNNPackDelegate, 0.150, 0.700, 0.054%, 0.161%, 0.000, 1, [renamed]:4

============================== Top by Computation Time ==============================
node type, first, avg_ms, %, cdf%, mem KB, times called, name
CONV_2D, 4.269, 4.200, 0.107%, 0.107%, 0.000, 1, [t0]:0
"""


@pytest.mark.parametrize("text", [TFLITE, TFLITE_CSV], ids=["text", "csv"])
def test_operators_are_told_by_tensor_else_by_their_number(text: str) -> None:
    """The number counts only where its operator is of that type; initialization is no latency."""
    model = _model("CONV_2D", "SPLIT", "SOFTMAX", "ADD", "MUL")
    found = _read(text.encode(), model, "profile.txt")["latency"]
    assert _values(model, found) == {"n0": 4.2, "n1": 2, "n2": 0.1}
    assert found.unmatched == ("[renamed]:4",)


def test_a_delegates_kernel_is_shared_by_those_whose_outputs_it_names() -> None:
    """A row that names tensors of two nodes stands for both."""
    model = _model("CONV_2D", "ADD")
    text = TFLITE_CSV.replace("[t0]:0", "[t0\t t1]:7").replace("CONV_2D", "Delegate")
    sets = _read(text.encode(), model)
    assert _values(model, sets["latency"])["n0"] == 2.1
    assert set(_values(model, sets["fused kernel"])) == {"n0", "n1"}


def test_a_table_without_operators_is_refused() -> None:
    """A log that was cut before its first row has nothing to show."""
    with pytest.raises(NodeDataError, match="no table of operators"):
        _read(TFLITE[:600].split("AllocateTensors\t")[0].encode(), _model("CONV_2D"))


# --- TensorRT --------------------------------------------------------------------------------


def _timed(name: str, ms: float, **more: Any) -> dict[str, Any]:
    return {"name": name, "timeMs": 100 * ms, "averageMs": ms, "percentage": 1, **more}


def test_a_joint_kernel_is_attributed_to_all_nodes_in_its_name() -> None:
    """Joined by plus signs, in PWN brackets or by commas; even shares, all of them marked."""
    model = _model("Conv", "BatchNormalization", "Relu", "Sigmoid", "Mul", "Add")
    profile = [
        {"count": 100},
        _timed("Reformatting CopyNode for Input Tensor 0 to n0 + n1", 9),
        _timed("n0 + n1 + n2", 0.3),
        _timed("PWN(PWN(n3), n4)", 1.0, medianMs=0.8),
        {"name": "n5", "timeMs": 50.0},
    ]
    sets = _read(profile, model)
    expected = {"n0": 0.1, "n1": 0.1, "n2": 0.1, "n3": 0.4, "n4": 0.4, "n5": 0.5}
    assert _values(model, sets["latency"]) == expected
    assert sets["latency"].unmatched == ("Reformatting CopyNode for Input Tensor 0 to n0 + n1",)
    fused = _values(model, sets["fused kernel"])
    assert fused["n2"] == "n0 + n1 + n2" and "n5" not in fused


def test_a_region_goes_to_the_nodes_that_name_it_and_a_note_says_so() -> None:
    """Myelin names a region by its first and last node."""
    model = _model("MatMul", "Add", "Softmax")
    found = _read([_timed("{ForeignNode[n0...n2]}", 2.0)], model)["latency"]
    assert _values(model, found) == {"n0": 1, "n2": 1}
    assert [note.kind for note in found.notes] == ["guessed"]


def test_the_description_of_an_engine_gives_labels() -> None:
    """Kernel, its type, its precision and tactic; nodes by metadata before names."""
    model = _model("Conv", "Relu", "Add")
    engine = [
        {
            "Name": "__myl_Fused_0",
            "LayerType": "CaskConvolution",
            "Outputs": [{"Name": "o", "Format/Datatype": "Channel major FP16 format"}],
            "TacticName": "sm80_xmma_fprop",
            "Metadata": "[ONNX Layer: n0]\x1e[ONNX Layer: n1]",
        },
        {"Name": "n2", "LayerType": "ElementWise"},
    ]
    sets = _read({"Layers": engine, "Bindings": ["x"]}, model)
    assert _values(model, sets["kernel type"])["n1"] == "CaskConvolution"
    assert _values(model, sets["precision"]) == {"n0": "FP16", "n1": "FP16"}
    assert _values(model, sets["tactic"])["n0"] == "sm80_xmma_fprop"
    assert _values(model, sets["TensorRT kernel"])["n0"] == "__myl_Fused_0"
    names_only = _read({"Layers": ["n0 + n1", "n2", "copy"]}, model)["TensorRT kernel"]
    assert _values(model, names_only) == {"n0": "n0 + n1", "n1": "n0 + n1", "n2": "n2"}
    assert names_only.unmatched == ("copy",)


# --- PyTorch ---------------------------------------------------------------------------------


def _call(name: str, ts: float, us: float, id: int = 0, cat: str = "cpu_op") -> dict[str, Any]:
    event = {"ph": "X", "cat": cat, "name": name, "pid": 1, "tid": 1, "ts": ts, "dur": us}
    return {**event, "args": {"External id": id}}


def test_calls_are_matched_in_turn_and_inner_ones_belong_to_the_outer() -> None:
    """Two runs of linear, relu, linear: medians by place; kernels go to whoever launched them."""
    model = _model("aten.linear.default", "aten.relu.default", "aten.linear.default")
    events: list[dict[str, Any]] = [{"ph": "M", "name": "process_name"}]
    for run in range(2):
        at = 1000 * run
        events += [
            _call("aten::linear", at, 100 + run, 1 + 10 * run),
            _call("aten::addmm", at + 10, 50, 2 + 10 * run),
            _call("gemm", at + 500, 700, 2 + 10 * run, "kernel"),
            _call("aten::relu", at + 200, 20, 3 + 10 * run),
            _call("aten::linear", at + 300, 40, 4 + 10 * run),
        ]
    events.append(_call("aten::copy_", 5000, 7, 99))
    sets = _read({"schemaVersion": 1, "traceEvents": events}, model)
    assert _values(model, sets["latency"]) == {"n0": 0.1005, "n1": 0.02, "n2": 0.04}
    assert _values(model, sets["device latency"]) == {"n0": 0.7, "n1": 0, "n2": 0}
    assert sets["latency"].unmatched == ("aten.copy_ (1 calls)",)
    assert "in the order in which they ran: 2 runs" in str(sets["latency"].notes[0])


def test_what_a_record_function_names_is_matched_by_name() -> None:
    """A name is surer than a turn."""
    model = _model("aten.linear.default", "aten.relu.default")
    events = [_call("n0", 0, 300, cat="user_annotation"), _call("aten::linear", 10, 100)]
    events += [_call("ProfilerStep#1", 0, 900, cat="user_annotation"), _call("aten::relu", 400, 9)]
    found = _read({"traceEvents": events}, model)["latency"]
    assert _values(model, found) == {"n0": 0.3, "n1": 0.009}


def test_counts_that_fit_no_number_of_runs_match_nothing() -> None:
    """Three calls of two nodes tell nothing about either."""
    model = _model("aten.linear.default", "aten.linear.default")
    with pytest.raises(NodeDataError, match=r"aten\.linear \(3 calls\)"):
        _read({"traceEvents": [_call("aten::linear", 100 * i, 9) for i in range(3)]}, model)


class _Net(torch.nn.Module):
    """Two linear maps with a function between."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = torch.nn.Linear(4, 64), torch.nn.Linear(64, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the result."""
        return torch.softmax(self.last(self.first(x).relu()), -1)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("ending", [".json", ".json.gz"])
def test_a_trace_that_todays_torch_writes_gives_each_operator_a_time(
    ending: str, tmp_path: Path
) -> None:
    """Three profiled runs of an exported program: every operator has its median."""
    program = torch.export.export(_Net().eval(), (torch.zeros(2, 4),))
    model = importers.read(program)
    module = program.module()
    module(torch.zeros(2, 4))
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
        for _ in range(3):
            module(torch.zeros(2, 4))
    path = tmp_path / f"trace{ending}"
    profiler.export_chrome_trace(str(path))
    found = {one.name: one for one in read_node_data(path, path.name, model)}["latency"]
    operators = model.graphs[0].node_kind == NodeKind.OPERATOR
    assert (found.values[operators] > 0).all()


# --- what is hostile ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        [_kernel("n0", 1, -5)],
        [{"cat": "Node", "name": "n0_kernel_time"}],
        [{"cat": "Node", "name": "n0_kernel_time", "dur": 1e999, "args": []}],
        [{"cat": "Node", "name": "n0_kernel_time", "dur": 10**400, "ts": "x"}],
        [{"name": "n0", "averageMs": None}, 3, None],
        [{"name": "n0", "averageMs": True}],
        {"Layers": [{"Name": 3}]},
        {"Layers": []},
        {"traceEvents": [{"cat": "cpu_op", "ph": "X", "name": 4, "ts": 1, "dur": 1}]},
        {"traceEvents": [{"cat": "cpu_op"}, None, 3]},
        {"traceEvents": {}},
    ],
)
def test_a_profile_without_a_usable_row_is_refused(content: object) -> None:
    """Missing, negative, endless or wrongly typed fields give an error, never a number."""
    with pytest.raises(NodeDataError):
        _read(content, _model("Conv"))


def test_deep_and_bombed_json_is_refused() -> None:
    """Nesting ends before the stack does; a gzip archive unpacks to no more than it may."""
    with pytest.raises(NodeDataError, match="nested"):
        _read(b"[" * 500_000, _model("Conv"))
    with pytest.raises(NodeDataError, match="unpacks to more"):
        _read(gzip.compress(b"[" + b" " * (80 << 20)), _model("Conv"))
    with pytest.raises(NodeDataError):
        _read(gzip.compress(b'[{"name":')[:-5], _model("Conv"))


def test_a_name_of_many_brackets_takes_no_time() -> None:
    """Names are cut and taken apart in linear time."""
    name = "PWN(" * 20_000 + "n0" + ")" * 20_000
    with pytest.raises(NodeDataError):
        _read([_timed(name, 1.0)], _model("Conv"))


# --- real files --------------------------------------------------------------------------------


def test_a_real_onnxruntime_profile_covers_the_model(corpus: Path) -> None:
    """Five runs of an optimised model: all but the runtime's own reorderings find their nodes."""
    model = importers.read(corpus / "onnx" / "yunet_s_320_float.onnx")
    path = corpus / "profiles" / "yunet_s_320_float_ort_profile.json"
    sets = {one.name: one for one in read_node_data(path, path.name, model)}
    latency = sets["latency"]
    assert all(key.startswith("ReorderOutput") for key in latency.unmatched)
    assert np.count_nonzero(~np.isnan(latency.values)) == 97
    events = [event for event in json.loads(path.read_text()) if event["cat"] == "Node"]
    durations: dict[str, list[int]] = {}
    for event in events:
        if event["args"]["op_name"] != "ReorderOutput":
            durations.setdefault(event["name"], []).append(event["dur"])
    medians_ms = [float(np.median(us)) / 1e3 for us in durations.values()]
    assert float(np.nansum(latency.values)) == pytest.approx(sum(medians_ms))
    fused = sets["fused kernel"]
    assert np.count_nonzero(~np.isnan(fused.values)) == 30


def test_a_real_tflite_profile_covers_another_model_of_its_family(corpus: Path) -> None:
    """Tensor names are the same but for the last two, which are reported."""
    model = importers.read(corpus / "tflite" / "mobilenet_v1_0.25_128.tflite")
    path = corpus / "profiles" / "mobilenet_v1_tflite_op_profile.txt"
    (latency,) = read_node_data(path, path.name, model)
    assert float(np.nansum(latency.values)) == pytest.approx(79.418)
    assert len(latency.unmatched) == 2
