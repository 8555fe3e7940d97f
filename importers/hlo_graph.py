"""Turn HLO computations into graphs: one for each, the entry first.

Node rows: the instructions in the file's order, then one output for the root.
Columns are built whole, since a large module has a hundred thousand rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import repeat

import numpy as np

from graphs.builder import GraphBuilder
from graphs.errors import DamagedSource, UnsupportedFeature
from graphs.ir import Graph, GraphSource, NodeKind
from importers.hlo_scopes import fold_single, is_leaf_name, namespace_of, without_shared
from importers.hlo_text import FORMAT, Computation
from importers.hlo_types import ShapeTable
from importers.naming import Namer
from importers.notes import Notes
from importers.surroundings import complete

MAX_COMPUTATIONS = 30_000
OUTPUT = "Output"
LOWERED = "Instructions of one framework operation that feed each other were put into a group"
_KINDS = {"parameter": NodeKind.INPUT, "constant": NodeKind.CONSTANT}

SourceOf = Callable[[Computation, int], GraphSource]


def build_graphs(
    computations: Sequence[Computation],
    titles: dict[str, str],
    source_of: SourceOf,
    source: str,
    notes: Notes,
) -> tuple[Graph, ...]:
    """Return the graphs of a module.

    Parameters
    ----------
    computations : sequence of Computation
    titles : dict of str to str
        What the reader sees instead of a computation's name.
    source_of : callable
        (computation, number of its nodes) -> what decodes the rest on demand.
    source : str
        Name of the file.
    notes : Notes

    Raises
    ------
    DamagedSource
        No computation is the entry.
    UnsupportedFeature
        There are more computations than can be shown.
    """
    if len(computations) > MAX_COMPUTATIONS:
        feature = f"{len(computations):,} computations; the limit is {MAX_COMPUTATIONS:,}"
        raise UnsupportedFeature(source, feature, format=FORMAT)
    entry = _entry(computations, source)
    ordered = [computations[entry], *computations[:entry], *computations[entry + 1 :]]
    namer = Namer(notes)
    ids = [namer.unique(one.name, "computation") for one in ordered]
    of_name = dict(zip((one.name for one in reversed(ordered)), reversed(ids), strict=True))
    shapes = ShapeTable()
    return tuple(
        _Reader(one, shapes, notes).graph(
            GraphBuilder(graph_id, titles.get(one.name, "")), of_name, source_of
        )
        for one, graph_id in zip(ordered, ids, strict=True)
    )


def _entry(computations: Sequence[Computation], source: str) -> int:
    marked = [i for i, one in enumerate(computations) if one.is_entry]
    if not marked:
        reason = "no computation is its entry; the end may be missing"
        raise DamagedSource(source, reason, format=FORMAT)
    return marked[0]


class _Reader:
    """Builds the columns of one computation; n instructions."""

    def __init__(self, computation: Computation, shapes: ShapeTable, notes: Notes) -> None:
        self.computation = computation
        self.types = list(map(shapes.type, computation.shapes))
        self.notes = notes
        names = computation.names
        self.index_of = dict(zip(reversed(names), range(len(names) - 1, -1, -1), strict=True))
        if len(self.index_of) != len(names):
            self.index_of = {name: i for i, name in enumerate(names)}
        self.values: list[int] = []  # of each edge, instruction = value handle
        self.targets: list[int] = []
        self.slots: list[int] = []
        self.control: list[tuple[int, int]] = []
        self._find_edges()

    def graph(self, builder: GraphBuilder, of_name: dict[str, str], source_of: SourceOf) -> Graph:
        """Return the graph."""
        computation = self.computation
        n = len(computation.names)
        builder.add_nodes(self._ids(), [*computation.opcodes, OUTPUT][: self.n_nodes],
                          self._namespaces(), self._kinds())  # fmt: skip
        builder.add_values(np.arange(n), np.zeros(n, np.int64), computation.names, self.types)
        builder.add_edges(self.values, self.targets, self.slots)
        for source, target in self.control:
            slot = len(computation.operands[target])  # after what carries data
            builder.add_edge(source, target, slot, is_control=True)
        for index, names in computation.calls.items():
            self._link(builder, index, names, of_name)
        return builder.build(source_of(computation, self.n_nodes), n_operators=n)

    @property
    def n_nodes(self) -> int:
        """Instructions, and the output where there is a root."""
        return len(self.computation.names) + (self.computation.root >= 0)

    def _find_edges(self) -> None:
        computation, find = self.computation, self.index_of.get
        if computation.root < 0 and computation.names:
            self.notes.add("guessed", "The last instruction was taken for the root",
                           computation.name)  # fmt: skip
            computation.root = len(computation.names) - 1
        for index, operands in enumerate(computation.operands):
            for slot, name in enumerate(operands):
                found = find(name, -1)
                if found < 0:
                    where = f"{name} of {computation.names[index]}"
                    self.notes.add("damaged", "An operand that nothing produces", where)
                    continue
                self.values.append(found)
                self.targets.append(index)
                self.slots.append(slot)
        for index, before in computation.control.items():
            for name in before:
                if (found := find(name, -1)) >= 0:
                    self.control.append((found, index))
        if computation.root >= 0:
            self.values.append(computation.root)
            self.targets.append(len(computation.names))
            self.slots.append(0)

    def _ids(self) -> list[str]:
        """Return the instructions' names; a parameter is called as the framework calls it."""
        computation = self.computation
        names = list(computation.names)
        if computation.is_entry:
            rows = [i for i, opcode in enumerate(computation.opcodes) if opcode == "parameter"]
            told = [computation.op_names[i] for i in rows]
            if all(told) and len({*told, *names}) == len(told) + len(names):
                for row, name in zip(rows, told, strict=True):
                    names[row] = name
        namer = Namer(self.notes)
        ids = namer.unique_all(names, "instruction")
        if computation.root >= 0:
            ids.append(namer.unique("output", "output", is_noted=False))
        return ids

    def _kinds(self) -> list[int]:
        kinds = [int(_KINDS.get(op, NodeKind.OPERATOR)) for op in self.computation.opcodes]
        return [*kinds, int(NodeKind.OUTPUT)][: self.n_nodes]

    def _namespaces(self) -> list[str]:
        computation = self.computation
        kinds = self._kinds()
        spaces: list[str | None] = [
            namespace_of(name) if name else None for name in computation.op_names
        ]
        if not any("/" in name for name in computation.op_names):
            spaces = self._lowered()
        is_moved = np.array(kinds) == NodeKind.CONSTANT
        for index, opcode in enumerate(computation.opcodes):
            if opcode == "parameter":
                is_moved[index] = is_leaf_name(computation.op_names[index])
                spaces[index] = None if is_moved[index] else ""
            elif opcode == "constant":
                spaces[index] = None
        if not computation.is_entry:
            is_inner = [kind == NodeKind.OPERATOR for kind in kinds[: len(spaces)]]
            inner = [s if own else None for s, own in zip(spaces, is_inner, strict=True)]
            inner = without_shared(inner)
            pairs = zip(spaces, inner, is_inner, strict=True)
            spaces = [new if own else old for old, new, own in pairs]
        spaces = [*fold_single(spaces), ""][: self.n_nodes]
        sources, targets = np.array(self.values, np.int64), np.array(self.targets, np.int64)
        return complete(spaces, is_moved, sources, targets, self.notes)

    def _lowered(self) -> list[str | None]:
        """Return groups where the framework named operations without a path.

        An operation such as ``aten__native_batch_norm`` becomes several
        instructions that bear its name; those that feed each other are one call.
        """
        names = self.computation.op_names
        head = list(range(len(names)))
        movable = [op not in _KINDS for op in self.computation.opcodes]
        for source, target in zip(self.values, self.targets, strict=True):
            is_one = target < len(names) and names[source] and names[source] == names[target]
            if is_one and movable[source] and movable[target]:
                head[_head(head, source)] = _head(head, target)
        return self._numbered([_head(head, i) for i in range(len(names))])

    def _numbered(self, heads: list[int]) -> list[str | None]:
        names = self.computation.op_names
        sizes = np.bincount(heads, minlength=len(names)).tolist() if heads else []
        spaces: list[str | None] = list(repeat(None, len(names)))
        counts: dict[str, int] = {}
        called: dict[int, str] = {}
        for index, head in enumerate(heads):
            if not names[index] or sizes[head] < 2:
                spaces[index] = "" if names[index] else None
                continue
            if head not in called:
                number = counts[names[index]] = counts.get(names[index], 0) + 1
                called[head] = f"{names[index]}.{number}".replace("/", "\\/")
            spaces[index] = called[head]
        if called:
            self.notes.add("guessed", LOWERED, self.computation.name, len(called))
        return spaces

    def _link(
        self, builder: GraphBuilder, index: int, names: list[str], of_name: dict[str, str]
    ) -> None:
        for name in dict.fromkeys(names):
            if name in of_name:
                builder.add_subgraph(index, of_name[name])
            else:
                self.notes.add("damaged", "A computation is called that does not exist", name)


def _head(head: list[int], node: int) -> int:
    """Return the head of the set that `node` is in; halves the way for the next search."""
    while head[node] != node:
        head[node] = head[head[node]]
        node = head[node]
    return node
