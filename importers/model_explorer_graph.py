"""One graph of a Model Explorer file as a `Graph`.

Everything in it is optional in practice and nothing is to be trusted: what is
not of the expected shape is left out with a note. Imports no framework.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from graphs.builder import GraphBuilder
from graphs.ir import Facts, Graph, NodeKind
from graphs.tensor_type import UNKNOWN_TYPE, TensorType
from importers import model_explorer_words as words
from importers.naming import Namer
from importers.notes import Notes

MAX_VALUE_CHARS = 4096
MAX_FACTS = 1000
MAX_SLOT = 1 << 20
_NODE_KEYS = frozenset(
    {"id", "label", "namespace", "attrs", "incomingEdges", "subgraphIds"}
    | {"inputsMetadata", "outputsMetadata"}
)

Json = dict[str, object]


def dicts(value: object) -> list[Json]:
    """Return the objects of a JSON list; empty for anything else."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def text_of(value: object) -> str:
    """Return a JSON value as text: of the special attribute values, the node ids that they hold."""
    if isinstance(value, str):
        return value
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case {"type": "node_ids", "nodeIds": list(ids)}:
            return ", ".join(text_of(one) for one in ids[:MAX_FACTS])
        case {"type": "node_with_attrs", "nodes": list(nodes)}:
            return "; ".join(_node_with_attributes(one) for one in dicts(nodes)[:MAX_FACTS])
        case _:
            return _json_text(value)


def _json_text(value: object) -> str:
    try:
        return orjson.dumps(value)[:MAX_VALUE_CHARS].decode("utf-8", "replace")
    except TypeError:  # orjson writes less deeply nested values than it reads
        return "(too deeply nested)"


def _node_with_attributes(node: Json) -> str:
    attrs = node.get("attrs")
    pairs = attrs.items() if isinstance(attrs, dict) else ()
    inside = ", ".join(f"{key}={text_of(value)}" for key, value in list(pairs)[:MAX_FACTS])
    return f"{text_of(node.get('id'))} ({inside})" if inside else text_of(node.get("id"))


def attribute_items(value: object) -> Iterator[tuple[str, object]]:
    """Yield (key, value) of an attribute list; of an object too, as some tools write it."""
    if isinstance(value, dict):
        yield from value.items()
    for one in dicts(value):
        yield text_of(one.get("key")), one.get("value")


def _reserved(node: Json) -> dict[str, str]:
    """Return what our own writer added to a node's attributes."""
    return {
        key: text_of(value)
        for key, value in attribute_items(node.get("attrs"))
        if key.startswith(words.RESERVED)
    }


@dataclass(frozen=True, slots=True, eq=False)
class ModelExplorerSource:
    """The `GraphSource`: the file's own JSON objects.

    Attributes
    ----------
    nodes : list of dict
        By node.
    value_metadata : list
        Attribute list of each value row.
    groups : dict
        Namespace path -> attributes.
    paths : tuple of str
        Path of each namespace.
    """

    nodes: list[Json]
    value_metadata: list[object]
    groups: Json
    paths: tuple[str, ...]

    def attributes(self, node: int) -> Facts:
        """Return the attributes, the metadata of inputs, and all keys that have no other place."""
        found = self.nodes[node]
        facts = _facts(found.get("attrs"))
        for item in dicts(found.get("inputsMetadata")):
            slot = text_of(item.get("id"))
            facts += [(f"input {slot}: {key}", value) for key, value in _facts(item.get("attrs"))]
        for key, value in found.items():
            if key in _NODE_KEYS:
                continue
            pairs = value.items() if isinstance(value, dict) else [("", value)]
            facts += [
                (f"{key}.{inner}" if inner else key, text_of(one)[:MAX_VALUE_CHARS])
                for inner, one in pairs
            ]
        return facts[:MAX_FACTS]

    def value_facts(self, value: int) -> Facts:
        """Return an output's metadata beside its name and type."""
        known = (words.TENSOR_NAME, words.TENSOR_SHAPE)
        return [fact for fact in _facts(self.value_metadata[value]) if fact[0] not in known]

    def group_attributes(self, namespace: int) -> Facts:
        """Return `groupNodeAttributes` of a namespace; of the root, those of the graph."""
        return _facts(self.groups.get(self.paths[namespace]))

    def tensor(self, node: int) -> NDArray[np.generic] | None:
        """Return None: the format holds no weights."""
        return None


def _facts(attributes: object) -> Facts:
    return [
        (key, text_of(value)[:MAX_VALUE_CHARS])
        for key, value in attribute_items(attributes)
        if not key.startswith(words.RESERVED)
    ][:MAX_FACTS]


class _Edge(NamedTuple):
    """An incoming edge: where it stands in the list, its source, what the file calls its ends."""

    position: int
    source: int
    output: str
    port: str


class GraphReader:
    """Reads one graph object.

    Parameters
    ----------
    data : dict
        The graph object.
    graph_id : str
        Unique in the model.
    graph_ids : dict of str to str
        Ids as the collection's nodes write them -> ids in the model.
    notes : Notes
    """

    def __init__(self, data: Json, graph_id: str, graph_ids: dict[str, str], notes: Notes) -> None:
        self.data = data
        self.graph_id = graph_id
        self.graph_ids = graph_ids
        self.notes = notes
        self.nodes = dicts(data.get("nodes"))
        self.reserved = [_reserved(node) for node in self.nodes]
        self.names, self.index = self._names()
        self.edges = [self._resolved(node) for node in self.nodes]
        self.value_metadata: list[object] = []

    def graph(self) -> Graph:
        """Return the graph."""
        own = self.data.get(words.RESERVED)
        own = own if isinstance(own, dict) else {}
        title = own.get("title")
        builder = GraphBuilder(self.graph_id, title if isinstance(title, str) else "")
        outputs = self._outputs()
        read = {edge.source for edges in self.edges for edge in edges}
        for node in range(len(self.nodes)):
            self._add_node(builder, node, is_read=node in read)
        handles = [self._add_values(builder, node, found) for node, found in enumerate(outputs)]
        for node in range(len(self.nodes)):
            self._add_edges(builder, node, handles)
            self._add_calls(builder, node)
        n_operators = own.get("n_operators")
        graph = builder.build(
            n_operators=n_operators if type(n_operators) is int and n_operators >= 0 else None
        )
        return self._with_source(graph)

    def _with_source(self, graph: Graph) -> Graph:
        groups = self.data.get("groupNodeAttributes")
        source = ModelExplorerSource(
            nodes=self.nodes,
            value_metadata=self.value_metadata,
            groups=groups if isinstance(groups, dict) else {},
            paths=graph.namespaces.paths,
        )
        return replace(graph, source=source)

    def _names(self) -> tuple[list[str], dict[str, int]]:
        """Return a unique id of each node, and the node that each id in the file means."""
        namer = Namer(self.notes)
        names: list[str] = []
        index: dict[str, int] = {}
        for at, node in enumerate(self.nodes):
            stated = text_of(node.get("id"))
            if not stated:
                self.notes.add("guessed", "A node has no id and was given one", str(at))
            names.append(namer.unique(stated, _stem(text_of(node.get("label")))))
            if stated:
                index.setdefault(stated, at)
        return names, index

    def _resolved(self, node: Json) -> list[_Edge]:
        """Return a node's incoming edges with their sources found; the others are noted."""
        found: list[_Edge] = []
        for position, edge in enumerate(dicts(node.get("incomingEdges"))):
            stated = text_of(edge.get("sourceNodeId"))
            source = self.index.get(stated)
            if source is None:
                self.notes.add("lost", "An edge comes from a node that does not exist", stated)
                continue
            output = text_of(edge.get("sourceNodeOutputId", "0"))
            port = text_of(edge.get("targetNodeInputId", "0"))
            found.append(_Edge(position, source, output, port))
        return found

    def _outputs(self) -> list[dict[str, object]]:
        """Return each node's output ids with their metadata: those stated, then those used."""
        outputs: list[dict[str, object]] = []
        for node in self.nodes:
            items = dicts(node.get("outputsMetadata"))
            outputs.append({text_of(item.get("id")): item.get("attrs") for item in items})
        for edges in self.edges:
            for edge in edges:
                outputs[edge.source].setdefault(edge.output, None)
        return outputs

    def _add_node(self, builder: GraphBuilder, at: int, *, is_read: bool) -> None:
        node, own = self.nodes[at], self.reserved[at]
        label = text_of(node.get("label"))
        if "label" not in node:
            self.notes.add("guessed", "A node has no label and shows its id", self.names[at])
            label = self.names[at]
        try:
            kind = NodeKind[own.get(words.KIND, "")]
        except KeyError:
            has_inputs = bool(dicts(node.get("incomingEdges")))
            kind = words.guess_kind(label, has_inputs=has_inputs, has_outputs=is_read)
        namespace = own.get(words.NAMESPACE)
        if namespace is None:
            parts = [part for part in text_of(node.get("namespace")).split(";") if part]
            namespace = parts[-1] if parts else ""
        builder.add_node(self.names[at], own.get(words.OP_TYPE, label), namespace, kind)

    def _add_values(
        self, builder: GraphBuilder, node: int, outputs: dict[str, object]
    ) -> dict[str, int]:
        """Add a node's values by slot, and return the handle of each output id."""
        slots = _slots(outputs)
        handles = {}
        for slot, port in sorted(zip(slots, outputs, strict=True)):
            found = dict(attribute_items(outputs[port]))
            name = text_of(found.get(words.TENSOR_NAME))
            handles[port] = builder.add_value(node, slot, name, _type(found))
            self.value_metadata.append(outputs[port])
        return handles

    def _add_edges(self, builder: GraphBuilder, target: int, handles: list[dict[str, int]]) -> None:
        control = set(self.reserved[target].get(words.CONTROL, "").split(","))
        found: dict[tuple[int, str], None] = {}  # (value, port), each once
        for edge in self.edges[target]:
            value = handles[edge.source][edge.output]
            if str(edge.position) in control:
                builder.add_edge(value, target, _slot(edge.port) or 0, is_control=True)
            elif (value, edge.port) in found:
                name = self.names[edge.source]
                self.notes.add("lost", "An edge is listed twice and was read once", name)
            else:
                found[value, edge.port] = None
        ports = [port for _, port in found]
        if len(set(ports)) != len(ports):
            self.notes.add("guessed", "Edges share an input and were numbered", self.names[target])
        for (value, _), slot in zip(found, _slots(ports), strict=True):
            builder.add_edge(value, target, slot)

    def _add_calls(self, builder: GraphBuilder, node: int) -> None:
        called = self.nodes[node].get("subgraphIds")
        for stated in called if isinstance(called, list) else ():
            graph_id = self.graph_ids.get(text_of(stated))
            if graph_id is None:
                self.notes.add("lost", "A node calls a graph that does not exist", text_of(stated))
            else:
                builder.add_subgraph(node, graph_id)


def _stem(label: str) -> str:
    return label[:100].lower() or "node"


def _slot(port: str) -> int | None:
    is_number = port.isascii() and port.isdigit() and len(port) < 8
    return int(port) if is_number and int(port) < MAX_SLOT else None


def _slots(ports: Iterable[str]) -> list[int]:
    """Return a slot for each port: its number where it has one that is free, else the next free."""
    taken: set[int] = set()
    slots: list[int | None] = []
    for port in ports:
        slot = _slot(port)
        if slot is not None and slot not in taken:
            taken.add(slot)
            slots.append(slot)
        else:
            slots.append(None)
    free = (slot for slot in count() if slot not in taken)
    return [next(free) if slot is None else slot for slot in slots]


def _type(metadata: Json) -> TensorType:
    stored = metadata.get(words.TYPE)
    if isinstance(stored, str):
        found = words.stored_type(stored)
        if found is not None:
            return found
    shape = metadata.get(words.TENSOR_SHAPE)
    return words.parse_type(shape) if isinstance(shape, str) else UNKNOWN_TYPE
