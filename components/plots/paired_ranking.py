"""Ranking of differences: the nodes, groups or op types in which A and B are furthest apart.

It knows arrays only. What only one side has counts whole where values add up, and not at all
where they do not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import panel as pn
import panel_material_ui as pmui
from numpy.typing import ArrayLike, NDArray

from components.plots.bars import Bar, BarList
from components.plots.columns import Mask, as_mask
from components.plots.figures import QUIET_BUTTONS, note_pane, set_note
from components.plots.ticks import MISSING, format_number, format_value

By = Literal["difference", "ratio"]
Values = NDArray[np.float64]
_EMPTY = "Choose a measure that both sides have to see where it differs."
_NOTHING = "Nothing with a value on both sides."
_EQUAL = "Both sides have the same values."
_LEAST_RATIO = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """What is ranked: n nodes, groups or op types.

    Attributes
    ----------
    names : sequence of str, length n
        Untrusted text.
    a, b : float64 array, shape (n,)
        NaN where a side has no value.
    """

    names: Sequence[str]
    a: Values
    b: Values

    def of(self, by: By, *, is_additive: bool) -> Values:
        """Return difference or ratio, shape (n,); NaN where there is none."""
        if by == "ratio":
            is_some = (self.a > 0) & (self.b >= 0)
            return np.divide(self.b, self.a, out=np.full(len(self.a), np.nan), where=is_some)
        found = self.b - self.a
        if is_additive:
            is_one = np.isnan(self.a) != np.isnan(self.b)
            found[is_one] = (np.nan_to_num(self.b) - np.nan_to_num(self.a))[is_one]
        return found


NOTHING = Ranked((), np.zeros(0), np.zeros(0))


class PairedRanking:
    """The largest differences first, of one sort of things at a time.

    Parameters
    ----------
    on_click : callable (sort: str, place: int) -> None, optional
        The reader clicked a bar; the place is that in the `Ranked` of that sort.
    n_bars : int
        How many are shown.
    """

    def __init__(
        self, on_click: Callable[[str, int], None] | None = None, *, n_bars: int = 10
    ) -> None:
        self._on_click = on_click
        self._sorts: dict[str, Ranked] = {}
        self._unit, self._by, self._is_additive = "", "difference", True
        self._mask: Mask | None = None
        self._places: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._list = BarList(self._on_bar, _EMPTY, max_rows=n_bars)
        self._note = note_pane()
        self._sort = pmui.RadioButtonGroup(
            options=["nodes"], value="nodes", size="small", color="primary",
            margin=(2, 4), sx=QUIET_BUTTONS,
        )  # fmt: skip
        self._sort.param.watch(lambda _: self._draw(), "value")
        self.view = pn.Column(
            pn.Row(self._note, self._sort, sizing_mode="stretch_width", margin=0),
            self._list.frame.view,
            sizing_mode="stretch_width",
            margin=0,
        )

    @property
    def places(self) -> NDArray[np.int64]:
        """Places in the chosen `Ranked` that are shown, the largest difference first."""
        return self._places

    def set_data(self, sorts: dict[str, Ranked], *, unit: str, by: By, is_additive: bool) -> None:
        """Rank other things; the first sort is that of nodes, which the filter is of."""
        self._sorts, self._unit, self._by = sorts, unit, by
        self._is_additive, self._mask = is_additive, None
        options = list(sorts) or ["nodes"]
        chosen = self._sort.value if self._sort.value in options else options[0]
        self._sort.param.update(options=options, value=chosen, visible=bool(sorts))
        self._draw()

    def set_filter_mask(self, mask: ArrayLike | None) -> None:
        """Rank only nodes that pass the filter: bool (n_pairs,), or None for all."""
        nodes = next(iter(self._sorts.values()), NOTHING)
        before, self._mask = self._mask, as_mask(mask, len(nodes.names))
        if before is not None or self._mask is not None:
            self._draw()

    def data_of(self, sort: str) -> Ranked:
        """Return what of a sort is ranked."""
        return self._sorts.get(sort, NOTHING)

    def show(self, sort: str) -> None:
        """Switch to another sort."""
        self._sort.value = sort

    def _draw(self) -> None:
        data = self._sorts.get(self._sort.value, NOTHING)
        values = data.of(self._by, is_additive=self._is_additive)
        is_there = np.isfinite(values)
        if self._mask is not None and self._sort.value == next(iter(self._sorts)):
            is_there &= self._mask
        there = np.flatnonzero(is_there)
        distance = _distance(values[there], self._by)
        order = np.argsort(-distance, kind="stable")[: self._list.max_rows]
        self._places = there[order[distance[order] > 0]]
        if not len(self._places):
            set_note(self._note, "")
            said = _EQUAL if len(there) else _NOTHING
            self._list.say(said if self._sorts else _EMPTY)
            return
        n = int((distance > 0).sum())
        set_note(self._note, f"Largest {len(self._places):,} of {n:,} by {self._by}")
        axis = "B ÷ A" if self._by == "ratio" else f"B − A ({self._unit or 'no unit'})"
        self._list.draw([self._bar(data, at, values) for at in self._places.tolist()], axis)

    def _bar(self, data: Ranked, at: int, values: Values) -> Bar:
        a, b, value = float(data.a[at]), float(data.b[at]), float(values[at])
        told = [format_value(one, self._unit) for one in (a, b)]
        ratio = f"{format_number(b / a)}×" if a > 0 and b >= 0 else MISSING
        change = signed(value, self._unit) if self._by == "difference" else ratio
        other = ratio if self._by == "difference" else signed(b - a, self._unit)
        return Bar(data.names[at], value, value, 0.0, change, f"A {told[0]}, B {told[1]}, {other}")

    def _on_bar(self, place: int) -> None:
        if self._on_click is not None and place < len(self._places):
            self._on_click(self._sort.value, int(self._places[place]))


def signed(value: float, unit: str) -> str:
    """Return a difference with its sign, e.g. ``+1.2 ms``."""
    text = format_value(abs(value), unit)
    if text == MISSING or value == 0:
        return text
    return f"{'+' if value > 0 else '−'}{text}"


def _distance(values: Values, by: By) -> Values:
    """Return how far values are from no difference."""
    if by == "difference":
        return np.abs(values)
    return np.abs(np.log(np.maximum(values, _LEAST_RATIO)))
