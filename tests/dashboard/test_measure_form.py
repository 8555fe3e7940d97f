"""The form of the measure pane: what it asks for, and what it refuses."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from dashboard import run_measuring
from dashboard.arguments import MeasureCaps, add_arguments, parse
from dashboard.panes.measure_form import OTHER, may_be_twin
from dashboard.run_request import Request
from dashboard.run_taking import take
from dashboard.serving import _flags
from graphs.errors import NotRunnable, ReadError
from sample_models import sample
from tests.helpers.measure_parts import Parts, part_of


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Parts:
    """A page on which measuring costs no time."""
    monkeypatch.setattr(run_measuring, "take", lambda kind, request, *_: part_of(kind, request))
    return Parts(tmp_path)


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


def test_the_caps_of_the_command_reach_the_server() -> None:
    """`opscope serve` hands on what it was given to the process that serves."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    for option in ("--port=0", "--address=localhost", "--no-show"):
        name, _, value = option.partition("=")
        parser.add_argument(name, default=value or True)
    parser.add_argument("--allow-websocket-origin", default=[])
    given = ["--max-measure-s", "20", "--max-measure-mb", "512", "--max-repeats", "7"]
    flags = _flags(parser.parse_args(given))
    served = parse(flags[flags.index("--args") + 1 :])
    assert served.caps == MeasureCaps(20, 512 << 20, 7)


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
