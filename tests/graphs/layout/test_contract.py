"""The layout contract, over the zoo and over random graphs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphs.errors import LayoutError
from graphs.layout import Boxes, Layout, LayoutCancelled, LayoutOptions, lay_out
from graphs.layout.cache import ScopeCache
from tests.graphs.layout.promises import assert_keeps_promises
from tests.helpers.zoo import ZOO, boxes_of, random_boxes, zoo_boxes

DIRECTIONS = ("down", "right")


DEFAULTS = LayoutOptions()


def fresh(boxes: Boxes, options: LayoutOptions = DEFAULTS) -> Layout:
    """Lay out with an empty cache."""
    return lay_out(boxes, options, cache=ScopeCache(2**26))


def as_bytes(layout: Layout) -> bytes:
    """Return all columns of a layout as one block."""
    columns = (
        layout.x, layout.y, layout.width, layout.height, layout.path_ptr, layout.path_points,
        layout.edge_is_back,
    )  # fmt: skip
    totals = np.array([layout.total_width, layout.total_height, layout.n_crossings])
    return b"".join(column.tobytes() for column in (*columns, totals))


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("is_strict", [False, True])
@pytest.mark.parametrize("name", ZOO)
def test_zoo_keeps_promises(name, direction, is_strict):
    """Every graph of the zoo is laid out as promised, in both directions."""
    options = LayoutOptions(direction=direction, strict_ports=is_strict)
    boxes = zoo_boxes(name)
    assert_keeps_promises(boxes, fresh(boxes, options), options)


@given(
    seed=st.integers(0, 2**32 - 1),
    n_leaves=st.integers(1, 30),
    n_groups=st.integers(0, 8),
    n_edges=st.integers(0, 60),
    forward=st.sampled_from([0.5, 0.9, 1.0]),
    direction=st.sampled_from(DIRECTIONS),
    is_strict=st.booleans(),
)
def test_random_graphs_keep_promises(
    seed, n_leaves, n_groups, n_edges, forward, direction, is_strict
):
    """Random nested graphs with cycles, loops and parallel edges are laid out as promised."""
    options = LayoutOptions(direction=direction, strict_ports=is_strict)
    boxes = random_boxes(seed, n_leaves, n_groups, n_edges, forward)
    assert_keeps_promises(boxes, fresh(boxes, options), options)


@pytest.mark.parametrize("seed", range(10))
def test_same_bytes_twice(seed):
    """The same input gives the same bytes, with a cold cache and with a warm one."""
    boxes = random_boxes(seed, 60, 8, 120)
    cache = ScopeCache(2**26)
    first = as_bytes(lay_out(boxes, cache=cache))
    assert as_bytes(lay_out(boxes, cache=cache)) == first
    assert as_bytes(fresh(boxes)) == first


def test_nothing_at_all():
    """An empty graph has an empty layout."""
    layout = fresh(boxes_of(""))
    assert len(layout.x) == 0
    assert layout.path_ptr.tolist() == [0]
    assert (layout.total_width, layout.total_height) == (0.0, 0.0)


def test_chain_is_straight():
    """A chain of boxes of different widths is one straight vertical line."""
    boxes = boxes_of("a -> bbbbbb -> cc -> ddddddddd -> e")
    layout = fresh(boxes)
    assert np.allclose(layout.x + layout.width / 2, layout.total_width / 2)
    assert np.ptp(layout.path_points[:, 0]) == 0
    assert len(layout.path_points) == 4 * 4


def test_spine_is_straight_beside_a_skip():
    """Operators in a row stay in line although an edge skips them and weights join them."""
    boxes = zoo_boxes("residual")
    layout = fresh(boxes)
    middle = layout.x + layout.width / 2
    spine = ~boxes.is_constant
    assert np.ptp(middle[spine]) < 0.01


def test_inputs_leave_the_order_of_their_slots_only_for_a_crossing():
    """Where the slots are against the way that edges come, the ports yield unless told not to."""
    boxes = zoo_boxes("slots in order")
    assert fresh(boxes).n_crossings == 0
    assert fresh(boxes, LayoutOptions(strict_ports=True)).n_crossings == 3


def test_slots_decide_between_equals():
    """Of two mirrored drawings the one whose inputs stand in their order is taken."""
    for drawing in ("a -> m\nb -> m", "b -> m\na -> m"):
        boxes = boxes_of(drawing)
        layout = fresh(boxes)
        first, second = layout.x[boxes.source]
        assert first < second


def test_constants_stand_just_before_their_first_consumer():
    """A constant that feeds the third operator is not at the top."""
    boxes = boxes_of("x -> a -> b -> c -> d\n$w -> c\n$w -> d")
    layout = fresh(boxes)
    w, b = int(np.flatnonzero(boxes.is_constant)[0]), 2
    assert layout.y[w] == layout.y[b]


def test_tree_of_constants_moves_as_a_whole():
    """What is computed from constants alone stands next to what consumes it."""
    boxes = boxes_of("$w -> t -> m\n$s -> t\nx -> a -> b -> c -> m -> out")
    layout = fresh(boxes)
    y = dict(zip(["w", "t", "m", "s", "x", "a", "b", "c", "out"], layout.y, strict=True))
    assert y["t"] == y["c"]
    assert y["w"] == y["s"] == y["b"]


def test_back_edges_are_few():
    """A cycle of n boxes has one back edge, and it is the one that points back in the file."""
    layout = fresh(zoo_boxes("cycle"))
    assert layout.edge_is_back.tolist() == [False, False, False, True]


def test_twin_groups_share_one_layout():
    """Groups of equal structure look the same, and only one of them is computed."""
    boxes = zoo_boxes("twin groups")
    cache = ScopeCache(2**26)
    layout = lay_out(boxes, cache=cache)
    groups = np.flatnonzero(boxes.is_group)
    shapes = set()
    for g in groups:
        members = boxes.parent == g
        shapes.add((layout.x[members] - layout.x[g]).round(3).tobytes())
        shapes.add(round(float(layout.width[g]), 3))
    assert len(shapes) == 2
    assert len(cache) == 3  # one group, the top, and how the top is arranged


def test_expansion_lays_out_only_what_changed():
    """After a change in one group the other groups come from the cache."""
    drawing = "in -> g/a -> g/b -> out\nin -> h/a -> h/b -> h/c -> out"
    cache = ScopeCache(2**26)
    lay_out(boxes_of(drawing), cache=cache)
    before = len(cache)
    lay_out(boxes_of(drawing + "\ng/b -> g/new"), cache=cache)
    assert len(cache) == before + 2  # the group and the top


def test_cancelled_layout_ends():
    """A layout that nobody waits for raises `LayoutCancelled`."""
    with pytest.raises(LayoutCancelled):
        lay_out(zoo_boxes("residual"), cancelled=lambda: True, cache=ScopeCache(2**20))


def test_progress_reaches_one():
    """Progress grows and ends at 1."""
    seen: list[float] = []
    lay_out(zoo_boxes("nested five deep"), progress=seen.append, cache=ScopeCache(2**20))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_every_phase_is_timed():
    """The layout says how long each phase took."""
    assert set(fresh(zoo_boxes("residual")).seconds_by_phase) == {
        "input", "acyclic", "nesting", "ranking", "ordering", "placement", "routing", "assembly",
    }  # fmt: skip


def broken(**columns: object) -> Boxes:
    """Return the boxes of a small nested graph with some columns replaced."""
    good = boxes_of("in -> g/a -> out")
    names = Boxes.__dataclass_fields__
    return Boxes(**{name: columns.get(name, getattr(good, name)) for name in names})


@pytest.mark.parametrize(
    "columns",
    [
        {"parent": np.array([-1, -1, 3, -1], np.int32)},
        {"parent": np.array([-1, 0, 0, -1], np.int32)},
        {"parent": np.array([-1, -2, -1, 2], np.int32)},
        {"is_group": np.array([False, True, True, False])},
        {"width": np.array([1, np.nan, 1, 1], np.float32)},
        {"width": np.array([1, -1, 1, 1], np.float32)},
        {"height": np.array([1, 1e9, 1, 1], np.float32)},
        {"height": np.array([1, 1], np.float32)},
        {"source": np.array([0, 9], np.int32)},
        {"target": np.array([-1, 1], np.int32)},
        {"target": np.array([2, 1], np.int32)},
        {"target_slot": np.array([-5, 0], np.int32)},
    ],
)
def test_broken_input_is_refused(columns):
    """Boxes that break their contract raise `LayoutError` from the stage "input"."""
    with pytest.raises(LayoutError) as caught:
        fresh(broken(**columns))
    assert caught.value.stage == "input"
