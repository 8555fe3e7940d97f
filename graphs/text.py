"""A model as text: stable, readable, one fact a line. For snapshots and for comparing by eye.

Holds what the columns hold and nothing of where the model came from: the file's name
is left out, so that the same bytes under another name give the same text. Attributes
and weights stay in the file. Imports nothing but the columns' own modules.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from graphs.ir import Graph, Model, Node, NodeKind


def canonical_text(model: Model) -> str:
    """Return the model as text.

    One line for each node in graph order, and under it one for each input, output
    and called subgraph::

        graph "main": 3 nodes, 2 edges, 1 groups
        operator "conv1" Conv in "block"
          0 <- "x":0
          0 -> "conv1_out" float32[1,64]
    """
    return "\n".join(_lines(model)) + "\n"


def _lines(model: Model) -> Iterator[str]:
    yield f"format {_quoted(model.format)}"
    yield f"producer {_quoted(model.producer)}"
    yield f"parameters {model.n_parameters} in {model.parameter_bytes} bytes"
    for name, value in model.metadata:
        yield f"metadata {_quoted(name)} {_quoted(value)}"
    for note in model.notes:
        yield f"note {note.kind}: {_quoted(str(note))}"
    for graph in model.graphs:
        yield ""
        yield from _graph(graph)


def _graph(graph: Graph) -> Iterator[str]:
    title = f" titled {_quoted(graph.title)}" if graph.title != graph.id else ""
    counts = f"{graph.n_nodes} nodes, {graph.n_edges} edges, {graph.n_groups} groups"
    yield f"graph {_quoted(graph.id)}{title}: {counts}"
    for index in range(graph.n_nodes):
        yield from _node(graph, graph.node(index))


def _node(graph: Graph, node: Node) -> Iterator[str]:
    op = f" {_bare(node.op_type)}" if node.op_type else ""
    where = f" in {_quoted(node.namespace)}" if node.namespace else ""
    yield f"{NodeKind(node.kind).name.lower()} {_quoted(node.id)}{op}{where}"
    for edge in node.in_edges:
        source = _quoted(graph.node_ids[int(graph.edge_source[edge])])
        slot = int(graph.value_slot[graph.edge_value[edge]])
        mark = "control" if graph.edge_is_control[edge] else str(int(graph.edge_target_slot[edge]))
        yield f"  {mark} <- {source}:{slot}"
    for value in node.outputs:
        name = _quoted(graph.value_names[value])
        yield f"  {int(graph.value_slot[value])} -> {name} {_bare(str(node.value_type(value)))}"
    for called in graph.subgraphs.get(node.index, ()):
        yield f"  calls {_quoted(called)}"


def _quoted(text: str) -> str:
    """Quote a text from a file: whatever it holds, it stays on its line and is plain ASCII."""
    return json.dumps(text)


def _bare(text: str) -> str:
    """Leave a text as it is where nothing in it could be mistaken, else quote it."""
    return text if text.isascii() and text.isprintable() and " " not in text else _quoted(text)
