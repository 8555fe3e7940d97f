"""Other engines' drawings in our form, and the table of a benchmark in a document."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.__main__ import BEGIN, END, write
from benchmarks.rival_layouts import as_layout
from benchmarks.rows import Row
from graphs.layout.quality import crossings, edge_length
from tests.helpers.zoo import zoo_boxes


def test_straight_lines_keep_their_length_and_crossings() -> None:
    """Two lines that cross at right angles cross once, and are as long as they are."""
    boxes = zoo_boxes("crossing pair")
    corner = {0: (0.0, 0.0), 1: (100.0, 0.0)}
    paths = [
        [list(corner[int(a % 2)]), [50.0, 40.0 + 5 * k], [100.0 * (k % 2), 100.0]]
        for k, a in enumerate(boxes.source)
    ]
    n = len(boxes.parent)
    placed = {"seconds": 0.1, "x": [0.0] * n, "y": [0.0] * n, "paths": paths}
    layout = as_layout(placed, boxes)
    corners = [np.array(path) for path in paths]
    length = sum(np.hypot(*np.diff(path, axis=0).T).sum() for path in corners)
    assert edge_length(layout) == pytest.approx(length, rel=1e-5)
    assert crossings(layout, boxes.source, boxes.source_slot).n_by_pairs >= 1


def test_rows_are_put_between_the_marks(tmp_path) -> None:
    """What is before and after the marks stays; a second run replaces the first's table."""
    path = tmp_path / "table.md"
    path.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    for value in (1.0, 2.0):
        write(path, [Row("layout: fan", value, "s", 3.0, "dagre 9 s")], {})
    text = path.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "| fan | 2 s | 3 s | dagre 9 s |" in text
    assert "old" not in text
    assert "| 1 s |" not in text
