"""Inputs of a model: a file of arrays, a folder of pictures, or seeded random data.

One array a model input, each with the samples along its first axis; a sample is
fed as a batch of one, or the first `batch` samples as one batch. Arrays are read
without pickle. Imports NumPy, `graphs.errors` and `measures.images` only.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.errors import NotRunnable
from measures.images import Preprocessing, image_files, read_image

MAX_INPUT_BYTES = 2 << 30
SEED = 0
RANDOM_WORDS = "random data (seed {seed}): times hold, errors are not those of real inputs"

Feed = dict[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What a model input takes.

    Attributes
    ----------
    name : str
    dtype : str
        NumPy's name.
    shape : tuple of int or None
        None where the dimension is free.
    dims : tuple of str
        Names of the free dimensions, by axis; empty where there is none, and for a
        fixed one. May be shorter than `shape`.
    low, high : float or None
        The range that the model declares for its values, where it does.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]
    dims: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None

    def sizes(self, given: Mapping[str, int], default: int) -> tuple[int, ...]:
        """Return the shape with each free dimension filled in.

        Parameters
        ----------
        given : mapping of str to int
            By the dimension's name, or by ``INPUT.AXIS`` where it has none.
        default : int
        """
        names = [*self.dims, *[""] * len(self.shape)]
        return tuple(
            size
            if size is not None
            else given.get(names[axis], given.get(f"{self.name}.{axis}", default))
            for axis, size in enumerate(self.shape)
        )


@dataclass(frozen=True, slots=True)
class Samples:
    """What is fed.

    Attributes
    ----------
    feeds : list of Feed
        At least one.
    origin : str
        Where they come from, for the record; says so where they are random.
    notes : tuple of str
        What was guessed.
    """

    feeds: list[Feed]
    origin: str
    notes: tuple[str, ...] = ()

    @property
    def origin_of_first(self) -> str:
        """Where the first feed comes from: what is timed."""
        if len(self.feeds) == 1:
            return self.origin
        n = len(next(iter(self.feeds[0].values()), ()))
        return f"the first {n:,} of {self.origin}" if n > 1 else f"the first of {self.origin}"


def samples(specs: Sequence[InputSpec], request: Mapping[str, Any]) -> Samples:
    """Return the feeds that a request asks for.

    Parameters
    ----------
    specs : sequence of InputSpec
    request : mapping
        ``inputs``: path of a file or folder, or None for random data; ``batch``;
        ``images``: fields of `Preprocessing`; ``dims``: sizes of free dimensions by
        name; ``free_dimension``: of those that are not named; ``n_samples``: how many
        random samples.

    Raises
    ------
    NotRunnable
        The inputs do not fit, or a size is given for a dimension that there is not.
    """
    dims = {str(k): int(v) for k, v in (request.get("dims") or {}).items()}
    check_dims(specs, dims)
    if request.get("inputs"):
        path = Path(request["inputs"])
        how = Preprocessing.of(request["images"]) if request.get("images") else Preprocessing()
        rows = read_folder(path, specs, how) if path.is_dir() else read_samples(path, specs)
        n = len(next(iter(rows.values())))
        origin = f"{n:,} samples of {path.name}"
        origin += f": {how.words}" if path.is_dir() else ""
        return Samples(batches(rows, int(request.get("batch", 1))), origin)
    default, n = int(request.get("free_dimension", 1)), int(request.get("n_samples", 1))
    feeds = [random_feed(specs, default, dims, SEED + i) for i in range(max(1, n))]
    return Samples(feeds, RANDOM_WORDS.format(seed=SEED), _filled(specs, dims, default))


def check_dims(specs: Sequence[InputSpec], dims: Mapping[str, int]) -> None:
    """Refuse a size below 1, and one for a dimension that no input has.

    Raises
    ------
    NotRunnable
    """
    known = list(dict.fromkeys(name for spec in specs for name in free_names(spec)))
    for name, size in dims.items():
        if size < 1:
            raise NotRunnable("the model", f"a size of at least 1 for {name}")
        if name not in known and not any(name == f"{s.name}.{a}" for s in specs
                                         for a, d in enumerate(s.shape) if d is None):  # fmt: skip
            there = ", ".join(known) or "none: every size is fixed"
            raise NotRunnable("the model", f"sizes of its free dimensions only ({there})")


def free_names(spec: InputSpec) -> list[str]:
    """Return the names by which the free dimensions of an input are given."""
    names = [*spec.dims, *[""] * len(spec.shape)]
    free = [axis for axis, size in enumerate(spec.shape) if size is None]
    return [names[axis] or f"{spec.name}.{axis}" for axis in free]


def _filled(specs: Sequence[InputSpec], dims: Mapping[str, int], default: int) -> tuple[str, ...]:
    names = dict.fromkeys(name for spec in specs for name in free_names(spec))
    guessed = [name for name in names if name not in dims]
    return (f"Free dimensions taken as {default}: {', '.join(guessed)[:200]}",) if guessed else ()


def read_samples(path: Path, specs: Sequence[InputSpec]) -> Feed:
    """Return the arrays of an `.npz` by input name, or of an `.npy`; samples along the first axis.

    A single array feeds a single input whatever its name.

    Raises
    ------
    NotRunnable
        The file lacks an input, holds objects, is too large, or its arrays differ
        in their number of samples.
    """
    try:
        arrays = _array_file(path)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise NotRunnable("the model", f"a readable .npz file of inputs ({error})") from error
    if len(specs) == 1 and len(arrays) == 1:
        arrays = {specs[0].name: next(iter(arrays.values()))}
    missing = [spec.name for spec in specs if spec.name not in arrays]
    if missing:
        raise NotRunnable("the model", f"inputs named {', '.join(missing)}")
    rows = {arrays[spec.name].shape[:1] for spec in specs}
    if len(rows) != 1 or rows in ({()}, {(0,)}):
        raise NotRunnable("the model", "inputs with one and the same number of samples, not none")
    return {spec.name: arrays[spec.name] for spec in specs}


def _array_file(path: Path) -> Feed:
    with path.open("rb") as file:
        is_array = file.read(6) == b"\x93NUMPY"
    if is_array:
        _check_bytes(path.stat().st_size)  # an array is read as long as its file, not longer
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        return {"": np.array(mapped)}
    with zipfile.ZipFile(path) as archive:
        _check_bytes(sum(info.file_size for info in archive.infolist()))
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _check_bytes(n_bytes: int) -> None:
    if n_bytes > MAX_INPUT_BYTES:
        raise NotRunnable("the model", f"inputs of at most {MAX_INPUT_BYTES:,} bytes")


def read_folder(path: Path, specs: Sequence[InputSpec], how: Preprocessing) -> Feed:
    """Return the pictures of a folder as samples of a model with one input.

    Raises
    ------
    NotRunnable
        The model has several inputs or takes no pictures, or a picture cannot be read.
    """
    if len(specs) != 1:
        raise NotRunnable("the model", f"an .npz file: pictures feed one input, not {len(specs)}")
    files = image_files(path)
    spec = specs[0]
    rows = []
    for file in files:
        rows.append(read_image(file, spec.shape, how))
        _check_bytes(rows[0].nbytes * len(files))
        if rows[-1].shape != rows[0].shape:
            raise NotRunnable("the model", "pictures of one size, since the input's is free")
    stacked: NDArray[np.generic] = np.stack(rows)
    is_whole = np.dtype(spec.dtype).kind in "iu"
    if is_whole:  # a model that takes pixels as they are
        bounds = np.iinfo(spec.dtype)
        stacked = np.clip(np.rint(np.stack(rows)), bounds.min, bounds.max).astype(spec.dtype)
    return {spec.name: stacked}


def batches(samples: Feed, batch: int) -> list[Feed]:
    """Return the samples as feeds of `batch` samples; a last, smaller one is kept."""
    n = len(next(iter(samples.values()))) if samples else 0
    return [
        {name: rows[start : start + batch] for name, rows in samples.items()}
        for start in range(0, n, batch)
    ]


def random_feed(
    specs: Sequence[InputSpec],
    free_dimension: int = 1,
    dims: Mapping[str, int] | None = None,
    seed: int = SEED,
) -> Feed:
    """Return one seeded feed: uniform over the declared range of each input.

    Without one, floats are 0..1, and integers and booleans 0 or 1: small integers are
    valid indices of almost every table. What a model does with random data says
    nothing about its accuracy, only about its time.

    Raises
    ------
    NotRunnable
        An input has a type that cannot be drawn, or is too large.
    """
    random = np.random.default_rng(seed)
    feed: Feed = {}
    for spec in specs:
        shape = spec.sizes(dims or {}, free_dimension)
        n = int(np.prod([float(d) for d in shape])) if shape else 1
        if n * 8 > MAX_INPUT_BYTES:
            raise NotRunnable("the model", f"a smaller input than {spec.name} {shape}")
        feed[spec.name] = _drawn(spec, shape, random)
    return feed


def _drawn(
    spec: InputSpec, shape: tuple[int, ...], random: np.random.Generator
) -> NDArray[np.generic]:
    try:
        dtype = np.dtype(spec.dtype)
    except TypeError:
        dtype = np.dtype(object)
    low = 0.0 if spec.low is None else spec.low
    high = 1.0 if spec.high is None else spec.high
    if dtype.kind == "f":
        return np.asarray(low + (high - low) * random.random(shape)).astype(dtype)
    if dtype.kind in "iub":
        return random.integers(int(low), int(high), shape, endpoint=True).astype(dtype)
    raise NotRunnable("the model", f"a value for input {spec.name} of type {spec.dtype}")


def renamed(feed: Feed, names: Sequence[str]) -> Feed:
    """Return a feed for the inputs of a twin: by name, else by position.

    Raises
    ------
    NotRunnable
        The twin has another number of inputs.
    """
    if set(names) <= set(feed):
        return {name: feed[name] for name in names}
    if len(names) != len(feed):
        raise NotRunnable("the model", f"as many inputs as its twin has, {len(feed)}")
    return dict(zip(names, feed.values(), strict=True))
