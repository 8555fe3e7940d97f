"""One graph of an Opscope JSON file, column for column. Imports no framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphs.builder import GraphBuilder
from graphs.ir import Facts, Graph, NodeKind
from importers.opscope_json_fields import MAX_INT32, BadField, Fields

MAX_VALUE_CHARS = 4096
MAX_FACTS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class OpscopeSource:
    """The `GraphSource`: pairs by row, as they were read.

    Attributes
    ----------
    by_node, by_value, by_namespace : mapping of int to Facts
        Only rows that have any.
    """

    by_node: Mapping[int, Facts]
    by_value: Mapping[int, Facts]
    by_namespace: Mapping[int, Facts]

    def attributes(self, node: int) -> Facts:
        """Return (name, value) of the node's attributes."""
        return _cut(self.by_node.get(node, []))

    def value_facts(self, value: int) -> Facts:
        """Return (name, value) of what is known of a value beside its type."""
        return _cut(self.by_value.get(value, []))

    def group_attributes(self, namespace: int) -> Facts:
        """Return (name, value) of what is known of a namespace."""
        return _cut(self.by_namespace.get(namespace, []))

    def tensor(self, node: int) -> NDArray[np.generic] | None:
        """Return None: the format holds no weights."""
        return None


def _cut(facts: Facts) -> Facts:
    return [(name, value[:MAX_VALUE_CHARS]) for name, value in facts[:MAX_FACTS]]


def read_graph(fields: Fields) -> Graph:
    """Return the graph of an object.

    Raises
    ------
    BadField
        A column is missing, of another length or type, or leads nowhere.
    graphs.errors.GraphError
        An invariant is broken.
    """
    builder = GraphBuilder(fields.text("id"), fields.text("title"))
    paths = fields.texts("namespaces")
    n_nodes = _add_nodes(builder, fields, paths)
    n_values = _add_values(builder, fields, n_nodes)
    _add_edges(builder, fields, n_nodes, n_values)
    for node, ids in _subgraphs(fields, n_nodes).items():
        for graph_id in ids:
            builder.add_subgraph(node, graph_id)
    groups = fields.facts_by_row("namespace_facts", len(paths))
    by_namespace: dict[int, Facts] = {}
    source = OpscopeSource(
        fields.facts_by_row("attributes", n_nodes),
        fields.facts_by_row("value_facts", n_values),
        by_namespace,
    )
    graph = builder.build(source, n_operators=fields.integer("n_operators"))
    index = {path: row for row, path in enumerate(graph.namespaces.paths)}
    for row, facts in groups.items():
        if paths[row] not in index:
            raise BadField("namespace_facts: a namespace holds no node")
        by_namespace[index[paths[row]]] = facts
    return graph


def _add_nodes(builder: GraphBuilder, fields: Fields, paths: list[str]) -> int:
    nodes, ops = fields.inner("nodes"), fields.texts("op_types")
    ids = nodes.texts("id")
    n = len(ids)
    op = nodes.column("op", n, len(ops)).tolist()
    namespace = nodes.column("namespace", n, len(paths)).tolist()
    kinds = nodes.column("kind", n, len(NodeKind))
    builder.add_nodes(ids, [ops[i] for i in op], [paths[i] for i in namespace], kinds)
    return n


def _add_values(builder: GraphBuilder, fields: Fields, n_nodes: int) -> int:
    values, types = fields.inner("values"), fields.types("types")
    names = values.texts("name")
    n = len(names)
    node, slot = values.column("node", n, n_nodes), values.column("slot", n, MAX_INT32)
    if np.any((np.diff(node) < 0) | ((np.diff(node) == 0) & (np.diff(slot) <= 0))):
        raise BadField("values: they are not sorted by node and slot")
    of_type = values.column("type", n, len(types)).tolist()
    builder.add_values(node, slot, names, [types[i] for i in of_type])
    return n


def _add_edges(builder: GraphBuilder, fields: Fields, n_nodes: int, n_values: int) -> None:
    """Add the edges in the file's order, which control edges of one slot depend on."""
    edges = fields.inner("edges")
    value = edges.column("value", None, n_values)
    n = len(value)
    target, slot = edges.column("target", n, n_nodes), edges.column("slot", n, MAX_INT32)
    control = set(edges.column("control", None, n).tolist())
    if not control:
        builder.add_edges(value, target, slot)
        return
    rows = zip(value.tolist(), target.tolist(), slot.tolist(), strict=True)
    for row, (one, into, at) in enumerate(rows):
        builder.add_edge(one, into, at, is_control=row in control)


def _subgraphs(fields: Fields, n_nodes: int) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for entry in fields.entries("subgraphs"):
        match entry:
            case [int(node), list(ids)] if _is_call(node, ids, n_nodes) and node not in found:
                found[node] = ids
            case _:
                raise BadField("subgraphs: an entry is no node with ids of graphs")
    return found


def _is_call(node: int, ids: list[object], n_nodes: int) -> bool:
    is_node = type(node) is int and 0 <= node < n_nodes
    return is_node and all(isinstance(one, str) for one in ids)
