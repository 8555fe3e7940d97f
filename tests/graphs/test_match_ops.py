"""The table of equivalent op types."""

from __future__ import annotations

import pytest

from graphs.match_ops import (
    _CLASSES,
    COMMUTATIVE,
    FOLDED_INTO_CONSUMER,
    FOLDED_INTO_PRODUCER,
    FOLDED_INTO_WEIGHTS,
    QUANTIZING,
    TRANSPARENT,
    WEIGHTED,
    op_class,
)


@pytest.mark.parametrize(
    ("op_types", "name"),
    [
        ("Conv CONV_2D DEPTHWISE_CONV_2D aten.conv2d.default aten::conv1d Conv2D"
         " stablehlo.convolution com.microsoft::FusedConv", "convolution"),
        ("Gemm MatMul FULLY_CONNECTED Dense aten.linear.default aten.mm.default"
         " stablehlo.dot_general BatchMatMulV2", "matrix product"),
        ("BatchNormalization FusedBatchNormV3"
         " aten._native_batch_norm_legit_no_training.default", "normalization by batch"),
        ("Add AddV2 aten.add.Tensor stablehlo.add ADD", "addition"),
        ("Concat CONCATENATION ConcatV2 aten.cat.default", "concatenation"),
        ("QuantizeLinear QUANTIZE", "quantize"),
        ("Sigmoid LOGISTIC aten.sigmoid.default stablehlo.logistic", "sigmoid"),
    ],
)  # fmt: skip
def test_formats_agree(op_types: str, name: str) -> None:
    """The names that formats give one operation are of one class."""
    assert {op_class(op) for op in op_types.split()} == {name}


def test_an_unknown_op_type_is_a_class_of_its_own() -> None:
    """A custom operator is like itself only; a long or empty name is no trouble."""
    assert op_class("my.domain::Frobnicate") == "frobnicate" != op_class("Conv")
    assert op_class("") == "" and len(op_class("x" * 100_000)) <= 256


def test_the_table_is_sound() -> None:
    """No name is in two classes, and what the rules name is in the table."""
    names = [name for row in _CLASSES.values() for name in row.split()]
    assert len(names) == len(set(names))
    ruled = TRANSPARENT | FOLDED_INTO_PRODUCER | FOLDED_INTO_CONSUMER | COMMUTATIVE | WEIGHTED
    assert ruled <= set(_CLASSES)
    assert FOLDED_INTO_WEIGHTS < FOLDED_INTO_PRODUCER and QUANTIZING < TRANSPARENT
