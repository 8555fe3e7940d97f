"""Inputs of a model: files without pickle, and seeded random data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graphs.errors import NotRunnable
from measures.samples import InputSpec, batches, random_feed, read_samples, samples

IMAGE = InputSpec("image", "float32", (None, 4))
MASK = InputSpec("mask", "bool", (None,))


def _saved(path: Path, **arrays: object) -> Path:
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


def test_arrays_are_read_by_input_name(tmp_path: Path) -> None:
    """Each input gets the array of its name; others in the file are left."""
    path = _saved(tmp_path / "in.npz", mask=np.ones(3, bool), image=np.zeros((3, 4)), more=1)
    found = read_samples(path, [IMAGE, MASK])
    assert {name: rows.shape for name, rows in found.items()} == {"image": (3, 4), "mask": (3,)}


def test_a_single_array_feeds_a_single_input(tmp_path: Path) -> None:
    """Converters rename inputs: with one of each the name does not matter."""
    path = _saved(tmp_path / "in.npz", x=np.zeros((2, 4)))
    assert list(read_samples(path, [IMAGE])) == ["image"]


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"image": np.zeros((2, 4))}, "named mask"),
        ({"image": np.zeros((2, 4)), "mask": np.ones(3, bool)}, "same number"),
        ({"image": np.zeros((0, 4)), "mask": np.ones(0, bool)}, "same number"),
        ({"image": np.zeros((2, 4)), "mask": np.array([{}, {}])}, "readable"),
    ],
)
def test_files_that_do_not_fit_are_refused(
    tmp_path: Path, arrays: dict[str, object], words: str
) -> None:
    """A missing input, numbers of samples that differ, none at all, and objects are refused."""
    path = _saved(tmp_path / "in.npz", **arrays)
    with pytest.raises(NotRunnable, match=words):
        read_samples(path, [IMAGE, MASK])


def test_a_size_is_checked_before_it_is_allocated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive that would unpack past the limit is refused unread."""
    monkeypatch.setattr("measures.samples.MAX_INPUT_BYTES", 1000)
    path = tmp_path / "in.npz"
    np.savez_compressed(path, image=np.zeros((1000, 4)))
    with pytest.raises(NotRunnable, match="at most 1,000 bytes"):
        read_samples(path, [IMAGE])
    with pytest.raises(NotRunnable, match="smaller input"):
        random_feed([InputSpec("x", "float32", (1 << 40,))])


def test_batches_keep_every_sample() -> None:
    """The last batch may be smaller; nothing is dropped or mixed up."""
    parts = batches({"image": np.arange(7)}, 3)
    assert [part["image"].tolist() for part in parts] == [[0, 1, 2], [3, 4, 5], [6]]


def test_random_data_is_the_same_each_time() -> None:
    """Seeded, of the right type and shape, free dimensions filled in."""
    first, second = (random_feed([IMAGE, MASK], free_dimension=5) for _ in range(2))
    assert first["image"].shape == (5, 4)
    assert first["image"].dtype == np.float32
    assert first["mask"].dtype == np.bool_
    assert all(np.array_equal(first[name], second[name]) for name in first)
    with pytest.raises(NotRunnable, match="of type string"):
        random_feed([InputSpec("words", "string", (1,))])


def test_what_is_timed_is_told_from_what_is_in_the_file(tmp_path: Path) -> None:
    """Of several samples the first is timed, or the first batch, and the record says so."""
    path = _saved(tmp_path / "in.npz", image=np.zeros((5, 4), np.float32))
    for batch, words in (
        (1, "the first of 5 samples"),
        (2, "the first 2 of 5 samples"),
        (5, "5 sam"),
    ):
        drawn = samples([IMAGE], {"inputs": str(path), "batch": batch})
        assert drawn.origin_of_first.startswith(words)
        assert drawn.origin == "5 samples of in.npz"
