"""Where groups come from: the best by themselves, the reader's choice, and links that name one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from components.graph_view.drawing import labels_of
from dashboard.notices import Notices
from dashboard.open_model import OpenModel
from dashboard.panes.equal_groups import EqualGroups, rows_inside, selected_group
from dashboard.panes.groups import GroupsSwitch
from dashboard.panes.model import ModelPane
from dashboard.session import Session, first_view
from dashboard.url_state import apply, from_query, of_session, to_query
from dashboard.work import Work
from graphs.builder import GraphBuilder
from graphs.ir import Graph, Model, NodeKind
from graphs.visible import visible
from tests.dashboard.test_opening import opening

N_BLOCKS = 20
OPS = ("Conv", "BatchNorm", "Relu", "Add")


def flat_graph(names: str = "n{i}", namespace: str = "") -> Graph:
    """Return a chain of equal blocks of four operators."""
    builder = GraphBuilder("flat")
    value = builder.add_value(builder.add_node("x", "Input", kind=NodeKind.INPUT), 0)
    for i in range(N_BLOCKS * len(OPS)):
        b, o = divmod(i, len(OPS))
        node = builder.add_node(names.format(i=i, b=b, op=OPS[o]), OPS[o], namespace.format(b=b))
        builder.add_edge(value, node, 0)
        value = builder.add_value(node, 0)
    builder.add_edge(value, builder.add_node("y", "Output", kind=NodeKind.OUTPUT), 0)
    return builder.build()


def model_of(graph: Graph) -> Model:
    """Return a model of one graph."""
    return Model("m", "ONNX", "tests", (graph,))


def session_of(graph: Graph) -> Session:
    """Return a session that shows a graph."""
    session = Session()
    session.add_model(OpenModel(model_of(graph)))
    return session


def switch(session: Session) -> tuple[GroupsSwitch, Notices]:
    """Return the switch of a session, and what it says."""
    notices = Notices()
    return GroupsSwitch(session, Work(notices.add), notices), notices


@pytest.mark.parametrize(
    ("names", "namespace", "origin"),
    [
        ("n{i}", "", "structure"),
        ("block{b}/{op}{i}", "", "names"),
        ("n{i}", "block{b}", "file"),
    ],
)
def test_a_model_opens_with_the_best_groups(names: str, namespace: str, origin: str) -> None:
    """The file's own groups where it has them, else the author's names, else structure."""
    session = session_of(flat_graph(names, namespace))
    assert session.origin == origin
    assert session.graph is not None and session.graph.n_groups >= N_BLOCKS
    assert switch(session)[0].choice.value == origin


def test_inferred_groups_are_marked_wherever_they_show() -> None:
    """On the box, beside the switch, and among the facts of the model."""
    session = session_of(flat_graph())
    graph = session.graph
    assert graph is not None
    details = labels_of(visible(graph, first_view(graph))).details
    assert sum("inferred" in one for one in details) >= 2
    pane, _ = switch(session)
    assert "inferred" in pane.choice.label
    assert "of them inferred" in ModelPane(session).text.object
    pane.choice.value = "file"
    assert "inferred" not in pane.choice.label


def test_the_reader_chooses_and_keeps_selection_and_open_groups() -> None:
    """Rows stay the same nodes; coming back finds the groups that were open."""
    session = session_of(flat_graph())
    pane, notices = switch(session)
    assert session.graph is not None
    opened = frozenset([1, session.graph.n_groups])
    session.expanded = opened
    session.select([3, 5])
    pane.choice.value = "file"
    assert session.origin == "file" and session.graph.n_groups == 0
    assert session.selection.tolist() == [3, 5]
    assert session.graph.node_ids[3] == "n2"
    pane.choice.value = "structure"
    assert session.expanded == opened and not notices.shown


def test_a_way_that_finds_nothing_says_so() -> None:
    """Names without anything in common give no groups: a notice, and the switch turns back."""
    session = session_of(flat_graph())
    pane, notices = switch(session)
    pane.choice.value = "names"
    assert pane.choice.value == "structure" and session.origin == "structure"
    assert ["no groups from names" in one.text for one in notices.shown] == [True]


def test_a_small_graph_offers_no_switch() -> None:
    """What is read at a glance needs no groups."""
    builder = GraphBuilder("small")
    builder.add_node("a", "Relu")
    pane, _ = switch(session_of(builder.build()))
    assert not pane.choice.visible


def test_a_link_names_the_origin(tmp_path: Path) -> None:
    """Groups of a link are numbered within their origin, so it is restored first."""
    nodes = [{"id": f"n{i}", "label": OPS[i % 4], "namespace": "", "incomingEdges":
              [{"sourceNodeId": f"n{i - 1}", "sourceNodeOutputId": "0", "targetNodeInputId": "0"}]
              if i else []} for i in range(80)]  # fmt: skip
    path = tmp_path / "flat.json"
    path.write_text(json.dumps({"label": "flat", "graphs": [{"id": "g", "nodes": nodes}]}))
    one = opening(str(path))
    one.open_at_start()
    assert one.session.origin == "structure"
    pane, _ = switch(one.session)
    pane.choice.value = "file"
    query = to_query(of_session(one.session, None))
    assert query["from"] == "file"
    other = opening(str(path))
    state = from_query(query)
    assert other.open_reference(state.model, graph_id=state.graph, origin=state.origin)
    assert other.session.origin == "file", "before anything is drawn"
    apply(from_query({**query, "from": "structure"}), other.session)
    assert other.session.origin == "structure"
    apply(from_query({**query, "from": "names"}), other.session)
    assert other.session.origin == "structure", "what a link asks for in vain changes nothing"


def test_equal_groups_are_selected_together() -> None:
    """A selected block says how many equal ones there are; one press selects all their nodes."""
    session = session_of(flat_graph())
    pane = EqualGroups(session, Work(lambda error: pytest.fail(str(error))))
    graph = session.graph
    assert graph is not None and not pane.view.visible
    block = graph.namespaces.index(graph.namespaces.paths[graph.node_namespace[9]])
    session.select(rows_inside(graph, np.array([block])))
    assert selected_group(graph, session.selection) == block
    assert pane.view.visible and f"{N_BLOCKS}" in pane.button.label
    pane.button.clicks += 1
    assert session.selection.tolist() == list(range(1, 1 + N_BLOCKS * len(OPS)))
    session.select([1, 2])
    assert not pane.view.visible, "a part of a group is no group"
