"""The search pane, without a server: jobs run at once."""

from __future__ import annotations

import pytest

from dashboard.notices import Notices
from dashboard.open_model import OpenModel
from dashboard.panes.search import SearchPane
from dashboard.session import Session
from dashboard.work import Work
from tests.helpers.small_models import caller_model


@pytest.fixture
def pane() -> SearchPane:
    """A search pane on the graph of `caller_model`."""
    session = Session()
    session.add_model(OpenModel(caller_model()))
    return SearchPane(session, Work(Notices().add))


def type_text(pane: SearchPane, text: str) -> None:
    """Type as the browser reports it."""
    pane.query.value_input = text


def test_typing_lists_hits(pane: SearchPane) -> None:
    """Each hit is a row; nothing is selected by typing."""
    type_text(pane, "op:Conv")
    assert list(pane.table.value["node"]) == ["a/conv", "b/c/conv"]
    assert pane.table.visible and not len(pane.session.selection)


def test_enter_goes_to_the_first_hit(pane: SearchPane) -> None:
    """Enter selects the first hit and opens its groups, also where it comes before the typing."""
    pane.session.collapse_all()
    pane.query.value = "op:Conv"
    pane.query.param.trigger("enter_pressed")
    assert pane.session.selection.tolist() == [1]


def test_half_a_query_is_told_and_lists_nothing(pane: SearchPane) -> None:
    """While a query is being typed a mistake is a hint, not a notice."""
    type_text(pane, "op:Conv latency>")
    assert not pane.table.visible and pane.status.object
    type_text(pane, "")
    assert "Words match" in pane.status.object


def test_another_graph_is_searched_anew(pane: SearchPane) -> None:
    """Hits of one graph are never shown for another."""
    type_text(pane, "relu")
    assert list(pane.table.value["node"]) == ["a/relu"]
    pane.session.enter_subgraph(4, "body")
    assert list(pane.table.value["node"]) == ["inner"]
