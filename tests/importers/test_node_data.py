"""Node data files: what is read, how keys match, what is reported, how they are refused."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import importers
from graphs.builder import GraphBuilder
from graphs.errors import NodeDataError
from graphs.ir import Model, NodeKind
from graphs.node_data import ColorRule, NodeData
from importers.node_data import read_node_data, with_unique_names, write_node_data_json
from importers.node_data_tables import MAX_ROWS

NAN = float("nan")


def a_model() -> Model:
    """Make two graphs: main with a, b (two outputs), c; body with a and z."""
    main = GraphBuilder("main", "The main graph")
    main.add_node("in", "", kind=NodeKind.INPUT)
    for id in ("a", "b", "c"):
        main.add_node(id, "Conv")
    main.add_value(0, 0, "t_a")  # the operator that bears the name comes later and wins
    main.add_value(1, 0, "t_a")
    main.add_value(2, 0, "t_b0")
    main.add_value(2, 1, "t_b1")
    main.add_value(3, 0, "a")  # the name of another node: the id wins
    body = GraphBuilder("body")
    body.add_node("a", "Add")
    body.add_node("z", "Add")
    return Model("m", "test", "", (main.build(), body.build()))


def single(results: dict[str, Any], **more: Any) -> bytes:
    """Return node data JSON for one graph; a plain number stands for its result."""
    wrapped = {k: v if isinstance(v, dict) else {"value": v} for k, v in results.items()}
    return json.dumps({"results": wrapped, **more}).encode()


def read(content: bytes, name: str = "file.json") -> list[NodeData]:
    """Read for the small model."""
    return read_node_data(content, name, a_model())


def values(data: NodeData) -> list[float | None]:
    """Return the values with None for NaN."""
    return [None if math.isnan(v) else v for v in data.values.tolist()]


def notes(data: NodeData) -> str:
    """Return all notes as one text."""
    return "\n".join(map(str, data.notes))


# --- JSON --------------------------------------------------------------------------------------


def test_keys_are_node_ids_or_output_tensors() -> None:
    """An id wins over a tensor of that name; a tensor leads to the operator that makes it."""
    (data,) = read(single({"c": 3, "t_a": 1}))
    assert values(data) == [None, 1, None, 3]
    (main, body) = read(single({"a": 5}))
    assert (main.graph_id, values(main)) == ("main", [None, 5, None, None])
    assert (body.graph_id, values(body)) == ("body", [5, None])


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


# --- CSV and Parquet ---------------------------------------------------------------------------


def test_a_csv_has_a_column_for_each_measure() -> None:
    """Header with units, quotes, blanks, a byte order mark and Windows line ends."""
    content = '\ufefflatency (ms),node,"device"\r\n1.5,a,cpu\r\n,b,npu\r\n"2e0",c,\r\n\r\n'
    latency, device = (s for s in read(content.encode(), "x.csv") if s.graph_id == "main")
    assert (latency.label, values(latency)) == ("latency (ms)", [None, 1.5, None, 2])
    assert "A key has no value: b" in notes(latency)
    assert (device.categories, values(device)) == (("cpu", "npu"), [None, 0, 1, None])


@pytest.mark.parametrize(
    "content",
    ["node;value\nb;1,5\n", "b\t1.5\n", "node,value\nb,9\nb,1.5\n", "\n\nnode,value\n,3\nb,1.5"],
)
def test_csv_dialects(content: str) -> None:
    """Semicolons with decimal commas, tabs without a header, repeated and nameless rows."""
    (data,) = read(content.encode(), "err.csv")
    assert (data.name, values(data)) == ("err", [None, None, 1.5, None])
    if "9" in content:
        assert "A node has several rows; the last one counts: b" in notes(data)
    if "\t" in content:
        assert "no header" in notes(data)
    if ",3" in content:
        assert "names no node" in notes(data)


def test_a_csv_in_utf16_is_read() -> None:
    """Spreadsheets export UTF-16."""
    (data,) = read("node,value\nb,1\n".encode("utf-16"), "x.csv")
    assert values(data)[2] == 1


def parquet(**columns: Any) -> bytes:
    """Return a Parquet file."""
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def test_a_parquet_file_has_a_column_for_each_measure() -> None:
    """Integers, floats with nulls, texts and booleans; other columns are noted."""
    sets = read(
        parquet(
            rank=pa.array([1, 2, 3], pa.int32()),
            node=["b", "c", "gone"],
            error=[0.5, None, NAN],
            device=pa.array(["cpu", "npu", None]).dictionary_encode(),
            flag=[True, False, None],
            odd=[[1], [2], [3]],
        ),
        "x.parquet",
    )
    assert [one.name for one in sets] == ["rank", "error", "device", "flag"]
    assert [values(one)[2:] for one in sets] == [[1, 2], [0.5, None], [0, 1], [1, 0]]
    assert sets[0].unmatched == ("gone",)
    assert "neither numbers nor texts and was left out: odd" in notes(sets[0])


def test_a_parquet_file_of_pandas_may_name_nodes_in_its_index() -> None:
    """The unnamed index that pandas writes is the column of keys."""
    (data,) = read(parquet(value=[1.5], __index_level_0__=["b"]), "energy (mJ).parquet")
    assert (data.label, values(data)[2]) == ("energy (mJ)", 1.5)


# --- refusals ----------------------------------------------------------------------------------

GOOD_PARQUET = parquet(node=["b"], value=[1.0])
REFUSED = {
    "empty": (b"", "it is empty"),
    "blank": (b" \n ", "it is empty"),
    "cut JSON": (b'{"results": {"a"', "not valid JSON"),
    "deep JSON": (b"[" * 200_000, "nested too deeply"),
    "endless number": (b'{"results":{"a":{"value":' + b"1" * 5000 + b"}}}", "not valid JSON"),
    "no results": (b'{"a": 1}', 'there is no "results"'),
    "a list of nothing": (b"[1, 2]", 'there is no "results"'),
    "a model": (b'[{"id": "g", "nodes": []}]', "open it as a model"),
    "results of results": (b'{"results": {"results": 3}}', 'there is no "results"'),
    "no results inside": (b'{"results": {}}', "no value for a node of this model"),
    "no key matches": (single({"q": 1, "r": 2}), "its 2 keys are like: q, r"),
    "one column": (b"node\na\n", "2 to 1,000 columns"),
    "header only": (b"node,value\n", "a header and no rows"),
    "binary": (bytes(range(256)), "neither JSON, CSV in UTF-8 nor Parquet"),
    "zeros": (b"a,b\n\0\0,1\n", "zero bytes"),
    "a huge cell": (b"node,value\na," + b"1" * 200_000, "field larger than"),
    "cut Parquet": (GOOD_PARQUET[:-20], "damaged Parquet"),
    "Parquet in name": (b"PAR1", "damaged Parquet"),
    "Parquet of one column": (parquet(node=["b"]), "1 columns: node and value needed"),
    "Parquet of no keys": (parquet(node=[[1]], value=[1.0]), "names no nodes"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_files_are_refused_with_a_reason(case: str) -> None:
    """Each way to be no node data is a NodeDataError that names the file and the reason."""
    content, reason = REFUSED[case]
    with pytest.raises(NodeDataError) as refusal:
        read(content, "bad file")
    assert reason in str(refusal.value)
    assert refusal.value.source == "bad file"


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A missing file and a folder are refused, not opened."""
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(NodeDataError, match="no such file"):
            read_node_data(path, path.name, a_model())


def test_too_many_rows_are_refused_before_they_are_read() -> None:
    """A Parquet file that claims more rows than the limit is not unpacked."""
    column = pa.array(np.zeros(MAX_ROWS + 1, dtype=np.int8))
    with pytest.raises(NodeDataError, match="are too many"):
        read(parquet(node=column, value=column), "bomb.parquet")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """Whatever a file holds, the answer is node data or a NodeDataError."""
    for begin in (b"", b"{", b"node,value\nb,1\n"):
        try:
            read(begin + content)
        except NodeDataError:
            continue


@given(st.data())
def test_a_changed_parquet_file_is_read_or_refused(data: st.DataObject) -> None:
    """One changed byte or a cut anywhere gives node data or a NodeDataError."""
    changed = bytearray(GOOD_PARQUET)
    changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    try:
        read(bytes(changed[: data.draw(st.integers(len(changed) // 2, len(changed)))]))
    except NodeDataError:
        return


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
