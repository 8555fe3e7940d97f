"""Threshold on a difference or a ratio of two sides: what is worse remains.

What it shares with any threshold is in `components.plots.threshold`; here rows are pairs.
"""

from __future__ import annotations

from components.plots.threshold import Threshold


class PairedThreshold(Threshold):
    """Filter of pairs by one column."""

    @property
    def text(self) -> str:
        """How many pairs remain, as the page says it."""
        if self._column is None:
            return "Choose a measure that both sides have to filter by it."
        return super().text.replace(" nodes", " pairs", 1)
