"""The invariants of a graph (`docs/invariants.md`), checked column by column.

`problems` says in sentences what does not hold; an empty list means that everything
else may rely on the graph. Each stage needs what the stages before it have shown
(an index may be followed only once it is known to lie in its table), so checking
stops at the first stage that finds something. Linear in nodes and edges, but for
one sort of the node ids. Imports nothing but the columns' own modules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from graphs.ir import Graph, Model, NodeKind

# Column -> (dtype, what its length must equal). "n" nodes, "v" values, "e" edges.
_COLUMNS: dict[str, tuple[str, str]] = {
    "node_kind": ("uint8", "n"),
    "node_op": ("int32", "n"),
    "node_namespace": ("int32", "n"),
    "value_node": ("int32", "v"),
    "value_slot": ("int32", "v"),
    "value_type": ("int32", "v"),
    "value_ptr": ("int32", "n+1"),
    "edge_value": ("int32", "e"),
    "edge_source": ("int32", "e"),
    "edge_target": ("int32", "e"),
    "edge_target_slot": ("int32", "e"),
    "edge_is_control": ("bool", "e"),
    "in_ptr": ("int32", "n+1"),
    "out_ptr": ("int32", "n+1"),
    "out_edges": ("int32", "e"),
}

_MAX_SHOWN = 60  # characters of an id in a sentence


def problems(graph: Graph, model: Model | None = None) -> list[str]:
    """Return one sentence for each broken invariant; empty where all hold.

    Parameters
    ----------
    graph : Graph
    model : Model, optional
        The model that holds the graph; without it neither the uniqueness of graph
        ids nor the existence of called subgraphs is checked.
    """
    for stage in _STAGES:
        found = stage(graph)
        if found:
            return found
    return [] if model is None else _model(graph, model)


def _lengths(graph: Graph) -> list[str]:
    """Invariant 2: columns that belong together have one length, and the stated dtypes."""
    n, v, e = len(graph.node_ids), len(graph.value_names), len(graph.edge_value)
    wanted = {"n": n, "v": v, "e": e, "n+1": n + 1}
    found = []
    for name, (dtype, size) in _COLUMNS.items():
        column = getattr(graph, name)
        if column.dtype != np.dtype(dtype) or column.shape != (wanted[size],):
            found.append(
                f"column {name} is {column.dtype}{list(column.shape)}, not {dtype}[{wanted[size]}]"
            )
    return found


def _tables(graph: Graph) -> list[str]:
    """Invariants 1 and 3: unique ids and table entries, indices that lie in their tables."""
    found = [
        *_repeated("node id", graph.node_ids),
        *_repeated("op type", graph.op_types),
        *_repeated("type", graph.types),
        *_repeated("namespace", graph.namespaces.paths),
    ]
    if "" in graph.node_ids:
        found.append(f"node {graph.node_ids.index('')} has an empty id")
    if not graph.id:
        found.append("the graph has an empty id")
    found += _outside("node_kind", graph.node_kind, len(NodeKind))
    found += _outside("node_op", graph.node_op, len(graph.op_types))
    found += _outside("node_namespace", graph.node_namespace, len(graph.namespaces))
    found += _outside("value_type", graph.value_type, len(graph.types))
    found += _outside("value_node", graph.value_node, graph.n_nodes)
    found += _outside("edge_value", graph.edge_value, len(graph.value_names))
    found += _outside("edge_source", graph.edge_source, graph.n_nodes)
    found += _outside("edge_target", graph.edge_target, graph.n_nodes)
    callers = np.array(list(graph.subgraphs), dtype=np.int64)
    return found + _outside("subgraphs", callers, graph.n_nodes)


def _namespace_tree(graph: Graph) -> list[str]:
    """Invariant 4: the namespaces are a tree in preorder."""
    names = graph.namespaces
    k = len(names.paths)
    if k == 0 or names.paths[0] != "":
        return ["namespace 0 is not the root with an empty path"]
    for name in ("parent", "end", "depth"):
        column = getattr(names, name)
        if column.dtype != np.int32 or column.shape != (k,):
            return [f"column namespaces.{name} is {column.dtype}{list(column.shape)}"]
    if names.is_inferred.dtype != np.bool_ or names.is_inferred.shape != (k,):
        return [f"column namespaces.is_inferred has not {k} truth values"]
    own = np.arange(k)
    if names.parent[0] != -1 or names.depth[0] != 0:
        return ["the root namespace has a parent or a depth"]
    if np.any(names.parent[1:] < 0) or np.any(names.parent[1:] >= own[1:]):
        return ["a namespace does not come after its parent"]
    found = []
    if np.any(names.depth[1:] != names.depth[names.parent[1:]] + 1):
        found.append("a namespace is not one deeper than its parent")
    if not np.array_equal(names.end, _subtree_ends(names.depth)):
        found.append("a namespace's end is not the end of its subtree")
    elif np.any(own >= names.end[names.parent]) and k > 1:
        found.append("a namespace lies outside the subtree of its parent")
    return found + _paths_that_do_not_nest(graph)


def _subtree_ends(depth: NDArray[np.int32]) -> NDArray[np.int32]:
    """For each row of a preorder the next row that is not deeper; iterative, linear."""
    k = len(depth)
    end = np.full(k, k, dtype=np.int32)
    still_open: list[int] = []
    for row, at in enumerate(depth.tolist()):
        while still_open and depth[still_open[-1]] >= at:
            end[still_open.pop()] = row
        still_open.append(row)
    return end


def _paths_that_do_not_nest(graph: Graph) -> list[str]:
    names = graph.namespaces
    for row, above in enumerate(names.parent.tolist()):
        outer = names.paths[above] + "/" if above > 0 else ""
        if row and not (names.paths[row].startswith(outer) and len(names.paths[row]) > len(outer)):
            return [f"the path of namespace {row} does not continue its parent's"]
    return []


def _values(graph: Graph) -> list[str]:
    """Invariant 5: one producer a value, sorted by (node, slot), pointers agree."""
    node, slot = graph.value_node.astype(np.int64), graph.value_slot.astype(np.int64)
    found = []
    if np.any(slot < 0):
        found.append("a value has a negative output slot")
    step = np.diff(node)
    is_same = step == 0
    if np.any(step < 0) or np.any(is_same & (np.diff(slot) < 0)):
        found.append("values are not sorted by node and slot")
    elif np.any(is_same & (np.diff(slot) == 0)):
        row = int(np.flatnonzero(is_same & (np.diff(slot) == 0))[0])
        found.append(f"two values of {_id(graph, int(node[row]))} share the slot {slot[row]}")
    return found + _wrong_pointers("value_ptr", graph.value_ptr, graph.value_node)


def _edges(graph: Graph) -> list[str]:
    """Invariants 6 and 7: sources produce, edges are sorted, indices agree, slots are single."""
    found = []
    if not np.array_equal(graph.edge_source, graph.value_node[graph.edge_value]):
        found.append("an edge's source is not the producer of its value")
    target, slot = graph.edge_target.astype(np.int64), graph.edge_target_slot.astype(np.int64)
    if np.any(np.diff(target) < 0) or np.any((np.diff(target) == 0) & (np.diff(slot) < 0)):
        found.append("edges are not sorted by target and slot")
    if np.any(slot[~graph.edge_is_control] < 0):
        found.append("an edge enters a negative input slot")
    found += _shared_slots(graph)
    found += _wrong_pointers("in_ptr", graph.in_ptr, graph.edge_target)
    found += _wrong_pointers("out_ptr", graph.out_ptr, graph.edge_source)
    if not np.array_equal(graph.out_edges, np.argsort(graph.edge_source, kind="stable")):
        found.append("out_edges does not list each node's edges in the order of their rows")
    return found


def _shared_slots(graph: Graph) -> list[str]:
    data = ~graph.edge_is_control
    ends = np.stack([graph.edge_target[data], graph.edge_target_slot[data]], axis=1)
    is_shared = np.all(ends[1:] == ends[:-1], axis=1)
    if not is_shared.any():
        return []
    node, slot = ends[int(np.argmax(is_shared))].tolist()
    return [f"two edges enter the slot {slot} of {_id(graph, node)}"]


def _model(graph: Graph, model: Model) -> list[str]:
    """Invariants 1 and 8, as far as they concern other graphs."""
    ids = [one.id for one in model.graphs]
    found = _repeated("graph id", ids)
    known = set(ids)
    if graph.id not in known:
        found.append(f"the graph {_short(graph.id)} is not in its model")
    for node, called in graph.subgraphs.items():
        for missing in [one for one in called if one not in known][:1]:
            found.append(f"{_id(graph, node)} calls the graph {_short(missing)}: there is none")
    return found[:20]


_STAGES: tuple[Callable[[Graph], list[str]], ...] = (
    _lengths,
    _tables,
    _namespace_tree,
    _values,
    _edges,
)


def _repeated(what: str, entries: Sequence[object]) -> list[str]:
    if len(set(entries)) == len(entries):
        return []
    seen: set[object] = set()
    for entry in entries:
        if entry in seen:
            return [f"{what} {_short(entry)} occurs more than once"]
        seen.add(entry)
    return []


def _outside(name: str, column: NDArray[np.integer], size: int) -> list[str]:
    is_outside = (column < 0) | (column >= size)
    if not is_outside.any():
        return []
    row = int(np.argmax(is_outside))
    return [f"{name}[{row}] is {column[row]}: not in a table of {size}"]


def _wrong_pointers(name: str, pointers: NDArray[np.int32], owner: NDArray[np.int32]) -> list[str]:
    count = np.bincount(owner, minlength=len(pointers) - 1)
    wanted = np.concatenate([[0], np.cumsum(count)])
    return [] if np.array_equal(pointers, wanted) else [f"{name} disagrees with its column"]


def _id(graph: Graph, node: int) -> str:
    return f"node {_short(graph.node_ids[node])}"


def _short(text: object) -> str:
    shown = repr(text)
    return shown if len(shown) <= _MAX_SHOWN else shown[: _MAX_SHOWN - 1] + "…"
