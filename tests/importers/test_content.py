"""What is refused, and how: each content is named, under every extension, with what would open."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from graphs.errors import ReadError, UnknownFormat
from importers import FORMATS, read
from importers.base import Probe
from importers.content import recognise


def zipped(members: Mapping[str, bytes]) -> bytes:
    """Return a ZIP archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def tarred() -> bytes:
    """Return a tar archive with one member."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("model.onnx"), io.BytesIO(b""))
    return out.getvalue()


def safetensors() -> bytes:
    """Return a file of one tensor, as its specification lays it out."""
    header = {"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    return len(text).to_bytes(8, "little") + text + bytes(8)


def field(number: int, content: bytes) -> bytes:
    """Return a protobuf field of bytes, up to 127 of them."""
    tag = number << 3 | 2
    head = bytes([tag]) if tag < 128 else bytes([tag & 127 | 128, tag >> 7])
    return head + bytes([len(content)]) + content


def core_ml() -> bytes:
    """Return the beginning of a Core ML model: version, description of an input, a network."""
    feature = field(1, b"image") + field(3, field(4, b"\x10\x03"))
    return b"\x08\x04" + field(2, field(1, feature) + field(10, feature)) + field(500, b"\x0a\x00")


CAFFE = """name: "LeNet"
layer {
  name: "data"
  type: "Input"
  top: "data"
}
"""
OPENVINO = '<?xml version="1.0"?>\n<net name="m" version="11">\n<layers></layers></net>'
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"

# What it is -> content, words that name it, words that say what is needed.
FOREIGN: dict[str, tuple[bytes, str, str]] = {
    "executorch": (b"\x1c\0\0\0ET12" + bytes(40), "ExecuTorch program", ".pt2"),
    "litert-lm": (b"LITERTLM" + bytes(40), "LiteRT-LM", ".tflite"),
    "safetensors": (safetensors(), "safetensors", "weights and no graph"),
    "gguf": (b"GGUF\x03\0\0\0" + bytes(40), "GGUF", "weights and no graph"),
    "core ml": (core_ml(), "Core ML", "Open the model that it was made from"),
    "tensorrt": (b"ptrt" + bytes(40), "TensorRT engine", ".onnx"),
    "tensorrt 10": (b"ftrt" + bytes(40), "TensorRT engine", ".onnx"),
    "openvino": (OPENVINO.encode(), "OpenVINO", "converted from"),
    "caffe": (CAFFE.encode(), "Caffe", "converted from"),
    "ort": (b"\x1c\0\0\0ORTM" + bytes(40), "ONNX Runtime", ".onnx"),
    "lfs": (LFS, "Git LFS pointer", "git lfs pull"),
    "html": (b"\n<!DOCTYPE html><html><title>404</title></html>", "HTML page", "Opscope opens"),
    "xml": (b"<?xml version='1.0'?><Error/>", "XML", "Opscope opens"),
    "empty": (b"", "an empty file", "Opscope opens"),
    "blank": (b" \n \n", "blank text", "Opscope opens"),
    "pickle": (b"\x80\x04\x95\x0c\0\0\0\0\0\0\0\x8c\x08builtins", "pickle", "never loaded"),
    "numpy": (b"\x93NUMPY\x01\0v\0{'descr'", "NumPy", "weights and no graph"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(40), "PNG", "Opscope opens"),
    "tar": (tarred(), "tar archive", "Unpack"),
    "parquet": (b"PAR1" + bytes(40), "Parquet", "Node data"),
    "elf": (b"\x7fELF" + bytes(40), "native program", "Opscope opens"),
    "ncnn": (b"7767517\n1 1\nInput data 0 1 data\n", "ncnn", "converted from"),
    "darknet": (b"[net]\nbatch=1\n[convolutional]\n", "Darknet", "converted from"),
    "checkpoint": (b'model_checkpoint_path: "model.ckpt-1"\n', "checkpoint", "Opscope opens"),
}
EXTENSIONS = sorted({one for row in FORMATS for one in row.extensions} | {"", ".txt"})


@pytest.mark.parametrize("what", FOREIGN)
def test_a_foreign_content_is_named_under_every_name(what: str) -> None:
    """No extension makes an importer guess at what is certainly something else."""
    content, phrase, needs = FOREIGN[what]
    for extension in EXTENSIONS:
        with pytest.raises(UnknownFormat) as caught:
            read(content, name=f"file{extension}")
        said = str(caught.value)
        assert phrase in said
        assert needs in said


ARCHIVES = {
    "bundle": ({"a/model.tflite": b"x", "labels.txt": b"y"}, "2 members", "open a/model.tflite"),
    "weights": ({"m/data.pkl": b"\x80\x02", "m/data/0": b"x"}, "pickle", "torch.export.save"),
    "numpy": ({"w.npy": b"\x93NUMPY"}, "NumPy arrays", ""),
    "core ml": ({"m.mlpackage/Data/com.apple.CoreML/model.mlmodel": b""}, "Core ML package", ""),
    "any": ({f"{i}.txt": b"" for i in range(9)}, "9 members (0.txt, 1.txt, 2.txt, 3.txt, …)", ""),
}


@pytest.mark.parametrize("what", ARCHIVES)
def test_an_archive_is_told_by_its_members(what: str) -> None:
    """A ZIP archive that no format accepts says what is in it and what of that would open."""
    members, phrase, needs = ARCHIVES[what]
    looks = recognise(Probe("m.zip", content=zipped(members)))
    assert phrase in looks.phrase
    assert needs in looks.needs
    with pytest.raises(ReadError):
        read(zipped(members), name="m.zip")


def test_what_a_name_promises_is_said() -> None:
    """A file that is not what its name says hears what it should be."""
    with pytest.raises(UnknownFormat, match="By its name it should be ONNX"):
        read(b"\xfe\xed\xfa\xce nothing that is known", name="m.onnx")


def test_folders_are_told_apart(tmp_path: Path) -> None:
    """A Core ML package is named; any other folder hears which file would make it a model."""
    (tmp_path / "Data").mkdir()
    (tmp_path / "Manifest.json").write_text("{}")
    with pytest.raises(ReadError, match="Core ML package"):
        read(tmp_path)
    with pytest.raises(ReadError, match=r"a folder without saved_model\.pb"):
        read(tmp_path / "Data")


def test_onnx_is_not_taken_for_core_ml() -> None:
    """The two formats begin alike; the first feature's name tells them apart."""
    for producer in (b"pytorch", b"x" * 100, b"\x0a\x0a tools", b"\x0a\x20\x0a\x02\x1a\x1a"):
        content = b"\x08\x08" + field(2, producer) + field(7, field(2, b"g"))
        assert "Core ML" not in recognise(Probe("m", content=content)).phrase
