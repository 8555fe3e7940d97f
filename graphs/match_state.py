"""The matching while it is being made: who is paired with whom, by what, how surely.

`Work.pair` is the only door: it refuses what cannot be, e.g. an input beside an operator or
two nodes whose weights cannot be the same. Imports the columns' own modules only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from graphs.ir import NodeKind
from graphs.match_side import Side
from graphs.match_skeleton import HEAVY_TRANSPARENT, Skeleton, skeleton
from graphs.match_types import MatchOptions
from graphs.match_weights import Weights
from graphs.tensor_type import TensorType


@dataclass(eq=False)
class Work:
    """Two sides and what is known of their correspondence.

    Attributes
    ----------
    a, b : Side
    options : MatchOptions
    is_same_format : bool
        Whether both sides speak of operators and attributes in the same words.
    to_b, to_a : list of int
        Partner of each row, or -1.
    why, confidence : dict
        Of each paired row of A.
    fresh : list of (row of A, row of B)
        Pairs that nobody has looked around yet.
    guard : pair of dict, or None
        Row -> colour on either side; while it is there, `spread` pairs equal colours only.
    host_a, host_b : dict
        Row -> the paired row of its own side that it was folded into; itself where a reader
        said that it has no partner.
    """

    a: Side
    b: Side
    options: MatchOptions
    is_same_format: bool
    to_b: list[int] = field(init=False)
    to_a: list[int] = field(init=False)
    why: dict[int, str] = field(default_factory=dict)
    confidence: dict[int, float] = field(default_factory=dict)
    fresh: list[tuple[int, int]] = field(default_factory=list)
    host_a: dict[int, int] = field(default_factory=dict)
    host_b: dict[int, int] = field(default_factory=dict)
    guard: tuple[dict[int, int], dict[int, int]] | None = None
    ignored: list[str] = field(default_factory=list)
    _fits: dict[tuple[int, int], bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.to_b = [-1] * self.a.n
        self.to_a = [-1] * self.b.n

    @cached_property
    def weights_a(self) -> Weights:
        """What the initializers of A hold, read when first asked for."""
        return Weights(self.a, self.options)

    @cached_property
    def weights_b(self) -> Weights:
        """What the initializers of B hold, read when first asked for."""
        return Weights(self.b, self.options)

    @cached_property
    def heavy_a(self) -> Skeleton:
        """A without what converters fold away."""
        return skeleton(self.a, HEAVY_TRANSPARENT)

    @cached_property
    def heavy_b(self) -> Skeleton:
        """B without what converters fold away."""
        return skeleton(self.b, HEAVY_TRANSPARENT)

    @cached_property
    def skeleton_a(self) -> Skeleton:
        """A without what only moves data."""
        return skeleton(self.a)

    @cached_property
    def skeleton_b(self) -> Skeleton:
        """B without what only moves data."""
        return skeleton(self.b)

    def pair(self, a: int, b: int, why: str, confidence: float, *, any_class: bool = False) -> bool:
        """Pair two rows, if both are free and nothing speaks against it; return whether."""
        is_taken = self.to_b[a] >= 0 or self.to_a[b] >= 0 or a in self.host_a or b in self.host_b
        if is_taken or not self.is_possible(a, b, any_class):
            return False
        self.to_b[a], self.to_a[b] = b, a
        self.why[a], self.confidence[a] = why, confidence
        self.fresh.append((a, b))
        return True

    def unpair(self, a: int) -> None:
        """Take a pair back."""
        self.to_a[self.to_b[a]] = -1
        self.to_b[a] = -1
        del self.why[a], self.confidence[a]

    def is_possible(self, a: int, b: int, any_class: bool = False) -> bool:
        """Return whether two rows may be paired at all."""
        if self.a.kind[a] != self.b.kind[b] or self.a.is_inner[a] != self.b.is_inner[b]:
            return False
        if not any_class and self.a.class_of[a] != self.b.class_of[b]:
            return False
        if self.a.kind[a] == NodeKind.OPERATOR:
            mine, theirs = self.skeleton_a.weight_of[a], self.skeleton_b.weight_of[b]
            if mine >= 0 and theirs >= 0 and not self.same_weight(mine, theirs):
                return False
        return self.fits(a, b)

    def same_weight(self, a: int, b: int) -> bool:
        """Return whether two initializers may be the same: of one shape up to its order."""
        return self.to_b[a] == b or self.fits(a, b)

    def fits(self, a: int, b: int) -> bool:
        """Return whether the first outputs may be the same tensor, however laid out."""
        key = (self.a.type_of[a], self.b.type_of[b])
        if key[0] == key[1] or 0 in key:
            return True
        found = self._fits.get(key)
        if found is None:
            found = self._fits[key] = may_be_same(self.a.type(a), self.b.type(b))
        return found

    def mark_a(self, row: int) -> int:
        """Return a number that a row of A and its partner share; -1 without a partner."""
        return row if self.to_b[row] >= 0 else -1

    def mark_b(self, row: int) -> int:
        """Return a number that a row of B and its partner share; -1 without a partner."""
        return self.to_a[row]

    def free_a(self) -> Iterator[int]:
        """Yield the rows of A without a partner."""
        return (row for row, other in enumerate(self.to_b) if other < 0 and row not in self.host_a)

    def free_b(self) -> Iterator[int]:
        """Yield the rows of B without a partner."""
        return (row for row, other in enumerate(self.to_a) if other < 0 and row not in self.host_b)


def may_be_same(a: TensorType | None, b: TensorType | None) -> bool:
    """Return whether two shapes agree up to the order of dimensions, ones and what is unknown."""
    if a is None or b is None or a.shape is None or b.shape is None:
        return True
    mine, theirs = _known(a), _known(b)
    is_known_a = all(isinstance(d, int) for d in a.shape)
    is_known_b = all(isinstance(d, int) for d in b.shape)
    if is_known_a and is_known_b:
        return a.n_elements == b.n_elements
    if is_known_a:
        return not theirs - mine
    if is_known_b:
        return not mine - theirs
    return not mine - theirs or not theirs - mine


def _known(type: TensorType) -> Counter[int]:
    return Counter(d for d in type.shape or () if isinstance(d, int) and d != 1)
