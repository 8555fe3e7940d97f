"""A comparison as one HTML file that works offline: pictures, table, numbers, and how they came.

The file asks for nothing: scripts and style sheets lie in it, and its own policy forbids the
browser everything else, scripts by their hashes. Every text from the models is escaped. The
command line and the page call it. Imports no Panel.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from components.graph_view.svg_text import MAX_LABELS, safe
from dashboard.comparison_text import Nodes, nodes_of, short
from dashboard.report_charts import N_BARS, Chart, bars, scatter
from dashboard.report_numbers import PairedSets, charted, paired_sets
from dashboard.report_page import page_html
from dashboard.report_picture import Drawn, drawn_side, picture
from dashboard.report_sections import (
    corrections_html,
    errors_html,
    notes_html,
    sides_html,
    taken_html,
    tiles_html,
    totals_html,
    verdict_html,
    weights_html,
)
from dashboard.report_session import session_side
from dashboard.report_side import ReportSide
from dashboard.report_table import differences_html, op_types_html
from dashboard.session import Session
from graphs.match_data import PairedRow, by_op_type
from graphs.match_tensors import WeightDifference
from graphs.match_view import MatchView

__all__ = ["ReportSide", "report_html", "session_report"]


@dataclass(frozen=True, slots=True)
class WeightsCompared:
    """What comparing weights has found.

    Attributes
    ----------
    entries : sequence of WeightDifference
    tolerance : float
        Share of the largest value by which two may differ.
    """

    entries: Sequence[WeightDifference]
    tolerance: float = 0.0


def session_report(base: Session, other: Session, view: MatchView) -> str:
    """Return the report of what two panes show, as `report_html` does.

    Parameters
    ----------
    base, other : Session
        Sides A and B. A pane that shows a graph outside the matching is drawn by the matching's
        first graph.
    view : MatchView

    Raises
    ------
    LayoutError
        A drawing would be too large.
    """
    sides = session_side(base, view, "a"), session_side(other, view, "b")
    return report_html(*(side.with_file() for side in sides), view)


def report_html(
    a: ReportSide,
    b: ReportSide,
    view: MatchView,
    *,
    weights: WeightsCompared | None = None,
    now: datetime | None = None,
) -> str:
    """Return the report of two models as one HTML page.

    Parameters
    ----------
    a, b : ReportSide
    view : MatchView
        A matching in which the graph of each side is.
    weights : WeightsCompared, optional
    now : datetime, optional
        What the report is dated.

    Raises
    ------
    KeyError
        The matching has no such graph.
    LayoutError
        A drawing would be too large.
    """
    drawn = drawn_side(a, view, "a"), drawn_side(b, view, "b")
    nodes = nodes_of(view.matching)
    sets = paired_sets(view, a.sets, b.sets)
    pictures = (
        picture(drawn[0], drawn[1], view, nodes, f"Graph of A, {a.model.name}"),
        picture(drawn[1], drawn[0], view, nodes, f"Graph of B, {b.model.name}"),
    )
    charts = _Charts(view)
    body = "".join([
        _header(now or datetime.now(UTC)),
        "<main>",
        f"<section>{sides_html(a, b)}{verdict_html(view)}{tiles_html(a, b, sets)}</section>",
        _pictures_html(pictures, drawn, (a.model.name, b.model.name)),
        differences_html(view, drawn, sets, nodes),
        op_types_html(view),
        _numbers_html(sets, charts),
        _errors_html(view, a, b, nodes),
        weights_html(weights.entries, weights.tolerance) if weights else "",
        corrections_html(view.matching),
        taken_html(a, b),
        notes_html(view.matching, a, b),
        "</main>",
    ])  # fmt: skip
    return page_html(f"{a.model.name} and {b.model.name}", body, charts.made)


def _header(now: datetime) -> str:
    version = importlib.metadata.version("opscope")
    date = f"{now:%Y-%m-%d %H:%M} {safe(now.tzname() or '')}".strip()
    return (
        f"<header><h1>Model comparison</h1><p>Opscope {safe(version)} · "
        f'<time datetime="{now.isoformat(timespec="minutes")}">{date}</time></p></header>'
    )


def _pictures_html(
    pictures: tuple[str, str], drawn: tuple[Drawn, Drawn], names: tuple[str, str]
) -> str:
    buttons = "".join(
        f'<button type="button" data-do="{do}" title="{title}" aria-label="{title}">{sign}</button>'
        for do, title, sign in (("in", "Larger", "+"), ("out", "Smaller", "−"),
                                ("fit", "Show the whole", "⤢"))
    )  # fmt: skip
    figures = "".join(
        f'<figure class="picture" data-side="{side}"><figcaption><b class="letter">'
        f"{side.upper()}</b><span>{safe(name, 120)}</span>"
        f'<span class="tools">{buttons}</span></figcaption>'
        f'<div class="frame" tabindex="0">{svg}<canvas class="map"></canvas></div></figure>'
        for side, name, svg in zip("ab", names, pictures, strict=True)
    )
    left = [one.n_unlabelled for one in drawn]
    note = (
        f'<p class="note">Only {MAX_LABELS:,} boxes of a picture have a label: groups and what'
        f" differs first. Without one: {left[0]:,} in A, {left[1]:,} in B.</p>"
    )
    return (
        f'<section><h2>Graphs</h2><div class="pictures">{figures}</div>'
        '<p class="pointed" role="status">Point at a box to see its twin; click one, or a row '
        "below, to find both. Drag to move; click, then turn the wheel, to zoom.</p>"
        f"{note if any(left) else ''}</section>"
    )


class _Charts:
    """The charts of one report: a place in the page for each, and their JSON."""

    def __init__(self, view: MatchView) -> None:
        self.view = view
        self.labels = [short((pair.a or pair.b)[0], 100) for pair in view.matching.pairs]
        self.made: list[Chart] = []

    def of(self, one: PairedSets) -> str:
        """Return the charts of a measure: A × B, and where most was gained or lost."""
        pairs = self.view.matching.pairs
        points, note = scatter(one.data, pairs, self.labels, self._target())
        parts = [self._placed(points, "Each pair: A across, B up", note)]
        for title, rows in (
            ("Largest differences, by pair", self._by_pair(one)),
            ("By op type", by_op_type(self.view, one.data) if one.data.how == "sum" else []),
        ):
            rows = [row for row in rows if np.nan_to_num(row.a) != np.nan_to_num(row.b)]
            if rows:
                chart = bars(rows[:N_BARS], one.data.unit, self._target())
                parts.append(self._placed(chart, title, ""))
        name = f"{one.data.name} ({one.data.unit})" if one.data.unit else one.data.name
        return f'<h3>{safe(name)}</h3><div class="charts">{"".join(parts)}</div>'

    def _by_pair(self, one: PairedSets) -> list[PairedRow]:
        change = np.abs(np.nan_to_num(one.data.b) - np.nan_to_num(one.data.a))
        first = np.argsort(-change, kind="stable")[:N_BARS]
        a, b = one.data.a, one.data.b
        return [PairedRow(self.labels[at], float(a[at]), float(b[at])) for at in first.tolist()]

    def _target(self) -> str:
        return f"chart-{len(self.made)}"

    def _placed(self, chart: Chart, title: str, note: str) -> str:
        target = self._target()
        self.made.append(chart)
        more = f'<p class="note">{safe(note[:1].upper() + note[1:])}.</p>' if note else ""
        return f'<div><h4>{title}</h4><div class="chart" id="{target}"></div>{more}</div>'


def _numbers_html(sets: Sequence[PairedSets], charts: _Charts) -> str:
    pictures = "".join(charts.of(one) for one in charted(sets))
    return f"<section><h2>Numbers</h2>{totals_html(sets)}{pictures}</section>"


def _errors_html(view: MatchView, a: ReportSide, b: ReportSide, nodes: Nodes) -> str:
    body = errors_html(view, "a", a, nodes) + errors_html(view, "b", b, nodes)
    return f"<section><h2>Quantization error</h2>{body}</section>" if body else ""
