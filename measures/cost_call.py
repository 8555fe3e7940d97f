"""One operator call as the cost rules see it: whole shapes, and attributes when asked for.

A rule states its arithmetic and nothing else: whatever it needs and the file does not
say raises `Unknown`, and the call has no cost then. Imports only `graphs`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from graphs.ir import Graph
from graphs.tensor_type import Dim, TensorType

Shape = tuple[int, ...]

_WHOLE = re.compile(r"(?<![\w.])-?\d+(?![\w.])")


class Unknown(Exception):
    """A rule needs a size that the file does not state."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Numbers for dimensions that a file leaves open.

    Attributes
    ----------
    symbols : mapping of str to int
        Size of each symbolic dimension, e.g. ``{"batch": 8}``.
    batch : int or None
        Size of an open first dimension; None leaves it unknown.
    """

    symbols: Mapping[str, int] = field(default_factory=dict)
    batch: int | None = None

    def shape_of(self, type: TensorType) -> Shape | None:
        """Return a shape in whole numbers, or None where a dimension stays unknown."""
        if type.shape is None:
            return None
        sizes = [self._size(dim, at) for at, dim in enumerate(type.shape)]
        known = tuple(size for size in sizes if size is not None and size >= 0)
        return known if len(known) == len(sizes) else None

    def _size(self, dim: Dim, at: int) -> int | None:
        if isinstance(dim, int):
            return dim
        if isinstance(dim, str) and dim in self.symbols:
            return self.symbols[dim]
        return self.batch if at == 0 else None


def batch_named(graph: Graph, sizes: Sizes | None) -> str:
    """Return what a measure's name adds where the file leaves a batch open that `sizes` states."""
    if sizes is None or sizes.batch is None:
        return ""
    is_open = any(t.shape and not isinstance(t.shape[0], int) for t in graph.types)
    return f" at batch {sizes.batch}" if is_open else ""


@dataclass(frozen=True, slots=True)
class Call:
    """One operator call.

    Attributes
    ----------
    op_type : str
    inputs : mapping of int to (Shape or None)
        Shape by input slot; a slot that is absent has no key, an unknown shape is None.
    outputs : sequence of (Shape or None)
    attributes : callable () -> mapping of str to str
        Decoded when called: most rules need none.
    """

    op_type: str
    inputs: Mapping[int, Shape | None]
    outputs: Sequence[Shape | None]
    attributes: Callable[[], Mapping[str, str]]

    def input(self, slot: int) -> Shape:
        """Return the shape at an input slot; raise `Unknown` where there is none."""
        shape = self.inputs.get(slot)
        if shape is None:
            raise Unknown
        return shape

    def output(self, slot: int = 0) -> Shape:
        """Return the shape of an output; raise `Unknown` where there is none."""
        if slot >= len(self.outputs):
            raise Unknown
        shape = self.outputs[slot]
        if shape is None:
            raise Unknown
        return shape

    @property
    def n_in(self) -> int:
        """Elements of the first input."""
        return math.prod(self.input(0))

    @property
    def n_out(self) -> int:
        """Elements of the first output."""
        return math.prod(self.output())

    def text(self, *names: str) -> str:
        """Return the first attribute of these names; raise `Unknown` where there is none."""
        attributes = self.attributes()
        for name in names:
            if name in attributes:
                return attributes[name]
        raise Unknown

    def whole_numbers(self, *names: str) -> list[int]:
        """Return the whole numbers in an attribute, however the format writes a list."""
        return whole_numbers(self.text(*names))


def whole_numbers(text: str) -> list[int]:
    """Return the whole numbers of a written list: ``[3, 3]``, ``{0,1}``, ``array<i32: 5, 5>``.

    Those of a type behind a colon (``dense<2> : tensor<3xi64>``) do not count.
    """
    return [int(found) for found in _WHOLE.findall(text.partition(" : ")[0])]
