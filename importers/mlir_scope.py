"""Columns of one MLIR graph while it is read: a function, a region, or what is in neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from graphs.builder import GraphBuilder
from graphs.ir import Graph, GraphSource, NodeKind
from graphs.tensor_type import TensorType
from importers.hlo_scopes import fold_single, without_shared
from importers.mlir_operations import Argument, Operand
from importers.mlir_text import Operation
from importers.naming import Namer
from importers.notes import Notes
from importers.surroundings import complete

CAPTURED, INPUT, OUTPUT, BLOCK_ARGUMENT = "Captured", "Input", "Output", "BlockArgument"


@dataclass(slots=True, eq=False)
class NodeFacts:
    """What a node's row leaves out: where its text is, and where it came from."""

    operation: Operation | None = None
    location: str = ""
    argument: Argument | None = None


NO_FACTS = NodeFacts()


@dataclass(slots=True, eq=False)
class Scope:
    """Columns of n nodes, v values and e edges.

    Attributes
    ----------
    id, title : str
    outer : Scope or None
        Around a region, whose values the region may use.
    caller : int
        Node of `outer` that the region belongs to, or -1.
    namer : Namer
    handles : dict of Operand to int
        Value of a name, without its ``%``, and a number.
    names : set of str
        All names that have values here.
    pending : list of (int, int, Operand)
        Edges whose value is looked up at the end: target, slot, operand.
    n_inputs : dict of int to int
        Node -> the first input slot that is free.
    callers : set of int
        Nodes that have regions.
    passed_in : set of (int, int)
        Value and caller of the edges into callers.
    arguments : dict of str to list of int
        Label of a block -> nodes of its arguments.
    n_operators : int
        Operations, terminators too.
    """

    id: str
    title: str
    outer: Scope | None
    caller: int
    namer: Namer
    ids: list[str] = field(default_factory=list)
    ops: list[str] = field(default_factory=list)
    spaces: list[str | None] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    facts: list[NodeFacts] = field(default_factory=list)
    value_node: list[int] = field(default_factory=list)
    value_slot: list[int] = field(default_factory=list)
    value_names: list[str] = field(default_factory=list)
    value_types: list[TensorType] = field(default_factory=list)
    handles: dict[Operand, int] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    pending: list[tuple[int, int, Operand]] = field(default_factory=list)
    edges: list[tuple[int, int, int]] = field(default_factory=list)
    n_inputs: dict[int, int] = field(default_factory=dict)
    callers: set[int] = field(default_factory=set)
    passed_in: set[tuple[int, int]] = field(default_factory=set)
    subgraphs: list[tuple[int, str]] = field(default_factory=list)
    classes: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, list[int]] = field(default_factory=dict)
    own_facts: list[tuple[str, str]] = field(default_factory=list)
    n_operators: int = 0

    def add_node(
        self, wanted: str, op_type: str, space: str | None, kind: NodeKind, facts: NodeFacts
    ) -> int:
        """Append a node and return its index; an unnamed one is called after its op type."""
        stem = op_type.rpartition(".")[2] or "operation"
        self.ids.append(self.namer.unique(wanted, stem, is_noted=False))
        self.ops.append(op_type)
        self.spaces.append(space)
        self.kinds.append(int(kind))
        self.facts.append(facts)
        return len(self.ids) - 1

    def add_values(self, node: int, name: str, types: Sequence[TensorType], slot: int = 0) -> None:
        """Append the values that one name stands for, from output `slot` on."""
        is_pack = len(types) > 1
        for number, type in enumerate(types):
            self.handles.setdefault((name, number), len(self.value_node))
            self.value_node.append(node)
            self.value_slot.append(slot + number)
            self.value_names.append(f"%{name}#{number}" if is_pack else f"%{name}")
            self.value_types.append(type)
        self.names.add(name)

    def is_known(self, name: str) -> bool:
        """Return whether a name has a value here or further out."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return True
            scope = scope.outer
        return False

    def add_operands(self, node: int, operands: Sequence[Operand]) -> None:
        """Remember what a node reads."""
        self.pending += [(node, slot, operand) for slot, operand in enumerate(operands)]
        self.n_inputs[node] = len(operands)

    def add_input(self, node: int, operand: Operand) -> None:
        """Remember one thing more that a node reads."""
        slot = self.n_inputs.get(node, 0)
        self.pending.append((node, slot, operand))
        self.n_inputs[node] = slot + 1

    def connect(self, notes: Notes, limit: int) -> int:
        """Look up every operand; what is found further out is captured on the way in.

        Returns
        -------
        int
            How many inputs were added for captured values, here and on the way; the
            look-up ends where they are more than `limit`.
        """
        find = self.handles.get
        n_captured = 0
        for target, slot, operand in self.pending:
            value = find(operand, -1)
            if value < 0:
                value, n_passed = self._captured(operand)
                n_captured += n_passed
                if n_captured > limit:
                    break
            if value < 0:
                where = f"%{operand[0]} of {self.ids[target]}"
                notes.add("damaged", "A value is used that nothing produces", where)
            else:
                self.edges.append((value, target, slot))
                if target in self.callers:
                    self.passed_in.add((value, target))
        self.pending.clear()
        return n_captured

    def _captured(self, operand: Operand) -> tuple[int, int]:
        """Return the value of an operand from outside, or -1, and how many scopes it passed."""
        inwards: list[Scope] = []
        scope: Scope | None = self
        while scope is not None and operand not in scope.handles:
            inwards.append(scope)
            scope = scope.outer
        if scope is None:
            return -1, 0
        value = scope.handles[operand]
        for inner in reversed(inwards):
            assert inner.outer is not None
            inner.outer.pass_in(value, inner.caller)
            value = inner.capture(operand, inner.outer.value_types[value])
        return value, len(inwards)

    def pass_in(self, value: int, node: int) -> None:
        """Add an edge for a value that the regions of `node` use, once."""
        if (value, node) not in self.passed_in:
            self.passed_in.add((value, node))
            slot = self.n_inputs.get(node, 0)
            self.n_inputs[node] = slot + 1
            self.edges.append((value, node, slot))

    def capture(self, operand: Operand, type: TensorType) -> int:
        """Append an input for a value from outside; return its value here."""
        name, number = operand
        shown = f"%{name}#{number}" if number else f"%{name}"
        node = self.add_node(shown, CAPTURED, "", NodeKind.INPUT, NO_FACTS)
        handle = self.handles[operand] = len(self.value_node)
        self.value_node.append(node)
        self.value_slot.append(0)
        self.value_names.append(shown)
        self.value_types.append(type)
        return handle

    def _without_shared(self) -> list[str | None]:
        """Return the namespaces without what all operators of a region share."""
        is_operator = [kind == NodeKind.OPERATOR for kind in self.kinds]
        pairs = list(zip(self.spaces, is_operator, strict=True))
        shorter = without_shared([space if own else None for space, own in pairs])
        return [new if own else old for (old, own), new in zip(pairs, shorter, strict=True)]

    def build(self, source: GraphSource, notes: Notes) -> Graph:
        """Return the graph."""
        builder = GraphBuilder(self.id, self.title)
        edges = np.array(self.edges, dtype=np.int64).reshape(-1, 3)
        kinds = np.array(self.kinds, dtype=np.int64)
        is_open = np.array([space is None for space in self.spaces], dtype=bool)
        is_moved = (kinds == NodeKind.CONSTANT) | ((kinds == NodeKind.INPUT) & is_open)
        sources = np.array(self.value_node, dtype=np.int64)[edges[:, 0]]
        own = self.spaces if self.outer is None else self._without_shared()
        spaces = complete(fold_single(own), is_moved, sources, edges[:, 1], notes)
        builder.add_nodes(self.ids, self.ops, spaces, kinds)
        builder.add_values(self.value_node, self.value_slot, self.value_names, self.value_types)
        builder.add_edges(edges[:, 0], edges[:, 1], edges[:, 2])
        for node, called in dict.fromkeys(self.subgraphs):
            builder.add_subgraph(node, called)
        return builder.build(source, n_operators=self.n_operators)
