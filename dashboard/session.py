"""Session: the state of one graph on the page, shared by all panes. Knows graphs, no widgets.

A pane reads the session and writes to it; it never talks to another pane. Array
parameters always compare as changed, so they are written in one place each
(`select`, `set_threshold`), which return early when nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import param
from numpy.typing import NDArray

from dashboard.open_model import OpenModel
from graphs.inferred import Origin
from graphs.ir import Graph, NodeKind
from graphs.node_data import Aggregation, NodeData
from graphs.visible import visible

SelectMode = Literal["replace", "add", "toggle", "remove"]
Rows = NDArray[np.int32]

Batch = Callable[[], AbstractContextManager[object]]

NO_ROWS: Rows = np.zeros(0, dtype=np.int32)


@dataclass(frozen=True, slots=True)
class Threshold:
    """Keep the nodes whose value lies beyond `bound`, on the side that `is_above` says."""

    measure: str
    bound: float
    is_above: bool = True

    def keeps(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which values stay; a node without a value does not."""
        with np.errstate(invalid="ignore"):
            return values > self.bound if self.is_above else values < self.bound


class Session(param.Parameterized):
    """The state of one graph on the page.

    Parameters
    ----------
    batch : callable () -> context manager
        Entered around a change that all panes follow, so that what they send
        reaches the page at once; does nothing by default.
    """

    models: list[OpenModel] = param.List(default=[], doc="Open models, oldest first.")
    opened: OpenModel | None = param.Parameter(default=None, doc="The model that is shown.")
    graph: Graph | None = param.Parameter(default=None, doc="The graph that is shown.")
    origin: Origin = param.Selector(
        default="file", objects=["file", "names", "structure"], doc="Where groups come from."
    )
    trail: tuple[tuple[str, int], ...] = param.Parameter(
        default=(), doc="(graph id, calling node) from the top to the shown graph."
    )
    expanded: frozenset[int] = param.Parameter(default=frozenset(), doc="Open namespaces.")
    anchor: int = param.Integer(default=-1, doc="Item key that keeps its place on the screen.")
    flat: bool = param.Boolean(default=False, doc="Show every node and no group.")
    show_constants: bool = param.Boolean(default=False, doc="Show constants as nodes.")
    direction: str = param.Selector(default="down", objects=["down", "right"], doc="Of edges.")
    node_data: list[NodeData] = param.List(default=[], doc="Sets of the shown graph.")
    measure: str = param.String(default="", doc="Name of the set that colours; empty for none.")
    aggregation: str = param.String(default="", doc="How groups are coloured; empty: the default.")
    is_log: bool = param.Boolean(default=False, doc="Logarithmic colours and axes.")
    is_dark: bool = param.Boolean(default=False, doc="Colours for a dark page.")
    threshold: Threshold | None = param.Parameter(default=None, doc="Filter; None keeps all.")
    selection: Rows = param.Parameter(default=NO_ROWS, doc="Selected node rows, sorted int32.")
    cleared = param.Event(doc="The reader undid everything.")
    located: Rows = param.Parameter(default=NO_ROWS, doc="Rows to bring into view, once each.")

    def __init__(self, batch: Batch = nullcontext, **params: Any) -> None:
        super().__init__(**params)
        self.batch = batch
        self._own_data: dict[str, list[NodeData]] = {}

    # -- models and graphs ------------------------------------------------------------

    def add_model(self, opened: OpenModel) -> None:
        """Add a model and show its first graph."""
        self.models = [*self.models, opened]
        self.show_model(opened)

    def show_model(self, opened: OpenModel, graph_id: str = "") -> None:
        """Show a graph of an open model, the first by default."""
        known = {graph.id: graph for graph in opened.model.graphs}
        graph = known.get(graph_id, opened.model.graphs[0])
        self._show(opened, graph, ())

    def enter_subgraph(self, node: int, graph_id: str) -> None:
        """Go into a graph that a node calls."""
        assert self.opened is not None and self.graph is not None
        trail = (*self.trail, (self.graph.id, node))
        self._show(self.opened, self.opened.model.graph(graph_id), trail)

    def show_called(self, graph_id: str, trail: tuple[tuple[str, int], ...]) -> None:
        """Show a graph that is called along a trail."""
        assert self.opened is not None
        self._show(self.opened, self.opened.model.graph(graph_id), trail)

    def leave_to(self, depth: int) -> None:
        """Go back along the trail: 0 is the top; the node that was entered is selected."""
        assert self.opened is not None
        graph_id, node = self.trail[depth]
        self._show(self.opened, self.opened.model.graph(graph_id), self.trail[:depth])
        self.locate([node])

    def close_model(self, opened: OpenModel) -> None:
        """Close a model and show another; the last one stays."""
        others = [one for one in self.models if one is not opened]
        if others:
            self.models = others
            self.show_model(others[-1])

    def _show(self, opened: OpenModel, graph: Graph, trail: tuple[tuple[str, int], ...]) -> None:
        self._keep_expanded()
        graph = opened.grouped(graph.id)
        if opened is not self.opened:
            self._own_data = {}
        sets = self._sets(opened, graph)
        names = [s.name for s in sets]
        with self.batch():
            self.param.update(
                opened=opened,
                graph=graph,
                origin=opened.origin[graph.id],
                trail=trail,
                anchor=-1,
                expanded=_first_expanded(opened, graph),
                node_data=sets,
                measure=self.measure if self.measure in names else _default_measure(sets),
                aggregation=self.aggregation if self.measure in names else "",
                threshold=None,
                selection=NO_ROWS,
            )

    def _keep_expanded(self) -> None:
        if self.opened is not None and self.graph is not None:
            self.opened.expanded[self.graph.id, self.origin] = self.expanded

    def set_origin(self, origin: Origin) -> None:
        """Show the graph with other groups; rows, and so selection and filter, stay."""
        assert self.opened is not None and self.graph is not None
        if origin == self.origin or not self.opened.choose(self.graph.id, origin):
            return
        self._keep_expanded()
        graph = self.opened.grouped(self.graph.id)
        expanded = _first_expanded(self.opened, graph)
        with self.batch():
            self.param.update(graph=graph, origin=origin, anchor=-1, expanded=expanded)

    # -- node data --------------------------------------------------------------------

    def add_node_data(
        self,
        sets: Sequence[NodeData],
        opened: OpenModel | None = None,
        *,
        measure: str = "",
        gone: Container[tuple[str, str]] = (),
    ) -> None:
        """Add sets to the graphs of a model, the shown one by default; same names are replaced.

        All at once, for what follows: `measure` colours then, and sets in `gone`, by graph id
        and name, are no more.
        """
        opened = opened or self.opened
        assert opened is not None
        for graph_id, held in opened.node_data.items():
            opened.node_data[graph_id] = [s for s in held if (graph_id, s.name) not in gone]
        for new in sets:
            kept = [s for s in opened.node_data.get(new.graph_id, []) if s.name != new.name]
            # What was measured stands before what is computed, in lists and in the table.
            opened.node_data[new.graph_id] = sorted(
                [*kept, new], key=lambda one: one.source == "computed"
            )
        if opened is self.opened and self.graph is not None:
            here = [s.name for s in sets if s.graph_id == self.graph.id]
            self._follow_node_data(here, measure)

    def set_own_data(self, sets: Sequence[NodeData], measure: str = "") -> None:
        """Replace the sets that this session alone has; they go when it shows another model."""
        self._own_data = {}
        for one in sets:
            self._own_data.setdefault(one.graph_id, []).append(one)
        self._follow_node_data((), measure)

    @property
    def own_data(self) -> list[NodeData]:
        """The sets of the shown graph that this session alone has."""
        return list(self._own_data.get(self.graph.id, ())) if self.graph is not None else []

    def follow_model(self) -> None:
        """Take over the node data that another session added to the shown model."""
        if self.opened is not None and self.graph is not None:
            there = self._sets(self.opened, self.graph)
            if [id(one) for one in there] != [id(one) for one in self.node_data]:
                self._follow_node_data((), "")

    def _sets(self, opened: OpenModel, graph: Graph) -> list[NodeData]:
        own = self._own_data.get(graph.id, [])
        held = opened.node_data.setdefault(graph.id, [])
        return [*own, *(one for one in held if all(one.name != mine.name for mine in own))]

    def _follow_node_data(self, new: Sequence[str], measure: str) -> None:
        """Tell the panes which sets there are, and choose which one colours."""
        if self.opened is None or self.graph is None:
            return
        sets = self._sets(self.opened, self.graph)
        names = [s.name for s in sets]
        chosen = measure or (new[0] if new and not self._is_measured else self.measure)
        updates: dict[str, Any] = {"node_data": sets, "measure": chosen}
        if chosen not in names:
            updates["measure"] = _default_measure(sets)
        if chosen != self.measure:
            updates["aggregation"] = ""
        if self.threshold is not None and self.threshold.measure not in names:
            updates["threshold"] = None
        with self.batch():
            self.param.update(**updates)

    @property
    def _is_measured(self) -> bool:
        """Whether the reader sees something better than sizes computed from the file."""
        return self.data is not None and self.data.source != "computed"

    def set_of(self, name: str) -> NodeData | None:
        """Return the set of that name, or None."""
        return next((s for s in self.node_data if s.name == name), None)

    @property
    def data(self) -> NodeData | None:
        """The set that colours the graph."""
        return self.set_of(self.measure)

    @property
    def how(self) -> Aggregation | None:
        """How groups are coloured; None for labels."""
        data = self.data
        if data is None or not data.aggregations:
            return None
        named = [a for a in data.aggregations if a == self.aggregation]
        return named[0] if named else data.aggregations[0]

    # -- selection and filter -----------------------------------------------------------

    def select(self, rows: Iterable[int] | Rows, mode: SelectMode = "replace") -> None:
        """Change the selection; nothing happens where it stays the same."""
        if self.graph is None:
            return
        new = np.unique(np.asarray(rows, dtype=np.int32))
        new = new[(new >= 0) & (new < self.graph.n_nodes)]
        if mode == "add":
            new = np.union1d(self.selection, new)
        elif mode == "remove":
            new = np.setdiff1d(self.selection, new)
        elif mode == "toggle":
            # A group of which a part is selected becomes selected as a whole.
            known = np.isin(new, self.selection)
            new = (
                np.setdiff1d(self.selection, new)
                if known.all()
                else np.union1d(self.selection, new)
            )
        if not np.array_equal(new, self.selection):
            with self.batch():
                self.selection = new.astype(np.int32)

    def set_threshold(self, threshold: Threshold | None) -> None:
        """Change the filter; nothing happens where it stays the same."""
        if threshold != self.threshold:
            with self.batch():
                self.threshold = threshold

    def clear(self) -> None:
        """Undo selection and every filter."""
        self.set_threshold(None)
        self.select(NO_ROWS)
        self.param.trigger("cleared")

    @property
    def is_kept(self) -> NDArray[np.bool_]:
        """Mask over nodes: what the filter keeps."""
        assert self.graph is not None
        data = self.set_of(self.threshold.measure) if self.threshold else None
        if self.threshold is None or data is None:
            return np.ones(self.graph.n_nodes, dtype=bool)
        return self.threshold.keeps(data.values)

    # -- groups -------------------------------------------------------------------------

    def toggle_group(self, namespace: int, *, subtree: bool = False, anchor: int = -1) -> None:
        """Open or close a group; with its subtree, all groups inside it as well."""
        assert self.graph is not None
        end = int(self.graph.namespaces.end[namespace])
        inside = frozenset(range(namespace, end)) if subtree else frozenset([namespace])
        is_open = namespace in self.expanded
        new = self.expanded - inside if is_open else self.expanded | inside
        self.param.update(expanded=new, anchor=anchor)

    def expand_all(self) -> None:
        """Open every group."""
        assert self.graph is not None
        self.param.update(expanded=frozenset(range(1, len(self.graph.namespaces))), anchor=-1)

    def collapse_all(self) -> None:
        """Close every group."""
        self.param.update(expanded=frozenset(), anchor=-1)

    def locate(self, rows: Iterable[int]) -> None:
        """Select nodes, open the groups around them and bring them into view."""
        wanted = self.bring_out(rows)
        if len(wanted):
            self.look_at(wanted)

    def look_at(self, rows: Rows) -> None:
        """Bring nodes into view, once what is drawn is drawn."""
        self.located = rows

    def bring_out(self, rows: Iterable[int]) -> Rows:
        """Select nodes and open the groups around them; return them sorted, each once."""
        assert self.graph is not None
        wanted = np.unique(np.asarray(list(rows), dtype=np.int32))
        if not len(wanted):
            return wanted
        around = self.graph.namespaces.with_ancestors(self.graph.node_namespace[wanted])
        opened = self.expanded | frozenset(np.flatnonzero(around).tolist()) - {0}
        constants = bool((self.graph.node_kind[wanted] == NodeKind.CONSTANT).any())
        updates: dict[str, Any] = {"anchor": -1}
        if not self.flat:
            updates["expanded"] = opened
        if constants:
            updates["show_constants"] = True
        self.select(wanted)
        self.param.update(**updates)
        return wanted


def _first_expanded(opened: OpenModel, graph: Graph) -> frozenset[int]:
    """Return the groups that were open when the reader left the graph, else those of a first view.

    `opened.origin` tells with which groups the graph is shown.
    """
    known = opened.expanded.get((graph.id, opened.origin[graph.id]))
    return first_view(graph) if known is None else known


def first_view(
    graph: Graph, most_items: int = 40, most_blocks: int = 110, few: int = 7
) -> frozenset[int]:
    """Return the groups that are open at first: outer ones, while the picture stays small.

    A picture of a `few` boxes, open groups aside, says nothing: then a step may show up to
    `most_blocks`.
    """
    depth = graph.namespaces.depth
    expanded: frozenset[int] = frozenset()
    n_boxes = visible(graph).n_items
    for level in range(1, int(depth.max(initial=0)) + 1):
        deeper = frozenset(np.flatnonzero((depth <= level) & (depth > 0)).tolist())
        then = visible(graph, deeper)
        if then.n_items > (most_items if n_boxes > few else most_blocks):
            break
        expanded, n_boxes = deeper, int(np.count_nonzero(~then.item_is_expanded))
    return expanded


def _default_measure(sets: Sequence[NodeData]) -> str:
    """Prefer what was measured to what is computed, and of that what most nodes cost."""
    measured = [s.name for s in sets if s.source != "computed"]
    compute = [s.name for s in sets if s.unit == "FLOPs" and np.nansum(s.values) > 0]
    return (measured or compute or [s.name for s in sets] or [""])[0]
