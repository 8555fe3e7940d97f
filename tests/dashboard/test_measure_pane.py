"""The measure pane, without a server: jobs run at once."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dashboard import run_measuring
from dashboard.panes.measure_result import run_html
from dashboard.run_export import exported
from dashboard.run_request import Part, Request
from dashboard.run_taking import take
from dashboard.runs import RECORD
from dashboard.url_state import apply, from_query
from graphs.errors import MeasureError
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
