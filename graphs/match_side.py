"""One side of a comparison as flat columns: a graph, or a graph with all that it calls.

Rows of several graphs stand after each other; where a node calls a graph, data flows
from what enters the call to the inputs of that graph and from its outputs to the call,
so that an inlined and a called block look alike. Op types, classes and types are
numbered by one `Vocabulary` for both sides. Linear in nodes and edges. Imports the
columns and the table of op types only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from graphs.ir import Graph, NodeKind
from graphs.match_ops import op_class
from graphs.tensor_type import TensorType

Rows = list[int]


@dataclass
class Vocabulary:
    """Numbers for texts and types, the same for both sides; 0 is for what is not there."""

    numbers: dict[object, int] = field(default_factory=dict)
    entries: list[object] = field(default_factory=lambda: [None])

    def number(self, entry: object) -> int:
        """Return the number of an entry; a new one if it is new."""
        found = self.numbers.get(entry)
        if found is None:
            found = self.numbers[entry] = len(self.entries)
            self.entries.append(entry)
        return found


@dataclass(eq=False)
class Side:
    """Columns over n rows.

    Attributes
    ----------
    graphs : tuple of Graph
    first : list of int
        The first row of each graph, and n.
    ids : list of str
        Node ids, unique only in their graph.
    graph_of, kind, op, class_of, type_of, full_type_of, n_outputs : list of int
        Index in `graphs`; `NodeKind`; numbers of the op type, of its class, of the first
        output's shape and of its shape with its dtype (0 where there is none); how many outputs.
    class_names : list of str
        Class of each row.
    preds : list of tuple of (source row, source slot, slot)
        Data edges into each row, by slot.
    succs : list of list of (target row, slot)
        Data edges out of each row.
    first_value : list of int
        Row of the first output among its graph's values.
    is_inner : list of bool
        True for inputs, outputs and callers of called graphs: data only passes there.
    """

    graphs: tuple[Graph, ...]
    first: Rows
    ids: list[str]
    graph_of: Rows
    kind: Rows
    op: Rows
    class_of: Rows
    type_of: Rows
    full_type_of: Rows
    n_outputs: Rows
    class_names: list[str]
    preds: list[tuple[tuple[int, int, int], ...]]
    succs: list[list[tuple[int, int]]]
    is_inner: list[bool]
    first_value: Rows

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.ids)

    @cached_property
    def order(self) -> Rows:
        """All rows, producers before their readers; see `post_order`."""
        return post_order(self)

    def local(self, row: int) -> tuple[Graph, int]:
        """Return the graph of a row and its row there."""
        at = self.graph_of[row]
        return self.graphs[at], row - self.first[at]

    def value_name(self, row: int) -> str:
        """Return the tensor name of the first output; empty where there is none."""
        if not self.n_outputs[row]:
            return ""
        return self.graphs[self.graph_of[row]].value_names[self.first_value[row]]

    def values(self, row: int) -> range:
        """Return the rows of the outputs among the values of the row's graph."""
        return range(self.first_value[row], self.first_value[row] + self.n_outputs[row])

    def type(self, row: int) -> TensorType | None:
        """Return the type of the first output."""
        if not self.n_outputs[row]:
            return None
        graph = self.graphs[self.graph_of[row]]
        return graph.types[int(graph.value_type[self.first_value[row]])]


def make_side(graphs: Sequence[Graph], vocabulary: Vocabulary) -> Side:
    """Return the columns of graphs; the first is the one that opens, each comes once."""
    side = Side(tuple(graphs), [0], [], [], [], [], [], [], [], [], [], [], [], [], [])
    for index, graph in enumerate(graphs):
        _append(side, index, graph, vocabulary)
    _connect_calls(side)
    side.succs = [[] for _ in side.ids]
    for row, entering in enumerate(side.preds):
        for source, _, slot in entering:
            side.succs[source].append((row, slot))
    if "addition" in side.class_names:
        _tell_biases(side, vocabulary)
    return side


def _tell_biases(side: Side, vocabulary: Vocabulary) -> None:
    """Call an addition of a constant tensor a bias, so that it is no sum of two paths.

    Converters write and fold the one and keep the other. What is made of constants alone is
    constant too: quantized weights, say.
    """
    sizes = [0] * side.n  # elements of the largest constant that a row is made of; 0 for data
    bias = vocabulary.number(("class", "bias"))
    for row in side.order:
        if side.kind[row] == NodeKind.CONSTANT:
            type = side.type(row)
            sizes[row] = max(1, (type.n_elements or 1) if type else 1)
            continue
        behind = [sizes[source] for source, _, _ in side.preds[row]]
        if behind and all(behind):
            sizes[row] = max(behind)
        elif side.class_names[row] == "addition" and max(behind, default=0) > 1:
            side.class_names[row] = "bias"
            side.class_of[row] = bias


def _append(side: Side, index: int, graph: Graph, vocabulary: Vocabulary) -> None:
    start, n = side.first[index], graph.n_nodes
    ops = [vocabulary.number(op) for op in graph.op_types]
    shapes = [vocabulary.number(("shape", one.shape)) for one in graph.types]
    rows: list[int] = graph.node_op.tolist()
    kinds: list[int] = graph.node_kind.tolist()
    names = _class_names(graph, rows, kinds)
    number = {name: vocabulary.number(("class", name)) for name in dict.fromkeys(names)}
    side.first.append(start + n)
    side.ids += graph.node_ids
    side.graph_of += [index] * n
    side.kind += kinds
    side.op += [ops[op] for op in rows]
    side.class_names += names
    side.class_of += [number[name] for name in names]
    side.n_outputs += np.diff(graph.value_ptr).tolist()
    side.first_value += graph.value_ptr[:-1].tolist()
    side.type_of += _first_types(graph, shapes)
    side.full_type_of += _first_types(graph, [vocabulary.number(one) for one in graph.types])
    side.is_inner += [index > 0 and kind in (NodeKind.INPUT, NodeKind.OUTPUT) for kind in kinds]
    side.preds += _entering(graph, start)


def _class_names(graph: Graph, ops: Rows, kinds: Rows) -> list[str]:
    """Return the class of each node; what an activation computes is in its attribute."""
    of_kind = [None, "input", "output", "constant"]
    classes = [op_class(op) for op in graph.op_types]
    names = [of_kind[kind] or classes[op] for op, kind in zip(ops, kinds, strict=True)]
    if "activation" in classes:
        for row, name in enumerate(names):
            if name == "activation":
                function = dict(graph.source.attributes(row)).get("activation", "")
                names[row] = op_class(function) or name
    return names


def _first_types(graph: Graph, shapes: Sequence[int]) -> Rows:
    table = np.array([*shapes, 0], dtype=np.int64)
    has_value = np.diff(graph.value_ptr) > 0
    first = np.minimum(graph.value_ptr[:-1], max(len(graph.value_type) - 1, 0))
    found = np.full(graph.n_nodes, len(shapes), dtype=np.int64)
    found[has_value] = graph.value_type[first[has_value]]
    listed: Rows = table[found].tolist()
    return listed


def _entering(graph: Graph, start: int) -> list[tuple[tuple[int, int, int], ...]]:
    """Return the data edges into each node of a graph whose first row is `start`."""
    is_data = ~graph.edge_is_control
    edges = list(
        zip(
            (graph.edge_source[is_data] + start).tolist(),
            graph.value_slot[graph.edge_value[is_data]].tolist(),
            graph.edge_target_slot[is_data].tolist(),
            strict=True,
        )
    )
    counts = np.bincount(graph.edge_target[is_data], minlength=graph.n_nodes)
    ends: list[int] = np.cumsum(counts).tolist()
    return [tuple(edges[a:b]) for a, b in zip([0, *ends], ends, strict=False)]


def _connect_calls(side: Side) -> None:
    """Let data pass from a call to the graph that is called, and back."""
    index_of = {graph.id: index for index, graph in enumerate(side.graphs)}
    into: dict[int, list[tuple[int, int, int]]] = {}
    for index, graph in enumerate(side.graphs):
        if not graph.subgraphs:
            continue
        producers: Rows = graph.value_node.tolist()
        names = dict(zip(graph.value_names, producers, strict=True))
        for own, called in graph.subgraphs.items():
            caller = side.first[index] + own
            targets = [index_of[one] for one in called if one in index_of]
            side.is_inner[caller] |= bool(targets)
            for target in targets:
                _connect(side, caller, side.first[index], names, target, into)
    for row, extra in into.items():
        side.preds[row] = (*side.preds[row], *extra[:_MAX_CALLERS])


_MAX_CALLERS = 64  # data that enters one input from more calls tells nothing more


def _connect(
    side: Side,
    caller: int,
    start: int,
    names: dict[str, int],
    target: int,
    into: dict[int, list[tuple[int, int, int]]],
) -> None:
    """Join one call: inputs by the name of an outer value, else by place; outputs by place."""
    given = side.preds[caller]
    n_in = n_out = 0
    for row in range(side.first[target], side.first[target + 1]):
        if side.kind[row] == NodeKind.INPUT:
            outer = names.get(side.value_name(row))
            if outer is not None:
                into.setdefault(row, []).append((start + outer, 0, 0))
            elif n_in < len(given):
                into.setdefault(row, []).append((given[n_in][0], given[n_in][1], 0))
            n_in += 1
        elif side.kind[row] == NodeKind.OUTPUT:
            into.setdefault(caller, []).append((row, 0, 1_000_000 + n_out))
            n_out += 1


def reached_graphs(graphs: Sequence[Graph], roots: Sequence[Graph]) -> list[Graph]:
    """Return `roots` and the graphs that they call, directly or not, each once, roots first."""
    by_id = {graph.id: graph for graph in graphs}
    found = {graph.id: graph for graph in roots}
    waiting = list(roots)
    at = 0
    while at < len(waiting):
        for called in waiting[at].subgraphs.values():
            for id in called:
                if id in by_id and id not in found:
                    found[id] = by_id[id]
                    waiting.append(by_id[id])
        at += 1
    return waiting


def post_order(side: Side) -> Rows:
    """Return all rows, producers before their readers except in cycles; iterative, linear.

    Walks back from the rows that nobody reads and follows inputs by slot: but for the order
    of its outputs, the order does not depend on that of the rows.
    """
    order: Rows = []
    seen = [False] * side.n
    for start in (*(row for row in range(side.n) if not side.succs[row]), *range(side.n)):
        if seen[start]:
            continue
        seen[start] = True
        stack = [(start, 0)]
        while stack:
            row, at = stack.pop()
            entering = side.preds[row]
            while at < len(entering) and seen[entering[at][0]]:
                at += 1
            if at == len(entering):
                order.append(row)
            else:
                stack.append((row, at + 1))
                seen[entering[at][0]] = True
                stack.append((entering[at][0], 0))
    return order
