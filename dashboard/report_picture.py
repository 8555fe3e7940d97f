"""The two pictures of a report: what differs in colour, and which boxes stand for which.

Every box knows its own key and the keys of what stands for it on the other side, so that the
page can light up both. Pure functions of graphs and a matching; imports no Panel.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from components.graph_view.drawing import boxes_of, labels_of, scene_of
from components.graph_view.scene import Scene
from components.graph_view.svg import svg_of
from components.graph_view.svg_text import labelled
from components.palette import category_colors
from dashboard.comparison_text import Nodes, changes_said, short
from dashboard.panes.shares import strips_of
from dashboard.report_side import ReportSide
from graphs.errors import quoted
from graphs.ir import Graph, NodeKind
from graphs.layout import lay_out
from graphs.match_groups import group_pairs
from graphs.match_types import KINDS, Pair
from graphs.match_view import End, GraphSide, MatchView
from graphs.node_data import share_of
from graphs.visible import Visible, visible

MAX_TWINS = 12  # that one box names
MAX_HINT_CHARS = 300
MOST_ITEMS_OPENED = 400

Keys = dict[int, list[int]]  # pair -> keys of the items that show it, the most telling first


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """What of one side is drawn, and where its pairs are.

    Attributes
    ----------
    graph_side : GraphSide
    seen : Visible
    scene : Scene
    keys : dict of int to list of int
        Pair -> keys of the items that show it: its own boxes, closed groups that hold it, and
        for a constant that is not drawn what reads it.
    """

    graph_side: GraphSide
    seen: Visible
    scene: Scene
    keys: Keys

    @property
    def n_unlabelled(self) -> int:
        """How many boxes have no label, since the picture is too large for all."""
        return int(np.count_nonzero(~labelled(self.scene)))


def drawn_side(side: ReportSide, view: MatchView, end: End) -> Drawn:
    """Lay out one side with the kinds of differences as its colours.

    Raises
    ------
    KeyError
        The matching has no such graph.
    LayoutError
        The drawing would be too large.
    """
    graph_side = view.side(end, side.graph.id)
    seen = visible(
        side.graph, side.expanded, flat=side.is_flat, show_constants=side.shows_constants
    )
    labels = labels_of(seen)
    scene = scene_of(seen, labels, lay_out(boxes_of(seen, labels)), graph_key=end)
    strips = strips_of(seen, graph_side.as_node_data(), is_dark=False)
    scene = replace(scene, item_color=_colors(seen, graph_side), strips=strips)
    return Drawn(graph_side, seen, scene, _keys(seen, graph_side))


def picture(drawn: Drawn, other: Drawn, view: MatchView, nodes: Nodes, name: str) -> str:
    """Return one side as SVG, whose boxes name their twins on the other side."""
    twins = _twins(drawn, other)
    pair = _item_pair(drawn.seen, drawn.graph_side).tolist()
    kinds = [view.matching.pairs[at].kind if at >= 0 else "equal" for at in pair]
    data = {
        "k": [str(key) for key in drawn.seen.item_key.tolist()],
        "t": [" ".join(map(str, keys[:MAX_TWINS])) for keys in twins],
        "p": [str(at) if kind != "equal" else "" for at, kind in zip(pair, kinds, strict=True)],
        "d": ["" if kind == "equal" else kind for kind in kinds],
    }
    return svg_of(
        drawn.scene,
        is_dark=None,
        name=name,
        hints=_hints(drawn, pair, view, nodes),
        data=data,
    )


def opened_on_differences(
    graph: Graph, graph_side: GraphSide, expanded: Iterable[int], most: int = MOST_ITEMS_OPENED
) -> frozenset[int]:
    """Return an expanded set that also shows what differs, as far as the picture stays small.

    Groups that hold differences are opened, the outer ones first, until `most` items are drawn.
    """
    now = frozenset(expanded)
    names = graph.namespaces
    holds = share_of(graph, graph_side.kind > 0) > 0
    for depth in range(1, int(names.depth.max(initial=0)) + 1):
        wider = now | frozenset(np.flatnonzero((names.depth == depth) & holds).tolist())
        if visible(graph, wider).n_items > most:
            break
        now = wider
    return now


def _item_pair(seen: Visible, side: GraphSide) -> NDArray[np.int64]:
    """Return the pair of every item's node, -1 for groups, shape (n_items,)."""
    own = side.pair[np.maximum(seen.item_node, 0)] if len(side.pair) else np.zeros(0, np.int64)
    return np.where(seen.item_node >= 0, own, -1).astype(np.int64)


def _colors(seen: Visible, side: GraphSide) -> NDArray[np.uint8]:
    """Return the colours of nodes that differ, uint8 (n_items, 4); all others keep the theme's."""
    table = np.zeros((len(KINDS), 4), np.uint8)
    for at, color in enumerate(category_colors(KINDS)):
        table[at] = (*bytes.fromhex(color[1:]), 255 if at else 0)
    is_group = seen.item_node < 0
    kind = np.where(is_group, 0, side.kind[np.maximum(seen.item_node, 0)])
    return table[kind]


def _keys(seen: Visible, side: GraphSide) -> Keys:
    keys: Keys = defaultdict(list)
    item_key = seen.item_key.tolist()
    is_hidden = []
    for row, (item, pair) in enumerate(zip(seen.node_item.tolist(), side.pair.tolist(),
                                           strict=True)):  # fmt: skip
        if item < 0:
            is_hidden.append(row)
        elif pair >= 0 and item_key[item] not in keys[pair]:
            keys[pair].append(item_key[item])
    for row in is_hidden:
        pair = int(side.pair[row])
        if pair not in keys:
            keys[pair] = _reader_keys(seen, row, item_key)
    return keys


def _reader_keys(seen: Visible, row: int, item_key: list[int]) -> list[int]:
    """Return the keys of what reads a constant that is folded into its readers."""
    edges = seen.graph.node(row).out_edges[:MAX_TWINS]
    items = seen.node_item[seen.graph.edge_target[edges]]
    return list(dict.fromkeys(item_key[item] for item in items.tolist() if item >= 0))


def _twins(drawn: Drawn, other: Drawn) -> list[list[int]]:
    """Return for each item the keys of what stands for it on the other side."""
    theirs = other.seen
    key_of = {
        theirs.graph.namespaces.paths[theirs.item_namespace[item]]: int(theirs.item_key[item])
        for item in np.flatnonzero(theirs.item_node < 0)
    }
    twin_of = _group_twins(drawn, other)
    paths, spaces = drawn.seen.graph.namespaces.paths, drawn.seen.item_namespace.tolist()
    found: list[list[int]] = []
    for item, pair in enumerate(_item_pair(drawn.seen, drawn.graph_side).tolist()):
        if pair >= 0:
            found.append(other.keys.get(pair, []))
        else:
            key = key_of.get(twin_of.get(paths[spaces[item]], ""))
            found.append([] if key is None else [key])
    return found


def _group_twins(drawn: Drawn, other: Drawn) -> dict[str, str]:
    """Return path -> path of the groups that are each other's, as they are drawn.

    Not those of the matching: a graph may be drawn with groups that it was not matched with.
    """
    graphs = drawn.seen.graph, other.seen.graph
    firsts = [
        dict(zip(side.pair[rows].tolist(), rows.tolist(), strict=True))
        for side in (drawn.graph_side, other.graph_side)
        for rows in [np.flatnonzero(side.is_first)]
    ]
    rows = [(0, row, 0, firsts[1][at]) for at, row in firsts[0].items() if at in firsts[1]]
    return {pair.a: pair.b for pair in group_pairs(graphs[:1], graphs[1:], rows)}


def _hints(drawn: Drawn, pair: list[int], view: MatchView, nodes: Nodes) -> list[str]:
    graph, seen, end = drawn.seen.graph, drawn.seen, drawn.graph_side.end
    item_nodes, spaces = seen.item_node.tolist(), seen.item_namespace.tolist()
    return [
        hint_of(view.matching.pairs[at], end, graph.node_ids[node], _op_type(graph, node), nodes)
        if node >= 0 and at >= 0
        else _group_hint(drawn, spaces[item])
        for item, (node, at) in enumerate(zip(item_nodes, pair, strict=True))
    ]


def _op_type(graph: Graph, node: int) -> str:
    is_operator = graph.node_kind[node] == NodeKind.OPERATOR
    return graph.op_types[int(graph.node_op[node])] if is_operator else ""


def hint_of(pair: Pair, end: End, id: str, op_type: str, nodes: Nodes) -> str:
    """Return what a box says on hovering: itself, its twin, and what differs."""
    theirs = pair.b if end == "a" else pair.a
    said = [f"{quoted(op_type, 40)} {short(id, 90)}".strip()]
    if theirs:
        more = f" and {len(theirs) - 1} more" if len(theirs) > 1 else ""
        said.append(f"↔ {short(theirs[0], 90)}{more}")
    said.append(pair.kind)
    if pair.kind != "equal":
        said += changes_said(pair, nodes)
    return quoted(" · ".join(said), MAX_HINT_CHARS)


def _group_hint(drawn: Drawn, space: int) -> str:
    """Return a group's path and how many of its nodes are of which kind."""
    graph, kind = drawn.seen.graph, drawn.graph_side.kind
    names = graph.namespaces
    inside = (graph.node_namespace >= space) & (graph.node_namespace < int(names.end[space]))
    counts = np.bincount(kind[inside], minlength=len(KINDS)).tolist()
    said = ", ".join(f"{n:,} {name}" for n, name in zip(counts, KINDS, strict=True) if n)
    return quoted(f"{short(names.paths[space], 120)} · {said}", MAX_HINT_CHARS)
