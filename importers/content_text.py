"""Say what a text is, by the words that only such a text has. Imports no format."""

from __future__ import annotations

import codecs
import re

from graphs.errors import quoted
from importers.looks import Looks

_ORIGINAL = "Open the model that it was converted from"
# Regular expression over the text without leading blanks -> what it is.
_WORDS: tuple[tuple[str, Looks], ...] = (
    (
        r"<(!doctype )?html|<\?xml[^>]*>\s*<html",
        Looks("an HTML page, perhaps the error page of a download", is_certain=True),
    ),
    (
        r"(<\?xml[^>]*>\s*)?<net\s[^>]*version=",
        Looks("an OpenVINO model (.xml)", _ORIGINAL, is_certain=True),
    ),
    (r"<\?xml", Looks("an XML document", is_certain=True)),
    (r"\[net(work)?\]\s", Looks("a Darknet configuration (.cfg)", _ORIGINAL, is_certain=True)),
    (r"[{[]", Looks("JSON that is no graph")),
    (r"HloModule", Looks("HLO text")),
    (
        r"(?s)(name:.{0,200}?)?(input:.{0,500}?)?layers?\s*\{.{0,500}?(bottom|top|type):",
        Looks("a Caffe network (.prototxt)", _ORIGINAL, is_certain=True),
    ),
    (r"model_checkpoint_path:", Looks("the index of TensorFlow checkpoints", is_certain=True)),
    (
        r"(<\s*)?ir_version:",
        Looks("ONNX as text", "Save it in binary form, with onnx.save(model, 'model.onnx')"),
    ),
    (r"7767517\s", Looks("an ncnn network (.param)", _ORIGINAL, is_certain=True)),
    (r"(?s).{0,200}module.*(func\.func|stablehlo|loc\()", Looks("MLIR text")),
)


def text_looks(head: bytes) -> Looks:
    """Return what the first bytes of a file are; binary data by its first eight."""
    try:
        # The head may end inside a character, which an incremental decoder forgives.
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return Looks(f"binary data that begins with {head[:8].hex(' ')}")
    start = text.lstrip("\ufeff \t\r\n")
    if not start:
        return Looks("blank text", is_certain=True)
    for pattern, looks in _WORDS:
        if re.match(pattern, start, re.IGNORECASE):
            return looks
    return Looks(f"text that begins with “{quoted(start[:40])}”")
