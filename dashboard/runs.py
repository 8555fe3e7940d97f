"""Runs on disk, in the user's data folder: one folder a model's content, one a run in it.

    <data>/opscope/runs/<bytes of the model>-<SHA-256>/<run>/run.json, values.parquet,
                                                             channels.parquet

A file that is damaged costs its run, which is told, and nothing else. The size comes
first in the name so that a model of which there is no run need not be hashed. Nothing
is unpickled. Imports no widgets.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from dashboard.run_files import FileSource
from dashboard.run_record import RECORD_VERSION, Run, RunRecord
from dashboard.run_values import CHANNELS, VALUES, read_run, write_channels, write_values
from graphs.errors import MeasureError, quoted

RECORD = "run.json"
MAX_LISTED = 200
MAX_RECORD_BYTES = 64 << 20
MAX_TITLE_CHARS = 80
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,63}")
_DECODER = msgspec.json.Decoder(RunRecord)


def data_folder() -> Path:
    """Return where this user's runs are kept, as the system has it; it need not exist."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin" and not os.environ.get("XDG_DATA_HOME"):
        base = str(Path.home() / "Library" / "Application Support")
    else:
        base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "opscope" / "runs"


@dataclass(frozen=True, slots=True)
class Listed:
    """The runs of a model.

    Attributes
    ----------
    key : str
        Of the model; empty where no run of it can exist.
    records : tuple of RunRecord
        Newest first, at most `MAX_LISTED`.
    problems : tuple of str
        A sentence for each run that cannot be read.
    """

    key: str = ""
    records: tuple[RunRecord, ...] = ()
    problems: tuple[str, ...] = ()


class RunStore:
    """Keeps runs in a folder; safe to use from any thread."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or data_folder()

    def find(self, file: FileSource) -> Listed:
        """Return the runs of a model file; it is hashed only where one of its size has runs."""
        try:
            start = f"{file.n_bytes()}-"
            there = self.folder.is_dir() and any(
                one.name.startswith(start) for one in self.folder.iterdir()
            )
            return self.list(file.run_key()) if there else Listed()
        except OSError as error:
            return Listed(problems=(f"The kept runs cannot be read: {error.strerror}.",))

    def list(self, key: str) -> Listed:
        """Return the runs of the model with that key."""
        folder = self.folder / key
        there = folder.iterdir() if key and folder.is_dir() else ()
        ids = [one.name for one in there if _ID.fullmatch(one.name)]
        records, problems = [], []
        for id in sorted(ids, reverse=True)[:MAX_LISTED]:
            try:
                records.append(self._record(folder / id))
            except (OSError, msgspec.DecodeError, ValueError, RecursionError) as error:
                problems.append(f"A kept run ({id}) cannot be read: {quoted(error)}.")
        return Listed(key, tuple(records), tuple(problems))

    def load(self, key: str, record: RunRecord) -> Run:
        """Return a run with its values.

        Raises
        ------
        MeasureError
            The values are missing or damaged.
        """
        try:
            return read_run(self._place(key, record.id), record)
        except (OSError, ValueError, KeyError, MemoryError) as error:
            reason = f"its values cannot be read ({quoted(error)})"
            raise MeasureError(f"again what {record.title} holds", reason) from error

    def save(self, key: str, run: Run) -> None:
        """Write a run; what was kept of it before is replaced.

        Raises
        ------
        MeasureError
            The folder cannot be written.
        """
        folder = self._place(key, run.record.id)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # The values first: a record never names a column that is not there.
            with _replacing(folder / VALUES) as partial:
                write_values(partial, run)
            if len(run.channels):
                with _replacing(folder / CHANNELS) as partial:
                    write_channels(partial, run.channels)
            self._write_record(folder, run.record)
        except OSError as error:
            raise MeasureError("for later", f"runs cannot be kept: {error.strerror}") from error

    def rename(self, key: str, record: RunRecord, title: str) -> RunRecord:
        """Give a run another title; return its new record.

        Raises
        ------
        MeasureError
            The folder cannot be written.
        """
        renamed = msgspec.structs.replace(record, title=quoted(title, MAX_TITLE_CHARS))
        try:
            self._write_record(self._place(key, record.id), renamed)
        except OSError as error:
            raise MeasureError("for later", f"it cannot be renamed: {error.strerror}") from error
        return renamed

    def delete(self, key: str, record: RunRecord) -> None:
        """Delete a run; its model's folder goes with the last."""
        folder = self._place(key, record.id)
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            folder.parent.rmdir()

    def _place(self, key: str, id: str) -> Path:
        if not _ID.fullmatch(id) or not re.fullmatch(r"\d+-[0-9a-f]{64}", key):
            raise MeasureError("for later", f"no run may be named {id}")
        return self.folder / key / id

    def _record(self, folder: Path) -> RunRecord:
        path = folder / RECORD
        if path.stat().st_size > MAX_RECORD_BYTES:
            raise ValueError("the record is too large")
        record = _DECODER.decode(path.read_bytes())
        if record.version != RECORD_VERSION or record.id != folder.name:
            raise ValueError("another version of Opscope wrote it, or it was moved")
        return record

    def _write_record(self, folder: Path, record: RunRecord) -> None:
        with _replacing(folder / RECORD) as partial:
            partial.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1))


@contextlib.contextmanager
def _replacing(path: Path) -> Any:
    """Give a new file that takes the place of `path` whole, or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".")
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
