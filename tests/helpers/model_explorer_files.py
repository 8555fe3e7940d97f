"""Small files in Model Explorer's graph JSON, for tests."""

from __future__ import annotations

import json
from typing import Any

import importers
from graphs.ir import Graph, Model

TINY: dict[str, Any] = {"id": "g", "nodes": [{"id": "a", "label": "Conv", "namespace": "x/y"}]}


def edge(source: Any, output: Any = "0", target: Any = "0") -> dict[str, Any]:
    """Return an incoming edge."""
    return {"sourceNodeId": source, "sourceNodeOutputId": output, "targetNodeInputId": target}


def output(slot: str, **attrs: str) -> dict[str, Any]:
    """Return the metadata of an output."""
    return {"id": slot, "attrs": [{"key": k, "value": v} for k, v in attrs.items()]}


SMALL: dict[str, Any] = {
    "label": "small",
    "graphs": [
        {
            "id": "main",
            "nodes": [
                {
                    "id": "0",
                    "label": "GraphInputs",
                    "namespace": "",
                    "outputsMetadata": [
                        output("0", tensor_name="image", tensor_shape="float32[1,-1,3]")
                    ],
                },
                {
                    "id": "1",
                    "label": "pseudo_const",
                    "namespace": "net",
                    "outputsMetadata": [
                        output("0", tensor_name="weights", tensor_shape="tensor<3x4xf32>")
                    ],
                },
                {
                    "id": "2",
                    "label": "add",
                    "namespace": "net/head",
                    "incomingEdges": [edge("0"), edge("1", target="1")],
                    "outputsMetadata": [
                        output("0", tensor_name="sum", tensor_shape="1x?x4xf32", quantization="q")
                    ],
                    "inputsMetadata": [output("1", __tensor_tag="filter")],
                    "attrs": [{"key": "axis", "value": "1"}],
                    "style": {"backgroundColor": "#f00"},
                    "config": {"pinToGroupTop": True},
                },
                {
                    "id": "3",
                    "label": "GraphOutputs",
                    "namespace": "",
                    "incomingEdges": [edge("2"), edge("2", "1", "1")],
                },
            ],
            "groupNodeAttributes": {"": {"author": "me"}, "net": {"kind": "block"}},
        }
    ],
}


def read(data: Any, name: str = "m.json") -> Model:
    """Return the model of a JSON value."""
    return importers.read(json.dumps(data).encode(), name=name)


def read_nodes(*nodes: dict[str, Any]) -> tuple[Graph, list[str]]:
    """Return the graph and the notes of a file with these nodes."""
    model = read([{"id": "g", "nodes": list(nodes)}])
    return model.graphs[0], [str(note) for note in model.notes]
