"""RawSet: one measure as a file holds it, before it meets a model. Imports only `graphs`."""

from __future__ import annotations

from dataclasses import dataclass, field

from graphs.node_data import ColorRule
from importers.css_colors import Rgba
from importers.notes import Notes

MAX_ROWS = 5_000_000
MAX_COLUMNS = 1_000

Cell = float | str | bool | None


@dataclass(slots=True)
class RawSet:
    """One measure: a value for each key.

    Attributes
    ----------
    label : str
        Name as in the file, perhaps with a unit; empty where the file's name must do.
    cells : dict of str to Cell
        Key (node id or output tensor name) -> value as it was read; None where there is none.
    graph : str or None
        Id of the graph that the file names.
    colors : dict of str to Rgba
        Colours that the file gives single keys.
    thresholds, gradient : tuple of ColorRule
    notes : Notes
        What was left out or guessed.
    """

    label: str
    cells: dict[str, Cell]
    graph: str | None = None
    colors: dict[str, Rgba] = field(default_factory=dict)
    thresholds: tuple[ColorRule, ...] = ()
    gradient: tuple[ColorRule, ...] = ()
    notes: Notes = field(default_factory=Notes)
