"""The table of differences, without a server."""

from __future__ import annotations

import time
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.graphs import decoder
from graphs.ir import Model
from importers import read
from sample_models import sample
from tests.helpers.compared_parts import NEW, OLD, Compared, chain, measured
from tests.helpers.graph_edits import edited

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def parts() -> Compared:
    """Four operators beside five: one is replaced, one is new."""
    return Compared(OLD, NEW)


def shown(parts: Compared, title: str) -> list[object]:
    """Return a column of the shown rows."""
    table = parts.table.table
    field = {title: field for field, title in table._titles().items()}[title]
    return list(table._table.current_view[field])


def test_rows_are_the_listed_pairs(parts: Compared) -> None:
    """Differences at first; a kind that is listed brings its rows."""
    assert shown(parts, "kind") == ["changed", "added"]
    assert shown(parts, "A") == ["s/norm", ""] and shown(parts, "B") == ["s/new", "t/last"]
    assert shown(parts, "op A") == ["Mul", ""] and shown(parts, "op B") == ["Erf", "TopK"]
    assert "Mul → Erf" in str(shown(parts, "changes")[0])
    assert shown(parts, "confidence")[1] == 1.0 and shown(parts, "why")[1] == "no partner"
    parts.choice.toggle_kind("equal")
    assert len(shown(parts, "kind")) == len(parts.pairs) == 5


def test_the_op_type_and_the_sort_of_nodes_filter(parts: Compared) -> None:
    """Chosen beside the table, seen in it."""
    parts.choice.toggle_op_type("TopK")
    assert shown(parts, "B") == ["t/last"]
    parts.choice.toggle_op_type("TopK")
    parts.choice.nodes = "constants"
    assert shown(parts, "kind") == []


def test_a_click_shows_the_pair_on_both_graphs(parts: Compared) -> None:
    """The row counts from what is shown; several rows are selected together."""
    tabulator = parts.table.table._table
    tabulator._update_selection(SimpleNamespace(indices=[0], selected=True, flush=True))
    assert parts.ids() == (["s/norm"], ["s/new"])
    assert parts.base.located.tolist() == [1]
    tabulator._update_selection(SimpleNamespace(indices=[1], selected=True, flush=False))
    assert parts.ids() == (["s/norm"], ["s/new", "t/last"])


def test_a_selection_in_a_graph_marks_its_row(parts: Compared) -> None:
    """On either side; the other rows stay in sight."""
    table = parts.table.table
    parts.other.select([4])
    assert table._table.selection == [parts.table._place[parts.pair_of("t/last")]]
    assert table.n_shown == 2
    parts.other.select([])
    assert table._table.selection == []


def test_the_measure_of_both_sides_has_its_columns(parts: Compared) -> None:
    """A, B, difference and ratio stand beside the changes; without a measure they are gone."""
    assert "B − A (ms)" not in parts.table.table._titles().values()
    measured(parts.base, {"s/norm": 2.0})
    measured(parts.other, {"s/new": 3.0, "t/last": 1.0})
    assert shown(parts, "latency A (ms)")[0] == 2.0 and shown(parts, "latency B (ms)") == [3.0, 1.0]
    assert shown(parts, "B − A (ms)")[0] == 1.0 and shown(parts, "B ÷ A")[0] == 1.5
    assert np.isnan(shown(parts, "B − A (ms)")[1])
    parts.other.add_node_data((), gone={("main", "latency")})
    assert "B − A (ms)" not in parts.table.table._titles().values()


def test_operators_come_before_constants() -> None:
    """A reader looks for what computes first."""
    a, b = (read(sample(f"digits_{one}_tflite").path) for one in ("float", "int8"))
    parts = Compared(a, b)
    columns = parts.choice.columns
    assert columns is not None
    rows = parts.table.table._table.current_view.index
    sorts = columns.sort[parts.table._order[rows]]
    assert (np.diff(sorts) >= 0).all() and sorts[0] == 1 and sorts[-1] == 3


def test_a_comparison_that_ends_leaves_no_rows(parts: Compared) -> None:
    """The table says how to begin."""
    parts.comparing.stop(0)
    assert parts.table.table.n_shown == 0
    assert "Compare two models" in parts.table.table._note.object


def test_texts_of_files_stay_text() -> None:
    """Only the kind has markup, and it is ours; ids and op types are plain."""
    parts = Compared(chain((HOSTILE, HOSTILE)), chain(("x", "Conv")))
    table = parts.table.table._table
    plain = {field for field, format in table.formatters.items() if format == "plaintext"}
    titles = {title: field for field, title in parts.table.table._titles().items()}
    assert {titles[t] for t in ("A", "op A", "B", "op B", "changes", "why")} <= plain
    kinds = table.formatters[titles["kind"]]
    assert isinstance(kinds, dict) and set(kinds) == {"type", "equal", "changed", "added",
                                                      "removed", "fused", "split"}  # fmt: skip


def test_twenty_thousand_rows_are_filtered_in_a_moment() -> None:
    """One page is sent; listing another kind takes well below a second, also on a busy machine."""
    graph = decoder(20_000)
    other = edited(graph, 0.01, 3).graph
    parts = Compared(Model("a", "ONNX", "t", (graph,)), Model("b", "ONNX", "t", (other,)))
    seconds = []
    for _ in range(4):
        start = time.process_time()
        parts.choice.toggle_kind("equal")
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.5
    assert len(parts.table.table._table._data["c0"]) == 10
    assert len(parts.table.table._table.value) > 20_000
