"""What `opscope compare` tells a reader: what differs most first, operators before constants.

Text from the files is kept to its line. Imports no Panel.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from dashboard.comparison import Comparison
from graphs.errors import quoted
from graphs.ir import Model, NodeKind
from graphs.match_tensors import WeightDifference
from graphs.match_types import Matching, Pair
from graphs.match_view import MatchView

MAX_LINES = 200  # of differences shown to a reader; the JSON has all
MAX_OP_TYPES = 12
MAX_CHANGES = 4  # of one pair
ID_CHARS, VALUE_CHARS = 60, 36
WEIGHTS = {True: "the same weights", False: "other weights", None: "weights not compared"}


def to_text(
    comparison: Comparison,
    a: Path,
    b: Path,
    weights: Sequence[WeightDifference] | None = None,
    tolerance: float = 0.0,
) -> str:
    """Return what differs: in numbers, by op type, then pair by pair, then weights if compared."""
    matching = comparison.matching
    counts = ", ".join(f"{n:,} {kind}" for kind, n in matching.counts().items())
    lines = [
        f"A  {_model(a, comparison.a)}",
        f"B  {_model(b, comparison.b)}",
        f"{counts}; {WEIGHTS[matching.same_weights]}; matched in {comparison.seconds:.2f} s",
        *(f"note: {quoted(text)}" for text in matching.ignored[:20]),
        *_changes(matching),
        *_op_types(matching),
        *_differences(matching),
        *(_weights(weights, tolerance) if weights is not None else ()),
    ]
    return "\n".join(lines)


def _model(path: Path, model: Model) -> str:
    n = model.graphs[0].n_nodes
    return f"{quoted(path.name, 80)}  {model.format}, {n:,} nodes"


def _changes(matching: Matching) -> Iterator[str]:
    """Say in how many pairs what has changed."""
    found: Counter[str] = Counter()
    for pair in matching.pairs:
        found.update({change.what for change in pair.changes})
    if found:
        said = ", ".join(f"{what} of {n:,}" for what, n in found.most_common())
        yield f"changed: {said}"


def _op_types(matching: Matching) -> Iterator[str]:
    rows = [
        (row.op_type, {kind: n for kind, n in row.counts.items() if n})
        for row in MatchView(matching).op_counts()
        if sum(row.counts.values()) > row.counts["equal"]
    ]
    if rows:
        yield "\nop types"
        width = min(32, max(len(name) for name, _ in rows[:MAX_OP_TYPES]))
        for name, counts in rows[:MAX_OP_TYPES]:
            said = ", ".join(f"{n:,} {kind}" for kind, n in counts.items())
            yield f"  {quoted(name, width):<{width}}  {said}"
        if len(rows) > MAX_OP_TYPES:
            yield f"  … and {len(rows) - MAX_OP_TYPES:,} more"


def _differences(matching: Matching) -> Iterator[str]:
    """Yield the pairs that differ under a heading for each kind of node."""
    nodes = nodes_of(matching)
    headings = {
        "operators": (NodeKind.OPERATOR,),
        "inputs and outputs": (NodeKind.INPUT, NodeKind.OUTPUT),
        "constants": (NodeKind.CONSTANT,),
    }
    n_left = MAX_LINES
    for heading, wanted in headings.items():
        pairs = [p for p in matching.pairs if p.kind != "equal" and kind_of(p, nodes) in wanted]
        shown = pairs[:n_left]
        if pairs:
            yield f"\n{heading}"
            yield from (_line(pair, nodes) for pair in shown)
        if len(pairs) > len(shown):
            yield f"  … and {len(pairs) - len(shown):,} more; --json lists all"
        n_left -= len(shown)


Nodes = dict[tuple[str, str, str], tuple[int, str]]  # side, graph, node -> kind, op type


def nodes_of(matching: Matching) -> Nodes:
    """Return kind and op type of every node of a matching."""
    return {
        (end, graph.id, id): (kind, graph.op_types[op])
        for end, graphs in (("a", matching.a), ("b", matching.b))
        for graph in graphs
        for id, kind, op in zip(
            graph.node_ids, graph.node_kind.tolist(), graph.node_op.tolist(), strict=True
        )
    }


def kind_of(pair: Pair, nodes: Nodes) -> int:
    """Return the `NodeKind` of the node that a pair is made by."""
    end = ("a", pair.a_graph, pair.a[0]) if pair.a else ("b", pair.b_graph, pair.b[0])
    return nodes[end][0]


def _line(pair: Pair, nodes: Nodes) -> str:
    ends = dict.fromkeys(short(ids[0]) for ids in (pair.a, pair.b) if ids)
    said = changes_said(pair, nodes)
    text = f"  {pair.kind:<8} {' ↔ '.join(ends)}"
    return f"{text}  ({'; '.join(said)})" if said else text


def changes_said(
    pair: Pair, nodes: Nodes, *, most: int = MAX_CHANGES, chars: int = VALUE_CHARS
) -> list[str]:
    """Return what differs in a pair, a text a change; first what was fused or split into what."""
    changes, said = pair.changes, []
    if pair.kind in ("fused", "split"):
        mine = _op_types_of("a", pair.a_graph, pair.a, nodes)
        said = [f"{mine} → {_op_types_of('b', pair.b_graph, pair.b, nodes)}"]
        changes = tuple(c for c in changes if (c.what, c.name) != ("quantization", "nodes"))
    said += [change.text(chars) for change in changes[:most]]
    if len(changes) > most:
        said.append(f"and {len(changes) - most} more")
    return said


def short(id: str, limit: int = ID_CHARS) -> str:
    """Return an id on one line: the first of joined names, and the ends of a long one."""
    first, *more = id.split(";", 1)
    if len(id) > limit and more:
        return short(first, limit - 2) + ";…"
    text = quoted(id, 4096)
    head = limit // 3
    return text if len(text) <= limit else f"{text[:head]}…{text[head + 1 - limit :]}"


def _op_types_of(end: str, graph: str, ids: tuple[str, ...], nodes: Nodes) -> str:
    """Return e.g. ``Conv + Relu``, operators of the same type counted."""
    found = [nodes[end, graph, id] for id in ids]
    names = Counter(quoted(name, 32) for kind, name in found if kind == NodeKind.OPERATOR)
    said = [name if n == 1 else f"{n} {name}" for name, n in names.items()]
    return " + ".join(said[:6]) + (" + …" if len(said) > 6 else "")


def _weights(weights: Sequence[WeightDifference], tolerance: float) -> Iterator[str]:
    """Say how many paired weights are the same, and which differ most."""
    compared = [entry for entry in weights if not entry.not_compared]
    n_equal = sum(entry.is_equal for entry in compared)
    far = sorted((e for e in compared if not e.is_within(tolerance)), key=lambda e: -e.relative)
    reasons = Counter(entry.not_compared for entry in weights if entry.not_compared)
    said = [f"{n_equal:,} the same"]
    if tolerance:
        said.append(f"{len(compared) - n_equal - len(far):,} within {tolerance:g}")
    said.append(f"{len(far):,} differ")
    said += [f"{n:,} not compared: {reason}" for reason, n in reasons.most_common()]
    yield f"\nweights: {', '.join(said)}"
    for entry in far[:MAX_LINES]:
        names = dict.fromkeys(short(name) for name in (entry.a, entry.b))
        yield (
            f"  {' ↔ '.join(names)}  largest difference {entry.largest:.3g},"
            f" {entry.relative:.2%} of the largest value"
        )
