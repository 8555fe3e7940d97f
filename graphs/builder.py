"""The only way to make a `Graph`: append rows, then `build`.

Importers call `add_node`, `add_value`, `add_edge` in the file's order; `build`
interns, sorts and indexes. The builder trusts its caller about types and
refuses what would break an invariant.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.errors import GraphError
from graphs.ir import EmptySource, Graph, GraphSource, NodeKind
from graphs.namespaces import build_namespaces
from graphs.tensor_type import UNKNOWN_TYPE, TensorType

_MIN_INT32, _MAX_INT32 = -(2**31), 2**31 - 1


class GraphBuilder:
    """Collects the rows of one graph.

    Parameters
    ----------
    id : str
        Unique in the model.
    title : str, optional
        What the reader sees; the id if empty.
    """

    def __init__(self, id: str, title: str = "") -> None:
        self.id = id
        self.title = title or id
        self.index_of: dict[str, int] = {}
        self._kind: list[int] = []
        self._op: list[int] = []
        self._namespace: list[int] = []
        self._ops: dict[str, int] = {}
        self._paths: dict[str, int] = {}
        self._types: dict[TensorType, int] = {}
        self._value_node: list[int] = []
        self._value_slot: list[int] = []
        self._value_name: list[str] = []
        self._value_type: list[int] = []
        self._edge_value: list[int] = []
        self._edge_target: list[int] = []
        self._edge_slot: list[int] = []
        self._control: list[int] = []
        self._subgraphs: dict[int, list[str]] = {}

    @property
    def n_nodes(self) -> int:
        """Number of nodes so far."""
        return len(self._kind)

    def add_node(
        self, id: str, op_type: str, namespace: str = "", kind: int = NodeKind.OPERATOR
    ) -> int:
        """Append a node and return its index.

        Raises
        ------
        GraphError
            The id is empty or taken. Importers make ids unique first.
        """
        index = len(self._kind)
        if not id or self.index_of.setdefault(id, index) != index:
            raise GraphError([f"node id {id!r} is empty or taken"])
        self._kind.append(kind)
        self._op.append(self._ops.setdefault(op_type, len(self._ops)))
        self._namespace.append(self._paths.setdefault(namespace, len(self._paths)))
        return index

    def add_value(
        self, node: int, slot: int, name: str = "", type: TensorType = UNKNOWN_TYPE
    ) -> int:
        """Append the value that `node` produces at output `slot`; return its handle."""
        self._value_node.append(node)
        self._value_slot.append(slot)
        self._value_name.append(name)
        self._value_type.append(self._types.setdefault(type, len(self._types)))
        return len(self._value_node) - 1

    def add_edge(self, value: int, target: int, slot: int, *, is_control: bool = False) -> None:
        """Append an edge that carries `value` into input `slot` of node `target`."""
        if is_control:
            self._control.append(len(self._edge_value))
        self._edge_value.append(value)
        self._edge_target.append(target)
        self._edge_slot.append(slot)

    def add_subgraph(self, node: int, graph_id: str) -> None:
        """Record that `node` calls the graph `graph_id`."""
        self._subgraphs.setdefault(node, []).append(graph_id)

    def build(self, source: GraphSource | None = None, *, n_operators: int | None = None) -> Graph:
        """Return the graph.

        Parameters
        ----------
        source : GraphSource, optional
            What stays in the file.
        n_operators : int, optional
            Operator calls as the format counts them; the nodes of kind OPERATOR
            if not given.

        Raises
        ------
        GraphError
            A value, an edge or a subgraph refers to a row that does not exist, a slot
            is negative or above 2**31 - 1, two values share an output slot, or two
            edges that are not control edges an input slot.
        """
        n = len(self._kind)
        if any(not 0 <= node < n for node in self._subgraphs):
            raise GraphError(["a subgraph is called from a node that does not exist"])
        namespaces, of_path = build_namespaces(list(self._paths))
        renumber = np.array([of_path[p] for p in self._paths], dtype=np.int32)
        value_order, values = self._sorted_values(n)
        edges = self._sorted_edges(n, value_order, values["node"])
        return Graph(
            id=self.id,
            title=self.title,
            node_ids=tuple(self.index_of),
            node_kind=np.array(self._kind, dtype=np.uint8),
            node_op=np.array(self._op, dtype=np.int32),
            node_namespace=renumber[self._namespace] if n else np.zeros(0, np.int32),
            op_types=tuple(self._ops),
            namespaces=namespaces,
            value_node=values["node"],
            value_slot=values["slot"],
            value_names=tuple(self._value_name[i] for i in value_order.tolist()),
            value_type=values["type"],
            types=tuple(self._types),
            value_ptr=_pointers(values["node"], n),
            edge_value=edges["value"],
            edge_source=edges["source"],
            edge_target=edges["target"],
            edge_target_slot=edges["slot"],
            edge_is_control=edges["control"].astype(bool),
            in_ptr=_pointers(edges["target"], n),
            out_ptr=_pointers(np.sort(edges["source"]), n),
            out_edges=np.argsort(edges["source"], kind="stable").astype(np.int32),
            subgraphs={node: tuple(ids) for node, ids in self._subgraphs.items()},
            source=source or EmptySource(),
            n_operators=self._kind.count(NodeKind.OPERATOR) if n_operators is None else n_operators,
        )

    def _sorted_values(self, n: int) -> tuple[NDArray[np.intp], dict[str, NDArray[np.int32]]]:
        node = np.array(self._value_node, dtype=np.int32)
        slot = _slots(self._value_slot, "output")
        order = np.lexsort((slot, node))
        node, slot = node[order], slot[order]
        if len(node) and (node[0] < 0 or node[-1] >= n):
            raise GraphError(["a value belongs to a node that does not exist"])
        if np.any(slot < 0) or np.any((node[1:] == node[:-1]) & (slot[1:] == slot[:-1])):
            raise GraphError(["an output slot is negative or produces two values"])
        kinds = np.array(self._value_type, dtype=np.int32)[order]
        return order, {"node": node, "slot": slot, "type": kinds}

    def _sorted_edges(
        self, n: int, value_order: NDArray[np.intp], value_node: NDArray[np.int32]
    ) -> dict[str, NDArray[np.int32]]:
        handle = np.array(self._edge_value, dtype=np.int32)
        target = np.array(self._edge_target, dtype=np.int32)
        slot = _slots(self._edge_slot, "input")
        control = np.zeros(len(handle), dtype=np.int32)
        control[self._control] = 1
        if len(handle) and (
            min(handle.min(), target.min()) < 0
            or target.max() >= n
            or handle.max() >= len(value_order)
        ):
            raise GraphError(["an edge refers to a node or a value that does not exist"])
        row_of_handle = np.empty(len(value_order), dtype=np.int32)
        row_of_handle[value_order] = np.arange(len(value_order), dtype=np.int32)
        order = np.lexsort((slot, target))
        value = row_of_handle[handle[order]]
        _refuse_bad_slots(target[order], slot[order], control[order])
        return {
            "value": value,
            "source": value_node[value],
            "target": target[order],
            "slot": slot[order],
            "control": control[order],
        }


def _slots(numbers: list[int], which: str) -> NDArray[np.int32]:
    if numbers and not (min(numbers) >= _MIN_INT32 and max(numbers) <= _MAX_INT32):
        raise GraphError([f"an {which} slot does not fit in 32 bits"])
    return np.array(numbers, dtype=np.int32)


def _refuse_bad_slots(
    target: NDArray[np.int32], slot: NDArray[np.int32], control: NDArray[np.int32]
) -> None:
    """Check the slots of the data edges, sorted by (target, slot); those of control edges are free.

    Raises
    ------
    GraphError
        A slot is negative, or two edges enter the same.
    """
    target, slot = target[control == 0], slot[control == 0]
    if np.any(slot < 0):
        raise GraphError(["an edge enters a negative input slot"])
    if np.any((target[1:] == target[:-1]) & (slot[1:] == slot[:-1])):
        raise GraphError(["two edges enter one input slot"])


def _pointers(sorted_rows: NDArray[np.int32], n: int) -> NDArray[np.int32]:
    """Return where each of n owners starts in a sorted owner column, shape (n + 1,)."""
    return np.searchsorted(sorted_rows, np.arange(n + 1)).astype(np.int32)
