"""Op types of a comparison as stacked bars: how many pairs of each kind an op type has.

It knows arrays only. Those with most differences come first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import panel as pn
from bokeh.events import Tap
from bokeh.models import ColumnDataSource, FixedTicker, HoverTool, Range1d
from bokeh.plotting import figure
from numpy.typing import NDArray

from components.palette import category_colors
from components.plots.columns import shortened
from components.plots.figures import Frame, new_figure, note_pane, plain, set_note
from graphs.match_types import KINDS

_EMPTY = "No operators to compare."
_ROW_PX, _CHROME_PX = 22, 34
_MAX_NAME_CHARS = 24
_CHAR_PX = 6.1
_FAINT = 0.25  # of op types that are filtered out


class PairedOpTypes:
    """Stacked bars, one an op type.

    Parameters
    ----------
    on_click : callable (op_type: str) -> None, optional
        The reader clicked a bar. Never called by the methods below.
    n_bars : int
        How many op types are shown.
    """

    def __init__(self, on_click: Callable[[str], None] | None = None, *, n_bars: int = 10) -> None:
        self._on_click = on_click
        self._n_bars = n_bars
        self._names: Sequence[str] = ()
        self._counts: NDArray[np.int64] = np.zeros((0, len(KINDS)), dtype=np.int64)
        self._shown: list[int] = []
        self._chosen, self._is_dark = "", False
        self._frame = Frame(_EMPTY)
        self._note = note_pane()
        self.view = pn.Column(self._note, self._frame.view, sizing_mode="stretch_width", margin=0)

    @property
    def shown(self) -> list[str]:
        """Op types that are shown, most differences first."""
        return [self._names[i] for i in self._shown]

    def set_counts(self, names: Sequence[str], counts: NDArray[np.int64]) -> None:
        """Show other op types; none of them is chosen.

        Parameters
        ----------
        names : sequence of str, length k
            Untrusted text.
        counts : int64 array, shape (k, 6)
            Pairs of each kind, `KINDS` across.
        """
        self._names, self._counts, self._chosen = names, counts, ""
        n_differing = counts[:, 1:].sum(axis=1)
        order = sorted(range(len(names)), key=lambda i: (-n_differing[i], names[i]))
        self._shown = order[: self._n_bars]
        is_cut = len(names) > len(self._shown)
        set_note(self._note, f"{len(self._shown)} of {len(names)} op types" if is_cut else "")
        self._draw()

    def set_chosen(self, op_type: str) -> None:
        """Let one op type stand out; empty for none."""
        if op_type != self._chosen:
            self._chosen = op_type
            self._draw()

    def set_dark(self, *, is_dark: bool) -> None:
        """Choose the colours for a light or a dark page."""
        if is_dark != self._is_dark:
            self._is_dark = is_dark
            self._draw()

    def _draw(self) -> None:
        if self._shown:
            self._frame.draw(self._build())
        else:
            self._frame.say(_EMPTY)

    def _build(self) -> figure:
        shown = self.shown
        n, counts = len(shown), self._counts[self._shown]
        names = [shortened(name, _MAX_NAME_CHARS) for name in shown]
        fig = new_figure(
            [],
            height=n * _ROW_PX + _CHROME_PX,
            x_range=Range1d(0, float(counts.sum(axis=1).max()) * 1.04 or 1.0),
            y_range=Range1d(n - 0.5, -0.5),
            min_border_left=round(max(map(len, names)) * _CHAR_PX + 20),
        )
        source = ColumnDataSource(self._columns(counts))
        bars = fig.hbar_stack(
            list(KINDS), y="y", height=0.7, source=source, line_color=None, fill_alpha="alpha",
            fill_color=category_colors(KINDS, is_dark=self._is_dark),
        )  # fmt: skip
        fig.add_tools(HoverTool(tooltips=[("", "@name"), ("", "@hint")], renderers=list(bars)))
        fig.yaxis.ticker = FixedTicker(ticks=list(range(n)))
        fig.yaxis.major_label_overrides = {i: plain(name) for i, name in enumerate(names)}
        fig.yaxis.major_tick_line_color = None
        fig.ygrid.grid_line_color = None
        fig.toolbar_location = None
        fig.on_event(Tap, self._on_tap)
        return fig

    def _columns(self, counts: NDArray[np.int64]) -> dict[str, list[object]]:
        shown = self.shown
        by_kind = {kind: counts[:, at].tolist() for at, kind in enumerate(KINDS)}
        return {
            "y": list(range(len(shown))),
            "name": [shortened(name, 120) for name in shown],
            "hint": [_told(row) for row in counts.tolist()],
            "alpha": [_FAINT if self._chosen not in ("", name) else 1.0 for name in shown],
            **by_kind,
        }

    def _on_tap(self, event: Tap) -> None:
        row = round(float(event.y))
        if self._on_click is not None and 0 <= row < len(self._shown):
            self._on_click(self._names[self._shown[row]])


def _told(counts: Sequence[int]) -> str:
    return ", ".join(f"{n:,} {kind}" for kind, n in zip(KINDS, counts, strict=True) if n)
