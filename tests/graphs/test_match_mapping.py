"""Model Explorer's mappings: read, written, refused."""

from __future__ import annotations

import pytest

from graphs.match import match
from graphs.match_mapping import MappingFault, from_mapping, to_mapping
from graphs.match_types import FixedPair, MatchOptions
from tests.helpers.small_models import two_block_graph


def test_both_forms_are_read() -> None:
    """Entries go before the plain mapping; groups are passed over; the fallback is told."""
    plain = {"type": "sync_navigation", "mapping": {"a": "b", "g___group___": "h___group___"}}
    assert from_mapping(plain) == ((FixedPair(("a",), ("b",)),), True)
    entries = [{"leftNodeIds": ["a", "b"], "rightNodeIds": ["c"]}]
    both = {**plain, "mappingEntries": entries, "disableMappingFallback": True}
    assert from_mapping(both) == ((FixedPair(("a", "b"), ("c",)),), False)


def test_what_is_written_is_read_again() -> None:
    """A matching keeps its pairs through a mapping, whatever the names say."""
    graph = two_block_graph()
    given = MatchOptions(fixed=(FixedPair(("a/conv", "a/relu"), ("b/c/conv",)),))
    first = match(graph, graph, given)
    fixed, is_fallback = from_mapping(to_mapping(first))
    again = match(graph, graph, MatchOptions(fixed=fixed, is_id_fallback=is_fallback))
    assert set(again.id_pairs()) == set(first.id_pairs()) and not again.ignored


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"type": "edge_overlays", "mapping": {}},
        {"mapping": []},
        {"mapping": {"a": 1}},
        {"mappingEntries": {}},
        {"mappingEntries": [1]},
        {"mappingEntries": [{"leftNodeIds": "a", "rightNodeIds": ["b"]}]},
        {"mappingEntries": [{"leftNodeIds": ["a"]}]},
        {"mappingEntries": [{"leftNodeIds": [["a"]], "rightNodeIds": ["b"]}]},
    ],
)
def test_anything_else_is_refused_with_its_place(value: object) -> None:
    """What is no mapping raises one error that says what is wrong."""
    with pytest.raises(MappingFault, match=r"\w"):
        from_mapping(value)
