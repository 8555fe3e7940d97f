"""Statistics of one measure, for the selection and for the whole, as a small table.

It knows arrays only.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np
import panel as pn
from numpy.typing import ArrayLike, NDArray

from components.plots.columns import Mask, MeasureColumn, Rows, as_mask, as_rows, shortened
from components.plots.figures import SELECTED_COLOR, SHOWN_COLOR
from components.plots.ticks import format_share, format_value

_CSS = """
:host { --line: color-mix(in srgb, currentColor 18%, transparent); }
table { border-collapse: collapse; width: 100%; font-size: 0.82rem; line-height: 1.55;
        font-variant-numeric: tabular-nums; color: var(--panel-on-background-color, inherit); }
caption { text-align: left; padding: 0 6px 4px; font-weight: 600; overflow-wrap: anywhere; }
th { font-weight: 500; text-align: right; padding: 1px 6px; opacity: 0.75; }
th:first-child { text-align: left; }
td { text-align: right; padding: 1px 6px; white-space: nowrap; border-top: 1px solid var(--line); }
tbody th { border-top: 1px solid var(--line); }
td.picked { font-weight: 600; }
.dot { display: inline-block; width: 0.6em; height: 0.6em; margin-right: 0.4em; }
.hint { opacity: 0.7; padding: 4px 6px; font-size: 0.8rem; }
"""
_EMPTY = "Choose or load node data to see its statistics."
_SELECTION, _FILTERED = "selection", "filtered"
_NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Summary:
    """Statistics of the finite values of a subset; NaN where there is none.

    Attributes
    ----------
    count : int
        Values that are not missing.
    n_missing : int
        NaN or infinite.
    sum, mean, minimum, median, p90, p99, maximum : float
        In the measure's unit; percentiles interpolate linearly, as `numpy.percentile`.
    """

    count: int
    n_missing: int
    sum: float = _NAN
    mean: float = _NAN
    minimum: float = _NAN
    median: float = _NAN
    p90: float = _NAN
    p99: float = _NAN
    maximum: float = _NAN


def summarize(values: NDArray[np.float64]) -> Summary:
    """Return the statistics of values, shape (n,); NaN and infinities do not count."""
    finite = values[np.isfinite(values)]
    n_missing = int(values.size - finite.size)
    if not finite.size:
        return Summary(0, n_missing)
    median, p90, p99 = (float(v) for v in np.percentile(finite, (50, 90, 99)))
    return Summary(
        count=int(finite.size),
        n_missing=n_missing,
        sum=float(finite.sum()),
        mean=float(finite.mean()),
        minimum=float(finite.min()),
        median=median,
        p90=p90,
        p99=p99,
        maximum=float(finite.max()),
    )


class Statistics:
    """A table with one column for the selection, or what passes the filter, and one for all."""

    def __init__(self) -> None:
        self._column: MeasureColumn | None = None
        self._mask: Mask | None = None
        self._rows: Rows = np.zeros(0, dtype=np.int64)
        self.whole = Summary(0, 0)
        self.part: Summary | None = None
        self.view = pn.pane.HTML(stylesheets=[_CSS], sizing_mode="stretch_width", margin=0)
        self._write()

    def set_measure(self, column: MeasureColumn | None) -> None:
        """Show another measure; the filter and the selection are forgotten if n differs."""
        n_before = len(self._column.values) if self._column else 0
        self._column = column
        if column is None or len(column.values) != n_before:
            self._mask, self._rows = None, np.zeros(0, dtype=np.int64)
        is_numeric = column is not None and not column.categories
        self.whole = summarize(column.values) if column and is_numeric else Summary(0, 0)
        self._write()

    def set_filter_mask(self, mask: ArrayLike | None) -> None:
        """Show what passes the filter while nothing is selected: bool (n,), or None for all.

        Needs a measure, as does `set_selection`.
        """
        if self._column is not None:
            self._mask = as_mask(mask, len(self._column.values))
            self._write()

    def set_selection(self, rows: ArrayLike) -> None:
        """Show the selected rows beside all."""
        if self._column is not None:
            self._rows = as_rows(rows, len(self._column.values))
            self._write()

    def _subset(self) -> tuple[str, Mask | Rows | None]:
        if self._rows.size:
            return _SELECTION, self._rows
        return _FILTERED, self._mask

    def _write(self) -> None:
        column = self._column
        if column is None or column.categories:
            self.part = None
            hint = _EMPTY if column is None else f"{column.name} has labels, not numbers."
            self.view.object = f'<div class="hint">{escape(hint)}</div>'
            return
        title, subset = self._subset()
        self.part = None if subset is None else summarize(column.values[subset])
        self.view.object = _table(column, title, self.part, self.whole)


def _table(column: MeasureColumn, title: str, part: Summary | None, whole: Summary) -> str:
    """Return the table's markup; every text is escaped."""
    color = SELECTED_COLOR if title == _SELECTION else SHOWN_COLOR
    dot = f'<span class=dot style="background:{color}"></span>'
    heads = ["", *([f"{dot}{title}"] if part else []), "all"]
    rows = []
    for name, texts in _lines(column, part, whole):
        cells = [f"<td{_PICKED}>{escape(texts[0])}</td>"] if part else []
        cells.append(f"<td>{escape(texts[-1])}</td>")
        rows.append(f"<tr><th scope=row>{name}</th>{''.join(cells)}</tr>")
    head = "".join(f"<th scope=col>{h}</th>" for h in heads)
    caption = escape(shortened(column.label, 60))
    return (
        f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


_PICKED = " class=picked"
_NUMBERS = (
    ("mean", "mean"),
    ("min", "minimum"),
    ("median", "median"),
    ("p90", "p90"),
    ("p99", "p99"),
    ("max", "maximum"),
)


def _lines(
    column: MeasureColumn, part: Summary | None, whole: Summary
) -> list[tuple[str, list[str]]]:
    """Return (name, [text of the part, text of the whole]) for each line of the table."""
    both = [s for s in (part, whole) if s is not None]
    lines = [("nodes", [f"{s.count:,}" for s in both])]
    if any(s.n_missing for s in both):
        lines.append(("without value", [f"{s.n_missing:,}" for s in both]))
    if column.is_additive:
        lines.append(("sum", [format_value(s.sum, column.unit) for s in both]))
        if part is not None:
            lines.append(("share", [format_share(part.sum, whole.sum), "100 %"]))
    for name, field in _NUMBERS:
        lines.append((name, [format_value(getattr(s, field), column.unit) for s in both]))
    return lines
