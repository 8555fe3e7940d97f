"""The recipe: break cycles, cut into scopes, lay each out from the inside, assemble."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from graphs.layout import validate
from graphs.layout.acyclic import box_depths, mark_back_edges
from graphs.layout.arranging import Arranger
from graphs.layout.assembly import assemble
from graphs.layout.cache import ScopeCache, key_of
from graphs.layout.contract import Boxes, Layout, LayoutOptions
from graphs.layout.nesting import DST_ORDERED, SRC_ORDERED, Plan, plan_nesting
from graphs.layout.phases import Watch, lay_out_scope
from graphs.layout.scope import Floats, Scope, ScopeLayout, Spacing

CACHE_BYTES = 256 * 2**20

shared_cache = ScopeCache(CACHE_BYTES)
"""Layouts of all sessions of this process."""


def lay_out(
    boxes: Boxes,
    options: LayoutOptions = LayoutOptions(),
    *,
    cancelled: Callable[[], bool] | None = None,
    progress: Callable[[float], None] | None = None,
    cache: ScopeCache | None = None,
) -> Layout:
    """Return where boxes and edges are.

    Deterministic: equal input gives equal bytes, whatever was laid out before.

    Parameters
    ----------
    boxes : Boxes
    options : LayoutOptions
    cancelled : callable, optional
        Asked between phases; where it returns True the layout ends.
    progress : callable, optional
        Told the share that is done, 0 to 1, after each scope.
    cache : ScopeCache, optional
        Instead of the one that all sessions share.

    Raises
    ------
    LayoutError
        The boxes break their contract, or a phase its promise.
    LayoutCancelled
        `cancelled` returned True.
    """
    watch = Watch(cancelled)
    with watch.phase("input"):
        validate.check_boxes(boxes)
        if len(boxes.parent) == 0:
            return _nothing()
        turned = _turn(boxes) if options.direction == "right" else boxes
    with watch.phase("acyclic"):
        depth = box_depths(boxes.parent)
        is_back = mark_back_edges(boxes, depth)
    with watch.phase("nesting"):
        plan = plan_nesting(turned, depth, is_back)
    inner = _Scopes(turned, plan, options, shared_cache if cache is None else cache)
    layouts = inner.lay_out_all(watch, progress)
    with watch.phase("assembly"):
        layout = assemble(boxes, plan, layouts, is_back, options)
        validate.check_layout(boxes, layout)
    layout.seconds_by_phase.update(watch.seconds)
    return layout


def _nothing() -> Layout:
    """Return the layout of no boxes."""
    column = np.zeros(0, dtype=np.float32)
    return Layout(
        x=column,
        y=column,
        width=column,
        height=column,
        path_ptr=np.zeros(1, dtype=np.int32),
        path_points=np.zeros((0, 2), dtype=np.float32),
        edge_is_back=np.zeros(0, dtype=bool),
        total_width=0.0,
        total_height=0.0,
    )


def _turn(boxes: Boxes) -> Boxes:
    """Swap width and height, so that the phases always draw downwards."""
    return replace(boxes, width=boxes.height, height=boxes.width)


class _Scopes:
    """The scopes of one layout, and what is known of them so far."""

    def __init__(self, boxes: Boxes, plan: Plan, options: LayoutOptions, cache: ScopeCache) -> None:
        self.boxes, self.plan, self.cache = boxes, plan, cache
        self.is_strict = options.strict_ports
        self.top, self.group = Spacing.of_top(options), Spacing.of_group(options)
        self.spacing_key = repr((self.top, self.group, options.strict_ports)).encode()
        box = plan.member_box
        is_leaf = plan.member_scope < 0
        sizes = (boxes.width[box] * is_leaf, boxes.height[box] * is_leaf)
        self.members = np.stack([*sizes, ~is_leaf], axis=1, dtype=np.float32)
        self.member_ptr = plan.member_ptr.tolist()
        self.edge_ptr = plan.edge_ptr.tolist()

    def lay_out_all(
        self, watch: Watch, progress: Callable[[float], None] | None
    ) -> list[ScopeLayout]:
        """Lay out all scopes, the innermost first; equal ones once."""
        n = len(self.plan.scope_box)
        arranger = Arranger(self.boxes, self.plan, (self.top, self.group), self.cache)
        self.hints = arranger.all(watch, is_strict=self.is_strict)
        keys: list[bytes] = [b""] * n
        layouts: dict[int, ScopeLayout] = {}
        known: dict[bytes, ScopeLayout] = {}
        for scope in range(n - 1, -1, -1):
            key = keys[scope] = self.key(scope, keys)
            layout = known.get(key) or self.cache.get(key)
            if not isinstance(layout, ScopeLayout):
                built = self.build(scope, layouts)
                hint = self.hints[scope]
                kept = hint.kept(built.n_members)
                layout = lay_out_scope(built, self.spacing(scope), watch, hint.arranged, kept)
                self.cache.put(key, layout)
            known[key] = layouts[scope] = layout
            if progress is not None:
                progress((n - scope) / n)
        return [layouts[scope] for scope in range(n)]

    def spacing(self, scope: int) -> Spacing:
        """Return the distances in a scope."""
        return self.group if scope else self.top

    def key(self, scope: int, keys: list[bytes]) -> bytes:
        """Return the cache key: everything that the layout of the scope depends on."""
        plan = self.plan
        low, high = self.member_ptr[scope], self.member_ptr[scope + 1]
        inner = plan.member_scope[low:high]
        box = plan.scope_box[scope]
        least = b"" if scope == 0 else self.boxes.width[box : box + 1].tobytes()
        least += b"" if scope == 0 else self.boxes.height[box : box + 1].tobytes()
        return key_of(
            self.spacing_key,
            least,
            plan.n_in[scope].tobytes() + plan.n_out[scope].tobytes(),
            self.hints[scope].key,
            self.members[low:high].tobytes(),
            plan.edges[self.edge_ptr[scope] : self.edge_ptr[scope + 1]].tobytes(),
            b"".join([keys[i] for i in inner[inner >= 0].tolist()]),
        )

    def build(self, scope: int, layouts: dict[int, ScopeLayout]) -> Scope:
        """Return a scope whose inner groups are laid out."""
        plan, boxes = self.plan, self.boxes
        low, high = self.member_ptr[scope], self.member_ptr[scope + 1]
        members, inner = self.members[low:high], plan.member_scope[low:high]
        width, height = members[:, 0].astype(np.float64), members[:, 1].astype(np.float64)
        groups = np.flatnonzero(inner >= 0)
        inside = [layouts[i] for i in inner[groups].tolist()]
        width[groups] = [layout.width for layout in inside]
        height[groups] = [layout.height for layout in inside]
        edges = plan.edges[self.edge_ptr[scope] : self.edge_ptr[scope + 1]].astype(np.int64)
        src, src_port, dst, dst_port, marks = edges.T.copy()
        box = plan.scope_box[scope]
        return Scope(
            width=width,
            height=height,
            n_in=int(plan.n_in[scope]),
            n_out=int(plan.n_out[scope]),
            src=src,
            src_port=src_port,
            dst=dst,
            dst_port=dst_port,
            is_src_ordered=(marks & SRC_ORDERED) > 0,
            is_dst_ordered=(marks & DST_ORDERED) > 0,
            src_x=_fixed_ports(src, src_port, groups, [i.out_x for i in inside], len(width)),
            dst_x=_fixed_ports(dst, dst_port, groups, [i.in_x for i in inside], len(width)),
            min_width=0.0 if scope == 0 else float(boxes.width[box]),
            min_height=0.0 if scope == 0 else float(boxes.height[box]),
            is_strict=self.is_strict,
        )


def _fixed_ports(
    vertex: NDArray[np.int64],
    port: NDArray[np.int64],
    groups: NDArray[np.int64],
    ports: list[Floats],
    n_members: int,
) -> Floats:
    """Return x of each edge's port from the left of its group; NaN where it is on no group."""
    base = np.full(n_members, -1, dtype=np.int64)
    counts = np.array([len(x) for x in ports], dtype=np.int64)
    base[groups] = np.cumsum(counts) - counts
    result = np.full(len(vertex), np.nan)
    rows = np.flatnonzero(vertex < n_members)
    rows = rows[base[vertex[rows]] >= 0]
    if len(rows):
        result[rows] = np.concatenate(ports)[base[vertex[rows]] + port[rows]]
    return result
