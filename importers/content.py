"""Say what a file that nobody accepts looks like, for the error message."""

from __future__ import annotations

import codecs
import io
import zipfile

from graphs.errors import quoted
from importers.base import Probe

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (
        0,
        b"version https://git-lfs.github.com/",
        "a Git LFS pointer, not the file itself; run git lfs pull",
    ),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file, such as a Keras model or weights"),
    (0, b"\x89PNG", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"%PDF", "a PDF document"),
    (0, b"\x1f\x8b", "a gzip archive; unpack it first"),
    (0, b"GGUF", "a GGUF file, which holds weights and no graph"),
    (4, b"ET12", "an ExecuTorch program (.pte)"),
    (4, b"TFL3", "a TFLite model that is damaged"),
    (0, b"ML\xefR", "MLIR bytecode"),
    (0, b"\x7fELF", "a native program or library"),
    (257, b"ustar", "a tar archive; unpack it first"),
)


def looks_like(probe: Probe) -> str:
    """Return a phrase for what the content is, e.g. ``an HTML page``."""
    head = probe.head
    if not head:
        return "an empty file"
    for at, mark, phrase in _MAGIC:
        if head[at : at + len(mark)] == mark:
            return phrase
    if head[:2] == b"PK":
        return _zip(probe)
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "a Python pickle, which is never loaded because it can run code"
    return _text(head)


def _zip(probe: Probe) -> str:
    try:
        with zipfile.ZipFile(probe.path or io.BytesIO(probe.content or b"")) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return "a ZIP archive that is cut or damaged"
    shown = ", ".join(quoted(n) for n in names[:4])
    return f"a ZIP archive with {len(names):,} members ({shown}{', …' if len(names) > 4 else ''})"


def _text(head: bytes) -> str:
    try:
        # The head may end inside a character, which an incremental decoder forgives.
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return f"binary data that begins with {head[:8].hex(' ')}"
    start = text.lstrip("\ufeff \t\r\n")
    if start[:1] == "<" and ("<html" in start.lower() or "<!doctype html" in start.lower()):
        return "an HTML page, perhaps the error page of a download"
    if start.startswith(("{", "[")):
        return "JSON that is no graph"
    if start.startswith("HloModule"):
        return "HLO text"
    if "module" in start[:200] and ("func.func" in text or "stablehlo" in text or "loc(" in text):
        return "MLIR text"
    return f"text that begins with “{quoted(start[:40])}”" if start else "blank text"
