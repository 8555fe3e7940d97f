"""The table of differences: the listed pairs with what differs and the chosen measure of both."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from components.palette import category_colors
from components.plots.columns import Rows
from components.plots.paired_table import PairTable, TableColumn, two_decimals
from dashboard.comparing import Comparing
from dashboard.panes.compare_choice import CompareChoice
from dashboard.panes.compare_columns import PairColumns, Pairs
from graphs.match_types import KINDS

ROWS_A_PAGE = 6
_NO_PAIRS: Pairs = np.zeros(0, dtype=np.int64)


class DifferencesTable:
    """Follows what is chosen of a comparison; a row that is picked is shown on both graphs.

    Parameters
    ----------
    comparing : Comparing
    choice : CompareChoice
        `ComparePane.choice`.
    page_size : int
        Rows a page.
    """

    def __init__(
        self, comparing: Comparing, choice: CompareChoice, *, page_size: int = ROWS_A_PAGE
    ) -> None:
        self.comparing = comparing
        self.choice = choice
        self._order: Pairs = _NO_PAIRS  # pair of each row
        self._place: Pairs = _NO_PAIRS  # row of each pair
        self._changes: tuple[PairColumns | None, list[str]] = (None, [])
        self.table = PairTable(self._picked, page_size=page_size)
        self.view = self.table.view
        choice.param.watch(self._show, ["columns", "data", "errors"])
        choice.param.watch(self._show_listed, ["kinds", "nodes", "op_type", "bound"])
        choice.param.watch(self._show_selection, ["selected"])
        comparing.base.param.watch(self._show, ["is_dark"])
        comparing.base.param.watch(lambda _event: self.table.clear_header_filters(), ["cleared"])
        self._show()

    def _show(self, *_: Any) -> None:
        columns = self.choice.columns
        if columns is None:
            self._order = self._place = _NO_PAIRS
            self.table.set_columns(())
            return
        self._order = columns.reading_order()
        self._place = np.empty_like(self._order)
        self._place[self._order] = np.arange(len(columns))
        self.table.set_columns(self._columns(columns))
        self._show_listed()
        self._show_selection()

    def _show_listed(self, *_: Any) -> None:
        if self.choice.columns is not None:
            self.table.set_filter_mask(self.choice.is_listed[self._order])

    def _show_selection(self, *_: Any) -> None:
        selected = self.choice.selected
        if self.choice.columns is not None and selected.max(initial=-1) < len(self._place):
            self.table.set_selection(self._place[selected])

    def _picked(self, rows: Rows) -> None:
        self.choice.pick(self._order[rows])

    # -- columns ------------------------------------------------------------------------

    def _columns(self, columns: PairColumns) -> list[TableColumn]:
        pairs, order = columns.view.matching.pairs, self._order.tolist()
        confidence = np.array([pairs[at].confidence for at in order], dtype=np.float64)
        formatter = _kind_format(is_dark=self.comparing.base.is_dark)

        def texts(values: list[str]) -> list[str]:
            return [values[at] for at in order]

        return [
            TableColumn("kind", [pairs[at].kind for at in order], 92, formatter=formatter),
            TableColumn("A", texts(columns.a.ids), 180),
            TableColumn("op A", texts(columns.a.ops), 112),
            TableColumn("B", texts(columns.b.ids), 180),
            TableColumn("op B", texts(columns.b.ops), 112),
            TableColumn("changes", texts(self._changes_of(columns)), 230),
            *self._measure_columns(),
            TableColumn("why", [pairs[at].why for at in order], 110),
            TableColumn("confidence", confidence, 96, is_higher_worse=False,
                        formatter=two_decimals()),
        ]  # fmt: skip

    def _changes_of(self, columns: PairColumns) -> list[str]:
        """Return the changes, written once a matching."""
        if self._changes[0] is not columns:
            self._changes = (columns, columns.changes())
        return self._changes[1]

    def _measure_columns(self) -> list[TableColumn]:
        return [*self._error_columns(), *self._paired_columns()]

    def _error_columns(self) -> list[TableColumn]:
        errors = self.choice.errors
        if errors is None:
            return []
        values = errors.values[self._order]
        return [TableColumn(errors.label, values, 132, errors.is_higher_worse)]

    def _paired_columns(self) -> list[TableColumn]:
        data, order = self.choice.data, self._order
        if data is None:
            return []
        unit = f" ({data.unit})" if data.unit else ""
        is_higher_worse = data.is_higher_worse
        values = (
            (f"{data.name} A{unit}", data.a),
            (f"{data.name} B{unit}", data.b),
            (f"B − A{unit}", data.difference),
            ("B ÷ A", data.ratio),
        )
        return [TableColumn(title, column[order], 100, is_higher_worse) for title, column in values]


def _kind_format(*, is_dark: bool) -> dict[str, str]:
    """Return Tabulator's format of kinds: a dot in the kind's colour before the word.

    The kinds are ours, so that no text of a file becomes markup.
    """
    colors = category_colors(KINDS, is_dark=is_dark)
    dots = {
        kind: f'<span style="color:{color}">&#9679;</span> {escape(kind)}'
        for kind, color in zip(KINDS, colors, strict=True)
    }
    return {"type": "lookup", **dots}
