"""Layouts beside other engines' of the same flat graphs: time, crossings, length of edges.

Crossings and lengths are measured on the drawn lines, for all alike, over the zoo of the tests
and over real graphs of up to 1,000 nodes: those of the samples, and those below the folder that
the environment variable OPSCOPE_CORPUS names (``./run bench --corpus DIR``). Engines that draw
each edge by itself are compared by pairs of edges.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import importers
from benchmarks import rival_layouts as rivals
from benchmarks.graphs import decoder
from benchmarks.layout import boxes_of as plain_boxes_of
from benchmarks.layout import timed
from benchmarks.rows import Row
from components.graph_view.drawing import boxes_of, labels_of
from graphs.errors import OpscopeError
from graphs.kernels import warm
from graphs.layout import Boxes, Layout, LayoutOptions, lay_out
from graphs.layout.quality import crossings, edge_length
from graphs.visible import visible
from tests.helpers.zoo import ZOO, zoo_boxes

MOST_NODES = 1000
MODEL_SUFFIXES = (".onnx", ".tflite", ".json", ".pt2", ".pb", ".keras", ".h5", ".mlir", ".hlo")
SAMPLES = Path(__file__).parent.parent / "sample_models"
SPEEDUP = 80  # over fast-sugiyama, at least
MOST_FOR_NODE = 5_000  # nodes: more takes them minutes
REAL = {  # limits of the flat graph and of all groups open, in seconds
    "moe_decoder_126L_6e_core_aten.pt2": (0.5, 0.3),
    "moe_decoder_126L_24e_ts.onnx": (1.0, None),
}


def run() -> list[Row]:
    """Measure and return the rows."""
    warm()
    rows = [*_real_times(), *_times()]
    if rivals.ready_node():
        rows += _quality()
    return rows


def _real_times() -> Iterator[Row]:
    """Yield the time of two large real models, where they are at hand."""
    for name, limits in REAL.items():
        for path in (path for folder in _folders() for path in folder.rglob(name)):
            graph = importers.read(path).graphs[0]
            every = range(len(graph.namespaces))
            flat = visible(graph, flat=True, show_constants=True)
            boxes = plain_boxes_of(flat)
            seconds, _ = timed(boxes)
            yield Row(f"layout: {name}, flat", seconds, "s", limits[0], _beside(boxes, seconds))
            folded = plain_boxes_of(visible(graph, flat=True))
            yield Row(f"layout: {name}, flat, weights folded", timed(folded)[0], "s", limits[0])
            opened = plain_boxes_of(visible(graph, every, show_constants=True))
            yield Row(f"layout: {name}, all groups open", timed(opened)[0], "s", limits[1])


def _beside(boxes: Boxes, seconds: float) -> str:
    """Tell how long fast-sugiyama takes on the same graph, or at least takes."""
    if "fast-sugiyama" not in rivals.ready_python():
        return "fast-sugiyama is not installed"
    limit = SPEEDUP * max(seconds, 0.25) * 1.5
    taken = rivals.seconds_in_python("fast-sugiyama", boxes, limit)
    if taken is None:
        return f"fast-sugiyama: given up after {limit:.0f} s, {limit / seconds:,.0f} x as long"
    return f"fast-sugiyama {taken:.3g} s, {taken / seconds:,.0f} x as long"


def _times() -> Iterator[Row]:
    """Yield the time of decoders, as the best of three of ours and one of theirs."""
    for n_nodes in (1_000, 5_000, 27_000):
        boxes = plain_boxes_of(visible(decoder(n_nodes), flat=True, show_constants=True))
        seconds, _ = timed(boxes)
        told = [text for engine in rivals.ready_python() if (text := _in_python(engine, boxes))]
        if n_nodes <= MOST_FOR_NODE and rivals.ready_node():
            told += [_in_node(engine, boxes) for engine in rivals.NODE_ENGINES]
        name = f"layout: decoder of {n_nodes:,} nodes beside rivals"
        yield Row(name, seconds, "s", None, ", ".join(told))


def _in_python(engine: str, boxes: Boxes) -> str:
    if engine == "igraph" and len(boxes.parent) > MOST_FOR_NODE:
        return ""
    taken = rivals.seconds_in_python(engine, boxes, rivals.TIME_LIMIT_S)
    return (
        f"{engine} over {rivals.TIME_LIMIT_S:.0f} s" if taken is None else f"{engine} {taken:.3g} s"
    )


def _in_node(engine: str, boxes: Boxes) -> str:
    placed = rivals.by_node(engine, [boxes])[0]
    if "error" in placed:
        return f"{engine} failed: {placed['error'][:60]}"
    return f"{engine} {placed['seconds']:.3g} s"


def _quality() -> list[Row]:
    """Return the sums of crossings and lengths, ours and theirs."""
    graphs = [*_zoo(), *_models()]
    theirs = {engine: rivals.by_node(engine, graphs) for engine in rivals.NODE_ENGINES}
    rows = [
        k for k in range(len(graphs)) if all("error" not in placed[k] for placed in theirs.values())
    ]
    chosen = [graphs[k] for k in rows]
    ours = _sums(chosen, [lay_out(boxes) for boxes in chosen])
    strict = _sums(chosen, [lay_out(boxes, LayoutOptions(strict_ports=True)) for boxes in chosen])
    dagre, elk = (
        _sums(chosen, [rivals.as_layout(placed[k], graphs[k]) for k in rows])
        for placed in theirs.values()
    )
    over = f"{len(rows)} graphs, {sum(len(boxes.parent) for boxes in chosen):,} nodes"
    told = f"ours {ours[0]:,} (strict ports {strict[0]:,}), dagre {dagre[0]:,}, ELK {elk[0]:,}"
    lengths = f"ours {ours[1]:,.0f}, dagre {dagre[1]:,.0f}, ELK {elk[1]:,.0f}"
    return [
        Row("layout: crossings, share of dagre's", ours[0] / dagre[0], "x", 1.0, f"{told}; {over}"),
        Row("layout: crossings, share of ELK's", ours[0] / elk[0], "x", 1.1, told),
        Row("layout: edge length, share of dagre's", ours[1] / dagre[1], "x", 1.05, lengths),
    ]


def _sums(graphs: list[Boxes], layouts: list[Layout]) -> tuple[int, float]:
    """Return crossings by pairs of edges, and the length of all edges."""
    n, length = 0, 0.0
    for boxes, layout in zip(graphs, layouts, strict=True):
        n += crossings(layout, boxes.source, boxes.source_slot).n_by_pairs
        length += edge_length(layout)
    return n, length


def _zoo() -> Iterator[Boxes]:
    for name in ZOO:
        yield without_groups(zoo_boxes(name))


def _folders() -> list[Path]:
    return [SAMPLES, *map(Path, filter(None, [os.environ.get("OPSCOPE_CORPUS")]))]


def _models() -> Iterator[Boxes]:
    """Yield the flat graphs of the models, drawn as the page draws them."""
    for path in (path for folder in _folders() for path in sorted(folder.rglob("*"))):
        if path.suffix not in MODEL_SUFFIXES or "malformed" in path.parts:
            continue
        try:
            model = importers.read(path)
        except OpscopeError:
            continue  # node data and the like
        for graph in model.graphs:
            if graph.n_edges > 0 and graph.n_nodes <= MOST_NODES:
                seen = visible(graph, flat=True)
                yield boxes_of(seen, labels_of(seen))


def without_groups(boxes: Boxes) -> Boxes:
    """Return the leaves alone, all at the top."""
    leaves = np.flatnonzero(~boxes.is_group)
    index = np.zeros(len(boxes.parent), dtype=np.int32)
    index[leaves] = np.arange(len(leaves))
    return Boxes(
        width=boxes.width[leaves],
        height=boxes.height[leaves],
        parent=np.full(len(leaves), -1, dtype=np.int32),
        is_group=np.zeros(len(leaves), dtype=bool),
        is_constant=boxes.is_constant[leaves],
        source=index[boxes.source],
        target=index[boxes.target],
        source_slot=boxes.source_slot,
        target_slot=boxes.target_slot,
    )
