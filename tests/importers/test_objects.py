"""Objects instead of files: frameworks' own, open files, bytes of every kind."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

import importers
from graphs.errors import ReadError, UnknownObject
from graphs.text import canonical_text
from importers.objects import OBJECT_READERS, is_object, rows_of
from tests.helpers import onnx_models as models
from tests.helpers.importer_contract import check_sources


def test_an_onnx_message_reads_as_its_file_would() -> None:
    """A ModelProto in memory gives the model that its bytes give, under the name of its graph."""
    for make in (models.small, models.branching, models.with_functions, models.every_attribute):
        proto = make()
        model = importers.read(proto)
        assert canonical_text(model) == canonical_text(importers.read(proto.SerializeToString()))
        assert model.name == "tiny"
        assert importers.read(proto, name="mine").name == "mine"
        check_sources(model)


def test_an_open_graph_does_not_follow_its_message() -> None:
    """What an owner does to a message afterwards changes nothing that is open."""
    proto = models.small()
    model = importers.read(proto)
    before = canonical_text(model), model.graphs[0].source.attributes(2)
    del proto.graph.node[:]
    proto.Clear()
    assert (canonical_text(model), model.graphs[0].source.attributes(2)) == before


def test_external_data_of_a_message_is_noted() -> None:
    """A message has no folder: its external weights are known to be missing."""
    model = importers.read(models.external("weights.bin"))
    assert any("without its folder" in str(note) for note in model.notes)


def test_bytes_and_open_files_are_sources(tmp_path: Path) -> None:
    """Whatever holds bytes opens: bytes, bytearray, memoryview, a stream, a file from its place."""
    content = models.small().SerializeToString()
    path = tmp_path / "small.onnx"
    path.write_bytes(b"skipped" + content)
    with path.open("rb") as file:
        file.seek(len(b"skipped"))
        sources = [content, bytearray(content), memoryview(content), io.BytesIO(content), file]
        opened = [importers.read(source) for source in sources]
    assert [model.name for model in opened] == ["model"] * 4 + ["small.onnx"]
    assert len({canonical_text(model) for model in opened}) == 1


def test_a_path_is_whatever_states_one(tmp_path: Path) -> None:
    """os.PathLike is a path, and a text always is."""

    class Somewhere(os.PathLike):
        def __fspath__(self) -> str:
            return str(tmp_path / "small.onnx")

    (tmp_path / "small.onnx").write_bytes(models.small().SerializeToString())
    assert importers.read(Somewhere()).name == "small.onnx"


def test_a_file_in_text_mode_is_refused(tmp_path: Path) -> None:
    """A text is no content: the error says to open the file in binary mode."""
    with pytest.raises(ReadError, match="binary mode"):
        importers.read(io.StringIO("HloModule m"))
    closed = (tmp_path / "x").open("wb")
    closed.close()
    with pytest.raises(ReadError, match="cannot be read"):
        importers.read(closed)


@pytest.mark.parametrize("given", [None, 5, [], {"nodes": []}, object(), ReadError, lambda: 0])
def test_other_objects_are_refused_by_name(given: object) -> None:
    """The error says what was given and all that would be accepted."""
    with pytest.raises(UnknownObject) as caught:
        importers.read(given)
    assert type(given).__qualname__ in str(caught.value)
    for row in OBJECT_READERS:
        assert row.accepts in str(caught.value)


def test_an_onnx_object_that_is_no_model_is_refused() -> None:
    """A part of a model is not taken for one."""
    with pytest.raises(UnknownObject, match="GraphProto"):
        importers.read(models.small().graph)


def test_options_are_for_objects() -> None:
    """An option with a file is a mistake of the caller's, and is not passed over."""
    with pytest.raises(TypeError, match="takes no options, but example_inputs"):
        importers.read(b"", example_inputs=())


def test_a_class_may_state_any_module() -> None:
    """Where a class says it comes from is looked up, never trusted to be a text."""
    odd = type("Odd", (), {"__module__": 5})()
    assert rows_of(odd) == []
    assert is_object(odd)
    claims = type("Claims", (), {"__module__": "onnx.imagined"})()
    with pytest.raises(UnknownObject):
        importers.read(claims)


def test_every_reader_of_objects_keeps_the_contract_and_imports_no_framework() -> None:
    """Each row's module has the two verbs, declines a strange object, and loads no framework."""
    code = (
        "import importlib, sys\n"
        "from importers.objects import OBJECT_READERS\n"
        "modules = [importlib.import_module(row.module) for row in OBJECT_READERS]\n"
        "heavy = {row.framework for row in OBJECT_READERS} | {'tensorflow', 'h5py'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
        "for module in modules:\n"
        "    assert callable(module.read_object)\n"
        "    assert module.look_object(object()) is False, module\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "[]"
