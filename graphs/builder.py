"""The only way to make a `Graph`: append rows, then `build`.

Importers call `add_node`, `add_value`, `add_edge` in the file's order, or their
plurals where a file has columns of its own (some ten times faster); `build`
interns, sorts and indexes. The builder trusts its caller about types and
refuses what would break an invariant.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

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
        self._kind = array("q")
        self._op = array("q")
        self._namespace = array("q")
        self._ops: dict[str, int] = {}
        self._paths: dict[str, int] = {}
        self._types: dict[TensorType, int] = {}
        self._value_node = array("q")
        self._value_slot = array("q")
        self._value_name: list[str] = []
        self._value_type = array("q")
        self._edge_value = array("q")
        self._edge_target = array("q")
        self._edge_slot = array("q")
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

    def add_nodes(
        self,
        ids: Sequence[str],
        op_types: Sequence[str],
        namespaces: Sequence[str],
        kinds: Sequence[int] | NDArray[np.integer],
    ) -> None:
        """Append nodes, each as `add_node` does; the sequences have one length.

        Raises
        ------
        GraphError
            An id is empty or taken.
        """
        first = len(self._kind)
        self.index_of.update(zip(ids, range(first, first + len(ids)), strict=True))
        if "" in self.index_of or len(self.index_of) != first + len(ids):
            raise GraphError(["a node id is empty or taken"])
        _extend(self._kind, kinds)
        _extend(self._op, _interned(self._ops, op_types))
        _extend(self._namespace, _interned(self._paths, namespaces))

    def add_value(
        self, node: int, slot: int, name: str = "", type: TensorType = UNKNOWN_TYPE
    ) -> int:
        """Append the value that `node` produces at output `slot`; return its handle."""
        _append(self._value_node, node)
        _append(self._value_slot, slot)
        self._value_name.append(name)
        self._value_type.append(self._types.setdefault(type, len(self._types)))
        return len(self._value_node) - 1

    def add_values(
        self,
        nodes: Sequence[int] | NDArray[np.integer],
        slots: Sequence[int] | NDArray[np.integer],
        names: Sequence[str],
        types: Sequence[TensorType],
    ) -> None:
        """Append values, each as `add_value` does; handles count on from those before.

        Fast where equal types are one object.
        """
        _extend(self._value_node, nodes)
        _extend(self._value_slot, slots)
        self._value_name.extend(names)
        keys = list(map(id, types))  # hashing an int is ten times faster than hashing a type
        each = dict(zip(keys, types, strict=True))
        row = {key: self._types.setdefault(t, len(self._types)) for key, t in each.items()}
        found = map(row.__getitem__, keys)
        _extend(self._value_type, np.fromiter(found, dtype=np.int64, count=len(keys)))

    def add_edge(self, value: int, target: int, slot: int, *, is_control: bool = False) -> None:
        """Append an edge that carries `value` into input `slot` of node `target`."""
        if is_control:
            self._control.append(len(self._edge_value))
        _append(self._edge_value, value)
        _append(self._edge_target, target)
        _append(self._edge_slot, slot)

    def add_edges(
        self,
        values: Sequence[int] | NDArray[np.integer],
        targets: Sequence[int] | NDArray[np.integer],
        slots: Sequence[int] | NDArray[np.integer],
    ) -> None:
        """Append data edges, each as `add_edge` does; the sequences have one length."""
        _extend(self._edge_value, values)
        _extend(self._edge_target, targets)
        _extend(self._edge_slot, slots)

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
        kind = _column(self._kind)
        if n_operators is None:
            n_operators = int(np.count_nonzero(kind == NodeKind.OPERATOR))
        value_order, values = self._sorted_values(n)
        edges = self._sorted_edges(n, value_order, values["node"])
        return Graph(
            id=self.id,
            title=self.title,
            node_ids=tuple(self.index_of),
            node_kind=kind.astype(np.uint8),
            node_op=_column(self._op).astype(np.int32),
            node_namespace=renumber[_column(self._namespace)] if n else np.zeros(0, np.int32),
            op_types=tuple(self._ops),
            namespaces=namespaces,
            value_node=values["node"],
            value_slot=values["slot"],
            value_names=_reordered(self._value_name, value_order),
            value_type=values["type"],
            types=tuple(self._types),
            value_ptr=_pointers(values["node"], n),
            edge_value=edges["value"],
            edge_source=edges["source"],
            edge_target=edges["target"],
            edge_target_slot=edges["slot"],
            edge_is_control=edges["control"].astype(bool),
            in_ptr=_pointers(edges["target"], n),
            out_ptr=_pointers(edges["source"], n),
            out_edges=np.argsort(edges["source"], kind="stable").astype(np.int32),
            subgraphs={node: tuple(ids) for node, ids in self._subgraphs.items()},
            source=source or EmptySource(),
            n_operators=n_operators,
        )

    def _sorted_values(self, n: int) -> tuple[NDArray[np.intp], dict[str, NDArray[np.int32]]]:
        node = _column(self._value_node)
        slot = _slots(self._value_slot, "output")
        order = _order(node, slot)
        node, slot = node[order], slot[order]
        if len(node) and (node[0] < 0 or node[-1] >= n):
            raise GraphError(["a value belongs to a node that does not exist"])
        if np.any(slot < 0) or np.any((node[1:] == node[:-1]) & (slot[1:] == slot[:-1])):
            raise GraphError(["an output slot is negative or produces two values"])
        kinds = _column(self._value_type).astype(np.int32)[order]
        return order, {"node": node.astype(np.int32), "slot": slot, "type": kinds}

    def _sorted_edges(
        self, n: int, value_order: NDArray[np.intp], value_node: NDArray[np.int32]
    ) -> dict[str, NDArray[np.int32]]:
        handle, ends = _column(self._edge_value), _column(self._edge_target)
        slot = _slots(self._edge_slot, "input")
        control = np.zeros(len(handle), dtype=np.int32)
        control[self._control] = 1
        if len(handle) and (
            min(handle.min(), ends.min()) < 0 or ends.max() >= n or handle.max() >= len(value_order)
        ):
            raise GraphError(["an edge refers to a node or a value that does not exist"])
        row_of_handle = np.empty(len(value_order), dtype=np.int32)
        row_of_handle[value_order] = np.arange(len(value_order), dtype=np.int32)
        target = ends.astype(np.int32)
        order = _order(target, slot)
        value = row_of_handle[handle[order]]
        _refuse_bad_slots(target[order], slot[order], control[order])
        return {
            "value": value,
            "source": value_node[value],
            "target": target[order],
            "slot": slot[order],
            "control": control[order],
        }


def _append(column: array[int], number: int) -> None:
    try:
        column.append(number)
    except OverflowError:
        raise GraphError([f"{number} is no node, value or slot"]) from None


def _extend(column: array[int], numbers: Sequence[int] | NDArray[np.integer]) -> None:
    column.frombytes(np.asarray(numbers, dtype=np.int64).tobytes())


def _column(numbers: array[int]) -> NDArray[np.int64]:
    """Return a copy as a numpy array; a view would forbid further rows."""
    return np.array(numbers, dtype=np.int64)


def _interned(table: dict[str, int], texts: Sequence[str]) -> NDArray[np.int64]:
    for text in dict.fromkeys(texts):
        table.setdefault(text, len(table))
    return np.fromiter(map(table.__getitem__, texts), dtype=np.int64, count=len(texts))


def _order(major: NDArray[np.integer], minor: NDArray[np.integer]) -> NDArray[np.intp]:
    """Return what sorts rows by both columns; a file's rows are often sorted already."""
    ahead = (major[1:] > major[:-1]) | ((major[1:] == major[:-1]) & (minor[1:] >= minor[:-1]))
    return np.arange(len(major)) if np.all(ahead) else np.lexsort((minor, major))


def _reordered(names: list[str], order: NDArray[np.intp]) -> tuple[str, ...]:
    if np.all(order[1:] > order[:-1]):
        return tuple(names)
    return tuple(map(names.__getitem__, order.tolist()))


def _slots(column: array[int], which: str) -> NDArray[np.int32]:
    numbers = _column(column)
    if len(numbers) and not (numbers.min() >= _MIN_INT32 and numbers.max() <= _MAX_INT32):
        raise GraphError([f"an {which} slot does not fit in 32 bits"])
    return numbers.astype(np.int32)


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


def _pointers(owners: NDArray[np.int32], n: int) -> NDArray[np.int32]:
    """Return where each of n owners starts in a column sorted by owner, shape (n + 1,)."""
    pointers = np.zeros(n + 1, dtype=np.int32)
    np.cumsum(np.bincount(owners, minlength=n), out=pointers[1:])
    return pointers
