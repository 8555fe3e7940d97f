"""Profile: what a profiler wrote, row by row, before it meets a model. Imports only `graphs`.

A profiler names kernels, not nodes: a row may stand for several nodes at once, bear a
tensor's name, or no name at all. A parser says all that the file tells of a row;
`importers.profile_match` finds the nodes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from importers.node_data_rows import Cell
from importers.notes import Notes

MAX_EVENTS = 2_000_000
LATENCY = "latency (ms)"


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """One kernel.

    Attributes
    ----------
    key : str
        As the file names it, for the list of what matches nothing.
    cells : tuple of Cell
        One for each of the profile's labels.
    names : tuple of str
        Names of the one node that it may stand for, the likeliest first: ids or tensors.
    parts : tuple of tuple of str
        Where it stands for several nodes, the names of each.
    op_type : str
        As the runtime calls it; empty where it does not say.
    operator : int
        Place among the graph's operators; -1 where unknown.
    """

    key: str
    cells: tuple[Cell, ...]
    names: tuple[str, ...] = ()
    parts: tuple[tuple[str, ...], ...] = ()
    op_type: str = ""
    operator: int = -1


@dataclass(frozen=True, slots=True)
class Turns:
    """All calls of one op type in the order in which they ran, which bear no name.

    Attributes
    ----------
    op_type : str
        Without overload, e.g. ``aten.linear``.
    cells : tuple of (tuple of float)
        For each of the profile's labels a number a call; empty where the label has none.
    """

    op_type: str
    cells: tuple[tuple[float, ...], ...]

    @property
    def n_calls(self) -> int:
        """How often it ran."""
        return max(map(len, self.cells), default=0)


@dataclass(slots=True)
class Profile:
    """What one file holds.

    Attributes
    ----------
    labels : tuple of str
        Measures, with units; the first one reports what matches nothing.
    rows : list of ProfileRow
    turns : list of Turns
    in_file_order : bool
        Whether `operator` counts the operators that ran, so that it holds only where all
        op types fit.
    kernels : str
        Name of the set that says which kernel a fused node is in; empty for none.
    notes : Notes
        What was left out or guessed.
    """

    labels: tuple[str, ...]
    rows: list[ProfileRow] = field(default_factory=list)
    turns: list[Turns] = field(default_factory=list)
    in_file_order: bool = False
    kernels: str = "fused kernel"
    notes: Notes = field(default_factory=Notes)


def number(value: object) -> float | None:
    """Return a finite number that is not negative; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        as_float = float(value)
    except OverflowError:
        return None
    return as_float if 0 <= as_float < float("inf") else None
