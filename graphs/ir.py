"""The graph of a model as columns: one row a node, one row a value, one row an edge.

Strings are interned in tables, edges are indexed both ways (CSR), and what a
file says about a single node (attributes, weights) stays in the file, behind
`GraphSource`, until somebody looks. Made by `graphs.builder` only; the
invariants are in `docs/invariants.md` and checked by `graphs.check`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from graphs.namespaces import Namespaces
from graphs.notes import Note
from graphs.tensor_type import TensorType

Facts = list[tuple[str, str]]


class NodeKind(IntEnum):
    """What a node is."""

    OPERATOR = 0
    INPUT = 1
    OUTPUT = 2
    CONSTANT = 3


class GraphSource(Protocol):
    """What stays in the file and is decoded when somebody looks. All text is untrusted.

    A source whose tensors take seconds each has an attribute ``tensors_are_slow = True``:
    they are read one by one when the reader asks, never all.
    """

    def attributes(self, node: int) -> Facts:
        """Return (name, value) of the node's attributes, values cut to 4,096 characters."""

    def value_facts(self, value: int) -> Facts:
        """Return (name, value) of what is known of a value beside its type, e.g. quantization."""

    def group_attributes(self, namespace: int) -> Facts:
        """Return (name, value) of what the file says of a namespace."""

    def tensor(self, node: int) -> NDArray[np.generic] | None:
        """Return the data of a CONSTANT node; None where the file holds none.

        Raises
        ------
        graphs.errors.ReadError
            The data is outside the model's folder, missing, cut, or larger than
            the file can hold.
        """


class EmptySource:
    """The source of a graph that has nothing more to tell."""

    def attributes(self, node: int) -> Facts:
        """Return no attributes."""
        return []

    def value_facts(self, value: int) -> Facts:
        """Return no facts."""
        return []

    def group_attributes(self, namespace: int) -> Facts:
        """Return no attributes."""
        return []

    def tensor(self, node: int) -> NDArray[np.generic] | None:
        """Return no data."""
        return None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Graph:
    """One graph: n nodes, v values, e edges.

    Attributes
    ----------
    id : str
        Unique in the model.
    title : str
        What the reader sees.
    node_ids : tuple of str, length n
        Unique in the graph.
    node_kind : uint8 array, shape (n,)
        `NodeKind`.
    node_op : int32 array, shape (n,)
        Index into `op_types`.
    node_namespace : int32 array, shape (n,)
        Index into `namespaces`.
    op_types : tuple of str
        Each once; with the domain where it is not the format's default.
    namespaces : Namespaces
    value_node, value_slot : int32 array, shape (v,)
        The node and the output slot that produce a value; sorted by both.
    value_names : tuple of str, length v
        Tensor names as in the file; may be empty, need not be unique.
    value_type : int32 array, shape (v,)
        Index into `types`.
    types : tuple of TensorType
        Each once.
    value_ptr : int32 array, shape (n + 1,)
        The values of node i are the rows ``value_ptr[i]:value_ptr[i + 1]``.
    edge_value : int32 array, shape (e,)
        The value that an edge carries.
    edge_source, edge_target : int32 array, shape (e,)
        Nodes; ``edge_source == value_node[edge_value]``.
    edge_target_slot : int32 array, shape (e,)
        Input slot. Edges are sorted by (target, slot).
    edge_is_control : bool array, shape (e,)
        True where the edge orders execution and carries no data.
    in_ptr : int32 array, shape (n + 1,)
        The edges into node i are the rows ``in_ptr[i]:in_ptr[i + 1]``.
    out_ptr, out_edges : int32 array, shapes (n + 1,), (e,)
        The edges out of node i are ``out_edges[out_ptr[i]:out_ptr[i + 1]]``.
    subgraphs : mapping of int to tuple of str
        Node -> ids of the graphs that it calls; most nodes have none.
    source : GraphSource
    n_operators : int
        Operator calls as the format's own library counts them: ONNX writes a
        constant as an operator call, so this may exceed the number of nodes of
        kind OPERATOR.
    """

    id: str
    title: str
    node_ids: tuple[str, ...]
    node_kind: NDArray[np.uint8]
    node_op: NDArray[np.int32]
    node_namespace: NDArray[np.int32]
    op_types: tuple[str, ...]
    namespaces: Namespaces
    value_node: NDArray[np.int32]
    value_slot: NDArray[np.int32]
    value_names: tuple[str, ...]
    value_type: NDArray[np.int32]
    types: tuple[TensorType, ...]
    value_ptr: NDArray[np.int32]
    edge_value: NDArray[np.int32]
    edge_source: NDArray[np.int32]
    edge_target: NDArray[np.int32]
    edge_target_slot: NDArray[np.int32]
    edge_is_control: NDArray[np.bool_]
    in_ptr: NDArray[np.int32]
    out_ptr: NDArray[np.int32]
    out_edges: NDArray[np.int32]
    subgraphs: Mapping[int, tuple[str, ...]]
    source: GraphSource
    n_operators: int

    def __repr__(self) -> str:
        """Return one short line: the columns of a large graph would fill a log."""
        return f"<Graph {self.id[:80]!r}: {self.n_nodes} nodes, {self.n_edges} edges>"

    @property
    def n_nodes(self) -> int:
        """Number of nodes of every kind."""
        return len(self.node_ids)

    @property
    def n_edges(self) -> int:
        """Number of edges."""
        return len(self.edge_value)

    @property
    def n_groups(self) -> int:
        """Number of namespaces without the root."""
        return len(self.namespaces) - 1

    def node(self, index: int) -> Node:
        """Return a view of one row."""
        return Node(self, int(index))


@dataclass(frozen=True, slots=True)
class Node:
    """A view of one row of a graph's node columns."""

    graph: Graph
    index: int

    @property
    def id(self) -> str:
        """Unique id in the graph."""
        return self.graph.node_ids[self.index]

    @property
    def kind(self) -> NodeKind:
        """What the node is."""
        return NodeKind(int(self.graph.node_kind[self.index]))

    @property
    def op_type(self) -> str:
        """Op type with its domain."""
        return self.graph.op_types[int(self.graph.node_op[self.index])]

    @property
    def namespace(self) -> str:
        """Path of the namespace, empty at the top."""
        return self.graph.namespaces.paths[int(self.graph.node_namespace[self.index])]

    @property
    def label(self) -> str:
        """What the graph shows: the op type of an operator, the id of everything else."""
        return self.op_type if self.kind is NodeKind.OPERATOR else self.id

    @property
    def outputs(self) -> range:
        """Rows of the values that the node produces, by slot."""
        ptr = self.graph.value_ptr
        return range(int(ptr[self.index]), int(ptr[self.index + 1]))

    @property
    def in_edges(self) -> range:
        """Rows of the edges that enter, by input slot."""
        ptr = self.graph.in_ptr
        return range(int(ptr[self.index]), int(ptr[self.index + 1]))

    @property
    def out_edges(self) -> NDArray[np.int32]:
        """Rows of the edges that leave, int32."""
        ptr = self.graph.out_ptr
        return self.graph.out_edges[ptr[self.index] : ptr[self.index + 1]]

    def value_type(self, value: int) -> TensorType:
        """Return the type of a value row."""
        return self.graph.types[int(self.graph.value_type[value])]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Model:
    """What one file or object holds.

    Attributes
    ----------
    name : str
        File name or what the user called it.
    format : str
        Name of the format, e.g. ``"ONNX"``.
    producer : str
        Tool that wrote it, with its version; may be empty.
    graphs : tuple of Graph
        At least one; the first is what opens.
    metadata : Facts
        What the file says of itself, for the details pane.
    notes : tuple of Note
        What the import lost or guessed.
    n_parameters, parameter_bytes : int
        Elements and stored bytes of all trained constants, each counted once.
    """

    name: str
    format: str
    producer: str
    graphs: tuple[Graph, ...]
    metadata: Facts = field(default_factory=list)
    notes: tuple[Note, ...] = ()
    n_parameters: int = 0
    parameter_bytes: int = 0

    def __repr__(self) -> str:
        """Return one short line."""
        return f"<Model {self.name[:80]!r} ({self.format}): {len(self.graphs)} graphs>"

    def graph(self, graph_id: str) -> Graph:
        """Return the graph of that id; raises KeyError where there is none."""
        for graph in self.graphs:
            if graph.id == graph_id:
                return graph
        raise KeyError(graph_id)
