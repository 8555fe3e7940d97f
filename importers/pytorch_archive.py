"""The ZIP archive around an exported program: which models it holds, and its members' bytes.

Layouts (https://github.com/pytorch/pytorch/tree/main/torch/export/pt2_archive):

* torch 2.5 to 2.7: ``serialized_exported_program.json`` at the top, weights in
  ``serialized_state_dict.pt``, constants in ``serialized_constants.pt``
* torch 2.8: ``NAME/models/MODEL.json``, weights in ``NAME/data/weights/MODEL.pt``
* torch 2.9 and later: the same, weights as raw bytes, described by
  ``NAME/data/weights/MODEL_weights_config.json``

Members are read by the archive's own list, so that no path leads out of it. Imports no torch.
"""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import IO

from graphs.errors import DamagedSource, ReadError, UnsupportedFeature
from importers.base import Probe

FORMAT = "PyTorch ExportedProgram"
OLD_PROGRAM = "serialized_exported_program.json"
MODELS, WEIGHTS, CONSTANTS = "models/", "data/weights/", "data/constants/"
COMPILED = "data/aotinductor/"
MAX_MEMBERS = 400_000
MAX_MEMBER_BYTES = 4 << 30
FREE_BYTES = 16 << 20  # of a compressed member, whatever its ratio
MAX_RATIO = 200  # text of repeated blocks shrinks thirtyfold
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    struct.error,
)


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The members that make up one model.

    Attributes
    ----------
    name : str
        The model's name; ``model`` unless somebody packed several.
    program : str
        Its JSON.
    weights, constants : str
        Its `PayloadConfig`, or where the name ends in ``.pt``, what torch.save wrote.
    """

    name: str
    program: str
    weights: str
    constants: str


class Archive:
    """The members of one archive, by their names without the folder around them.

    Parameters
    ----------
    probe : Probe

    Raises
    ------
    DamagedSource
        It is no whole ZIP archive.
    """

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._stamp = self._stat()
        with self._bytes() as file:
            _refuse_many(file)
            with zipfile.ZipFile(file) as archive:
                infos = archive.infolist()
        folder = infos[0].filename.partition("/")[0] + "/" if infos else ""
        shared = folder if all(info.filename.startswith(folder) for info in infos) else ""
        self.members = {info.filename[len(shared) :]: info for info in infos}

    @property
    def name(self) -> str:
        """What the reader calls the file."""
        return self._probe.name

    @cached_property
    def models(self) -> list[ModelFiles]:
        """The exported programs, in the order of the archive."""
        found: list[ModelFiles] = []
        if OLD_PROGRAM in self.members:
            stored = "serialized_state_dict.pt", "serialized_constants.pt"
            found.append(ModelFiles("model", OLD_PROGRAM, *stored))
        for member in self.members:
            if member.startswith(MODELS) and member.endswith(".json") and len(member) > 12:
                name = member[len(MODELS) : -len(".json")]
                weights = self._payload(WEIGHTS, name, "weights")
                found.append(
                    ModelFiles(name, member, weights, self._payload(CONSTANTS, name, "constants"))
                )
        return found

    @property
    def is_compiled(self) -> bool:
        """Whether it holds machine code of AOTInductor."""
        return any(member.startswith(COMPILED) for member in self.members)

    def size(self, member: str) -> int:
        """Return the length of a member in bytes, -1 where there is none."""
        info = self.members.get(member)
        return -1 if info is None else info.file_size

    def read(self, member: str, limit: int = MAX_MEMBER_BYTES) -> bytes:
        """Return the bytes of a member.

        Raises
        ------
        DamagedSource
            There is no such member, or it is cut or corrupt.
        UnsupportedFeature
            It is larger than `limit`, or shrunk so much that it may be a trap.
        ReadError
            The file was replaced since it was opened.
        """
        info = self._info(member)
        is_swollen = info.file_size > max(FREE_BYTES, MAX_RATIO * info.compress_size)
        if info.file_size > limit or is_swollen:
            feature = f"{member} of {info.file_size:,} bytes in {info.compress_size:,}"
            raise UnsupportedFeature(self.name, feature, format=FORMAT)
        with self._bytes() as file:
            file.seek(_start(file, info))
            data = file.read(info.compress_size)
            if info.compress_type == zipfile.ZIP_DEFLATED:
                data = zlib.decompressobj(-15).decompress(data, info.file_size + 1)
            if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
                raise ValueError(f"{member} is not what the directory says")
        return data

    @contextmanager
    def inner(self, member: str) -> Iterator[zipfile.ZipFile]:
        """Open a member that is an archive itself, without reading all of it.

        Raises
        ------
        DamagedSource
            There is no such member, or it is no whole ZIP archive.
        """
        info = self._info(member)
        if info.compress_type != zipfile.ZIP_STORED:
            with (
                self._broken_is_damaged(),
                zipfile.ZipFile(io.BytesIO(self.read(member))) as zipped,
            ):
                yield zipped
            return
        with self._bytes() as file:
            window = Window(file, _start(file, info), info.file_size)
            _refuse_many(window)
            with zipfile.ZipFile(window) as zipped:
                yield zipped

    def _info(self, member: str) -> zipfile.ZipInfo:
        info = self.members.get(member)
        if info is None:
            raise self.damaged(f"it has no member {member}")
        if info.flag_bits & 1 or info.compress_type not in (
            zipfile.ZIP_STORED,
            zipfile.ZIP_DEFLATED,
        ):
            feature = f"{member}, which is encrypted or packed in an unusual way"
            raise UnsupportedFeature(self.name, feature, format=FORMAT)
        return info

    def damaged(self, reason: str) -> DamagedSource:
        """Return the error for something that is wrong in the archive."""
        return DamagedSource(self.name, reason, format=FORMAT)

    def _payload(self, folder: str, model: str, what: str) -> str:
        config, pickled = f"{folder}{model}_{what}_config.json", f"{folder}{model}.pt"
        return config if config in self.members or pickled not in self.members else pickled

    def _stat(self) -> tuple[int, int]:
        path = self._probe.path
        if path is None:
            return 0, 0
        try:
            found = path.stat()
        except OSError as error:
            raise ReadError(self.name, f"it cannot be read: {error.strerror}") from error
        return found.st_size, found.st_mtime_ns

    @contextmanager
    def _bytes(self) -> Iterator[IO[bytes]]:
        """Open the file; whatever is wrong with it ends in our error."""
        with self._broken_is_damaged():
            if self._stat() != self._stamp:
                reason = "the file was replaced since it was opened"
                raise ReadError(self.name, reason, format=FORMAT)
            with self._file() as file:
                yield file

    @contextmanager
    def _broken_is_damaged(self) -> Iterator[None]:
        try:
            yield
        except ReadError:
            raise
        except OSError as error:
            raise ReadError(self.name, f"it cannot be read: {error.strerror}") from error
        except _BROKEN as error:
            raise self.damaged(f"its ZIP archive is cut or corrupt ({error})") from error

    def _file(self) -> IO[bytes]:
        probe = self._probe
        if probe.path is not None:
            return probe.path.open("rb")
        return io.BytesIO(probe.content or b"")


class Window(io.RawIOBase):
    """A part of a file as a file; reads no further than its end.

    Parameters
    ----------
    file : binary file
    start, length : int
        Bytes.
    """

    def __init__(self, file: IO[bytes], start: int, length: int) -> None:
        self._file = file
        self._start = start
        self._length = length
        self._at = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a byte of the part and return where that is."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """Return where the next byte is read."""
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """Return at most `size` bytes; all that are left if it is negative."""
        n_left = max(0, self._length - self._at)
        n_bytes = n_left if size is None or size < 0 else min(size, n_left)
        self._file.seek(self._start + self._at)
        data = self._file.read(n_bytes)
        self._at += len(data)
        return data


def _start(file: IO[bytes], info: zipfile.ZipInfo) -> int:
    """Return where the bytes of a member begin; raises ValueError where no member begins."""
    file.seek(info.header_offset)
    header = file.read(30)
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        raise ValueError(f"no member begins at byte {info.header_offset:,}")
    n_name, n_extra = struct.unpack("<HH", header[26:])
    return info.header_offset + 30 + int(n_name) + int(n_extra)


def _refuse_many(file: IO[bytes] | Window) -> None:
    """Refuse a directory so large that listing it would fill the memory.

    Raises
    ------
    ValueError
        It takes more bytes than `MAX_MEMBERS` entries do, or is claimed to.
    """
    end = file.seek(0, io.SEEK_END)
    file.seek(max(0, end - 66_000))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    n_bytes = int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0
    wide = tail.rfind(b"PK\x06\x06")
    if wide >= 0:
        n_bytes = max(n_bytes % 0xFFFFFFFF, int.from_bytes(tail[wide + 40 : wide + 48], "little"))
    if n_bytes > 128 * MAX_MEMBERS:
        raise ValueError(f"a directory of {n_bytes:,} bytes")
    file.seek(0)
