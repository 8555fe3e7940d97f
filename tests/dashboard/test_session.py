"""The session: one place for selection, filter, groups and graphs."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.open_model import OpenModel
from dashboard.panes.overlay import box_text
from dashboard.session import Session, Threshold, first_view
from graphs.builder import GraphBuilder
from graphs.ir import Model
from graphs.node_data import NodeData
from tests.helpers.small_models import caller_model, latency_of


@pytest.fixture
def session() -> Session:
    """A session that shows the main graph of `caller_model`."""
    made = Session()
    made.add_model(OpenModel(caller_model()))
    return made


def test_select_modes(session: Session) -> None:
    """Replace, add, remove and toggle do what their names say, sorted and each row once."""
    session.select([3, 1, 3])
    assert session.selection.tolist() == [1, 3]
    session.select([2], "add")
    assert session.selection.tolist() == [1, 2, 3]
    session.select([1], "remove")
    assert session.selection.tolist() == [2, 3]
    session.select([2, 4], "toggle")
    assert session.selection.tolist() == [2, 3, 4], "a part selected becomes a whole selected"
    session.select([2, 4], "toggle")
    assert session.selection.tolist() == [3]


def test_an_equal_selection_is_no_event(session: Session) -> None:
    """Selecting what is selected already tells nobody, so that no loop can start."""
    session.select([1, 2])
    events: list[object] = []
    session.param.watch(events.append, "selection")
    session.select([2, 1])
    assert not events
    session.select([2])
    assert len(events) == 1


def test_rows_that_do_not_exist_are_dropped(session: Session) -> None:
    """A selection from a link may name rows that the graph lacks."""
    session.select([-3, 2, 99])
    assert session.selection.tolist() == [2]


def test_threshold_keeps_what_lies_beyond_and_drops_what_has_no_value(session: Session) -> None:
    """A node without a value is filtered out, on both sides."""
    assert session.graph is not None
    session.add_node_data([latency_of(session.graph, [np.nan, 3, 1, 2, np.nan, 0, 5])])
    session.set_threshold(Threshold("latency", 1.0))
    assert np.flatnonzero(session.is_kept).tolist() == [1, 3, 6]
    session.set_threshold(Threshold("latency", 2.0, is_above=False))
    assert np.flatnonzero(session.is_kept).tolist() == [2, 5]


def test_clear_undoes_selection_and_filter(session: Session) -> None:
    """One action undoes all."""
    session.select([1])
    session.set_threshold(Threshold("latency", 1.0))
    session.clear()
    assert session.threshold is None and not len(session.selection) and session.is_kept.all()


def test_measured_data_is_preferred_to_computed(session: Session) -> None:
    """Loading node data colours by it, unless the reader sees measured data already."""
    assert session.graph is not None and session.measure == ""
    first = latency_of(session.graph, [1.0] * 7)
    session.add_node_data([first])
    assert session.measure == "latency"
    other = type(first)("error", "", "file", "main", np.ones(7))
    session.add_node_data([other])
    assert session.measure == "latency" and session.set_of("error") is other


def test_a_set_of_the_same_name_is_replaced(session: Session) -> None:
    """Loading a file again does not make two sets of one name."""
    assert session.graph is not None
    session.add_node_data([latency_of(session.graph, [1.0] * 7)])
    session.add_node_data([latency_of(session.graph, [2.0] * 7)])
    assert len(session.node_data) == 1 and session.node_data[0].values[0] == 2.0


def test_locate_opens_the_groups_around_a_node(session: Session) -> None:
    """A hit inside closed groups is selected and its groups are open."""
    session.collapse_all()
    session.locate([3])
    assert session.graph is not None
    open_paths = {session.graph.namespaces.paths[i] for i in session.expanded}
    assert open_paths == {"b", "b/c"} and session.selection.tolist() == [3]


def test_locate_a_constant_shows_constants(session: Session) -> None:
    """A folded constant cannot be located unless constants are shown."""
    session.locate([6])
    assert session.show_constants


def test_toggle_with_subtree(session: Session) -> None:
    """Alt-click opens and closes a group with all groups in it."""
    assert session.graph is not None
    b = session.graph.namespaces.index("b")
    session.collapse_all()
    session.toggle_group(b, subtree=True)
    assert session.expanded == frozenset([b, b + 1])
    session.toggle_group(b)
    assert session.expanded == frozenset([b + 1])
    session.toggle_group(b, subtree=True)
    assert {b, b + 1} <= session.expanded


def test_subgraph_and_back(session: Session) -> None:
    """Entering a subgraph and leaving it selects the node that was entered; groups are kept."""
    session.collapse_all()
    session.enter_subgraph(4, "body")
    assert session.graph is not None and session.graph.id == "body"
    assert session.trail == (("main", 4),)
    session.leave_to(0)
    assert session.graph.id == "main" and session.trail == ()
    assert session.selection.tolist() == [4]
    assert session.graph.namespaces.paths[1] not in session.expanded


def test_closing_a_model_shows_another_and_the_last_one_stays(session: Session) -> None:
    """A page is never left without a model that it had."""
    first = session.opened
    assert first is not None
    second = OpenModel(caller_model())
    session.add_model(second)
    session.close_model(second)
    assert session.opened is first and session.models == [first]
    session.close_model(first)
    assert session.models == [first]


def test_first_view_opens_outer_groups_while_the_picture_stays_small() -> None:
    """A small model opens whole; 100 groups in one stay 100 boxes; a huge group stays closed."""

    def opened(paths: list[str]) -> int:
        builder = GraphBuilder("g")
        for i, path in enumerate(paths):
            builder.add_node(f"n{i}", "Op", path)
        return len(first_view(builder.build()))

    assert opened(["a", "a/b", "c"]) == 3
    assert opened([f"blocks/{i // 50}" for i in range(5000)]) == 1
    assert opened(["huge"] * 5000) == 0
    assert opened([]) == 0


def test_a_model_without_measurements_is_coloured_by_what_it_computes() -> None:
    """FLOPs where there are any, else parameters; what was measured before both."""
    builder = GraphBuilder("main")
    builder.add_node("n", "Add")
    graph = builder.build()
    named = ("parameters", "compute", "latency")
    sizes = [
        NodeData(name, unit, "computed", "main", np.array([1.0]))
        for name, unit in zip(named, ("", "FLOPs"), strict=False)
    ]
    nothing = NodeData("compute", "FLOPs", "computed", "main", np.array([np.nan]))
    taken = NodeData("latency", "ms", "file", "main", np.array([2.0]))
    for sets, wanted in (
        (sizes, "compute"), ([sizes[0], nothing], "parameters"), ([*sizes, taken], "latency"),
    ):  # fmt: skip
        session = Session()
        model = Model("m", "ONNX", "tests", (graph,))
        session.add_model(OpenModel(model, node_data={"main": list(sets)}))
        assert session.measure == wanted


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [("FLOPs", 7.554e6, "7.55 M"), ("MACs", 12.0, "12"), ("ms", 0.5, "0.5 ms"), ("", 3.0, "3")],
)
def test_a_box_has_room_for_its_value(unit: str, value: float, text: str) -> None:
    """The legend names what is counted; a box tells how many."""
    data = NodeData("n", unit, "file", "main", np.array([value]))
    assert box_text(data, value) == text
