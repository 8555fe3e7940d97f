"""What node data adds to a drawing: shares of categories on groups, the legend, the tooltip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from components.graph_view.drawing import labels_of
from components.palette import category_colors, rest_color
from dashboard.open_model import OpenModel
from dashboard.panes.overlay import Overlay, overlay_of
from dashboard.panes.shares import N_NAMED, named_and_rest
from dashboard.panes.tooltip import tooltip_rows
from dashboard.session import Session
from graphs.builder import GraphBuilder
from graphs.ir import Model, NodeKind
from graphs.match_types import KINDS
from graphs.node_data import NodeData
from graphs.visible import Visible, visible

N_SIDES = 9  # columns of a strip


def opened(labels: Sequence[str | None], categories: Sequence[str] = KINDS) -> Session:
    """Return a session over nodes `a/b/0`, `a/1`, `a/b/2`, ..., one a label, coloured by them.

    A constant beside them, in `a`, bears the last category.
    """
    builder = GraphBuilder("g")
    for i in range(len(labels)):
        builder.add_node(f"n{i}", "Op", namespace="a/b" if i % 2 == 0 else "a")
    builder.add_node("c", "Constant", namespace="a", kind=NodeKind.CONSTANT)
    graph = builder.build()
    values = [np.nan if label is None else categories.index(label) for label in labels]
    data = NodeData(
        "difference", "", "computed", "g", np.array([*values, len(categories) - 1.0]),
        aggregations=(), categories=tuple(categories),
    )  # fmt: skip
    session = Session()
    session.add_model(OpenModel(Model("m", "ONNX", "tests", (graph,))))
    session.expanded = frozenset()
    session.add_node_data([data])
    session.measure = "difference"
    return session


def drawn(session: Session, *names: str) -> tuple[Visible, Overlay]:
    """Return what is drawn with these groups open, and its overlay."""
    assert session.graph is not None
    expanded = [session.graph.namespaces.paths.index(name) for name in names]
    seen = visible(session.graph, expanded, show_constants=session.show_constants)
    return seen, overlay_of(session, seen, labels_of(seen))


def shares(overlay: Overlay, row: int = 0) -> dict[str, int]:
    """Return the parts of a strip by colour."""
    strips = overlay.strips
    hexes = ["#{:02x}{:02x}{:02x}".format(*rgba[:3]) for rgba in strips.strip_color.tolist()]
    parts = strips.strip_parts[row].tolist()
    return {color: part for color, part in zip(hexes, parts, strict=True) if part}


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_a_closed_group_shows_the_shares_of_what_is_in_it(is_dark: bool) -> None:
    """All levels below count, each kind in its colour; open groups and nodes have no strip."""
    session = opened(["equal", "equal", "changed", "added"])
    session.is_dark = is_dark
    color = dict(zip(KINDS, category_colors(KINDS, is_dark=is_dark), strict=True))
    seen, overlay = drawn(session)
    assert overlay.strips.strip_item.tolist() == [0]
    found = shares(overlay)
    assert sum(found.values()) == 255
    assert found.keys() == {color["equal"], color["changed"], color["added"]}
    assert found[color["equal"]] == pytest.approx(127.5, abs=1)
    seen, overlay = drawn(session, "a")
    assert [seen.item_namespace[item] for item in overlay.strips.strip_item] == [2]
    assert shares(overlay).keys() == {color["equal"], color["changed"]}
    assert drawn(session, "a", "a/b")[1].strips.strip_item.tolist() == []


def test_folded_constants_count_when_they_are_drawn() -> None:
    """A strip tells what is found inside; a constant is found only where constants are shown."""
    session = opened(["equal", "equal", "changed", "changed"])
    split = category_colors(KINDS)[KINDS.index("split")]
    assert split not in shares(drawn(session)[1])
    session.show_constants = True
    assert split in shares(drawn(session)[1])


def test_one_in_a_thousand_is_seen() -> None:
    """However rare, a category has a part in the strip of its group; no value has none."""
    session = opened(["equal"] * 1001 + ["removed"] + [None] * 3)
    parts = shares(drawn(session)[1])
    assert sorted(parts.values()) == [1, 254]


def test_rare_categories_are_lumped() -> None:
    """Eight categories keep their colours, those that most nodes have; the others share a grey."""
    words = [f"w{i}" for i in range(12)]
    session = opened([w for i, w in enumerate(words) for _ in range(2 + (i * 5) % 12)], words)
    _, overlay = drawn(session)
    assert session.data is not None
    named, rest = named_and_rest(session.data)
    assert (len(named), len(rest)) == (N_NAMED, 4)
    found = shares(overlay)
    assert len(found) == N_SIDES
    assert found[rest_color()] > 0
    assert overlay.legend is not None
    texts = [text for _, text in overlay.legend.swatches]
    assert texts[:N_NAMED] == [words[i] for i in named]
    assert texts[N_NAMED] == "others, on groups"
    assert sorted(texts[N_NAMED + 1 :]) == sorted(words[i] for i in rest)


def test_numbers_have_no_strips() -> None:
    """Numeric data is aggregated to a colour; only labels are shown as shares."""
    session = opened(["equal", "added"])
    values = np.arange(3.0)
    session.add_node_data([NodeData("size", "bytes", "computed", "g", values)])
    session.measure = "size"
    overlay = drawn(session)[1]
    assert overlay.strips.strip_item.tolist() == []
    assert overlay.legend is not None and overlay.legend.title == "size (bytes) · groups: sum"


def test_the_tooltip_of_a_group_counts_its_categories() -> None:
    """Most first, a row each, the name of the measure beside the first; constants as drawn."""
    session = opened(["equal", "changed", "equal", "equal"])
    seen, _ = drawn(session)
    found = tooltip_rows(session, seen, int(seen.item_key[0]))
    assert found is not None
    assert found[1][2:] == [("difference", "equal: 3"), ("", "changed: 1")]


def test_a_tooltip_of_many_categories_is_short() -> None:
    """What is too rare for a row of its own is summed up."""
    words = [f"w{i:02}" for i in range(20)]
    session = opened(words, words)
    seen, _ = drawn(session)
    found = tooltip_rows(session, seen, int(seen.item_key[0]))
    assert found is not None
    assert len(found[1]) == 2 + N_NAMED + 1
    assert found[1][-1] == ("", "12 more: 12")
