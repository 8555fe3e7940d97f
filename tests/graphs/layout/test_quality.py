"""Crossings and edge length of a drawing, against exact slow twins and against the layout's own."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest

from graphs.kernels.drawn_crossings import count_drawn_crossings
from graphs.layout import Layout, LayoutOptions, lay_out
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


def slow_crossings(values: Sequence[int], lines: Sequence[Corners]) -> Crossings:
    """Look at all pairs of segments in exact numbers, each value really moved a little aside.

    A reader sees one crossing at a point, however many edges of a value run through it.
    """
    tiny = Fraction(1, 2**40)
    whole = [[(Fraction(x), Fraction(y)) for x, y in line] for line in lines]
    seen: set[tuple[int, int, Point]] = set()
    n_pairs = 0
    for (v, a), (w, b) in itertools.combinations(zip(values, whole, strict=True), 2):
        if v == w:
            continue
        for (p, q), (r, s) in itertools.product(itertools.pairwise(a), itertools.pairwise(b)):
            ends = [e for e in (a[0], a[-1]) if e in (p, q) and side(r, s, e) == 0]
            ends += [e for e in (b[0], b[-1]) if e in (r, s) and side(p, q, e) == 0]
            moved = [[(x + k * tiny, y + k * tiny**2) for x, y in two]
                     for k, two in ((v, (p, q)), (w, (r, s)))]  # fmt: skip
            at = meet(*moved[0], *moved[1])
            if at is not None and not ends:
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
        trunk = [(x, y)]
        for _ in range(int(random.integers(1, 4))):
            dx, dy = (int(i) for i in 3 * random.integers(-5, 6, size=2))
            kind = random.integers(3)
            x, y = x + dx * int(kind != 0), y + dy * int(kind != 1)
            if (x, y) != trunk[-1]:
                trunk.append((x, y))
        for _ in range(int(random.integers(1, 4))):
            stop = int(random.integers(1, len(trunk) + 1))
            line: list[tuple[float, float]] = list(trunk[:stop])
            # An odd slope for each tail: no two lie on one line by chance.
            tail = (line[-1][0] + 3 * len(lines) + 1, line[-1][1] + 3 * int(random.integers(-9, 9)))
            values.append(value)
            lines.append([*line, tail])
    return values, lines


@pytest.mark.parametrize("seed", SEEDS)
def test_crossings(seed):
    """What is counted is what exact arithmetic finds on values really moved, lying or upright."""
    values, lines = random_lines(seed)
    lying = [[(y, x) for x, y in line] for line in lines]
    if np.concatenate(lines).max(axis=0).argmax() == 0:
        lines, lying = lying, lines
    expected = slow_crossings(values, lines)
    assert counted(values, lines) == expected
    assert counted(values, lying) == expected


def slow_count(segments: np.ndarray, value: np.ndarray, weight: np.ndarray) -> tuple[int, int]:
    """Count proper crossings of segments of which no three ends lie on one line."""
    ends = [[(Fraction(x0), Fraction(y0)), (Fraction(x1), Fraction(y1))]
            for x0, y0, x1, y1 in segments.tolist()]  # fmt: skip
    pairs = [
        (a, b)
        for a, b in itertools.combinations(range(len(ends)), 2)
        if value[a] != value[b] and meet(*ends[a], *ends[b])
    ]
    return len(pairs), int(sum(weight[a] * weight[b] for a, b in pairs))


@pytest.mark.parametrize("n_bands", [1, 2, 7, 40])
@pytest.mark.parametrize("seed", range(8))
def test_kernel(seed, n_bands):
    """However many bands there are, each pair is counted once."""
    random = np.random.default_rng(seed)
    segments = random.uniform(0, 100, size=(40, 4))
    segments[:, 2] += segments[:, 0]
    value, weight = random.integers(0, 10, size=40), random.integers(1, 5, size=40)
    low, high = (f(segments[:, 1], segments[:, 3]) for f in (np.minimum, np.maximum))
    first, last = (low * n_bands / 100).astype(int), (high * n_bands / 100).astype(int)
    by_left = np.argsort(segments[:, 0])
    rows = [[k for k in by_left if first[k] <= band <= last[k]] for band in range(n_bands)]
    counts = count_drawn_crossings(
        segments, np.ones((40, 2), bool), value, weight, first,
        np.cumsum([0, *map(len, rows)]), np.array([k for of_band in rows for k in of_band]),
    )  # fmt: skip
    assert counts == slow_count(segments, value, weight)


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
    """What the ordering phase counted on ranks is what is drawn."""
    boxes = zoo_boxes(name)
    layout = lay_out(boxes, LayoutOptions(direction=direction), cache=ScopeCache(2**26))
    assert crossings(layout, boxes.source, boxes.source_slot).n == layout.n_crossings


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
