"""Write a model as Opscope's own file, which `importers.opscope_json` reads back without loss.

Format: docs/formats/opscope_json.md. All columns are kept, and every text that
would have been decoded on demand; weights are not. Imports no framework.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np

from graphs.ir import Facts, Graph, Model
from graphs.notes import Note
from graphs.tensor_type import Dim, TensorType
from importers.json_bytes import json_bytes, write_json
from importers.opscope_json import MARK, VERSION

_MAX_INT64 = 2**63 - 1
Json = dict[str, object]


def write_opscope_json(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model to a file, gzipped where the path ends in ``.gz``.

    The usual endings are ``.opscope.json`` and ``.opscope.json.gz``.

    Raises
    ------
    OSError
        The file cannot be written.
    graphs.errors.ReadError
        The model's own file changed or is gone, so that attributes cannot be decoded.
    """
    write_json(_model(model), path)


def opscope_json(model: Model) -> bytes:
    """Return a model as UTF-8 JSON."""
    return json_bytes(_model(model))


def _model(model: Model) -> Json:
    return {
        MARK: VERSION,
        "name": model.name,
        "format": model.format,
        "producer": model.producer,
        "n_parameters": _number(model.n_parameters),
        "parameter_bytes": _number(model.parameter_bytes),
        "metadata": _pairs(model.metadata),
        "notes": [_note(note) for note in model.notes],
        "graphs": [_graph(graph) for graph in model.graphs],
    }


def _note(note: Note) -> Json:
    return {
        "kind": note.kind,
        "message": note.message,
        "n_times": note.n_times,
        "examples": list(note.examples),
    }


def _graph(graph: Graph) -> Json:
    return {
        "id": graph.id,
        "title": graph.title,
        "n_operators": graph.n_operators,
        "op_types": list(graph.op_types),
        "namespaces": list(graph.namespaces.paths),
        "types": [_type(one) for one in graph.types],
        "nodes": {
            "id": list(graph.node_ids),
            "kind": graph.node_kind.tolist(),
            "op": graph.node_op.tolist(),
            "namespace": graph.node_namespace.tolist(),
        },
        "values": {
            "node": graph.value_node.tolist(),
            "slot": graph.value_slot.tolist(),
            "name": list(graph.value_names),
            "type": graph.value_type.tolist(),
        },
        "edges": {
            "value": graph.edge_value.tolist(),
            "target": graph.edge_target.tolist(),
            "slot": graph.edge_target_slot.tolist(),
            "control": np.flatnonzero(graph.edge_is_control).tolist(),
        },
        "subgraphs": [[node, list(ids)] for node, ids in graph.subgraphs.items()],
        "attributes": _by_row(graph.source.attributes, graph.n_nodes),
        "value_facts": _by_row(graph.source.value_facts, len(graph.value_node)),
        "namespace_facts": _by_row(graph.source.group_attributes, len(graph.namespaces)),
    }


def _by_row(facts_of: Callable[[int], Facts], n: int) -> list[list[object]]:
    """Return the rows that have facts, each with its pairs."""
    found = ((row, facts_of(row)) for row in range(n))
    return [[row, _pairs(facts)] for row, facts in found if facts]


def _pairs(facts: Facts) -> list[list[str]]:
    return [[name, value] for name, value in facts]


def _type(one: TensorType) -> list[object]:
    return [one.dtype, None if one.shape is None else [_dim(dim) for dim in one.shape]]


def _dim(dim: Dim) -> Dim:
    """Return a size as it is; one that no JSON reader would take for a whole number as text."""
    return dim if not isinstance(dim, int) or abs(dim) <= _MAX_INT64 else str(dim)


def _number(number: int) -> int | str:
    return number if number <= _MAX_INT64 else str(number)
