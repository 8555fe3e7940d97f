"""How often each category occurs in a group: for the strip on its box, and for its tooltip.

Counts what the reader can find inside: a constant that is folded into its consumers does not
count. Knows graphs and node data, no session and no widget.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from components.graph_view.scene import N_PARTS, NO_STRIPS, Strips
from components.palette import category_colors, rest_color
from graphs.ir import Graph
from graphs.node_data import NodeData
from graphs.visible import Visible

N_NAMED = N_PARTS - 1  # categories with a colour of their own on a strip; the rest is one part


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """Nodes of each category in each namespace and all inside it.

    Attributes
    ----------
    named : int64 array, shape (c,)
        As `named_and_rest` has them.
    counts : int64 array, shape (k, 9)
        Nodes of each namespace: of the named categories in that order, then of all others last.
    """

    named: NDArray[np.int64]
    counts: NDArray[np.int64]


def named_and_rest(data: NodeData) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the categories that have a colour of their own on a strip, and the others.

    The former are the 8 that most nodes have, all in their own order.
    """
    known = data.values[~np.isnan(data.values)].astype(np.int64)
    totals = np.bincount(known, minlength=len(data.categories))
    order = np.argsort(-totals, kind="stable")
    return np.sort(order[:N_NAMED]), np.sort(order[N_NAMED:])


def shares_of(graph: Graph, data: NodeData, is_counted: NDArray[np.bool_]) -> Shares:
    """Count the categories of each group.

    Parameters
    ----------
    graph : Graph
    data : NodeData
        Categorical.
    is_counted : bool array, shape (n_nodes,)
        The nodes that count; those without a value never do.
    """
    known = is_counted & ~np.isnan(data.values)
    category = data.values[known].astype(np.int64)
    named, _ = named_and_rest(data)
    part_of = np.full(len(data.categories), N_NAMED)
    part_of[named] = np.arange(len(named))
    k = len(graph.namespaces)
    flat = graph.node_namespace[known].astype(np.int64) * N_PARTS + part_of[category]
    own = np.bincount(flat, minlength=k * N_PARTS).reshape(k, N_PARTS)
    before = np.concatenate([np.zeros((1, N_PARTS), np.int64), np.cumsum(own, axis=0)])
    return Shares(named, before[graph.namespaces.end] - before[:-1])


def strips_of(seen: Visible, data: NodeData, *, is_dark: bool) -> Strips:
    """Return the strips of the collapsed groups that hold nodes with a category."""
    if not data.is_categorical:
        return NO_STRIPS
    shares = shares_of(seen.graph, data, seen.node_item >= 0)
    is_closed = (seen.item_node < 0) & ~seen.item_is_expanded
    items = np.flatnonzero(is_closed)
    counts = shares.counts[seen.item_namespace[items]]
    is_there = counts.sum(axis=1) > 0
    color = np.zeros((N_PARTS, 4), np.uint8)
    every = category_colors(data.categories, is_dark=is_dark)
    for part, category in enumerate(shares.named.tolist()):
        color[part] = _rgba(every[category])
    color[N_NAMED] = _rgba(rest_color(is_dark=is_dark))
    return Strips(items[is_there].astype(np.uint32), _as_bytes(counts[is_there]), color)


def _as_bytes(counts: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return shares that are 255 together, at least 1 of what occurs at all."""
    if not len(counts):
        return np.zeros((0, N_PARTS), np.uint8)
    parts = np.rint(counts / counts.sum(axis=1, keepdims=True) * 255).astype(np.int64)
    parts = np.where(counts > 0, np.maximum(parts, 1), 0)
    largest = np.argmax(parts, axis=1)
    parts[np.arange(len(parts)), largest] += 255 - parts.sum(axis=1)
    return parts.astype(np.uint8)


def _rgba(color: str) -> tuple[int, int, int, int]:
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue, 255


def count_rows(
    graph: Graph, data: NodeData, space: int, is_counted: NDArray[np.bool_]
) -> list[tuple[str, str]]:
    """Return tooltip rows: how many nodes of each category a group holds, most first."""
    end = int(graph.namespaces.end[space])
    is_in = is_counted & (graph.node_namespace >= space) & (graph.node_namespace < end)
    values = data.values[is_in]
    totals = np.bincount(values[~np.isnan(values)].astype(np.int64), minlength=len(data.categories))
    order = np.argsort(-totals, kind="stable")
    shown = [at for at in order[:N_NAMED].tolist() if totals[at] > 0]
    texts = [f"{data.categories[at]}: {totals[at]:,}" for at in shown]
    rest = order[N_NAMED:]
    n_rest = int((totals[rest] > 0).sum())
    if n_rest:
        texts.append(f"{n_rest:,} more: {int(totals[rest].sum()):,}")
    return [(data.name if i == 0 else "", text) for i, text in enumerate(texts)]
