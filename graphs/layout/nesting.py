"""Cuts nested boxes into scopes that are laid out one by one, and edges into their pieces.

A scope is the top or the inside of one expanded group. An edge that crosses
borders becomes a piece in each scope on its way: from its source up to the
scope that holds both ends, through that, and down to its target. Where it
crosses a border it has a port, one for each value and direction; inside, the
port is a vertex on the border, outside it is a fixed point of the group's box.
Back edges are turned round here, as a whole. Everything is done on columns:
the cost is that of a few sorts of the pieces.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphs.layout.contract import Boxes
from graphs.layout.csr import Ints, group_rows, pointers

SRC_ORDERED, DST_ORDERED = 1, 2  # bits of the column of marks: the slot fixes the port's place


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """k scopes in preorder (0 is the top), their members, their edges, and whole edges.

    The vertices of a scope are its members, then its ports at the top, then
    those at the bottom.

    Attributes
    ----------
    scope_box : int64 array, shape (k,)
        Box of the scope's group, -1 for the top.
    member_ptr : int64 array, shape (k + 1,)
    member_box : int64 array, shape (n,)
        Boxes by scope, in preorder.
    member_scope : int64 array, shape (n,)
        Scope inside the member, -1 for a leaf; by scope like `member_box`.
    n_in, n_out : int64 arrays, shape (k,)
        Ports at the top and at the bottom.
    edge_ptr : int64 array, shape (k + 1,)
        Rows of `edges` by scope.
    edges : int32 array, shape (e, 5)
        Source vertex, source port, target vertex, target port, marks; sorted.
    piece_ptr : int64 array, shape (m + 1,)
    piece_scope, piece_edge : int64 arrays, shape (p,)
        The pieces of a whole edge from its upper end to its lower: scope, row of `edges`.
    """

    scope_box: Ints
    member_ptr: Ints
    member_box: Ints
    member_scope: Ints
    n_in: Ints
    n_out: Ints
    edge_ptr: Ints
    edges: NDArray[np.int32]
    piece_ptr: Ints
    piece_scope: Ints
    piece_edge: Ints


@dataclass(frozen=True, slots=True, eq=False)
class _Pieces:
    """Pieces sorted by whole edge, from its upper end; boxes of -1 are the scope's border."""

    edge: Ints
    scope: Ints
    from_box: Ints
    to_box: Ints


@dataclass(frozen=True, slots=True, eq=False)
class _Ports:
    """Ports of all groups in one direction: keys sorted, and the index in its group."""

    keys: Ints
    index: Ints
    scope: Ints


@dataclass(frozen=True, slots=True, eq=False)
class _Turned:
    """Whole edges with back edges turned round, and what orders them at their ends.

    `value` numbers (source, slot) in that order; a back edge has a value of its
    own. `in_row`, `out_row` are the edge's rows among all, by target and by source.
    """

    source: Ints
    target: Ints
    value: Ints
    n_values: int
    in_row: Ints
    out_row: Ints
    marks: NDArray[np.int32]


def plan_nesting(boxes: Boxes, depth: NDArray[np.int32], is_back: NDArray[np.bool_]) -> Plan:
    """Return the scopes of nested boxes.

    Parameters
    ----------
    boxes : Boxes
    depth : int32 array, shape (n,)
        Groups around each box.
    is_back : bool array, shape (m,)
        Edges to turn round.
    """
    n = len(boxes.parent)
    scope_box = np.concatenate([[-1], np.flatnonzero(boxes.is_group)]).astype(np.int64)
    scope_of = np.full(n + 1, -1, dtype=np.int64)
    scope_of[scope_box] = np.arange(len(scope_box))  # index -1 is the last entry: the top
    member_ptr, member_box = group_rows(scope_of[boxes.parent], len(scope_box))
    local = np.empty(n, dtype=np.int64)
    local[member_box] = np.arange(n) - np.repeat(member_ptr[:-1], np.diff(member_ptr))
    turned = _turn(boxes, is_back)
    pieces = _cut(boxes.parent, depth, scope_of, turned)
    up = _ports(pieces, turned, pieces.to_box < 0, turned.out_row)
    down = _ports(pieces, turned, pieces.from_box < 0, turned.in_row)
    n_scopes = len(scope_box)
    n_in = np.bincount(down.scope, minlength=n_scopes)
    n_out = np.bincount(up.scope, minlength=n_scopes)
    n_members = np.diff(member_ptr)
    table = _piece_table(pieces, turned, scope_of, local, (up, down), (n_members, n_in))
    edge_ptr, edges, piece_edge = _unique_edges(table, pieces.scope, n_members + n_in + n_out)
    return Plan(
        scope_box=scope_box,
        member_ptr=member_ptr,
        member_box=member_box,
        member_scope=scope_of[member_box],
        n_in=n_in,
        n_out=n_out,
        edge_ptr=edge_ptr,
        edges=edges,
        piece_ptr=pointers(pieces.edge, len(boxes.source)),
        piece_scope=pieces.scope,
        piece_edge=piece_edge,
    )


def _turn(boxes: Boxes, is_back: NDArray[np.bool_]) -> _Turned:
    m = len(boxes.source)
    source = np.where(is_back, boxes.target, boxes.source).astype(np.int64)
    target = np.where(is_back, boxes.source, boxes.target).astype(np.int64)
    last = int(max(boxes.source_slot.max(initial=0), boxes.target_slot.max(initial=0))) + 1
    source_slot = np.where(is_back, last, boxes.source_slot)
    target_slot = np.where(is_back, last, boxes.target_slot)
    code = boxes.source.astype(np.int64) * (last + 2) + boxes.source_slot + 1
    distinct, value = np.unique(code, return_inverse=True)
    value = np.where(is_back, len(distinct) + np.arange(m), value.reshape(-1)).astype(np.int64)
    in_row, out_row = np.empty(m, dtype=np.int64), np.empty(m, dtype=np.int64)
    in_row[np.lexsort((target_slot, target))] = np.arange(m)
    out_row[np.lexsort((in_row, value, source_slot, source))] = np.arange(m)
    marks = np.zeros(m, dtype=np.int32)
    marks[(boxes.source_slot >= 0) & ~is_back] |= SRC_ORDERED
    marks[(boxes.target_slot >= 0) & ~is_back] |= DST_ORDERED
    return _Turned(source, target, value, len(distinct) + m, in_row, out_row, marks)


def _cut(
    parent: NDArray[np.int32], depth: NDArray[np.int32], scope_of: Ints, turned: _Turned
) -> _Pieces:
    """Walk from both ends of every edge to the scope that holds both, one border a step."""
    a, b = turned.source.copy(), turned.target.copy()
    columns: list[tuple[Ints, Ints, Ints, Ints]] = []  # edge, stage, from, to
    last_stage = 2 * int(depth.max(initial=0)) + 2
    rows = np.flatnonzero(parent[a] != parent[b])
    step = 0
    while len(rows):
        depth_a, depth_b = depth[a[rows]], depth[b[rows]]
        for is_up, at, sign in ((depth_a >= depth_b, a, 1), (depth_b >= depth_a, b, -1)):
            moved = rows[is_up]
            stage = np.full(len(moved), step if sign > 0 else last_stage - step)
            border = np.full(len(moved), -1, dtype=np.int64)
            ends = (at[moved], border) if sign > 0 else (border, at[moved])
            columns.append((moved, stage, *ends))
        up_a, up_b = rows[depth_a >= depth_b], rows[depth_b >= depth_a]
        a[up_a], b[up_b] = parent[a[up_a]], parent[b[up_b]]
        rows = rows[parent[a[rows]] != parent[b[rows]]]
        step += 1
    m = len(a)
    columns.append((np.arange(m), np.full(m, last_stage // 2), a, b))
    edge, stage, from_box, to_box = (np.concatenate(c) for c in zip(*columns, strict=True))
    if len(edge) > m:
        order = np.argsort(edge * (last_stage + 1) + stage, kind="stable")
        edge, from_box, to_box = edge[order], from_box[order], to_box[order]
    scope = scope_of[parent[np.where(from_box >= 0, from_box, to_box)]]
    return _Pieces(edge, scope, from_box, to_box)


def _ports(pieces: _Pieces, turned: _Turned, at_border: NDArray[np.bool_], row: Ints) -> _Ports:
    """Number the ports of each group: in the order of the slots of the first leaf they serve."""
    rows = np.flatnonzero(at_border)
    edge = pieces.edge[rows]
    code = pieces.scope[rows] * turned.n_values + turned.value[edge]
    keys, inverse = np.unique(code, return_inverse=True)
    first = np.full(len(keys), len(row), dtype=np.int64)
    np.minimum.at(first, inverse.reshape(-1), row[edge])
    scope = keys // max(turned.n_values, 1)
    order = np.lexsort((first, scope))
    index = np.empty(len(keys), dtype=np.int64)
    start = np.searchsorted(scope, scope)  # codes are sorted by scope
    index[order] = np.arange(len(keys))
    return _Ports(keys, index - start, scope)


def _piece_table(
    pieces: _Pieces,
    turned: _Turned,
    scope_of: Ints,
    local: Ints,
    ports: tuple[_Ports, _Ports],
    counts: tuple[Ints, Ints],
) -> NDArray[np.int32]:
    """Return for each piece: source vertex, source port, target vertex, target port, marks."""
    up, down = ports
    n_members, n_in = counts
    edge, value = pieces.edge, turned.value[pieces.edge]

    def port_index(of: _Ports, scope: Ints, rows: NDArray[np.bool_]) -> Ints:
        code = scope[rows] * turned.n_values + value[rows]
        return of.index[np.searchsorted(of.keys, code)]

    table = np.zeros((len(edge), 5), dtype=np.int32)
    marks = turned.marks[edge]
    rank_at_source, rank_at_target = _ranks_at_leaves(turned)
    inner = scope_of[pieces.from_box]
    from_border, from_group = pieces.from_box < 0, (pieces.from_box >= 0) & (inner >= 0)
    table[:, 0] = local[pieces.from_box]
    table[from_border, 0] = n_members[pieces.scope[from_border]] + port_index(
        down, pieces.scope, from_border
    )
    table[:, 1] = np.where(from_border, 0, rank_at_source[edge])
    table[from_group, 1] = port_index(up, inner, from_group)
    inner = scope_of[pieces.to_box]
    to_border, to_group = pieces.to_box < 0, (pieces.to_box >= 0) & (inner >= 0)
    table[:, 2] = local[pieces.to_box]
    below = pieces.scope[to_border]
    table[to_border, 2] = n_members[below] + n_in[below] + port_index(up, pieces.scope, to_border)
    table[:, 3] = np.where(to_border, 0, rank_at_target[edge])
    table[to_group, 3] = port_index(down, inner, to_group)
    from_leaf, to_leaf = ~(from_border | from_group), ~(to_border | to_group)
    table[:, 4] = (marks & SRC_ORDERED) * from_leaf + (marks & DST_ORDERED) * to_leaf
    return table


def _ranks_at_leaves(turned: _Turned) -> tuple[Ints, Ints]:
    """Return for each edge which port of its leaves it uses: one a value, one an edge."""
    m = len(turned.source)
    by_out = np.argsort(turned.out_row)
    source, value = turned.source[by_out], turned.value[by_out]
    is_new = np.ones(m, dtype=bool)
    is_new[1:] = (source[1:] != source[:-1]) | (value[1:] != value[:-1])
    count = np.cumsum(is_new)
    at_source = np.empty(m, dtype=np.int64)
    at_source[by_out] = count - count[np.searchsorted(source, source)]
    by_in = np.argsort(turned.in_row)
    target = turned.target[by_in]
    at_target = np.empty(m, dtype=np.int64)
    at_target[by_in] = np.arange(m) - np.searchsorted(target, target)
    return at_source, at_target


def _unique_edges(
    table: NDArray[np.int32], scope: Ints, n_vertices: Ints
) -> tuple[Ints, NDArray[np.int32], Ints]:
    """Merge pieces that are the same in their scope; return pointers, edges, each piece's row."""
    base = np.concatenate([[0], np.cumsum(n_vertices)[:-1]])[scope]
    n_ports = int(table[:, [1, 3]].max(initial=0)) + 1
    by_source = (base + table[:, 0]) * n_ports + table[:, 1]
    by_target = (base + table[:, 2]) * n_ports + table[:, 3]
    order = np.lexsort((by_target, by_source))
    is_new = np.ones(len(order), dtype=bool)
    is_new[1:] = np.diff(by_source[order]) != 0
    is_new[1:] |= np.diff(by_target[order]) != 0
    row = np.empty(len(order), dtype=np.int64)
    row[order] = np.cumsum(is_new) - 1
    kept = order[is_new]
    return pointers(scope[kept], len(n_vertices)), table[kept], row
