"""Table of all nodes: paged, sorted and filtered on the server, linked to the selection.

It knows arrays only. The page holds one page of rows; every text of a file
reaches it as text: cells and titles by Tabulator's ``plaintext`` formatter,
tooltips of headers escaped, fields under names of our own.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pandas as pd
import panel as pn
import panel_material_ui as pmui
import param
from bokeh.models.widgets.tables import NumberFormatter, ScientificFormatter
from numpy.typing import ArrayLike, NDArray

from components.plots.columns import Mask, MeasureColumn, Rows, as_mask, as_rows, shortened
from components.plots.figures import note_pane, set_note

_NO_ROWS: Rows = np.zeros(0, dtype=np.int64)
_MAX_MARKED = 2_000  # Panel looks up each marked row by itself
_MAX_PLAIN = 1e9  # larger numbers are written with a power of ten
_FIRST_FIELDS, _LAST_FIELDS = ("node", "op_type"), ("shape", "dtype", "namespace")
_TEXT_FIELDS = _FIRST_FIELDS + _LAST_FIELDS  # the measures stand between them
_TITLES = ("node", "op type", "output shape", "dtype", "namespace")
_WIDTHS = {"node": 230, "op_type": 130, "shape": 120, "dtype": 84, "namespace": 200}
_MEASURE_WIDTH = 118
_SMALL_LABEL = {"& .MuiTypography-root": {"fontSize": "0.8rem"}}
_CSS = """
.pnx-tabulator.tabulator { font-size: 0.82rem; border: none; }
.pnx-tabulator.tabulator .tabulator-header .tabulator-col .tabulator-col-content {
  padding: 4px 8px; }
.pnx-tabulator.tabulator .tabulator-header-filter input {
  padding: 2px 4px !important; font-size: 0.76rem; color: inherit; background: transparent;
  border: 1px solid color-mix(in srgb, currentColor 30%, transparent); border-radius: 4px; }
.pnx-tabulator.tabulator .tabulator-tableholder .tabulator-table .tabulator-row {
  min-height: 28px; }
.pnx-tabulator.tabulator .tabulator-tableholder .tabulator-table .tabulator-row .tabulator-cell {
  min-height: 28px; height: 28px; padding: 5px 8px; }
.pnx-tabulator.tabulator .tabulator-footer { padding: 2px; }
.pnx-tabulator.tabulator .tabulator-footer .tabulator-page { padding: 2px 8px; font-size: 0.76rem; }
"""


@dataclass(frozen=True, slots=True, eq=False)
class NodeColumns:
    """Text columns of n nodes; all untrusted.

    Attributes
    ----------
    ids, op_types, namespaces, shapes, dtypes : sequence of str, length n
        Node id, op type, path of the enclosing group, and shape and dtype of
        the first output; ``""`` where there is none.
    """

    ids: Sequence[str]
    op_types: Sequence[str]
    namespaces: Sequence[str]
    shapes: Sequence[str]
    dtypes: Sequence[str]


class _Turn(param.Parameterized):
    """Counts changes of the kept rows; Tabulator watches it and nothing else."""

    turn = param.Integer(0, doc="How often the kept rows have changed.")


class NodeTable:
    """Table of nodes with a column a measure.

    Nodes selected elsewhere are the only ones shown, or, with the switch off,
    marked on their page. Rows picked here are marked and reported.

    Parameters
    ----------
    on_select : callable (rows: int64 array) -> None, optional
        The reader picked rows: click, ctrl- and shift-click. Never called by
        the methods below.
    page_size : int
        Rows a page.
    file_name : str
        Of the CSV download.
    """

    def __init__(
        self,
        on_select: Callable[[Rows], None] | None = None,
        *,
        page_size: int = 12,
        file_name: str = "nodes.csv",
    ) -> None:
        self._on_select = on_select
        self._measures: Sequence[MeasureColumn] = ()
        self._mask: Mask | None = None
        self._rows: Rows = _NO_ROWS
        self._picked: Rows | None = None  # what the reader picked here last
        self._kept: Mask | None = None  # rows that filter and selection leave; None: all
        self._is_quiet = False
        self._note = note_pane()
        self._only = pmui.Switch(
            label="only the selection", value=True, size="small", margin=(0, 8), sx=_SMALL_LABEL,
        )  # fmt: skip
        self._download = pmui.FileDownload(
            callback=self._csv, filename=file_name, label="CSV", icon="download", size="small",
            auto=True, embed=False, margin=(0, 4),
        )  # fmt: skip
        self._download.variant = "text"  # as an argument it collides with Panel's own default
        self._page_size = page_size
        self._table = self._tabulator(value=_frame(None, ()))
        self._only.param.watch(lambda _: self._link(), "value")
        self.view = pn.Column(
            pn.Row(
                self._note, self._only, self._download, sizing_mode="stretch_width", margin=(0, 4)
            ),
            self._table,
            sizing_mode="stretch_width",
            margin=0,
        )
        self._say()

    @property
    def n_shown(self) -> int:
        """How many rows pass filter, selection and header filters."""
        return len(self._table.current_view)

    def set_nodes(
        self,
        columns: NodeColumns | None,
        measures: Sequence[MeasureColumn] = (),
        *,
        sorted_by: int | None = None,
    ) -> None:
        """Show other nodes or other measures; forgets the filter and the selection.

        Parameters
        ----------
        columns : NodeColumns or None
        measures : sequence of MeasureColumn
        sorted_by : int, optional
            The measure whose worst values come first.

        Raises
        ------
        ValueError
            The columns differ in length.
        """
        frame = _frame(columns, measures)
        self._mask, self._rows, self._picked, self._kept = None, _NO_ROWS, None, None
        self._measures = measures
        self._renew(
            titles=_titles(measures),
            title_formatters=dict.fromkeys(frame.columns, "plaintext"),
            header_tooltips=_tooltips(measures),
            formatters=_formatters(measures),
            header_filters=_header_filters(measures),
            text_align=_alignment(measures),
            widths=_WIDTHS | {_field(i): _MEASURE_WIDTH for i in range(len(measures))},
            sorters=[] if sorted_by is None else [self._sorter(sorted_by)],
            value=frame,
        )

    def _renew(self, **columns: Any) -> None:
        """Show a new widget with other columns.

        One whose columns or sorters change before the browser has built it fails there.
        """
        self._table = self._tabulator(**columns)
        self._say()
        document = pn.state.curdoc
        if document is None or document.session_context is None:
            self._attach()
        else:
            # In a tick of its own: what is told of a widget that is replaced before the page
            # has seen it would speak of something that the page does not know.
            document.add_next_tick_callback(self._attach)

    def _attach(self) -> None:
        if self.view[1] is not self._table:
            self.view[1] = self._table

    def _tabulator(self, **columns: Any) -> pn.widgets.Tabulator:
        table = _tabulator(self._page_size, **columns)
        self._turn = _Turn()  # its own: a table that is gone hears nothing
        table.add_filter(pn.bind(self._pass, turn=self._turn.param.turn))
        table.param.watch(self._on_marks, "selection")
        table.param.watch(lambda _: self._say(), "filters")
        return table

    def clear_header_filters(self) -> None:
        """Empty the filters in the headers."""
        if self._table.filters:
            self._table.filters = []
            self._table.param.trigger("value")

    def sort_by(self, measure: int) -> None:
        """Show the nodes with the worst values of a measure first."""
        self._table.sorters = [self._sorter(measure)]

    def _sorter(self, measure: int) -> dict[str, str]:
        order = "desc" if self._measures[measure].is_higher_worse else "asc"
        return {"field": _field(measure), "dir": order}

    def set_filter_mask(self, mask: ArrayLike | None) -> None:
        """Show only nodes that pass the filter: bool (n,), or None for all."""
        before, self._mask = self._mask, as_mask(mask, self._n())
        if before is not None or self._mask is not None:
            self._link()

    def set_selection(self, rows: ArrayLike) -> None:
        """Show or mark the selected rows. What was picked here only marks its rows."""
        before, self._rows = self._rows, as_rows(rows, self._n())
        is_own = self._picked is not None and np.array_equal(self._picked, self._rows)
        if is_own and self._rows.size:
            self._say()
        elif self._picked is not None or not np.array_equal(before, self._rows):
            self._picked = None
            self._link()

    def _n(self) -> int:
        return len(self._table.value)

    def _is_narrowed(self) -> bool:
        """Return whether only the selection is shown."""
        return bool(self._rows.size) and (self._only.value or self._rows.size > _MAX_MARKED)

    def _link(self) -> None:
        """Bring rows, marks and page to filter and selection; no callback."""
        self._kept = self._mask
        marks: Rows = self._picked if self._picked is not None else _NO_ROWS
        if self._is_narrowed() and self._picked is None:
            self._kept = np.zeros(self._n(), dtype=np.bool_)
            self._kept[self._rows] = True
            if self._mask is not None:
                self._kept &= self._mask
        elif self._picked is None:
            marks = self._rows
        self._is_quiet = True
        if self._table.selection:
            self._table.selection = []
        self._table.page = 1
        self._turn.turn += 1
        if marks.size:
            self._table.selection = marks.tolist()
            self._table.page = self._page_of(marks)
        self._is_quiet = False
        self._say()

    def _page_of(self, rows: Rows) -> int:
        """Return the page that shows the first of some rows in the current order."""
        shown = self._table.current_view.index.to_numpy()
        places = np.flatnonzero(np.isin(shown, rows))
        return int(places[0]) // self._table.page_size + 1 if places.size else 1

    def _pass(self, frame: pd.DataFrame, turn: int) -> pd.DataFrame:
        """Return the rows that are kept; called anew at each turn."""
        return frame if self._kept is None else frame[self._kept]

    def _on_marks(self, event: object) -> None:
        if self._is_quiet:
            return
        self._picked = as_rows(self._table.selection, self._n())
        self._rows = self._picked
        self._say()
        if self._on_select is not None:
            self._on_select(self._picked)

    def _say(self) -> None:
        n, shown = self._n(), self.n_shown
        if not n:
            set_note(self._note, "Open a model to see its nodes.")
            return
        text = f"{shown:,} of {n:,} nodes" if shown < n else f"{n:,} nodes"
        if self._rows.size:
            text += f", {self._rows.size:,} selected"
        set_note(self._note, text)

    def _csv(self) -> io.StringIO:
        """Return all rows that are shown, on every page, as CSV with titles and units."""
        self._download.data = None  # the page downloads only what differs from the last time
        frame = self._table.current_view.rename(columns=_titles(self._measures))
        return io.StringIO(frame.to_csv(index=False))


def _tabulator(page_size: int, **columns: Any) -> pn.widgets.Tabulator:
    """Return a table that keeps its rows on the server."""
    return pn.widgets.Tabulator(
        **columns, pagination="remote", page_size=page_size, show_index=False,
        disabled=True, selectable=True, layout="fit_columns", sizing_mode="stretch_width",
        theme="simple", row_height=28, margin=0, stylesheets=[_CSS], height=_height(page_size),
    )  # fmt: skip


def _field(measure: int) -> str:
    return f"m{measure}"


def _frame(columns: NodeColumns | None, measures: Sequence[MeasureColumn]) -> pd.DataFrame:
    """Return the rows under our own field names: who, the measures, then what and where."""
    texts: dict[str, Sequence[str]] = dict.fromkeys(_TEXT_FIELDS, ())
    if columns is not None:
        texts = {
            "node": columns.ids,
            "op_type": columns.op_types,
            "shape": columns.shapes,
            "dtype": columns.dtypes,
            "namespace": columns.namespaces,
        }
    series = {name: pd.Series(list(text), dtype=object) for name, text in texts.items()}
    data: dict[str, object] = {name: series[name] for name in _FIRST_FIELDS}
    for i, measure in enumerate(measures):
        data[_field(i)] = _labels(measure) if measure.categories else measure.values
    data |= {name: series[name] for name in _LAST_FIELDS}
    lengths = {len(column) for column in data.values()}  # type: ignore[arg-type]
    if len(lengths) > 1:
        raise ValueError(f"columns of one length are needed, these have {sorted(lengths)}")
    return pd.DataFrame(data)


def _labels(measure: MeasureColumn) -> NDArray[np.object_]:
    """Return the labels of categorical values, ``""`` where there is none."""
    table = np.array([*measure.categories, ""], dtype=object)
    known = np.isfinite(measure.values) & (measure.values >= 0)
    index = np.where(known, measure.values, len(measure.categories)).astype(np.int64)
    return table[np.minimum(index, len(measure.categories))]


def _titles(measures: Sequence[MeasureColumn]) -> dict[str, str]:
    """Return titles by field, each once, since they head the columns of the CSV file."""
    titles = dict(zip(_TEXT_FIELDS, _TITLES, strict=True))
    for i, measure in enumerate(measures):
        title = shortened(measure.label, 60)
        titles[_field(i)] = f"{title} #{i + 1}" if title in titles.values() else title
    return titles


def _tooltips(measures: Sequence[MeasureColumn]) -> dict[str, str]:
    """Return the headers' tooltips; Tabulator takes them for markup, hence escaped."""
    return {field: escape(title) for field, title in _titles(measures).items()}


def _formatters(measures: Sequence[MeasureColumn]) -> dict[str, object]:
    formatters: dict[str, object] = dict.fromkeys(_TEXT_FIELDS, "plaintext")
    for i, measure in enumerate(measures):
        formatters[_field(i)] = number_format(measure)
    return formatters


def number_format(measure: MeasureColumn) -> object:
    """Return whole numbers with separators, others with decimals that suit their size."""
    if measure.categories:
        return "plaintext"
    finite = measure.values[np.isfinite(measure.values)]
    sizes = np.abs(finite[finite != 0])
    missing = {"nan_format": "–", "null_format": "–"}
    if not sizes.size or bool((finite == np.rint(finite)).all()):
        return NumberFormatter(format="0,0", **missing)
    decimals = int(np.clip(4 - np.floor(np.log10(sizes.max())), 0, 6))
    if sizes.min() >= 10.0**-decimals and sizes.max() < _MAX_PLAIN:
        return NumberFormatter(format="0,0." + "0" * decimals, **missing)
    low, high = -decimals, round(np.log10(_MAX_PLAIN))
    return ScientificFormatter(
        precision=decimals, power_limit_low=low, power_limit_high=high, **missing
    )


def _alignment(measures: Sequence[MeasureColumn]) -> dict[str, str]:
    return {_field(i): "left" if m.categories else "right" for i, m in enumerate(measures)}


def _header_filters(measures: Sequence[MeasureColumn]) -> dict[str, dict[str, str]]:
    """Return a filter a column: text contains, or a number at least (at most) as bad."""
    filters = {
        field: {"type": "input", "func": "like", "placeholder": "contains…"}
        for field in _TEXT_FIELDS
    }
    for i, measure in enumerate(measures):
        if measure.categories:
            filters[_field(i)] = {"type": "input", "func": "like", "placeholder": "contains…"}
        else:
            func, sign = (">=", "≥") if measure.is_higher_worse else ("<=", "≤")
            filters[_field(i)] = {"type": "number", "func": func, "placeholder": sign}
    return filters


def _height(page_size: int) -> int:
    """Return the height of header, filters, one page of rows and the pager, px."""
    return 28 * page_size + 112
