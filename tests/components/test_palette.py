"""The palette: values to colours, the same for WebGL and Bokeh."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest

from components.palette import (
    OP_CATEGORIES,
    category_colors,
    op_category,
    op_category_color,
    rest_color,
    scale_for,
    text_on,
)
from graphs.match_types import KINDS
from graphs.node_data import ColorRule

RED, GREEN, BLUE = (200, 0, 0, 255), (0, 200, 0, 255), (0, 0, 200, 255)


def _lightness(rgba: np.ndarray) -> np.ndarray:
    """Return CIE L* of sRGB colours (IEC 61966-2-1, CIE 1976), by the book and apart from ours."""
    srgb = rgba[:, :3] / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    y = linear @ np.array([0.2126, 0.7152, 0.0722])
    return np.where(y > 0.008856, 116 * np.cbrt(y) - 16, 903.3 * y)


@pytest.mark.parametrize(("is_dark", "sign"), [(False, -1), (True, 1)], ids=["light", "dark"])
def test_worse_is_farther_from_the_background(is_dark: bool, sign: int) -> None:
    """Lightness falls steadily with the value on a light page, and rises on a dark one."""
    scale = scale_for(np.array([0.0, 1.0]), is_dark=is_dark)
    steps = np.diff(_lightness(scale.rgba(np.linspace(0, 1, 33))))
    assert (sign * steps > 0).all()


def test_missing_values_have_no_colour() -> None:
    """NaN is fully transparent, every number is opaque."""
    colors = scale_for(np.array([1.0, np.nan, 3.0])).rgba(np.array([1.0, np.nan, 3.0, np.inf]))
    assert colors.dtype == np.uint8
    assert colors[:, 3].tolist() == [255, 0, 255, 255]
    assert colors[1].tolist() == [0, 0, 0, 0]


def test_the_loud_colour_is_at_the_worse_end() -> None:
    """Where lower is worse the least value has the colour that the greatest has otherwise."""
    values = np.array([0.0, 1.0])
    higher = scale_for(values).rgba(values)
    lower = scale_for(values, is_higher_worse=False).rgba(values)
    assert np.array_equal(higher, lower[::-1])


def test_a_log_scale_is_even_in_the_logarithm() -> None:
    """Positions of powers of ten are evenly spaced; zero and less sit at the low end."""
    scale = scale_for(np.array([0.01, 100.0, 0.0, -1.0]), is_log=True)
    places = scale.positions(np.array([0.01, 0.1, 1.0, 10.0, 100.0, 0.0, -5.0]))
    assert places == pytest.approx([0, 0.25, 0.5, 0.75, 1, 0, 0])


def test_a_log_scale_needs_a_positive_value() -> None:
    """Without one the scale is linear."""
    assert not scale_for(np.array([0.0, -1.0]), is_log=True).is_log


def test_a_robust_range_leaves_an_outlier_out() -> None:
    """The 1st and 99th percentile bound the range, as NumPy has them."""
    values = np.append(np.linspace(0, 1, 1000), 1e9)
    scale = scale_for(values, is_robust=True)
    assert (scale.low, scale.high) == pytest.approx(tuple(np.percentile(values, (1, 99))))


def test_a_given_range_wins() -> None:
    """`low` and `high` bound the scale, in order, and what lies outside is clipped."""
    scale = scale_for(np.array([5.0]), low=10.0, high=0.0)
    assert (scale.low, scale.high) == (0.0, 10.0)
    assert scale.positions(np.array([-5.0, 15.0])).tolist() == [0, 1]


@pytest.mark.parametrize("values", [[], [np.nan], [np.inf, -np.inf], [7.0, 7.0], [0.0]])
def test_odd_values_still_give_a_scale_and_a_legend(values: list[float]) -> None:
    """Nothing, nothing finite and equal values neither fail nor warn."""
    array = np.array(values)
    scale = scale_for(array, is_log=True, unit="ms")
    assert len(scale.rgba(array)) == len(values)
    stops, ticks, swatches = scale.legend_stops()
    assert len(stops) > 1
    assert ticks
    assert not swatches


def test_a_difference_is_centred_on_zero() -> None:
    """Values on both sides of zero get two hues of equal reach, unless lower is worse."""
    scale = scale_for(np.array([-2.0, 5.0]))
    assert (scale.kind, scale.low, scale.high) == ("diverging", -5.0, 5.0)
    assert scale_for(np.array([-2.0, 5.0]), is_higher_worse=False).kind == "sequential"


def test_the_first_threshold_that_holds_a_value_wins() -> None:
    """Bounds are upper bounds, included; above the last there is no colour."""
    rules = (ColorRule(20, BLUE), ColorRule(10, RED))
    colors = scale_for(np.zeros(1), thresholds=rules).rgba(np.array([-1.0, 10, 10.1, 20, 21]))
    expected = [RED, RED, BLUE, BLUE, (0, 0, 0, 0)]
    assert [tuple(c) for c in colors.tolist()] == expected


def test_a_files_gradient_is_followed_and_wins_over_thresholds() -> None:
    """Stops lie at 0..1 between least and greatest value, linear between them."""
    gradient = (ColorRule(0.0, RED), ColorRule(1.0, GREEN))
    values = np.array([2.0, 3.0, 4.0])
    scale = scale_for(values, gradient=gradient, thresholds=(ColorRule(1, BLUE),))
    assert np.abs(scale.rgba(values).astype(int) - [RED, (100, 100, 0, 255), GREEN]).max() <= 1


def test_categories_have_a_colour_and_a_swatch_each() -> None:
    """Each label has its own colour, the one that the legend shows."""
    scale = scale_for(np.array([0.0, 1, 2]), categories=("a", "b", "c"))
    stops, ticks, swatches = scale.legend_stops()
    shown = ["#{:02x}{:02x}{:02x}".format(*row[:3]) for row in scale.rgba(np.array([0.0, 1, 2]))]
    assert [color for color, _ in swatches] == shown
    assert len(set(shown)) == 3
    assert [text for _, text in swatches] == ["a", "b", "c"]
    assert not stops
    assert not ticks


# Who sees red, green or blue badly, in linear RGB: Machado, Oliveira & Fernandes 2009, severity 1.
SIGHTS = {
    "normal": np.eye(3),
    "protan": np.array(
        [[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.052]]
    ),
    "deutan": np.array(
        [[0.3673, 0.8606, -0.228], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.969]]
    ),
    "tritan": np.array(
        [[1.2555, -0.0767, -0.1788], [-0.0784, 0.9308, 0.1476], [0.0047, 0.6914, 0.3039]]
    ),
}


def _lab(color: str, sight: np.ndarray) -> np.ndarray:
    """Return CIELAB (D65) of ``#rrggbb`` as somebody sees it."""
    srgb = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    seen = np.clip(
        sight @ np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4), 0, 1
    )
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    t = to_xyz @ seen / [0.9505, 1, 1.089]
    x, y, z = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("sight", SIGHTS)
def test_kinds_of_a_difference_are_told_apart_by_everybody(sight: str, is_dark: bool) -> None:
    """Any two kinds differ by ten times what is just seen, whatever cones a reader has."""
    colors = [_lab(color, SIGHTS[sight]) for color in category_colors(KINDS, is_dark=is_dark)]
    assert min(np.linalg.norm(a - b) for a, b in combinations(colors, 2)) > 23


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_kinds_keep_their_colours_in_any_order(is_dark: bool) -> None:
    """A kind has one colour wherever it stands; equal is a grey, and so is the rest."""
    by_kind = dict(zip(KINDS, category_colors(KINDS, is_dark=is_dark), strict=True))
    assert category_colors(("split", "equal"), is_dark=is_dark) == [
        by_kind["split"],
        by_kind["equal"],
    ]
    scale = scale_for(np.zeros(1), categories=("removed", "added"), is_dark=is_dark)
    assert scale.hex_colors() == [by_kind["removed"], by_kind["added"]]
    for grey in (by_kind["equal"], rest_color(is_dark=is_dark)):
        channels = [int(grey[i : i + 2], 16) for i in (1, 3, 5)]
        assert max(channels) - min(channels) < 24


def test_other_words_share_no_colour_with_the_kinds_beside_them() -> None:
    """Categories that are not all kinds take turns, so that no two of the first have one colour."""
    assert len(set(category_colors(("changed", "kept", "lost", "new")))) == 4


def test_legend_colours_are_those_of_the_values() -> None:
    """The colour drawn at a tick's place is the colour of the tick's value."""
    scale = scale_for(np.array([0.0, 8.0]), is_higher_worse=False, unit="dB")
    stops, ticks, _ = scale.legend_stops()
    assert ticks[-1][1].endswith("dB")
    by_place = dict(stops)
    for place, color in by_place.items():
        rgba = scale.rgba(np.array([8.0 * place]))[0]
        assert color == "#{:02x}{:02x}{:02x}".format(*rgba[:3])


def test_text_is_readable_on_every_colour() -> None:
    """Dark or white text has a contrast of at least 4 on every colour of both themes."""
    for is_dark in (False, True):
        colors = scale_for(np.array([0.0, 1.0]), is_dark=is_dark).rgba(np.linspace(0, 1, 64))
        for rgba in colors:
            text = text_on(rgba)
            ink = np.array([[int(text[i : i + 2], 16) for i in (1, 3, 5)]])
            levels = sorted(_luminance(np.vstack([ink, rgba[None, :3]])).tolist())
            assert (levels[1] + 0.05) / (levels[0] + 0.05) >= 4


def _luminance(rgb: np.ndarray) -> np.ndarray:
    srgb = rgb / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize(
    ("category", "names"),
    [
        ("convolution", "Conv CONV_2D DEPTHWISE_CONV_2D aten.convolution.default QLinearConv"),
        ("matrix product", "MatMul Gemm FULLY_CONNECTED aten::addmm stablehlo.dot_general Linear"),
        ("attention", "com.microsoft.Attention aten.scaled_dot_product_attention.default"),
        ("recurrent", "LSTM GRU UNIDIRECTIONAL_SEQUENCE_LSTM"),
        ("normalization", "BatchNormalization FusedBatchNormV3 L2_NORMALIZATION RMSNorm"),
        ("activation", "Relu HARD_SWISH aten.gelu.default Softmax LOGISTIC"),
        ("pooling and resizing", "MaxPool AVERAGE_POOL_2D RESIZE_BILINEAR Upsample"),
        ("elementwise", "Add ADD aten.mul.Tensor AddV2 BiasAdd SquaredDifference"),
        ("reduction", "ReduceMean MEAN aten.sum.dim"),
        ("shape", "Reshape CONCATENATION aten.view.default STRIDED_SLICE Cast Identity convert"),
        ("quantization", "QuantizeLinear DEQUANTIZE FakeQuantWithMinMaxVars"),
        ("control flow", "If Loop WHILE Scan"),
        ("input and output", "Input Output placeholder"),
        ("constant", "Constant Const ConstantOfShape"),
        ("indexing", "Gather aten.embedding.default TopK NonMaxSuppression Where"),
        ("other", "CUSTOM FlexFoo MyOperator"),
    ],
)
def test_op_types_of_every_format_have_their_category(category: str, names: str) -> None:
    """The same work has the same accent whatever the framework calls it."""
    assert {OP_CATEGORIES[op_category(name)] for name in names.split()} == {category}


def test_there_is_a_colour_for_each_category() -> None:
    """Sixteen categories, sixteen colours."""
    assert len({op_category_color(i) for i in range(len(OP_CATEGORIES))}) == 16


@pytest.mark.parametrize("name", ["", "  ", ".", "::", "/", "𝔛", "a" * 100_000, "." * 100_000])
def test_hostile_op_types_are_other(name: str) -> None:
    """Empty, odd and endless names have a category and take no time."""
    assert OP_CATEGORIES[op_category(name)] == "other"


@pytest.mark.parametrize("unit", ["FLOPs", "bytes", "ms", ""])
@pytest.mark.parametrize("is_log", [False, True])
@pytest.mark.parametrize("most", [7.0, 4.1e3, 4.1e6, 3.9e11])
def test_the_texts_of_a_legend_do_not_touch(unit: str, is_log: bool, most: float) -> None:
    """The last tick stays; between texts of 34 characters in a row is room."""
    scale = scale_for(np.array([1.0, most]), unit=unit, is_log=is_log)
    _, ticks, _ = scale.legend_stops()
    edges = [(34 * p - p * len(t), 34 * p + (1 - p) * len(t)) for p, t in ticks]
    assert ticks and all(after[0] - before[1] > 1.5 for before, after in pairwise(edges))
    assert len(ticks) >= 2 or most > 1e6
    assert unit == "" or unit == "bytes" or ticks[-1][1].endswith(unit)
