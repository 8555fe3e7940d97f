"""The sections of a report beside pictures and table: what was compared, verdict, numbers, notes.

Every text is escaped. Imports no Panel.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from components.graph_view.svg_text import safe
from components.plots.ticks import format_value
from dashboard.comparison_text import WEIGHTS, Nodes, short
from dashboard.report_numbers import PairedSets, error_sets, n_unbounded, worst_rows
from dashboard.report_side import ReportSide
from dashboard.report_table import format_ratio, kind_bar, said_html
from graphs.ir import Facts, Node
from graphs.match_tensors import WeightDifference
from graphs.match_types import KINDS, Matching
from graphs.match_view import End, MatchView
from graphs.node_data import NodeData

MAX_LISTED = 40
MAX_NOTES = 20
MAX_WEIGHTS = 25
MAX_TILES = 3
MOST_SHARE = 100  # a larger change is told by its values alone


def sides_html(a: ReportSide, b: ReportSide) -> str:
    """Return what was compared: both models beside each other."""
    return f'<div class="sides">{_side("A", a)}{_side("B", b)}</div>'


def _side(letter: str, side: ReportSide) -> str:
    model, graph = side.model, side.graph
    said = [
        safe(model.format),
        f"{graph.n_nodes:,} nodes",
        f"{model.n_parameters:,} parameters" if model.n_parameters else "",
        format_value(float(side.n_bytes), "bytes") if side.n_bytes else "",
    ]
    graph_name = f"<dt>graph</dt><dd>{safe(graph.title)}</dd>" if len(model.graphs) > 1 else ""
    maker = f"<dt>producer</dt><dd>{safe(model.producer)}</dd>" if model.producer else ""
    key = f"<dt>SHA-256</dt><dd><code>{safe(side.sha256)}</code></dd>" if side.sha256 else ""
    return (
        f'<div class="side"><b class="letter">{letter}</b><div><h3>{safe(model.name, 120)}</h3>'
        f"<p>{' · '.join(filter(None, said))}</p><dl>{graph_name}{maker}{key}</dl></div></div>"
    )


def verdict_html(view: MatchView) -> str:
    """Return whether they differ, and in what, in a sentence, a bar and a legend."""
    matching = view.matching
    counts = matching.counts()
    n_different = sum(n for kind, n in counts.items() if kind != "equal")
    if n_different:
        title = f"{n_different:,} of {len(matching.pairs):,} pairs differ"
    else:
        title = "No difference" if matching.is_equal else "The same graph with other weights"
    weights = WEIGHTS[matching.same_weights]
    legend = "".join(
        f'<li><i class="dot {kind}"></i><b>{counts[kind]:,}</b> {kind}</li>'
        for kind in KINDS
        if counts[kind]
    )
    return (
        f'<div class="verdict"><h2>{title}<small>{weights}</small></h2>'
        f'<div class="bar whole">{kind_bar([counts[kind] for kind in KINDS])}</div>'
        f'<ul class="legend">{legend}</ul>{_changed(matching)}</div>'
    )


def _changed(matching: Matching) -> str:
    found: Counter[str] = Counter()
    for pair in matching.pairs:
        found.update({change.what for change in pair.changes})
    said = ", ".join(f"{what} of {n:,}" for what, n in found.most_common())
    return f'<p class="note">What changed: {said}.</p>' if said else ""


def totals_html(sets: Sequence[PairedSets]) -> str:
    """Return a row for each measure of both sides."""
    rows = "".join(_total_row(one) for one in sets)
    if not rows:
        return '<p class="note">No measure has values on both sides.</p>'
    return (
        '<div class="scroll"><table><thead><tr><th>Measure</th><th>Over all nodes</th>'
        '<th class="num">A</th><th class="num">B</th><th class="num">B − A</th>'
        f'<th class="num">B ÷ A</th><th>From</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _total_row(one: PairedSets) -> str:
    a, b = one.whole()
    unit = one.data.unit
    is_worse = b != a and (b > a) == one.data.is_higher_worse
    css = "same" if b == a else "worse" if is_worse else "better"
    cells = [
        f"<td>{safe(one.data.name, 80)}</td><td>{one.how}</td>",
        *(f'<td class="num">{safe(format_value(value, unit))}</td>' for value in (a, b)),
        f'<td class="num {css}">{safe(format_value(b - a, unit))}</td>',
        f'<td class="num {css}">{format_ratio(a, b)}</td>',
        f"<td>{_sources(one)}</td>",
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _sources(one: PairedSets) -> str:
    return "; ".join(safe(source, 80) for source in dict.fromkeys(one.sources))


def errors_html(view: MatchView, end: End, side: ReportSide, nodes: Nodes) -> str:
    """Return the worst nodes by quantization error, with their twins and what differs."""
    sets = error_sets(side.sets)
    if not sets:
        return ""
    graph_side, other = view.side(end, side.graph.id), "b" if end == "a" else "a"
    heads = "".join(f'<th class="num">{safe(one.label, 40)}</th>' for one in sets)
    rows = "".join(
        _error_row(view, int(graph_side.pair[row]), side.graph.node(row), sets, end, nodes)
        for row in worst_rows(sets[0])
    )
    title = f"Worst nodes of {end.upper()} by {sets[0].name}"
    warnings = "".join(f'<p class="warning">{safe(text)}</p>' for text in side.warnings)
    return (
        f"<h3>{safe(title)}</h3>{warnings}"
        f'<div class="scroll"><table><thead><tr><th>{end.upper()}</th>'
        f"<th>Op</th><th>{other.upper()}</th>{heads}<th>What differs</th>"
        f"</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _error_row(
    view: MatchView, at: int, node: Node, sets: Sequence[NodeData], end: End, nodes: Nodes
) -> str:
    pair = view.matching.pairs[at]
    theirs = pair.a if end == "b" else pair.b
    numbers = "".join(
        f'<td class="num">{safe(format_value(float(one.values[node.index]), one.unit))}</td>'
        for one in sets
    )
    return (
        f'<tr tabindex="0" class="go" data-go="{at}"><td class="id">{safe(short(node.id, 90))}</td>'
        f'<td class="op">{safe(node.op_type, 60)}</td>'
        f'<td class="id">{safe(short(theirs[0], 90)) if theirs else ""}</td>{numbers}'
        f'<td class="said">{said_html(pair, nodes, most=2)}</td></tr>'
    )


def tiles_html(a: ReportSide, b: ReportSide, sets: Sequence[PairedSets]) -> str:
    """Return what a reader asks first: what was measured, sizes, and the worst error."""
    tiles = [_tile(one.data.name, *one.whole(), one.data.unit, is_worse_up=one.data.is_higher_worse)
             for one in sets if one.is_measured][:MAX_TILES]  # fmt: skip
    if a.n_bytes and b.n_bytes:
        tiles.append(_tile("file size", a.n_bytes, b.n_bytes, "bytes", is_worse_up=True))
    for letter, side in (("A", a), ("B", b)):
        for one in error_sets(side.sets)[:1]:
            row = worst_rows(one, 1)[0]
            value = safe(format_value(float(one.values[row]), one.unit))
            name, node = safe(one.name, 40), safe(short(side.graph.node_ids[row], 60))
            tiles.append(f"<div class='tile'><span>worst {name} of {letter}, {node}</span>"
                         f"<b>{value}</b></div>")  # fmt: skip
    return f'<div class="tiles">{"".join(tiles)}</div>' if tiles else ""


def _tile(name: str, a: float, b: float, unit: str, *, is_worse_up: bool) -> str:
    css = "same" if a == b else "worse" if (b > a) == is_worse_up else "better"
    share = f"{b / a - 1:+.0%}".replace("-", "−") if a and abs(b / a) < MOST_SHARE else ""
    values = " → ".join(safe(format_value(float(value), unit)) for value in (a, b))
    return (
        f'<div class="tile"><span>{safe(name, 60)}</span><b>{values}</b>'
        f'<em class="{css}">{share}</em></div>'
    )


def weights_html(weights: Sequence[WeightDifference] | None, tolerance: float) -> str:
    """Return how far the weights are apart; nothing where they were not compared."""
    if weights is None:
        return ""
    compared = [entry for entry in weights if not entry.not_compared]
    n_equal = sum(entry.is_equal for entry in compared)
    far = sorted((e for e in compared if not e.is_within(tolerance)), key=lambda e: -e.relative)
    n_near = len(compared) - n_equal - len(far)
    said = [f"{n_equal:,} the same"]
    if tolerance:
        said.append(f"{n_near:,} within {tolerance:g} of the largest value")
    said.append(f"{len(far):,} differ")
    reasons = Counter(entry.not_compared for entry in weights if entry.not_compared)
    said += [f"{n:,} not compared: {safe(reason)}" for reason, n in reasons.most_common(5)]
    rows = "".join(_weight_row(entry) for entry in far[:MAX_WEIGHTS])
    table = (
        '<div class="scroll"><table><thead><tr><th>A</th><th>B</th><th class="num">Values</th>'
        '<th class="num">Largest difference</th><th class="num">Of the largest value</th></tr>'
        f"</thead><tbody>{rows}</tbody></table></div>"
    )
    return f"<section><h2>Weights</h2><p>{'; '.join(said)}.</p>{table if rows else ''}</section>"


def _weight_row(entry: WeightDifference) -> str:
    return (
        f'<tr><td class="id">{safe(short(entry.a, 90))}</td>'
        f'<td class="id">{safe(short(entry.b, 90))}</td><td class="num">{entry.n_elements:,}</td>'
        f'<td class="num">{entry.largest:.3g}</td><td class="num">{entry.relative:.2%}</td></tr>'
    )


def corrections_html(matching: Matching) -> str:
    """Return the pairs that a reader or a mapping gave; nothing without any."""
    given = [pair for pair in matching.pairs if pair.why == "given"]
    if not given:
        return ""
    rows = [
        (short(pair.a[0], 90) if pair.a else "no partner",
         short(pair.b[0], 90) if pair.b else "no partner")
        for pair in given[:MAX_LISTED]
    ]  # fmt: skip
    if len(given) > len(rows):
        rows.append(("", f"and {len(given) - len(rows):,} more"))
    body = "".join(f"<tr><td>{safe(a)}</td><td>{safe(b)}</td></tr>" for a, b in rows)
    n = f"{len(given):,} pair{'' if len(given) == 1 else 's'}"
    return (
        f"<section><h2>Given by hand</h2><p>{n} from a reader or a mapping; "
        "the others were found around them.</p><table><thead><tr><th>A</th><th>B</th></tr></thead>"
        f"<tbody>{body}</tbody></table></section>"
    )


def taken_html(a: ReportSide, b: ReportSide) -> str:
    """Return how numbers were taken: facts of runs, and files with what of them fits no node."""
    parts = [
        f"<h3>{letter}: {safe(title, 120)}</h3>{_facts(facts)}"
        for letter, side in (("A", a), ("B", b))
        for title, facts in side.taken
    ]
    parts += [_files(letter, side) for letter, side in (("A", a), ("B", b))]
    body = "".join(parts)
    return f'<section class="taken"><h2>How numbers were taken</h2>{body}</section>' if body else ""


def _facts(rows: Facts) -> str:
    body = "".join(f"<tr><td>{safe(name)}</td><td>{safe(text, 2000)}</td></tr>"
                   for name, text in rows)  # fmt: skip
    return f'<table class="facts"><tbody>{body}</tbody></table>'


def _files(letter: str, side: ReportSide) -> str:
    by_source: dict[str, list[NodeData]] = {}
    for one in side.sets:
        by_source.setdefault(one.source, []).append(one)
    rows = [(source, _said_of(sets)) for source, sets in by_source.items()]
    return f"<h3>{letter}: where values are from</h3>{_facts(rows)}" if rows else ""


def _said_of(sets: Sequence[NodeData]) -> str:
    names = ", ".join(dict.fromkeys(one.label for one in sets))
    n_lost = max(len(one.unmatched) for one in sets)
    n_left = sum(n_unbounded(one) for one in sets)
    notes = dict.fromkeys(str(note) for one in sets for note in one.notes)
    said = [
        names,
        f"{n_lost:,} rows match no node" if n_lost else "",
        f"{n_left:,} values without bound are left out" if n_left else "",
        *list(notes)[:4],
    ]
    return "; ".join(filter(None, said))


def notes_html(matching: Matching, a: ReportSide, b: ReportSide) -> str:
    """Return what could not be done, and what reading the files lost or guessed."""
    notes = [*matching.ignored[:MAX_NOTES]]
    for letter, side in (("A", a), ("B", b)):
        told = [f"{letter}: {note}" for note in side.model.notes if note.kind != "info"]
        notes += told[:MAX_NOTES]
        if len(told) > MAX_NOTES:
            notes.append(f"{letter}: {len(told) - MAX_NOTES:,} more notes")
    items = "".join(f"<li>{safe(note)}</li>" for note in notes)
    return f"<section><h2>Notes</h2><ul>{items}</ul></section>" if items else ""
