"""Scikit-learn's digits, split once and for all; nothing but scikit-learn and NumPy is used."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SEED = 20260
N_HELD_OUT = 360
N_CALIBRATION = 128


@dataclass(frozen=True, slots=True)
class Digits:
    """Images are float32, shape (n, 8, 8, 1), 0..16; labels are int64, shape (n,), 0..9."""

    train_images: NDArray[np.float32]
    train_labels: NDArray[np.int64]
    held_out_images: NDArray[np.float32]
    held_out_labels: NDArray[np.int64]

    @property
    def calibration_images(self) -> NDArray[np.float32]:
        """Images that set the quantization ranges: a part of the training images."""
        return self.train_images[:N_CALIBRATION]


def load_digits() -> Digits:
    """Return the split; the same on every call."""
    from sklearn.datasets import load_digits as read
    from sklearn.model_selection import train_test_split

    source = read()
    images = source.images.astype(np.float32)[..., np.newaxis]
    train, held_out, train_labels, held_out_labels = train_test_split(
        images, source.target, test_size=N_HELD_OUT, stratify=source.target, random_state=SEED
    )
    return Digits(train, train_labels, held_out, held_out_labels)
