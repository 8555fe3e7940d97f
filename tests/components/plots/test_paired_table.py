"""The table of pairs without a browser."""

from __future__ import annotations

import csv
from types import SimpleNamespace

import numpy as np
import pytest

from components.plots.paired_table import PairTable, TableColumn

N = 40
RATIO = np.linspace(0, 2, N)
HOSTILE = "<img src=x onerror=alert(1)>"


def table_of(**options: object) -> PairTable:
    """Return a table of 40 pairs with a text and a number each."""
    table = PairTable(page_size=10, **options)
    names = [f"pair_{i}" for i in range(N)]
    table.set_columns([TableColumn("A", names), TableColumn("B ÷ A", RATIO)])
    return table


def test_one_page_is_sent_and_the_words_are_of_pairs() -> None:
    """Of forty rows ten reach the browser; the note counts pairs."""
    table = table_of()
    assert list(table._table._data["c0"]) == [f"pair_{i}" for i in range(10)]
    assert "40 pairs" in table._note.object


def test_an_empty_table_says_what_to_do() -> None:
    """Without columns there are no rows and a hint."""
    table = table_of()
    table.set_columns(())
    assert table.n_shown == 0 and "Compare two models" in table._note.object


def test_selected_rows_are_marked_on_their_page() -> None:
    """All rows stay in sight: a selection moves to its page."""
    table = table_of()
    table.set_selection([25])
    assert (table.n_shown, table._table.page, table._table.selection) == (N, 3, [25])


def test_picked_rows_count_from_what_is_shown() -> None:
    """The second row of a filtered and sorted table is the pair that stands there."""
    heard: list[list[int]] = []
    table = table_of(on_select=lambda rows: heard.append(rows.tolist()))
    table.set_filter_mask(RATIO < 1)
    table.sort_by_column(1, is_ascending=False)
    table._table._update_selection(SimpleNamespace(indices=[1], selected=True, flush=True))
    assert heard == [[18]]


def test_columns_of_other_lengths_are_refused() -> None:
    """What is no table is an error with the lengths."""
    with pytest.raises(ValueError, match=r"\[1, 2\]"):
        PairTable().set_columns([TableColumn("a", ["x"]), TableColumn("b", ["x", "y"])])


def test_texts_of_a_file_are_never_markup() -> None:
    """Cells and titles are plain text, tooltips are escaped."""
    table = PairTable()
    table.set_columns([TableColumn(HOSTILE, [HOSTILE])])
    assert table._table.formatters == {"c0": "plaintext"}
    assert table._table.title_formatters == {"c0": "plaintext"}
    assert "<" not in table._table.header_tooltips["c0"]


def test_the_csv_has_titles_once_each() -> None:
    """Two columns of one title are told apart; filtered rows are left out."""
    table = PairTable()
    table.set_columns([TableColumn("x", ["a", "b"]), TableColumn("x", np.array([1.0, 2.0]))])
    table.set_filter_mask([False, True])
    assert list(csv.reader(table._csv())) == [["x", "x #2"], ["b", "2.0"]]
