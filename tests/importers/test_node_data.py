"""Node data in JSON: what is read, how keys match, what is reported, what is written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import importers
from graphs.builder import GraphBuilder
from graphs.errors import NodeDataError
from graphs.ir import Model, NodeKind
from graphs.node_data import ColorRule, NodeData
from importers.node_data import read_node_data, with_unique_names, write_node_data_json
from tests.helpers.node_data_cases import NAN, a_model, notes, read, single, values

# --- JSON --------------------------------------------------------------------------------------


def test_keys_are_node_ids_or_output_tensors() -> None:
    """An id wins over a tensor of that name; a tensor leads to the operator that makes it."""
    (data,) = read(single({"c": 3, "t_a": 1}))
    assert values(data) == [None, 1, None, 3]
    (main, body) = read(single({"a": 5}))
    assert (main.graph_id, values(main)) == ("main", [None, 5, None, None])
    assert (body.graph_id, values(body)) == ("body", [5, None])


def test_a_tensor_that_is_an_output_leads_to_the_operator() -> None:
    """A graph's output node bears the name of its tensor; the value belongs to the producer."""
    builder = GraphBuilder("main")
    builder.add_node("producer", "MatMul")
    builder.add_node("logits", "Output", kind=NodeKind.OUTPUT)
    builder.add_edge(builder.add_value(0, 0, "logits"), 1, 0)
    model = Model("m", "test", "", (builder.build(),))
    (data,) = read_node_data(single({"logits": 2}), "file.json", model)
    assert values(data) == [2, None]
    assert data.unmatched == ()


def test_an_object_for_each_graph_is_read_for_that_graph() -> None:
    """Model level: the keys of one graph are not looked up in another."""
    content = {"main": {"results": {"a": {"value": 1}}}, "body": {"results": {"z": {"value": 2}}}}
    main, body = read(json.dumps(content).encode())
    assert values(main) == [None, 1, None, None]
    assert values(body) == [None, 2]
    (by_title,) = read(json.dumps({"The main graph": content["main"]}).encode())
    assert by_title.graph_id == "main"


def test_a_graph_that_is_not_there_is_guessed_and_said() -> None:
    """Tools name graphs differently: keys decide then, and a note says so."""
    (data,) = read(json.dumps({"other": {"results": {"b": {"value": 1}}}}).encode())
    assert values(data) == [None, None, 1, None]
    assert "names a graph that the model does not have: other" in notes(data)


def test_unmatched_keys_are_listed() -> None:
    """Keys that no node bears are reported in the order of the file."""
    (data,) = read(single({"fused_1": 1, "b": 2, "fused_0": 3}))
    assert data.unmatched == ("fused_1", "fused_0")


def test_several_tensors_of_a_node_fold_as_the_measure_does() -> None:
    """Bytes add up, an error is the worst; the note says which. An id beats tensors."""
    (size,) = read(single({"t_b0": 1, "t_b1": 2}, name="output bytes"))
    assert values(size)[2] == 3
    assert "shown is their sum: b" in notes(size)
    (error,) = read(single({"t_b0": 1, "t_b1": 2}, name="max error"))
    assert values(error)[2] == 2
    (both,) = read(single({"t_b0": 1, "b": 9}))
    assert values(both)[2] == 9
    assert "by its id and by a tensor" in notes(both)


def test_numbers_that_are_not_finite_are_left_out_and_counted() -> None:
    """NaN, both infinities and what is too large for a float are no values of a plot."""
    content = b'{"results":{"a":{"value":NaN},"b":{"value":1e999},"c":{"value":1' + b"0" * 400
    content += b'},"z":{"value":4},"in":{"value":-Infinity}}}'
    main, body = read(content)
    assert values(main) == [None] * 4
    assert values(body) == [None, 4]
    assert "A value is not finite and was left out (4×)" in notes(main)


def test_missing_values_and_texts_among_numbers_are_noted() -> None:
    """A text that reads as a number is one; other texts among numbers are left out."""
    (data,) = read(single({"in": "12", "b": None, "c": 1, "t_a": "fast"}))
    assert values(data) == [12, None, None, 1]
    assert "A key has no value: b" in notes(data)
    assert "not a number and was left out: t_a: fast" in notes(data)
    assert not data.is_categorical


def test_texts_are_categories() -> None:
    """Labels are sorted; booleans, numbers among texts and objects are labels too."""
    (data,) = read(single({"in": "npu", "b": "cpu", "c": "npu"}, name="device"))
    assert (data.categories, values(data)) == (("cpu", "npu"), [1, None, 0, 1])
    assert (data.is_categorical, data.aggregations) == (True, ())
    (flags,) = read(single({"b": True, "c": False}))
    assert flags.categories == ("false", "true")
    (mixed,) = read(single({"in": "x", "b": "y", "c": 3}))
    assert mixed.categories == ("3", "x", "y")


def test_thresholds_gradients_and_single_colours_are_honoured() -> None:
    """Colours keep the file's order and meaning; a threshold may be without one."""
    (data,) = read(
        single(
            {"b": {"value": 1, "bgColor": "RGB(1, 2, 3)"}, "t_a": {"value": 2, "bgColor": "#f008"}},
            thresholds=[{"value": 5, "bgColor": "red"}, {"value": 9}],
            gradient=[{"stop": 1, "bgColor": "steelblue"}, {"stop": 0, "bgColor": "white"}],
        )
    )
    assert data.thresholds == (ColorRule(5, (255, 0, 0, 255)), ColorRule(9, (0, 0, 0, 0)))
    assert data.gradient == (ColorRule(0, (255,) * 4), ColorRule(1, (70, 130, 180, 255)))
    assert data.node_rgba == {2: (1, 2, 3, 255), 1: (255, 0, 0, 136)}


def test_what_is_no_colour_is_noted_and_goes_no_further() -> None:
    """Nothing but four numbers leaves the reader: no text can reach a style sheet."""
    bad = ["url(javascript:alert(1))", "red;x:y", "#12345", "rgb(300,0,0)", "", 7, "a" * 10**6]
    (data,) = read(
        single(
            {"a": {"value": 1, "bgColor": "expression(1)"}, "b": 2},
            gradient=[{"stop": 0.5, "bgColor": text} for text in bad],
            thresholds=[{"value": NAN, "bgColor": "red"}, "x", {"bgColor": "red"}],
        )
    )[:1]
    assert (data.gradient, data.thresholds, data.node_rgba) == ((), (), {})
    assert "A colour was not understood and left out (8×)" in notes(data)
    assert "without a usable value was left out (3×)" in notes(data)


def test_a_list_holds_several_sets() -> None:
    """Several measures in one file; equal names are told apart."""
    one, two = single({"b": 1}, name="latency (ms)"), single({"b": 2}, name="latency (ms)")
    sets = read(b"[" + one + b"," + two + b"]")
    assert [(s.name, s.unit, values(s)[2]) for s in sets] == [
        ("latency", "ms", 1),
        ("latency (2)", "ms", 2),
    ]


def test_names_avoid_those_that_are_loaded() -> None:
    """A set loaded twice gets another name; one of another graph is not in its way."""
    first = read(single({"a": 1}, name="latency"))
    again = with_unique_names(read(single({"b": 1}, name="latency")), first)
    assert [one.name for one in again] == ["latency (2)"]
    assert [one.name for one in first] == ["latency", "latency"]


# --- what a name says --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "name", "unit", "first", "is_higher_worse"),
    [
        ("CPU latency (us)", "CPU latency", "us", "sum", True),
        ("latency [ms]", "latency", "ms", "sum", True),
        ("latency_ms", "latency", "ms", "sum", True),
        ("output bytes", "output", "bytes", "sum", True),
        ("bytes", "bytes", "", "sum", True),
        ("FLOPs", "FLOPs", "", "sum", True),
        ("peak memory (MB)", "peak memory", "MB", "max", True),
        ("max_abs_error", "max_abs_error", "", "max", True),
        ("relative error (%)", "relative error", "%", "max", True),
        ("error count", "error count", "", "sum", True),
        ("SQNR (dB)", "SQNR", "dB", "min", False),
        ("sqnr_db", "sqnr", "dB", "min", False),
        ("cosine similarity", "cosine similarity", "", "min", False),
        ("utilization (%)", "utilization", "%", "mean", True),
        ("thing (furlongs)", "thing", "furlongs", "sum", True),
        ("whatever", "whatever", "", "sum", True),
    ],
)
def test_a_name_gives_unit_aggregation_and_direction(
    label: str, name: str, unit: str, first: str, is_higher_worse: bool
) -> None:
    """Times, bytes and counts add up; of errors the worst shows, of signal to noise the least."""
    (data,) = read(single({"b": 1}, name=label))
    assert (data.name, data.unit, data.aggregations[0]) == (name, unit, first)
    assert data.is_higher_worse == is_higher_worse


@given(st.text(max_size=40))
def test_any_name_is_read(label: str) -> None:
    """No name in a file breaks the reader or comes out empty."""
    (data,) = read(single({"b": 1}, name=label))
    assert data.name


def test_the_file_names_a_measure_without_a_name() -> None:
    """Without a name in the file its own name serves, endings dropped, unit found."""
    (data,) = read(single({"b": 1}), "folder/latency_us.nodedata.json")
    assert (data.name, data.unit, data.source) == (
        "latency",
        "us",
        "folder/latency_us.nodedata.json",
    )


# --- writing -----------------------------------------------------------------------------------


def written_sets() -> list[NodeData]:
    """Make a set for each graph, one with colours, one categorical."""
    return [
        NodeData(
            "latency",
            "ms",
            "measured",
            "main",
            np.array([NAN, 1.5, 0, 1e-9]),
            aggregations=("sum", "max", "mean"),
            thresholds=(ColorRule(1, (255, 0, 0, 255)), ColorRule(2, (0, 0, 0, 0))),
            gradient=(ColorRule(0, (1, 2, 3, 4)), ColorRule(1, (255, 255, 255, 255))),
            node_rgba={1: (9, 8, 7, 255)},
        ),
        NodeData("device", "", "measured", "body", np.array([0.0, 1]), (), categories=("b", "é")),
    ]


def test_what_is_written_is_read_back() -> None:
    """Values, unit, labels and colours survive; nothing in the file is not JSON."""
    content = write_node_data_json(a_model(), written_sets())
    json.loads(content, parse_constant=lambda text: pytest.fail(f"{text} is not JSON"))
    for was, now in zip(written_sets(), read(content), strict=True):
        assert values(was) == values(now)
        for field in ("name", "unit", "graph_id", "aggregations", "is_higher_worse", "categories",
                      "thresholds", "gradient", "node_rgba", "unmatched"):  # fmt: skip
            assert getattr(was, field) == getattr(now, field), field


def test_two_sets_of_one_graph_do_not_fit_in_the_format() -> None:
    """The format has one set a graph: a second would be lost, so it is refused."""
    with pytest.raises(NodeDataError, match="graph main has several sets"):
        write_node_data_json(a_model(), [written_sets()[0], written_sets()[0]])


# --- real files --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "model_file", "n_values", "n_unmatched", "label"),
    [
        ("gpt2_12L_h64_dynamo.latency_us", "gpt2_12L_h64_dynamo.onnx", 328, 25, "CPU latency (us)"),
        ("person_detect.output_bytes", "person_detect.tflite", 31, 0, "output (bytes)"),
    ],
)
def test_real_files_match_their_models(
    corpus: Path, file: str, model_file: str, n_values: int, n_unmatched: int, label: str
) -> None:
    """Files of Model Explorer's own builder match the counts that the corpus states."""
    (found,) = corpus.rglob(model_file)
    model = importers.read(found)
    path = corpus / "json" / f"{file}.nodedata.json"
    (data,) = read_node_data(path, path.name, model)
    assert (data.label, len(data.unmatched)) == (label, n_unmatched)
    assert np.count_nonzero(~np.isnan(data.values)) == n_values
    assert data.thresholds or data.gradient


def test_the_malformed_file_is_read_with_notes(corpus: Path) -> None:
    """NaN, infinities, null, strings and bad colours leave one value and a note for each kind."""
    builder = GraphBuilder("main")
    for id in "abcdefg":
        builder.add_node(id, "Op")
    model = Model("m", "test", "", (builder.build(),))
    path = corpus / "malformed" / "nodedata_nan_inf.json"
    (data,) = read_node_data(path, path.name, model)
    assert values(data) == [None, None, None, None, 12, None, None]
    assert (data.gradient, data.node_rgba) == ((), {})
    assert data.thresholds == (ColorRule(5, (0, 0, 0, 0)),)
    for said in ("not finite and was left out (3×)", "no value (2×)", "not a number", "colour"):
        assert said in notes(data)
