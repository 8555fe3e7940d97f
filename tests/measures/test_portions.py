"""Tensors of a large model are taken in portions that fit into memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from measures.runners import onnx_error
from measures.runners.portions import FIRST, Portions
from sample_models import sample


def _sizes(portions: Portions, sizes: list[int]) -> list[int]:
    """Go through all portions, learning the sizes; return the bytes of each portion."""
    taken, seen = [], []
    for portion in portions:
        for i in portion:
            portions.learn(i, sizes[i])
        taken.append(sum(sizes[i] for i in portion))
        seen += portion
    assert seen == list(range(len(sizes)))
    return taken


def test_known_sizes_fill_portions() -> None:
    """Once sizes are known no portion is above the limit but a single large thing."""
    sizes = [10] * 50 + [500] + [10] * 50
    portions = Portions(len(sizes), 100)
    _sizes(portions, sizes)
    again = _sizes(portions, sizes)
    assert max(again) == 500 and sorted(again)[-2] <= 100
    assert len(again) == 11
    assert portions.total_bytes == sum(sizes)


def test_unknown_sizes_are_felt_out() -> None:
    """Portions double while what was seen is small, and are one in the end."""
    portions = Portions(200, 10_000)
    assert _sizes(portions, [1] * 200) == [FIRST, 2 * FIRST, 4 * FIRST, 200 - 7 * FIRST]
    assert _sizes(portions, [1] * 200) == [200]


def test_nothing_is_no_portion() -> None:
    """Without things there is nothing to take."""
    assert list(Portions(0, 10)) == []


def _request() -> dict[str, object]:
    pair = sample("digits_int8")
    return {
        "path": str(pair.path),
        "reference": str(sample(pair.reference).path),
        "inputs": None,
        "n_threads": 1,
        "n_samples": 3,
    }


def test_portions_give_the_errors_that_the_whole_gives(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With room for few tensors, nodes are run few at a time, and every error is the same."""
    monkeypatch.chdir(tmp_path)
    whole = onnx_error.error(_request())
    monkeypatch.setattr(onnx_error, "MAX_SAMPLE_BYTES", 40_000)
    parts = onnx_error.error(_request())
    assert parts["sums"] == whole["sums"] and parts["local"] == whole["local"]
    assert sum(row[0] > 0 for row in whole["local"]) > 20
    assert parts["notes"] == whole["notes"]
