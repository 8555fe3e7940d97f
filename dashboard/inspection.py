"""`opscope inspect`: what a model file holds, as numbers. The JSON is a public contract."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

import importers
from components.plots.ticks import format_value
from graphs.errors import quoted
from graphs.ir import Graph, NodeKind

Report = dict[str, Any]


def inspect(path: Path) -> Report:
    """Return the report of a model file.

    Returns
    -------
    dict
        ``format``, ``producer``, ``graphs`` (``id``, ``n_nodes``,
        ``n_operators``, ``n_edges``, ``n_groups``, ``depth``, ``op_types``),
        ``n_parameters``, ``parameter_bytes``, ``seconds``, ``notes``.

    Raises
    ------
    graphs.errors.ReadError
        The file cannot be read.
    """
    start = time.perf_counter()
    model = importers.read(path)
    seconds = time.perf_counter() - start
    return {
        "format": model.format,
        "producer": model.producer,
        "graphs": [_of_graph(graph) for graph in model.graphs],
        "n_parameters": model.n_parameters,
        "parameter_bytes": model.parameter_bytes,
        "seconds": round(seconds, 4),
        "notes": [str(note) for note in model.notes],
    }


def to_text(report: Report) -> str:
    """Return the report for a reader; text from the file is cut and kept on its line."""
    lines = [
        f"{report['format']}  {quoted(report['producer'])}".rstrip(),
        f"{report['n_parameters']:,} parameters, "
        f"{format_value(float(report['parameter_bytes']), 'bytes')}; "
        f"read in {report['seconds']:.2f} s",
    ]
    for graph in report["graphs"]:
        lines.append("")
        lines.append(
            f"{quoted(graph['id'])}: {graph['n_nodes']:,} nodes "
            f"({graph['n_operators']:,} operators), "
            f"{graph['n_edges']:,} edges, {graph['n_groups']:,} groups, {graph['depth']} deep"
        )
        ops = list(graph["op_types"].items())[:12]
        lines.append("  " + ", ".join(f"{quoted(op)} {count:,}" for op, count in ops))
    lines += ["", *(f"note: {quoted(note)}" for note in report["notes"])] if report["notes"] else []
    return "\n".join(lines)


def _of_graph(graph: Graph) -> Report:
    is_call = graph.node_kind == NodeKind.OPERATOR
    counts = np.bincount(graph.node_op[is_call], minlength=len(graph.op_types))
    order = np.lexsort((np.arange(len(counts)), -counts))
    return {
        "id": graph.id,
        "n_nodes": graph.n_nodes,
        "n_operators": graph.n_operators,
        "n_edges": graph.n_edges,
        "n_groups": graph.n_groups,
        "depth": int(graph.namespaces.depth.max(initial=0)),
        "op_types": {graph.op_types[i]: int(counts[i]) for i in order if counts[i]},
    }
