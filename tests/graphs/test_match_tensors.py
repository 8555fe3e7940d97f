"""Weights of paired constants, compared on demand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from graphs.builder import GraphBuilder
from graphs.errors import DamagedSource
from graphs.ir import EmptySource, Graph, NodeKind
from graphs.match import match
from graphs.match_tensors import WeightDifference, largest_difference, weight_differences
from graphs.tensor_type import TensorType

RANDOM = np.random.default_rng(4)
KERNEL = RANDOM.normal(size=(3, 3, 4, 8)).astype(np.float32)


class OneTensor(EmptySource):
    """Holds one tensor, or what is raised in place of it."""

    def __init__(self, data: np.ndarray | Exception | None) -> None:
        self.data = data

    def tensor(self, node: int) -> np.ndarray | None:
        """Return the tensor."""
        if isinstance(self.data, Exception):
            raise self.data
        return self.data


def holding(data: np.ndarray | Exception | None, dtype: str = "float32") -> Graph:
    """Return a graph of one constant ``w`` that an operator reads."""
    builder = GraphBuilder("main")
    shape = data.shape if isinstance(data, np.ndarray) else (2, 3)
    constant = builder.add_node("w", "", "", NodeKind.CONSTANT)
    value = builder.add_value(constant, 0, "w", TensorType(dtype, shape))
    builder.add_edge(value, builder.add_node("relu", "Relu"), 0)
    return builder.build(OneTensor(data))


def compared(a: Graph, b: Graph, max_bytes: int = 1 << 20) -> WeightDifference:
    """Return the only entry."""
    (found,) = weight_differences(match(a, b), max_bytes)
    return found


def test_the_same_numbers_are_equal() -> None:
    """Nothing differs by more than nothing, also where a number is none."""
    kernel = KERNEL.copy()
    kernel[0, 0, 0, 0] = np.nan
    found = compared(holding(kernel), holding(kernel.copy()))
    assert found.is_equal and found.is_within(0) and found.n_elements == KERNEL.size


def test_the_largest_difference_is_found() -> None:
    """Absolute, and as a share of A's largest magnitude."""
    other = KERNEL.copy()
    other[2, 1, 3, 7] += 0.25
    other[0, 0, 0, 0] += 0.125
    found = compared(holding(KERNEL), holding(other))
    assert found.largest == pytest.approx(0.25, rel=1e-5)
    assert found.relative == pytest.approx(0.25 / np.abs(KERNEL).max(), rel=1e-5)
    assert not found.is_equal and found.is_within(0.2) and not found.is_within(0.01)


@pytest.mark.parametrize("axes", [(3, 0, 1, 2), (3, 2, 0, 1)])
def test_another_layout_is_seen_through(axes: tuple[int, ...]) -> None:
    """A kernel in another format's order of axes is the same, and the order is told."""
    found = compared(holding(KERNEL), holding(KERNEL.transpose(axes).copy()))
    assert found.is_equal and found.axes == axes


def test_a_square_matrix_is_believed_transposed_only_if_it_then_agrees() -> None:
    """Of two unlike matrices the difference is that of the elements as they lie."""
    a, b = RANDOM.normal(size=(2, 5, 5)).astype(np.float32)
    assert compared(holding(a), holding(a.T.copy())).axes == (1, 0)
    found = compared(holding(a), holding(b))
    assert found.axes == () and found.largest == pytest.approx(np.abs(a - b).max())


def test_why_two_were_not_compared_is_said() -> None:
    """Quantized, of other shapes, too large, unreadable: each has its words and no number."""
    whole = KERNEL.astype(np.int8)
    entries = [
        compared(holding(KERNEL), holding(whole, "int8")),
        compared(holding(KERNEL), holding(KERNEL.reshape(3, 3, 2, 16))),
        compared(holding(KERNEL), holding(KERNEL), max_bytes=8),
        compared(holding(DamagedSource("f", "cut")), holding(DamagedSource("f", "cut"))),
    ]
    words = ["one is quantized", "other shapes", "too large", "cannot be read"]
    assert [entry.not_compared for entry in entries] == words
    assert all(math.isnan(entry.largest) and not entry.is_equal for entry in entries)
    assert not any(entry.is_within(1.0) for entry in entries)


def test_text_is_no_weight() -> None:
    """A constant of strings is left out."""
    text = np.array(["a", "b"], dtype=object)
    assert not list(weight_differences(match(holding(text, "string"), holding(text, "string"))))


def test_a_number_beside_none_differs_without_bound() -> None:
    """A finite number against a NaN or an infinity is no small difference."""
    one = np.array([1.0, 2.0])
    assert largest_difference(one, np.array([1.0, np.nan])) == math.inf
    assert largest_difference(one, np.array([1.0, np.inf])) == math.inf
    assert largest_difference(np.array([np.inf]), np.array([np.inf])) == 0.0
