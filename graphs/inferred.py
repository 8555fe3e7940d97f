"""Groups where the file has none: from common beginnings of names, or from repeated structure.

A graph with inferred groups is the same graph: nodes, values and edges keep their rows, so that a
selection and node data stay valid; only its namespaces differ. Groups of the file are kept, what
is inferred is put between them and their many members, and marked in `Namespaces.is_inferred`.
The two ways stand in `graphs.inferred_names` and `graphs.inferred_blocks`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from graphs.inferred_blocks import repeated_blocks
from graphs.inferred_names import name_groups
from graphs.inferred_scope import Draft, Items
from graphs.ir import Facts, Graph, GraphSource, NodeKind
from graphs.namespaces import MAX_DEPTH
from graphs.repeats import equal_groups
from graphs.visible import homes

By = Literal["names", "structure"]
Origin = Literal["file", "names", "structure"]

FEW = 16  # a namespace of so many nodes is read at a glance
MANY = 40  # of more than so many a reader loses sight
HELPS = 0.55  # of the boxes that lay flat may still lie flat where groups are of use
ALIKE = 1.25  # times as many boxes left flat are about as good
PASS_WORDS = ("block", "section", "stage")  # of blocks, of sections
FOUND_BY = {"names": "inferred from common names", "structure": "inferred from repeated structure"}


def infer_groups(graph: Graph, by: By) -> Graph:
    """Return the graph with groups in its large flat namespaces; itself where none are found.

    Parameters
    ----------
    graph : Graph
        As the file has it.
    by : {"names", "structure"}

    Returns
    -------
    Graph
        All columns but `namespaces` and `node_namespace` are shared.
    """
    with_classes = by == "structure" and graph.n_groups > 0
    same = {"with_types": False, "with_attributes": False}
    classes = equal_groups(graph, **same) if with_classes else np.zeros(graph.n_groups + 1)
    draft = Draft(graph, classes.astype(int).tolist())
    # Deep ones stay: a path is folded at `MAX_DEPTH`.
    shallow = np.flatnonzero(graph.namespaces.depth < MAX_DEPTH // 2).tolist()
    work = [(space, 0) for space in shallow if draft.n_single(space) > FEW]
    find = _Names(draft) if by == "names" else _Structure(draft)
    while work:
        scope, n_passes = work.pop()
        items = draft.items(scope)
        if n_passes and len(items) <= MANY:
            continue
        found = find(scope, items, n_passes)
        work += [(group, 1) for group in found]
        if found and n_passes + 1 < find.most_passes:
            work.append((scope, n_passes + 1))
    if len(draft.parent) == draft.n_given:
        return graph
    return _finished(graph, draft, by)


class _Names:
    """Puts groups with common names into scopes; once each, longer names are left to inner ones."""

    most_passes = 1

    def __init__(self, draft: Draft) -> None:
        self.draft = draft

    def __call__(self, scope: int, items: Items, n_passes: int) -> list[int]:
        """Return the new groups of a scope."""
        label = self.draft.new_label
        groups = [(title, members, label()) for title, members in name_groups(items)]
        return self.draft.add_groups(scope, items, groups)


class _Structure:
    """Puts blocks into scopes, then sections of blocks; scopes of equal contents alike."""

    most_passes = len(PASS_WORDS)

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self._known: dict[tuple[bytes, ...], list[tuple[int, list[NDArray[np.int64]]]]] = {}

    def __call__(self, scope: int, items: Items, n_passes: int) -> list[int]:
        """Return the new groups of a scope."""
        columns = (items.label, items.source, items.target, items.ends)
        key = tuple(column.tobytes() for column in columns)
        if key not in self._known:
            blocks = repeated_blocks(items)
            first = self.draft.new_label()
            self.draft.next_label += len(blocks)
            self._known[key] = list(enumerate(blocks, start=first))
        groups = []
        for kind, (label, occurrences) in enumerate(self._known[key]):
            letter = f" {chr(ord('A') + kind)}" if kind else ""
            for number, members in enumerate(occurrences, start=1):
                groups.append((f"{PASS_WORDS[n_passes]}{letter} {number}", members, label))
        return self.draft.add_groups(scope, items, groups)


def groups_of(graph: Graph, origin: Origin) -> Graph:
    """Return the graph of a file with the groups of an origin."""
    return graph if origin == "file" else infer_groups(graph, origin)


def best_groups(graph: Graph) -> tuple[Origin, Graph]:
    """Return the groups of the file, or, where these leave many boxes flat, inferred ones.

    Inferred are groups only if they take away nearly half of the boxes that the flattest place
    shows. Names come before structure where they do about as well: they are the author's words.
    """
    n_flat = n_lying_flat(graph)
    if not n_flat:
        return "file", graph
    by_names = infer_groups(graph, "names")
    n_names = n_lying_flat(by_names)
    if not n_names:
        return "names", by_names
    by_structure = infer_groups(graph, "structure")
    n_structure = n_lying_flat(by_structure)
    if n_names <= HELPS * n_flat and n_names <= ALIKE * n_structure:
        return "names", by_names
    if n_structure <= HELPS * n_flat:
        return "structure", by_structure
    return "file", graph


def n_lying_flat(graph: Graph) -> int:
    """Return how many operators and groups the flattest place draws; 0 up to `MANY`."""
    is_operator = graph.node_kind == NodeKind.OPERATOR
    home = homes(graph, graph.node_kind != NodeKind.CONSTANT)
    boxes = np.bincount(home[graph.node_namespace[is_operator]], minlength=len(home))
    drawn = np.flatnonzero(home == np.arange(len(home)))[1:]
    boxes += np.bincount(home[graph.namespaces.parent[drawn]], minlength=len(home))
    return int(boxes[boxes > MANY].max(initial=0))


def _finished(graph: Graph, draft: Draft, by: By) -> Graph:
    """Return the graph with the draft's namespaces."""
    names, number = draft.namespaces()
    _follow(draft, NodeKind.CONSTANT)
    if np.count_nonzero(graph.node_kind == NodeKind.INPUT) > FEW:
        _follow(draft, NodeKind.INPUT)  # weights that the file hands over
    given = np.full(len(names), -1, dtype=np.int64)
    given[number[: draft.n_given]] = np.arange(draft.n_given)
    source = _RegroupedSource(graph.source, given, FOUND_BY[by])
    space = number[draft.node_space].astype(np.int32)
    return replace(graph, namespaces=names, node_namespace=space, source=source)


def _follow(draft: Draft, kind: NodeKind) -> None:
    """Move nodes of a kind into the inferred group around all that read them."""
    graph = draft.graph
    readers: dict[int, list[int]] = {}
    is_kind = graph.node_kind == kind
    edges = np.flatnonzero(is_kind[graph.edge_source])
    source, target = graph.edge_source[edges].tolist(), graph.edge_target[edges].tolist()
    for node, reader in zip(source, target, strict=True):
        readers.setdefault(node, []).append(int(draft.node_space[reader]))
    for node, spaces in readers.items():
        home = int(draft.node_space[node])
        found = _innermost_inferred(draft, home, set(spaces))
        draft.node_space[node] = found


def _innermost_inferred(draft: Draft, home: int, spaces: set[int]) -> int:
    """Return the deepest inferred group in `home` around all spaces; `home` where none is."""
    shared: list[int] | None = None
    for space in spaces:
        chain = [space]
        while chain[-1] not in (home, 0):
            chain.append(draft.parent[chain[-1]])
        if chain[-1] != home:
            return home
        chain.reverse()
        if shared is None:
            shared = chain
        n = next(
            (i for i, (a, b) in enumerate(zip(shared, chain, strict=False)) if a != b),
            min(len(shared), len(chain)),
        )
        shared = shared[:n]
    inferred = [space for space in shared or [] if space >= draft.n_given]
    return inferred[-1] if inferred else home


@dataclass(frozen=True, slots=True)
class _RegroupedSource:
    """The source of a graph whose namespaces are numbered anew."""

    source: GraphSource
    given: NDArray[np.int64]
    found_by: str

    def attributes(self, node: int) -> Facts:
        """Return what the file says of a node."""
        return self.source.attributes(node)

    def value_facts(self, value: int) -> Facts:
        """Return what the file says of a value."""
        return self.source.value_facts(value)

    def group_attributes(self, namespace: int) -> Facts:
        """Return what the file says of a namespace, or that it is inferred."""
        given = int(self.given[namespace])
        return [("group", self.found_by)] if given < 0 else self.source.group_attributes(given)

    def tensor(self, node: int) -> NDArray[np.generic] | None:
        """Return the data of a constant."""
        return self.source.tensor(node)
