"""What a run tells beside the values of nodes: totals, warnings, and with what it was taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from components.plots.ticks import format_number, format_value
from dashboard.panes.facts import STYLE, facts_html, text_html
from dashboard.run_record import ErrorFacts, LatencyFacts, Run, RunRecord
from graphs.ir import Facts
from graphs.node_data import NodeData

MAX_LISTED = 12
SHORT_HASH_CHARS = 12
BUSY_BELOW = 0.8  # CPU time of all threads over wall time
WARNING_STYLE = """
<style>
.run-warning { border-left: 3px solid #ed6c02; background: rgba(237, 108, 2, .12);
  padding: 6px 10px; margin: 8px 0; border-radius: 4px; font-size: 13px;
  overflow-wrap: anywhere; }
</style>
"""


def run_html(run: Run) -> str:
    """Return everything that a run tells, escaped."""
    record = run.record
    body = STYLE + WARNING_STYLE
    error, latency = record.error, record.latency
    if error is not None and error.warning:
        body += text_html(error.warning, "run-warning")
    for failure in record.failures:
        body += text_html(failure, "run-warning")
    if latency is not None:
        body += facts_html("Latency", latency_facts(latency))
        body += _listed("Not timed", latency.skipped)
        body += _listed("Fused: time is borne by", latency.fused)
    if error is not None:
        body += facts_html("Quantization error", error_facts(run, error))
        body += _listed("Paired though names differ", _guessed_pairs(error))
    body += facts_html("Taken with", condition_facts(record))
    return body


def latency_facts(facts: LatencyFacts) -> Facts:
    """Return whole time, what the nodes account for, and notes."""
    whole = format_value(facts.whole_ms, "ms")
    if facts.whole_p10_ms is not None and facts.whole_p90_ms is not None:
        low, high = (format_value(v, "ms") for v in (facts.whole_p10_ms, facts.whole_p90_ms))
        whole += f" median; p10 {low}, p90 {high}"
    rows: Facts = [
        ("whole run", f"{whole}, without profiler"),
        ("nodes account for", _coverage(facts.coverage)),
        ("timed nodes", f"{facts.n_nodes:,}"),
        ("CPU time of a run", f"{format_value(facts.whole_cpu_ms, 'ms')} over all threads"),
    ]
    if facts.whole_cpu_ms < BUSY_BELOW * facts.whole_ms:
        rows.append(("busy machine", "other work took the processor meanwhile; measure again"))
    if facts.other_ms > 0:
        text = f"{format_value(facts.other_ms, 'ms')} of work that no node of the file stands for"
        rows.append(("added by the runtime", text))
    counted = (("not timed", facts.skipped), ("fused", facts.fused))
    rows += [(name, f"{len(told):,} nodes") for name, told in counted if told]
    return [*rows, *(("note", note) for note in facts.notes), *_how(facts.conditions)]


def _coverage(coverage: float) -> str:
    text = f"{coverage:.1%} of the whole run"
    if coverage > 1:
        return f"{text}: measuring each node adds time of its own"
    return f"{text}; {1 - coverage:.1%} lies between nodes"


def error_facts(run: Run, facts: ErrorFacts) -> Facts:
    """Return the twin, the pairs, the worst nodes and notes."""
    rows: Facts = [
        ("float model", facts.reference),
        ("weights", facts.reason),
        ("pairs of tensors", _pairs(facts)),
    ]
    for id, words in (("sqnr_db", "worst SQNR, accumulated"),
                      ("sqnr_db_local", "worst SQNR, local")):  # fmt: skip
        if id in run.columns:
            values = run.values(id)
            node = min(values, key=values.__getitem__)
            rows.append((words, f"{format_value(values[node], 'dB')} at {node}"))
    return [*rows, *(("note", note) for note in facts.notes), *_how(facts.conditions)]


def _pairs(facts: ErrorFacts) -> str:
    """Return how many tensors are paired, and by what."""
    if not facts.pairs:
        return "none was run"
    counts = Counter(pair.paired_by for pair in facts.pairs)
    ways = ", ".join(f"{n:,} by {way}" for way, n in counts.most_common())
    return f"{len(facts.pairs):,} ({ways}), over {facts.n_samples:,} samples"


def _guessed_pairs(facts: ErrorFacts) -> dict[str, str]:
    """Return float node -> quantized node where another way than the names paired them."""
    return {
        pair.reference_node: f"{pair.node} (by {pair.paired_by})"
        for pair in facts.pairs
        if pair.paired_by != "name"
    }


def condition_facts(record: RunRecord) -> Facts:
    """Return what every measurement of the run was taken with."""
    facts = record.latency or record.error
    held = facts.conditions if facts is not None else {}
    versions = held.get("versions") or {}
    rows: Facts = [
        ("date", record.date.replace("T", " ").replace("+00:00", " UTC")),
        ("inputs", str(held.get("data", ""))),
        ("inputs' SHA-256", str(held.get("inputs_sha256", ""))[:SHORT_HASH_CHARS]),
        ("CPU", f"{held.get('cpu', '')}, {held.get('n_cores', '?')} cores usable"),
        ("system", f"{held.get('system', '')}, Python {held.get('python', '')}"),
        ("versions", ", ".join(f"{name} {version}" for name, version in versions.items())),
        ("model's SHA-256", str(held.get("model_sha256", ""))[:SHORT_HASH_CHARS]),
        *_twin_facts(record),
    ]
    return [(name, text) for name, text in rows if text]


def _twin_facts(record: RunRecord) -> Facts:
    """Return which float model and which pairs of nodes the errors were taken with."""
    error = record.error
    if error is None:
        return []
    mapping = f"{error.mapping}, {error.mapping_sha256[:SHORT_HASH_CHARS]}" if error.mapping else ""
    reference = str(error.conditions.get("reference_sha256", ""))[:SHORT_HASH_CHARS]
    return [("float model's SHA-256", reference), ("pairs of nodes", mapping)]


def _how(held: Mapping[str, Any]) -> Facts:
    """Return how one measurement was taken."""
    settings, shapes = held.get("settings") or {}, held.get("inputs") or {}
    rows: Facts = [
        ("method", str(held.get("method", ""))),
        ("settings", ", ".join(_setting(*one) for one in settings.items() if _is_said(one[1]))),
        ("fed as", ", ".join(f"{name} {shape}" for name, shape in shapes.items())),
    ]
    return [(name, text) for name, text in rows if text]


def _is_said(value: object) -> bool:
    return value not in (None, "", [], {}, ())


def _setting(name: str, value: object) -> str:
    words = name.removeprefix("n_")
    for suffix, unit in (("_s", " s"), ("_mb", " MB")):
        if words.endswith(suffix) and isinstance(value, int | float):
            return f"{words.removesuffix(suffix).replace('_', ' ')} {value:g}{unit}"
    return f"{words.replace('_', ' ')} {value}"


def _listed(title: str, told: Mapping[str, str]) -> str:
    rows = list(told.items())[:MAX_LISTED]
    if len(told) > len(rows):
        rows.append(("", f"and {len(told) - len(rows):,} more"))
    return facts_html(title, rows)


def difference_html(difference: NodeData, ratio: NodeData) -> str:
    """Return what two subtracted runs say as a whole."""
    change = difference.values[~np.isnan(difference.values)]
    rows: Facts = [("measure", difference.label), ("nodes compared", f"{len(change):,}")]
    if len(change) and "sum" in difference.aggregations:
        rows.append(("sum of the differences", format_value(float(change.sum()), difference.unit)))
    if len(change):
        rows.append(("median difference", format_value(float(np.median(change)), difference.unit)))
    shares = ratio.values[~np.isnan(ratio.values)]
    if len(shares):
        rows.append(("median ratio", f"{format_number(float(np.median(shares)))}×"))
    return STYLE + facts_html("Difference", rows)
