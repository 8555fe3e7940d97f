"""Turn values keyed by node id or tensor name into node data of a graph.

Runtimes know nodes by name or by what they produce; this is the one place that
finds the row. Imports nothing but `graphs` and NumPy.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from graphs.ir import Graph
from graphs.node_data import Aggregation, NodeData


def node_data_of(
    graph: Graph,
    values: Mapping[str, float],
    name: str,
    unit: str = "",
    *,
    source: str = "measured",
    aggregations: tuple[Aggregation, ...] = ("sum",),
    is_higher_worse: bool = True,
) -> NodeData:
    """Return node data; a key is a node id, else the name of a tensor that one node produces.

    Parameters
    ----------
    graph : Graph
    values : mapping of str to float
        Two keys that name the same node: the first one wins, the other is unmatched.

    Returns
    -------
    NodeData
        With the keys that no node bears in `unmatched`.
    """
    row_of_id = {id: row for row, id in enumerate(graph.node_ids)}
    row_of_tensor = _rows_by_tensor(graph)
    column = np.full(graph.n_nodes, np.nan)
    unmatched: list[str] = []
    for key, value in values.items():
        row = row_of_id.get(key, row_of_tensor.get(key, -1))
        if row < 0 or not np.isnan(column[row]):
            unmatched.append(key)
        else:
            column[row] = value
    return NodeData(
        name=name,
        unit=unit,
        source=source,
        graph_id=graph.id,
        values=column,
        aggregations=aggregations,
        is_higher_worse=is_higher_worse,
        unmatched=tuple(unmatched),
    )


def _rows_by_tensor(graph: Graph) -> dict[str, int]:
    """Return the producer of each tensor name; a name that several nodes produce names none."""
    rows: dict[str, int] = {}
    for name, row in zip(graph.value_names, graph.value_node.tolist(), strict=True):
        if name:
            rows[name] = row if rows.get(name, row) == row else -1
    return rows
