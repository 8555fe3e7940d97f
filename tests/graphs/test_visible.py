"""The visible graph against a slow oracle that walks paths node by node."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graphs.ir import Graph, NodeKind
from graphs.visible import Visible, visible
from tests.helpers.random_graphs import EdgeRow, GraphRows, graph_rows

Shown = tuple[str, int | str] | None  # ("node", index), ("group", path) or None: not drawn


def beginnings(path: str) -> list[str]:
    """Return the enclosing paths of a path and itself, outermost first, without the root."""
    parts = [p for p in path.replace("\\/", "\0").split("/") if p]
    return ["/".join(parts[: k + 1]).replace("\0", "\\/") for k in range(len(parts))]


def groups_around(rows: GraphRows, path: str, is_hidden: list[bool]) -> list[str]:
    """Return the groups that enclose a path and itself: only those with several shown nodes."""
    return [
        one
        for one in beginnings(path)
        if sum(
            one in beginnings(p) and not gone
            for p, gone in zip(rows.namespaces, is_hidden, strict=True)
        )
        > 1
    ]


def shown_as(rows: GraphRows, node: int, is_open: set[str], is_hidden: list[bool]) -> Shown:
    """Return what shows a node: its outermost collapsed group, else the node."""
    if is_hidden[node]:
        return None
    for path in groups_around(rows, rows.namespaces[node], is_hidden):
        if path not in is_open:
            return ("group", path)
    return ("node", node)


def hidden(rows: GraphRows, show_constants: bool) -> list[bool]:
    """Return which nodes are folded away: constants, unless there is nothing else."""
    is_constant = [kind == NodeKind.CONSTANT for kind in rows.kinds]
    return [False] * len(is_constant) if show_constants or all(is_constant) else is_constant


def identity(view: Visible, item: int) -> Shown:
    """Return an item in the oracle's words."""
    if view.item_node[item] >= 0:
        return ("node", int(view.item_node[item]))
    return ("group", view.graph.namespaces.paths[view.item_namespace[item]])


expansions = st.tuples(graph_rows(), st.sets(st.integers(0, 20)), st.booleans())


def open_paths(graph: Graph, expanded: set[int]) -> set[str]:
    """Return the paths of an expanded set of namespace indices."""
    return {graph.namespaces.paths[i] for i in expanded if 0 < i < len(graph.namespaces)}


@given(expansions)
def test_each_node_is_shown_by_itself_or_its_outermost_collapsed_group(
    case: tuple[GraphRows, set[int], bool],
) -> None:
    """`node_item` points at what the oracle finds by walking the node's path."""
    rows, expanded, show_constants = case
    graph = rows.build()
    view = visible(graph, expanded, show_constants=show_constants)
    is_open, is_hidden = open_paths(graph, expanded), hidden(rows, show_constants)
    for node in range(graph.n_nodes):
        item = int(view.node_item[node])
        found = None if item < 0 else identity(view, item)
        assert found == shown_as(rows, node, is_open, is_hidden)


@given(expansions)
def test_items_are_what_is_shown_and_the_open_groups_around_it(
    case: tuple[GraphRows, set[int], bool],
) -> None:
    """Each item occurs once, in preorder, under the innermost open group; no group is empty."""
    rows, expanded, show_constants = case
    graph = rows.build()
    view = visible(graph, expanded, show_constants=show_constants)
    is_open, is_hidden = open_paths(graph, expanded), hidden(rows, show_constants)
    wanted: set[Shown] = set()
    for node in range(graph.n_nodes):
        shown = shown_as(rows, node, is_open, is_hidden)
        if shown is not None:
            wanted.add(shown)
            inner = rows.namespaces[node] if shown[0] == "node" else str(shown[1])
            around = groups_around(rows, inner, is_hidden)
            wanted |= {("group", path) for path in around}
    items = [identity(view, item) for item in range(view.n_items)]
    assert Counter(items) == Counter(wanted)
    for item, shown in enumerate(items):
        assert shown is not None
        path = view.graph.namespaces.paths[view.item_namespace[item]]
        around = groups_around(rows, path, is_hidden)
        around = around if shown[0] == "node" else around[:-1]
        parent = int(view.item_parent[item])
        assert parent < item
        assert (items[parent] if parent >= 0 else None) == (
            ("group", around[-1]) if around else None
        )
        assert view.item_is_expanded[item] == (shown[0] == "group" and shown[1] in is_open)


@given(expansions)
def test_members_of_a_group_follow_it(case: tuple[GraphRows, set[int], bool]) -> None:
    """Preorder: what lies inside a group is a block of rows that begins right after it."""
    rows, expanded, show_constants = case
    view = visible(rows.build(), expanded, show_constants=show_constants)
    parents = view.item_parent.tolist()
    for item, parent in enumerate(parents):
        walk = item - 1  # the row before is the parent or lies inside a sibling
        while walk >= 0 and walk != parent:
            walk = parents[walk]
        assert walk == parent


def drawn(rows: GraphRows, edge: EdgeRow, is_open: set[str], is_hidden: list[bool]) -> object:
    """Return what an edge is drawn as, by an identity that equal lifted edges share."""
    source = shown_as(rows, edge.source, is_open, is_hidden)
    target = shown_as(rows, edge.target, is_open, is_hidden)
    if source is None or target is None or (source == target and source[0] == "group"):
        return None
    if "group" not in (source[0], target[0]):
        return (source, target, edge.source_slot, edge.slot)
    return (
        source,
        target,
        edge.source_slot if source[0] == "node" else -1,
        edge.slot if target[0] == "node" else -1,
    )


@given(expansions)
def test_edges_are_lifted_and_counted(case: tuple[GraphRows, set[int], bool]) -> None:
    """Edges between the same places at collapsed groups become one that counts them."""
    rows, expanded, show_constants = case
    graph = rows.build()
    view = visible(graph, expanded, show_constants=show_constants)
    is_open, is_hidden = open_paths(graph, expanded), hidden(rows, show_constants)
    wanted: dict[object, list[EdgeRow]] = {}
    for edge in rows.edges:
        key = drawn(rows, edge, is_open, is_hidden)
        if key is not None:
            wanted.setdefault(key, []).append(edge)
    found = {}
    for e in range(view.n_edges):
        source = identity(view, int(view.edge_source[e]))
        target = identity(view, int(view.edge_target[e]))
        key = (source, target, int(view.edge_source_slot[e]), int(view.edge_target_slot[e]))
        assert key not in found
        found[key] = e
    assert found.keys() == wanted.keys()
    for key, e in found.items():
        assert view.edge_count[e] == len(wanted[key])
        assert view.edge_is_control[e] == all(edge.is_control for edge in wanted[key])
        carried = {(edge.source, edge.source_slot) for edge in wanted[key]}
        value = int(view.edge_value[e])
        assert (graph.value_node[value], graph.value_slot[value]) in carried


@given(graph_rows(), st.booleans())
def test_flat_shows_every_node_and_no_group(rows: GraphRows, show_constants: bool) -> None:
    """Flat: one item a node in graph order, each edge by itself; nodes keep their namespace."""
    graph = rows.build()
    view = visible(graph, range(99), flat=True, show_constants=show_constants)
    kept = [i for i, gone in enumerate(hidden(rows, show_constants)) if not gone]
    assert view.item_node.tolist() == kept
    assert view.item_namespace.tolist() == graph.node_namespace[kept].tolist()
    assert set(view.item_parent.tolist()) <= {-1}
    inside = set(kept)
    assert view.n_edges == sum(e.source in inside and e.target in inside for e in rows.edges)
    assert set(view.edge_count.tolist()) <= {1}


@given(expansions)
def test_keys_tell_items_apart_and_stay(case: tuple[GraphRows, set[int], bool]) -> None:
    """An item's key is its own among all, and the same under every expanded set."""
    rows, expanded, show_constants = case
    graph = rows.build()
    view = visible(graph, expanded, show_constants=show_constants)
    assert len(np.unique(view.item_key)) == view.n_items
    closed = visible(graph, (), show_constants=show_constants)
    all_open = visible(graph, range(99), show_constants=show_constants)
    for other in (closed, all_open):
        keys = dict(zip(other.item_key.tolist(), range(other.n_items), strict=True))
        for item, key in enumerate(view.item_key.tolist()):
            if key in keys:
                assert identity(view, item) == identity(other, keys[key])


@given(expansions)
def test_columns_have_the_stated_types(case: tuple[GraphRows, set[int], bool]) -> None:
    """Columns are int32 or bool, whatever the graph; a mistake here would reach the browser."""
    rows, expanded, show_constants = case
    view = visible(rows.build(), expanded, show_constants=show_constants)
    for name in Visible.__slots__:
        column = getattr(view, name)
        if isinstance(column, np.ndarray):
            assert column.dtype == (bool if "_is_" in name else np.int32), name
