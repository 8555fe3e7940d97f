"""What a run is: what was measured, with what it was taken, and the values.

A record is JSON, the values are columns by node; both lie on disk (`dashboard/runs.py`)
and hold nothing that is executed. Imports NumPy, msgspec and `graphs`, no widgets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from dashboard.run_channels import ChannelErrors
from graphs.ir import Graph
from graphs.node_data import Aggregation, NodeData
from graphs.notes import Note

RECORD_VERSION = 1
EXACT_WORDS = "exact: no error at all, so no finite value"


class SetInfo(msgspec.Struct, frozen=True):
    """One measure of a run.

    Attributes
    ----------
    id : str
        Name of its column in files, e.g. ``"sqnr_db"``.
    name, unit : str
        For the reader.
    aggregations : tuple of Aggregation
    is_higher_worse : bool
    """

    id: str
    name: str
    unit: str
    aggregations: tuple[Aggregation, ...]
    is_higher_worse: bool


class LatencyFacts(msgspec.Struct, frozen=True):
    """What a measurement of latency tells beside the nodes' times; see `measures.latency`."""

    whole_ms: float
    whole_p10_ms: float | None
    whole_p90_ms: float | None
    whole_cpu_ms: float
    other_ms: float
    coverage: float
    n_nodes: int
    skipped: dict[str, str]
    fused: dict[str, str]
    notes: tuple[str, ...]
    conditions: dict[str, Any]


class TensorPair(msgspec.Struct, frozen=True, array_like=True):
    """A tensor of the float model, the nodes that stand for each other, and what paired them."""

    tensor: str
    reference_node: str
    node: str
    paired_by: str


class ErrorFacts(msgspec.Struct, frozen=True):
    """What a measurement of error tells beside the nodes' errors; see `measures.quantization`.

    Attributes
    ----------
    reference : str
        Name of the float model.
    is_same : bool or None
        Whether the two hold the same weights; False means trained apart.
    pairs : tuple of TensorPair
    mapping, mapping_sha256 : str
        Name and content of the file that said which nodes belong together; empty for none.
    """

    reference: str
    n_samples: int
    is_same: bool | None
    reason: str
    notes: tuple[str, ...]
    pairs: tuple[TensorPair, ...]
    conditions: dict[str, Any]
    mapping: str = ""
    mapping_sha256: str = ""

    @property
    def warning(self) -> str:
        """Why the numbers are no quantization error: the models were trained apart; else empty."""
        return f"{self.reason[:1].upper()}{self.reason[1:]}." if self.is_same is False else ""


class RunRecord(msgspec.Struct, frozen=True):
    """One run.

    Attributes
    ----------
    id : str
        Names its folder: letters, digits and dashes; later runs have greater ones.
    title : str
        The reader's name for it.
    date : str
        UTC, ISO 8601.
    model_name : str
    format : str
    sets : tuple of SetInfo
    latency, error : facts or None
        None where it was not taken.
    failures : tuple of str
        What could not be measured, with the reason.
    version : int
        Of this record.
    """

    id: str
    title: str
    date: str
    model_name: str
    format: str
    sets: tuple[SetInfo, ...] = ()
    latency: LatencyFacts | None = None
    error: ErrorFacts | None = None
    failures: tuple[str, ...] = ()
    version: int = RECORD_VERSION


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A record with its values.

    Attributes
    ----------
    record : RunRecord
    nodes : tuple of str, length n
        Ids of the nodes that have a value.
    columns : mapping of str to float64 array, shape (n,)
        By `SetInfo.id`; NaN where a node has none, infinite where an error is none at all.
    channels : ChannelErrors
        Of the weights; without rows where none were compared.
    """

    record: RunRecord
    nodes: tuple[str, ...]
    columns: Mapping[str, NDArray[np.float64]]
    channels: ChannelErrors = field(default_factory=ChannelErrors)

    def values(self, set_id: str) -> dict[str, float]:
        """Return one measure by node id, without NaN."""
        column = self.columns[set_id]
        return {
            node: value
            for node, value in zip(self.nodes, column.tolist(), strict=True)
            if value == value
        }

    def with_part(
        self,
        sets: Sequence[tuple[SetInfo, NDArray[np.float64]]],
        graph: Graph,
        latency: LatencyFacts | None = None,
        error: ErrorFacts | None = None,
        channels: ChannelErrors | None = None,
    ) -> Run:
        """Return this run with what was taken now; values are columns over the graph's nodes."""
        record = msgspec.structs.replace(
            self.record,
            sets=(*self.record.sets, *(info for info, _ in sets)),
            latency=latency or self.record.latency,
            error=error or self.record.error,
        )
        columns = {id: column_over(graph, self, id) for id in self.columns}
        columns |= {info.id: column for info, column in sets}
        channels = channels or self.channels
        if not columns:
            return Run(record, (), {}, channels)
        rows = np.flatnonzero(~np.isnan(np.stack(list(columns.values()))).all(axis=0))
        nodes = tuple(graph.node_ids[row] for row in rows.tolist())
        return Run(record, nodes, {id: column[rows] for id, column in columns.items()}, channels)

    def with_record(self, **changes: Any) -> Run:
        """Return this run with changed fields of its record."""
        record = msgspec.structs.replace(self.record, **changes)
        return replace(self, record=record)


def column_over(graph: Graph, run: Run, set_id: str) -> NDArray[np.float64]:
    """Return one measure over the nodes of a graph, float64, shape (n_nodes,)."""
    row_of = {id: row for row, id in enumerate(graph.node_ids)}
    rows = np.array([row_of.get(node, -1) for node in run.nodes], dtype=np.int64)
    column = np.full(graph.n_nodes, np.nan)
    column[rows[rows >= 0]] = run.columns[set_id][rows >= 0]
    return column


def node_data(run: Run, graph: Graph) -> list[NodeData]:
    """Return the sets of a run as node data of a graph, named by their measure alone.

    A value without bound cannot be drawn: it is left out, and a note counts it.
    """
    known = set(graph.node_ids)
    unmatched = tuple(node for node in run.nodes if node not in known)
    return [
        drawable(info, column_over(graph, run, info.id), graph, run.record.title, unmatched)
        for info in run.record.sets
    ]


def drawable(
    info: SetInfo,
    column: NDArray[np.float64],
    graph: Graph,
    source: str,
    unmatched: tuple[str, ...] = (),
) -> NodeData:
    """Return node data of a column over a graph's nodes."""
    n_exact = int(np.isinf(column).sum())
    notes = (Note("info", EXACT_WORDS, n_exact),) if n_exact else ()
    return NodeData(
        name=info.name,
        unit=info.unit,
        source=source,
        graph_id=graph.id,
        values=np.where(np.isfinite(column), column, np.nan),
        aggregations=info.aggregations,
        is_higher_worse=info.is_higher_worse,
        unmatched=unmatched,
        notes=notes,
    )
