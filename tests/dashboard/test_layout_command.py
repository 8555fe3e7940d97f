"""`opscope layout`: the contract of its JSON, what it opens, and how it refuses."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import importers
from components.graph_view.drawing import boxes_of, labels_of
from dashboard.cli import main
from dashboard.group_choice import expanded_by
from graphs.errors import UnknownName
from graphs.layout import LayoutOptions, lay_out
from graphs.namespaces import build_namespaces
from graphs.visible import visible
from sample_models import sample, samples

SUMMARY = {
    "n_nodes", "n_edges", "seconds", "seconds_by_phase", "crossings", "edge_length", "width",
    "height",
}  # fmt: skip
NODE = {"id", "is_group", "is_expanded", "parent", "x", "y", "width", "height"}
DECODER = str(sample("decoder").path)
OPTIONS = [(), ("--flat",), ("--expand", "all"), ("--direction", "right", "--constants")]


def refuse(constant: str) -> None:
    """Refuse what JSON does not know."""
    raise AssertionError(constant)


def laid_out(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """Run the command and return its JSON."""
    assert main(["layout", *arguments, "--json", "-"]) == 0
    report: dict[str, Any] = json.loads(capsys.readouterr().out, parse_constant=refuse)
    return report


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("name", [s.name for s in samples()])
def test_json_is_the_contract(
    name: str, options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """The keys are those that scripts rely on; counts, phases and references agree."""
    report = laid_out(capsys, str(sample(name).path), *options)
    summary, nodes, edges = report["summary"], report["nodes"], report["edges"]
    assert set(report) == {"summary", "options", "nodes", "edges"}
    assert set(summary) == SUMMARY
    assert summary["n_nodes"] == sum(not node["is_expanded"] for node in nodes)
    assert summary["n_edges"] == len(edges)
    phases = summary["seconds_by_phase"].values()
    assert 0 < sum(phases) <= summary["seconds"]
    assert all(set(node) == NODE for node in nodes)
    for i, node in enumerate(nodes):
        assert node["parent"] is None or nodes[node["parent"]]["is_expanded"]
        assert node["parent"] is None or node["parent"] < i
    for edge in edges:
        assert set(edge) == {"source", "target", "is_back", "path"}
        assert not nodes[edge["source"]]["is_expanded"] and not nodes[edge["target"]]["is_expanded"]
        assert len(edge["path"]) % 3 == 1 and len(edge["path"]) >= 4


@pytest.mark.parametrize("direction", ["down", "right"])
def test_it_is_what_the_page_draws(direction: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Boxes, paths and size are those of the graph view under the same groups."""
    report = laid_out(capsys, DECODER, "--expand", "all", "--direction", direction)
    graph = importers.read(Path(DECODER)).graphs[0]
    seen = visible(graph, range(len(graph.namespaces)))
    layout = lay_out(boxes_of(seen, labels_of(seen)), LayoutOptions(direction=direction))
    rects = [[node[key] for key in ("x", "y", "width", "height")] for node in report["nodes"]]
    drawn = np.stack([layout.x, layout.y, layout.width, layout.height], axis=1)
    assert np.allclose(rects, drawn, atol=1e-3)
    points = [point for edge in report["edges"] for point in edge["path"]]
    assert np.allclose(points, layout.path_points, atol=1e-3)
    size = (report["summary"]["width"], report["summary"]["height"])
    assert np.allclose(size, (layout.total_width, layout.total_height), atol=1e-3)
    ids = [node["id"] for node in report["nodes"] if not node["is_group"]]
    assert ids == [graph.node_ids[i] for i in seen.item_node if i >= 0]


def test_same_positions_in_two_processes() -> None:
    """But for the times, two runs say the same."""
    command = [sys.executable, "-m", "dashboard.cli", "layout", DECODER, "--flat", "--json", "-"]
    reports = []
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        report = json.loads(done.stdout)
        for key in ("seconds", "seconds_by_phase"):
            del report["summary"][key]
        reports.append(report)
    assert reports[0] == reports[1]


def test_groups_are_closed_unless_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Without --expand all groups are closed; all opens all; --flat draws none."""
    closed = laid_out(capsys, DECODER)
    assert closed["nodes"] == laid_out(capsys, DECODER, "--expand", "none")["nodes"]
    assert not any(node["is_expanded"] for node in closed["nodes"])
    groups = [node["id"] for node in closed["nodes"] if node["is_group"]]
    whole = laid_out(capsys, DECODER, "--expand", "all")["nodes"]
    assert all(node["is_expanded"] for node in whole if node["is_group"])
    assert set(groups) < {node["id"] for node in whole}
    flat = laid_out(capsys, DECODER, "--flat", "--expand", "all")
    assert not any(node["is_group"] for node in flat["nodes"])
    assert flat["summary"]["n_nodes"] == sum(not node["is_group"] for node in whole)


def test_a_group_opens_with_what_is_around_it(capsys: pytest.CaptureFixture[str]) -> None:
    """A path opens itself and its ancestors, and nothing else."""
    whole = laid_out(capsys, DECODER, "--expand", "all")["nodes"]
    inner = next(node for node in whole if node["is_group"] and node["parent"] is not None)
    nodes = laid_out(capsys, DECODER, "--expand", inner["id"])["nodes"]
    parts = inner["id"].split("/")
    around = {"/".join(parts[:k]) for k in range(1, len(parts) + 1)}
    opened = {node["id"] for node in nodes if node["is_expanded"]}
    assert inner["id"] in opened and opened <= around


NAMES = build_namespaces(["a/block_1/c", "a/block_2", "all", "x,y/z", "x", "deep/er/attention"])[0]


@pytest.mark.parametrize(
    ("texts", "opened"),
    [
        ([], []),
        (["none"], []),
        (["a/block_1/c"], ["a", "a/block_1", "a/block_1/c"]),
        (["a/block_2,x"], ["a", "a/block_2", "x"]),
        (["a", "x,"], ["a", "x"]),
        (["/a/block_1/"], ["a", "a/block_1"]),
        (["/all"], ["all"]),
        (["x,y/z"], ["x,y", "x,y/z"]),
        (["all"], NAMES.paths[1:]),
    ],
)
def test_expanded_by(texts: list[str], opened: list[str]) -> None:
    """Paths may be joined by commas, repeated, hold commas, or be called like a keyword."""
    assert sorted(NAMES.paths[i] for i in expanded_by(NAMES, texts)) == sorted(opened)


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("a/block_3", ("a/block_2", "a/block_1")),
        ("a/blok_1/c", ("a/block_1/c", "a/block_2")),
        ("attention", ("deep/er/attention",)),
        ("deep/er/nothing", ("deep/er/attention",)),
    ],
)
def test_an_unknown_group_names_the_nearest(text: str, near: tuple[str, ...]) -> None:
    """A slip of the pen in any part, or a path without its beginning, is met by what is there."""
    with pytest.raises(UnknownName) as caught:
        expanded_by(NAMES, [text])
    assert (caught.value.kind, caught.value.name, caught.value.near) == ("group", text, near)


@pytest.mark.parametrize(
    "arguments",
    [
        ("no_such_file.onnx",),
        (DECODER, "--expand", "no/such/group"),
        (DECODER, "--expand", "all,no"),
        (DECODER, "--graph", "no such graph"),
        (DECODER, "--json", "no/such/folder/out.json"),
    ],
)
def test_a_refusal_is_one_line_and_status_2(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """A bad file, group, graph or target: one line on standard error, nothing else."""
    assert main(["layout", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    assert captured.err.startswith("opscope: ") and "no" in captured.err


@pytest.mark.parametrize("content", [b"", b"\x08\x07", b"<html></html>"])
def test_a_bad_file_is_one_line_and_status_2(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Empty, cut and foreign files leave no JSON behind."""
    bad, target = tmp_path / "bad.onnx", tmp_path / "out.json"
    bad.write_bytes(content)
    assert main(["layout", str(bad), "--json", str(target)]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1 and "bad.onnx" in captured.err
    assert not target.exists()


def test_json_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--json FILE writes what --json - prints, and prints nothing."""
    target = tmp_path / "out.json"
    assert main(["layout", DECODER, "--graph", "main", "--json", str(target)]) == 0
    assert capsys.readouterr().out == ""
    report = json.loads(target.read_text(), parse_constant=refuse)
    assert report["options"]["graph"] == "main"
    assert report["nodes"] == laid_out(capsys, DECODER)["nodes"]


def test_summary_for_a_reader(capsys: pytest.CaptureFixture[str]) -> None:
    """Without --json phases come slowest first, with crossings, edge length and area."""
    assert main(["layout", DECODER, "--flat"]) == 0
    text = capsys.readouterr().out
    seconds = [float(ms) for ms in re.findall(r"^  \w+ +([\d.]+) ms", text, re.MULTILINE)]
    assert len(seconds) == 8 and seconds == sorted(seconds, reverse=True)
    assert all(word in text for word in ("kernels warm", "crossings", "edge length", "area"))


def test_no_panel_and_cold_costs_more() -> None:
    """The command imports no Panel; the first layout of a process loads kernels, and says so."""
    code = (
        "import sys, json; from dashboard.cli import main;"
        f"main(['layout', {DECODER!r}, '--cold']); main(['layout', {DECODER!r}]);"
        "print([m for m in ('panel', 'bokeh', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    cold, warm = (re.search(rf"laid out in (\S+ \w+) \({how}", done.stdout)
                  for how in ("first layout", "kernels warm"))  # fmt: skip
    assert cold is not None and warm is not None
    number, unit = cold[1].split()
    cold_ms = float(number.replace(",", "")) * {"ms": 1.0, "s": 1e3}[unit]
    assert cold_ms > float(warm[1].split()[0])
    assert done.stdout.rstrip().endswith("[]")
