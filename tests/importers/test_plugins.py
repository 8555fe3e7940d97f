"""Importers of other distributions: the documented example works, a broken one harms nobody."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from importers.plugins import GROUP
from tests.helpers.importer_contract import ROOT
from tests.helpers.onnx_models import small

GUIDE = (ROOT / "docs" / "add_an_importer.md").read_text()
SCRIPT = """
import json, sys
import importers
from graphs.errors import ReadError
rows = []
for path in sys.argv[1:]:
    try:
        model = importers.read(path)
        nodes = model.graphs[0].node_ids
        rows.append([model.format, list(nodes), [str(note) for note in model.notes]])
    except ReadError as error:
        rows.append([type(error).__name__, [], [str(error)]])
print(json.dumps({"rows": rows, "imported": sorted(sys.modules)}))
"""
BROKEN = {
    "absent": "no_such_module_of_anybody",
    "raises": "raises",
    "exits": "exits",
    "rowless": "rowless",
    "verbless": "verbless",
    "taken": "taken",
    "odd": "odd",
}
MODULES = {
    "raises": "1 / 0",
    "exits": "raise SystemExit(3)",
    "rowless": "def look(p): return True\ndef read(p, n): 1 / 0",
    "verbless": "from importers.registry import Format\nformat = Format('V', '', ('.v',))",
    "taken": "from importers.registry import Format\nformat = Format('ONNX', '', ('.onnx',))\n"
    "look = read = print",
    "odd": "from importers.registry import Format\nformat = Format('Odd', '', '.ODD')\n"
    "look = read = print",
}


def block(language: str) -> str:
    """Return the guide's block of code in that language; there is one of each."""
    [found] = re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
    return found


def install(folder: Path, name: str, entries: dict[str, str], modules: dict[str, str]) -> None:
    """Lay a distribution into a folder as an installer would."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = "".join(f"{key} = {value}\n" for key, value in entries.items())
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{lines}")
    for module, text in modules.items():
        (folder / f"{module}.py").write_text(text)


def opened(folder: Path, *paths: Path) -> dict:
    """Read files in a process that sees the folder's distributions."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, *map(str, paths)],
        cwd=folder,
        env={"PYTHONPATH": f"{folder}:{ROOT}", "PATH": "/usr/bin:/bin", "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """Folder with the guide's distribution installed, and its file as ``net.acme``."""
    project = tomllib.loads(block("toml"))["project"]
    entries = project["entry-points"][GROUP]
    install(tmp_path, project["name"], entries, {"acme_net": block("python")})
    (tmp_path / "net.acme").write_text(block("text"))
    return tmp_path


def test_the_documented_example_opens_its_file(example: Path) -> None:
    """What the guide shows, copied out of it and installed, reads what the guide shows."""
    renamed = example / "unknown"
    renamed.write_text(block("text"))
    cut = example / "cut.acme"
    cut.write_text("#acme-net 1\nalone\n")
    found = opened(example, example / "net.acme", renamed, cut)["rows"]
    names = ["image", "stem/conv", "stem/relu", "head/add"]
    assert found[0] == found[1] == ["Acme net", names, []]
    assert found[2][0] == "DamagedSource"
    assert "line 2 has no op type" in found[2][2][0]


def test_a_plugin_is_imported_only_when_it_may_be_needed(example: Path) -> None:
    """A file that one of our own formats marks as its own loads no foreign code."""
    tflite = ROOT / "sample_models" / "tflite" / "digits_cnn_float.tflite"
    assert "acme_net" not in opened(example, tflite)["imported"]
    assert "acme_net" in opened(example, example / "net.acme")["imported"]


def test_broken_plugins_are_told_and_break_nothing(example: Path) -> None:
    """Whatever foreign distributions do wrong, our files and other plugins' files open."""
    install(example, "broken", BROKEN, MODULES)
    onnx = example / "small.onnx"
    onnx.write_bytes(small().SerializeToString())
    text = example / "plain.txt"
    text.write_text("hello there")
    acme, ours, nothing = opened(example, example / "net.acme", onnx, text)["rows"]
    assert (acme[0], ours[0], nothing[0]) == ("Acme net", "ONNX", "UnknownFormat")
    for told in (acme[2], ours[2]):
        [note] = told
        assert f"({len(BROKEN)}×)" in note
        assert "absent = no_such_module_of_anybody" in note
    assert "Opscope opens:" in nothing[2][0]
    assert "An importer plugin failed" in nothing[2][0]


def test_a_plugin_that_fails_on_a_file_leaves_it_to_others(tmp_path: Path) -> None:
    """A plugin that claims our files and breaks is noted, and our importer reads them."""
    greedy = (
        "from importers.registry import Format\n"
        "format = Format('Greedy', '', ('.onnx', '.none'))\n"
        "def look(probe): return True\n"
        "def read(probe, notes): raise KeyError('surprise')\n"
    )
    install(tmp_path, "greedy", {"greedy": "greedy"}, {"greedy": greedy})
    onnx, other = tmp_path / "small.onnx", tmp_path / "a.none"
    onnx.write_bytes(small().SerializeToString())
    other.write_text("hello")
    ours, refused = opened(tmp_path, onnx, other)["rows"]
    assert ours[0] == "ONNX"
    assert any("surprise" in note for note in ours[2])
    assert refused[0] == "UnknownFormat"
    assert "surprise" in refused[2][0]


def test_a_plugin_that_returns_no_model_is_named(tmp_path: Path) -> None:
    """What a plugin gives back is looked at before it reaches the page."""
    wrong = (
        "from importers.registry import Format\n"
        "format = Format('Wrong', '', ('.wrong',))\n"
        "def look(probe): return probe.extension == '.wrong'\n"
        "def read(probe, notes): return 5\n"
    )
    install(tmp_path, "wrong", {"wrong": "wrong"}, {"wrong": wrong})
    file = tmp_path / "a.wrong"
    file.write_text("hello")
    [[error, _, [message]]] = opened(tmp_path, file)["rows"]
    assert error == "ReadError"
    assert "wrong = wrong returned no model" in message
