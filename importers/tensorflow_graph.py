"""One graph or function of a TensorFlow model as a `Graph`: arguments, nodes, results.

An input of a node names where it comes from: `node`, `node:1` in a graph,
`node:output:1` in a function, `^node` where it only orders execution. Names are
not to be trusted: one that leads nowhere costs an edge and gives a note. Cycles
through NextIteration are TensorFlow's loops. Imports no framework.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphs.builder import GraphBuilder
from graphs.ir import Facts, Graph, NodeKind
from graphs.tensor_type import TensorType
from importers.naming import Namer
from importers.tensorflow_body import KINDS, Body, Library
from importers.tensorflow_ops import width
from importers.tensorflow_scopes import common_scope, namespaces_of
from importers.tensorflow_source import TensorflowSource

MAX_SLOT = 1 << 20
_LOOP_BACK = frozenset({"NextIteration", "RefNextIteration"})


def read_graph(body: Body, library: Library) -> Graph:
    """Return the graph of a body."""
    return _Reader(body, library).graph()


class _Reader:
    """Collects the columns of one graph."""

    def __init__(self, body: Body, library: Library) -> None:
        self.body = body
        self.library = library
        self.notes = library.notes
        self.builder = GraphBuilder(body.graph_id, body.title)
        self.first = len(body.arguments)  # row of the first node
        self.last = self.first + len(body.nodes)  # row of the first result
        self.row_of: dict[str, int] = {}
        self.ops = [node.op for node in body.nodes]
        self.starts: list[int] = []  # handle of each row's first value
        self.value_nodes: list[int] = []
        self.value_slots: list[int] = []
        self.value_names: list[str] = []
        self.value_types: list[TensorType] = []
        self.more: dict[tuple[int, int], int] = {}  # values that only their readers tell of
        self.links: list[tuple[int, int, int]] = []  # value, target, slot
        self.orders: list[tuple[int, int, int]] = []  # source row, target, slot

    def graph(self) -> Graph:
        names = [argument.name for argument in self.body.arguments]
        names += [node.name for node in self.body.nodes]
        for row, name in enumerate(names):
            self.row_of.setdefault(name, row)
        self._add_values(names)
        for row, node in enumerate(self.body.nodes, self.first):
            self._link(row, node.input)
        self._add_nodes(names)
        for target, (label, text) in enumerate(self.body.results, self.last):
            value = self._value(text, label)
            if value is not None:
                self.links.append((value, target, 0))
        values, targets, slots = zip(*self.links, strict=True) if self.links else ((), (), ())
        self._add_orders_values()
        self.builder.add_values(
            self.value_nodes, self.value_slots, self.value_names, self.value_types
        )
        self.builder.add_edges(values, targets, slots)
        self._add_orders()
        self._add_calls()
        graph = self.builder.build(self._source(), n_operators=len(self.body.nodes))
        self._note_cycles(graph)
        return graph

    def _add_values(self, names: list[str]) -> None:
        types = [[argument.type] for argument in self.body.arguments]
        types += map(self.library.output_types, self.body.nodes)
        for row, (name, own) in enumerate(zip(names, types, strict=True)):
            self.starts.append(len(self.value_nodes))
            n = len(own)
            self.value_nodes += [row] * n
            self.value_slots += range(n)
            is_argument = row < self.first
            self.value_names += [name if is_argument else f"{name}:{slot}" for slot in range(n)]
            self.value_types += own
        self.starts.append(len(self.value_nodes))

    def _link(self, target: int, inputs: Sequence[str]) -> None:
        slot = 0
        orders: list[int] = []
        for text in inputs:
            if text[:1] == "^":
                source = self.row_of.get(text[1:])
                if source is None:
                    self._miss(text, target)
                else:
                    orders.append(source)
                continue
            value = self._value(text, self.body.nodes[target - self.first].name)
            if value is not None:
                self.links.append((value, target, slot))
            slot += 1
        for source in dict.fromkeys(orders):
            self.orders.append((source, target, slot))
            slot += 1

    def _miss(self, text: str, target: int) -> None:
        name = self.body.nodes[target - self.first].name
        self.notes.add("damaged", "An input that nothing produces", f"{text} of {name}")

    def _value(self, text: str, reader: str) -> int | None:
        """Return the handle of what an input names, or None, noted, if there is no such value."""
        name, colon, rest = text.partition(":")
        row = self.row_of.get(name)
        if row is None:
            self.notes.add("damaged", "An input that nothing produces", f"{text} of {reader}")
            return None
        slot = self._slot(row, rest) if colon else 0
        if not 0 <= slot < MAX_SLOT:
            self.notes.add("damaged", "An input names an output that cannot be", text)
            return None
        handle = self.starts[row] + slot
        if handle < self.starts[row + 1]:
            return handle
        return self._more(row, slot)

    def _more(self, row: int, slot: int) -> int:
        """Return the handle of an output that nothing but its readers tells of."""
        found = self.more.get((row, slot))
        if found is None:
            found = self.more[row, slot] = len(self.value_nodes)
            name = self.body.nodes[row - self.first].name if row >= self.first else "argument"
            self.value_nodes.append(row)
            self.value_slots.append(slot)
            self.value_names.append(f"{name}:{slot}")
            self.value_types.append(self.library.types.of(""))
        return found

    def _slot(self, row: int, rest: str) -> int:
        """Return the output slot that `1`, or `output:1` in a function, names; -1 if none."""
        name, colon, number = rest.partition(":")
        if not colon:
            name, number = ("", rest) if rest.isdecimal() else (rest, "0")
        if not number.isdecimal() or len(number) > 9:
            return -1
        slot = int(number)
        node = self.body.nodes[row - self.first] if row >= self.first else None
        outputs = self.library.operations.get(node.op) if node is not None and name else None
        if outputs is None or node is None or len(outputs) < 2:
            return slot
        before = 0
        for one in outputs:
            if one.name == name:
                return before + slot
            before += width(one, node.attr)
        self.notes.add("guessed", "An output's name is not known to its operation", rest)
        return slot

    def _add_nodes(self, names: list[str]) -> None:
        body, namer = self.body, Namer(self.notes)
        own = namer.unique_all(names[self.first :], "node")
        labels = [
            one.origin.name if one.origin and one.origin.is_variable else one.label or one.name
            for one in body.arguments
        ]
        shown = [namer.unique(label, "argument", is_noted=False) for label in labels]
        ends = [namer.unique(label, "output", is_noted=False) for label, _ in body.results]
        spaces = namespaces_of(own, self.ops)
        for node, group in body.groups.items():
            spaces[node] = group
        kinds = [NodeKind.CONSTANT if one.origin else NodeKind.INPUT for one in body.arguments]
        ops = [one.origin.node.op if one.origin else "Input" for one in body.arguments]
        self.builder.add_nodes(
            [*shown, *own, *ends],
            [*ops, *self.ops, *(["Output"] * len(ends))],
            [*self._argument_spaces(spaces), *spaces, *([""] * len(ends))],
            [
                *kinds,
                *(KINDS.get(op, NodeKind.OPERATOR) for op in self.ops),
                *([NodeKind.OUTPUT] * len(ends)),
            ],
        )

    def _argument_spaces(self, spaces: list[str]) -> list[str]:
        """Return for an argument that stands for a weight where all lie who read it."""
        readers: dict[int, list[str]] = {}
        for value, target, _ in self.links:
            if value < self.starts[self.first] and target < self.last:
                readers.setdefault(self.value_nodes[value], []).append(spaces[target - self.first])
        return [
            common_scope(readers.get(row, ())) if argument.origin else ""
            for row, argument in enumerate(self.body.arguments)
        ]

    def _add_orders_values(self) -> None:
        """Add for each node that others wait for a value that carries nothing."""
        above: dict[int, int] = {}
        for row, slot in self.more:
            above[row] = max(above.get(row, 0), slot + 1)
        self.signal: dict[int, int] = {}
        for row in dict.fromkeys(source for source, _, _ in self.orders):
            self.signal[row] = len(self.value_nodes)
            n_known = self.starts[row + 1] - self.starts[row]
            self.value_nodes.append(row)
            self.value_slots.append(max(n_known, above.get(row, 0)))
            name = self.body.nodes[row - self.first].name if row >= self.first else ""
            self.value_names.append(f"^{name}")
            self.value_types.append(self.library.types.of(""))

    def _add_orders(self) -> None:
        for source, target, slot in self.orders:
            self.builder.add_edge(self.signal[source], target, slot, is_control=True)

    def _add_calls(self) -> None:
        known = self.library.graph_ids
        for node, names in self.library.calls.get(self.body.function, ()):
            row = self.row_of[node.name]
            for name in names:
                if name in known:
                    self.builder.add_subgraph(row, known[name])
                else:
                    self.notes.add("damaged", "A node calls a function that does not exist", name)

    def _source(self) -> TensorflowSource:
        said: dict[int, Facts] = {}
        stands_for: dict[int, Any] = {}
        for row, one in enumerate(self.body.arguments):
            said[row] = [("argument", one.name)]
            if one.origin is not None:
                stands_for[row] = one.origin.node
        for name, facts in self.body.said.items():
            if name in self.row_of:
                said.setdefault(self.row_of[name], []).extend(facts)
        for row, (_, text) in enumerate(self.body.results, self.last):
            said[row] = [("tensor", text[:1024])]
        library = self.library
        return TensorflowSource(
            name=library.name,
            format=library.format,
            function=self.body.function,
            nodes=self.body.nodes,
            first=self.first,
            stands_for=stands_for,
            said=said,
            checkpoint=library.checkpoint,
            debug=library.debug,
            graph_facts=self.body.facts,
            trainable=library.trainable,
        )

    def _note_cycles(self, graph: Graph) -> None:
        """Note nodes that can never run: they wait for a cycle that is no loop."""
        n_waiting = graph.in_ptr[1:] - graph.in_ptr[:-1]
        counts: list[int] = n_waiting.tolist()
        first: list[int] = graph.out_ptr.tolist()
        targets: list[int] = graph.edge_target[graph.out_edges].tolist()
        for row, op in enumerate(self.ops, self.first):
            if op in _LOOP_BACK:
                for target in targets[first[row] : first[row + 1]]:
                    counts[target] -= 1
        ready = [row for row, n in enumerate(counts) if n == 0]
        n_done = 0
        while ready:
            row = ready.pop()
            n_done += 1
            if self.first <= row < self.last and self.ops[row - self.first] in _LOOP_BACK:
                continue
            for target in targets[first[row] : first[row + 1]]:
                counts[target] -= 1
                if counts[target] == 0:
                    ready.append(target)
        if n_done < graph.n_nodes:
            where = f"{graph.n_nodes - n_done:,} nodes of {self.body.title}"
            self.notes.add("damaged", "Nodes wait for each other in a cycle", where)
