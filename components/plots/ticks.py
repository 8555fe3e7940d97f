"""Round numbers for axes and legends, and numbers as text.

Used by the palette's legend and by every plot, so that a value reads the same
wherever it is shown. This module imports NumPy only.
"""

from __future__ import annotations

import math

import numpy as np

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_LEAST_SPAN = 1e-300  # below, and beyond a double's range, steps cannot be counted
_LOG_MANTISSAS = ((1,), (1, 3), (1, 2, 5), (1, 2, 3, 4, 5, 6, 7, 8, 9))
_BYTE_UNITS = (("GiB", 1024.0**3), ("MiB", 1024.0**2), ("KiB", 1024.0))
_COUNTED_UNITS = ("FLOPs", "MACs")  # of a model there are billions: 1.5 GFLOPs
_THOUSANDS = (("P", 1e15), ("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3))
MISSING = "–"


def format_number(value: float, digits: int = 3) -> str:
    """Return a number with `digits` significant digits, e.g. ``12.3``, ``4,560``, ``1.2e-07``.

    NaN is a dash; zeros after the point are cut.
    """
    if math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if exponent < -4 or exponent >= 9:
        mantissa, power = f"{value:.{digits - 1}e}".split("e")
        return f"{_cut_zeros(mantissa)}e{int(power)}"
    return _cut_zeros(f"{value:,.{max(digits - 1 - exponent, 0)}f}")


def format_value(value: float, unit: str, digits: int = 3) -> str:
    """Return a number with its unit; bytes and operations are scaled: ``1.5 MiB``, ``2 GFLOPs``."""
    size, name = unit_for(value, unit)
    text = format_number(value / size, digits)
    return f"{text} {name}" if name and text != MISSING else text


def is_scaled(unit: str) -> bool:
    """Return whether large values of a unit are told in a larger one: ``MiB``, ``GFLOPs``."""
    return bool(_scales(unit))


def unit_for(value: float, unit: str) -> tuple[float, str]:
    """Return the size and the name of the unit in which `value` is told."""
    for name, size in _scales(unit):
        if math.isfinite(value) and abs(value) >= size:
            return size, name
    return 1.0, unit


def _scales(unit: str) -> tuple[tuple[str, float], ...]:
    """Return larger units, the largest first; none for most."""
    if unit in _COUNTED_UNITS:
        return tuple((prefix + unit, size) for prefix, size in _THOUSANDS)
    return _BYTE_UNITS if unit == "bytes" else ()


def format_share(part: float, whole: float) -> str:
    """Return a part of a whole in percent, e.g. ``82.1 %``; a dash where there is no whole."""
    if not whole or not math.isfinite(whole) or not math.isfinite(part):
        return MISSING
    return f"{100 * part / whole:.1f} %"


def _cut_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def nice_ticks(low: float, high: float, n: int = 5, *, is_log: bool = False) -> list[float]:
    """Return about `n` round numbers within ``[low, high]``, ascending.

    A log range gives mantissas 1, 1-3 or 1-2-5 of the powers of ten, and falls
    back to linear steps where it spans too little for that.
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low] if math.isfinite(low) else []
    if is_log and low > 0:
        ticks = _log_ticks(low, high, n)
        if len(ticks) >= 2:
            return ticks
    span = high - low
    return _linear_ticks(low, high, n) if _LEAST_SPAN < span < math.inf else [low, high]


def _linear_ticks(low: float, high: float, n: int) -> list[float]:
    rough = (high - low) / max(n, 1)
    base = 10.0 ** math.floor(math.log10(rough))
    step = next(s * base for s in _STEPS if s * base >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    decimals = max(0, 2 - math.floor(math.log10(step)))
    return [round(i * step, decimals) + 0.0 for i in range(first, last + 1)]


def _log_ticks(low: float, high: float, n: int) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    stride = max(1, math.ceil((last - first) / max(n, 1)))
    best: list[float] = []
    for mantissas in _LOG_MANTISSAS:
        powers = range(first, last + 1, stride)
        ticks = [float(f"{m}e{p}") for p in powers for m in mantissas]
        ticks = [t for t in ticks if low * (1 - 1e-9) <= t <= high * (1 + 1e-9)]
        if len(ticks) > n + 1:
            break
        best = ticks
        if stride > 1:
            break
    return best


def finite_range(values: np.ndarray) -> tuple[float, float]:
    """Return least and greatest finite value, or ``(nan, nan)`` where there is none."""
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (math.nan, math.nan)
