"""The command line: status, one line for an error, and the contract of `inspect --json`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard.cli import main
from sample_models import sample, samples

KEYS = {"format", "producer", "graphs", "n_parameters", "parameter_bytes", "seconds", "notes"}
GRAPH_KEYS = {"id", "n_nodes", "n_operators", "n_edges", "n_groups", "depth", "op_types"}


@pytest.mark.parametrize("name", [s.name for s in samples()])
def test_inspect_json_is_the_contract(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The keys are those that scripts rely on; op types add up to the operators."""
    assert main(["inspect", str(sample(name).path), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert set(report) == KEYS
    for graph in report["graphs"]:
        assert set(graph) == GRAPH_KEYS
        assert sum(graph["op_types"].values()) == graph["n_operators"]
    assert report["graphs"][0]["n_operators"] == sample(name).expectation["n_operators"]


def test_inspect_for_a_reader(capsys: pytest.CaptureFixture[str]) -> None:
    """Without --json the report is a few lines."""
    assert main(["inspect", str(sample("decoder").path)]) == 0
    text = capsys.readouterr().out
    assert text.startswith("ONNX") and "operators" in text and "MatMul" in text


@pytest.mark.parametrize("content", [None, b"", b"<html></html>", b"\x80\x04pickle"])
def test_a_bad_file_is_one_line_and_status_2(
    content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Missing, empty, HTML, pickle: one line on standard error, nothing on standard output."""
    path = tmp_path / "bad.onnx"
    if content is not None:
        path.write_bytes(content)
    assert main(["inspect", str(path), "--json"]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1 and "bad.onnx" in captured.err


def test_inspect_imports_no_panel() -> None:
    """Inspecting in a script does not pay for the dashboard."""
    code = (
        "import sys; from dashboard.cli import main;"
        f"main(['inspect', {str(sample('digits_float').path)!r}]);"
        "print([m for m in ('panel', 'bokeh', 'numba', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")
