"""Table of pairs of nodes: any columns of text and numbers, looks and links of the node table.

It knows arrays only. Every text of a file reaches the page as text, as in `components.plots.table`;
a column's own formatter is for texts that are ours.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd
from bokeh.models.widgets.tables import NumberFormatter
from numpy.typing import NDArray

from components.plots.columns import MeasureColumn, Rows, shortened
from components.plots.figures import set_note
from components.plots.table import NodeTable, number_format

_MAX_TITLE_CHARS = 60
_NO_ROWS: Rows = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class TableColumn:
    """One column over n rows.

    Attributes
    ----------
    title : str
        May come from a file: untrusted text.
    values : sequence of str or float64 array, length n
        Untrusted texts, or numbers with NaN where there is none.
    width : int
        px.
    is_higher_worse : bool
        Which end the filter of a number keeps.
    formatter : object, optional
        Of Tabulator; only where all texts are ours. None chooses one.
    """

    title: str
    values: Sequence[str] | NDArray[np.float64]
    width: int = 104
    is_higher_worse: bool = True
    formatter: object = None

    @property
    def is_text(self) -> bool:
        """Whether the column holds texts."""
        return not isinstance(self.values, np.ndarray)


class PairTable(NodeTable):
    """Table of pairs; rows are places in the columns that it is given.

    Parameters
    ----------
    on_select : callable (rows: int64 array) -> None, optional
        The reader picked rows. Never called by the methods below.
    page_size : int
        Rows a page.
    file_name : str
        Of the CSV download.
    words : tuple of (str, str)
        What rows are called, and what is said without any.
    """

    def __init__(
        self,
        on_select: Callable[[Rows], None] | None = None,
        *,
        page_size: int = 6,
        file_name: str = "differences.csv",
        words: tuple[str, str] = ("pairs", "Compare two models to see where they differ."),
    ) -> None:
        self._columns: Sequence[TableColumn] = ()
        self._words = words
        super().__init__(on_select, page_size=page_size, file_name=file_name)
        self._only.value = False
        self.set_columns(())

    def set_columns(self, columns: Sequence[TableColumn]) -> None:
        """Show other columns; forgets the filters and the selection.

        Raises
        ------
        ValueError
            The columns differ in length.
        """
        lengths = {len(column.values) for column in columns}
        if len(lengths) > 1:
            raise ValueError(f"columns of one length are needed, these have {sorted(lengths)}")
        self._columns = columns
        self._mask, self._rows, self._picked, self._kept = None, _NO_ROWS, None, None
        named = {_field(i): column for i, column in enumerate(columns)}
        self._renew(
            titles=self._titles(),
            title_formatters=dict.fromkeys(named, "plaintext"),
            header_tooltips={f: escape(title) for f, title in self._titles().items()},
            formatters={field: _formatter(column) for field, column in named.items()},
            header_filters={field: _header_filter(column) for field, column in named.items()},
            text_align={f: "left" if c.is_text else "right" for f, c in named.items()},
            widths={field: column.width for field, column in named.items()},
            value=_frame_of(named),
        )

    def sort_by_column(self, column: int, *, is_ascending: bool) -> None:
        """Sort by one of the columns."""
        order = "asc" if is_ascending else "desc"
        self._table.sorters = [{"field": _field(column), "dir": order}]

    def _titles(self) -> dict[str, str]:
        """Return titles by field, each once, since they head the columns of the CSV file."""
        titles: dict[str, str] = {}
        for i, column in enumerate(self._columns):
            title = shortened(column.title, _MAX_TITLE_CHARS)
            titles[_field(i)] = f"{title} #{i + 1}" if title in titles.values() else title
        return titles

    def _say(self) -> None:
        n, shown, (rows, empty) = self._n(), self.n_shown, self._words
        if not n:
            set_note(self._note, empty)
            return
        text = f"{shown:,} of {n:,} {rows}" if shown < n else f"{n:,} {rows}"
        if self._rows.size:
            text += f", {self._rows.size:,} selected"
        set_note(self._note, text)

    def _csv(self) -> io.StringIO:
        self._download.data = None  # the page downloads only what differs from the last time
        frame = self._table.current_view.rename(columns=self._titles())
        return io.StringIO(frame.to_csv(index=False))


def _field(column: int) -> str:
    return f"c{column}"


def _frame_of(columns: dict[str, TableColumn]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            field: pd.Series(list(column.values), dtype=object) if column.is_text else column.values
            for field, column in columns.items()
        }
    )


def _formatter(column: TableColumn) -> object:
    if column.formatter is not None:
        return column.formatter
    if not isinstance(column.values, np.ndarray):
        return "plaintext"
    return number_format(MeasureColumn(column.title, "", column.values))


def _header_filter(column: TableColumn) -> dict[str, str]:
    if column.is_text:
        return {"type": "input", "func": "like", "placeholder": "contains…"}
    func, sign = (">=", "≥") if column.is_higher_worse else ("<=", "≤")
    return {"type": "number", "func": func, "placeholder": sign}


def two_decimals() -> NumberFormatter:
    """Return the format of shares that need no more than two decimals."""
    return NumberFormatter(format="0.00", nan_format="–", null_format="–")
