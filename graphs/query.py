"""Search a graph: which nodes meet every term of a query, and why.

The language is described in `graphs/query_syntax.py`. Texts are compared without
regard to case. Names, op types and namespaces of 50,000 nodes take some ten
milliseconds; attributes stay in the file and are decoded only for nodes that meet
all other terms. Imports neither numba nor a page.
"""

from __future__ import annotations

import math
import operator as op
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.errors import QueryError
from graphs.ir import Graph, NodeKind
from graphs.node_data import NodeData
from graphs.query_syntax import Term, parse

Mask = NDArray[np.bool_]

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": op.lt,
    "<=": op.le,
    ">": op.gt,
    ">=": op.ge,
    "=": op.eq,
    "!=": op.ne,
}


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """What a search found.

    Attributes
    ----------
    graph : Graph
    rows : int32 array, shape (n_hits,)
        Node indices in graph order.
    reasons : tuple of (str, bool array of shape (graph.n_nodes,))
        What a term looked at, e.g. ``"op type"``, and the nodes that it matched there.
    """

    graph: Graph
    rows: NDArray[np.int32]
    reasons: tuple[tuple[str, Mask], ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def why(self, hit: int) -> str:
        """Return why a hit was found, e.g. ``"op type, latency (ms)"``; `hit` counts in `rows`."""
        row = self.rows[hit]
        return ", ".join(dict.fromkeys(what for what, mask in self.reasons if mask[row]))


def search(
    graph: Graph,
    text: str,
    node_data: Sequence[NodeData] = (),
    *,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Hits:
    """Find the nodes that meet every term of `text`; none for a blank text.

    Parameters
    ----------
    graph : Graph
    text : str
        See `graphs/query_syntax.py`.
    node_data : sequence of NodeData
        Sets that comparisons may name; those of other graphs are passed over.
    is_cancelled : callable () -> bool
        Asked now and then while attributes are decoded; the hits are then incomplete.

    Raises
    ------
    QueryError
        The text cannot be understood, or names node data that there is none of.
    """
    terms = parse(text)
    known = [one for one in node_data if one.graph_id == graph.id]
    finder = _Finder(graph, text, known, is_cancelled)
    alive = np.full(graph.n_nodes, bool(terms))
    reasons: list[tuple[str, Mask]] = []
    for term in sorted(terms, key=lambda t: t.field == "attr"):  # stable; the slow ones last
        found = finder.find(term, alive)
        met = np.zeros(graph.n_nodes, dtype=bool)
        for _, mask in found:
            met |= mask
        alive &= ~met if term.is_negated else met
        if not term.is_negated:
            reasons += found
    return Hits(graph, np.flatnonzero(alive).astype(np.int32), tuple(reasons))


ASKED_BETWEEN = 500  # rows whose attributes are decoded between two questions


class _Finder:
    """Evaluates terms on one graph; lowered texts are made once a search, when needed."""

    def __init__(
        self,
        graph: Graph,
        query: str,
        node_data: Sequence[NodeData],
        is_cancelled: Callable[[], bool],
    ) -> None:
        self.graph = graph
        self.is_cancelled = is_cancelled
        self.query = query
        self.node_data = node_data

    def find(self, term: Term, alive: Mask) -> list[tuple[str, Mask]]:
        """Return what the term looked at, and the nodes that it matched there."""
        if term.field == "data":
            return [self._data(term)]
        if term.field == "attr":
            return [(f"attribute {term.key}", self._attribute(term, alive))]
        if term.field == "kind":
            return [("kind", self._kind(term))]
        looks = {"name": self._name, "op": self._op, "tensor": self._tensor, "ns": self._namespace}
        labels = {"name": "name", "op": "op type", "tensor": "tensor", "ns": "namespace"}
        chosen = list(looks) if term.field == "any" else [term.field]
        wanted, is_exact = term.text.casefold(), term.operator == "="
        return [(labels[field], looks[field](wanted, is_exact)) for field in chosen]

    @cached_property
    def _names(self) -> list[str]:
        return [text.casefold() for text in self.graph.node_ids]

    @cached_property
    def _tensors(self) -> list[str]:
        return [text.casefold() for text in self.graph.value_names]

    def _name(self, wanted: str, is_exact: bool) -> Mask:
        return _matches(self._names, wanted, is_exact)

    def _op(self, wanted: str, is_exact: bool) -> Mask:
        table = _matches([t.casefold() for t in self.graph.op_types], wanted, is_exact)
        return table[self.graph.node_op]

    def _namespace(self, wanted: str, is_exact: bool) -> Mask:
        """A closing slash ends a part: ``ns:block_1/`` is not in ``block_10``."""
        paths = [path.casefold() + "/" for path in self.graph.namespaces.paths]
        exact = wanted if wanted.endswith("/") else wanted + "/"
        table = _matches(paths, exact if is_exact else wanted, is_exact)
        table[0] = is_exact and wanted in ("", "/")
        return table[self.graph.node_namespace]

    def _tensor(self, wanted: str, is_exact: bool) -> Mask:
        mask = np.zeros(self.graph.n_nodes, dtype=bool)
        mask[self.graph.value_node[_matches(self._tensors, wanted, is_exact)]] = True
        return mask

    def _kind(self, term: Term) -> Mask:
        for kind in NodeKind:
            if kind.name.lower() == term.text.casefold():
                return np.asarray(self.graph.node_kind == kind, dtype=bool)
        known = ", ".join(kind.name.lower() for kind in NodeKind)
        raise QueryError(self.query, f"{term.text} is not a kind of node; there are: {known}")

    def _attribute(self, term: Term, alive: Mask) -> Mask:
        """Decode the attributes of the nodes that are still in question."""
        mask = np.zeros(self.graph.n_nodes, dtype=bool)
        key, test = term.key.casefold(), self._attribute_test(term)
        for n_asked, row in enumerate(np.flatnonzero(alive).tolist()):
            if n_asked % ASKED_BETWEEN == 0 and self.is_cancelled():
                break
            facts = self.graph.source.attributes(row)
            mask[row] = any(name.casefold() == key and test(value) for name, value in facts)
        return mask

    def _attribute_test(self, term: Term) -> Callable[[str], bool]:
        wanted = term.text.casefold()
        if term.operator == "has":
            return lambda value: True
        if term.operator == "=":
            return lambda value: wanted in value.casefold()
        if term.operator == "!=":
            return lambda value: wanted not in value.casefold()
        bound, compare = self._number(term, ""), _COMPARE[term.operator]
        return lambda value: (number := _to_number(value)) is not None and compare(number, bound)

    def _data(self, term: Term) -> tuple[str, Mask]:
        data = self._data_named(term)
        compare = _COMPARE[term.operator]
        if data.is_categorical:
            if term.operator not in ("=", "!="):
                raise QueryError(self.query, f"{data.label} holds labels: use = or !=")
            labels = np.array([c.casefold() for c in data.categories], dtype=object)
            fits = np.flatnonzero(labels == term.text.casefold())
            is_it = np.isin(data.values, fits)
            return data.label, ~np.isnan(data.values) & (is_it == (term.operator == "="))
        bound = self._number(term, data.unit)
        return data.label, np.asarray(compare(data.values, bound)) & ~np.isnan(data.values)

    def _data_named(self, term: Term) -> NodeData:
        """Find node data by its name or label; else by a part of it that only one set has."""
        key = term.key.casefold()
        exact = [d for d in self.node_data if key in (d.label.casefold(), d.name.casefold())]
        near = exact or [d for d in self.node_data if key in d.label.casefold()]
        if len(near) == 1:
            return near[0]
        if near:
            names = ", ".join(d.label for d in near)
            raise QueryError(self.query, f"{term.key} may be any of: {names}")
        known = ", ".join(d.label for d in self.node_data) or "none is loaded"
        raise QueryError(
            self.query,
            f"there is no node data named {term.key} ({known}); quote it to find it as text",
        )

    def _number(self, term: Term, unit: str) -> float:
        text = term.text.removesuffix(unit) if unit else term.text
        number = _to_number(text)
        if number is None:
            raise QueryError(self.query, f"{term.text} is not a number, which {term.key} needs")
        return number


def _matches(texts: Sequence[str], wanted: str, is_exact: bool) -> Mask:
    if is_exact:
        return np.fromiter((text == wanted for text in texts), dtype=bool, count=len(texts))
    return np.fromiter((wanted in text for text in texts), dtype=bool, count=len(texts))


def _to_number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return None if math.isnan(number) else number
