"""What of a graph is drawn under an expanded set: items, and the edges lifted to them.

An item is a node, a collapsed group or an expanded group. An edge is drawn
between the items that show its ends; where one of them is a collapsed group it
is *lifted*, and equal lifted edges become one that counts them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.ir import Graph, NodeKind


@dataclass(frozen=True, slots=True, eq=False)
class Visible:
    """The visible graph: n items in preorder (a group before its members), m edges.

    Attributes
    ----------
    graph : Graph
    item_node : int32 array, shape (n,)
        Node that the item shows; -1 for a group.
    item_namespace : int32 array, shape (n,)
        Namespace of the group; for a node the namespace that it is in.
    item_parent : int32 array, shape (n,)
        Item of the enclosing expanded group; -1 at the top.
    item_is_expanded : bool array, shape (n,)
        True for an expanded group.
    node_item : int32 array, shape (graph.n_nodes,)
        Item that shows a node: its own or the collapsed group that holds it; -1
        for a constant folded into its consumers.
    edge_source, edge_target : int32 array, shape (m,)
        Items; never expanded groups.
    edge_source_slot, edge_target_slot : int32 array, shape (m,)
        Slots; -1 at a collapsed group.
    edge_value : int32 array, shape (m,)
        The value that the edge carries, the first of several.
    edge_count : int32 array, shape (m,)
        How many edges of the graph it stands for.
    edge_is_control : bool array, shape (m,)
        True where all of them are control edges.
    """

    graph: Graph
    item_node: NDArray[np.int32]
    item_namespace: NDArray[np.int32]
    item_parent: NDArray[np.int32]
    item_is_expanded: NDArray[np.bool_]
    node_item: NDArray[np.int32]
    edge_source: NDArray[np.int32]
    edge_target: NDArray[np.int32]
    edge_source_slot: NDArray[np.int32]
    edge_target_slot: NDArray[np.int32]
    edge_value: NDArray[np.int32]
    edge_count: NDArray[np.int32]
    edge_is_control: NDArray[np.bool_]

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.item_node)

    @property
    def n_edges(self) -> int:
        """Number of drawn edges."""
        return len(self.edge_source)

    @property
    def item_key(self) -> NDArray[np.int32]:
        """Identity of an item across expanded sets: node index, or n_nodes + namespace index."""
        group_key = self.graph.n_nodes + self.item_namespace
        return np.where(self.item_node >= 0, self.item_node, group_key).astype(np.int32)


def visible(
    graph: Graph,
    expanded: Iterable[int] = (),
    *,
    flat: bool = False,
    show_constants: bool = False,
) -> Visible:
    """Return the visible graph.

    Parameters
    ----------
    graph : Graph
    expanded : iterable of int
        Namespaces that are open. One inside a collapsed group is not shown.
    flat : bool
        Show every node and no group.
    show_constants : bool
        Show initializers and constants as nodes; else they are folded into
        their consumers, and groups that hold nothing else disappear.

    A group that would hold a single node is not drawn: a box around one box
    says nothing, and exporters make one for every operator.
    """
    is_shown = np.ones(graph.n_nodes, dtype=bool)
    if not show_constants:
        is_shown = graph.node_kind != NodeKind.CONSTANT
        if not is_shown.any():  # a graph of constants only is still a graph
            is_shown[:] = True
    home = homes(graph, is_shown)
    if flat:
        home[:] = 0
    is_open = _open_mask(graph, expanded, home)
    columns, node_item = _items(graph, is_open, is_shown, home)
    return Visible(graph, **columns, node_item=node_item, **_edges(graph, columns, node_item))


def homes(graph: Graph, is_shown: NDArray[np.bool_]) -> NDArray[np.int32]:
    """For each namespace the innermost one, itself or around it, that holds several shown nodes.

    Namespaces are in preorder, so that a subtree is a range of a running sum.
    """
    names = graph.namespaces
    own = np.bincount(graph.node_namespace[is_shown], minlength=len(names))
    before = np.concatenate([[0], np.cumsum(own)])
    n_shown = before[names.end] - before[:-1]
    home = np.arange(len(names), dtype=np.int32)
    for depth in range(1, int(names.depth.max(initial=0)) + 1):
        alone = np.flatnonzero((names.depth == depth) & (n_shown <= 1))
        home[alone] = home[names.parent[alone]]
    return home


def _open_mask(graph: Graph, expanded: Iterable[int], home: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Mask over namespaces: expanded or never drawn, and so is everything around it."""
    names = graph.namespaces
    is_open = np.not_equal(home, np.arange(len(names)))
    is_open[[i for i in expanded if 0 < i < len(names)]] = True
    is_open[0] = True
    for depth in range(1, int(names.depth.max(initial=0)) + 1):
        level = np.flatnonzero(names.depth == depth)
        is_open[level] &= is_open[names.parent[level]]
    return is_open


def _owners(graph: Graph, is_open: NDArray[np.bool_]) -> NDArray[np.int32]:
    """For each node the outermost collapsed namespace around it, or 0 if all are open."""
    names = graph.namespaces
    collapsed = np.zeros(len(names), dtype=np.int32)
    for depth in range(1, int(names.depth.max(initial=0)) + 1):
        level = np.flatnonzero(names.depth == depth)
        inherited = collapsed[names.parent[level]]
        own = np.where(is_open[level], 0, level)
        collapsed[level] = np.where(inherited > 0, inherited, own)
    return collapsed[graph.node_namespace]


def _items(
    graph: Graph,
    is_open: NDArray[np.bool_],
    is_shown: NDArray[np.bool_],
    home: NDArray[np.int32],
) -> tuple[dict[str, NDArray[Any]], NDArray[np.int32]]:
    """Order groups and nodes in preorder; return the item columns and each node's item."""
    names = graph.namespaces
    owner = _owners(graph, is_open)
    nodes = np.flatnonzero(is_shown & (owner == 0))
    is_group = home == np.arange(len(names))
    is_group[0] = False
    groups = np.flatnonzero(is_group & is_open[names.parent])
    # Preorder: a group, then its own nodes, then the groups inside it.
    place = np.concatenate([groups, home[graph.node_namespace[nodes]]])
    is_node = np.repeat([False, True], [len(groups), len(nodes)])
    order = np.lexsort((np.concatenate([groups, nodes]), is_node, place))
    place, is_node = place[order], is_node[order]
    item_node = np.concatenate([np.full(len(groups), -1), nodes]).astype(np.int32)[order]
    item_of_group = np.full(len(names), -1, dtype=np.int32)
    item_of_group[place[~is_node]] = np.flatnonzero(~is_node)
    around = np.where(is_node, place, names.parent[place])
    columns = {
        "item_node": item_node,
        "item_namespace": np.where(is_node, graph.node_namespace[item_node], place).astype(
            np.int32
        ),
        "item_parent": item_of_group[around],  # the root has no item: -1
        "item_is_expanded": ~is_node & is_open[place],
    }
    node_item = np.where(is_shown, item_of_group[owner], -1).astype(np.int32)
    node_item[item_node[is_node]] = np.flatnonzero(is_node)
    return columns, node_item


def _edges(
    graph: Graph, columns: dict[str, NDArray[Any]], node_item: NDArray[np.int32]
) -> dict[str, NDArray[Any]]:
    """Lift the graph's edges to items; merge those that touch the same collapsed groups."""
    source, target = node_item[graph.edge_source], node_item[graph.edge_target]
    is_group = columns["item_node"] < 0
    inside = (source == target) & (source >= 0) & is_group[source]
    kept = np.flatnonzero((source >= 0) & (target >= 0) & ~inside)
    source, target = source[kept], target[kept]
    value = graph.edge_value[kept]
    lifted = is_group[source] | is_group[target]
    source_slot = np.where(is_group[source], -1, graph.value_slot[value])
    target_slot = np.where(is_group[target], -1, graph.edge_target_slot[kept])
    control = graph.edge_is_control[kept]
    # One key for each edge that stays by itself, one for each bundle of lifted edges.
    own = np.where(lifted, -1, np.arange(len(kept)))
    keys = np.stack([target, source, source_slot, target_slot, own], axis=1)
    _, first, group = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    group = group.reshape(-1)
    count = np.bincount(group, minlength=len(first)).astype(np.int32)
    n_control = np.bincount(group, weights=control, minlength=len(first))
    return {
        "edge_source": source[first].astype(np.int32),
        "edge_target": target[first].astype(np.int32),
        "edge_source_slot": source_slot[first].astype(np.int32),
        "edge_target_slot": target_slot[first].astype(np.int32),
        "edge_value": value[first].astype(np.int32),
        "edge_count": count,
        "edge_is_control": n_control == count,
    }
