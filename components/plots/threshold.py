"""Threshold: a slider and an exact number on one measure; nodes that are worse remain.

It knows arrays only. The slider's place is 0..1 of the data's range, linear
or logarithmic, so that small errors can be told apart; its mild end means no
threshold. Dragging is live: the page sends at most one place every 50 ms.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import panel as pn
import panel_material_ui as pmui

from components.plots.columns import Mask, MeasureColumn, shortened
from components.plots.figures import note_pane, set_note
from components.plots.ticks import finite_range, format_share, format_value

_EMPTY = "Choose or load node data to filter by it."
_N_STEPS = 1_000  # of the slider; the page-up key takes ten
_N_DIGITS = 4
# The labels of the ends stay within the slider.
_END_LABELS = {
    "& .MuiSlider-markLabel": {"fontSize": "0.75rem"},
    "& .MuiSlider-markLabel[data-index='0']": {"transform": "none"},
    "& .MuiSlider-markLabel[data-index='1']": {"transform": "translateX(-100%)"},
}


class Threshold:
    """Filter of nodes by one measure.

    Parameters
    ----------
    on_change : callable (threshold: float or None) -> None, optional
        The reader moved the slider or typed a number; None: everything remains.
        Nodes remain whose value is above the threshold, or below it where a
        lower value is worse (`MeasureColumn.is_beyond`). Never called by the
        methods below.
    """

    def __init__(self, on_change: Callable[[float | None], None] | None = None) -> None:
        self._on_change = on_change
        self._column: MeasureColumn | None = None
        self._share: MeasureColumn | None = None
        self._range = (0.0, 1.0)
        self._is_log = False
        self._is_quiet = False
        self.threshold: float | None = None
        self._slider = pmui.FloatSlider(
            start=0.0, end=_N_STEPS, step=1, value=0.0, tooltips=False, show_value=False,
            size="small", label="", sizing_mode="stretch_width", margin=(0, 12), sx=_END_LABELS,
        )  # fmt: skip
        self._number = pmui.TextInput(
            label="above", placeholder="off", size="small", width=118, margin=(4, 4)
        )
        self._clear = pmui.IconButton(
            icon="filter_alt_off", size="small", description="Remove the threshold", margin=(8, 0)
        )
        self._text = note_pane()
        self._slider.param.watch(self._on_slide, "value")
        self._number.param.watch(self._on_type, "value")
        self._clear.on_click(lambda _: self._take(None))
        self.view = pn.Column(
            pn.Row(self._slider, self._number, self._clear, sizing_mode="stretch_width", margin=0),
            self._text,
            sizing_mode="stretch_width",
            margin=0,
        )
        self._show()

    def set_measure(
        self, column: MeasureColumn | None, *, share_of: MeasureColumn | None = None
    ) -> None:
        """Filter by another measure, without a threshold at first.

        `share_of` is the measure whose total the text speaks of; by default the
        measure itself where its sum means something.
        """
        is_numeric = column is not None and not column.categories
        self._column = column if is_numeric else None
        own = column if column is not None and column.is_additive else None
        self._share = share_of if share_of is not None else own
        self.threshold = None
        if self._column is not None:
            self._is_log = self._column.wants_log
            self._range = _slider_range(self._column, is_log=self._is_log)
        self._show()

    def set_threshold(self, threshold: float | None) -> None:
        """Set the threshold, e.g. from a link; a NaN is none."""
        is_set = threshold is not None and not math.isnan(threshold)
        self.threshold = threshold if is_set else None
        self._show()

    def mask(self) -> Mask | None:
        """Return which nodes remain, bool (n,); None without a threshold."""
        if self._column is None or self.threshold is None:
            return None
        return self._column.is_beyond(self.threshold)

    @property
    def text(self) -> str:
        """How many nodes remain and what share of the total, as the page says it."""
        column = self._column
        if column is None:
            return _EMPTY
        mask = self.mask()
        n = len(column.values)
        if mask is None:
            return f"All {n:,} nodes: drag to keep those {self._side()} a threshold."
        text = f"{int(mask.sum()):,} of {n:,} nodes remain"
        share = self._share
        if share is None or share.categories or len(share.values) != n:
            return text
        kept = share.values[mask]
        part = format_share(float(kept[np.isfinite(kept)].sum()), share.total)
        return f"{text}, {part} of the total {shortened(share.name, 40)}"

    def _side(self) -> str:
        return "above" if self._column is None or self._column.is_higher_worse else "below"

    def _place_of(self, value: float) -> float:
        low, high = self._range
        if self._is_log:
            if value <= 0:
                return 0.0
            low, high, value = math.log10(low), math.log10(high), math.log10(value)
        return min(max((value - low) / (high - low), 0.0), 1.0) if high > low else 0.0

    def _value_at(self, place: float) -> float | None:
        """Return the value of a slider's place, None at the mild end."""
        is_mild = place <= 0 if self._side() == "above" else place >= 1
        if is_mild or self._column is None:
            return None
        low, high = self._range
        if self._is_log:
            value = 10 ** (math.log10(low) * (1 - place) + math.log10(high) * place)
        else:
            value = low * (1 - place) + high * place
        return float(f"{value:.{_N_DIGITS}g}") if 0 < place < 1 else (high if place else low)

    def _show(self) -> None:
        """Bring the widgets to the state; no callback."""
        column, side = self._column, self._side()
        mild = 0.0 if side == "above" else 1.0
        place = mild if self.threshold is None else self._place_of(self.threshold)
        self._is_quiet = True
        self._slider.param.update(
            value=round(place * _N_STEPS),
            disabled=column is None,
            track="normal" if side == "below" else "inverted",
            marks=self._marks(),
        )
        self._show_number()
        self._is_quiet = False

    def _show_number(self) -> None:
        column = self._column
        unit = f" ({shortened(column.unit, 12)})" if column is not None and column.unit else ""
        number = "" if self.threshold is None else f"{self.threshold:.12g}"
        self._number.param.update(
            label=f"{self._side()}{unit}", value=number, disabled=column is None, error_state=False
        )
        self._clear.disabled = self.threshold is None
        set_note(self._text, self.text)

    def _marks(self) -> list[dict[str, object]]:
        if self._column is None:
            return []
        return [
            {"value": place * _N_STEPS, "label": format_value(value, self._column.unit)}
            for place, value in enumerate(self._range)
        ]

    def _on_slide(self, event: object) -> None:
        if self._is_quiet:
            return
        self.threshold = self._value_at(self._slider.value / _N_STEPS)
        self._is_quiet = True
        self._show_number()
        self._is_quiet = False
        self._report()

    def _on_type(self, event: object) -> None:
        if self._is_quiet:
            return
        typed = (self._number.value or "").strip().replace(",", ".")
        if self._column is not None and typed.endswith(self._column.unit):
            typed = typed.removesuffix(self._column.unit).strip()
        try:
            value = float(typed) if typed else None
        except ValueError:
            value = math.nan
        if value is not None and not math.isfinite(value):
            self._number.error_state = True
            set_note(self._text, "The threshold must be a number, e.g. 0.01 or 1e-3.")
            return
        self._take(value)

    def _take(self, threshold: float | None) -> None:
        """Set a threshold that the reader gave."""
        is_new = threshold != self.threshold
        self.set_threshold(threshold)
        if is_new:
            self._report()

    def _report(self) -> None:
        if self._on_change is not None:
            self._on_change(self.threshold)


def _slider_range(column: MeasureColumn, *, is_log: bool) -> tuple[float, float]:
    """Return the values at the slider's ends; of the positive values on a log slider."""
    values = column.values
    low, high = finite_range(values[values > 0] if is_log else values)
    return (0.0, 1.0) if math.isnan(low) else (low, high)
