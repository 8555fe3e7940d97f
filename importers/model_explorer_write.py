"""Write a model as Model Explorer's graph JSON, so that Model Explorer and Opscope can read it.

What the format has no word for travels in keys that begin with ``__opscope``:
Model Explorer ignores or hides them, and `importers.model_explorer` reads the
same model from them. Weights are not written. Imports no framework.
"""

from __future__ import annotations

import os

from graphs.ir import Graph, Model, Node, NodeKind
from importers import model_explorer_words as words
from importers.json_bytes import json_bytes, write_json


def write_model_explorer(model: Model) -> bytes:
    """Return the model as one GraphCollection, UTF-8 JSON.

    Reading it again gives the same graphs, node for node and edge for edge, and
    the same format, producer, metadata and notes.
    """
    return json_bytes(_collection(model))


def write_model_explorer_json(model: Model, path: str | os.PathLike[str]) -> None:
    """Write what `write_model_explorer` returns to a file, gzipped where it ends in ``.gz``.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    write_json(_collection(model), path)


def _collection(model: Model) -> dict[str, object]:
    return {
        "label": model.name,
        "graphs": [_graph(graph) for graph in model.graphs],
        words.RESERVED: {
            "format": model.format,
            "producer": model.producer,
            "n_parameters": model.n_parameters,
            "parameter_bytes": model.parameter_bytes,
            "metadata": _pairs(model.metadata),
            "notes": [
                {
                    "kind": note.kind,
                    "message": note.message,
                    "n_times": note.n_times,
                    "examples": list(note.examples),
                }
                for note in model.notes
            ],
        },
    }


def _pairs(facts: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in facts]


def _graph(graph: Graph) -> dict[str, object]:
    groups = {}
    for index, path in enumerate(graph.namespaces.paths):
        facts = graph.source.group_attributes(index)
        if facts:
            groups[path] = dict(facts)
    return {
        "id": graph.id,
        "nodes": [_node(graph, graph.node(index)) for index in range(graph.n_nodes)],
        "groupNodeAttributes": groups,
        words.RESERVED: {"title": graph.title, "n_operators": graph.n_operators},
    }


def _node(graph: Graph, node: Node) -> dict[str, object]:
    control = [i for i, edge in enumerate(node.in_edges) if graph.edge_is_control[edge]]
    own = [(words.KIND, NodeKind(node.kind).name)]
    if not node.op_type:
        own.append((words.OP_TYPE, ""))
    if ";" in node.namespace:
        own.append((words.NAMESPACE, node.namespace))
    if control:
        own.append((words.CONTROL, ",".join(map(str, control))))
    return {
        "id": node.id,
        "label": node.op_type or node.id,
        "namespace": node.namespace,
        "subgraphIds": list(graph.subgraphs.get(node.index, ())),
        "attrs": _pairs([*graph.source.attributes(node.index), *own]),
        "incomingEdges": [_edge(graph, edge) for edge in node.in_edges],
        "outputsMetadata": [_output(graph, node, value) for value in node.outputs],
    }


def _edge(graph: Graph, edge: int) -> dict[str, str]:
    return {
        "sourceNodeId": graph.node_ids[int(graph.edge_source[edge])],
        "sourceNodeOutputId": str(int(graph.value_slot[graph.edge_value[edge]])),
        "targetNodeInputId": str(int(graph.edge_target_slot[edge])),
    }


def _output(graph: Graph, node: Node, value: int) -> dict[str, object]:
    facts = words.type_attributes(node.value_type(value))
    if graph.value_names[value]:
        facts.append((words.TENSOR_NAME, graph.value_names[value]))
    known = {words.TENSOR_SHAPE, words.TENSOR_NAME}
    facts += [fact for fact in graph.source.value_facts(value) if fact[0] not in known]
    return {"id": str(int(graph.value_slot[value])), "attrs": _pairs(facts)}
