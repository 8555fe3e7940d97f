"""One run subtracted from another of the same model: difference and ratio, node by node.

Imports NumPy and `graphs`, no widgets.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dashboard.run_record import Run, SetInfo, column_over, drawable
from graphs.ir import Graph
from graphs.node_data import NodeData


class Difference(NamedTuple):
    """After minus before, and after over before, as node data."""

    difference: NodeData
    ratio: NodeData


def subtract(graph: Graph, after: Run, before: Run, info: SetInfo) -> Difference:
    """Return difference and ratio of one measure; a node that lacks either value has none.

    A ratio to zero has no value; where both errors are none at all, the difference is none.
    """
    new, old = (column_over(graph, run, info.id) for run in (after, before))
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.where(new == old, 0.0, new - old)
        ratio = np.where(old != 0, new / old, np.nan)
    names = f"{after.record.title} − {before.record.title}"
    over = f"{after.record.title} / {before.record.title}"
    return Difference(
        drawable(_info(info, f"{info.name}: {names}", info.unit), change, graph, names),
        drawable(_ratio_info(info, f"{info.name}: {over}"), ratio, graph, over),
    )


def _info(info: SetInfo, name: str, unit: str) -> SetInfo:
    return SetInfo(f"{info.id}_difference", name, unit, info.aggregations, info.is_higher_worse)


def _ratio_info(info: SetInfo, name: str) -> SetInfo:
    """A ratio does not add up."""
    worst = "max" if info.is_higher_worse else "min"
    return SetInfo(f"{info.id}_ratio", name, "×", (worst, "mean"), info.is_higher_worse)
