"""`opscope compare --report`: the report of two model files.

What the page would show at first is drawn, with the groups open that hold differences. Imports
no Panel.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dashboard.comparison import Comparison
from dashboard.report import WeightsCompared, report_html
from dashboard.report_picture import opened_on_differences
from dashboard.report_side import ReportSide
from dashboard.run_files import FileSource
from dashboard.session import first_view
from graphs.errors import ReadError
from graphs.inferred import best_groups
from graphs.ir import Graph, Model
from graphs.match_tensors import WeightDifference
from graphs.match_view import End, MatchView
from graphs.node_data import NodeData
from importers.base import model_file
from importers.node_data import read_node_data, with_unique_names
from measures.cost import Sizes, cost_measures
from measures.memory import peak_memory
from measures.size import size_measures


def read_sets(model: Model, files: Sequence[Path]) -> tuple[NodeData, ...]:
    """Return the node data of files for the first graph, then what is computed from the model.

    Raises
    ------
    graphs.errors.NodeDataError
        A file holds no node data of the model.
    """
    graph = model.graphs[0]
    read = [one for file in files for one in read_node_data(file, file.name, model)]
    mine = [one for one in read if one.graph_id == graph.id]
    return tuple(with_unique_names([*mine, *_computed(graph)]))


def _computed(graph: Graph) -> list[NodeData]:
    one = Sizes(batch=1)
    return [*size_measures(graph), *cost_measures(graph, one), *peak_memory(graph, one)]


def write_report(
    comparison: Comparison,
    paths: tuple[Path, Path],
    node_data: tuple[Sequence[Path], Sequence[Path]],
    target: Path,
    weights: Sequence[WeightDifference] | None = None,
    tolerance: float = 0.0,
) -> None:
    """Write the report of a comparison to a file.

    Parameters
    ----------
    comparison : Comparison
    paths : tuple of (Path, Path)
        Of A and B, for sizes and hashes.
    node_data : tuple of (sequence of Path, sequence of Path)
        Files with values of their nodes.
    target : Path
    weights : sequence of WeightDifference, optional
    tolerance : float
        Share of the largest value by which weights may differ.

    Raises
    ------
    graphs.errors.ReadError
        It cannot be written.
    graphs.errors.NodeDataError
        A file holds no node data of its model.
    graphs.errors.LayoutError
        A drawing would be too large.
    """
    view = MatchView(comparison.matching)
    sets = read_sets(comparison.a, node_data[0]), read_sets(comparison.b, node_data[1])
    a = _side(comparison.a, paths[0], sets[0], view, "a")
    b = _side(comparison.b, paths[1], sets[1], view, "b")
    compared = None if weights is None else WeightsCompared(weights, tolerance)
    page = report_html(a, b, view, weights=compared)
    try:
        target.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ReadError(str(target), f"it cannot be written: {error.strerror}") from error


def _side(
    model: Model, path: Path, sets: tuple[NodeData, ...], view: MatchView, end: End
) -> ReportSide:
    graph = best_groups(model.graphs[0])[1]
    opened = opened_on_differences(graph, view.side(end, graph.id), first_view(graph))
    file = FileSource(path.name, model_file(path) or path)
    return ReportSide(model, graph, opened, sets, file=file).with_file()
