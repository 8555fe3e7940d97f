"""What all importers share: probes, the table of formats, names, notes, and what refusals say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from graphs.errors import ReadError, UnknownFormat
from graphs.tensor_type import DTYPE_BITS
from importers import FORMATS, read
from importers.base import HEAD_BYTES, Probe, make_probe
from importers.content import recognise
from importers.dtypes import ONNX_DTYPES
from importers.naming import MAX_ID_CHARS, Namer
from importers.notes import MAX_EXAMPLES, MAX_NOTES, Notes
from importers.opening import candidates
from importers.registry import importer_of
from tests.helpers import onnx_models as models


def test_a_path_and_its_bytes_give_the_same_model(tmp_path: Path) -> None:
    """It makes no difference whether a model is opened by path, as text or Path, or uploaded."""
    content = models.small().SerializeToString()
    path = tmp_path / "small.onnx"
    path.write_bytes(content)
    opened = [read(path), read(str(path)), read(content, name="small.onnx")]
    assert {model.name for model in opened} == {"small.onnx"}
    assert {model.graphs[0].node_ids for model in opened} == {opened[0].graphs[0].node_ids}


def test_a_given_name_replaces_the_files_own(tmp_path: Path) -> None:
    """An upload that was stored under a random name keeps the name that its owner gave it."""
    path = tmp_path / "upload-7f3a"
    path.write_bytes(models.small().SerializeToString())
    assert read(path, name="my model.onnx").name == "my model.onnx"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda folder: folder / "missing.onnx", "no such file"),
        (lambda folder: folder, "it is a folder"),
        (lambda folder: "/dev/null", "not a regular file"),
        (lambda folder: folder / "fifo", "not a regular file"),
        (lambda folder: "bad\0name", "cannot be read|no such file"),
    ],
)
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, make, reason: str) -> None:
    """Missing files, folders, devices and pipes are named, and never waited for."""
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(ReadError, match=reason):
        read(make(tmp_path))


def test_a_probe_reads_the_head_only(tmp_path: Path) -> None:
    """Looking at a file of any size costs a few kilobytes."""
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a hole: no byte of it is stored
    probe = make_probe(path)
    assert (len(probe.head), probe.size) == (HEAD_BYTES, 1 << 40)
    with pytest.raises(ReadError, match="the limit is"):
        probe.read_bytes()


def test_candidates_come_by_magic_then_by_name() -> None:
    """Bytes that say what they are come first, whatever the extension claims."""
    tflite = Probe("model.onnx", content=b"\x1c\0\0\0TFL3" + bytes(32))
    assert [one.row.name for one in candidates(tflite)][:2] == ["TFLite", "ONNX"]
    unknown = Probe("model", content=b"\x08\x08")
    assert "ONNX" in [one.row.name for one in candidates(unknown)]


def test_every_format_of_the_table_is_an_importer() -> None:
    """Each row's module has the two verbs, each name is used once."""
    assert len({row.name for row in FORMATS}) == len(FORMATS)
    for row in FORMATS:
        probe = Probe(f"x{row.extensions[0]}", content=b"")
        importer = importer_of(row)
        assert callable(importer.read)
        assert not importer.look(probe)


def test_opening_one_format_imports_no_other_framework() -> None:
    """A process that refuses an HTML page has loaded no framework at all."""
    code = (
        "import sys\n"
        "from importers import read\n"
        "from graphs.errors import UnknownFormat\n"
        "try: read(b'<!DOCTYPE html><html></html>', name='m.onnx')\n"
        "except UnknownFormat: pass\n"
        "heavy = {'onnx', 'onnxruntime', 'tensorflow', 'torch', 'ai_edge_litert', 'jax', 'panel'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("content", "phrase"),
    [
        (b"", "an empty file"),
        (b"<!DOCTYPE html><html>", "an HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"\x80\x04\x95abc", "pickle"),
        (b"PK\x03\x04broken", "ZIP archive that is cut"),
        (b"GGUF\x03\x00", "GGUF"),
        (b"HloModule m", "HLO text"),
        (b"module @m { func.func @main() }", "MLIR text"),
        (b"[1, 2]", "JSON that is no graph"),
        (b"\xfe\xed\xfa\xce rest", "binary data that begins with fe ed fa ce"),
        (b"hello there", "text that begins with “hello there”"),
        (b"\n\n", "blank text"),
        (b"\x80", "binary data"),
        (("é" * 5000).encode()[1:], "binary data"),
        (b"x" + ("é" * 5000).encode(), "text that begins with “xé"),
    ],
)
def test_a_refusal_says_what_the_content_is(content: bytes, phrase: str) -> None:
    """The reader learns what the file is, and which formats would have opened."""
    assert phrase in recognise(Probe("m.onnx", content=content)).phrase


def test_an_unknown_format_names_what_would_open() -> None:
    """The error lists every format that was tried."""
    with pytest.raises(UnknownFormat) as caught:
        read(b"hello there", name="m.txt")
    for row in FORMATS:
        assert row.name in str(caught.value)


def test_names_are_unique_and_stable() -> None:
    """The same wishes give the same names; clashes and cuts are noted, unless they are allowed."""
    notes = Notes()
    namer = Namer(notes)
    wishes = ["a", "a", "", "", "a#2", "b" * 2000, "Op_0"]
    got = [namer.unique(wish, "Op") for wish in wishes]
    assert got[:5] == ["a", "a#2", "Op_0", "Op_1", "a#2#2"]
    assert len(got[5]) <= MAX_ID_CHARS
    assert len(set(got)) == len(got)
    again = Namer(Notes())
    assert [again.unique(wish, "Op") for wish in wishes] == got
    assert {note.kind for note in notes.all()} == {"guessed", "lost"}
    quiet = Notes()
    namer = Namer(quiet)
    assert namer.unique_all(["a", "b"], "Op") == ["a", "b"]
    assert namer.unique_all(["b", "c", ""], "Op", is_noted=False) == ["b#2", "c", "Op_0"]
    assert quiet.all() == ()


def test_a_million_equal_names_take_no_time() -> None:
    """Numbers are counted on, not searched from one."""
    namer = Namer(Notes())
    names = {namer.unique("same", "") for _ in range(200_000)}
    assert len(names) == 200_000


def test_notes_count_and_keep_few_examples() -> None:
    """A hostile file makes neither many notes nor long ones."""
    notes = Notes()
    for i in range(1000):
        notes.add("damaged", "broken", f"place {i} " + "x" * 10_000)
    for i in range(1000):
        notes.add("lost", f"message {i}")
    found = notes.all()
    assert (found[0].n_times, len(found[0].examples)) == (1000, MAX_EXAMPLES)
    assert max(map(len, found[0].examples)) <= 200
    assert len(found) == MAX_NOTES + 1
    assert sum(note.n_times for note in found) == 2000


def test_every_dtype_of_onnx_is_one_of_ours() -> None:
    """Each code that onnx defines has a name in the common vocabulary, and the right size."""
    from onnx import TensorProto, helper

    for code in TensorProto.DataType.values():
        name = ONNX_DTYPES[code]
        if name not in ("", "string"):
            assert name == helper.tensor_dtype_to_np_dtype(code).name
            assert name in DTYPE_BITS
