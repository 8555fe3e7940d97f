"""Model Explorer's mappings: read, written, refused."""

from __future__ import annotations

import pytest

from graphs.match import match
from graphs.match_mapping import MappingFault, corrected, from_mapping, to_mapping
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


def test_a_reader_may_say_that_a_node_has_no_partner() -> None:
    """It is removed on one side and added on the other, whatever its name and place say."""
    graph = two_block_graph()
    alone = (FixedPair(("a/conv",), ()), FixedPair((), ("a/relu",)))
    matching = match(graph, graph, MatchOptions(fixed=alone))
    found = {(p.a, p.b): (p.kind, p.why) for p in matching.pairs}
    assert found[("a/conv",), ()] == ("removed", "given")
    assert found[(), ("a/relu",)] == ("added", "given")
    assert ("a/conv", "a/conv") not in set(matching.id_pairs())
    assert sorted(id for p in matching.pairs for id in p.a) == sorted(graph.node_ids)
    assert sorted(id for p in matching.pairs for id in p.b) == sorted(graph.node_ids)
    fixed, _ = from_mapping(to_mapping(matching))
    assert set(alone) <= set(fixed)


def test_a_correction_replaces_what_was_said_before() -> None:
    """Of each node the last word counts; what else a pair held stays."""
    before = (
        FixedPair(("a", "b"), ("x",)),
        FixedPair(("c",), ("y",)),
        FixedPair(("d",), ()),
        FixedPair(("e",), ("z",)),
    )
    after = corrected(before, FixedPair(("b", "d"), ("y",)))
    assert after == (
        FixedPair(("a",), ("x",)),
        FixedPair(("e",), ("z",)),
        FixedPair(("b", "d"), ("y",)),
    )


def test_an_entry_of_groups_says_nothing_of_nodes() -> None:
    """Groups follow from their members: a node beside a group is not left alone."""
    entry = {"leftNodeIds": ["a"], "rightNodeIds": ["g___group___"]}
    assert from_mapping({"mappingEntries": [entry]}) == ((), True)
