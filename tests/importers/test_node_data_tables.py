"""Node data from CSV and Parquet, and how bad files of any kind are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphs.errors import NodeDataError
from importers.node_data import read_node_data
from importers.node_data_tables import MAX_ROWS
from tests.helpers.node_data_cases import NAN, a_model, notes, parquet, read, single, values


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
