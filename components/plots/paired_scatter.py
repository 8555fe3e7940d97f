"""Scatter of one measure on both sides of a comparison: A across, B up, equal on the diagonal.

It knows arrays only; what it shares with any scatter is in `components.plots.scatter`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from bokeh.plotting import figure
from numpy.typing import NDArray

from components.plots.axes import View, from_axis
from components.plots.columns import MeasureColumn
from components.plots.figures import LINE_COLOR
from components.plots.scatter import Scatter

_N_DIAGONAL = 65  # points: the line is bent where only one axis is logarithmic


class PairedScatter(Scatter):
    """A against B with the diagonal; a box selects pairs."""

    def set_pairs(
        self,
        a: NDArray[np.float64] | None,
        b: NDArray[np.float64] | None,
        labels: Sequence[str] = (),
        *,
        name: str = "",
        unit: str = "",
    ) -> None:
        """Show the values of both sides, or none.

        Parameters
        ----------
        a, b : float64 array, shape (n_pairs,), or None
            NaN where a side has no value.
        labels : sequence of str, length n_pairs
            Names of the pairs; untrusted text.
        name, unit : str
            Of the measure; untrusted text.
        """
        if a is None or b is None:
            self.set_measures(None, None)
            return
        x, y = MeasureColumn(f"A: {name}", unit, a), MeasureColumn(f"B: {name}", unit, b)
        is_log = _are_positive(a, b) and (x.wants_log or y.wants_log)
        self.set_measures(x, y, labels, is_log=(is_log, is_log))

    def _build(self, x: MeasureColumn, y: MeasureColumn) -> figure:
        """Draw both axes over the same range where they are of one kind, with the diagonal."""
        log_x, log_y = self._is_log()
        if log_x == log_y:
            view = self._view
            low, high = min(view.x0, view.y0), max(view.x1, view.y1)
            self._view = View(low, high, low, high)
        fig = super()._build(x, y)
        places = _diagonal(self._view, is_log=log_x)
        fig.line(
            places, places, line_color=LINE_COLOR, line_dash="dashed", line_alpha=0.8,
            level="underlay", name="diagonal",
        )  # fmt: skip
        return fig


def _are_positive(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    """Return whether no pair would vanish from a logarithmic axis."""
    values = np.concatenate([a, b])
    return bool((values[np.isfinite(values)] > 0).all())


def _diagonal(view: View, *, is_log: bool) -> NDArray[np.float64]:
    """Return values along the line, on both sides beyond what is in view."""
    span = view.x1 - view.x0
    places = np.linspace(view.x0 - span, view.x1 + span, _N_DIAGONAL)
    return np.array([from_axis(place, is_log) for place in places.tolist()])
