"""What initializers hold, as two numbers each: one of the values in order, one in any order.

The second does not change when a converter transposes a kernel. Tensors are read through the
graph's source, when first asked for, in the order of the rows and within a number of bytes;
what cannot be read is not known, which is not an error here. Imports `graphs.match_side`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphs.errors import OpscopeError
from graphs.ir import NodeKind
from graphs.match_side import Side
from graphs.match_types import MatchOptions
from graphs.tensor_type import DTYPE_BITS, TensorType

_CHUNK = 1 << 20  # elements hashed at a time, so that little memory is taken


@dataclass(frozen=True, slots=True)
class Content:
    """What one initializer holds.

    Attributes
    ----------
    n_elements : int
    in_order, in_any_order : int
        Hashes of the values as float64; the first depends on their order and shape.
    is_float, is_varied : bool
        Whether it holds fractions by type, and whether its values differ from each other.
    """

    n_elements: int
    in_order: int
    in_any_order: int
    is_float: bool
    is_varied: bool

    @property
    def is_telling(self) -> bool:
        """Whether two tensors with this content are hardly equal by chance."""
        return self.is_float and self.is_varied and self.n_elements >= 8


class Weights:
    """Contents of a side's constants that are numbers, by row; None where unknown."""

    def __init__(self, side: Side, options: MatchOptions) -> None:
        self.of: dict[int, Content | None] = {}
        left = options.max_weight_bytes
        for row in range(side.n):
            if side.kind[row] == NodeKind.CONSTANT and _may_be_numbers(side.type(row)):
                content = _content(side, row, min(left, options.max_tensor_bytes))
                self.of[row] = content
                left -= 8 * content.n_elements if content else 0


def _may_be_numbers(type: TensorType | None) -> bool:
    """Return whether a constant is no text, handle or the like."""
    return type is None or not type.dtype or type.dtype in DTYPE_BITS


def _content(side: Side, row: int, max_bytes: int) -> Content | None:
    type = side.type(row)
    n_bytes = type.n_bytes if type else None
    if n_bytes is None or n_bytes > max_bytes:
        return None
    graph, own = side.local(row)
    if getattr(graph.source, "tensors_are_slow", False):
        return None
    try:
        data = graph.source.tensor(own)
    except OpscopeError:
        return None
    if data is None or data.nbytes > 2 * max_bytes:
        return None
    if data.dtype.kind not in "fiub" and data.dtype.name != "bfloat16":
        return None
    return content_of(data)


def content_of(data: NDArray[np.generic]) -> Content:
    """Return the content of an array of numbers."""
    flat = data.reshape(-1)
    ordered = free = np.uint64(0)
    is_varied = False
    with np.errstate(all="ignore"):
        for start in range(0, flat.size, _CHUNK):
            values = flat[start : start + _CHUNK].astype(np.float64) + 0.0  # -0 is 0
            is_varied |= bool((values != values[0]).any())
            bits = mix(values.view(np.uint64))
            place = np.arange(start, start + bits.size, dtype=np.uint64)
            free += bits.sum(dtype=np.uint64)
            ordered += mix(bits ^ mix(place)).sum(dtype=np.uint64)
    is_float = data.dtype.kind == "f" or data.dtype.name == "bfloat16"
    shaped = hash((int(ordered), *data.shape))
    return Content(flat.size, shaped, int(free), is_float, is_varied)


def mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return each number scrambled (the finalizer of SplitMix64, Steele et al. 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    scrambled: NDArray[np.uint64] = x ^ (x >> np.uint64(31))
    return scrambled
