"""Latency as a part of a run: columns and facts. Imports no widgets."""

from __future__ import annotations

import math
from collections.abc import Mapping

from dashboard.run_record import LatencyFacts, SetInfo
from dashboard.run_request import Column, Part, unmatched_note
from graphs.ir import Graph
from measures.columns import node_data_of
from measures.latency import Latency

MAX_LISTED = 2000  # kept in a record; all are counted


def latency_part(taken: Latency, graph: Graph) -> Part:
    """Return the columns and facts of a measurement of latency."""
    share = SetInfo("latency_share", "latency share", "%", ("sum", "max", "mean"), True)
    named = (
        (_time("latency_ms", "latency"), taken.median_ms),
        (_time("latency_p10_ms", "latency p10"), taken.p10_ms),
        (_time("latency_p90_ms", "latency p90"), taken.p90_ms),
        (share, taken.share * 100),
    )
    columns: list[Column] = []
    fused = taken.fused_ms()
    unmatched: tuple[str, ...] = ()
    for info, values in named:
        by_key = dict(zip(taken.keys, values.tolist(), strict=True))
        data = node_data_of(graph, by_key, info.name, info.unit)
        unmatched = data.unmatched
        columns.append((info, data.values))
    if fused:
        kernel = SetInfo("latency_fused_ms", "latency of the fused kernel", "ms", ("max",), True)
        columns.append((kernel, node_data_of(graph, fused, kernel.name, kernel.unit).values))
    notes = (*taken.notes, *_cut(taken.skipped, taken.fused), *unmatched_note(unmatched))
    return Part(columns, latency=_facts(taken, notes))


def _facts(taken: Latency, notes: tuple[str, ...]) -> LatencyFacts:
    return LatencyFacts(
        whole_ms=taken.whole_ms,
        whole_p10_ms=_finite(taken.whole_p10_ms),
        whole_p90_ms=_finite(taken.whole_p90_ms),
        whole_cpu_ms=taken.whole_cpu_ms,
        other_ms=taken.other_ms,
        coverage=taken.coverage if taken.whole_ms > 0 else 0.0,
        n_nodes=len(taken.keys),
        skipped=_first(taken.skipped),
        fused=_first(taken.fused),
        notes=notes,
        conditions=taken.conditions.as_json(),
    )


def _time(id: str, name: str) -> SetInfo:
    return SetInfo(id, name, "ms", ("sum", "max", "mean"), True)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _first(told: Mapping[str, str]) -> dict[str, str]:
    return dict(list(told.items())[:MAX_LISTED])


def _cut(*told: Mapping[str, str]) -> list[str]:
    more = sum(max(0, len(one) - MAX_LISTED) for one in told)
    return [f"{more:,} more nodes were skipped or fused than are listed"] if more else []
