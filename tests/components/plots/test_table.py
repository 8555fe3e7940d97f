"""The node table without a browser."""

from __future__ import annotations

import csv
from types import SimpleNamespace

import numpy as np
import pytest

from components.plots.columns import MeasureColumn
from components.plots.table import NodeColumns, NodeTable

N = 100
VALUES = np.arange(N, dtype=float)


def _table(*measures: MeasureColumn, **options: object) -> NodeTable:
    table = NodeTable(page_size=10, **options)
    names = [f"node_{i}" for i in range(N)]
    ops = ["Conv" if i % 2 else "Relu" for i in range(N)]
    columns = NodeColumns(names, ops, ["g"] * N, ["1×2"] * N, ["int8"] * N)
    table.set_nodes(columns, measures or (MeasureColumn("latency", "ms", VALUES),))
    return table


def _rows_on_page(table: NodeTable) -> list[str]:
    return list(table._table._data["node"])


def _pick(table: NodeTable, place: int, *, is_added: bool = False) -> None:
    """Click a row of the page, as Tabulator reports it."""
    table._table._update_selection(
        SimpleNamespace(indices=[place], selected=True, flush=not is_added)
    )


def test_only_one_page_is_sent() -> None:
    """Of 100 rows ten reach the browser."""
    assert _rows_on_page(_table()) == [f"node_{i}" for i in range(10)]


def test_a_filter_mask_hides_rows() -> None:
    """Only rows that pass are shown; None brings all back."""
    table = _table()
    table.set_filter_mask(VALUES >= 95)
    assert (table.n_shown, _rows_on_page(table)[0]) == (5, "node_95")
    table.set_filter_mask(None)
    assert table.n_shown == N


def test_a_selection_is_all_that_is_shown() -> None:
    """Selected elsewhere and passing the filter; an empty selection shows all again."""
    table = _table()
    table.set_selection([40, 50, 60])
    assert _rows_on_page(table) == ["node_40", "node_50", "node_60"]
    table.set_filter_mask(VALUES > 45)
    assert _rows_on_page(table) == ["node_50", "node_60"]
    table.set_filter_mask(None)
    table.set_selection([])
    assert table.n_shown == N


def test_with_the_switch_off_selected_rows_are_marked_on_their_page() -> None:
    """All rows stay, the page is that of the first selected row."""
    table = _table()
    table._only.value = False
    table.set_selection([42, 43])
    assert (table.n_shown, table._table.page) == (N, 5)
    assert table._table.selection == [42, 43]


def test_picked_rows_are_reported_and_stay_in_sight() -> None:
    """What the reader picks here is marked, not narrowed to, when it comes back as selection."""
    heard: list[list[int]] = []
    table = _table(on_select=lambda rows: heard.append(rows.tolist()))
    _pick(table, 3)
    table.set_selection([3])
    assert table.n_shown == N
    _pick(table, 5, is_added=True)
    assert heard == [[3], [3, 5]]


def test_picking_counts_from_the_shown_rows() -> None:
    """The third row of a narrowed and sorted table is the node that stands there."""
    heard: list[list[int]] = []
    table = _table(on_select=lambda rows: heard.append(rows.tolist()))
    table._table.sorters = [{"field": "m0", "dir": "desc"}]
    table.set_filter_mask(VALUES < 50)
    _pick(table, 2)
    assert heard == [[47]]


def test_setting_things_reports_nothing() -> None:
    """Nodes, filter and selection set by Python are not picking."""
    heard: list[object] = []
    table = _table(on_select=heard.append)
    table._only.value = False
    table.set_selection([1, 2, 3])
    table.set_filter_mask(VALUES > 1)
    table.set_selection([])
    table.set_nodes(None)
    assert not heard


def test_the_page_stays_where_nothing_changes() -> None:
    """The same selection and the same absence of a filter leave the reader's page alone."""
    table = _table()
    table._table.page = 4
    table.set_selection([])
    table.set_filter_mask(None)
    assert table._table.page == 4


def test_the_csv_has_all_shown_rows_with_units() -> None:
    """Every page, in the order shown; quotes and commas of names are quoted."""
    measure = MeasureColumn("error, max", "", VALUES)
    table = _table(measure, MeasureColumn("error, max", "", VALUES))
    table.set_filter_mask(VALUES > 1)
    rows = list(csv.reader(table._csv()))
    assert len(rows) == N - 1
    assert rows[0][2:4] == ["error, max", "error, max #2"]
    assert rows[1] == ["node_2", "Relu", "2.0", "2.0", "1×2", "int8", "g"]


def test_sorting_by_a_measure_shows_the_worst_first() -> None:
    """The highest value leads, or the lowest where lower is worse; nodes without one come last."""
    values = np.array([3.0, np.nan, 7.0, 5.0])[np.arange(N) % 4] + np.arange(N)
    for is_higher_worse in (True, False):
        table = _table(MeasureColumn("error", "", values, is_higher_worse=is_higher_worse))
        table.sort_by(0)
        shown = table._table.current_view["m0"].to_numpy()
        worst = np.nanmax(values) if is_higher_worse else np.nanmin(values)
        assert shown[0] == worst and np.isnan(shown[-1])


def test_header_filters_look_in_the_direction_of_the_measure() -> None:
    """At least as bad: above where higher is worse, below where lower is; text by containing."""
    table = _table(
        MeasureColumn("latency", "ms", VALUES),
        MeasureColumn("SQNR", "dB", VALUES, is_higher_worse=False),
    )
    filters = table._table.header_filters
    assert [filters[f]["func"] for f in ("node", "m0", "m1")] == ["like", ">=", "<="]


def test_a_missing_value_passes_no_number_filter() -> None:
    """NaN is neither above nor below."""
    values = np.where(VALUES < 90, np.nan, VALUES)
    table = _table(MeasureColumn("latency", "ms", values))
    table._table.filters = [{"field": "m0", "type": ">=", "value": "95"}]
    assert table.n_shown == 5


def test_categories_show_their_labels() -> None:
    """A label instead of its index, nothing where there is none."""
    values = np.where(VALUES < 1, np.nan, VALUES % 2)
    table = _table(MeasureColumn("kernel", "", values, categories=("gemm", "dw")))
    assert list(table._table._data["m0"])[:3] == ["", "dw", "gemm"]


def test_heads_of_files_are_text() -> None:
    """Titles go through Tabulator's text formatter, tooltips are escaped, fields are ours."""
    table = _table(MeasureColumn("<img onerror=1>", "", VALUES))
    tabulator = table._table
    assert set(tabulator.title_formatters.values()) == {"plaintext"}
    assert "<" not in tabulator.header_tooltips["m0"]
    assert list(tabulator.value.columns) == ["node", "op_type", "m0", "shape", "dtype", "namespace"]
    texts = {k: v for k, v in tabulator.formatters.items() if k != "m0"}
    assert set(texts.values()) == {"plaintext"}


def test_columns_of_different_length_are_refused() -> None:
    """Every column has one entry a node."""
    with pytest.raises(ValueError, match="columns of one length"):
        _table(MeasureColumn("latency", "ms", np.zeros(3)))
