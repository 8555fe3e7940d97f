"""Say what a file is that nobody accepts, and what would have opened instead.

A mark in the bytes settles most; archives are known by their members
(`content_archives`), text by its words (`content_text`). Only the head is read,
and the list of an archive's members. Imports no format.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from importers.base import Probe
from importers.content_archives import archive_looks
from importers.content_text import text_looks
from importers.looks import Looks

_ORIGINAL = "Open the model that it was made from"
_NO_GRAPH = "It holds weights and no graph. Open the model that they belong to"


@dataclass(frozen=True, slots=True)
class Mark:
    """Bytes at an offset that tell what a file is; `pattern` is a regular expression."""

    at: int
    pattern: bytes
    looks: Looks


def _foreign(phrase: str, needs: str) -> Looks:
    return Looks(phrase, needs, is_certain=True)


_MARKS = (
    Mark(
        0,
        rb"version https://git-lfs\.github\.com/",
        Looks("a Git LFS pointer, not the file itself", "Run: git lfs pull", is_certain=True),
    ),
    Mark(0, b"LITERTLM", _foreign("a LiteRT-LM bundle (.litertlm)", "Open the .tflite inside it")),
    Mark(0, b"GGUF", _foreign("a GGUF file", _NO_GRAPH)),
    Mark(4, rb"ET\d\d", _foreign("an ExecuTorch program (.pte)", "Open the .pt2 it was made from")),
    Mark(4, b"FT01", _foreign("ExecuTorch tensors (.ptd)", _NO_GRAPH)),
    Mark(4, b"ORTM", _foreign("an ONNX Runtime model (.ort)", "Open the .onnx it was made from")),
    Mark(4, b"PTMF", _foreign("a PyTorch Mobile model (.ptl)", _ORIGINAL)),
    Mark(0, b"[pf]trt", _foreign("a TensorRT engine", "Open the .onnx it was made from")),
    Mark(0, rb"\x89PNG", _foreign("a PNG picture", "")),
    Mark(0, rb"\xff\xd8\xff", _foreign("a JPEG picture", "")),
    Mark(0, b"%PDF", _foreign("a PDF document", "")),
    Mark(0, rb"\x93NUMPY", _foreign("a NumPy array", _NO_GRAPH)),
    Mark(0, b"PAR1", _foreign("a Parquet file", "Node data is loaded onto an open model")),
    Mark(0, rb"\x7fELF", _foreign("a native program or library", "")),
    Mark(0, b"RKNN", _foreign("a Rockchip RKNN model", _ORIGINAL)),
    Mark(257, b"ustar", _foreign("a tar archive", "Unpack it first")),
    Mark(0, rb"\x1f\x8b", Looks("a gzip archive", "Unpack it first")),
    Mark(0, b"BZh", Looks("a bzip2 archive", "Unpack it first")),
    Mark(0, rb"\xfd7zXZ", Looks("an xz archive", "Unpack it first")),
    Mark(0, rb"7z\xbc\xaf", Looks("a 7-Zip archive", "Unpack it first")),
    Mark(0, rb"\x28\xb5\x2f\xfd", Looks("a Zstandard archive", "Unpack it first")),
    Mark(0, rb"\x89HDF\r\n\x1a\n", Looks("an HDF5 file that is no Keras model")),
    Mark(4, b"TFL3", Looks("a TFLite model that is damaged")),
    Mark(0, rb"ML\xefR", Looks("MLIR bytecode")),
)


def recognise(probe: Probe) -> Looks:
    """Return what the content is, e.g. ``an HTML page``, and what would be needed."""
    head = probe.head
    if not head:
        return Looks("an empty file", is_certain=True)
    for mark in _MARKS:
        if re.compile(mark.pattern, re.DOTALL).match(head, mark.at):
            return mark.looks
    if head[:2] == b"PK":
        return archive_looks(probe)
    if _is_safetensors(probe):
        return _foreign("a safetensors file", _NO_GRAPH)
    if re.match(rb"\x80[\x02-\x05]", head):
        return _foreign("a Python pickle, which is never loaded because it can run code", _ORIGINAL)
    if _is_core_ml(head):
        return _foreign("a Core ML model (.mlmodel)", _ORIGINAL)
    return text_looks(head)


def _is_safetensors(probe: Probe) -> bool:
    """Return whether a JSON header follows its own length.

    https://github.com/huggingface/safetensors#format
    """
    length = int.from_bytes(probe.head[:8], "little")
    is_header = probe.head[8:9] == b"{" and 2 <= length <= probe.size - 8
    return is_header and any(
        word in probe.head for word in (b'"dtype"', b'"__metadata__"', b'"data_offsets"', b"{}")
    )


def _is_core_ml(head: bytes) -> bool:
    """Return whether a specification version and a description of features come first.

    https://github.com/apple/coremltools/blob/main/mlmodel/format/Model.proto
    """
    if len(head) < 8 or head[0] != 0x08 or not 1 <= head[1] <= 20 or head[2] != 0x12:
        return False
    at, length = 3, 0
    for shift in range(0, 28, 7):
        byte = head[at] if at < len(head) else 0
        at += 1
        length |= (byte & 127) << shift
        if byte < 128:
            break
    inside = head[at : at + length]
    # The first feature is a message of a name and a type. ONNX has a producer's name here, and
    # SavedModel a graph, whose first message has no third field right behind a text.
    if len(inside) < 5 or inside[0] != 0x0A or inside[1] > 127 or inside[2] != 0x0A:
        return False
    return inside[4 + inside[3] : 5 + inside[3]] == b"\x1a"
