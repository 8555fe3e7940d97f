"""The table of differences of a report, its filters, and the counts by op type.

Rows stand in the page as HTML, so that they can be read and printed without a script; the script
sorts and filters. Every text is escaped. Imports no Panel.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from components.graph_view.svg_text import safe
from components.plots.ticks import format_number, format_value
from dashboard.comparison_text import Nodes, changes_said, kind_of, short
from dashboard.report_numbers import PairedSets
from dashboard.report_picture import Drawn
from graphs.ir import NodeKind
from graphs.match_types import KINDS, Pair
from graphs.match_view import MatchView

MAX_ROWS = 3_000
MAX_OP_TYPES = 30
MAX_CHANGES = 6
MAX_MEASURES = 2  # beside each pair
ID_CHARS, VALUE_CHARS = 90, 48
_ORDER = (NodeKind.OPERATOR, NodeKind.INPUT, NodeKind.OUTPUT, NodeKind.CONSTANT)


def differences_html(
    view: MatchView, drawn: tuple[Drawn, Drawn], sets: Sequence[PairedSets], nodes: Nodes
) -> str:
    """Return the section: what differs, operators first; what is too much is counted."""
    pairs = view.matching.pairs
    rows = [at for at, pair in enumerate(pairs) if pair.kind != "equal"]
    if not rows:
        return ""
    rank = {kind: at for at, kind in enumerate(_ORDER)}
    rows.sort(key=lambda at: rank[NodeKind(kind_of(pairs[at], nodes))])
    told = [one for one in sets if one.is_measured][:MAX_MEASURES]
    body = "".join(_row(view, at, drawn, told, nodes) for at in rows[:MAX_ROWS])
    heads = [("Kind", ""), ("A", ""), ("Op", ""), ("B", ""), ("Op", ""), ("What differs", "")]
    for one in told:
        heads += [(f"{side}: {_named(one)}", "num") for side in ("A", "B", "B − A")]
    heads += [("Paired by", ""), ("Sure", "num")]
    head = "".join(f'<th class="{css}" scope="col">{safe(text)}</th>' for text, css in heads)
    return (
        '<section id="differences"><h2>Differences</h2>'
        f"{_filters(view)}"
        f'<div class="scroll"><table class="pairs"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
        f"{_left_out([pairs[at] for at in rows[MAX_ROWS:]])}</section>"
    )


def _named(one: PairedSets) -> str:
    return f"{one.data.name} ({one.data.unit})" if one.data.unit else one.data.name


def _filters(view: MatchView) -> str:
    counts = view.matching.counts()
    chips = "".join(
        f'<button type="button" class="chip" data-kind="{kind}" aria-pressed="true">'
        f'<i class="dot {kind}"></i>{kind} {counts[kind]:,}</button>'
        for kind in KINDS[1:]
        if counts[kind]
    )
    return (
        f'<div class="filters">{chips}<input type="search" class="search"'
        ' placeholder="Filter by name, op type or change" aria-label="Filter the differences">'
        '<span class="shown" role="status"></span></div>'
    )


def _left_out(pairs: Sequence[Pair]) -> str:
    if not pairs:
        return ""
    counts = Counter(pair.kind for pair in pairs)
    said = ", ".join(f"{n:,} {kind}" for kind, n in counts.most_common())
    return f'<p class="note">{len(pairs):,} more differences are not listed: {said}.</p>'


def _row(
    view: MatchView,
    at: int,
    drawn: tuple[Drawn, Drawn],
    sets: Sequence[PairedSets],
    nodes: Nodes,
) -> str:
    pair = view.matching.pairs[at]
    keys = [" ".join(map(str, one.keys.get(at, []))) for one in drawn]
    cells = [
        f'<td><span class="tag"><i class="dot {pair.kind}"></i>{pair.kind}</span></td>',
        *_ends(view, at, pair),
        f'<td class="said">{said_html(pair, nodes)}</td>',
        *(cell for one in sets for cell in _numbers(one, at)),
        f"<td>{safe(pair.why)}</td>",
        f'<td class="num" data-v="{pair.confidence:.3f}">{pair.confidence:.0%}</td>',
    ]
    tags = f'data-p="{at}" data-kind="{pair.kind}" data-a="{keys[0]}" data-b="{keys[1]}"'
    return f'<tr tabindex="0" {tags}>{"".join(cells)}</tr>'


def _ends(view: MatchView, at: int, pair: Pair) -> Iterator[str]:
    matching = view.matching
    for node, ids, graph, first in (
        (view.row(at, "a"), pair.a, pair.a_graph, matching.a[0].id),
        (view.row(at, "b"), pair.b, pair.b_graph, matching.b[0].id),
    ):
        more = f' <small class="more">+{len(ids) - 1}</small>' if len(ids) > 1 else ""
        if ids and graph != first:
            more += f' <small class="more">in {safe(short(graph, 40))}</small>'
        listed = "\n".join(short(id, 200) for id in ids[:12])
        name = safe(short(ids[0], ID_CHARS)) if ids else ""
        yield f'<td class="id" title="{safe(listed)}">{name}{more}</td>'
        is_operator = node is not None and node.kind == NodeKind.OPERATOR
        told = node.op_type if is_operator and node is not None else _kind_word(view, at, ids)
        yield f'<td class="op">{safe(told, 60)}</td>'


def _kind_word(view: MatchView, at: int, ids: tuple[str, ...]) -> str:
    """Return what a node is that is no operator."""
    if not ids:
        return ""
    node = view.row(at, "a" if ids is view.matching.pairs[at].a else "b")
    return node.kind.name.lower() if node is not None else ""


def _numbers(one: PairedSets, at: int) -> Iterator[str]:
    data = one.data
    for value in (data.a[at], data.b[at], data.b[at] - data.a[at]):
        number = float(value)
        known = f' data-v="{number:.9g}"' if number == number else ""
        yield f'<td class="num"{known}>{safe(format_value(number, data.unit))}</td>'


def op_types_html(view: MatchView) -> str:
    """Return the counts of operators by op type as bars, those with most differences first."""
    rows = [row for row in view.op_counts() if sum(row.counts.values())]
    if not rows:
        return ""
    most = max(sum(row.counts.values()) for row in rows)
    body = "".join(_op_row(row.op_type, [row.counts[kind] for kind in KINDS], most)
                   for row in rows[:MAX_OP_TYPES])  # fmt: skip
    left = rows[MAX_OP_TYPES:]
    n_left = sum(sum(row.counts.values()) for row in left)
    note = f'<p class="note">{len(left):,} more op types with {n_left:,} operators.</p>'
    return (
        '<section><h2>Op types</h2><table class="ops"><thead><tr><th>Op type</th>'
        '<th class="num">Pairs</th><th class="num">Differ</th><th>How they fared</th></tr></thead>'
        f"<tbody>{body}</tbody></table>{note if left else ''}</section>"
    )


def _op_row(name: str, counts: Sequence[int], most: int) -> str:
    total = sum(counts)
    said = ", ".join(f"{n:,} {kind}" for kind, n in zip(KINDS, counts, strict=True) if n)
    return (
        f'<tr><td class="op">{safe(name, 60)}</td><td class="num">{total:,}</td>'
        f'<td class="num">{total - counts[0]:,}</td>'
        f'<td><div class="bar" style="width:{max(100 * total / most, 2):.1f}%"'
        f' title="{safe(said)}">{kind_bar(counts)}</div><small>{safe(said)}</small></td></tr>'
    )


def kind_bar(counts: Sequence[int]) -> str:
    """Return the parts of a bar with a length for each kind, in the order of `KINDS`."""
    return "".join(
        f'<i class="{kind}" style="flex-grow:{n}"></i>'
        for kind, n in zip(KINDS, counts, strict=True)
        if n
    )


def said_html(pair: Pair, nodes: Nodes, most: int = MAX_CHANGES) -> str:
    """Return what differs in a pair, a line a change."""
    texts = changes_said(pair, nodes, most=most, chars=VALUE_CHARS)
    return "".join(f"<div>{safe(text)}</div>" for text in texts)


def format_ratio(a: float, b: float) -> str:
    """Return B by A, e.g. ``0.26×``; a dash where A has nothing."""
    return f"{format_number(b / a)}×" if a and a == a and b == b else "–"
