"""The image of float against quantized values."""

from __future__ import annotations

import numpy as np

from components.plots.error_image import error_image


def test_the_quantized_value_is_upwards() -> None:
    """A cell of (float, quantized) lies at float along x and quantized along y; ranges agree."""
    counts = np.zeros((4, 4), dtype=np.int64)
    counts[3, 1] = 7
    fig = error_image(np.linspace(-1.0, 1.0, 5), counts)
    image = fig.renderers[0].data_source.data["image"][0]
    assert np.argwhere(image > 0).tolist() == [[1, 3]]
    assert (fig.x_range.start, fig.x_range.end) == (fig.y_range.start, fig.y_range.end) == (-1, 1)


def test_a_tensor_without_elements_is_drawn_empty() -> None:
    """Counts of zero give a figure, not a failure."""
    fig = error_image(np.array([0.0, 1.0]), np.zeros((1, 1), dtype=np.int64))
    assert fig.renderers
