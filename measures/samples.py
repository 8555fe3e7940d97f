"""Inputs of a model: rows of an `.npz` file, or seeded random data.

One array a model input, each with the samples along its first axis; a sample is
fed as a batch of one, or the first `batch` samples as one batch. Arrays are read
without pickle. Imports nothing but NumPy and `graphs.errors`.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphs.errors import NotRunnable

MAX_INPUT_BYTES = 2 << 30
SEED = 0

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
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]


def read_samples(path: Path, specs: Sequence[InputSpec]) -> Feed:
    """Return the arrays of an `.npz` by input name, samples along the first axis.

    A single array feeds a single input whatever its name.

    Raises
    ------
    NotRunnable
        The file lacks an input, holds objects, is too large, or its arrays differ
        in their number of samples.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(info.file_size for info in archive.infolist())
        if size > MAX_INPUT_BYTES:
            raise NotRunnable("the model", f"inputs of at most {MAX_INPUT_BYTES:,} bytes")
        with np.load(path, allow_pickle=False) as file:
            arrays: Feed = {name: file[name] for name in file.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
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


def batches(samples: Feed, batch: int) -> list[Feed]:
    """Return the samples as feeds of `batch` samples; a last, smaller one is kept."""
    n = len(next(iter(samples.values()))) if samples else 0
    return [
        {name: rows[start : start + batch] for name, rows in samples.items()}
        for start in range(0, n, batch)
    ]


def random_feed(specs: Sequence[InputSpec], free_dimension: int = 1) -> Feed:
    """Return one seeded feed: uniform 0..1 for floats, 0 or 1 for integers and booleans.

    Small integers are valid indices of almost every table; what a model does with
    random data says nothing about its accuracy, only about its time.

    Raises
    ------
    NotRunnable
        An input has a type that cannot be drawn, or is too large.
    """
    random = np.random.default_rng(SEED)
    feed: Feed = {}
    for spec in specs:
        shape = tuple(free_dimension if d is None else d for d in spec.shape)
        n = int(np.prod([float(d) for d in shape])) if shape else 1
        if n * 8 > MAX_INPUT_BYTES:
            raise NotRunnable("the model", f"a smaller input than {spec.name} {shape}")
        try:
            dtype = np.dtype(spec.dtype)
        except TypeError:
            dtype = np.dtype(object)
        if dtype.kind == "f":
            feed[spec.name] = random.random(shape).astype(dtype)
        elif dtype.kind in "iub":
            feed[spec.name] = random.integers(0, 2, shape).astype(dtype)
        else:
            raise NotRunnable("the model", f"a value for input {spec.name} of type {spec.dtype}")
    return feed


def renamed(feed: Feed, names: Sequence[str]) -> Feed:
    """Return a feed for the inputs of a twin: by name, else by position.

    Raises
    ------
    NotRunnable
        The twin has another number of inputs.
    """
    if set(names) == set(feed):
        return feed
    if len(names) != len(feed):
        raise NotRunnable("the model", f"as many inputs as its twin has, {len(feed)}")
    return dict(zip(names, feed.values(), strict=True))
