"""Row: one measured number of a benchmark. Imports nothing of ours."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One measured number.

    Attributes
    ----------
    name : str
        What was measured; the key of its budget in `budgets.toml`.
    value : float
        The number, in `unit`.
    unit : str
        ``"s"``, ``"ms"``, ``"MB"``, ``"x"`` (a ratio) or ``""`` (a count).
    limit : float or None
        What must not be exceeded; None takes it from `budgets.toml`.
    rival : str
        What it was compared with and what that gave, e.g. ``"onnx.load + loop: 0.21 s"``.
    """

    name: str
    value: float
    unit: str
    limit: float | None = None
    rival: str = ""
