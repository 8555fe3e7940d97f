"""A model of two graphs, and short words to read node data for it."""

from __future__ import annotations

import io
import json
import math
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from graphs.builder import GraphBuilder
from graphs.ir import Model, NodeKind
from graphs.node_data import NodeData
from importers.node_data import read_node_data

NAN = float("nan")


def a_model() -> Model:
    """Make two graphs: main with a, b (two outputs), c; body with a and z."""
    main = GraphBuilder("main", "The main graph")
    main.add_node("in", "", kind=NodeKind.INPUT)
    for id in ("a", "b", "c"):
        main.add_node(id, "Conv")
    main.add_value(0, 0, "t_a")  # the operator that bears the name comes later and wins
    main.add_value(1, 0, "t_a")
    main.add_value(2, 0, "t_b0")
    main.add_value(2, 1, "t_b1")
    main.add_value(3, 0, "a")  # the name of another node: the id wins
    body = GraphBuilder("body")
    body.add_node("a", "Add")
    body.add_node("z", "Add")
    return Model("m", "test", "", (main.build(), body.build()))


def single(results: dict[str, Any], **more: Any) -> bytes:
    """Return node data JSON for one graph; a plain number stands for its result."""
    wrapped = {k: v if isinstance(v, dict) else {"value": v} for k, v in results.items()}
    return json.dumps({"results": wrapped, **more}).encode()


def read(content: bytes, name: str = "file.json") -> list[NodeData]:
    """Read for the small model."""
    return read_node_data(content, name, a_model())


def values(data: NodeData) -> list[float | None]:
    """Return the values with None for NaN."""
    return [None if math.isnan(v) else v for v in data.values.tolist()]


def notes(data: NodeData) -> str:
    """Return all notes as one text."""
    return "\n".join(map(str, data.notes))


def parquet(**columns: Any) -> bytes:
    """Return a Parquet file."""
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()
