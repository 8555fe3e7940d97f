"""What the overlay adds to a visible graph: colours, second lines, legend, and the item state."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from components.graph_view.drawing import Labels, Strings, per_item
from components.graph_view.scene import NO_STRIPS, Legend, Strips
from components.palette import Scale, rest_color, scale_for
from components.plots.ticks import format_value
from dashboard.panes.shares import named_and_rest, strips_of
from dashboard.session import Session
from graphs.ir import Graph
from graphs.node_data import NodeData, aggregate, share_of
from graphs.visible import Visible


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """Columns of the `overlay` block.

    Attributes
    ----------
    item_color : uint8 array, shape (n, 4)
    item_detail : uint32 array, shape (n,)
        Index into `strings`.
    strings : tuple of str
    legend : Legend or None
    strips : Strips
        Shares of the categories on collapsed groups.
    """

    item_color: NDArray[np.uint8]
    item_detail: NDArray[np.uint32]
    strings: tuple[str, ...] = ("",)
    legend: Legend | None = field(default=None)
    strips: Strips = NO_STRIPS


def overlay_of(session: Session, seen: Visible, labels: Labels) -> Overlay:
    """Return the colours of the session's measure; without one, labels alone."""
    data = session.data
    strings = Strings()
    if data is None:
        detail = strings.indices(labels.details)
        return Overlay(np.zeros((seen.n_items, 4), np.uint8), detail, strings.table())
    values = item_values(session, seen, data)
    values[seen.item_is_expanded] = np.nan  # its members show their own
    scale = scale_of(session, data, values)
    color = scale.rgba(values)
    _paint_single_nodes(color, seen, data)
    texts = [
        label if np.isnan(value) else box_text(data, value)
        for value, label in zip(values.tolist(), labels.details, strict=True)
    ]
    strips = strips_of(seen, data, is_dark=session.is_dark)
    legend = legend_of(scale, data, session.how)
    return Overlay(color, strings.indices(texts), strings.table(), legend, strips)


def item_values(session: Session, seen: Visible, data: NodeData) -> NDArray[np.float64]:
    """Return the value of every item: a group's is aggregated, NaN where labels cannot be."""
    graph, how = seen.graph, session.how
    n_spaces = len(graph.namespaces)
    groups = np.full(n_spaces, np.nan) if how is None else aggregate(graph, data, how)
    return per_item(seen, data.values, lambda: groups)


def scale_of(session: Session, data: NodeData, values: NDArray[np.float64]) -> Scale:
    """Return the colour scale of what is drawn; a file's own colours win."""
    return scale_for(
        data.values if data.gradient else values,
        thresholds=data.thresholds,
        gradient=data.gradient,
        categories=data.categories,
        is_log=session.is_log,
        is_higher_worse=data.is_higher_worse,
        unit=data.unit,
        is_dark=session.is_dark,
    )


def legend_of(scale: Scale, data: NodeData, how: str | None) -> Legend:
    """Return the legend, which says how groups are aggregated; rare categories come last."""
    stops, ticks, swatches = scale.legend_stops()
    if data.is_categorical:
        named, rest = named_and_rest(data)
        lumped = ((rest_color(is_dark=scale.is_dark), "others, on groups"),) if len(rest) else ()
        swatches = (*(swatches[i] for i in named), *lumped, *(swatches[i] for i in rest))
    shown = "shares" if data.is_categorical else how
    title = data.label if shown is None else f"{data.label} · groups: {shown}"
    return Legend(title=title, stops=stops, ticks=ticks, swatches=swatches)


def data_text(data: NodeData, value: float) -> str:
    """Return one value as text, with its unit."""
    if data.is_categorical:
        return data.categories[int(value)]
    return format_value(value, data.unit)


def box_text(data: NodeData, value: float) -> str:
    """Return one value as a box has room for it: operations without their name, ``7.55 M``."""
    text = data_text(data, value)
    return text if data.is_categorical else text.removesuffix("FLOPs").removesuffix("MACs").rstrip()


def state_of(session: Session, seen: Visible) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return (selected, excluded), each uint8 (n,): the share of an item's nodes, 0..255."""
    graph = seen.graph
    is_selected = np.zeros(graph.n_nodes, dtype=bool)
    is_selected[session.selection] = True
    return _shares(graph, seen, is_selected), _shares(graph, seen, ~session.is_kept)


def _shares(graph: Graph, seen: Visible, mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    if not mask.any():
        return np.zeros(seen.n_items, dtype=np.uint8)
    drawn = mask & (seen.node_item >= 0)
    shares = per_item(seen, drawn.astype(np.float64), lambda: _group_shares(graph, seen, drawn))
    # A part, however small, is visible: never rounded down to nothing or up to all.
    part = np.clip(np.round(shares * 255), 1, 254)
    levels = np.where(shares <= 0, 0, np.where(shares >= 1, 255, part))
    return levels.astype(np.uint8)


def _group_shares(graph: Graph, seen: Visible, drawn: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of each group's drawn nodes; folded constants do not count."""
    of_all = share_of(graph, seen.node_item >= 0)
    return np.divide(share_of(graph, drawn), of_all, out=np.zeros_like(of_all), where=of_all > 0)


def _paint_single_nodes(color: NDArray[np.uint8], seen: Visible, data: NodeData) -> None:
    """Apply the colours that a file gives to single nodes."""
    for node, rgba in data.node_rgba.items():
        item = int(seen.node_item[node])
        if item >= 0 and seen.item_node[item] == node:
            color[item] = rgba
