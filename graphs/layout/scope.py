"""One scope to lay out, and its layout: what passes between nesting and the phases.

Here y is along the edges and x across, whatever the direction of the drawing;
the origin is the top-left corner of the scope's box.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphs.layout.contract import LayoutOptions
from graphs.layout.csr import Ints

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Spacing:
    """Distances in world units, turned so that edges point along y.

    `pad_x` and `pad_y` are the free borders before and after the content.
    """

    node_gap: float
    rank_gap: float
    edge_gap: float
    pad_x: tuple[float, float]
    pad_y: tuple[float, float]

    @classmethod
    def of_group(cls, options: LayoutOptions) -> Spacing:
        """Return the spacing inside an expanded group: the title bar is at the top."""
        pad, header = options.group_padding, options.group_padding + options.group_header
        if options.direction == "down":
            pads = (pad, pad), (header, pad)
        else:
            pads = (header, pad), (pad, pad)
        return cls(options.node_gap, options.rank_gap, options.edge_gap, *pads)

    @classmethod
    def of_top(cls, options: LayoutOptions) -> Spacing:
        """Return the spacing at the top, where nothing is around the content."""
        gaps = options.node_gap, options.rank_gap, options.edge_gap
        return cls(*gaps, (0.0, 0.0), (0.0, 0.0))


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """n members, then n_in ports at the top, then n_out at the bottom; e edges.

    Attributes
    ----------
    width, height : float64 array, shape (n,)
    n_in, n_out : int
    src, src_port, dst, dst_port : int64 arrays, shape (e,)
        Vertices, and the index of the port at each; sorted by these in this order.
        Equal ``src`` and ``dst`` is a self-loop. Edges with equal (src, src_port)
        carry one value.
    is_src_ordered, is_dst_ordered : bool arrays, shape (e,)
        True where the index fixes the port's place among its neighbours.
    src_x, dst_x : float64 arrays, shape (e,)
        x of the port from the left of an expanded group; NaN at leaves and ports.
    min_width, min_height : float
        Of the scope's own box.
    is_strict : bool
        Whether inputs of leaves keep the order of their slots even where edges cross for it.
    """

    width: Floats
    height: Floats
    n_in: int
    n_out: int
    src: Ints
    src_port: Ints
    dst: Ints
    dst_port: Ints
    is_src_ordered: Bools
    is_dst_ordered: Bools
    src_x: Floats
    dst_x: Floats
    min_width: float = 0.0
    min_height: float = 0.0
    is_strict: bool = False

    def as_bytes(self) -> list[bytes]:
        """Return all that the scope is, column by column."""
        columns = (
            self.width, self.height, self.src, self.src_port, self.dst, self.dst_port,
            self.is_src_ordered, self.is_dst_ordered, self.src_x, self.dst_x,
        )  # fmt: skip
        numbers = (self.n_in, self.n_out, self.min_width, self.min_height, self.is_strict)
        return [column.tobytes() for column in columns] + [repr(numbers).encode()]

    @property
    def n_members(self) -> int:
        """Number of members."""
        return len(self.width)

    @property
    def n_vertices(self) -> int:
        """Members and ports."""
        return self.n_members + self.n_in + self.n_out


@dataclass(frozen=True, slots=True, eq=False)
class ScopeLayout:
    """Where everything in a scope is, relative to its top-left corner.

    Attributes
    ----------
    width, height : float
    x, y : float64 array, shape (n,)
        Top-left corners of the members.
    in_x, out_x : float64 array, shape (n_in,) and (n_out,)
        x of the ports.
    path_ptr : int64 array, shape (e + 1,)
    path_points : float64 array, shape (p, 2)
        Paths in their own order.
    path_of_edge : int64 array, shape (e,)
    n_crossings : int
    """

    width: float
    height: float
    x: Floats
    y: Floats
    in_x: Floats
    out_x: Floats
    path_ptr: Ints
    path_points: Floats
    path_of_edge: Ints
    n_crossings: int

    @property
    def nbytes(self) -> int:
        """Size of the large columns."""
        arrays = (self.x, self.y, self.path_ptr, self.path_points, self.path_of_edge)
        return sum(array.nbytes for array in arrays)
