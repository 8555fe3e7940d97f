"""Compiles or loads every kernel on a tiny graph, for a server's start.

Apart because it is the only place that knows all kernels. A test proves that a
layout after `warm` compiles nothing more.
"""

from __future__ import annotations

import numpy as np

from graphs.kernels import (
    blocks,
    crossings,
    paths,
    ports,
    ranks,
    shelves,
    simplex,
    sweeps,
    switching,
    threads,
    topology,
)


def warm() -> None:
    """Call each kernel once with the types that the layout uses.

    About ten seconds on a fresh install, a fraction of one when the machine code
    is cached. Safe in a thread: the interpreter runs on while a kernel runs, and
    between the compilations of two kernels.
    """
    ptr, one = np.array([0, 1, 1]), np.array([1])  # a graph of two vertices and one edge
    up_ptr, zero = np.array([0, 0, 1]), np.array([0])
    both, rank_ptr = np.array([0, 1]), np.array([0, 1, 2])
    half, two = np.array([0.5]), np.array([0.5, 0.5])
    topology.back_edges(ptr, one, both)
    topology.strong_components(ptr, one)
    topology.topological_order(ptr, one)
    topology.components(2, zero, one)
    ranks.longest_path(both, ptr, one, np.array([0, 0]))
    pinned = np.zeros(2, np.bool_)
    ranks.tighten(both.copy(), both, ptr, one, up_ptr, zero, pinned, 1)
    ranks.share_ways(both.copy(), both, ptr, one, zero, up_ptr, zero, zero, pinned)
    simplex.network_simplex(np.array([0, 1]), zero, one, 10)
    order = crossings.initial_order(both, rank_ptr, both, ptr, one)
    crossings.count_crossings(order, rank_ptr, ptr, one, half, zero, up_ptr)
    parts = np.array([0, 2])
    sweeps.sweep(order, rank_ptr, parts, ptr, one, half, zero, half, up_ptr, zero, half, 1)
    switching.switch_neighbours(order, rank_ptr, ptr, one, half, up_ptr, zero, half, 1)
    threads.thread_chains(
        order, rank_ptr, both, ptr, one, zero, one, zero, zero, np.array([2]), zero
    )
    _warm_placement(order, rank_ptr, ptr, up_ptr)
    ports.spread_ports(ptr, half, np.ones(1, np.bool_), two, two, 1.0)
    ends = (half, half, half, half, half, one)
    path_ptr, _ = paths.route(both, zero, one, *ends, two, two, 0)
    paths.join_paths(
        both, zero, half, half, path_ptr, np.zeros((4, 2)), np.zeros(1, np.bool_),
        np.array([0, 4]), np.zeros((4, 2), np.float32),
    )  # fmt: skip
    shelves.pack_shelves(both, two, two, 1.0, 1.0)


def _warm_placement(
    order: np.ndarray, rank_ptr: np.ndarray, ptr: np.ndarray, up_ptr: np.ndarray
) -> None:
    one, zero, both = np.array([1]), np.array([0]), np.array([0, 1])
    half, two = np.array([0.5]), np.array([0.5, 0.5])
    blocks.align(order, rank_ptr, ptr, one, one, up_ptr, zero, one)
    blocks.block_arcs(order, rank_ptr, both, two, two, two, two)
    x = blocks.compact(both, ptr, one, half, two, two, both, 2)
    blocks.relax(x, both, ptr, one, half, up_ptr, zero, half, ptr, one, half, half, 1)
