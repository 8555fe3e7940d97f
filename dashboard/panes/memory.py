"""Activation memory along the schedule of the shown graph, linked with the selection."""

from __future__ import annotations

import numpy as np

from components.plots.ticks import format_value
from components.plots.timeline import Timeline
from dashboard.session import Session
from graphs.ir import Graph
from measures.cost import Sizes
from measures.memory import MemoryTimeline, memory_timeline


class MemoryPlot:
    """Follows the graph of a session; steps that the reader chooses become the selection."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._ids: tuple[str, ...] | None = None  # of the nodes whose schedule is drawn
        self.timeline = Timeline(session.select)
        self.view = self.timeline.view
        session.param.watch(self._show, ["graph"])
        session.param.watch(self._show_selection, ["selection"])
        self._show()

    def _show(self, *_: object) -> None:
        graph = self.session.graph
        if graph is None or graph.node_ids is self._ids:  # other groups, the same nodes
            return
        self._ids = graph.node_ids
        found = memory_timeline(graph, Sizes(batch=1))
        rows = found.nodes.astype(np.int64)
        self.timeline.set_steps(rows, found.live_bytes, graph.node_ids, note_of(graph, found))
        self._show_selection()

    def _show_selection(self, *_: object) -> None:
        self.timeline.set_selection(self.session.selection)


def note_of(graph: Graph, found: MemoryTimeline) -> str:
    """Say where the peak is, and what the numbers leave out."""
    if found.peak_step < 0:
        return ""
    peak = format_value(found.peak_bytes, "bytes")
    at = graph.node_ids[int(found.nodes[found.peak_step])]
    n_unknown, n_steps = int(np.count_nonzero(~found.is_known)), len(found.nodes)
    if not n_unknown:
        return f"At most {peak}, while {at} runs (one sample; nothing shared or computed in place)."
    left_out = f"at {n_unknown:,} of {n_steps:,} steps a tensor of unknown size is left out"
    return f"{peak} as far as sizes are known, while {at} runs (one sample); {left_out}."
