"""HDF5 as Keras writes it, read without trust: groups, text attributes and plain datasets.

Specification: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t4.html

Only hard links are followed, so that nothing outside of the file is ever opened; datasets
that keep their data in other files (external storage, virtual datasets) are refused before
their extent is asked for. What a dataset claims is compared with what the file holds before
anything is allocated. Imports h5py inside functions; knows nothing of Keras.
"""

from __future__ import annotations

import io
import math
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.errors import DamagedSource, ReadError, UnsupportedFeature
from graphs.tensor_type import TensorType
from importers.hdf5_heaps import broken_heap

MAGIC = b"\x89HDF\r\n\x1a\n"
MAX_RATIO = 200  # of compressed data; weights are noise and hardly shrink
RATIO_FROM_BYTES = 64 << 20
MAX_TEXT_BYTES = 1 << 28
MAX_RANK = 32

HdfPath = tuple[bytes, ...]


class Window(io.RawIOBase):
    """A range of a file as a file of its own: a stored member of an archive, in place.

    Parameters
    ----------
    path : Path
    start, length : int
        Bytes.
    """

    def __init__(self, path: Path, start: int, length: int) -> None:
        super().__init__()
        with path.open("rb") as file:
            self._data = _mapped(file)  # HDF5 asks for very many very small pieces
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
        """Move, and return the position in the window."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """Return the position in the window."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as the window reaches."""
        n_bytes = max(0, min(len(buffer), self._length - self._at))
        at = self._start + self._at
        data = self._data[at : at + n_bytes]
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        """Let go of the file."""
        self._data.close()
        super().close()


@dataclass(frozen=True, slots=True)
class HdfPlace:
    """Where an HDF5 file lies: a file, a range of one, or bytes.

    Attributes
    ----------
    name : str
        Of the model, for errors.
    path : Path or None
    start, length : int
        Bytes; the whole file where `is_part` is False.
    content : bytes or None
    stamp : tuple of int
        Size and time of the file when it was opened; a file that was replaced is refused.
    is_part : bool
    """

    name: str
    path: Path | None
    start: int
    length: int
    content: bytes | None = None
    stamp: tuple[int, int] = (0, 0)
    is_part: bool = False

    @contextmanager
    def open(self) -> Iterator[HdfFile]:
        """Open the file for the length of a block; whatever HDF5 says becomes our error.

        Raises
        ------
        ReadError
            It is damaged, or was replaced.
        """
        with hdf5_errors(self.name):
            stream = self._stream()
            import h5py

            try:
                target = self.path if stream is None else stream
                with h5py.File(target, "r", **({"locking": False} if stream is None else {})) as f:
                    yield HdfFile(self.name, self.length, f.id, self)
            finally:
                if stream is not None:
                    stream.close()

    def check_heaps(self) -> None:
        """Refuse a file over whose texts HDF5 would run for ever.

        Raises
        ------
        DamagedSource
            A heap's objects do not fill it.
        """
        if self.path is None:
            content = self.content or b""
            at = broken_heap(content, 0, len(content))
        else:
            with self.path.open("rb") as file, _mapped(file) as data:
                at = broken_heap(data, self.start, min(self.start + self.length, len(data)))
        if at is not None:
            raise DamagedSource(self.name, "a heap of texts is broken", format="Keras", offset=at)

    def _stream(self) -> io.IOBase | None:
        if self.path is None:
            return io.BytesIO(self.content or b"")
        if stamp_of(self.path) != self.stamp:
            raise ReadError(self.name, "the file was replaced since it was opened; open it again")
        return Window(self.path, self.start, self.length) if self.is_part else None


def _mapped(file: io.BufferedReader) -> mmap.mmap:
    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def stamp_of(path: Path) -> tuple[int, int]:
    """Return what changes when a file is replaced."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns


@contextmanager
def hdf5_errors(name: str) -> Iterator[None]:
    """Turn what h5py raises on a broken file into `DamagedSource`."""
    try:
        yield
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError) as error:
        raise DamagedSource(name, f"its HDF5 data is broken: {error}", format="Keras") from error
    except (MemoryError, NotImplementedError) as error:
        raise DamagedSource(name, "its HDF5 data claims what cannot be", format="Keras") from error


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """A dataset, as far as its header tells.

    Attributes
    ----------
    type : TensorType
    n_held : int
        Elements that the file can hold of it.
    n_bytes : int
        Bytes of those elements, unpacked.
    problem : str
        Why its data cannot be read; empty where it can.
    """

    type: TensorType
    n_held: int
    n_bytes: int
    problem: str = ""


class HdfFile:
    """An open file. Groups and datasets are h5py's low-level ids.

    Parameters
    ----------
    name : str
    size : int
        Bytes.
    root : h5py.h5f.FileID
    place : HdfPlace
        Where it lies.
    """

    def __init__(self, name: str, size: int, root: Any, place: HdfPlace) -> None:
        import h5py

        self.name = name
        self.size = size
        self.root = h5py.h5g.open(root, b"/")
        self.refused_links: list[str] = []
        self._place = place
        self._has_whole_heaps = False

    def links(self, group: Any) -> list[tuple[bytes, object]]:
        """Return (name, address) of a group's hard links, in the order of their names.

        Links to one object have one address.
        """
        import h5py

        found: list[tuple[bytes, object]] = []

        def visit(name: bytes, info: Any) -> None:
            if info.type == h5py.h5l.TYPE_HARD:
                found.append((name, info.u))
            else:
                self.refused_links.append(name.decode("utf-8", "replace"))

        group.links.iterate(visit, info=True)
        return found

    def opened(self, group: Any, name: bytes) -> Any:
        """Return the object behind a hard link that `links` gave."""
        import h5py

        return h5py.h5o.open(group, name)

    def child(self, group: Any, name: bytes) -> Any | None:
        """Return the group or dataset of that name; None where there is no hard link to one."""
        import h5py

        if not name or b"/" in name or name in (b".", b".."):
            return None
        try:
            kind = group.links.get_info(name).type
        except (KeyError, RuntimeError):  # to ask first whether it exists takes as long again
            return None
        if kind != h5py.h5l.TYPE_HARD:
            self.refused_links.append(name.decode("utf-8", "replace"))
            return None
        return h5py.h5o.open(group, name)

    def find(self, path: HdfPath, start: Any | None = None) -> Any | None:
        """Return what lies at a path of hard links, from the root or from `start`."""
        here = self.root if start is None else start
        for name in path:
            if not is_group(here):
                return None
            here = self.child(here, name)
        return here

    def texts(self, group: Any, name: str) -> list[str] | None:
        """Return an attribute as texts, one for a scalar; None where there is none.

        Raises
        ------
        DamagedSource
            It claims more than the file holds.
        """
        import h5py

        try:
            attribute = h5py.h5a.open(group, name.encode())
        except KeyError:  # to ask first whether it exists takes half as long again
            return None
        shape = attribute.shape
        if shape is None:  # a null dataspace
            return []
        n_elements = math.prod(shape)
        kind = attribute.get_type()
        is_text = kind.get_class() == h5py.h5t.STRING
        is_vlen = is_text and kind.is_variable_str()
        claimed = n_elements * (self.size if is_vlen and n_elements > 1 else kind.get_size())
        if claimed > (MAX_TEXT_BYTES if is_vlen else self.size):
            raise DamagedSource(self.name, f"the attribute {name} claims {claimed:,} bytes")
        if is_vlen and not self._has_whole_heaps:
            self._place.check_heaps()
            self._has_whole_heaps = True
        if is_text and not is_vlen:
            found = np.zeros(shape, f"S{kind.get_size()}")
            attribute.read(found)
        else:
            found = np.asarray(h5py.AttributeManager(h5py.Group(group))[name])
        values = found.reshape(-1).tolist()
        return [
            one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one) for one in values
        ]

    def info(self, dataset: Any) -> DatasetInfo:
        """Return what a dataset claims and what the file holds of it."""
        import h5py

        # What has an offset lies in this file in one piece.
        plist = dataset.get_create_plist() if dataset.get_offset() is None else None
        if plist is not None and (
            plist.get_layout() == h5py.h5d.VIRTUAL or plist.get_external_count()
        ):
            return DatasetInfo(TensorType(), 0, 0, "its data lies in other files")
        shape = dataset.shape
        dtype, item_bytes = self._dtype(dataset)
        if not dtype or len(shape) > MAX_RANK:
            return DatasetInfo(TensorType("", shape), 0, 0, "it holds no plain numbers")
        type = TensorType(dtype, shape)
        n_claimed = type.n_elements or 0
        limit = self._limit(dataset, plist, item_bytes)
        if n_claimed * item_bytes <= limit:
            return DatasetInfo(type, n_claimed, n_claimed * item_bytes)
        n_stored = dataset.get_storage_size() // item_bytes
        problem = f"it claims {n_claimed:,} elements and the file cannot hold them"
        return DatasetInfo(type, n_stored, n_stored * item_bytes, problem)

    def _limit(self, dataset: Any, plist: Any, item_bytes: int) -> int:
        """Return how many bytes a dataset can unpack to."""
        import h5py

        n_stored = min(int(dataset.get_storage_size()), self.size)
        if plist is None or plist.get_layout() != h5py.h5d.CHUNKED:
            return n_stored
        n_chunk = item_bytes
        for length in plist.get_chunk():
            n_chunk *= int(length)
        limit = max(min(n_stored * 1100, RATIO_FROM_BYTES), n_stored * MAX_RATIO)
        return limit if n_chunk <= limit else 0

    def _dtype(self, dataset: Any) -> tuple[str, int]:
        import h5py

        kind = dataset.get_type()
        if kind.equal(h5py.h5t.IEEE_F32LE):
            return "float32", 4  # by far the commonest
        family, n_bytes = kind.get_class(), int(kind.get_size())
        if family == h5py.h5t.OPAQUE and n_bytes == 2:  # what h5py makes of NumPy's void
            stated = self.texts(dataset, "dtype") or []
            return ("bfloat16", 2) if stated == ["bfloat16"] else ("", 0)
        if family not in (h5py.h5t.INTEGER, h5py.h5t.FLOAT, h5py.h5t.ENUM):
            return "", 0
        found = np.dtype(kind.dtype)
        return (found.name, n_bytes) if found.kind in "biuf" else ("", 0)

    def array(self, path: HdfPath) -> NDArray[np.generic]:
        """Return the data of a dataset.

        Raises
        ------
        UnsupportedFeature
            It holds no plain numbers, or keeps them in other files.
        DamagedSource
            It is not there, or claims more than the file holds.
        """
        import h5py

        dataset = self.find(path)
        if not isinstance(dataset, h5py.h5d.DatasetID):
            raise DamagedSource(self.name, "a weight is not where it was", format="Keras")
        info = self.info(dataset)
        if info.problem and not info.type.dtype:
            raise UnsupportedFeature(self.name, f"a weight: {info.problem}", format="Keras")
        if info.problem:
            raise DamagedSource(self.name, f"a weight: {info.problem}", format="Keras")
        found: NDArray[np.generic] = np.asarray(h5py.Dataset(dataset)[()])
        if info.type.dtype == "bfloat16":
            import ml_dtypes

            return found.view(np.uint16).view(ml_dtypes.bfloat16)
        return found


def is_group(found: Any) -> bool:
    """Return whether an object is a group."""
    import h5py

    return isinstance(found, h5py.h5g.GroupID)


def is_dataset(found: Any) -> bool:
    """Return whether an object is a dataset."""
    import h5py

    return isinstance(found, h5py.h5d.DatasetID)
