"""What a graph says of its inputs before it is run: the dimensions that the reader may choose.

Imports no widgets and no framework.
"""

from __future__ import annotations

import numpy as np

from graphs.errors import quoted
from graphs.ir import Graph, NodeKind


def free_dimensions(graph: Graph) -> list[str]:
    """Return the names of the inputs' free dimensions, as `measures.samples` takes them.

    A dimension without a name in the file is ``INPUT.AXIS``.
    """
    found: dict[str, None] = {}
    for row in np.flatnonzero(graph.node_kind == NodeKind.INPUT).tolist():
        node = graph.node(row)
        for value in node.outputs:
            name = graph.value_names[value] or node.id
            for axis, size in enumerate(node.value_type(value).shape or ()):
                if isinstance(size, str) and size:
                    found[size] = None
                elif not isinstance(size, int) or size < 0:
                    found[f"{name}.{axis}"] = None
    return list(found)


def input_words(graph: Graph) -> str:
    """Return names and types of the inputs, for the reader."""
    said = []
    for row in np.flatnonzero(graph.node_kind == NodeKind.INPUT).tolist():
        node = graph.node(row)
        said += [f"{graph.value_names[v] or node.id}: {node.value_type(v)}" for v in node.outputs]
    return quoted(", ".join(said))
