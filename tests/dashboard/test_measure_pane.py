"""The measure pane, without a server: jobs run at once."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dashboard import run_measuring
from dashboard.panes.measure_form import OTHER, may_be_twin
from dashboard.panes.measure_result import run_html
from dashboard.run_export import exported
from dashboard.run_request import Part, Request
from dashboard.run_taking import take
from dashboard.runs import RECORD
from dashboard.url_state import apply, from_query
from graphs.errors import MeasureError, NotRunnable, ReadError
from graphs.match_mapping import from_mapping
from sample_models import sample
from tests.helpers.measure_parts import Parts, part_of


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Parts:
    """A page on which measuring costs no time."""
    monkeypatch.setattr(run_measuring, "take", lambda kind, request, *_: part_of(kind, request))
    return Parts(tmp_path)


def test_the_shipped_sample_is_measured_by_one_click(tmp_path: Path) -> None:
    """Latency and error of the int8 sample against its float twin appear on the graph."""
    app = Parts(tmp_path)
    app.pane.form.repeats.value = app.pane.form.inputs.samples.value = 2
    assert app.pane.form.error.value  # its float twin is open
    app.measure()
    assert app.said() == ""
    assert app.session.measure == "latency · Run 1"  # the sample brings a latency of its own
    data = app.session.data
    assert data is not None and np.isfinite(data.values).sum() > 50 and data.unit == "ms"
    for label in ("SQNR · Run 1 (dB)", "SQNR local · Run 1 (dB)", "weight MSE · Run 1"):
        assert label in app.labels
    text = app.pane.runs.text.object
    for word in ("nodes account for", "same weights", "random data (seed 0)", "onnxruntime"):
        assert word in text
    assert app.titles == ["Run 1"]


def test_a_run_comes_back_when_the_same_content_is_opened_again(app: Parts, tmp_path: Path) -> None:
    """The newest run is on the graph of a new session, and an upload of the same bytes has it."""
    app.measure()
    app.measure()
    again = Parts(tmp_path)
    assert again.titles == ["Run 2", "Run 1"] and "latency · Run 2 (ms)" in again.labels
    assert again.pane.runs.list.active == (0,) and again.pane.runs.shown.value
    again.opening.open_upload("copy.onnx", sample("digits_int8").path.read_bytes())
    assert again.session.opened is again.session.models[-1]
    assert again.titles == ["Run 2", "Run 1"] and "latency (ms)" in again.labels


def test_a_link_that_names_a_runs_measure_finds_it(app: Parts, tmp_path: Path) -> None:
    """A kept run is there as soon as its model is, so that a link can name its measure."""
    app.measure()
    again = Parts(tmp_path)
    apply(from_query({"measure": "SQNR · Run 1"}), again.session)
    assert again.session.measure == "SQNR · Run 1"


def test_an_upload_is_measured_from_a_file_that_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was sent is run as any other model; nothing of it stays on disk."""
    app = Parts(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    app.opening.open_upload("sent.onnx", sample("digits_float").path.read_bytes())
    app.pane.form.repeats.value = 2
    app.measure()
    assert app.session.measure == "latency" and app.titles == ["Run 1"], app.said()
    assert list(tmp_path.glob("opscope-*")) == []


def test_latency_is_there_while_the_error_still_runs(
    app: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step's result is on the graph, in the list and on disk before the next begins."""
    seen = []

    def take(kind: str, request: Request, *_: Any) -> Part:
        seen.append((kind, app.titles, "latency · Run 1 (ms)" in app.labels))
        return part_of(kind, request)

    monkeypatch.setattr(run_measuring, "take", take)
    app.measure()
    assert seen == [("latency", [], False), ("error", ["Run 1"], True)]
    assert not app.pane.measuring.is_running and app.pane.start.visible


@pytest.mark.parametrize("failing", ["latency", "error"])
def test_a_step_that_fails_leaves_the_others(
    app: Parts, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """A crash of the runtime is a notice; what could be measured is kept with the reason."""

    def take(kind: str, request: Request, *_: Any) -> Part:
        if kind == failing:
            raise MeasureError(kind, "the runtime crashed (SIGSEGV)")
        return part_of(kind, request)

    monkeypatch.setattr(run_measuring, "take", take)
    app.measure()
    assert "the runtime crashed (SIGSEGV)" in app.said()
    assert app.titles == ["Run 1"] and "SIGSEGV" in app.pane.runs.text.object


def test_nothing_is_kept_where_nothing_was_measured(
    app: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run without any result is a notice and no row of the list."""

    def take(*_: Any) -> Part:
        raise MeasureError("latency", "no")

    monkeypatch.setattr(run_measuring, "take", take)
    app.measure()
    assert app.titles == [] and not app.pane.store.folder.exists()
    assert app.pane.start.visible


def test_cancelling_ends_the_measurement(app: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """What asks whether it is cancelled is told so, and what was measured before stays."""

    def take(kind: str, request: Request, is_cancelled: Any, _hear: Any) -> Part:
        if kind == "latency":
            return part_of(kind, request)
        assert not is_cancelled()
        app.pane.close()
        assert is_cancelled()
        raise MeasureError("quantization error", "it was cancelled")

    monkeypatch.setattr(run_measuring, "take", take)
    app.measure()
    assert app.said() == "" and app.titles == ["Run 1"]
    assert not app.pane.measuring.is_running


def test_a_format_that_cannot_run_says_why(app: Parts) -> None:
    """There is no button for a model without a runtime, but a sentence that names the format."""
    model = app.session.models[0].model
    opened = dataclasses.replace(
        app.session.models[0], model=dataclasses.replace(model, format="Keras")
    )
    app.session.add_model(opened)
    assert not app.pane._asked.visible and app.pane.refusal.visible
    assert "Keras" in app.pane.refusal.object
    app.session.show_model(app.session.models[0])
    assert app.pane._asked.visible and not app.pane.refusal.visible


def test_a_run_is_taken_off_the_graph_and_put_back(app: Parts) -> None:
    """The switch removes the run's sets, and colours by something that is left."""
    app.measure()
    app.pane.runs.shown.value = False
    assert not any("Run 1" in label for label in app.labels)
    assert app.session.measure == "latency"
    app.pane.runs.shown.value = True
    assert app.session.measure == "latency · Run 1"


def test_a_new_title_is_in_the_list_and_on_the_graph(app: Parts) -> None:
    """Renaming changes the list, the names of the sets and the disk; the chosen measure follows."""
    app.measure()
    app.pane.runs.title.value = "before"
    assert app.titles == ["before"] and "latency · before (ms)" in app.labels
    assert app.session.measure == "latency · before"
    (folder,) = app.pane.store.folder.iterdir()
    assert [r.title for r in app.pane.store.list(folder.name).records] == ["before"]


def test_deleting_asks_first(app: Parts) -> None:
    """The first click asks, the second removes the run from list, graph and disk."""
    app.measure()
    app.pane.runs.remove.clicks += 1
    assert app.titles == ["Run 1"] and "for good" in app.pane.runs.remove.label
    app.pane.runs.remove.clicks += 1
    assert app.titles == [] and not any("Run 1" in label for label in app.labels)
    assert list(app.pane.store.folder.iterdir()) == []


def test_two_runs_are_subtracted(app: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Difference and ratio become node data, and the difference colours the graph."""
    app.measure()
    assert not app.pane.runs._of_two.visible  # nothing to subtract yet
    monkeypatch.setattr(run_measuring, "take", lambda kind, r, *_: part_of(kind, r, 5.0))
    app.measure()
    assert app.pane.runs._of_two.visible
    app.pane.runs.subtract.clicks += 1
    data = app.session.data
    assert data is not None and data.name == "latency: Run 2 − Run 1"
    np.testing.assert_array_equal(data.values[:3], [3.0, 0.0, 0.0])
    assert "latency: Run 2 / Run 1 (×)" in app.labels
    assert "sum of the differences" in app.pane.runs.difference.object


def test_a_damaged_run_is_a_notice(app: Parts, tmp_path: Path) -> None:
    """A run that cannot be read any more is told, and the model opens all the same."""
    app.measure()
    (record,) = app.pane.store.folder.glob(f"*/*/{RECORD}")
    record.write_bytes(b"{")
    again = Parts(tmp_path)
    assert "cannot be read" in again.said()
    assert again.titles == [] and again.session.graph is not None


def test_texts_of_a_run_are_no_markup(app: Parts) -> None:
    """Notes and reasons that quote a file are escaped; models trained apart are a warning."""
    app.measure()
    run = app.pane.runs.run
    assert run is not None
    html = run_html(run)
    assert "<img" not in html and "run-warning" in html and "Trained apart" in html


def test_a_path_outside_the_roots_is_refused(app: Parts, tmp_path: Path) -> None:
    """A float model, arrays or pictures that lie elsewhere are a notice, not a measurement."""
    form = app.pane.form
    form.reference.value = OTHER
    form.reference_file.path.value = str(tmp_path / "float.onnx")
    (tmp_path / "float.onnx").write_bytes(b"")
    app.measure()
    assert "there is no such file inside" in app.said() and app.titles == []
    form.error.value, form.inputs.choice.value = False, "pictures"
    form.inputs.pictures.path.value = str(tmp_path)
    app.measure()
    assert "there is no such folder inside" in app.said() and app.titles == []


def test_pictures_and_arrays_reach_the_measurement(tmp_path: Path) -> None:
    """A folder of the server and an uploaded array are fed as the form says."""
    asked: list[Request] = []
    app = Parts(tmp_path, "--root", str(tmp_path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            run_measuring, "take", lambda kind, r, *_: (asked.append(r), part_of(kind, r))[1]
        )
        form = app.pane.form
        form.error.value = False
        (tmp_path / "photos").mkdir()
        form.inputs.choice.value, form.inputs.color.value = "pictures", "L"
        form.inputs.mean.value, form.inputs.std.value = "127.5", "127.5"
        form.inputs.pictures.path.value = "photos"
        app.measure()
        form.inputs.choice.value = "arrays"
        form.inputs.arrays.upload.filename = "in.npy"
        form.inputs.arrays.upload.value = b"\x93NUMPY"
        app.measure()
    pictures, arrays = asked
    assert pictures.are_pictures and pictures.inputs is not None
    assert pictures.inputs.path == (tmp_path / "photos").resolve()
    assert pictures.settings.images is not None and pictures.settings.images.mean == (127.5,)
    assert arrays.inputs is not None and arrays.inputs.files == (("in.npy", b"\x93NUMPY"),)


def test_a_linked_picture_outside_the_roots_is_refused(tmp_path: Path) -> None:
    """A link in a folder of pictures leads to no file that the page may not read."""
    root = tmp_path / "root"
    (root / "photos").mkdir(parents=True)
    (tmp_path / "secret.png").write_bytes(b"")
    (root / "photos" / "a.png").symlink_to(tmp_path / "secret.png")
    app = Parts(tmp_path, "--root", str(root))
    form = app.pane.form
    form.error.value, form.inputs.choice.value = False, "pictures"
    form.inputs.pictures.path.value = "photos"
    app.measure()
    assert "leads outside" in app.said() and app.titles == []


def test_a_reference_of_another_format_is_refused(app: Parts) -> None:
    """A TFLite file is no float twin of an ONNX model; that is said before anything runs."""
    form = app.pane.form
    form.reference.value = OTHER
    content = sample("digits_float_tflite").path.read_bytes()
    form.reference_file.upload.filename = "float.tflite"
    form.reference_file.upload.value = content
    request = form.request(app.session.models[0])
    with pytest.raises(NotRunnable, match="a float model in ONNX, not TFLite"):
        take("error", request, lambda: False, lambda *_: None)


def test_sizes_of_free_dimensions_reach_the_measurement(app: Parts) -> None:
    """The sample's batch is asked for with 1; another size is handed on."""
    form = app.pane.form
    assert list(form.inputs._dims) == ["batch"]
    opened = app.session.models[0]
    assert form.request(opened).settings.dims == {}
    form.inputs._dims["batch"].value = 8
    assert form.request(opened).settings.dims == {"batch": 8}


def test_a_float_twin_is_guessed_by_names_only_for_a_quantized_model(app: Parts) -> None:
    """The int8 sample's twin is the float one; a float model has none."""
    int8, real = (one.model.graphs[0] for one in app.session.models[:2])
    assert may_be_twin(int8, real)
    assert not may_be_twin(real, int8) and not may_be_twin(int8, int8)


def test_pairs_are_shown_and_can_be_given_back(app: Parts) -> None:
    """What names did not pair is listed; the file of pairs is one that a mapping is read from."""
    app.measure()
    run = app.pane.runs.run
    assert run is not None
    html = run_html(run)
    assert "2 (1 by name, 1 by place)" in html and "int8/c (by place)" in html
    fixed, _ = from_mapping(json.loads(exported(run, "pairs")))
    assert [(pair.a, pair.b) for pair in fixed] == [(("float/a",), ("int8/a",)),
                                                    (("float/b",), ("int8/c",))]  # fmt: skip


def test_weights_are_compared_where_the_models_cannot_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A runtime that fails leaves the errors of weights, with a notice of what it lacks."""

    def fail(*_: Any, **_named: Any) -> None:
        raise MeasureError("quantization error", "the runtime crashed")

    monkeypatch.setattr("dashboard.run_error.measure_error", fail)
    app = Parts(tmp_path)
    app.pane.form.latency.value = False
    app.measure()
    assert "the runtime crashed" in app.said()
    run = app.pane.runs.run
    assert run is not None and {info.id for info in run.record.sets} >= {"weight_sqnr_db"}
    assert all(info.id.startswith("weight_") for info in run.record.sets)
    assert "no model was run" in app.pane.runs.text.object


def test_comparing_weights_is_cancelled_too(app: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the models cannot run, Cancel also ends the reading of their weights."""
    begun: list[str] = []

    def fail(*_: Any, **_named: Any) -> None:
        begun.append("the run failed")
        raise MeasureError("quantization error", "the runtime crashed")

    monkeypatch.setattr("dashboard.run_error.measure_error", fail)
    app.pane.form.latency.value = False
    request = app.pane.form.request(app.session.models[0])
    asked = iter([False])  # not when the run has failed, but from then on
    with pytest.raises(MeasureError, match="weight error: it was cancelled"):
        take("error", request, lambda: next(asked, True), lambda *_: None)
    assert begun


def test_a_browser_cannot_ask_for_more_than_the_server_allows(tmp_path: Path) -> None:
    """Whatever the fields are made to hold, time, memory and runs stay within the server's caps."""
    app = Parts(tmp_path, "--max-measure-s", "20", "--max-measure-mb", "512", "--max-repeats", "7")
    form, opened = app.pane.form, app.session.models[0]
    assert (form.seconds.value, form.memory.value, form.repeats.value) == (20, 512, 7)
    fields = (form.seconds, form.memory, form.repeats, form.warm_up, form.inputs.samples)
    for value in (10**9, -1):
        for field in fields:
            field.param.update(start=None, end=None, value=value)
        asked = form.request(opened)
        assert 1 <= asked.limits.seconds <= 20 and asked.limits.memory_bytes <= 512 << 20
        assert 1 <= asked.settings.n_repeats <= 7 and 0 <= asked.settings.n_warmup <= 1000
        assert 1 <= asked.n_samples <= 1000


def test_all_uploads_of_a_form_count_together(tmp_path: Path) -> None:
    """Each field may be sent to again, but not more than the session may hold is kept over all."""
    app = Parts(tmp_path, "--max-upload-mb", "1")
    form = app.pane.form
    fields = (form.reference_file, form.inputs.arrays, form.inputs.pictures, form.mapping)
    sent = []
    for field in fields:
        for _ in range(2):  # the second takes the place of the first
            field.upload.filename = "sent.json"
            field.upload.value = bytes(300 << 10)
        sent.append(field.n_held)
    assert sent == [300 << 10] * 3 + [0]
    assert "a session may hold 1 MB of uploads" in form.mapping.told.object


def test_a_mapping_that_is_none_is_refused(app: Parts) -> None:
    """A file of pairs that is something else ends the measurement of error, said in words."""
    form = app.pane.form
    form.mapping.upload.filename = "pairs.json"
    form.mapping.upload.value = b"[1]"
    request = form.request(app.session.models[0])
    with pytest.raises(ReadError, match="a mapping is an object"):
        take("error", request, lambda: False, lambda *_: None)


def test_the_errors_of_a_selected_node_are_counted_when_asked(tmp_path: Path) -> None:
    """A node that the run has paired offers its distribution; another node offers none."""
    app = Parts(tmp_path)
    app.pane.form.latency.value, app.pane.form.inputs.samples.value = False, 1
    app.measure()
    run, graph, shown = app.pane.runs.run, app.session.graph, app.pane.distribution
    assert run is not None and run.record.error is not None and graph is not None
    assert not shown.fields.visible
    app.session.select([graph.node_ids.index(run.record.error.pairs[3].node)])
    assert shown.fields.visible
    shown.button.clicks += 1
    assert "quantized − float" in shown.text.object and len(shown.plots) == 2, app.said()
    app.session.select([])
    assert not shown.fields.visible and len(shown.plots) == 0
