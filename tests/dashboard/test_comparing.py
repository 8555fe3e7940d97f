"""The comparison of two sessions: matching, colours, pairs, corrections, following."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest

from dashboard.comparing import Comparing
from dashboard.following import Following
from dashboard.notices import Notices
from dashboard.open_model import OpenModel
from dashboard.session import Session, Threshold
from dashboard.work import Work
from graphs.ir import Model, NodeKind
from graphs.match_mapping import from_mapping
from graphs.match_types import FixedPair, MatchOptions
from graphs.match_view import KIND_DATA
from graphs.node_data import NodeData
from importers import read
from sample_models import sample
from tests.dashboard.test_groups import flat_graph, model_of
from tests.helpers.small_models import caller_model

FLOAT, INT8 = "digits_float_tflite", "digits_int8_tflite"


class Parts:
    """A base session with its comparison, run without a server: all jobs end at once."""

    def __init__(self, a: Model, b: Model) -> None:
        self.notices = Notices()
        self.base = Session()
        self.comparing = Comparing(self.base, Work(self.notices.add), self.notices)
        self.following = Following(self.comparing)
        self.a, self.b = OpenModel(a), OpenModel(b)
        self.base.models = [self.a, self.b]
        self.base.show_model(self.a)
        other = self.comparing.start(self.b)
        assert other is not None
        self.other = other


def model(name: str) -> Model:
    """Read a sample."""
    return read(sample(name).path)


@pytest.fixture
def parts() -> Parts:
    """A float TFLite model beside its int8 twin."""
    return Parts(model(FLOAT), model(INT8))


def row(session: Session, name: str) -> int:
    """Return the row of a node."""
    assert session.graph is not None
    return session.graph.node_ids.index(name)


def test_both_are_coloured_by_their_difference(parts: Parts) -> None:
    """A comparison begins coloured by the difference; its end gives the old colour back."""
    assert parts.comparing.view is not None
    for session, end in ((parts.base, "a"), (parts.other, "b")):
        assert session.measure == KIND_DATA
        assert session.graph is not None and session.data is not None
        kinds = parts.comparing.view.side(end, session.graph.id).kind
        np.testing.assert_array_equal(session.data.values, kinds)
    parts.base.measure = KIND_DATA
    parts.comparing.stop(0)
    assert parts.comparing.view is None and parts.comparing.others == []
    assert parts.base.set_of(KIND_DATA) is None and parts.base.measure != KIND_DATA


def test_a_model_beside_itself_differs_nowhere() -> None:
    """One open model in both panes: each keeps its own difference, and nothing differs."""
    parts = Parts(model(FLOAT), model(FLOAT))
    other = parts.comparing.start(parts.a)
    assert other is not None and parts.comparing.other is other
    assert len(parts.comparing.differing) == 0
    assert other.data is not None and not other.data.values.any()


def test_a_selection_crosses_over(parts: Parts) -> None:
    """What is selected on one side is selected on the other, both ways, unless switched off."""
    view = parts.comparing.view
    assert view is not None and parts.base.graph is not None
    conv = next(
        at for at, pair in enumerate(view.matching.pairs)
        if pair.a and pair.b and "conv" in pair.a[0].lower()
    )  # fmt: skip
    a, b = parts.comparing.rows_of(parts.base, [conv]), parts.comparing.rows_of(parts.other, [conv])
    assert len(a) and len(b)
    parts.base.select(a)
    assert parts.other.selection.tolist() == b.tolist()
    parts.base.select([])
    assert not len(parts.other.selection)
    parts.other.select(b)
    assert parts.base.selection.tolist() == a.tolist()
    parts.comparing.is_synced = False
    parts.other.select([])
    assert parts.base.selection.tolist() == a.tolist()


def test_groups_open_and_close_on_both_sides(parts: Parts) -> None:
    """A group that is opened or closed takes its partner with it."""
    base, other = parts.base, parts.other
    assert base.graph is not None and other.graph is not None
    base.expand_all()
    assert len(other.expanded) == len(other.graph.namespaces) - 1
    base.collapse_all()
    assert other.expanded == frozenset()
    base.toggle_group(1)
    path = base.graph.namespaces.paths[1]
    assert parts.comparing.view is not None
    partner = parts.comparing.view.group_across("a", base.graph.id, path)
    assert partner is not None
    assert other.expanded == {other.graph.namespaces.index(partner[1])}


def test_switches_measure_and_filter_are_taken_over(parts: Parts) -> None:
    """Flat, direction and colours are the same on both sides; a measure only where it is there."""
    base, other = parts.base, parts.other
    base.param.update(flat=True, direction="right", is_log=True, is_dark=True)
    assert (other.flat, other.direction, other.is_log, other.is_dark) == (True, "right", True, True)
    assert base.graph is not None
    mine = NodeData(
        "latency", "ms", "test", base.graph.id, np.arange(base.graph.n_nodes, dtype=float)
    )
    base.add_node_data([mine], measure="latency")
    assert other.measure == KIND_DATA, "it has no latency"
    base.set_threshold(Threshold("latency", 2.0))
    assert other.threshold is None
    base.set_threshold(Threshold(KIND_DATA, 0.5))
    assert other.threshold == Threshold(KIND_DATA, 0.5)


def test_a_pair_is_shown_without_bringing_out_its_constants(parts: Parts) -> None:
    """Constants that belong to a pair stay folded; a pair of constants alone is brought out."""
    view, base = parts.comparing.view, parts.base
    assert view is not None and base.graph is not None
    kinds = dict(zip(base.graph.node_ids, base.graph.node_kind, strict=True))
    constant = [len(p.a) and all(kinds[a] == NodeKind.CONSTANT for a in p.a) for p in
                view.matching.pairs]  # fmt: skip
    parts.comparing.show_pair(constant.index(False))
    assert not base.show_constants and len(base.selection)
    parts.comparing.show_pair(constant.index(True))
    assert base.show_constants and parts.other.show_constants


def test_a_pair_is_corrected_and_undone(parts: Parts) -> None:
    """What a reader pairs by hand is paired as given; undo brings back what was found."""
    comparing = parts.comparing
    comparing.is_correcting = True
    assert comparing.view is not None
    found = [pair for pair in comparing.view.matching.pairs if len(pair.a) == len(pair.b) == 1]
    first, second = found[3], found[5]
    parts.base.select([row(parts.base, first.a[0])])
    parts.other.select([row(parts.other, second.b[0])])
    comparing.pair_selection()
    assert comparing.n_corrections == 1 and comparing.view is not None
    given = [pair for pair in comparing.view.matching.pairs if pair.why == "given"]
    assert [(pair.a, pair.b) for pair in given] == [(first.a, second.b)]
    fixed, _ = from_mapping(comparing.mapping())
    assert FixedPair(first.a, second.b) in fixed
    comparing.undo_correction()
    assert comparing.n_corrections == 0
    assert all(pair.why != "given" for pair in comparing.view.matching.pairs)


def test_what_has_no_partner_is_said_by_hand(parts: Parts) -> None:
    """A node that the reader says to have no partner is removed, and its partner added."""
    comparing = parts.comparing
    comparing.is_correcting = True
    name = "block1/conv1"
    assert parts.base.graph is not None
    at = next(i for i, id in enumerate(parts.base.graph.node_ids) if id.startswith(name))
    parts.base.select([at])
    parts.other.select([])
    comparing.unpair_selection()
    assert parts.base.data is not None
    assert parts.base.data.categories[int(parts.base.data.values[at])] == "removed"


def test_a_mapping_of_nobody_is_told(parts: Parts) -> None:
    """Ids of a mapping that are not there are a notice, not silence."""
    parts.comparing.set_mapping(MatchOptions(fixed=(FixedPair(("nobody",), ("nowhere",)),)))
    assert any("nobody" in str(one) for one in parts.notices.shown)


def test_corrections_end_with_their_models(parts: Parts) -> None:
    """Another model in a pane is matched from the beginning."""
    parts.comparing.set_mapping(MatchOptions(fixed=(FixedPair(("a",), ("b",)),)))
    third = OpenModel(model("decoder"))
    parts.base.models = [*parts.base.models, third]
    parts.base.show_model(third)
    assert parts.comparing.n_corrections == 0
    assert parts.comparing.view is not None
    assert parts.comparing.view.matching.a[0].id == third.model.graphs[0].id


def test_called_graphs_are_entered_together() -> None:
    """Who goes into a called graph on one side is in its partner on the other, and out again."""
    parts = Parts(caller_model(), caller_model())
    base, other = parts.base, parts.other
    assert base.graph is not None
    node, called = next(iter(base.graph.subgraphs.items()))
    base.enter_subgraph(node, called[0])
    assert other.graph is not None and other.graph.id == called[0]
    assert parts.comparing.view is not None, "the matching of the whole is kept"
    base.leave_to(0)
    assert other.graph.id == parts.b.model.graphs[0].id


def test_a_closed_model_closes_its_panes(parts: Parts) -> None:
    """No pane shows a model that is no more."""
    parts.base.close_model(parts.b)
    assert parts.comparing.others == [] and parts.comparing.view is None


def test_what_is_measured_in_one_pane_is_in_the_other() -> None:
    """Two panes with one model share its node data."""
    parts = Parts(model(FLOAT), model(INT8))
    twin = parts.comparing.start(parts.a)
    assert twin is not None and parts.base.graph is not None
    n = parts.base.graph.n_nodes
    mine = NodeData("latency", "ms", "test", parts.base.graph.id, np.arange(n, dtype=float))
    parts.base.add_node_data([mine])
    assert twin.set_of("latency") is mine


def test_three_panes_follow_through_the_base(parts: Parts) -> None:
    """A selection in one other reaches the next other by way of the base."""
    third = parts.comparing.start(parts.a)
    assert third is not None
    view = parts.comparing.view_of(parts.other)
    assert view is not None
    conv = next(at for at, pair in enumerate(view.matching.pairs) if pair.a and pair.b)
    rows = view.side("b", parts.b.model.graphs[0].id).pair == conv
    parts.other.select(np.flatnonzero(rows))
    assert len(third.selection)
    assert third.selection.tolist() == parts.base.selection.tolist()


def test_there_are_at_most_four_panes(parts: Parts) -> None:
    """A fifth pane is refused with a notice."""
    assert parts.comparing.start(parts.a) is not None
    assert parts.comparing.start(parts.a) is not None
    assert parts.comparing.start(parts.a) is None
    assert len(parts.notices.shown) == 1


def test_one_model_in_two_panes_shares_data_but_not_what_is_its_own() -> None:
    """Sets of a pane alone stay there; a set that is loaded again replaces itself in both."""
    parts = Parts(model(FLOAT), model(INT8))
    twin = parts.comparing.start(parts.a)
    assert twin is not None and parts.base.graph is not None
    n, graph_id = parts.base.graph.n_nodes, parts.base.graph.id
    alone = NodeData("B − A", "ms", "computed", graph_id, np.ones(n))
    parts.base.set_own_data([*parts.base.own_data, alone], "B − A")
    assert twin.set_of("B − A") is None
    for value in (1.0, 2.0):
        parts.base.add_node_data([NodeData("cost", "ms", "test", graph_id, np.full(n, value))])
        found = twin.set_of("cost")
        assert found is not None and found.values[0] == value


def test_groups_of_one_model_are_the_same_in_all_panes() -> None:
    """Where one pane chooses other groups, the others with that model have them too."""
    parts = Parts(model_of(flat_graph()), model_of(flat_graph()))
    twin = parts.comparing.start(parts.a)
    assert twin is not None
    parts.base.set_origin("file")
    assert twin.origin == "file"
    parts.base.set_origin("structure")
    assert twin.origin == "structure" and twin.graph is parts.base.graph
    parts.base.toggle_group(1)
    assert twin.expanded == parts.base.expanded


def test_corrections_outlive_other_groups(parts: Parts) -> None:
    """What the reader gave speaks of nodes: it stays while groups or graphs change."""
    parts.comparing.is_correcting = True
    parts.base.select([3])
    parts.other.select([4])
    parts.comparing.pair_selection()
    assert parts.comparing.n_corrections == 1 and parts.comparing.can_undo
    other = "names" if parts.base.origin != "names" else "structure"
    parts.base.set_origin(other)  # type: ignore[arg-type]
    assert parts.comparing.n_corrections == 1 and parts.comparing.can_undo


def test_a_measure_that_the_reader_chose_stays_while_pairs_are_corrected(parts: Parts) -> None:
    """Matching anew does not repaint."""
    assert parts.base.graph is not None
    values = np.arange(parts.base.graph.n_nodes, dtype=float)
    parts.base.add_node_data([NodeData("cost", "ms", "test", parts.base.graph.id, values)])
    shown = "cost"
    parts.comparing.is_synced = False
    parts.base.measure = shown
    parts.base.select([3])
    parts.comparing.unpair_selection()
    assert parts.base.measure == shown and parts.other.measure == KIND_DATA


def test_closing_a_pane_keeps_what_is_compared(parts: Parts) -> None:
    """The other that is spoken of stays so when one before it goes."""
    second, third = parts.comparing.start(parts.a), parts.comparing.start(parts.b)
    parts.comparing.at = 1
    parts.comparing.stop(0)
    assert parts.comparing.other is second and third in parts.comparing.others


def test_a_closed_pane_is_let_go(parts: Parts) -> None:
    """Neither the comparison nor what follows keeps a closed pane's session."""
    watched = weakref.ref(parts.comparing.start(parts.a))
    parts.comparing.stop(1)
    gc.collect()
    gc.collect()
    assert watched() is None


def test_one_group_opens_one_group() -> None:
    """The only group of A opens its partner in B, not all that B has."""
    parts = Parts(model(FLOAT), model(INT8))
    base, other = parts.base, parts.other
    assert base.graph is not None and other.graph is not None
    n_groups = len(base.graph.namespaces) - 1
    base.collapse_all()
    for group in range(1, n_groups + 1):
        base.toggle_group(group)
    before = other.expanded
    base.toggle_group(1)
    assert len(before - other.expanded) == 1


def test_following_again_brings_the_others_along(parts: Parts) -> None:
    """Who links the panes again finds them alike, not where they were left."""
    parts.comparing.is_synced = False
    parts.base.param.update(flat=True, is_log=True, direction="right")
    assert not parts.other.flat
    parts.comparing.is_synced = True
    assert (parts.other.flat, parts.other.is_log, parts.other.direction) == (True, True, "right")


def test_pairs_of_graphs_that_nobody_calls_are_shown() -> None:
    """A model of two graphs: a pair of the second one brings both panes there and back."""
    two = [replace(caller_model(), graphs=caller_model().graphs) for _ in range(2)]
    parts = Parts(*[replace(one, graphs=(one.graphs[1], one.graphs[0])) for one in two])
    view = parts.comparing.view
    assert view is not None
    first = parts.a.model.graphs[0].id
    shown = {pair.a_graph for pair in view.matching.pairs}
    assert len(shown) == 2
    for at, pair in enumerate(view.matching.pairs):
        parts.comparing.show_pair(at)
        assert parts.comparing.view is view, "the matching holds both"
        assert parts.base.graph is not None and parts.base.graph.id == pair.a_graph
        assert parts.other.graph is not None and parts.other.graph.id == pair.b_graph
    parts.base.show_model(parts.a)
    assert parts.base.graph.id == first
