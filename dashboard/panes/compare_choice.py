"""What a reader looks at of a comparison: which kinds, nodes and op type, and which measure.

Shared by the views of a comparison, which follow it and write to it instead of to each other.
Knows the comparison, no widgets.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import param
from numpy.typing import NDArray

from components.plots.paired_ranking import By
from dashboard.comparing import Comparing
from dashboard.panes.compare_columns import NODES, PairColumns, Pairs
from dashboard.panes.compare_pair_errors import PairErrors
from dashboard.panes.compare_shown import Shown
from dashboard.session import Session
from graphs.match_data import PairedData
from graphs.match_types import KINDS, PairKind
from graphs.match_view import MatchView

DIFFERENT: tuple[PairKind, ...] = KINDS[1:]
_NO_PAIRS: Pairs = np.zeros(0, dtype=np.int64)


class CompareChoice(param.Parameterized):
    """Follows a comparison; what is chosen stays while it is matched anew.

    Parameters
    ----------
    comparing : Comparing
    """

    columns: PairColumns | None = param.Parameter(
        default=None, doc="Columns over the pairs; None without a matching."
    )
    kinds: tuple[PairKind, ...] = param.Parameter(default=DIFFERENT, doc="Kinds that are listed.")
    nodes: str = param.Selector(default=NODES[0], objects=list(NODES), doc="Sort of nodes.")
    op_type: str = param.String(default="", doc="Op type that is listed; empty for all.")
    data: PairedData | None = param.Parameter(default=None, doc="The measure of both sides.")
    errors: PairErrors | None = param.Parameter(default=None, doc="Error of the pairs.")
    by: By = param.Selector(
        default="difference", objects=["difference", "ratio"], doc="What ranks and filters."
    )
    bound: float | None = param.Number(default=None, allow_None=True, doc="Keeps what is worse.")
    selected: Pairs = param.Parameter(default=_NO_PAIRS, doc="Pairs that are selected, sorted.")
    measured = param.Event(doc="A side has other node data, or another graph.")

    def __init__(self, comparing: Comparing) -> None:
        super().__init__()
        self.comparing = comparing
        self.shown = Shown(comparing)
        self._followed: list[tuple[Session, Any]] = []
        comparing.param.watch(self._follow, ["view", "others", "at"])
        self._watch(comparing.base)
        self._follow()

    def _watch(self, session: Session) -> list[tuple[Session, Any]]:
        watch = session.param.watch
        return [
            (session, watch(self._select, ["selection", "graph"])),
            (session, watch(lambda *_: self.param.trigger("measured"), ["node_data", "graph"])),
        ]

    def _follow(self, *_: Any) -> None:
        """Take over the matching, and follow the selection of the other side."""
        for session, watcher in self._followed:
            session.param.unwatch(watcher)
        other = self.comparing.other
        self._followed = self._watch(other) if other is not None else []
        view = self._view
        if view is not (self.columns.view if self.columns is not None else None):
            self.shown.forget()
            columns = None if view is None else PairColumns(view)
            is_known = columns is None or self.op_type in columns.op_types
            with self.comparing.base.batch():
                self.param.update(
                    columns=columns, data=None, errors=None, bound=None, selected=_NO_PAIRS,
                    op_type=self.op_type if is_known else "",
                )  # fmt: skip
        self._select()

    @property
    def _view(self) -> MatchView | None:
        """The matching with the other side; None while panes come and go, when it is of another."""
        comparing, other = self.comparing, self.comparing.other
        view = comparing.view_of(other) if other is not None else None
        return view if view is comparing.view else None

    def _select(self, *_: Any) -> None:
        is_matched = self.columns is not None and self.columns.view is self._view
        found = self.comparing.selected_pairs.astype(np.int64) if is_matched else _NO_PAIRS
        if not np.array_equal(found, self.selected):
            self.selected = found

    # -- what is left -------------------------------------------------------------------

    @property
    def is_kept(self) -> NDArray[np.bool_] | None:
        """Mask over the pairs: what the bound keeps; None without a bound."""
        if self.data is None or self.bound is None:
            return None
        values = self.data.column(self.by)
        with np.errstate(invalid="ignore"):
            return values > self.bound if self.data.is_higher_worse else values < self.bound

    @property
    def is_listed(self) -> NDArray[np.bool_]:
        """Mask over the pairs: what kinds, nodes, op type and bound leave."""
        columns = self.columns
        if columns is None:
            return np.zeros(0, dtype=np.bool_)
        mask = np.isin(columns.kind, [KINDS.index(kind) for kind in self.kinds])
        if self.nodes != NODES[0]:
            mask &= columns.sort == NODES.index(self.nodes)
        if self.op_type:
            mask &= columns.op == columns.op_types.index(self.op_type)
        kept = self.is_kept
        return mask if kept is None else mask & kept

    @property
    def steps(self) -> Pairs:
        """Pairs that next and previous go through: listed and drawn, else all that are listed."""
        if self.columns is None:
            return _NO_PAIRS
        listed = np.flatnonzero(self.is_listed)
        drawn = listed[np.isin(listed, self.comparing.differing)]
        return drawn if len(drawn) else listed

    # -- what the reader does -----------------------------------------------------------

    def toggle_kind(self, kind: PairKind) -> None:
        """List a kind, or list it no more."""
        kept = tuple(k for k in KINDS if (k in self.kinds) != (k == kind))
        self.kinds = kept

    def toggle_op_type(self, op_type: str) -> None:
        """List one op type, or all where it was listed."""
        self.op_type = "" if op_type == self.op_type else op_type

    def step(self, step: int) -> None:
        """Show the next or the previous listed pair, from the selected one, round the end."""
        steps = self.steps
        if not len(steps):
            return
        first, last = (self.selected[:1], self.selected[-1:])
        if step > 0:
            at = int(np.searchsorted(steps, last[0], side="right")) if len(last) else 0
        else:
            at = int(np.searchsorted(steps, first[0], side="left")) - 1 if len(first) else -1
        self.comparing.show_pair(int(steps[at % len(steps)]))

    def pick(self, pairs: NDArray[np.integer]) -> None:
        """Show a single pair on both sides, or select several."""
        if len(pairs) == 1:
            self.comparing.show_pair(int(pairs[0]))
        else:
            self.comparing.select_pairs(pairs.tolist())

    def find(self, pairs: NDArray[np.integer]) -> None:
        """Show a single pair; select several and bring them, or their groups, into view."""
        comparing = self.comparing
        self.pick(pairs)
        if len(pairs) < 2 or comparing.other is None:
            return
        for session in (comparing.base, comparing.other):
            rows = comparing.rows_of(session, pairs.tolist())
            if len(rows):
                session.look_at(rows)
                if comparing.is_synced:
                    return  # cameras follow the first side that has a node
