"""Runs on disk: what is written comes back, and what is damaged costs itself only."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

import importers
from dashboard.run_difference import subtract
from dashboard.run_export import exported, file_name
from dashboard.run_files import FileSource, safe_name
from dashboard.run_kept import find
from dashboard.run_record import ErrorFacts, LatencyFacts, Run, RunRecord, SetInfo, node_data
from dashboard.runs import RECORD, VALUES, RunStore, data_folder
from graphs.errors import MeasureError
from importers.node_data import read_node_data
from sample_models import sample
from tests.helpers.small_models import two_block_graph

LATENCY = SetInfo("latency_ms", "latency", "ms", ("sum", "max"), True)
SQNR = SetInfo("sqnr_db", "SQNR", "dB", ("min", "mean"), False)
FILE = FileSource("model.onnx", None, (("model.onnx", b"content"),))
FACTS = LatencyFacts(1.5, None, 2.0, 1.4, 0.0, 0.9, 2, {"a": "why"}, {}, ("note",), {"cpu": "x"})


def run_of(id: str = "20260102T030405-abcdef", title: str = "Run 1", **values: float) -> Run:
    """A run with the latency of some nodes of the graph of two blocks, and one exact SQNR."""
    held = values or {"a/conv": 2.0, "b/add": 0.5}
    record = RunRecord(id, title, f"2026-01-02T03:04:{id[13:15]}+00:00", "model.onnx", "ONNX",
                       sets=(LATENCY, SQNR), latency=FACTS)  # fmt: skip
    sqnr = np.full(len(held), np.nan)
    sqnr[0] = np.inf
    return Run(record, tuple(held), {"latency_ms": np.array(list(held.values())), "sqnr_db": sqnr})


def saved(store: RunStore, *runs: Run) -> str:
    """Keep runs; return the key of their model."""
    for run in runs:
        store.save(FILE.key(), run)
    return FILE.key()


def test_a_kept_run_comes_back_whole(tmp_path: Path) -> None:
    """Record, node ids and values, infinite and missing ones too, survive the disk."""
    store, run = RunStore(tmp_path), run_of()
    key = saved(store, run)
    listed = store.find(FILE)
    assert (listed.key, listed.problems, listed.records) == (key, (), (run.record,))
    again = store.load(key, listed.records[0])
    assert again.nodes == run.nodes
    for id in ("latency_ms", "sqnr_db"):
        np.testing.assert_array_equal(again.columns[id], run.columns[id])


def test_the_newest_error_is_loaded_beside_the_newest_run(tmp_path: Path) -> None:
    """A comparison asks for the error, though a latency was measured since."""
    store = RunStore(tmp_path)
    facts = ErrorFacts("float.onnx", 4, True, "", (), (), {})
    ids = [f"20260102T03040{at}-abcdef" for at in range(4)]
    old, error, newer, newest = [run_of(id, f"Run {at}") for at, id in enumerate(ids)]
    old, error = [
        Run(msgspec.structs.replace(one.record, error=facts), one.nodes, one.columns)
        for one in (old, error)
    ]
    saved(store, old, error, newer, newest)
    kept, problems = find(store, FILE)
    assert not problems and kept.chosen == ids[3]
    assert set(kept.loaded) == {ids[1], ids[3]}


def test_runs_belong_to_a_content_not_to_a_name(tmp_path: Path) -> None:
    """The same bytes under another name, sent or on disk, have the runs; other bytes have none."""
    store = RunStore(tmp_path / "runs")
    saved(store, run_of())
    path = tmp_path / "other name.onnx"
    path.write_bytes(b"content")
    assert len(store.find(FileSource("x", path)).records) == 1
    path.write_bytes(b"Content")
    found = store.find(FileSource("x", path))
    assert (found.records, found.problems) == ((), ())


def test_a_model_of_a_new_size_is_not_hashed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking for runs of a model reads nothing of it where no run of its size is kept."""
    store = RunStore(tmp_path)
    saved(store, run_of())
    monkeypatch.setattr(FileSource, "key", lambda _: pytest.fail("it was hashed"))
    assert store.find(FileSource("x", None, (("x", b"longer content"),))).records == ()


def test_the_newest_run_is_first(tmp_path: Path) -> None:
    """Runs are listed by their date, the newest first, and saving again replaces."""
    store = RunStore(tmp_path)
    older, newer = run_of("20260102T030405-aaaaaa"), run_of("20260102T030407-bbbbbb")
    key = saved(store, newer, older, older)
    assert [one.id for one in store.list(key).records] == [newer.record.id, older.record.id]


@pytest.mark.parametrize("content", [b"", b"{", b'{"id": 3}', b"\xff\xfe", b"[" * 100_000])
def test_a_damaged_record_is_told_and_costs_its_run_only(tmp_path: Path, content: bytes) -> None:
    """A record that is no JSON, or another JSON, is a sentence; its neighbour is listed."""
    store = RunStore(tmp_path)
    bad, good = run_of("20260102T030405-aaaaaa"), run_of("20260102T030407-bbbbbb")
    key = saved(store, bad, good)
    (tmp_path / key / bad.record.id / RECORD).write_bytes(content)
    listed = store.list(key)
    assert [one.id for one in listed.records] == [good.record.id]
    assert len(listed.problems) == 1 and bad.record.id in listed.problems[0]


def test_values_that_are_damaged_or_gone_are_an_error(tmp_path: Path) -> None:
    """Every cut of the values, and their absence, is an error in words."""
    store, run = RunStore(tmp_path), run_of()
    key = saved(store, run)
    path = tmp_path / key / run.record.id / VALUES
    whole = path.read_bytes()
    for n in range(0, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:n])
        with pytest.raises(MeasureError, match="cannot be read"):
            store.load(key, run.record)
    path.unlink()
    with pytest.raises(MeasureError, match="cannot be read"):
        store.load(key, run.record)


def test_renaming_keeps_the_rest(tmp_path: Path) -> None:
    """A new title is kept on disk, on one line and bounded; nothing else changes."""
    store, run = RunStore(tmp_path), run_of()
    key = saved(store, run)
    assert store.rename(key, run.record, "before\n" + "x" * 500).title.startswith("before xxx")
    (again,) = store.list(key).records
    assert len(again.title) <= 80
    assert again.latency == run.record.latency


def test_deleting_the_last_run_leaves_nothing(tmp_path: Path) -> None:
    """A deleted run is gone from the disk, and its model's folder with the last one."""
    store, run = RunStore(tmp_path), run_of()
    key = saved(store, run)
    store.delete(key, run.record)
    assert list(tmp_path.iterdir()) == []
    assert store.find(FILE).records == ()


@pytest.mark.parametrize("id", ["../x", "", "a/b", "..", "x" * 65])
def test_no_run_leaves_the_folder(tmp_path: Path, id: str) -> None:
    """An id that is no plain name is refused before a path is made of it."""
    record = RunRecord(id, "x", "", "m", "ONNX")
    with pytest.raises(MeasureError):
        RunStore(tmp_path).delete("1-" + "0" * 64, record)
    with pytest.raises(MeasureError):
        RunStore(tmp_path).save("../key", run_of())


def test_a_folder_that_cannot_be_written_is_an_error_in_words(tmp_path: Path) -> None:
    """Where a file stands in the place of the folder, saving says that runs cannot be kept."""
    (tmp_path / "runs").write_text("")
    with pytest.raises(MeasureError, match="cannot be kept"):
        RunStore(tmp_path / "runs").save(FILE.key(), run_of())


def test_the_data_folder_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """XDG_DATA_HOME is followed where it is set."""
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert data_folder() == tmp_path / "opscope" / "runs"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert data_folder() == tmp_path / ".local" / "share" / "opscope" / "runs"


def test_node_data_has_no_value_where_none_can_be_drawn() -> None:
    """An infinite ratio is left out with a note that counts it; a strange node is unmatched."""
    graph = two_block_graph()
    latency, sqnr = node_data(run_of(**{"a/conv": 2.0, "elsewhere": 1.0}), graph)
    assert latency.values[1] == 2.0 and np.isnan(latency.values[[0, 2, 3]]).all()
    assert latency.unmatched == ("elsewhere",)
    assert np.isnan(sqnr.values).all()
    assert [note.n_times for note in sqnr.notes] == [1]
    assert not sqnr.is_higher_worse


def test_two_runs_are_subtracted_node_by_node() -> None:
    """After minus before and after over before, where both have a value; nothing over zero."""
    graph = two_block_graph()
    before = run_of(title="old", **{"a/conv": 2.0, "a/relu": 0.0, "b/add": 1.0})
    after = run_of(title="new", **{"a/conv": 3.0, "a/relu": 1.0, "b/c/conv": 9.0})
    found = subtract(graph, after, before, LATENCY)
    np.testing.assert_array_equal(found.difference.values[1:5], [1.0, 1.0, np.nan, np.nan])
    np.testing.assert_array_equal(found.ratio.values[1:5], [1.5, np.nan, np.nan, np.nan])
    assert found.difference.label == "latency: new − old (ms)"
    assert found.difference.aggregations == ("sum", "max") and "sum" not in found.ratio.aggregations


def test_two_exact_errors_differ_by_nothing() -> None:
    """Infinite minus infinite is no difference, not a missing one."""
    graph = two_block_graph()
    found = subtract(graph, run_of(), run_of(), SQNR)
    assert found.difference.values[1] == 0.0


@pytest.mark.parametrize("ending", ["json", "csv", "parquet"])
def test_an_export_loads_again_as_node_data(ending: str) -> None:
    """JSON, CSV and Parquet hold the latencies by node id, as our own reader finds them."""
    model = importers.read(sample("digits_float").path)
    graph = model.graphs[0]
    record = RunRecord("a", "Run 1", "", "digits.onnx", "ONNX", sets=(LATENCY,))
    nodes = graph.node_ids[1:4]
    run = Run(record, nodes, {"latency_ms": np.array([0.25, np.nan, 4.0])})
    content = exported(run, ending)
    (data,) = read_node_data(content, file_name(run, ending), model)
    assert (data.name, data.unit, data.unmatched) == ("latency", "ms", ())
    np.testing.assert_array_equal(data.values[1:4], [0.25, np.nan, 4.0])
    if ending == "json":
        assert json.loads(content)["name"] == "latency_ms"


def test_an_exports_name_is_a_files_on_every_system() -> None:
    """Title and model become one name without separators."""
    run = run_of(title="a/b: c").with_record(model_name="../x\\y.onnx")
    name = file_name(run, "csv")
    assert name.endswith(".csv") and not set(name) & set('/\\:*?"<>| ')


def test_what_was_sent_lies_on_disk_only_while_it_is_read() -> None:
    """A sent file has its content and ending; after the measurement it is gone."""
    with FILE.on_disk() as path:
        assert (path.read_bytes(), path.name) == (b"content", "model.onnx")
    assert not path.exists() and not path.parent.exists()


def test_sent_pictures_are_a_folder_in_their_order() -> None:
    """Several files keep their order and both of one name."""
    source = FileSource("2 files", None, (("b.png", b"1"), ("../b.png", b"2")))
    with source.on_disk(is_folder=True) as folder:
        assert [p.read_bytes() for p in sorted(folder.iterdir())] == [b"1", b"2"]
    assert not folder.exists()


@pytest.mark.parametrize("name", ["../../x.onnx", "..", "/", "", "a\0b", "..\\x.npz", ".hidden"])
def test_a_sent_name_is_a_plain_file(name: str) -> None:
    """What a browser calls a file never leads out of a folder."""
    safe = safe_name(name)
    assert safe and not safe.startswith(".") and not set(safe) & set("/\\\0")
