"""Opening models and node data in a session, without a server: jobs run at once."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from dashboard.arguments import Arguments, parse
from dashboard.notices import Notices
from dashboard.opening import Opening
from dashboard.session import Session
from dashboard.work import Work
from sample_models import sample, samples


def opening(*argv: str) -> Opening:
    """An opening with a session of its own, started with `argv`."""
    notices = Notices()
    return Opening(Session(), Work(notices.add), notices, parse(argv))


def said(one: Opening) -> list[tuple[str, str]]:
    """What the reader was told."""
    return [(notice.severity, notice.text) for notice in one.notices.shown]


def test_without_arguments_the_first_sample_opens_with_its_float_twin() -> None:
    """A new user sees a model with measured node data, and its reference is open as well."""
    one = opening()
    one.open_at_start()
    assert said(one) == []
    assert len(one.session.models) == 2
    assert one.session.opened is one.session.models[0]
    assert one.session.opened.reference == f"sample:{samples()[0].name}"
    assert one.session.data is not None and one.session.data.source != "computed"


@pytest.mark.parametrize("name", [s.name for s in samples()])
def test_every_sample_opens(name: str) -> None:
    """Each sample opens by its reference, with node data of which every row is matched."""
    one = opening()
    assert one.open_reference(f"sample:{name}")
    assert said(one) == []
    assert one.session.graph is not None
    expected = sample(name).expectation
    assert one.session.graph.n_operators == expected["n_operators"]


@pytest.mark.parametrize(
    "text", ["sample:none", "/etc/passwd", "../outside.onnx", "nothing.onnx", "\0", ""]
)
def test_what_may_not_be_opened_is_a_notice(tmp_path: Path, text: str) -> None:
    """A wrong path or one outside the roots says so and leaves the session alone."""
    one = opening("--root", str(tmp_path))
    assert not one.open_reference(text)
    assert [severity for severity, _ in said(one)] == ["error"]
    assert one.session.opened is None


def test_a_damaged_upload_is_a_notice(tmp_path: Path) -> None:
    """An upload that is no model says what it looks like."""
    one = opening()
    one.open_upload("model.onnx", b"<!DOCTYPE html><html>404</html>")
    assert len(said(one)) == 1 and "HTML" in said(one)[0][1]
    assert one.session.opened is None


def test_an_upload_above_the_limit_is_refused() -> None:
    """The size of an upload is bounded."""
    one = opening("--max-upload-mb", "1")
    one.open_upload("big.onnx", bytes((1 << 20) + 1))
    assert "1 MB" in said(one)[0][1] and one.session.opened is None


def test_an_upload_has_no_link() -> None:
    """A link cannot open what only this session's memory holds."""
    one = opening()
    one.open_upload("mine.onnx", sample("digits_float").path.read_bytes())
    assert one.session.opened is not None and one.session.opened.reference == ""


def test_node_data_without_a_model_is_a_notice() -> None:
    """The reader is told to open a model first."""
    one = opening()
    one.load_node_data("x.csv", b"node,value\na,1\n")
    assert said(one)[0][0] == "warning"


def test_node_data_is_added_and_unmatched_rows_are_told() -> None:
    """Every row of a node data file lands on a node or in a notice."""
    one = opening()
    one.open_reference("sample:digits_float")
    graph = one.session.graph
    assert graph is not None
    name = graph.node_ids[int(np.flatnonzero(graph.node_kind == 0)[0])]
    content = {"name": "energy", "results": {name: {"value": 2.5}, "nobody": {"value": 1}}}
    one.load_node_data("energy.json", json.dumps(content).encode())
    assert one.session.set_of("energy") is not None
    texts = [text for _, text in said(one)]
    assert any("nobody" in text for text in texts) and any("1 values matched" in t for t in texts)


def test_broken_node_data_leaves_the_model_open(tmp_path: Path) -> None:
    """A bad node data file on the command line is a notice beside the open model."""
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    model = sample("digits_float").path
    one = opening(str(model), "--node-data", str(bad))
    one.open_at_start()
    assert one.session.opened is not None
    assert [severity for severity, _ in said(one)] == ["error"]


def test_several_models_on_the_command_line(tmp_path: Path) -> None:
    """All open, the first is shown; what the command line names may lie outside the roots."""
    paths = [str(sample(name).path) for name in ("digits_float", "digits_int8")]
    one = opening(*paths, "--root", str(tmp_path))
    one.open_at_start()
    assert [m.model.name for m in one.session.models] == [Path(p).name for p in paths]
    assert one.session.opened is one.session.models[0]
    assert one.open_reference(paths[1])


def test_arguments_are_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Relative paths mean the folder in which the server was started; it is the default root."""
    monkeypatch.chdir(tmp_path)
    given = parse(["a.onnx", "--node-data", "b.csv"])
    assert given == Arguments(
        (tmp_path / "a.onnx",), (tmp_path / "b.csv",), (tmp_path.resolve(),), 512 << 20
    )
