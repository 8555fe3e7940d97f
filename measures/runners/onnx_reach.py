"""What the nodes of an ONNX graph read, bodies of loops and branches included; in the worker only.

Loads nothing: it is given messages of `onnx`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def with_bodies(node: Any) -> Iterator[Any]:
    """Yield a node and those in its bodies, bodies in bodies included."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        for attribute in one.attribute:
            for body in (attribute.g, *attribute.graphs):
                waiting.extend(body.node)


def has_body(node: Any) -> bool:
    """Tell whether a node has bodies: it is a loop or a branch."""
    return any(a.g.ByteSize() or len(a.graphs) for a in node.attribute)


def reads(node: Any) -> set[str]:
    """Return the tensors that a node and its bodies read or hand on, the bodies' own among them."""
    inner = list(with_bodies(node))
    bodies = [g for one in inner for a in one.attribute for g in (a.g, *a.graphs)]
    handed = {value.name for body in bodies for value in body.output}
    return handed | {name for one in inner for name in one.input if name}


def prune(model: Any) -> None:
    """Keep the nodes, constants and inputs that the outputs of a model need."""
    graph = model.graph
    producer = {name: i for i, node in enumerate(graph.node) for name in node.output if name}
    needed: set[str] = set()
    kept: set[int] = set()
    waiting = [value.name for value in graph.output]
    while waiting:
        name = waiting.pop()
        if name in needed:
            continue
        needed.add(name)
        index = producer.get(name)
        if index is not None and index not in kept:
            kept.add(index)
            waiting += reads(graph.node[index])
    nodes = [node for i, node in enumerate(graph.node) if i in kept]
    for held, those in (
        (graph.node, nodes),
        (graph.initializer, [one for one in graph.initializer if one.name in needed]),
        (graph.input, [one for one in graph.input if one.name in needed]),
    ):
        del held[:]
        held.extend(those)
