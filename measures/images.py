"""A folder of images as the samples of a model's input, by a preprocessing that is stated.

Each picture is decoded, converted, resized with bilinear interpolation to the input's
height and width, and turned into (pixel − mean) / std. Pillow is imported inside the
functions; nothing else than NumPy and `graphs.errors` is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.errors import NotRunnable

ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".ppm", ".pgm"})
FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "GIF", "PPM")
MAX_PIXELS = 64 << 20
MAX_IMAGES = 1000
CHANNELS = {"RGB": 3, "BGR": 3, "L": 1}


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What becomes of a picture before a model reads it.

    Attributes
    ----------
    color : str
        ``"RGB"``, ``"BGR"`` or ``"L"``, one grey channel.
    mean, std : tuple of float
        One for all channels, or one a channel, in pixel values 0..255.
    """

    color: str = "RGB"
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (255.0,)

    def __post_init__(self) -> None:
        """Refuse what cannot be computed."""
        n = CHANNELS.get(self.color, 0)
        lengths = {len(self.mean), len(self.std)}
        if not n or not lengths <= {1, n} or 0.0 in self.std:
            needs = f"colour RGB, BGR or L, and one mean and std or {n or 3}, std not 0"
            raise NotRunnable("the model", needs)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Preprocessing:
        """Return what `asdict` gave, after a way through JSON."""
        return cls(str(values["color"]), tuple(values["mean"]), tuple(values["std"]))

    @property
    def words(self) -> str:
        """What is done, for the record."""
        mean, std = (", ".join(f"{v:g}" for v in one) for one in (self.mean, self.std))
        return f"{self.color}, resized by bilinear interpolation, (pixel − [{mean}]) / [{std}]"


def image_files(folder: Path) -> list[Path]:
    """Return the pictures in a folder, by name, at most `MAX_IMAGES`.

    Raises
    ------
    NotRunnable
        There is none.
    """
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in ENDINGS and p.is_file())
    if not files:
        raise NotRunnable("the model", f"pictures in {folder.name} ({', '.join(sorted(ENDINGS))})")
    return files[:MAX_IMAGES]


def read_image(
    path: Path, shape: tuple[int | None, ...], how: Preprocessing
) -> NDArray[np.float32]:
    """Return one picture as a sample for an input, without the axis of samples.

    Parameters
    ----------
    path : Path
    shape : tuple of int or None, length 4
        The input's shape; channels first where its second size is theirs, else last.
        A free height or width takes the picture's own.

    Returns
    -------
    float32 array, shape (channels, height, width) or (height, width, channels)

    Raises
    ------
    NotRunnable
        The picture cannot be read or is too large, or the input takes no pictures.
    """
    n = CHANNELS[how.color]
    is_first, sizes = _places(shape, n)
    pixels = _pixels(path, sizes, how.color).astype(np.float32)
    scaled = (pixels - np.array(how.mean, np.float32)) / np.array(how.std, np.float32)
    return np.ascontiguousarray(np.moveaxis(scaled, -1, 0) if is_first else scaled)


def _places(shape: tuple[int | None, ...], n: int) -> tuple[bool, tuple[int | None, int | None]]:
    """Return whether channels come first, and (height, width)."""
    if len(shape) == 4 and shape[1] == n:
        return True, (shape[2], shape[3])
    if len(shape) == 4 and shape[3] == n:
        return False, (shape[1], shape[2])
    raise NotRunnable("the model", f"an input of pictures with {n} channels, not of shape {shape}")


def _pixels(path: Path, sizes: tuple[int | None, int | None], color: str) -> NDArray[np.uint8]:
    """Return (height, width, channels)."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path, formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise NotRunnable("the model", f"pictures of at most {MAX_PIXELS:,} pixels")
            converted = image.convert("L" if color == "L" else "RGB")
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError) as error:
        raise NotRunnable("the model", f"a readable picture, not {path.name} ({error})") from error
    wanted = (sizes[1] or width, sizes[0] or height)
    if wanted != converted.size:
        converted = converted.resize(wanted, Image.Resampling.BILINEAR)
    pixels = np.asarray(converted, dtype=np.uint8).reshape(wanted[1], wanted[0], -1)
    return pixels[..., ::-1] if color == "BGR" else pixels
