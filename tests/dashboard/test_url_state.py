"""The URL: what a link restores."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.open_model import OpenModel
from dashboard.session import Session, Threshold
from dashboard.url_state import apply, from_query, from_ranges, of_session, to_query, to_ranges
from tests.helpers.small_models import caller_model, latency_of


def shown() -> Session:
    """A session with a model and a latency."""
    session = Session()
    session.add_model(OpenModel(caller_model(), reference="two blocks.onnx"))
    assert session.graph is not None
    session.add_node_data([latency_of(session.graph, [1.0, 2, 3, 4, 5, 6, 7])])
    return session


def test_a_link_restores_the_view() -> None:
    """Groups, selection, filter, measure, switches and camera survive the way through a URL."""
    session = shown()
    session.collapse_all()
    session.toggle_group(2)
    session.select([1, 2, 4])
    session.set_threshold(Threshold("latency", 0.25))
    session.param.update(is_log=True, show_constants=True, direction="right", aggregation="sum")
    query = to_query(of_session(session, (12.5, -3.0, 0.75)))
    state = from_query(query)
    other = shown()
    apply(state, other)
    assert of_session(other, state.camera) == of_session(session, (12.5, -3.0, 0.75))


def test_a_closed_view_is_restored_closed() -> None:
    """No open group is a state of its own, not the first view."""
    session = shown()
    session.collapse_all()
    other = shown()
    apply(from_query(to_query(of_session(session, None))), other)
    assert other.expanded == frozenset()


@given(st.sets(st.integers(0, 5000)))
def test_ranges_round_trip(indices: set[int]) -> None:
    """Ranges give back the indices, ascending, while the text is short enough."""
    text = to_ranges(indices)
    if len(text) <= 3000:
        assert from_ranges(text) == tuple(sorted(indices))


@pytest.mark.parametrize(
    "text", ["x", "5-", "-3", "0-99999999", "1-99999999." * 200, "9" * 4000, "１", "3--4"]
)
def test_nonsense_ranges_end_quickly_and_small(text: str) -> None:
    """A hostile link neither raises nor fills the memory."""
    assert len(from_ranges(text)) <= 1_000_001


PARTS = st.sampled_from(["model", "groups", "selected", "filter", "view"])


@given(st.dictionaries(PARTS, st.text()))
def test_any_query_gives_a_state(query: dict[str, str]) -> None:
    """Whatever stands in the address, the page opens."""
    apply(from_query(query), shown())


@pytest.mark.parametrize("text", ["above:nan:latency", "above::x", "up:1:latency", "above:1:", ""])
def test_a_filter_that_makes_no_sense_is_none(text: str) -> None:
    """A threshold must be a finite number on a named measure."""
    assert from_query({"filter": text}).threshold is None


def test_too_long_ranges_are_left_out() -> None:
    """A selection of every second node of a large graph does not break the address."""
    session = shown()
    state = of_session(session, None)
    long = type(state)(model="m", selected=tuple(range(0, 20000, 2)))
    assert "selected" not in to_query(long)
