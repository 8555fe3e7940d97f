"""The pairs of a matching as columns."""

from __future__ import annotations

import numpy as np

from benchmarks.graphs import decoder
from dashboard.panes.compare_columns import NODES, PairColumns, names, without_shared
from graphs.match import match
from graphs.match_types import KINDS
from graphs.match_view import MatchView
from importers import read
from sample_models import sample
from tests.helpers.graph_edits import edited


def columns_of(a: str, b: str) -> PairColumns:
    """Return the columns of two samples."""
    graphs = [read(sample(name).path).graphs[0] for name in (a, b)]
    return PairColumns(MatchView(match(*graphs, is_same_format=False)))


def test_columns_say_what_the_matching_says() -> None:
    """Kind, ids and op types of every pair, looked up one by one."""
    columns = columns_of("digits_float", "digits_int8_tflite")
    view = columns.view
    for at, pair in enumerate(view.matching.pairs):
        rows = view.row(at, "a"), view.row(at, "b")
        assert KINDS[columns.kind[at]] == pair.kind
        assert [columns.a.ids[at], columns.b.ids[at]] == [row.id if row else "" for row in rows]
        assert [columns.a.ops[at], columns.b.ops[at]] == [
            row.op_type if row else "" for row in rows
        ]
        op_type = view.op_type(at)
        assert (columns.op[at] >= 0) == bool(op_type)
        assert not op_type or columns.op_types[columns.op[at]] == op_type
    assert columns.counts() == view.matching.counts()


def test_counts_by_op_type_are_those_of_the_matching() -> None:
    """The same numbers as the command line prints."""
    graph = decoder(400)
    view = MatchView(match(graph, edited(graph, 0.1, 5).graph))
    columns = PairColumns(view)
    counts = dict(zip(columns.op_types, columns.op_counts().tolist(), strict=True))
    expected = {row.op_type: [row.counts[kind] for kind in KINDS] for row in view.op_counts()}
    assert counts == expected


def test_operators_are_read_first() -> None:
    """Then inputs and outputs, then constants; each in the matching's order."""
    columns = columns_of("digits_float", "digits_int8")
    order = columns.reading_order()
    assert sorted(order.tolist()) == list(range(len(columns)))
    assert {NODES[sort] for sort in columns.sort.tolist()} == set(NODES[1:])
    for sort in (1, 2, 3):
        assert (np.diff(order[columns.sort[order] == sort]) > 0).all()


def test_names_of_a_pair() -> None:
    """Equal ones once, a side alone by itself, joined ones by the first."""
    assert names(["a", "b", "", "d"], ["a", "x", "c", ""]) == ["a", "b ↔ x", "c", "d"]
    (long,) = names(["scope/one;" + "x" * 80], ["scope/one;" + "x" * 80])
    assert long == "scope/one;…"


def test_what_nearly_all_share_tells_nothing() -> None:
    """The first part of a path goes where nine of ten begin with it, and few do not."""
    paths = [f"mobilenet/block_{i}/conv" for i in range(9)]
    assert without_shared([*paths, "Call:0"])[0] == "block_0/conv"
    assert without_shared([*paths, "Call:0"])[-1] == "Call:0"
    mixed = [f"{'ab'[i % 2]}/conv_{i}" for i in range(20)]
    assert without_shared(mixed) == mixed
    assert without_shared(paths[:3]) == paths[:3]
    assert without_shared([]) == []
