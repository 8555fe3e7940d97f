"""A model's definition as a `Graph`: a node for each call, an inner model's calls as a group.

Inner models are written out where they are called, each call as a group of its own; a file
in which models call models again and again could make that grow without end, so the rows
that copies take are limited. Weights are constants beside the operation that owns them;
several calls of one operation read the same constants. Imports no framework.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from graphs.builder import GraphBuilder
from graphs.ir import Graph, NodeKind
from graphs.tensor_type import UNKNOWN_TYPE, TensorType
from importers.keras_config import Definition, Operation, Ref
from importers.keras_op_types import input_type, is_own, merged, op_type
from importers.keras_shapes import output_types
from importers.keras_source import KerasSource, NodeFacts
from importers.keras_weights import Weight, Weights
from importers.naming import Namer
from importers.notes import Notes

MAX_OUTPUTS = 1024
MAX_COPIES = 200_000  # calls written out again beyond those that the file lists
MAX_SCOPES = 20_000
MAX_NESTING = 60


@dataclass(slots=True, eq=False)
class Scope:
    """One call of a model, or the outermost model.

    Attributes
    ----------
    definition : Definition
    outer : Scope or None
    arguments : list of Ref
        What the call reads, in terms of `outer`.
    path : str
        Namespace.
    depth : int
    table : dict of (str, int) to int or Scope
        (operation, call) -> its node, or the scope of an inner model.
    inputs : dict of str to int
        Input operation -> which argument it stands for.
    """

    definition: Definition
    outer: Scope | None = None
    arguments: list[Ref] = field(default_factory=list)
    path: str = ""
    depth: int = 0
    table: dict[tuple[str, int], int | Scope] = field(default_factory=dict)
    inputs: dict[str, int] = field(default_factory=dict)


class GraphWriter:
    """Writes one definition as a graph.

    Parameters
    ----------
    definition : Definition
    graph_id : str
    weights : Weights
    source : KerasSource
    notes : Notes
    """

    def __init__(
        self,
        definition: Definition,
        graph_id: str,
        weights: Weights,
        source: KerasSource,
        notes: Notes,
    ) -> None:
        self.root = Scope(definition)
        self.weights = weights
        self.source = source
        self.notes = notes
        self.builder = GraphBuilder(graph_id, definition.name or graph_id)
        self.namer = Namer(notes)
        self.group_namer = Namer(notes)
        self.rows: list[tuple[Scope, Operation, int]] = []  # of each node, operation and call
        self.ids: list[str] = []
        self.paths: list[str] = []
        self.nodes_of: dict[Operation, list[int]] = {}
        self.wrapped: dict[Definition, str] = {}
        self._n_copies = 0
        self._n_scopes = 0
        self._resolved: dict[tuple[Scope, Ref], tuple[int, int] | None] = {}

    def graph(self) -> Graph:
        """Return the graph."""
        self._write_scopes()
        edges = self._edges()
        outputs = self._outputs()
        types = self._types(edges, outputs)
        self._add_nodes()
        handles = self._add_values(types)
        self._add_edges(edges, handles)
        self._add_outputs(outputs, handles)
        self._add_weights(edges)
        self._describe()
        graph = self.builder.build(self.source)
        self.source.bind(graph)
        return graph

    def _write_scopes(self) -> None:
        waiting = [self.root]
        seen: set[Definition] = set()
        while waiting:
            scope = waiting.pop()
            is_copy = scope.definition in seen
            seen.add(scope.definition)
            inner: list[Scope] = []
            listed = [ref[0] for ref in scope.definition.inputs]
            for operation in scope.definition.operations:
                if operation.is_input:
                    self._add_input(scope, operation, listed)
                else:
                    inner += self._add_calls(scope, operation, is_copy=is_copy)
            waiting.extend(reversed(inner))

    def _add_input(self, scope: Scope, operation: Operation, listed: list[str]) -> None:
        if scope.outer is None or operation.name not in listed:
            self._add_row(scope, operation, 0, 0)
        else:
            scope.inputs[operation.name] = listed.index(operation.name)

    def _add_calls(self, scope: Scope, operation: Operation, *, is_copy: bool) -> list[Scope]:
        inner: list[Scope] = []
        for at, call in enumerate(operation.calls):
            number = at + operation.first_call
            definition = operation.inner
            if (
                definition is not None
                and definition.has_graph
                and self._may_open(scope, at, is_copy)
            ):
                path = self._group(scope, operation.name)
                opened = Scope(definition, scope, call.arguments, path, scope.depth + 1)
                scope.table.setdefault((operation.name, number), opened)
                inner.append(opened)
                self.source.groups[path] = (operation, at)
            else:
                self._add_row(scope, operation, at, number)
        return inner

    def _may_open(self, scope: Scope, at: int, is_copy: bool) -> bool:
        """Return whether an inner model may be written out; the copies of a bomb may not."""
        self._n_scopes += 1
        if at or is_copy:
            self._n_copies += 1
        if (
            self._n_scopes <= MAX_SCOPES
            and self._n_copies <= MAX_COPIES
            and len(self.rows) <= MAX_COPIES * 5
            and scope.depth < MAX_NESTING
        ):
            return True
        self.notes.add("lost", "Models call models too often; the rest is shown closed", scope.path)
        return False

    def _group(self, scope: Scope, name: str) -> str:
        wanted = f"{scope.path}/{name}" if scope.path else name
        return self.group_namer.unique(wanted, "model", is_noted=False)

    def _add_row(self, scope: Scope, operation: Operation, at: int, number: int) -> None:
        node = len(self.rows)
        key = (operation.name, number)
        if key in scope.table:
            self.notes.add("damaged", "Two layers of a model have one name", operation.name)
        scope.table.setdefault(key, node)
        self.rows.append((scope, operation, at))
        wanted = f"{scope.path}/{operation.name}" if scope.path else operation.name
        self.ids.append(self.namer.unique(wanted, "layer", is_noted=False))
        inner = operation.name.rpartition("/")[0]  # names of Keras 2 may hold a scope
        self.paths.append("/".join(part for part in (scope.path, inner) if part))
        self.nodes_of.setdefault(operation, []).append(node)

    def resolve(self, scope: Scope, ref: Ref) -> tuple[int, int] | None:
        """Return the node and output slot that a reference means; None where it leads nowhere.

        Follows inner models' outputs inwards and their inputs outwards; what it finds is
        kept for every reference on the way.
        """
        way: list[tuple[Scope, Ref]] = []
        found: tuple[int, int] | None = None
        visited: set[tuple[Scope, Ref]] = set()
        here = (scope, ref)
        while here not in visited:
            if here in self._resolved:
                found = self._resolved[here]
                break
            visited.add(here)
            way.append(here)
            found, onward = self._step(*here)
            if onward is None:
                break
            here = onward
        for one in way:
            self._resolved[one] = found
        return found

    def _step(
        self, scope: Scope, ref: Ref
    ) -> tuple[tuple[int, int] | None, tuple[Scope, Ref] | None]:
        """Return the end of a reference, or where it leads on to; neither where it is broken."""
        name, number, slot = ref
        if name in scope.inputs:
            at = scope.inputs[name]
            if scope.outer is None or at >= len(scope.arguments):
                return None, None
            return None, (scope.outer, scope.arguments[at])
        target = scope.table.get((name, number))
        if target is None or isinstance(target, int):
            return None if target is None or slot >= MAX_OUTPUTS else (target, slot), None
        outputs = target.definition.outputs
        return None, (target, outputs[slot]) if slot < len(outputs) else None

    def _edges(self) -> list[list[tuple[int, int]]]:
        """Return for each node the (node, output slot) that it reads, in order."""
        found = []
        for scope, operation, at in self.rows:
            read = []
            arguments = operation.calls[at].arguments if at < len(operation.calls) else ()
            for ref in arguments:
                end = self.resolve(scope, ref)
                if end is None:
                    self.notes.add(
                        "damaged", "A layer reads a tensor that nothing produces", ref[0]
                    )
                else:
                    read.append(end)
            found.append(read)
        return found

    def _outputs(self) -> list[tuple[str, tuple[int, int]]]:
        found = []
        for ref in self.root.definition.outputs:
            end = self.resolve(self.root, ref)
            if end is None:
                self.notes.add("damaged", "An output of the model is never produced", ref[0])
            else:
                found.append((ref[0], end))
        return found

    def _types(
        self, edges: list[list[tuple[int, int]]], outputs: list[tuple[str, tuple[int, int]]]
    ) -> list[list[TensorType]]:
        """Return the types of each node's outputs: what the file says, filled by inference."""
        counts = [1] * len(self.rows)
        readers: list[list[int]] = [[] for _ in self.rows]
        for target, read in enumerate(edges):
            for node, slot in read:
                counts[node] = max(counts[node], slot + 1)
                readers[node].append(target)
        for _, (node, slot) in outputs:
            counts[node] = max(counts[node], slot + 1)
        missing = [len(read) for read in edges]
        types: list[list[TensorType]] = [[UNKNOWN_TYPE] * n for n in counts]
        ready = [node for node, n in enumerate(missing) if not n]
        while ready:
            node = ready.pop()
            types[node] = self._node_types(
                node, [types[n][s] for n, s in edges[node]], counts[node]
            )
            for target in readers[node]:
                missing[target] -= 1
                if not missing[target]:
                    ready.append(target)
        return types

    def _node_types(self, node: int, inputs: Sequence[TensorType], count: int) -> list[TensorType]:
        scope, operation, at = self.rows[node]
        if operation.is_input:
            return [input_type(operation)] + [UNKNOWN_TYPE] * (count - 1)
        own = operation.class_name if is_own(operation) else ""
        inferred = output_types(own, operation.config, inputs, count)
        hints = scope.definition.hints
        number = at + operation.first_call
        found = []
        for slot, one in enumerate(inferred):
            hint = hints.get((operation.name, number, slot))
            found.append(one if hint is None else merged(hint, one, is_exact=scope.outer is None))
        return found

    def _add_nodes(self) -> None:
        kinds = [
            NodeKind.INPUT if operation.is_input else NodeKind.OPERATOR
            for _, operation, _ in self.rows
        ]
        ops = [op_type(operation) for _, operation, _ in self.rows]
        self.builder.add_nodes(self.ids, ops, self.paths, kinds)
        for node, (_, operation, at) in enumerate(self.rows):
            self.source.nodes[node] = NodeFacts(operation, at)
            if operation.wrapped is not None and operation.wrapped in self.wrapped:
                self.builder.add_subgraph(node, self.wrapped[operation.wrapped])

    def _add_values(self, types: list[list[TensorType]]) -> list[int]:
        """Add all values; return the handle of each node's first."""
        handles: list[int] = []
        nodes: list[int] = []
        slots: list[int] = []
        kinds: list[TensorType] = []
        for node, found in enumerate(types):
            handles.append(len(nodes))
            nodes += [node] * len(found)
            slots += range(len(found))
            kinds += found
        self.builder.add_values(nodes, slots, [""] * len(nodes), kinds)
        return handles

    def _add_edges(self, edges: list[list[tuple[int, int]]], handles: list[int]) -> None:
        values = [handles[node] + slot for read in edges for node, slot in read]
        targets = [target for target, read in enumerate(edges) for _ in read]
        slots = [slot for read in edges for slot in range(len(read))]
        self.builder.add_edges(values, targets, slots)

    def _add_outputs(self, outputs: list[tuple[str, tuple[int, int]]], handles: list[int]) -> None:
        for name, (node, slot) in outputs:
            wanted = self.namer.unique(f"{name} (output)", "output", is_noted=False)
            index = self.builder.add_node(wanted, "Output", "", NodeKind.OUTPUT)
            self.builder.add_edge(handles[node] + slot, index, 0)

    def _add_weights(self, edges: list[list[tuple[int, int]]]) -> None:
        for operation, found in self.weights.of_operation.items():
            nodes = self.nodes_of.get(operation, [])
            path = _common_path([self.paths[node] for node in nodes]) if nodes else ""
            stem = self.ids[nodes[0]] if nodes else operation.name
            for slot, weight in enumerate(found):
                value = self._add_weight(weight, f"{stem}/{weight.name}", path)
                for node in nodes:
                    self.builder.add_edge(value, node, len(edges[node]) + slot)
        for path, weight in self.weights.unowned:
            shown = path.removesuffix("/vars")
            self._add_weight(weight, f"{shown}/{weight.name}".strip("/"), shown)
        if self.weights.unowned and self.root.definition.has_graph:
            self.notes.add(
                "lost",
                "A weight belongs to no layer of the graph and stands alone",
                self.weights.unowned[0][0],
                len(self.weights.unowned),
            )

    def _add_weight(self, weight: Weight, wanted: str, path: str) -> int:
        name = self.namer.unique(wanted, "weight", is_noted=False)
        node = self.builder.add_node(name, "Weight", path, NodeKind.CONSTANT)
        self.source.weights[node] = weight
        return self.builder.add_value(node, 0, weight.name, weight.type)

    def _describe(self) -> None:
        """Tell the source which nodes share their weights."""
        for operation, nodes in self.nodes_of.items():
            if len(nodes) > 1:
                self.source.calls[operation] = nodes
        self.source.owners.update(self.weights.of_operation)


def _common_path(paths: list[str]) -> str:
    parts = [path.split("/") for path in dict.fromkeys(paths)]
    common = []
    for level in zip(*parts, strict=False):
        if len(set(level)) != 1:
            break
        common.append(level[0])
    return "/".join(common)
