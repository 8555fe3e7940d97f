"""Shape rules of Keras operations that slide a window, pad, crop or enlarge.

Rules of https://keras.io/api/layers/convolution_layers/ and pooling_layers/; Keras 1's option
names (`nb_filter`, `subsample`, `border_mode`, `dim_ordering`) are accepted. Raises the errors
of Python's own types on a configuration that is none; the caller makes that "unknown".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from graphs.tensor_type import Dim

Json = dict[str, Any]
Shape = tuple[Dim, ...]
WindowRule = Callable[[Json, Sequence[Shape]], Sequence[Shape] | None]


def whole(config: Json, *keys: str) -> int:
    """Return the first of these options that is there, a positive whole number."""
    for key in keys:
        if config.get(key) is not None:
            value = config[key]
            if type(value) is not int or value <= 0:
                raise ValueError(key)
            return value
    raise ValueError(keys)


def is_channels_first(config: Json) -> bool:
    """Return whether channels come before the spatial dimensions."""
    return config.get("data_format") == "channels_first" or config.get("dim_ordering") == "th"


def _numbers(config: Json, n: int, default: object, *keys: str) -> list[int]:
    """Return an option of one number a spatial dimension."""
    value: object = default
    for key in keys:
        if config.get(key) is not None:
            value = config[key]
            break
    listed = list(value) if isinstance(value, list | tuple) else [value] * n
    numbers = [one for one in listed if type(one) is int and one >= 0]
    if not len(listed) == len(numbers) == n:
        raise ValueError(keys)
    return numbers


def _spatial(config: Json, shape: Shape, n: int) -> tuple[list[Dim], Dim]:
    """Return the spatial dimensions and the channels of an input."""
    if len(shape) != n + 2:
        raise ValueError(shape)
    if is_channels_first(config):
        return list(shape[2:]), shape[1]
    return list(shape[1:-1]), shape[-1]


def _whole_shape(config: Json, batch: Dim, spatial: Sequence[Dim], channels: Dim) -> list[Shape]:
    if is_channels_first(config):
        return [(batch, channels, *spatial)]
    return [(batch, *spatial, channels)]


def _slid(size: Dim, window: int, stride: int, padding: str, dilation: int = 1) -> Dim:
    """Return how often a window fits."""
    if not isinstance(size, int):
        return None
    reach = (window - 1) * dilation + 1
    if padding in ("same", "causal"):
        return -(-size // stride)
    if padding != "valid":
        raise ValueError(padding)
    return (size - reach) // stride + 1 if size >= reach else -1


def _padding(config: Json) -> str:
    return str(config.get("padding") or config.get("border_mode") or "valid")


def _kernel(config: Json, n: int) -> list[int]:
    if "nb_row" in config:
        return [whole(config, key) for key in ("nb_row", "nb_col")]
    return _numbers(config, n, None, "kernel_size", "filter_length")


def _convolution(
    config: Json, inputs: Sequence[Shape], *, n: int, is_depthwise: bool
) -> list[Shape]:
    spatial, channels = _spatial(config, inputs[0], n)
    kernel = _kernel(config, n)
    strides = _numbers(config, n, 1, "strides", "subsample", "subsample_length")
    dilation = _numbers(config, n, 1, "dilation_rate")
    padding = _padding(config)
    out = [
        _slid(size, *one, padding, by)
        for size, one, by in zip(spatial, zip(kernel, strides, strict=True), dilation, strict=True)
    ]
    if is_depthwise:
        times = whole(config, "depth_multiplier")
        channels = channels * times if isinstance(channels, int) else None
    else:
        channels = whole(config, "filters", "nb_filter")
    return _whole_shape(config, inputs[0][0], out, channels)


def _transposed(config: Json, inputs: Sequence[Shape], *, n: int) -> list[Shape] | None:
    """Transposed convolution; output padding and dilation are left unknown."""
    spatial, _ = _spatial(config, inputs[0], n)
    kernel = _kernel(config, n)
    strides = _numbers(config, n, 1, "strides")
    if config.get("output_padding") is not None:
        return None
    if any(by != 1 for by in _numbers(config, n, 1, "dilation_rate")):
        return None
    padding = _padding(config)
    if padding not in ("same", "valid"):
        return None
    extra = [
        max(k - s, 0) if padding == "valid" else 0 for k, s in zip(kernel, strides, strict=True)
    ]
    out: list[Dim] = [
        size * stride + more if isinstance(size, int) else None
        for size, stride, more in zip(spatial, strides, extra, strict=True)
    ]
    return _whole_shape(config, inputs[0][0], out, whole(config, "filters"))


def _pooling(config: Json, inputs: Sequence[Shape], *, n: int) -> list[Shape]:
    spatial, channels = _spatial(config, inputs[0], n)
    window = _numbers(config, n, 2, "pool_size", "pool_length")
    strides = _numbers(config, n, window, "strides", "stride")
    padding = _padding(config)
    out = [
        _slid(size, *one, padding)
        for size, one in zip(spatial, zip(window, strides, strict=True), strict=True)
    ]
    return _whole_shape(config, inputs[0][0], out, channels)


def _resized(config: Json, inputs: Sequence[Shape], *, n: int) -> list[Shape]:
    spatial, channels = _spatial(config, inputs[0], n)
    sizes = _numbers(config, n, 2, "size", "length")
    out: list[Dim] = [
        size * by if isinstance(size, int) else None
        for size, by in zip(spatial, sizes, strict=True)
    ]
    return _whole_shape(config, inputs[0][0], out, channels)


def _bordered(config: Json, inputs: Sequence[Shape], *, n: int, key: str, sign: int) -> list[Shape]:
    """Pad (sign 1) or crop (sign -1) each spatial dimension at both ends."""
    spatial, channels = _spatial(config, inputs[0], n)
    pairs = _pairs(config.get(key), n)
    out: list[Dim] = [
        size + sign * sum(pair) if isinstance(size, int) else None
        for size, pair in zip(spatial, pairs, strict=True)
    ]
    return _whole_shape(config, inputs[0][0], out, channels)


def _pairs(value: object, n: int) -> list[tuple[int, int]]:
    """Return what is added at both ends of each dimension, from all forms Keras writes."""
    if type(value) is int:
        return [(value, value)] * n
    if not isinstance(value, list | tuple):
        raise ValueError(value)
    if n == 1 and len(value) == 2 and all(type(one) is int for one in value):
        return [(value[0], value[1])]
    if len(value) != n:
        raise ValueError(value)
    return [(one, one) if type(one) is int else (int(one[0]), int(one[1])) for one in value]


def _rules() -> dict[str, WindowRule]:
    found: dict[str, WindowRule] = {}
    for n in (1, 2, 3):
        plain: WindowRule = partial(_convolution, n=n, is_depthwise=False)
        for name in (
            f"Conv{n}D",
            f"Convolution{n}D",
            f"SeparableConv{n}D",
            f"SeparableConvolution{n}D",
        ):
            found[name] = plain
        found[f"DepthwiseConv{n}D"] = partial(_convolution, n=n, is_depthwise=True)
        found[f"Conv{n}DTranspose"] = partial(_transposed, n=n)
        for kind in ("Max", "Average"):
            found[f"{kind}Pooling{n}D"] = partial(_pooling, n=n)
        found[f"UpSampling{n}D"] = partial(_resized, n=n)
        found[f"ZeroPadding{n}D"] = partial(_bordered, n=n, key="padding", sign=1)
        found[f"Cropping{n}D"] = partial(_bordered, n=n, key="cropping", sign=-1)
    return found


WINDOW_RULES: dict[str, WindowRule] = _rules()
