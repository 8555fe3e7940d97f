"""What inferring groups works on: a namespace tree that grows, and one namespace's contents.

A *scope* is one namespace; its *items* are the operators directly in it and the groups directly
in it. Constants, graph inputs and outputs are no items: they follow the operators.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphs.ir import Graph, NodeKind
from graphs.namespaces import Namespaces, build_namespaces, split_path

Int64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """The n items of a scope in the order of their first operators, and the m wires between them.

    Attributes
    ----------
    names : list of str, length n
    label : int64 array, shape (n,)
        Equal for equal op types, and for groups of one class.
    node, space : int64 arrays, shape (n,)
        Operator or group that an item is; the other is -1. A group of one operator is both.
    source, target : int64 arrays, shape (m,)
        Items, sorted by target.
    ends : int64 array, shape (m, 4)
        Place of the source in its item, its output slot, place of the target, its input slot.
    """

    names: list[str]
    label: Int64s
    node: Int64s
    space: Int64s
    source: Int64s
    target: Int64s
    ends: Int64s

    def __len__(self) -> int:
        return len(self.names)


class Draft:
    """The namespaces of a graph while groups are put into them.

    Attributes
    ----------
    parent : list of int
        Enclosing namespace; -1 for the root.
    part : list of str
        Last part of the path, slashes escaped.
    group_label : list of int
        Label of a namespace as an item; not negative.
    n_given : int
        Namespaces below this number are the file's.
    node_space : int64 array, shape (n,)
        Namespace of each node.
    """

    def __init__(self, graph: Graph, group_class: Iterable[int]) -> None:
        names = graph.namespaces
        n_ops = len(graph.op_types)
        self.graph = graph
        self.parent: list[int] = names.parent.tolist()
        self.part = [(split_path(path) or [""])[-1] for path in names.paths]
        self.group_label = [n_ops + one for one in group_class]
        self.next_label = max(self.group_label) + 1
        self.n_given = len(names)
        self.node_space = graph.node_namespace.astype(np.int64)
        self._children: list[list[int]] = [[] for _ in names.paths]
        for space in range(1, len(names)):
            self._children[self.parent[space]].append(space)
        self._nodes: list[list[int]] = [[] for _ in names.paths]
        for node in np.flatnonzero(graph.node_kind == NodeKind.OPERATOR).tolist():
            self._nodes[self.node_space[node]].append(node)
        self._item_of = np.full(graph.n_nodes, -1, dtype=np.int64)
        self._place = np.zeros(graph.n_nodes, dtype=np.int64)

    def n_single(self, scope: int) -> int:
        """Return a lower bound of how many items of a scope are drawn as nodes."""
        small = sum(1 for s in self._children[scope] if not self._children[s] and self._is_one(s))
        return len(self._nodes[scope]) + small

    def _is_one(self, space: int) -> bool:
        return len(self._nodes[space]) == 1

    def new_label(self) -> int:
        """Return a label that nothing bears."""
        self.next_label += 1
        return self.next_label - 1

    def add_groups(
        self, scope: int, items: Items, groups: Iterable[tuple[str, Int64s, int]]
    ) -> list[int]:
        """Move items of a scope into new groups of it.

        Parameters
        ----------
        scope : int
        items : Items
            Of the scope.
        groups : iterable of (title, items, label)
            No item is in two.

        Returns
        -------
        list of int
            The new groups.
        """
        taken = {self.part[one] for one in self._children[scope]}
        moved: set[int] = set()
        left: set[int] = set()
        found = []
        for title, members, label in groups:
            inner = items.space[members]
            spaces = inner[inner >= 0].tolist()
            nodes = items.node[members[inner < 0]].tolist()
            space = len(self.parent)
            found.append(space)
            self.parent.append(scope)
            self.part.append(_free_part(title, taken))
            taken.add(self.part[-1])
            self.group_label.append(label)
            self._children.append(spaces)
            self._nodes.append(nodes)
            for one in spaces:
                self.parent[one] = space
            self.node_space[nodes] = space
            moved.update(spaces)
            left.update(nodes)
        self._children[scope] = [s for s in self._children[scope] if s not in moved] + found
        self._nodes[scope] = [node for node in self._nodes[scope] if node not in left]
        return found

    def items(self, scope: int) -> Items:
        """Return what lies directly in a scope."""
        members: list[tuple[int, int, list[int]]] = [
            (node, -1, [node]) for node in self._nodes[scope]
        ]
        for space in self._children[scope]:
            inside = self._operators_below(space)
            if inside:
                members.append((inside[0] if len(inside) == 1 else -1, space, inside))
        members.sort(key=lambda one: one[2][0])
        n_each = [len(inside) for _, _, inside in members]
        held = np.array([node for _, _, inside in members for node in inside], dtype=np.int64)
        self._item_of[held] = np.repeat(np.arange(len(members)), n_each)
        start = np.cumsum([0, *n_each])[:-1]
        self._place[held] = np.arange(len(held)) - np.repeat(start, n_each)
        wires = self._wires(held)
        self._item_of[held] = -1
        nodes = np.array([n for n, _, _ in members], dtype=np.int64)
        spaces = np.array([s for _, s, _ in members], dtype=np.int64)
        labels = [
            self.group_label[s] if n < 0 else int(self.graph.node_op[n]) for n, s, _ in members
        ]
        names = [self.part[s] if s >= 0 else self._name(scope, n) for n, s, _ in members]
        return Items(names, np.array(labels, dtype=np.int64), nodes, spaces, *wires)

    def _operators_below(self, space: int) -> list[int]:
        found: list[int] = []
        stack = [space]
        while stack:
            one = stack.pop()
            found += self._nodes[one]
            stack += self._children[one]
        return sorted(found)

    def _wires(self, held: Int64s) -> tuple[Int64s, Int64s, Int64s]:
        graph = self.graph
        edges = _ranges(graph.in_ptr[held].astype(np.int64), graph.in_ptr[held + 1])
        edges = edges[~graph.edge_is_control[edges]]
        source, target = graph.edge_source[edges], graph.edge_target[edges]
        start, end = self._item_of[source], self._item_of[target]
        kept = (start >= 0) & (start != end)
        slot = graph.value_slot[graph.edge_value[edges]]
        columns = self._place[source], slot, self._place[target], graph.edge_target_slot[edges]
        ends = np.column_stack(columns).astype(np.int64)[kept]
        start, end = start[kept], end[kept]
        order = np.lexsort((*ends.T[::-1], start, end))
        return start[order], end[order], ends[order]

    def _name(self, scope: int, node: int) -> str:
        """Return a node's id without the path of its scope; of joined names the last."""
        name = self.graph.node_ids[node].rpartition(";")[2]
        if scope < self.n_given:
            path = self.graph.namespaces.paths[scope]
            if path and name.startswith(path):
                name = name[len(path) :]
        return name.lstrip("/%.:")

    def namespaces(self) -> tuple[Namespaces, Int64s]:
        """Return the finished tree, and the new number of each namespace of the draft."""
        paths = [""] * len(self.parent)
        for space in self._outer_first():
            around = paths[self.parent[space]]
            paths[space] = f"{around}/{self.part[space]}" if around else self.part[space]
        names, index = build_namespaces(paths)
        number = np.array([index[path] for path in paths], dtype=np.int64)
        names.is_inferred[number[self.n_given :]] = True
        return names, number

    def _outer_first(self) -> list[int]:
        order, stack = [], list(reversed(self._children[0]))
        while stack:
            space = stack.pop()
            order.append(space)
            stack += reversed(self._children[space])
        return order


def _free_part(title: str, taken: set[str]) -> str:
    """Return a title as part of a path; with a number where another group bears it."""
    part = " ".join(title.split()).replace("/", "\\/").rstrip("\\")
    n, free = 2, part
    while free in taken:
        free, n = f"{part} ({n})", n + 1
    return free


def _ranges(first: Int64s, end: NDArray[np.integer]) -> Int64s:
    """Return ``first[0], …, end[0] - 1, first[1], …`` as one array."""
    size = end - first
    start = np.cumsum(size) - size
    found: Int64s = np.arange(int(size.sum())) + np.repeat(first - start, size)
    return found


def n_parts(n: int, source: Int64s, target: Int64s, group: Int64s) -> Int64s:
    """Return how many connected parts each group has.

    Parameters
    ----------
    n : int
        Number of groups.
    source, target : int64 arrays, shape (m,)
        Edges between members.
    group : int64 array
        Group of each member; -1 for none.

    Returns
    -------
    int64 array, shape (n,)
    """
    parts = np.bincount(group[group >= 0], minlength=n)
    inside = (group[source] == group[target]) & (group[source] >= 0)
    head = list(range(len(group)))
    for a, b in zip(source[inside].tolist(), target[inside].tolist(), strict=True):
        one, other = _head(head, a), _head(head, b)
        if one != other:
            head[one] = other
            parts[group[a]] -= 1
    return parts


def _head(head: list[int], member: int) -> int:
    while head[member] != member:
        head[member] = head[head[member]]
        member = head[member]
    return member


def hangs_together(n_members: int, n_connected: int) -> bool:
    """Whether members are near each other: connected but for few."""
    return n_connected == 1 or 4 * n_connected <= n_members
