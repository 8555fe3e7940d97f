"""Where the keys of a file lead in a graph: to nodes by id or tensor. Imports only `graphs`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphs.ir import Graph, NodeKind


@dataclass(init=False, slots=True)
class Lookup:
    """Where the keys of one graph lead: ids, then output tensors (operators before others)."""

    graph: Graph
    of_id: dict[str, int]
    of_tensor: dict[str, int]

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.of_id = {id: row for row, id in enumerate(graph.node_ids)}
        is_operator = graph.node_kind[graph.value_node] == NodeKind.OPERATOR
        self.of_tensor = {}
        for value in [*np.flatnonzero(is_operator), *np.flatnonzero(~is_operator)]:
            if graph.value_names[value]:
                row = int(graph.value_node[value])
                self.of_tensor.setdefault(graph.value_names[value], row)
        # An output node is called after its tensor and costs nothing: who makes it is meant.
        for output in np.flatnonzero(graph.node_kind == NodeKind.OUTPUT).tolist():
            if graph.node_ids[output] in self.of_tensor:
                del self.of_id[graph.node_ids[output]]

    def knows(self, key: str) -> bool:
        """Whether some node bears the key."""
        return key in self.of_id or key in self.of_tensor

    def row(self, key: str) -> int | None:
        """Return the node that bears the key; None where there is none."""
        found = self.of_id.get(key)
        return self.of_tensor.get(key) if found is None else found
