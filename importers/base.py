"""What every importer is given and what it must offer. Imports no format and no framework.

An importer is a module with two functions of one signature each:

    look(probe: Probe) -> bool               does the content look like my format? moves nothing
    read(probe: Probe, notes: Notes) -> Model

and a row in `importers.registry.FORMATS`.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from graphs.errors import ReadError
from graphs.ir import Model
from importers.notes import Notes

HEAD_BYTES = 4096
MAX_FILE_BYTES = 8 << 30  # more than any model without external data; guards against /dev/zero
# A model that is a folder is opened by the file in it that says what the folder is.
FOLDER_FILES = ("saved_model.pb", "saved_model.pbtxt")


@dataclass(frozen=True)
class Probe:
    """A source that is being opened: a regular file, or bytes.

    Attributes
    ----------
    name : str
        What the reader calls it; its extension is a hint, never a proof.
    path : Path or None
        The file; None for bytes. What belongs to the model may be read from
        ``path.parent`` only.
    content : bytes or None
        The bytes where there is no file.
    """

    name: str
    path: Path | None = None
    content: bytes | None = None

    @cached_property
    def size(self) -> int:
        """Length in bytes."""
        if self.content is not None:
            return len(self.content)
        assert self.path is not None
        return self.path.stat().st_size

    @cached_property
    def head(self) -> bytes:
        """The first `HEAD_BYTES` bytes."""
        if self.content is not None:
            return self.content[:HEAD_BYTES]
        assert self.path is not None
        with self.path.open("rb") as file:
            return file.read(HEAD_BYTES)

    @cached_property
    def extension(self) -> str:
        """Lower-case extension with its dot, e.g. ``.onnx``; may be empty."""
        return Path(self.name).suffix.lower()

    def read_bytes(self, limit: int = MAX_FILE_BYTES) -> bytes:
        """Return the whole content.

        Raises
        ------
        ReadError
            It is larger than `limit` bytes.
        """
        if self.size > limit:
            raise ReadError(self.name, f"it has {self.size:,} bytes; the limit is {limit:,}")
        if self.content is not None:
            return self.content
        assert self.path is not None
        return self.path.read_bytes()


@contextmanager
def without_collector() -> Iterator[None]:
    """Pause the cycle collector: it would scan a growing heap again and again for nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class Importer(Protocol):
    """The two verbs of an importer module."""

    def look(self, probe: Probe) -> bool:
        """Return whether the content looks like the format; read no more than is needed."""

    def read(self, probe: Probe, notes: Notes) -> Model:
        """Return the model; raise a `ReadError` where there is none."""


def make_probe(source: object, name: str | None = None) -> Probe:
    """Return the probe of a path, of bytes or of an open binary file.

    A folder is opened by the file in it that stands for it.

    Raises
    ------
    ReadError
        The path does not exist, cannot be read or is not a regular file; the
        open file gives text, or more than `MAX_FILE_BYTES`.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return Probe(name or "model", content=bytes(source))
    if not isinstance(source, str | os.PathLike):
        return _probe_of_file(source, name)
    path = Path(source)
    label = name or path.name or path.absolute().name or str(path)
    try:
        if path.is_dir():
            path = _file_of_folder(path, label)
        if not path.is_file():
            reason = "it is not a regular file" if path.exists() else "there is no such file"
            raise ReadError(label, reason)
        probe = Probe(label, path=path)
        _ = probe.head
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ReadError(label, f"it cannot be read: {reason}") from error
    return probe


def _probe_of_file(file: object, name: str | None) -> Probe:
    """Read an open file from where it stands to its end."""
    stated = getattr(file, "name", None)
    label = name or (Path(stated).name if isinstance(stated, str) and stated else "model")
    read = getattr(file, "read", None)
    assert callable(read), "objects are told apart before"
    try:
        content = read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ReadError(label, f"it cannot be read: {error}") from error
    if not isinstance(content, bytes | bytearray):
        raise ReadError(label, "the open file gives text; open it in binary mode")
    if len(content) > MAX_FILE_BYTES:
        raise ReadError(label, f"it has more than {MAX_FILE_BYTES:,} bytes")
    return Probe(label, content=bytes(content))


def model_file(path: Path) -> Path | None:
    """Return the regular file that is read for a path: itself, or what stands for a folder."""
    try:
        files = [path / name for name in FOLDER_FILES] if path.is_dir() else [path]
        return next((file for file in files if file.is_file()), None)
    except (OSError, ValueError):
        return None


def _file_of_folder(folder: Path, label: str) -> Path:
    file = model_file(folder)
    if file is not None:
        return file
    if (folder / "Manifest.json").is_file() and (folder / "Data").is_dir():
        what = "a Core ML package (.mlpackage), which Opscope does not read. Open"
        raise ReadError(label, f"it is {what} the model that it was converted from")
    known = " or ".join(FOLDER_FILES)
    raise ReadError(label, f"it is a folder without {known}; name a file in it")
