"""What a ranking of differences ranks: pairs, groups and op types with A's and B's values.

Imports NumPy, the ranking's columns and `graphs`, no widgets.
"""

from __future__ import annotations

import numpy as np

from components.plots.paired_ranking import Ranked
from dashboard.panes.compare_columns import PairColumns, Pairs
from graphs.ir import NodeKind
from graphs.match_data import PairedData, by_group, folded
from graphs.match_view import MatchView
from graphs.node_data import NodeData


def ranked_sorts(
    columns: PairColumns, data: PairedData, a: NodeData, b: NodeData
) -> dict[str, Ranked]:
    """Return the things to rank by sort: nodes are places in the pairs, op types in the columns."""
    is_op, k = columns.op >= 0, len(columns.op_types)
    of_ops = [folded(columns.op[is_op], v[is_op], data.how, k) for v in (data.a, data.b)]
    groups = [row for row in by_group(columns.view, a, b) if row.name]
    sorts = {"nodes": Ranked(columns.labels(), data.a, data.b)}
    if groups:
        of_groups = [np.array(v) for v in zip(*((r.a, r.b) for r in groups), strict=True)]
        sorts["groups"] = Ranked([row.name for row in groups], *of_groups)
    return sorts | {"op types": Ranked(columns.op_types, *of_ops)}


def pairs_of_group(view: MatchView, graph_id: str, path: str) -> Pairs:
    """Return the pairs with a node of A, constants aside, in a group and all inside it."""
    side = view.side("a", graph_id)
    graph = side.graph
    group = graph.namespaces.index(path)
    spaces = graph.node_namespace
    is_in = (spaces >= group) & (spaces < graph.namespaces.end[group])
    found = side.pair[is_in & (graph.node_kind != NodeKind.CONSTANT)]
    return np.unique(found[found >= 0]).astype(np.int64)
