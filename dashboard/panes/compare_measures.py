"""Which measures two sides have in one unit, and their totals.

Knows the comparison, no widgets.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np

from components.plots.paired_ranking import signed
from components.plots.ticks import MISSING, format_number, format_value
from dashboard.compared_pairs import has_graph
from dashboard.comparing import Comparing
from dashboard.session import Session
from graphs.match_data import PairedData, Values, folded, paired_data, ratio_of
from graphs.match_view import End, MatchView
from graphs.node_data import NodeData

_TITLES = {"sum": "total", "max": "largest", "min": "least", "mean": "mean"}
_STYLE = """
<style>
.totals { border-collapse: collapse; width: 100%; font-size: 12.5px; }
.totals th { font-weight: 500; opacity: .68; text-align: right; padding: 1px 6px; }
.totals td { text-align: right; padding: 1px 6px; white-space: nowrap; }
.totals td:first-child { text-align: left; opacity: .68; white-space: normal; }
</style>
"""


@dataclass(frozen=True, slots=True, eq=False)
class MeasurePair:
    """A measure of A with those of B that it can be compared with, the likeliest first."""

    a: NodeData
    b: tuple[NodeData, ...]

    def b_named(self, name: str) -> NodeData | None:
        """Return B's set of that name; None where there is none."""
        return next((one for one in self.b if one.name == name), None)

    def is_same(self, other: MeasurePair) -> bool:
        """Return whether both hold the very same sets."""
        mine, theirs = (self.a, *self.b), (other.a, *other.b)
        return len(mine) == len(theirs) and all(x is y for x, y in zip(mine, theirs, strict=True))

    def paired(self, view: MatchView, b: NodeData) -> PairedData:
        """Return the measure on both sides of a matching."""
        return paired_data(view, self.a, b)


def measure_pairs(
    comparing: Comparing, view: MatchView | None, without: frozenset[str]
) -> dict[str, MeasurePair]:
    """Return the measures of A that B has in the same unit, by name; the likeliest first.

    Parameters
    ----------
    comparing : Comparing
    view : MatchView or None
        Of base and chosen other.
    without : frozenset of str
        Names of sets that are differences themselves.
    """
    other = comparing.other
    if view is None or other is None:
        return {}
    mine = _numbers(comparing.base, view, "a", without)
    theirs = _numbers(other, view, "b", without)
    found = {}
    for a in mine:
        fitting = [b for b in theirs if b.unit == a.unit and (a.unit or b.name == a.name)]
        fitting.sort(key=lambda b: (b.name != a.name, b.source == "computed"))
        if fitting:
            found[a.name] = MeasurePair(a, tuple(fitting))
    return dict(sorted(found.items(), key=lambda named: _expected_last(named[1])))


def _expected_last(pair: MeasurePair) -> tuple[bool, bool]:
    """Order measures: what was measured, then what is computed and differs, then the rest."""
    a, b = pair.a, pair.b[0]
    return a.source == "computed", bool(np.nansum(a.values) == np.nansum(b.values))


def _numbers(
    session: Session, view: MatchView, end: End, without: frozenset[str]
) -> list[NodeData]:
    graph = session.graph
    if graph is None or not has_graph(view, end, graph.id):
        return []
    return [
        data
        for data in session.node_data
        if not data.is_categorical and data.name not in without and not np.isnan(data.values).all()
    ]


def totals_html(data: PairedData) -> str:
    """Return A, B, difference and ratio over all pairs, and over those that both sides have."""
    both = ~np.isnan(data.a) & ~np.isnan(data.b)
    title = _TITLES[data.how]
    rows = [_row(data, title, data.a, data.b)]
    n_a, n_b = (int((~np.isnan(one) & ~both).sum()) for one in (data.a, data.b))
    if n_a or n_b:
        rows.append(_row(data, f"{title}, on both sides", data.a[both], data.b[both]))
    heads = "".join(f"<th>{head}</th>" for head in ("", "A", "B", "B − A", "B ÷ A"))
    said = f"{int(both.sum()):,} pairs with a value on both sides"
    said += "".join(f", {n:,} on {end} alone" for n, end in ((n_a, "A"), (n_b, "B")) if n)
    table = f'<table class="totals"><tr>{heads}</tr>{"".join(rows)}</table>'
    return f'{_STYLE}{table}<div class="facts-empty">{escape(said)}</div>'


def _row(data: PairedData, title: str, a: Values, b: Values) -> str:
    x, y = (float(folded(np.zeros(len(v), dtype=int), v, data.how, 1)[0]) for v in (a, b))
    ratio = float(ratio_of(np.array([x]), np.array([y]))[0])
    told = (
        format_value(x, data.unit),
        format_value(y, data.unit),
        signed(y - x, data.unit),
        MISSING if np.isnan(ratio) else f"{format_number(ratio)}×",
    )
    cells = "".join(f"<td>{escape(text)}</td>" for text in (title, *told))
    return f"<tr>{cells}</tr>"
