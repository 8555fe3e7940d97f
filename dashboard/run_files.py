"""The files that a run takes: on the server's disk, or sent by the reader and held in memory.

What was sent lies on disk only while something is measured. Imports no widgets.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dashboard.run_weights import content_sha256
from measures.conditions import sha256

_UNSAFE = re.compile(r"[^\w.-]+")
MAX_NAME_CHARS = 80


@dataclass(frozen=True, slots=True)
class FileSource:
    """A file or folder of the server, or files that the reader sent.

    Attributes
    ----------
    name : str
        For the reader.
    path : Path or None
    files : tuple of (str, bytes)
        Name and content; several are a folder. Empty where there is a path.
    """

    name: str
    path: Path | None = None
    files: tuple[tuple[str, bytes], ...] = ()

    def n_bytes(self) -> int:
        """Return the size of the file."""
        if self.path is None:
            return sum(len(content) for _, content in self.files)
        return self.path.stat().st_size

    def key(self) -> str:
        """Return size and SHA-256 of a single file's content."""
        if self.path is not None:
            return f"{self.n_bytes()}-{sha256(self.path)}"
        return f"{self.n_bytes()}-{hashlib.sha256(self.files[0][1]).hexdigest()}"

    def run_key(self) -> str:
        """Return size and SHA-256 as runs are kept by: weights in files beside it included.

        Raises
        ------
        OSError
            The file is gone, or cannot be read.
        """
        if self.path is not None:
            return f"{self.n_bytes()}-{content_sha256(self.path)}"
        return self.key()

    def sha256(self) -> str:
        """Return the SHA-256 of the content, of a folder's files in their order.

        Raises
        ------
        OSError
            The file is gone, or cannot be read.
        """
        if self.path is not None:
            return sha256(self.path)
        return hashlib.sha256(b"".join(content for _, content in self.files)).hexdigest()

    @contextmanager
    def on_disk(self, *, is_folder: bool = False) -> Iterator[Path]:
        """Give a path to read from; what was sent is written to a folder that is removed after."""
        if self.path is not None:
            yield self.path
            return
        with tempfile.TemporaryDirectory(prefix="opscope-") as name:
            folder = Path(name) / "uploaded"
            folder.mkdir()
            # A number keeps the order, and two files of one name apart.
            numbers = [f"{i:05d}-" for i in range(len(self.files))] if is_folder else [""]
            for number, (given, content) in zip(numbers, self.files, strict=True):
                path = folder / (number + safe_name(given))
                path.write_bytes(content)
            yield folder if is_folder else path


def safe_name(name: str) -> str:
    """Return a name that is a file's in any folder, ending kept."""
    flat = _UNSAFE.sub("_", name.replace("\\", "/").rpartition("/")[2]).lstrip(".")
    return flat[-MAX_NAME_CHARS:] or "file"
