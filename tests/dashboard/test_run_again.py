"""What a run was taken with: kept in its record, and used again where more is asked of the run."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from dashboard import run_measuring
from dashboard.panes import measure_distribution
from dashboard.run_again import AtHand, again
from dashboard.run_files import FileSource
from dashboard.run_record import ErrorFacts
from dashboard.run_request import Request
from dashboard.run_weights import content_sha256
from dashboard.runs import RunStore
from graphs.errors import NotRunnable
from sample_models import sample
from tests.helpers.measure_parts import Parts, part_of

FLOAT = sample("digits_float").path


@pytest.fixture
def app(tmp_path: Path) -> Parts:
    """A page with a run of errors over one sample."""
    app = Parts(tmp_path)
    form = app.pane.form
    form.latency.value, form.inputs.samples.value, form.threads.value = False, 1, 2
    form.mapping.upload.filename = "pairs.json"
    form.mapping.upload.value = b'{"mapping": {"head/dense": "head/dense"}}'
    app.measure()
    assert app.titles == ["Run 1"], app.said()
    return app


def _facts(app: Parts) -> ErrorFacts:
    assert app.pane.runs.run is not None and app.pane.runs.run.record.error is not None
    return app.pane.runs.run.record.error


def test_the_record_tells_twin_pairs_and_limits(app: Parts) -> None:
    """Hashes of the float model and of the mapping, and the limits, are in record and page."""
    facts = _facts(app)
    reference = hashlib.sha256(FLOAT.read_bytes()).hexdigest()
    assert facts.conditions["reference_sha256"] == reference
    settings = facts.conditions["settings"]
    assert settings["time_limit_s"] == 300 and settings["memory_limit_mb"] == 8192
    assert facts.mapping == "pairs.json" and len(facts.mapping_sha256) == 64
    for said in (reference[:12], facts.mapping_sha256[:12], "time limit 300 s"):
        assert said in app.pane.runs.text.object


def test_a_distribution_is_of_the_run_not_of_the_form(
    app: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings that were changed since do not touch what is asked of a kept run."""
    asked: list[Request] = []

    def take(request: Request, *_: Any) -> None:
        asked.append(request)
        raise NotRunnable("the distribution of errors", "a test that goes on")

    monkeypatch.setattr(measure_distribution, "take_distribution", take)
    form, graph = app.pane.form, app.session.graph
    assert graph is not None
    form.inputs.samples.value, form.threads.value = 9, 1
    form.inputs.choice.value = "arrays"
    app.session.select([graph.node_ids.index(_facts(app).pairs[3].node)])
    app.pane.distribution.button.clicks += 1
    (request,) = asked
    assert request.n_samples == 1 and request.settings.n_threads == 2 and request.inputs is None
    assert request.reference is not None and request.reference.path == FLOAT
    assert request.mapping is not None and request.mapping.name == "pairs.json"


def test_a_file_that_is_not_at_hand_is_asked_for(app: Parts) -> None:
    """Another float model, other inputs or pairs would give the numbers of another run."""
    opened, facts = app.session.models[0], _facts(app)
    assert opened.file is not None
    at_hand = app.pane.form.at_hand()
    again(opened.model, opened.file, facts, at_hand)
    other = {**facts.conditions, "reference_sha256": "0" * 64}
    changed = msgspec.structs.replace(facts, conditions=other)
    with pytest.raises(NotRunnable, match="the float model of this run"):
        again(opened.model, opened.file, changed, at_hand)
    with pytest.raises(NotRunnable, match="the pairs of nodes of this run"):
        again(opened.model, opened.file, facts, AtHand(at_hand.references))
    damaged = {**facts.conditions, "settings": {"n_threads": []}}
    changed = msgspec.structs.replace(facts, conditions=damaged)
    with pytest.raises(NotRunnable, match="a record of the run"):
        again(opened.model, opened.file, changed, at_hand)


def test_a_model_that_is_gone_meanwhile_still_has_its_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run whose model cannot be read for its key is shown, told, and not kept."""
    monkeypatch.setattr(run_measuring, "take", lambda kind, request, *_: part_of(kind, request))

    def gone(_file: FileSource) -> str:
        raise FileNotFoundError(2, "No such file or directory")

    app = Parts(tmp_path)
    monkeypatch.setattr(FileSource, "run_key", gone)
    app.pane.form.error.value = False
    app.measure()
    assert app.titles == ["Run 1"] and "cannot be kept: No such file" in app.said()
    assert not app.pane.store.folder.exists() and not app.pane.measuring.is_running
    for _ in range(2):
        app.pane.runs.remove.clicks += 1
    assert app.titles == []


def _external_model(folder: Path, value: float, *, is_in_a_node: bool) -> Path:
    """Write a model of one product whose weight lies in a file beside it."""
    held = numpy_helper.from_array(np.full((8, 8), value, np.float32), "w")
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"], "product")]
    if is_in_a_node:
        nodes.insert(0, helper.make_node("Constant", [], ["w"], "constant", value=held))
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 8]) for n in "xy"]
    graph = helper.make_graph(nodes, "main", values[:1], values[1:], [] if is_in_a_node else [held])
    path = folder / "model.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.save(
        model, path, save_as_external_data=True, location="weights.bin", size_threshold=0,
        convert_attribute=True,
    )  # fmt: skip
    return path


@pytest.mark.parametrize("is_in_a_node", [False, True])
def test_weights_in_a_file_beside_the_model_are_part_of_it(
    tmp_path: Path, is_in_a_node: bool
) -> None:
    """Runs are kept by what the model computes with: other weights are another model."""
    path = _external_model(tmp_path, 1.0, is_in_a_node=is_in_a_node)
    before, content = FileSource("a", path).run_key(), path.read_bytes()
    assert before == FileSource("b", path).run_key()
    (tmp_path / "weights.bin").unlink()
    _external_model(tmp_path, 2.0, is_in_a_node=is_in_a_node)
    assert path.read_bytes() == content
    assert FileSource("a", path).run_key() != before
    (tmp_path / "weights.bin").unlink()
    assert len(content_sha256(path)) == 64  # a model without its weights has a key all the same


def test_a_model_without_such_files_is_kept_by_its_own_content() -> None:
    """The key of an upload is that of the same file on the server."""
    sent = FileSource("sent.onnx", None, (("sent.onnx", FLOAT.read_bytes()),))
    assert FileSource("digits", FLOAT).run_key() == sent.run_key() == sent.key()
    assert RunStore(Path("nowhere")).find(sent).records == ()
