"""Ranking: the most expensive nodes and groups as bars, with their cumulative share.

It knows arrays only. Groups nest, so a list of all groups would count a node
many times; one depth is shown at a time, where groups are disjoint and shares
add up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import panel as pn
import panel_material_ui as pmui
from numpy.typing import ArrayLike, NDArray

from components.plots.bars import Bar, BarList
from components.plots.columns import Mask, MeasureColumn, Rows, as_mask, as_rows
from components.plots.figures import QUIET_BUTTONS, note_pane, set_note
from components.plots.ticks import format_share, format_value

_EMPTY = "Choose or load node data to see what costs most."
_NODES, _GROUPS = "nodes", "groups"
_SMALL = {"fontSize": "0.8rem", "& .MuiSelect-select": {"padding": "3px 10px"}}
_NO_ROWS: Rows = np.zeros(0, dtype=np.int64)
_MAX_DEPTHS = 12
_FEW_GROUPS = 4  # the first depth with more groups than this is shown at first


@dataclass(frozen=True, slots=True, eq=False)
class GroupColumns:
    """k groups in preorder over n nodes: a group's subtree is the range ``[i, end[i])``.

    Attributes
    ----------
    labels : sequence of str, length k
    depth : int array, shape (k,)
        0 for the root, which is not ranked.
    end : int array, shape (k,)
    node_group : int array, shape (n,)
        The innermost group of each node.
    """

    labels: Sequence[str]
    depth: NDArray[np.integer]
    end: NDArray[np.integer]
    node_group: NDArray[np.integer]

    def at_depth(self, depth: int) -> NDArray[np.int64]:
        """Return disjoint groups: those of a depth, and shallower ones without groups in them."""
        is_leaf = np.asarray(self.end) == np.arange(len(self.depth)) + 1
        shallow = is_leaf & (self.depth < depth) & (self.depth > 0)
        return np.flatnonzero((self.depth == depth) | shallow)

    def rows_of(self, group: int) -> Rows:
        """Return the nodes in a group and in the groups inside it."""
        inside = (self.node_group >= group) & (self.node_group < self.end[group])
        return np.flatnonzero(inside)


class Ranking:
    """The most expensive first.

    Parameters
    ----------
    on_select : callable (rows: int64 array) -> None, optional
        The reader clicked a bar: its node, or all nodes of its group. Never
        called by the methods below.
    n_bars : int
        How many are shown.
    """

    def __init__(
        self, on_select: Callable[[Rows], None] | None = None, *, n_bars: int = 10
    ) -> None:
        self._on_select = on_select
        self._column: MeasureColumn | None = None
        self._labels: Sequence[str] = ()
        self._groups: GroupColumns | None = None
        self._mask: Mask | None = None
        self._rows: Rows = _NO_ROWS
        self._ranked: NDArray[np.int64] = _NO_ROWS
        self._list = BarList(self._on_bar, _EMPTY, max_rows=n_bars)
        self._note = note_pane()
        self._is_quiet = False
        self._kind = pmui.RadioButtonGroup(
            options=[_NODES, _GROUPS], value=_NODES, size="small", color="primary",
            margin=(2, 4), sx=QUIET_BUTTONS, visible=False,
        )  # fmt: skip
        self._depth = pmui.Select(
            options={"depth 1": 1},
            value=1,
            size="small",
            width=104,
            margin=(2, 4),
            visible=False,
            sx=_SMALL,
        )
        self._kind.param.watch(lambda _: self._draw_if_asked(), "value")
        self._depth.param.watch(lambda _: self._draw_if_asked(), "value")
        self.view = pn.Column(
            pn.Row(self._note, self._depth, self._kind, sizing_mode="stretch_width", margin=0),
            self._list.frame.view,
            sizing_mode="stretch_width",
            margin=0,
        )

    @property
    def ranked(self) -> NDArray[np.int64]:
        """Rows or groups that are shown, the most expensive first."""
        return self._ranked

    @property
    def text(self) -> str:
        """What the shown ones make up, e.g. ``Top 10 of 451 nodes = 63 % of the total``."""
        return self._text

    def set_nodes(self, labels: Sequence[str], groups: GroupColumns | None = None) -> None:
        """Name the nodes and say how they are grouped; forgets measure, filter and selection."""
        self._labels, self._groups = labels, groups
        self._column, self._mask, self._rows = None, None, _NO_ROWS
        self._set_depths()
        self._draw()

    def set_measure(self, column: MeasureColumn | None) -> None:
        """Rank by another measure of the same nodes.

        Raises
        ------
        ValueError
            The measure has another number of nodes.
        """
        if column is not None and len(column.values) != len(self._labels):
            raise ValueError(f"{len(self._labels)} nodes, {len(column.values)} values")
        self._column = column
        self._draw()

    def set_filter_mask(self, mask: ArrayLike | None) -> None:
        """Rank only nodes that pass the filter: bool (n,), or None for all."""
        before, self._mask = self._mask, as_mask(mask, len(self._labels))
        if before is not None or self._mask is not None:
            self._draw()

    def set_selection(self, rows: ArrayLike) -> None:
        """Mark how much of each bar is selected."""
        before, self._rows = self._rows, as_rows(rows, len(self._labels))
        if not np.array_equal(before, self._rows):
            self._draw()

    def show(self, kind: str) -> None:
        """Switch between ``"nodes"`` and ``"groups"``."""
        self._kind.value = kind

    def _draw_if_asked(self) -> None:
        if not self._is_quiet:
            self._draw()

    def _set_depths(self) -> None:
        groups = self._groups
        deepest = int(np.max(groups.depth, initial=0)) if groups is not None else 0
        depths = range(1, min(deepest, _MAX_DEPTHS) + 1)
        first = next(
            (d for d in depths if groups is not None and groups.at_depth(d).size > _FEW_GROUPS),
            max(depths, default=1),
        )
        self._is_quiet = True
        self._depth.param.update(options={f"depth {d}": d for d in depths} or {"–": 1}, value=first)
        self._kind.disabled = deepest == 0
        if deepest == 0:
            self._kind.value = _NODES
        self._is_quiet = False

    def _draw(self) -> None:
        column = self._column
        self._kind.visible = column is not None
        self._depth.visible = self._kind.value == _GROUPS and column is not None
        self._ranked, self._text = _NO_ROWS, ""
        if column is None or column.categories:
            self._list.say(_EMPTY if column is None else f"{column.name} has labels, not numbers.")
            set_note(self._note, "")
            return
        if self._kind.value == _GROUPS and self._groups is not None:
            self._draw_groups(column, self._groups)
        else:
            self._draw_nodes(column)
        set_note(self._note, self._text)

    def _passing(self, column: MeasureColumn) -> Mask:
        finite = np.isfinite(column.values)
        return finite if self._mask is None else finite & self._mask

    def _draw_nodes(self, column: MeasureColumn) -> None:
        rows = np.flatnonzero(self._passing(column))
        values = column.values[rows]
        top = _worst(values, self._list.max_rows, is_higher_worse=column.is_higher_worse)
        self._ranked = rows[top]
        is_selected = np.isin(self._ranked, self._rows)
        own = column.values[self._ranked]
        labels = [self._labels[i] for i in self._ranked.tolist()]
        self._show(column, labels, own, own * is_selected, len(rows), _NODES)

    def _draw_groups(self, column: MeasureColumn, groups: GroupColumns) -> None:
        """Rank the groups of one depth by the sum, or by the worst where no sum makes sense."""
        ids = groups.at_depth(int(self._depth.value))
        passing = np.flatnonzero(self._passing(column))
        values = _over_groups(groups, ids, passing, column)
        present = np.flatnonzero(np.isfinite(values))
        top = _worst(values[present], self._list.max_rows, is_higher_worse=column.is_higher_worse)
        top = present[top]
        self._ranked = ids[top]
        chosen = np.intersect1d(passing, self._rows, assume_unique=True)
        selected = np.nan_to_num(_over_groups(groups, self._ranked, chosen, column))
        labels = [groups.labels[i] for i in self._ranked.tolist()]
        self._show(column, labels, values[top], selected, len(present), _GROUPS)

    def _show(
        self,
        column: MeasureColumn,
        labels: Sequence[str],
        values: NDArray[np.float64],
        selected: NDArray[np.float64],
        n: int,
        kind: str,
    ) -> None:
        if not len(values):
            self._list.say("No node with a value passes the filter.")
            return
        total = column.total
        sums = np.cumsum(values)
        has_share = total > 0 and not (column.values < 0).any()
        bars = []
        for label, value, chosen, so_far in zip(
            labels, values.tolist(), selected.tolist(), sums.tolist(), strict=True
        ):
            text = hint = format_value(value, column.unit)
            if has_share:
                hint = f"{text}, {format_share(value, total)} of the total"
                text = f"{text} · Σ {format_share(so_far, total)}"
            line = so_far / total if has_share else None
            bars.append(Bar(label, value, value, chosen, text, hint, line=line))
        self._text = f"Top {len(values):,} of {n:,} {kind}"
        if has_share:
            self._text += f" = {format_share(float(sums[-1]), total)} of the total {column.name}"
        elif kind == _GROUPS:
            self._text += ", each by its worst node"
        self._list.draw(bars, column.label)

    def _on_bar(self, place: int) -> None:
        if self._on_select is None or place >= len(self._ranked):
            return
        which = int(self._ranked[place])
        if self._kind.value == _GROUPS and self._groups is not None:
            rows = self._groups.rows_of(which)
            self._on_select(rows if self._mask is None else rows[self._mask[rows]])
        else:
            self._on_select(np.array([which], dtype=np.int64))


def _worst(values: NDArray[np.float64], n: int, *, is_higher_worse: bool) -> NDArray[np.int64]:
    """Return the places of the n worst, the worst first, ties in order."""
    keys = -values if is_higher_worse else values
    if len(keys) > n:
        bound = np.partition(keys, n - 1)[n - 1]
        candidates = np.flatnonzero(keys <= bound)
    else:
        candidates = np.arange(len(keys))
    return candidates[np.argsort(keys[candidates], kind="stable")][:n]


def _over_groups(
    groups: GroupColumns, ids: NDArray[np.int64], rows: Rows, column: MeasureColumn
) -> NDArray[np.float64]:
    """Return for each of some disjoint groups the sum, or the worst, of some rows; NaN if none.

    `ids` may be in any order.
    """
    order = np.argsort(ids)
    starts = ids[order]
    ends = np.asarray(groups.end, dtype=np.int64)[starts]
    own = np.asarray(groups.node_group, dtype=np.int64)[rows]
    place = np.searchsorted(starts, own, side="right") - 1
    inside = (place >= 0) & (own < ends[np.maximum(place, 0)]) if len(ids) else np.zeros(0, bool)
    place, values = place[inside], column.values[rows][inside]
    result = np.full(len(ids), np.nan)
    if place.size:
        if column.is_additive:
            folded = np.bincount(place, weights=values, minlength=len(ids))
        else:
            worst, start = (np.maximum, -np.inf) if column.is_higher_worse else (np.minimum, np.inf)
            folded = np.full(len(ids), start)
            worst.at(folded, place, values)
        present = np.bincount(place, minlength=len(ids)) > 0
        result[order[present]] = folded[present]
    return result
