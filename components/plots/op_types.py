"""Op types: how nodes, or a measure of them, spread over op types, as bars.

It knows arrays only. Without a measure the bars count nodes; of a measure whose
sum means something they are sums, of any other the mean with its quartiles.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import panel as pn
from numpy.typing import ArrayLike, NDArray

from components.plots.bars import Bar, BarList
from components.plots.columns import Mask, MeasureColumn, Rows, as_mask, as_rows
from components.plots.figures import note_pane, set_note
from components.plots.ticks import format_share, format_value

_EMPTY = "Open a model to see its op types."
_NO_ROWS: Rows = np.zeros(0, dtype=np.int64)


class OpTypes:
    """Distribution over op types.

    Parameters
    ----------
    on_select : callable (op_type: str) -> None, optional
        The reader clicked a bar. Never called by the methods below.
    n_bars : int
        How many op types are shown.
    """

    def __init__(self, on_select: Callable[[str], None] | None = None, *, n_bars: int = 12) -> None:
        self._on_select = on_select
        self._op = np.zeros(0, dtype=np.int64)
        self._names: Sequence[str] = ()
        self._column: MeasureColumn | None = None
        self._mask: Mask | None = None
        self._rows: Rows = _NO_ROWS
        self._shown: list[int] = []
        self._list = BarList(self._on_bar, _EMPTY, max_rows=n_bars)
        self._note = note_pane()
        self.view = pn.Column(
            self._note,
            self._list.frame.view,
            sizing_mode="stretch_width",
            margin=0,
        )

    @property
    def shown(self) -> list[str]:
        """Op types that are shown, the heaviest first."""
        return [self._names[i] for i in self._shown]

    def set_nodes(self, op: ArrayLike, names: Sequence[str]) -> None:
        """Give the nodes' op types: int (n,) into `names`; forgets measure, filter, selection."""
        self._op, self._names = np.asarray(op, dtype=np.int64), names
        self._column, self._mask, self._rows = None, None, _NO_ROWS
        self._draw()

    def set_measure(self, column: MeasureColumn | None) -> None:
        """Weigh nodes by a measure; None counts them.

        Raises
        ------
        ValueError
            The measure has another number of nodes.
        """
        if column is not None and len(column.values) != len(self._op):
            raise ValueError(f"{len(self._op)} nodes, {len(column.values)} values")
        self._column = None if column is not None and column.categories else column
        self._draw()

    def set_filter_mask(self, mask: ArrayLike | None) -> None:
        """Draw what passes the filter in full colour: bool (n,), or None for all."""
        before, self._mask = self._mask, as_mask(mask, len(self._op))
        if before is not None or self._mask is not None:
            self._draw()

    def set_selection(self, rows: ArrayLike) -> None:
        """Mark how much of each bar is selected."""
        before, self._rows = self._rows, as_rows(rows, len(self._op))
        if not np.array_equal(before, self._rows):
            self._draw()

    def _values(self) -> NDArray[np.float64]:
        """Return what a node weighs: 1 without a measure."""
        return self._column.values if self._column else np.ones(len(self._op))

    def _is_sum(self) -> bool:
        return self._column is None or self._column.is_additive

    def _fold(self, subset: Mask | Rows) -> NDArray[np.float64]:
        """Return for each op type the sum, or the mean, over a subset; NaN where it has none."""
        k = len(self._names)
        op, values = self._op[subset], self._values()[subset]
        count = np.bincount(op, minlength=k)
        total = np.bincount(op, weights=values, minlength=k)
        folded = total if self._is_sum() else total / np.maximum(count, 1)
        return np.where(count > 0, folded, np.nan)

    def _draw(self) -> None:
        finite = np.isfinite(self._values())
        if not finite.any():
            name = self._column.name if self._column else ""
            self._shown = []
            self._list.say(f"No node has a value of {name}." if name else _EMPTY)
            set_note(self._note, "")
            return
        whole = self._fold(finite)
        passing = finite if self._mask is None else finite & self._mask
        chosen = self._rows[passing[self._rows]]
        shown = whole if self._mask is None else self._fold(passing)
        present = np.flatnonzero(np.isfinite(whole))
        is_higher_worse = self._column is None or self._column.is_higher_worse
        key = -whole[present] if is_higher_worse else whole[present]
        self._shown = present[np.argsort(key, kind="stable")][: self._list.max_rows].tolist()
        parts = (np.nan_to_num(part) for part in (shown, self._fold(chosen)))
        self._list.draw(self._bars(finite, whole, *parts), self._axis_label())
        is_cut = len(self._shown) < len(present)
        text = f"{len(self._shown)} of {len(present)} op types" if is_cut else ""
        set_note(self._note, text)

    def _bars(
        self,
        finite: Mask,
        whole: NDArray[np.float64],
        shown: NDArray[np.float64],
        selected: NDArray[np.float64],
    ) -> list[Bar]:
        count = np.bincount(self._op[finite], minlength=len(self._names))
        total = float(np.nansum(whole))
        values = self._values()
        bars = []
        for op in self._shown:
            text, hint = self._texts(float(whole[op]), total, int(count[op]))
            span = None
            if not self._is_sum():
                own = values[finite & (self._op == op)]
                low, middle, high = (float(v) for v in np.percentile(own, (25, 50, 75)))
                span = (low, middle, high)
            bars.append(
                Bar(
                    name=self._names[op],
                    whole=float(whole[op]),
                    shown=float(shown[op]),
                    selected=float(selected[op]),
                    text=text,
                    hint=hint,
                    span=span,
                )
            )
        return bars

    def _texts(self, value: float, total: float, count: int) -> tuple[str, str]:
        """Return the number at the right and the tooltip."""
        nodes = f"{count:,} nodes" if count != 1 else "1 node"
        if self._column is None:
            share = format_share(value, total)
            return f"{count:,} · {share}", nodes
        number = format_value(value, self._column.unit)
        if self._is_sum() and not (self._column.values < 0).any():
            return f"{number} · {format_share(value, total)}", f"sum {number} over {nodes}"
        kind = "sum" if self._is_sum() else "mean"
        return f"{number} · {count:,}×", f"{kind} {number} over {nodes}; dot and line: quartiles"

    def _axis_label(self) -> str:
        if self._column is None:
            return "nodes"
        return f"{'sum' if self._is_sum() else 'mean'} of {self._column.label}"

    def _on_bar(self, place: int) -> None:
        if self._on_select is not None and place < len(self._shown):
            self._on_select(self._names[self._shown[place]])
