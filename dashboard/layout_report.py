"""`opscope layout`: where everything is drawn, as numbers. The JSON's summary is a public contract.

What is laid out is what the page draws with the same switches; only the widgets are missing.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

import importers
from components.graph_view.drawing import boxes_of, labels_of
from components.plots.ticks import format_number, format_value
from dashboard.group_choice import expanded_by, near_names
from graphs.errors import UnknownName, quoted
from graphs.ir import Graph, Model
from graphs.kernels import warm
from graphs.layout import Boxes, Layout, LayoutOptions, lay_out
from graphs.layout.cache import ScopeCache
from graphs.layout.contract import Direction
from graphs.layout.quality import Crossings, crossings, edge_length
from graphs.visible import Visible, visible

CACHE_BYTES = 256 * 2**20
WARM_RUNS = 2  # the better one counts
DIGITS = 3  # of a world unit, which is a pixel at natural size

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be drawn.

    Attributes
    ----------
    expand : tuple of str
        As `dashboard.group_choice.expanded_by` takes it; without any, all groups are closed.
    flat : bool
        Every node and no group.
    show_constants : bool
        Constants as boxes of their own.
    direction : {"down", "right"}
    is_cold : bool
        Time the first layout of this process, kernels loaded or compiled on the way.
    graph_id : str
        Empty for the model's first graph.
    """

    expand: tuple[str, ...] = ()
    flat: bool = False
    show_constants: bool = False
    direction: Direction = "down"
    is_cold: bool = False
    graph_id: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """A layout with what is said of it.

    Attributes
    ----------
    name : str
        The model's.
    choice : Choice
    options : LayoutOptions
    seen : Visible
    layout : Layout
    seconds : float
    crossings : Crossings
    edge_length : float
        World units.
    """

    name: str
    choice: Choice
    options: LayoutOptions
    seen: Visible
    layout: Layout
    seconds: float
    crossings: Crossings
    edge_length: float

    @property
    def summary(self) -> dict[str, Any]:
        """The public contract; `n_nodes` counts nodes and closed groups, not the frames around."""
        return {
            "n_nodes": int(np.count_nonzero(~self.seen.item_is_expanded)),
            "n_edges": self.seen.n_edges,
            "seconds": self.seconds,
            "seconds_by_phase": dict(self.layout.seconds_by_phase),
            "crossings": self.crossings.n,
            "edge_length": round(self.edge_length, DIGITS),
            "width": round(self.layout.total_width, DIGITS),
            "height": round(self.layout.total_height, DIGITS),
        }


def lay_out_model(path: Path, choice: Choice) -> Report:
    """Read a model and lay out one of its graphs.

    Raises
    ------
    ReadError
        The file cannot be read.
    UnknownName
        It has no such graph or group.
    LayoutError
        The drawing would be too large.
    """
    model = importers.read(path)
    graph = _graph(model, choice.graph_id)
    expanded = expanded_by(graph.namespaces, choice.expand)
    seen = visible(graph, expanded, flat=choice.flat, show_constants=choice.show_constants)
    boxes = boxes_of(seen, labels_of(seen))
    options = LayoutOptions(direction=choice.direction)
    layout, seconds = _timed(boxes, options, is_cold=choice.is_cold)
    crossed = crossings(layout, boxes.source, boxes.source_slot)
    length = edge_length(layout)
    return Report(model.name, choice, options, seen, layout, seconds, crossed, length)


def _graph(model: Model, graph_id: str) -> Graph:
    if not graph_id:
        return model.graphs[0]
    try:
        return model.graph(graph_id)
    except KeyError:
        ids = [graph.id for graph in model.graphs]
        raise UnknownName("graph", graph_id, near_names(graph_id, ids) or ids[:3]) from None


def _timed(boxes: Boxes, options: LayoutOptions, *, is_cold: bool) -> tuple[Layout, float]:
    """Lay out with an empty cache; return the layout and the seconds it took."""
    if not is_cold:
        warm()
    runs = []
    for _ in range(1 if is_cold else WARM_RUNS):
        start = time.perf_counter()
        layout = lay_out(boxes, options, cache=ScopeCache(CACHE_BYTES))
        runs.append((layout, time.perf_counter() - start))
    return min(runs, key=lambda run: run[1])


def to_json(report: Report) -> str:
    """Return strict JSON: ``summary``, ``options``, ``nodes`` and ``edges``.

    ``parent``, ``source`` and ``target`` are positions in ``nodes``: an id alone
    may be that of a node and of a group.
    """
    content = {
        "summary": report.summary,
        "options": {**_options(report), **asdict(report.options)},
        "nodes": _nodes(report),
        "edges": _edges(report),
    }
    return json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def _options(report: Report) -> dict[str, Any]:
    choice = report.choice
    return {
        "graph": report.seen.graph.id,
        "expand": list(choice.expand),
        "flat": choice.flat,
        "constants": choice.show_constants,
        "cold": choice.is_cold,
    }


def _nodes(report: Report) -> Rows:
    seen, layout = report.seen, report.layout
    ids, paths = seen.graph.node_ids, seen.graph.namespaces.paths
    rects = np.stack([layout.x, layout.y, layout.width, layout.height], axis=1)
    columns = (seen.item_node, seen.item_namespace, seen.item_is_expanded, seen.item_parent)
    rows = zip(*(column.tolist() for column in columns), _rounded(rects), strict=True)
    return [
        {
            "id": ids[node] if node >= 0 else paths[space],
            "is_group": node < 0,
            "is_expanded": is_expanded,
            "parent": parent if parent >= 0 else None,
            **dict(zip(("x", "y", "width", "height"), rect, strict=True)),
        }
        for node, space, is_expanded, parent, rect in rows
    ]


def _edges(report: Report) -> Rows:
    seen, layout = report.seen, report.layout
    points, cuts = _rounded(layout.path_points), layout.path_ptr.tolist()
    columns = (seen.edge_source, seen.edge_target, layout.edge_is_back)
    rows = zip(*(column.tolist() for column in columns), cuts[:-1], cuts[1:], strict=True)
    return [
        {"source": source, "target": target, "is_back": is_back, "path": points[start:stop]}
        for source, target, is_back, start, stop in rows
    ]


def _rounded(values: np.ndarray[Any, np.dtype[np.float32]]) -> list[list[float]]:
    """Return rows of numbers as short as they are true: a layout is float32."""
    return values.astype(np.float64).round(DIGITS).tolist()


def to_text(report: Report) -> str:
    """Return the summary for a reader, the slowest phase first; names are kept on their line."""
    said, layout = report.summary, report.layout
    how = "first layout of this process" if report.choice.is_cold else "kernels warm"
    phases = sorted(said["seconds_by_phase"].items(), key=lambda phase: -phase[1])
    total = max(sum(seconds for _, seconds in phases), 1e-9)
    area = layout.total_width * layout.total_height
    width, height, covered = (
        format_number(value) for value in (layout.total_width, layout.total_height, area)
    )
    return "\n".join(
        [
            f"{quoted(report.name)}, graph {quoted(report.seen.graph.id)}: "
            f"{said['n_nodes']:,} nodes, {said['n_edges']:,} edges{_groups(report)}",
            "",
            f"laid out in {format_value(1e3 * report.seconds, 'ms')} ({how})",
            *(f"  {name:<12}{1e3 * s:>10,.2f} ms{s / total:>7.1%}" for name, s in phases),
            "",
            f"crossings    {report.crossings.n:,}"
            f" ({report.crossings.n_by_pairs:,} if each edge were drawn alone)",
            f"edge length  {report.edge_length:,.0f}",
            f"size         {width} × {height}, area {covered}",
        ]
    )


def _groups(report: Report) -> str:
    """Say how many groups are drawn."""
    if report.choice.flat:
        return ", flat"
    is_group = report.seen.item_node < 0
    n_open = int(np.count_nonzero(report.seen.item_is_expanded))
    n_closed = int(np.count_nonzero(is_group)) - n_open
    if not n_open + n_closed:
        return ", no groups"
    hint = " (--expand all opens them)" if n_closed and not n_open else ""
    return f", {n_open:,} groups open, {n_closed:,} closed{hint}"


def write_json(report: Report, target: str) -> None:
    """Write the JSON to a file, or to standard output where the target is ``-``.

    Raises
    ------
    OSError
        It cannot be written.
    """
    text = to_json(report)
    if target == "-":
        print(text)
    else:
        Path(target).write_text(text + "\n", encoding="ascii")
