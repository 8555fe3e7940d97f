"""Pictures as inputs: what becomes of a pixel is what the record says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from graphs.errors import NotRunnable
from measures.images import Preprocessing, image_files, read_image
from measures.samples import InputSpec, samples

PIXELS = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3) * 10  # height 2, width 3, RGB


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures and a file that is none."""
    for name in ("b.png", "a.png"):
        Image.fromarray(PIXELS).save(tmp_path / name)
    (tmp_path / "labels.txt").write_text("cat")
    return tmp_path


def test_pixels_become_what_the_preprocessing_says(folder: Path) -> None:
    """(pixel − mean) / std by channel, channels last or first as the input asks."""
    how = Preprocessing("RGB", (1.0, 2.0, 3.0), (2.0, 4.0, 8.0))
    expected = (PIXELS - np.array([1.0, 2.0, 3.0])) / np.array([2.0, 4.0, 8.0])
    last = read_image(folder / "a.png", (1, 2, 3, 3), how)
    np.testing.assert_allclose(last, expected, rtol=1e-6)
    first = read_image(folder / "a.png", (None, 3, None, None), how)
    np.testing.assert_allclose(first, np.moveaxis(expected, -1, 0), rtol=1e-6)
    assert last.dtype == np.float32
    assert how.words.endswith("(pixel − [1, 2, 3]) / [2, 4, 8]")


def test_colours_are_turned_and_sizes_changed(folder: Path) -> None:
    """BGR turns the channels around; one grey channel is Pillow's; a free size is the picture's."""
    plain = Preprocessing("RGB", (0.0,), (1.0,))
    turned = read_image(folder / "a.png", (1, 2, 3, 3), Preprocessing("BGR", (0.0,), (1.0,)))
    np.testing.assert_array_equal(turned, PIXELS[..., ::-1])
    grey = read_image(folder / "a.png", (1, 2, 3, 1), Preprocessing("L", (0.0,), (1.0,)))
    np.testing.assert_array_equal(grey[..., 0], np.asarray(Image.fromarray(PIXELS).convert("L")))
    assert read_image(folder / "a.png", (1, 8, 4, 3), plain).shape == (8, 4, 3)


def test_a_folder_is_samples_in_the_order_of_names(folder: Path) -> None:
    """Files that are no pictures are passed over; the record says what was done."""
    assert [p.name for p in image_files(folder)] == ["a.png", "b.png"]
    spec = InputSpec("image", "float32", (1, 2, 3, 3))
    drawn = samples([spec], {"inputs": str(folder)})
    assert [feed["image"].shape for feed in drawn.feeds] == [(1, 2, 3, 3)] * 2
    assert "2 samples" in drawn.origin and "pixel" in drawn.origin


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    """The error names the file."""
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(NotRunnable, match=r"not a\.png"):
        read_image(path, (1, 2, 3, 3), Preprocessing())


def test_a_picture_that_is_too_large_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its size is checked before it is decoded."""
    monkeypatch.setattr("measures.images.MAX_PIXELS", 5)
    with pytest.raises(NotRunnable, match="at most 5 pixels"):
        read_image(folder / "a.png", (1, 2, 3, 3), Preprocessing())


def test_inputs_that_take_no_pictures_are_refused(folder: Path, tmp_path: Path) -> None:
    """Neither a matrix, nor four channels, nor a folder without pictures."""
    for shape in ((1, 10), (1, 4, 2, 5)):
        with pytest.raises(NotRunnable, match="an input of pictures with 3 channels"):
            read_image(folder / "a.png", shape, Preprocessing())
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(NotRunnable, match="pictures in empty"):
        image_files(empty)


@pytest.mark.parametrize(
    "values", [("CMYK", (0.0,), (1.0,)), ("RGB", (0.0, 1.0), (1.0,)), ("L", (0.0,), (0.0,))]
)
def test_preprocessing_that_cannot_be_computed_is_refused(
    values: tuple[str, tuple[float, ...], tuple[float, ...]],
) -> None:
    """An unknown colour, a wrong number of means, and a division by zero."""
    with pytest.raises(NotRunnable, match="std not 0"):
        Preprocessing(*values)
