"""Arranges the members of all scopes, and the ports of groups, from the outside in.

Each scope is arranged by its skeleton (`graphs.layout.skeleton`), which needs no layout of what
is inside. That tells each open group in which order its ports would meet their edges without
crossings; inside, leaving that order costs as much as a crossing. Layouts are made afterwards,
from the inside out, and fix the ports for what is outside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphs.layout.cache import ScopeCache, key_of
from graphs.layout.contract import Boxes
from graphs.layout.csr import Ints
from graphs.layout.nesting import DST_ORDERED, SRC_ORDERED, Plan
from graphs.layout.phases import Watch, arrange
from graphs.layout.scope import Bools, Floats, Scope, Spacing
from graphs.layout.skeleton import Arrangement, skeleton_of


@dataclass(frozen=True, slots=True, eq=False)
class Hints:
    """What is known of a scope before it is laid out.

    Attributes
    ----------
    arranged : Arrangement or None
        Of all its vertices; None where nothing in it can be opened or closed.
    port_place : int64 array, shape (n_in + n_out,)
        Place of each port at the top, then of each at the bottom, among those of its border.
    key : bytes
        Digest of what all this was found from.
    """

    arranged: Arrangement | None
    port_place: Ints
    key: bytes

    def kept(self, n_members: int) -> Ints:
        """Return the places of members and ports, as for `order_vertices`."""
        members = np.full(n_members, -1, dtype=np.int64)
        if self.arranged is not None:
            members = self.arranged.place[:n_members]
        return np.concatenate([members, self.port_place])


class Arranger:
    """Arranges the scopes of one layout."""

    def __init__(
        self, boxes: Boxes, plan: Plan, spacings: tuple[Spacing, Spacing], cache: ScopeCache
    ) -> None:
        self.plan, self.cache, self.spacings = plan, cache, spacings
        self.width = boxes.width[plan.member_box].astype(np.float64)
        self.height = boxes.height[plan.member_box].astype(np.float64)
        self.is_open = plan.member_scope >= 0
        self.is_group = self.is_open
        if boxes.is_closed is not None:
            self.is_group = self.is_open | boxes.is_closed[plan.member_box]

    def all(self, watch: Watch, *, is_strict: bool) -> list[Hints]:
        """Return what is known of each scope, the outer ones first."""
        plan = self.plan
        n = len(plan.scope_box)
        port_place = [np.zeros(0, dtype=np.int64)] * n
        known: dict[bytes, tuple[Arrangement | None, list[Ints]]] = {}
        hints = []
        for scope in range(n):
            low, high = int(plan.member_ptr[scope]), int(plan.member_ptr[scope + 1])
            is_open, is_group = self.is_open[low:high], self.is_group[low:high]
            key = self._key(scope, port_place[scope], (low, high), is_strict=is_strict)
            if key not in known:
                outline = self.outline(scope, is_strict=is_strict)
                groups = (is_open, is_group)
                known[key] = self._arrange(scope, outline, groups, port_place[scope], watch)
            arranged, of_groups = known[key]
            for group, place in zip(
                plan.member_scope[low:high][is_open].tolist(), of_groups, strict=True
            ):
                port_place[group] = place
            hints.append(Hints(arranged, port_place[scope], key))
        return hints

    def outline(self, scope: int, *, is_strict: bool) -> Scope:
        """Return a scope with open groups as small as they can be, and no ports on them yet."""
        plan = self.plan
        rows = slice(int(plan.member_ptr[scope]), int(plan.member_ptr[scope + 1]))
        edges = plan.edges[plan.edge_ptr[scope] : plan.edge_ptr[scope + 1]].astype(np.int64)
        src, src_port, dst, dst_port, marks = edges.T.copy()
        nothing = np.full(len(edges), np.nan)
        return Scope(
            width=self.width[rows],
            height=self.height[rows],
            n_in=int(plan.n_in[scope]),
            n_out=int(plan.n_out[scope]),
            src=src,
            src_port=src_port,
            dst=dst,
            dst_port=dst_port,
            is_src_ordered=(marks & SRC_ORDERED) > 0,
            is_dst_ordered=(marks & DST_ORDERED) > 0,
            src_x=nothing,
            dst_x=nothing,
            is_strict=is_strict,
        )

    def _key(
        self, scope: int, port_place: Ints, rows: tuple[int, int], *, is_strict: bool
    ) -> bytes:
        plan, members = self.plan, slice(*rows)
        edges = plan.edges[plan.edge_ptr[scope] : plan.edge_ptr[scope + 1]]
        return key_of(
            bytes([scope > 0, is_strict]),
            port_place.tobytes(),
            self.width[members].tobytes(),
            self.height[members].tobytes(),
            self.is_open[members].tobytes() + self.is_group[members].tobytes(),
            edges.tobytes(),
        )

    def _arrange(
        self,
        scope: int,
        outline: Scope,
        groups: tuple[Bools, Bools],
        port_place: Ints,
        watch: Watch,
    ) -> tuple[Arrangement | None, list[Ints]]:
        """Return the arrangement of one scope and the places of the ports of groups in it."""
        is_open, is_group = groups
        skeleton = skeleton_of(outline, is_group, port_place)
        if skeleton is None:
            return None, []
        spacing = self.spacings[scope > 0]
        key = key_of(
            b"skeleton",
            repr(spacing).encode(),
            skeleton.port_place.tobytes(),
            *skeleton.scope.as_bytes(),
        )
        found = self.cache.get(key)
        if not isinstance(found, Arrangement):
            found = arrange(skeleton.scope, spacing, watch, skeleton.port_place)
            self.cache.put(key, found)
        arranged = found.at(skeleton.vertex)
        beside = found.edge_place[skeleton.edge]
        return arranged, _port_places(outline, beside, is_open)


def _port_places(outline: Scope, beside: Floats, is_open: Bools) -> list[Ints]:
    """Return for each open group the places of its ports, those at the top first.

    Parameters
    ----------
    outline : Scope
    beside : float64 array, shape (e, 2)
        Where each edge stands, on the rank below its source and on that above its target.
    is_open : bool array, shape (n_members,)
    """
    at_top, top = _side_places(outline.dst, outline.dst_port, beside[:, 1], is_open)
    at_bottom, bottom = _side_places(outline.src, outline.src_port, beside[:, 0], is_open)
    groups = np.flatnonzero(is_open)
    cuts = zip(
        at_top[groups].tolist(), at_top[groups + 1].tolist(),
        at_bottom[groups].tolist(), at_bottom[groups + 1].tolist(), strict=True,
    )  # fmt: skip
    return [np.concatenate([top[a:b], bottom[c:d]]) for a, b, c, d in cuts]


def _side_places(end: Ints, port: Ints, beside: Floats, is_open: Bools) -> tuple[Ints, Ints]:
    """Return the ports of each open group on one side as pointers, and their places.

    A port stands where its edges come from on average; equal where it makes no difference.
    """
    n = len(is_open)
    rows = np.flatnonzero(end < n)
    rows = rows[is_open[end[rows]]]
    n_ports = np.zeros(n, dtype=np.int64)
    np.maximum.at(n_ports, end[rows], port[rows] + 1)
    ptr = np.concatenate([[0], np.cumsum(n_ports)])
    index = ptr[end[rows]] + port[rows]
    count = np.bincount(index, minlength=ptr[-1])
    mean = np.bincount(index, beside[rows], minlength=ptr[-1]) / np.maximum(count, 1)
    owner = np.repeat(np.arange(n), n_ports)
    order = np.lexsort((mean, owner))
    is_next = np.zeros(len(order), dtype=np.int64)
    is_next[1:] = mean[order[1:]] != mean[order[:-1]]
    number = np.cumsum(is_next)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = number - number[ptr[owner[order]]]
    return ptr, place
