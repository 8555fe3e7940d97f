"""Stored bytes of a graph's values, with numbers for open dimensions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from graphs.ir import Graph
from graphs.tensor_type import DTYPE_BITS
from measures.cost_call import Sizes
from measures.known_types import known_types

MAX_BYTES = 1 << 50  # a stated size beyond is damage; below, float64 sums stay exact


def value_bytes(graph: Graph, sizes: Sizes) -> NDArray[np.float64]:
    """Return the bytes of each value, float64, shape (n_values,); NaN where unknown."""
    known = known_types(graph)
    of_type = np.full(len(known.types) + 1, np.nan)
    for row, type in enumerate(known.types):
        shape, bits = sizes.shape_of(type), DTYPE_BITS.get(type.dtype)
        if shape is not None and bits is not None:
            n_bytes = (math.prod(shape) * bits + 7) // 8
            of_type[row] = n_bytes if n_bytes <= MAX_BYTES else math.nan
    found: NDArray[np.float64] = of_type[known.of_value]
    return found
