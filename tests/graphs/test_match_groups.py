"""Groups and their partners."""

from __future__ import annotations

from graphs.builder import GraphBuilder
from graphs.ir import Graph
from graphs.match import match
from graphs.match_types import Matching


def grouped(**members: str) -> Graph:
    """Return a chain of operators; each group's path has underscores for slashes."""
    builder, value = GraphBuilder("main"), None
    for path, ids in members.items():
        for id in ids.split():
            node = builder.add_node(id, f"Op{id}", path.replace("_", "/"))
            if value is not None:
                builder.add_edge(value, node, 0)
            value = builder.add_value(node, 0)
    return builder.build()


def partners(matching: Matching) -> dict[str, str]:
    """Return the partner of each group of A that has one."""
    return {group.a: group.b for group in matching.groups}


def test_a_group_is_not_paired_with_what_is_around_its_partner() -> None:
    """A converter moved two members out: the group is still the group, not the one around it."""
    a = grouped(outer_inner="a b c d e f", outer="g h i j", rest="k l")
    b = grouped(outer_inner="a b c d", outer="e f g h i j", rest="k l")
    assert partners(match(a, b)) == {"outer": "outer", "outer/inner": "outer/inner", "rest": "rest"}


def test_names_of_groups_do_not_count() -> None:
    """Groups that have changed their names are told by their members."""
    a = grouped(left="a b c", right="d e f")
    b = grouped(right="a b c", other="d e f")
    assert partners(match(a, b)) == {"left": "right", "right": "other"}


def test_a_group_without_partners_has_none() -> None:
    """A group of removed nodes stands alone; a choice that is not returned is none."""
    a = grouped(kept="a b", gone="x y z")
    assert partners(match(a, grouped(kept="a b"))) == {"kept": "kept"}
    both = grouped(large="a b c d", small="e")
    merged = grouped(whole="a b c d e")
    assert partners(match(both, merged)) == {"large": "whole"}


def test_how_sure_a_pair_of_groups_is() -> None:
    """Shared nodes by the mean size."""
    (group,) = match(grouped(g="a b c d"), grouped(g="a b c x")).groups
    assert (group.n_shared, group.n_a, group.n_b) == (3, 4, 4)
    assert group.confidence == 0.75
