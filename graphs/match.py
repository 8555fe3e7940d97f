"""Pair the nodes of two graphs or models: the recipe, and nothing else.

How it works and where the ideas are from: `docs/comparing.md`. Each step pairs what it is sure
of and leaves the rest to the next; nothing is random, recursive or quadratic in the whole.
Imports NumPy and the columns only: no framework, no page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from graphs.ir import Graph, Model, NodeKind
from graphs.match_changes import changes_of, kind_of, same_weights
from graphs.match_expanded import pair_expanded
from graphs.match_fusion import fold
from graphs.match_groups import group_pairs
from graphs.match_names import (
    pair_by_names,
    pair_by_weights,
    pair_changed_names,
    pair_fixed,
)
from graphs.match_order import pair_by_order
from graphs.match_region import pair_regions
from graphs.match_side import Side, Vocabulary, make_side, reached_graphs
from graphs.match_skeleton import HEAVY_TRANSPARENT
from graphs.match_spread import spread_all
from graphs.match_state import Work
from graphs.match_structure import (
    Both,
    Label,
    bones,
    free_rows,
    pair_by_structure,
    pair_symmetric,
    surroundings,
    whole,
)
from graphs.match_types import DEFAULT_OPTIONS, Matching, MatchOptions, Pair


def match(
    a: Graph, b: Graph, options: MatchOptions = DEFAULT_OPTIONS, *, is_same_format: bool = True
) -> Matching:
    """Return how the nodes of two graphs correspond.

    Parameters
    ----------
    a, b : Graph
    options : MatchOptions
    is_same_format : bool
        Whether the op types and attributes of both are of one format. Between formats
        op types agree by the table in `graphs/match_ops.py`.
    """
    return _match([a], [b], options, is_same_format)


def match_models(a: Model, b: Model, options: MatchOptions = DEFAULT_OPTIONS) -> Matching:
    """Return how the nodes of two models correspond.

    The first graphs are compared with all that they call. The other graphs that nobody calls
    are compared too where both models are of one format and have graphs of those ids.
    """
    is_same_format = a.format == b.format
    roots_a, roots_b = [a.graphs[0]], [b.graphs[0]]
    if is_same_format:
        shared = {graph.id for graph in a.graphs[1:]} & {graph.id for graph in b.graphs[1:]}
        roots_a += [graph for graph in a.graphs[1:] if graph.id in shared]
        roots_b += [graph for graph in b.graphs[1:] if graph.id in shared]
    return _match(
        reached_graphs(a.graphs, roots_a),
        reached_graphs(b.graphs, roots_b),
        options,
        is_same_format,
    )


def _match(
    a: Sequence[Graph], b: Sequence[Graph], options: MatchOptions, is_same_format: bool
) -> Matching:
    vocabulary = Vocabulary()
    sides = make_side(a, vocabulary), make_side(b, vocabulary)
    work = Work(*sides, options, is_same_format)
    for missing in pair_fixed(work, options.fixed):
        work.ignored.append(f"No such free nodes: {missing.a[:3]} and {missing.b[:3]}")
    _pair_ends(work)
    pair_by_weights(work)
    if options.use_names:
        pair_by_names(work)
    _pair_by_surroundings(work)
    if options.use_names and options.is_id_fallback:
        pair_changed_names(work)
    if options.use_names:
        pair_expanded(work)
    pair_regions(work)
    fold(work)
    return _result(work)


def _pair_by_surroundings(work: Work) -> None:
    """Go from what is alike in everything to what is alike in what it computes."""
    if not work.is_same_format:
        _pair_between_formats(work)
    for view in _VIEWS:
        both = view(work)
        if both and not _is_done(work, both):
            _pair_surely(work, both)
    for view in _VIEWS[1:]:
        both = view(work)
        if both and not _is_done(work, both):
            _pair_likely(work, both)
    for view in _VIEWS:
        both = view(work)
        if both and not _is_done(work, both):
            pair_symmetric(work, both)


MIN_SHARE_IN_ORDER = 0.9  # of a window's rows that have to come in the same order


def _pair_between_formats(work: Work) -> None:
    """Pair what has one place only, then the core of runs of equal blocks along their order.

    Two formats write a block so differently that what is around its nodes is less telling than
    that as many of them come in the same order.
    """
    for view in _VIEWS[:3]:
        both = view(work)
        if both and not _is_done(work, both):
            pair_by_structure(work, both)
    core = _same_core(work)
    if core and not _is_done(work, core):
        classes = dict(enumerate(work.a.class_of)), dict(enumerate(work.b.class_of))
        pair_by_order(work, core.a, core.b, classes, is_sure=True, min_share=MIN_SHARE_IN_ORDER)


RADII_IN_ORDER = (4, 2)  # of what has to be equal around two nodes that come in the same order


def _pair_surely(work: Work, both: Both) -> None:
    """Pair what has one place only, then runs of equal blocks along their order.

    Nothing spreads to nodes with other surroundings meanwhile: beside an edit that would
    shift a whole run by one block.
    """
    work.guard = surroundings(work, both, 2)
    spread_all(work, both.a, both.b)
    pair_by_structure(work, both)
    for radius in RADII_IN_ORDER:
        colours = surroundings(work, both, radius)
        pair_by_order(work, both.a, both.b, colours, is_sure=True)
    pair_by_structure(work, both)
    work.guard = None


def _pair_likely(work: Work, both: Both) -> None:
    """Pair what has a paired neighbour and no rival."""
    spread_all(work, both.a, both.b)
    pair_by_structure(work, both)
    classes = dict(enumerate(work.a.class_of)), dict(enumerate(work.b.class_of))
    pair_by_order(work, both.a, both.b, classes)


def _is_done(work: Work, both: Both) -> bool:
    """Return whether a side has no free node in the view."""
    free_a, free_b = free_rows(work, both)
    return not free_a or not free_b


def _same_graph(work: Work) -> Both:
    a, b = whole(work.a), whole(work.b)
    return Both(a, b, _exact(work.a), _exact(work.b), "same graph", 0.95)


def _same_computation(work: Work) -> Both:
    a, b = bones(work.skeleton_a), bones(work.skeleton_b)
    return Both(a, b, _alike(work.a), _alike(work.b), "same computation", 0.85)


def _same_core(work: Work) -> Both | None:
    """Return the view of what no converter folds away; None where nothing of it is free."""
    heavy = [
        any(side.class_names[row] not in HEAVY_TRANSPARENT and not side.kind[row] for row in free)
        for side, free in ((work.a, work.free_a()), (work.b, work.free_b()))
    ]
    if not all(heavy):
        return None
    a, b = bones(work.heavy_a), bones(work.heavy_b)
    return Both(a, b, _alike(work.a), _alike(work.b), "same core", 0.75)


def _same_place(work: Work) -> Both:
    a, b = whole(work.a), whole(work.b)
    return Both(a, b, _alike(work.a), _alike(work.b), "same place", 0.7)


_VIEWS: tuple[Callable[[Work], Both | None], ...] = (
    _same_graph,
    _same_computation,
    _same_core,
    _same_place,
)


def _exact(side: Side) -> Label:
    def label(row: int) -> int:
        return hash((side.op[row], side.kind[row], side.type_of[row], side.n_outputs[row]))

    return label


def _alike(side: Side) -> Label:
    return side.class_of.__getitem__


def _pair_ends(work: Work) -> None:
    """Pair a single input with a single input, a single output with a single output."""
    for kind in (NodeKind.INPUT, NodeKind.OUTPUT):
        mine = _outer(work.a, kind)
        theirs = _outer(work.b, kind)
        if len(mine) == len(theirs) == 1:
            work.pair(mine[0], theirs[0], f"the only {kind.name.lower()}", 0.9)


def _outer(side: Side, kind: NodeKind) -> list[int]:
    return [row for row in range(side.first[1]) if side.kind[row] == kind]


def _result(work: Work) -> Matching:
    folded_a, folded_b = _folded(work.host_a), _folded(work.host_b)
    pairs, rows = [], []
    for a, b in enumerate(work.to_b):
        if b >= 0:
            rows_a, rows_b = [a, *folded_a.get(a, ())], [b, *folded_b.get(b, ())]
            pairs.append(_pair(work, rows_a, rows_b))
            (at, there) = (work.a.graph_of[a], work.b.graph_of[b])
            rows.append((at, a - work.a.first[at], there, b - work.b.first[there]))
        elif work.host_a.get(a, a) == a:
            pairs.append(_alone(work.a, a, "removed", a in work.host_a))
    for b, a in enumerate(work.to_a):
        if a < 0 and work.host_b.get(b, b) == b:
            pairs.append(_alone(work.b, b, "added", b in work.host_b))
    return Matching(
        work.a.graphs,
        work.b.graphs,
        tuple(pairs),
        group_pairs(work.a.graphs, work.b.graphs, rows),
        same_weights(work),
        tuple(work.ignored),
        work.is_same_format,
    )


def _alone(side: Side, row: int, kind: Literal["removed", "added"], is_given: bool) -> Pair:
    """Return the pair of a node without a partner."""
    ids, graph = (side.ids[row],), side.local(row)[0].id
    why = "given" if is_given else "no partner"
    if kind == "removed":
        return Pair(ids, (), kind, why, 1.0, (), graph)
    return Pair((), ids, kind, why, 1.0, (), "", graph)


def _folded(host: dict[int, int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for row in sorted(host):
        found.setdefault(host[row], []).append(row)
    return found


def _pair(work: Work, rows_a: list[int], rows_b: list[int]) -> Pair:
    a, b = rows_a[0], rows_b[0]
    changes = changes_of(work, rows_a, rows_b)
    return Pair(
        tuple(work.a.ids[row] for row in rows_a),
        tuple(work.b.ids[row] for row in rows_b),
        kind_of(work, rows_a, rows_b, changes),
        work.why[a],
        round(work.confidence[a], 3),
        changes,
        work.a.local(a)[0].id,
        work.b.local(b)[0].id,
    )


__all__ = ["match", "match_models"]
