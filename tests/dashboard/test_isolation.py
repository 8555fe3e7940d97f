"""Two sessions measure at once: what goes wrong with one model is that session's alone."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from measures.runners import worker
from sample_models import sample
from tests.helpers.measure_parts import Parts
from tests.measures.models import one_node_model

FLOAT = sample("digits_float").path


def _app(folder: Path, path: Path, seconds: int = 60) -> Parts:
    app = Parts(folder, str(path))
    form = app.pane.form
    form.error.value, form.repeats.value, form.seconds.value = False, 2, seconds
    return app


@pytest.fixture
def crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model on which the runtime crashes."""
    monkeypatch.setattr(worker, "CHILD", "tests.measures.bad_child")
    path = tmp_path / "crash.onnx"
    path.write_bytes(FLOAT.read_bytes())
    return path


def _at_once(*apps: Parts) -> None:
    """Measure in all sessions at the same time, each in a thread of its own."""
    threads = [threading.Thread(target=app.measure) for app in apps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)


def test_a_crash_in_one_session_leaves_the_other(tmp_path: Path, crash: Path) -> None:
    """The session whose runtime crashes is told; the other has its run, and both go on."""
    bad, good = _app(tmp_path / "a", crash), _app(tmp_path / "b", FLOAT)
    _at_once(bad, good)
    assert "the runtime crashed (SIGABRT)" in bad.said() and bad.titles == []
    assert good.said() == "" and good.titles == ["Run 1"]
    bad.opening.open_upload("fine.onnx", FLOAT.read_bytes())
    bad.pane.form.error.value = False
    _at_once(bad, good)
    assert bad.titles == ["Run 1"] and good.titles == ["Run 2", "Run 1"]


def test_an_endless_model_in_one_session_leaves_the_other(tmp_path: Path) -> None:
    """A loop without end is ended at that session's limit; the other has its run."""
    path = one_node_model(tmp_path / "endless.onnx", is_endless=True)
    bad, good = _app(tmp_path / "a", path, seconds=3), _app(tmp_path / "b", FLOAT)
    _at_once(bad, good)
    assert "longer than the 3 s" in bad.said() and bad.titles == []
    assert good.said() == "" and good.titles == ["Run 1"]
