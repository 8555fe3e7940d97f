"""Seeded edits of a graph, with the truth: which node of the old graph is which of the new one.

`edited` copies a graph row by row and changes a share of its operators: delete, insert,
rename, fuse, retype and rewire, in turn. `disguised` takes all names away and shuffles the
rows. Both return what a matching must find, so that precision and recall are measured.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from graphs.builder import GraphBuilder
from graphs.ir import Graph, NodeKind
from graphs.tensor_type import TensorType

EDITS = ("delete", "insert", "rename", "fuse", "retype", "rewire")


@dataclass
class Row:
    """A node as plain values; `inputs` are (old row of the producer, its slot)."""

    id: str
    op_type: str
    namespace: str
    kind: int
    outputs: list[tuple[str, TensorType]]
    inputs: list[tuple[int, int]]


@dataclass
class Edited:
    """A graph made of another, and what is true of the two.

    Attributes
    ----------
    graph : Graph
    pairs : set of (str, str)
        Ids that belong together, old and new; two old ones for a fused node.
    kinds : dict of str to str
        Old id, or the new id of an inserted node -> the edit that was made to it.
    """

    graph: Graph
    pairs: set[tuple[str, str]]
    kinds: dict[str, str] = field(default_factory=dict)


def rows_of(graph: Graph) -> list[Row]:
    """Return the nodes of a graph as plain rows."""
    rows = []
    for i in range(graph.n_nodes):
        node = graph.node(i)
        values = [(graph.value_names[v], node.value_type(v)) for v in node.outputs]
        inputs = [
            (int(graph.edge_source[e]), int(graph.value_slot[graph.edge_value[e]]))
            for e in node.in_edges
        ]
        rows.append(Row(node.id, node.op_type, node.namespace, node.kind, values, inputs))
    return rows


def built(rows: Sequence[Row], order: Iterable[int], id: str) -> Graph:
    """Return the graph of some rows in an order; edges to rows that are not there are dropped."""
    builder, values = GraphBuilder(id), {}
    kept = list(order)
    for at in kept:
        row = rows[at]
        node = builder.add_node(row.id, row.op_type, row.namespace, row.kind)
        for slot, (name, type) in enumerate(row.outputs):
            values[at, slot] = builder.add_value(node, slot, name, type)
    for new, at in enumerate(kept):
        for slot, source in enumerate(rows[at].inputs):
            if source in values:
                builder.add_edge(values[source], new, slot)
    return builder.build()


def disguised(graph: Graph, seed: int) -> Edited:
    """Return the graph under other names, its rows shuffled, with all pairs."""
    draws = random.Random(seed)
    rows = rows_of(graph)
    order = list(range(len(rows)))
    draws.shuffle(order)
    pairs = set()
    for number, at in enumerate(order):
        row = rows[at]
        pairs.add((row.id, f"node {number}"))
        outputs = [(f"value {number}.{slot}", type) for slot, (_, type) in enumerate(row.outputs)]
        rows[at] = Row(f"node {number}", row.op_type, "", row.kind, outputs, row.inputs)
    return Edited(built(rows, order, graph.id), pairs)


def edited(graph: Graph, share: float, seed: int, edits: Sequence[str] = EDITS) -> Edited:
    """Return a copy with a share of the operators edited, at least one; never two at one place."""
    editor = _Editor(rows_of(graph), random.Random(seed))
    wanted = max(1, round(share * graph.n_nodes))
    made = 0
    candidates = [i for i, row in enumerate(editor.rows) if row.kind == NodeKind.OPERATOR]
    editor.draws.shuffle(candidates)
    for at in candidates:
        if made == wanted:
            break
        edit = edits[made % len(edits)]
        if not editor.is_touched(at) and getattr(editor, edit)(at):
            made += 1
    return editor.result(graph.id)


class _Editor:
    """The rows while they are edited; rows never move, so that indices stay true."""

    def __init__(self, rows: list[Row], draws: random.Random) -> None:
        self.rows = rows
        self.draws = draws
        self.partner: dict[int, list[str]] = {i: [row.id] for i, row in enumerate(rows)}
        self.touched: set[int] = set()
        self.kinds: dict[str, str] = {}
        self.readers: list[list[int]] = [[] for _ in rows]
        self.gone: set[int] = set()
        self.after: dict[int, list[int]] = {}
        for i, row in enumerate(rows):
            for source, _ in row.inputs:
                self.readers[source].append(i)

    def is_touched(self, at: int) -> bool:
        around = [at, *self.readers[at], *(source for source, _ in self.rows[at].inputs)]
        return any(one in self.touched for one in around)

    def _done(self, edit: str, *rows: int) -> bool:
        self.touched.update(rows)
        self.kinds[self.rows[rows[0]].id] = edit
        return True

    def _data_inputs(self, at: int) -> list[tuple[int, int]]:
        return [s for s in self.rows[at].inputs if self.rows[s[0]].kind != NodeKind.CONSTANT]

    def _redirect(self, at: int, to: tuple[int, int]) -> None:
        """Let the readers of a row read another value."""
        for reader in self.readers[at]:
            row = self.rows[reader]
            row.inputs = [to if source[0] == at else source for source in row.inputs]
            self.readers[to[0]].append(reader)

    def delete(self, at: int) -> bool:
        """Take an operator out; its readers read its input, its own constants go too."""
        data = self._data_inputs(at)
        if not data or not self.readers[at]:
            return False
        self._redirect(at, data[0])
        self._remove(at)
        for source, _ in self.rows[at].inputs:
            if self.rows[source].kind == NodeKind.CONSTANT and self.readers[source] == [at]:
                self._remove(source)
        return self._done("delete", at)

    def _remove(self, at: int) -> None:
        self.gone.add(at)
        self.partner.pop(at, None)

    def insert(self, at: int) -> bool:
        """Put an operator behind another."""
        if not self.readers[at]:
            return False
        name = f"inserted_{at}"
        row = self.rows[at]
        op_type = self.draws.choice(["Relu", "Cast", "Mul", "Dropout"])
        new = len(self.rows)
        outputs = [(f"{name}_out", row.outputs[0][1])]
        self.rows.append(Row(name, op_type, row.namespace, NodeKind.OPERATOR, outputs, [(at, 0)]))
        self.readers.append([])
        self._redirect(at, (new, 0))
        self.rows[new].inputs = [(at, 0)]
        self.readers[new] = list(self.readers[at])
        self.after.setdefault(at, []).append(new)
        self.touched.add(new)
        self.kinds[name] = "insert"
        return self._done("insert", at) and bool(self.kinds.pop(row.id, True))

    def rename(self, at: int) -> bool:
        """Give a node and its value other names."""
        row = self.rows[at]
        self._done("rename", at)
        outputs = [(f"renamed_{at}_{slot}", type) for slot, (_, type) in enumerate(row.outputs)]
        self.rows[at] = Row(
            f"renamed_{at}", row.op_type, row.namespace, row.kind, outputs, row.inputs
        )
        return True

    def fuse(self, at: int) -> bool:
        """Let a node do the work of its only reader too, as converters do."""
        if len(self.readers[at]) != 1:
            return False
        reader = self.readers[at][0]
        row, last = self.rows[at], self.rows[reader]
        if (
            last.op_type not in ("Add", "Mul", "Sigmoid", "Softmax", "Reshape", "Transpose")
            or reader in self.touched
            or not self.readers[reader]
        ):
            return False
        extra = [source for source in last.inputs if source[0] != at]
        self.rows[at] = Row(
            row.id, f"Fused{row.op_type}", row.namespace, row.kind, last.outputs,
            [*row.inputs, *extra],
        )  # fmt: skip
        self._redirect(reader, (at, 0))
        self.partner.pop(reader)
        self.gone.add(reader)
        self.partner[at].append(last.id)
        return self._done("fuse", at, reader)

    def retype(self, at: int) -> bool:
        """Give a node another op type."""
        row = self.rows[at]
        row.op_type = "Tanh" if row.op_type != "Tanh" else "Sigmoid"
        return self._done("retype", at)

    def rewire(self, at: int) -> bool:
        """Let a node read another value of the same type, made earlier."""
        data = self._data_inputs(at)
        if not data:
            return False
        old = data[0]
        type = self.rows[old[0]].outputs[old[1]][1]
        earlier = [
            i
            for i in range(max(0, old[0] - 60), old[0])
            if i not in self.gone
            and self.rows[i].kind == NodeKind.OPERATOR
            and self.rows[i].outputs[0][1] == type
        ]
        if not earlier:
            return False
        new = (self.draws.choice(earlier), 0)
        self.rows[at].inputs = [new if source == old else source for source in self.rows[at].inputs]
        return self._done("rewire", at)

    def result(self, id: str) -> Edited:
        order: list[int] = []
        for at in range(len(self.partner) + len(self.gone)):
            if at not in self.gone:
                order.append(at)
            order += self.after.get(at, [])
        pairs = {(old, self.rows[at].id) for at, olds in self.partner.items() for old in olds}
        return Edited(built(self.rows, order, id), pairs, self.kinds)


def precision_and_recall(
    found: Iterable[tuple[str, str]], truth: set[tuple[str, str]]
) -> tuple[float, float]:
    """Return which share of the found pairs is true, and which share of the true ones is found."""
    pairs = set(found)
    right = len(pairs & truth)
    return right / max(1, len(pairs)), right / max(1, len(truth))


def asymmetric_ids(graph: Graph) -> set[str]:
    """Return the nodes that their place in the graph tells from all others, names unread.

    Colours of nodes by what they are are refined with the colours around them until no more
    are told apart: plain and slow, one tuple a node and round.
    """
    rows = rows_of(graph)
    readers: list[list[tuple[int, int, int]]] = [[] for _ in rows]
    for at, row in enumerate(rows):
        for place, (source, slot) in enumerate(row.inputs):
            readers[source].append((at, slot, place))
    colours: list[int] = _numbered(
        [(row.op_type, row.kind, tuple(type for _, type in row.outputs)) for row in rows]
    )
    n_before = 0
    while (n_colours := len(set(colours))) > n_before:
        n_before = n_colours
        told = [
            (
                colours[at],
                tuple((colours[source], slot) for source, slot in row.inputs),
                tuple(sorted((colours[to], slot, place) for to, slot, place in readers[at])),
            )
            for at, row in enumerate(rows)
        ]
        colours = _numbered(told)
    once = {colour for colour, n in Counter(colours).items() if n == 1}
    return {row.id for row, colour in zip(rows, colours, strict=True) if colour in once}


def _numbered(entries: Sequence[object]) -> list[int]:
    numbers: dict[object, int] = {}
    return [numbers.setdefault(entry, len(numbers)) for entry in entries]
