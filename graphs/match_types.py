"""What a matching is: pairs of nodes, each with its kind, its reason and how sure it is.

Plain values; how they come about is in `graphs.match`. Imports the columns only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from graphs.errors import quoted
from graphs.ir import Graph

PairKind = Literal["equal", "changed", "fused", "split", "added", "removed"]
KINDS: tuple[PairKind, ...] = ("equal", "changed", "added", "removed", "fused", "split")
ChangeKind = Literal["op type", "attribute", "shape", "dtype", "quantization", "inputs", "weights"]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between the two sides of a pair.

    Attributes
    ----------
    what : ChangeKind
    name : str
        The attribute, or the output as ``"output 0"``; empty where there is but one.
    a, b : str
        What each side holds; untrusted text of at most 200 characters; empty for nothing.
    """

    what: ChangeKind
    name: str = ""
    a: str = ""
    b: str = ""

    def text(self, limit: int = 60) -> str:
        """Return e.g. ``dtype: float32 → int8``; each side is cut at `limit` characters."""
        old, new = quoted(self.a, limit) or "-", quoted(self.b, limit) or "-"
        return f"{self.what} {self.name}".strip() + f": {old} → {new}"


@dataclass(frozen=True, slots=True)
class Pair:
    """Nodes of A beside nodes of B.

    Attributes
    ----------
    a, b : tuple of str
        Node ids, the node that the pair is made by first, what was folded into it after.
        No `a` in an added node, no `b` in a removed one.
    kind : PairKind
        ``"fused"``: more nodes compute in A than in B; ``"split"``: B has more nodes.
    why : str
        What the pair was made by, e.g. ``"name"``.
    confidence : float
        0 to 1.
    changes : tuple of Change
    a_graph, b_graph : str
        Ids of the graphs that the nodes are in.
    """

    a: tuple[str, ...]
    b: tuple[str, ...]
    kind: PairKind
    why: str
    confidence: float
    changes: tuple[Change, ...] = ()
    a_graph: str = ""
    b_graph: str = ""


@dataclass(frozen=True, slots=True)
class FixedPair:
    """A pair that a reader or a mapping file made: ids of A and ids of B, not to be questioned.

    Without ids on one side, those on the other have no partner.
    """

    a: tuple[str, ...]
    b: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MatchOptions:
    """How to match.

    Attributes
    ----------
    fixed : tuple of FixedPair
        Made first. An id that is not there, or is there twice, is passed over.
    use_names : bool
        Whether ids and tensor names count.
    is_id_fallback : bool
        Whether equal ids may pair nodes; what a mapping file calls its fallback.
    max_weight_bytes : int
        Bytes of initializers read on each side; 0 reads none.
    max_tensor_bytes : int
        A larger initializer is told by its shape alone.
    """

    fixed: tuple[FixedPair, ...] = ()
    use_names: bool = True
    is_id_fallback: bool = True
    max_weight_bytes: int = 128 << 20
    max_tensor_bytes: int = 32 << 20


DEFAULT_OPTIONS = MatchOptions()


@dataclass(frozen=True, slots=True)
class GroupPair:
    """Two namespaces that hold mostly each other's nodes.

    Attributes
    ----------
    a, b : str
        Paths.
    n_shared, n_a, n_b : int
        Paired nodes with one end in each, and nodes of each.
    a_graph, b_graph : str
        Ids of their graphs.
    """

    a: str
    b: str
    n_shared: int
    n_a: int
    n_b: int
    a_graph: str = ""
    b_graph: str = ""

    @property
    def confidence(self) -> float:
        """Shared nodes by the mean number of nodes, 0 to 1."""
        return 2.0 * self.n_shared / (self.n_a + self.n_b)


@dataclass(frozen=True, slots=True, eq=False)
class Matching:
    """How two sides correspond.

    Attributes
    ----------
    a, b : tuple of Graph
        What was compared; the first is the one that opens.
    pairs : tuple of Pair
        In A's order, then what is only in B. Every node is in exactly one.
    groups : tuple of GroupPair
    same_weights : bool or None
        Whether all initializers hold the same values; None where that is not known.
    ignored : tuple of str
        What was asked for and could not be done, in sentences.
    is_same_format : bool
        Whether both sides speak of operators and attributes in the same words.
    """

    a: tuple[Graph, ...]
    b: tuple[Graph, ...]
    pairs: tuple[Pair, ...]
    groups: tuple[GroupPair, ...] = ()
    same_weights: bool | None = None
    ignored: tuple[str, ...] = ()
    is_same_format: bool = True

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs, as far as is known."""
        return self.same_weights is not False and all(p.kind == "equal" for p in self.pairs)

    def counts(self) -> dict[PairKind, int]:
        """Return how many pairs there are of each kind, also of those without any."""
        found = dict.fromkeys(KINDS, 0)
        for pair in self.pairs:
            found[pair.kind] += 1
        return found

    def id_pairs(self) -> Iterator[tuple[str, str]]:
        """Yield (id in A, id in B) of every node beside every other of its pair."""
        for pair in self.pairs:
            for a in pair.a:
                for b in pair.b:
                    yield a, b
