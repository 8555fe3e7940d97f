"""Crossings and edge length of a drawing, against exact slow twins and against the layout's own."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest

from graphs.kernels import drawn_crossings
from graphs.layout import Layout, LayoutOptions, lay_out, quality
from graphs.layout.cache import ScopeCache
from graphs.layout.quality import PIECES, Crossings, crossings, edge_length
from tests.helpers.zoo import ZOO, boxes_of, random_boxes, zoo_boxes

Point = tuple[Fraction, Fraction]
Corners = Sequence[tuple[float, float]]
SEEDS = range(40)


def layout_of(paths: Sequence[np.ndarray]) -> Layout:
    """Return a drawing that has nothing but paths of Béziers."""
    none = np.zeros(0, dtype=np.float32)
    points = np.concatenate([np.zeros((0, 2)), *paths]).astype(np.float32)
    lengths = [len(path) for path in paths]
    width, height = points.max(axis=0) if len(points) else (0.0, 0.0)
    return Layout(
        x=none, y=none, width=none, height=none,
        path_ptr=np.cumsum([0, *lengths]).astype(np.int32),
        path_points=points,
        edge_is_back=np.zeros(len(paths), dtype=bool),
        total_width=float(width), total_height=float(height),
    )  # fmt: skip


def straight(corners: Corners) -> np.ndarray:
    """Return a chain of straight Béziers through the corners."""
    points = [corners[0]]
    for (x0, y0), (x1, y1) in itertools.pairwise(corners):
        points += [((2 * x0 + x1) / 3, (2 * y0 + y1) / 3), ((x0 + 2 * x1) / 3, (y0 + 2 * y1) / 3)]
        points.append((x1, y1))
    return np.array(points, dtype=float)


def counted(values: Sequence[int], lines: Sequence[Corners]) -> Crossings:
    """Count the crossings of straight lines that carry the given values."""
    source = np.array(values, dtype=np.int32)
    return crossings(layout_of([straight(line) for line in lines]), source, 0 * source)


def side(p: Point, q: Point, r: Point) -> Fraction:
    """Return twice the area of a triangle: its sign is the side of r."""
    return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])


def meet(p: Point, q: Point, r: Point, s: Point) -> Point | None:
    """Return where two segments properly cross."""
    if side(p, q, r) * side(p, q, s) >= 0 or side(r, s, p) * side(r, s, q) >= 0:
        return None
    share = side(r, s, p) / (side(r, s, p) - side(r, s, q))
    return p[0] + share * (q[0] - p[0]), p[1] + share * (q[1] - p[1])


TINY = Fraction(1, 2**40)


def moved(value: int, line: Corners) -> list[list[tuple[Point, Point]]]:
    """Return the pieces of each segment, moved a little right, level ones less far down."""
    pieces = []
    for (x0, y0), (x1, y1) in itertools.pairwise(line):
        down = TINY**3 if y0 == y1 else 0
        left, right = Fraction(x0) + value * TINY, Fraction(x1) + value * TINY
        way = [(left, Fraction(y0)), (left, y0 + down), (right, y1 + down), (right, Fraction(y1))]
        pieces.append([(p, q) for p, q in itertools.pairwise(way) if p != q])
    return pieces


def ends_on(line: Corners, segment: int, two: Corners) -> bool:
    """Tell whether a line begins or ends in a point of two's, with that segment of its own."""
    (p, q) = two
    ends = [line[0]] * (segment == 0) + [line[-1]] * (segment == len(line) - 2)
    return any(
        (q[0] - p[0]) * (y - p[1]) == (q[1] - p[1]) * (x - p[0])
        and min(p[0], q[0]) <= x <= max(p[0], q[0])
        and min(p[1], q[1]) <= y <= max(p[1], q[1])
        for x, y in ends
    )


def slow_crossings(values: Sequence[int], lines: Sequence[Corners]) -> Crossings:
    """Look at all pairs of segments in exact numbers, each value really moved aside.

    A reader sees one crossing at a point, however many edges of a value run through it.
    """
    seen: set[tuple[int, int, Point]] = set()
    n_pairs = 0
    for (v, a), (w, b) in itertools.combinations(zip(values, lines, strict=True), 2):
        if v == w:
            continue
        for i, j in itertools.product(range(len(a) - 1), range(len(b) - 1)):
            if ends_on(a, i, b[j : j + 2]) or ends_on(b, j, a[i : i + 2]):
                continue
            for one, two in itertools.product(moved(v, a)[i], moved(w, b)[j]):
                at = meet(*one, *two)
                if at is not None:
                    n_pairs += 1
                    seen.add((min(v, w), max(v, w), at))
    return Crossings(len(seen), n_pairs)


def random_lines(seed: int) -> tuple[list[int], list[Corners]]:
    """Return lines on a small grid, so that corners often meet; those of a value share a way.

    A value's trunk has level stretches, which its edges leave anywhere, and slopes.
    """
    random = np.random.default_rng(seed)
    values, lines = [], []
    for value in range(int(random.integers(2, 7))):
        x, y = (int(i) for i in 3 * random.integers(0, 12, size=2))
        trunk, kind = [(x, y)], 2
        for _ in range(int(random.integers(1, 4))):
            dx, dy = (int(i) for i in 3 * random.integers(-5, 6, size=2))
            kind = (kind + random.integers(1, 3)) % 3  # it does not turn back on its own way
            x, y = x + dx * int(kind != 0), y + dy * int(kind != 1)
            if (x, y) != trunk[-1]:
                trunk.append((x, y))
        for _ in range(int(random.integers(1, 4))):
            stop = int(random.integers(1, len(trunk) + 1))
            line: list[tuple[float, float]] = list(trunk[:stop])
            # An odd slope for each tail: no two lie on one line by chance.
            dy = 3 * int(random.integers(-9, 9)) + 1
            tail = (line[-1][0] + 3 * len(lines) + 1, line[-1][1] + dy)
            values.append(value)
            lines.append([*line, tail])
    return values, lines


@pytest.mark.parametrize("seed", SEEDS)
def test_crossings(seed):
    """What is counted is what exact arithmetic finds on values really moved, lying or upright."""
    values, lines = random_lines(seed)
    for drawn in (lines, [[(y, x) for x, y in line] for line in lines]):
        assert counted(values, drawn) == slow_crossings(values, upright(drawn))


def upright(lines: list[Corners]) -> list[Corners]:
    """Change x and y where most segments lead more to a side than up or down."""
    steps = np.abs(np.concatenate([np.diff(line, axis=0) for line in lines]))
    is_lying = np.sign(steps[:, 0] - steps[:, 1]).sum() > 0
    return [[(y, x) for x, y in line] for line in lines] if is_lying else lines


def slow_inversions(place: np.ndarray, weight: np.ndarray, ptr: np.ndarray) -> tuple[int, int]:
    """Look at all pairs of a range."""
    pairs = [
        (i, j)
        for start, stop in itertools.pairwise(ptr.tolist())
        for i, j in itertools.combinations(range(start, stop), 2)
        if place[i] > place[j]
    ]
    return len(pairs), int(sum(weight[i] * weight[j] for i, j in pairs))


@pytest.mark.parametrize("seed", SEEDS)
def test_count_inversions(seed):
    """Merging counts what a look at all pairs counts."""
    random = np.random.default_rng(seed)
    ptr = np.cumsum([0, *random.integers(0, 30, size=4)])
    place, weight = random.permutation(ptr[-1]), random.integers(1, 5, size=ptr[-1])
    expected = slow_inversions(place, weight, ptr)
    assert drawn_crossings.count_inversions(place, weight, ptr) == expected


def slow_tied(x: np.ndarray, is_end: np.ndarray, value: np.ndarray, place: np.ndarray) -> int:
    """Look at all pairs."""
    return sum(
        bool(x[i] == x[j] and (is_end[i] or is_end[j]) and value[i] != value[j])
        and bool(place[i] > place[j])
        for i, j in itertools.combinations(range(len(x)), 2)
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_count_tied_inversions(seed):
    """Inversions are counted where two segments meet in the end of a line."""
    random = np.random.default_rng(seed)
    x, value = np.divmod(np.sort(random.integers(0, 30, size=20)), 5)
    is_end, place = random.random(20) < 0.4, random.permutation(20)
    weight, ptr = np.full(20, 3), np.array([0, 20])
    arguments = (x.astype(float), is_end, value, weight, place, ptr)
    found = drawn_crossings.count_tied_inversions(*arguments)
    expected = slow_tied(x, is_end, value, place)
    assert found == (expected, 9 * expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_count_between_rungs(seed):
    """Each pair of segments of two rungs is counted once, whatever overlaps."""
    random = np.random.default_rng(seed)
    y = np.sort(random.integers(0, 12, size=(60, 2)), axis=1)
    ends = np.column_stack([random.uniform(0, 50, 60), y[:, 0], random.uniform(0, 50, 60), y[:, 1]])
    is_level = y[:, 0] == y[:, 1]
    ends[is_level] = np.sort(ends[is_level][:, [0, 2]], axis=1)[:, [0, 1, 1, 1]]
    ends[is_level, 1] = ends[is_level, 3] = y[is_level, 0]
    rungs, rung = np.unique(
        np.column_stack([y[:, 0], is_level, y[:, 1]]), axis=0, return_inverse=True
    )
    low, high = np.sort(ends[:, [0, 2]], axis=1).T
    order = np.lexsort((low, rung))
    ends, rung, low, high = ends[order], rung[order], low[order], high[order]
    value, weight = random.integers(0, 20, 60), random.integers(1, 4, 60)
    ptr = np.searchsorted(rung, np.arange(len(rungs) + 1))
    reach = np.array([(low[rung == k].min(), high[rung == k].max(), (high - low)[rung == k].max())
                      for k in range(len(rungs))])  # fmt: skip
    arguments = (ends, np.zeros((60, 2), bool), value, weight, ptr, reach)
    below = [[(x, b + 1e-9 * (b == d)), (z, d + 1e-9 * (b == d))] for x, b, z, d in ends.tolist()]
    exact = [[(Fraction(x), Fraction(b)) for x, b in line] for line in below]
    pairs = [
        (i, j)
        for i, j in itertools.combinations(range(60), 2)
        if rung[i] != rung[j] and value[i] != value[j] and meet(*exact[i], *exact[j])
    ]
    weighted = sum(weight[i] * weight[j] for i, j in pairs)
    assert drawn_crossings.count_between_rungs(*arguments) == (len(pairs), weighted)


@pytest.mark.parametrize(
    ("values", "lines", "expected"),
    [
        pytest.param([0, 1], [[(0, 0), (6, 6)], [(6, 0), (0, 6)]], (1, 1), id="a cross"),
        pytest.param([0, 0], [[(0, 0), (6, 6)], [(6, 0), (0, 6)]], (0, 0), id="of one value"),
        pytest.param([0, 1], [[(0, 0), (6, 6)], [(6, 0), (3, 3)]], (0, 0), id="ends on another"),
        pytest.param([0, 1], [[(0, 0), (3, 3)], [(6, 0), (3, 3)]], (0, 0), id="meet at their ends"),
        pytest.param(
            [0, 1], [[(0, 0), (3, 3), (0, 6)], [(6, 0), (3, 3), (6, 6)]], (0, 0), id="corners touch"
        ),
        pytest.param(
            [0, 1], [[(0, 0), (3, 3), (6, 9)], [(6, 0), (3, 3), (0, 6)]], (1, 1), id="at corners"
        ),
        pytest.param([0, 1], [[(0, 0), (9, 0)], [(3, 0), (6, 0)]], (0, 0), id="upon each other"),
        pytest.param(
            [0, 0, 0, 1],
            [[(3, 0), (3, 9), (0, 12)], [(3, 0), (3, 12)], [(3, 0), (3, 3), (9, 4)],
             [(0, 6), (6, 6)]],
            (1, 2),
            id="a trunk that one edge has left",
        ),
        pytest.param(
            [0, 0, 1],
            [[(0, 0), (6, 6), (6, 9)], [(0, 0), (6, 6), (9, 9)], [(6, 0), (0, 6)]],
            (1, 2),
            id="a sloped trunk",
        ),
    ],
)  # fmt: skip
def test_what_a_reader_sees(values, lines, expected):
    """Shared ways count once, touching lines and edges of one value not at all."""
    assert counted(values, lines) == Crossings(*expected)


def test_bent_curves_with_the_same_ends_in_y_cross_in_their_middle():
    """Two curves that swap places cross exactly where both are cut: once, not twice or never."""
    paths = [np.array([(x, 0), (x, 18), (64 - x, 18), (64 - x, 36)]) for x in (0.0, 64.0)]
    found = crossings(layout_of(paths), np.array([0, 1], np.int32), np.zeros(2, np.int32))
    assert PIECES % 2 == 0
    assert found == Crossings(1, 1)


@pytest.mark.parametrize("direction", ["down", "right"])
@pytest.mark.parametrize("name", ZOO)
def test_zoo_agrees_with_the_ordering(name, direction):
    """What the ordering phase counted on ranks is drawn; ports of back edges move afterwards."""
    boxes = zoo_boxes(name)
    layout = lay_out(boxes, LayoutOptions(direction=direction), cache=ScopeCache(2**26))
    found = crossings(layout, boxes.source, boxes.source_slot).n
    assert abs(found - layout.n_crossings) <= layout.edge_is_back.sum()


def test_graphs_without_back_edges_agree_with_the_ordering():
    """The same on random nested graphs; only the ports of back edges move after the count."""
    n_alike = 0
    for seed in range(200):
        boxes = random_boxes(seed, 6 + seed % 10, 2, 12, forward=1.0)
        layout = lay_out(boxes, cache=ScopeCache(2**26))
        if not layout.edge_is_back.any():
            n_alike += 1
            assert crossings(layout, boxes.source, boxes.source_slot).n == layout.n_crossings
    assert n_alike > 10


def test_no_edges():
    """A drawing without edges has no crossings and no length; nothing drawn has neither."""
    for drawing in ("a", ""):
        boxes = boxes_of(drawing)
        layout = lay_out(boxes, cache=ScopeCache(2**20))
        found = crossings(layout, boxes.source, boxes.source_slot)
        assert (found, edge_length(layout)) == (Crossings(0, 0), 0.0)


def test_edge_length():
    """Straight lines are measured exactly, a quarter of a circle to a part in a thousand."""
    assert edge_length(layout_of([straight([(0, 0), (3, 4), (3, 10)])])) == pytest.approx(11)
    k = 4 / 3 * (math.sqrt(2) - 1)
    arc = np.array([(100, 0), (100, 100 * k), (100 * k, 100), (0, 100)])
    assert edge_length(layout_of([arc, arc])) == pytest.approx(100 * math.pi, rel=1e-3)


def test_very_many_curves_are_cut_less_finely(monkeypatch):
    """Curves between the same ranks cross as their ends say, into however few pieces they are."""
    boxes = boxes_of("\n".join(f"{a} -> {b}" for a in "abcd" for b in "wxyz"))
    layout = lay_out(boxes, cache=ScopeCache(2**20))
    fine = crossings(layout, boxes.source, boxes.source_slot)
    monkeypatch.setattr(quality, "MAX_SEGMENTS", 1)
    assert crossings(layout, boxes.source, boxes.source_slot) == fine
    assert fine.n == layout.n_crossings > 0
