"""`opscope compare`: the JSON that scripts rely on, exit statuses, mappings, and the text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from dashboard.cli import main
from dashboard.comparison_text import short
from sample_models import sample
from tests.helpers.onnx_models import graph_of, model_of, node, weight

KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)


def written(path: Path, *nodes: onnx.NodeProto, kernel: np.ndarray = KERNEL) -> str:
    """Write a model of those nodes and one initializer ``w``; return its path."""
    initializers = [weight("w", kernel)] if any("w" in n.input for n in nodes) else []
    onnx.save(model_of(graph_of(list(nodes), initializers=initializers)), path)
    return str(path)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """Return two models: the second adds other weights and has another function at its end."""
    a = written(tmp_path / "a.onnx", node("Add", "x w", "s", "sum"), node("Relu", "s", "y", "last"))
    b = written(
        tmp_path / "b.onnx",
        node("Add", "x w", "s", "sum"),
        node("Relu", "s", "r", "last"),
        node("Tanh", "r", "y", "new"),
        kernel=KERNEL + np.float32([[0, 0, 0], [0, 0, 0.5]]),
    )
    return a, b


def compared(
    capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 1
) -> dict[str, Any]:
    """Run `opscope compare --json` and return what it printed."""
    assert main(["compare", *arguments, "--json"]) == status
    return json.loads(capsys.readouterr().out)


def test_the_json_is_the_contract(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every key and value, as scripts read them."""
    report = compared(capsys, *files)
    assert isinstance(report.pop("seconds"), float)
    equal = {"kind": "equal", "changes": []}
    assert report == {
        "counts": {"equal": 4, "changed": 1, "added": 1, "removed": 0, "fused": 0, "split": 0},
        "pairs": [
            {"a": ["x"], "b": ["x"], "why": "the only input", "confidence": 0.9, **equal},
            {
                "a": ["w"],
                "b": ["w"],
                "kind": "changed",
                "why": "name",
                "confidence": 0.95,
                "changes": [{"what": "weights", "name": "", "a": "6 values", "b": "other values"}],
            },
            {"a": ["sum"], "b": ["sum"], "why": "name", "confidence": 0.95, **equal},
            {"a": ["last"], "b": ["last"], "why": "name", "confidence": 0.95, **equal},
            {"a": ["y"], "b": ["y"], "why": "the only output", "confidence": 0.9, **equal},
            {
                "a": [],
                "b": ["new"],
                "kind": "added",
                "why": "no partner",
                "confidence": 1.0,
                "changes": [],
            },
        ],
        "same_weights": False,
    }


def test_equal_models_are_status_0(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A model beside itself: nothing differs, the weights are the same."""
    report = compared(capsys, files[0], files[0], status=0)
    assert report["same_weights"] is True
    assert {pair["kind"] for pair in report["pairs"]} == {"equal"}


def test_other_weights_alone_are_a_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same graph with one other number is status 1."""
    nodes = [node("Add", "x w", "y", "sum")]
    a = written(tmp_path / "a.onnx", *nodes)
    b = written(tmp_path / "b.onnx", *nodes, kernel=KERNEL + 1)
    report = compared(capsys, a, b)
    assert report["counts"]["changed"] == 1 and report["same_weights"] is False


def test_formats_without_weights_in_common_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    """A float model and its int8 conversion have other weights; every operator has a partner."""
    paths = [str(sample(name).path) for name in ("digits_float_tflite", "digits_int8_tflite")]
    report = compared(capsys, *paths)
    assert report["same_weights"] is False
    assert report["counts"]["removed"] == 0


@pytest.mark.parametrize("bad", ["missing", "empty", "page", "mapping", "pairs", "target"])
def test_a_bad_file_is_one_line_and_status_2(
    bad: str, files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A model, a mapping or a place to write that will not do: one line, nothing on the output."""
    path = tmp_path / "bad.json"
    content = {"empty": "", "page": "<html>", "pairs": '{"mapping": {"a": 1}}'}.get(bad)
    if content is not None:
        path.write_text(content)
    arguments = {
        "missing": [files[0], str(path)],
        "empty": [str(path), files[1]],
        "page": [files[0], str(path)],
        "mapping": [*files, "--mapping", str(path)],
        "pairs": [*files, "--mapping", str(path)],
        "target": [*files, "--write-mapping", str(tmp_path / "no" / "bad.json")],
    }[bad]
    assert main(["compare", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and "bad.json" in said.err


def test_a_corrected_pair_is_honoured(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A reader's pair goes before names, the others are found around it."""
    mapping = tmp_path / "mine.json"
    mapping.write_text(
        json.dumps({"type": "sync_navigation", "mapping": {"last": "new", "nobody": "last"}})
    )
    report = compared(capsys, *files, "--mapping", str(mapping))
    (pair,) = [pair for pair in report["pairs"] if pair["a"] == ["last"]]
    assert (pair["b"], pair["why"], pair["confidence"]) == (["new"], "given", 1.0)
    assert [pair["b"] for pair in report["pairs"] if pair["kind"] == "added"] == [["last"]]
    main(["compare", *files, "--mapping", str(mapping)])
    assert "nobody" in capsys.readouterr().out


def test_a_written_mapping_is_model_explorers_and_is_read_again(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has the keys of `sync_navigation`, each id once, and gives the same pairs."""
    path = tmp_path / "kept.json"
    first = compared(capsys, *files, "--write-mapping", str(path))
    kept = json.loads(path.read_text())
    assert kept["type"] == "sync_navigation" and kept["disableMappingFallback"] is True
    ids = [id for entry in kept["mappingEntries"] for id in entry["leftNodeIds"]]
    assert len(ids) == len(set(ids)) == 5
    again = compared(capsys, *files, "--mapping", str(path))
    assert [(p["a"], p["b"]) for p in again["pairs"]] == [(p["a"], p["b"]) for p in first["pairs"]]
    assert {p["why"] for p in again["pairs"] if p["a"]} == {"given"}


def test_weights_are_compared_on_demand(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The largest difference, absolute and as a share of the largest number; not without asking."""
    assert "weights" not in compared(capsys, *files)
    (entry,) = compared(capsys, *files, "--weights")["weights"]
    assert entry == {
        "a": "w", "b": "w", "n_elements": 6, "largest": 0.5, "relative": 0.1,
        "is_within": False, "axes": [], "not_compared": "",
    }  # fmt: skip
    assert main(["compare", *files, "--weights"]) == 1
    assert "largest difference 0.5, 10.00% of the largest value" in capsys.readouterr().out


def test_weights_within_a_tolerance_are_equal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nothing else differs, the status is 0 within the tolerance and 1 beyond it."""
    nodes = [node("Add", "x w", "y", "sum")]
    a = written(tmp_path / "a.onnx", *nodes)
    b = written(tmp_path / "b.onnx", *nodes, kernel=KERNEL * 1.001)
    (entry,) = compared(capsys, a, b, "--tolerance", "0.01", status=0)["weights"]
    assert entry["is_within"] is True and entry["relative"] == pytest.approx(0.001, rel=0.01)
    (entry,) = compared(capsys, a, b, "--tolerance", "1e-6")["weights"]
    assert entry["is_within"] is False
    assert main(["compare", a, b, "--tolerance", "0.01"]) == 0
    assert "weights: 0 the same, 1 within 0.01, 0 differ" in capsys.readouterr().out


def test_a_tolerance_forgives_nothing_but_weights(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Another node is a difference however far weights may be; no share above one is taken."""
    compared(capsys, *files, "--tolerance", "1")
    with pytest.raises(SystemExit) as exit:
        main(["compare", *files, "--tolerance", "2"])
    assert exit.value.code == 2


def test_nodes_of_called_graphs_are_named_with_their_graph(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ids are unique only in their graph, so that one is named too."""
    then, other = (
        graph_of([node(op, "x", "t", "inner")], inputs=(), outputs=("t",), name=op)
        for op in ("Relu", "Tanh")
    )
    choice = node("If", "c", "y", "choice", then_branch=then, else_branch=other)
    graph = graph_of([choice], inputs=("x",))
    graph.input.append(onnx.helper.make_tensor_value_info("c", onnx.TensorProto.BOOL, ()))
    path = tmp_path / "calls.onnx"
    onnx.save(model_of(graph), path)
    report = compared(capsys, str(path), str(path), status=0)
    inner = [pair["a"][0] for pair in report["pairs"] if pair["a"][0].endswith("inner")]
    assert len(set(inner)) == 2 and all("::" in id for id in inner)


def test_the_text_begins_with_what_matters(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Files, counts, what changed, op types; then operators before constants."""
    assert main(["compare", *files]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("A  a.onnx  ONNX") and lines[1].startswith("B  b.onnx  ONNX")
    assert lines[2].startswith("4 equal, 1 changed, 1 added, 0 removed, 0 fused, 0 split;")
    assert lines[3] == "changed: weights of 1"
    headings = [line for line in lines if line in ("op types", "operators", "constants")]
    assert headings == ["op types", "operators", "constants"]
    assert "  added    new" in lines


def test_long_names_are_cut_where_they_tell_least() -> None:
    """Of joined names the first stays, of a long path both ends, a short one whole."""
    assert short("a/relu;a/conv", 20) == "a/relu;a/conv"
    assert short("a/relu;a/conv;a/bias", 15) == "a/relu;…"
    cut = short("model/encoder/layer_11/attention/output", 20)
    assert len(cut) == 20 and cut.startswith("model/") and cut.endswith("/output")
    assert len(short("x" * 300 + ";y", 20)) == 20


def test_a_name_from_a_file_stays_on_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Line breaks and escapes in a name make no line of their own."""
    a = written(tmp_path / "a.onnx", node("Relu", "x", "y", "one"))
    b = written(tmp_path / "b.onnx", node("Relu", "x", "r", "one"),
                node("Tanh", "r", "y", "two\n0 removed\r\x1b[2J" + "z" * 500))  # fmt: skip
    main(["compare", a, b])
    lines = capsys.readouterr().out.splitlines()
    assert not any(line.startswith("0 removed") for line in lines)
    assert max(map(len, lines)) < 400
    assert not any("\x1b" in line for line in lines)
