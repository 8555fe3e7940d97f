"""Fold what one side has no node for into the pair that does its work.

A converter fuses (Conv + BatchNormalization + Relu become one operator) or splits
(QuantizeLinear and DequantizeLinear around an operator, a Pad before a convolution). A free
node joins the pair beside it: what quantizes always; what moves or renames data, and what the
table of op types calls foldable, where there is a sign of it: the formats differ, the partner
has another op type, took over the last tensor's name and can do the work (a product goes into
weights, an activation into an attribute), or is quantized on one side only.
Otherwise a free node was simply removed. Constants that only folded nodes read go with them.
Linear in nodes and edges. Imports `graphs.match_state` and the table of op types.
"""

from __future__ import annotations

from dataclasses import dataclass

from graphs.ir import NodeKind
from graphs.match_ops import (
    FOLDED_INTO_CONSUMER,
    FOLDED_INTO_PRODUCER,
    FOLDED_INTO_WEIGHTS,
    QUANTIZING,
    TRANSPARENT,
    WEIGHTED,
)
from graphs.match_side import Rows, Side
from graphs.match_state import Work

MAX_FOLDED = 64  # nodes in one pair; more is no fusion but a chain without landmarks


@dataclass(eq=False)
class Half:
    """One side as folding sees it: its own columns, and the other's for comparing."""

    work: Work
    side: Side
    other: Side
    partner: list[int]
    back: list[int]
    host: dict[int, int]
    other_host: dict[int, int]
    order: Rows
    n_folded: dict[int, int]

    def host_of(self, row: int) -> int:
        """Return the paired row that a row belongs to, or -1."""
        host = row if self.partner[row] >= 0 else self.host.get(row, -1)
        return host if host >= 0 and self.partner[host] >= 0 else -1

    def fold(self, row: int, host: int) -> bool:
        """Let a free row join a pair, unless that has joined enough."""
        if self.n_folded.get(host, 0) >= MAX_FOLDED:
            return False
        self.host[row] = host
        self.n_folded[host] = self.n_folded.get(host, 0) + 1
        return True


def fold(work: Work) -> None:
    """Fold free rows of both sides; quantization first, for it is a sign for the rest."""
    a = Half(
        work, work.a, work.b, work.to_b, work.to_a, work.host_a, work.host_b,
        work.a.order, {},
    )  # fmt: skip
    b = Half(
        work, work.b, work.a, work.to_a, work.to_b, work.host_b, work.host_a,
        work.b.order, {},
    )  # fmt: skip
    for half in (a, b):
        _fold_quantizing(half)
    for half in (a, b):
        _fold_into_producers(half)
        _fold_into_consumers(half)
    for half in (a, b):
        _fold_constants(half)


def _free(half: Half, rows: Rows) -> list[tuple[int, str]]:
    return [
        (row, half.side.class_names[row])
        for row in rows
        if half.partner[row] < 0
        and row not in half.host
        and half.side.kind[row] == NodeKind.OPERATOR
        and not half.side.is_inner[row]
    ]


def _fold_quantizing(half: Half) -> None:
    """Fold Quantize into what it reads, Dequantize into what reads it, each else the other way."""
    for row, name in _free(half, half.order):
        if name == "quantize":
            host = _producer(half, row)
            if host >= 0:
                half.fold(row, host)
    for row, name in reversed(_free(half, half.order)):
        if name in QUANTIZING:
            host = _consumer(half, row)
            if host >= 0:
                half.fold(row, host)
    for row, name in _free(half, half.order):
        if name in QUANTIZING:
            host = _producer(half, row)
            if host >= 0:
                half.fold(row, host)


def _fold_into_producers(half: Half) -> None:
    for row, name in _free(half, half.order):
        if name in FOLDED_INTO_PRODUCER:
            hosts = [half.host_of(source) for source, _, _ in half.side.preds[row]]
            _fold_where_signed(half, row, name, hosts)


def _fold_into_consumers(half: Half) -> None:
    for row, name in reversed(_free(half, half.order)):
        if name in FOLDED_INTO_CONSUMER:
            hosts = [half.host_of(target) for target, _ in half.side.succs[row][:MAX_FOLDED]]
            _fold_where_signed(half, row, name, hosts)


def _fold_where_signed(half: Half, row: int, name: str, hosts: Rows) -> None:
    """Fold a row into the first of some pairs for which there is a sign."""
    for host in hosts:
        is_operator = host >= 0 and half.side.kind[host] == NodeKind.OPERATOR
        if is_operator and _is_fused(half, row, host, name):
            half.fold(row, host)
            return


def _producer(half: Half, row: int) -> int:
    """Return the pair of the operator that feeds a row's data, or -1."""
    for source, _, _ in half.side.preds[row]:
        if half.side.kind[source] == NodeKind.OPERATOR:
            return half.host_of(source)
    return -1


def _consumer(half: Half, row: int) -> int:
    """Return the pair of the first operator that reads a row, or -1."""
    for target, _ in half.side.succs[row][:MAX_FOLDED]:
        if half.side.kind[target] == NodeKind.OPERATOR:
            host = half.host_of(target)
            if host >= 0:
                return host
    return -1


def _is_fused(half: Half, row: int, host: int, name: str) -> bool:
    """Return whether there is a sign that the partner of `host` does the work of `row`."""
    there = half.partner[host]
    if half.side.class_names[host] in TRANSPARENT and name not in TRANSPARENT:
        return False
    if not half.work.is_same_format or half.side.op[host] != half.other.op[there]:
        return True
    tensor = half.side.value_name(row)
    has_its_name = tensor != "" and tensor == half.other.value_name(there)
    if has_its_name and half.work.options.use_names and _can_take_over(half, host, there, name):
        return True
    return name in ("rectifier", "rectifier to 6", "clip") and _is_quantized(half, there)


def _can_take_over(half: Half, host: int, there: int, name: str) -> bool:
    """Return whether a node of the same op type may do the work of a class `name` besides its own.

    Products and sums go into weights, an activation into an attribute, a move nowhere.
    """
    if name in TRANSPARENT:
        return True
    if name in FOLDED_INTO_WEIGHTS:
        return half.side.class_names[host] in WEIGHTED
    return _activations(half.side, host) != _activations(half.other, there)


def _activations(side: Side, row: int) -> list[tuple[str, str]]:
    """Return the attributes that name a function applied at the end."""
    graph, own = side.local(row)
    return [fact for fact in graph.source.attributes(own) if "activation" in fact[0].lower()]


def _is_quantized(half: Half, there: int) -> bool:
    """Return whether a row of the other side is followed by a Quantize that was folded into it."""
    return any(
        half.other_host.get(target) == there and half.other.class_names[target] == "quantize"
        for target, _ in half.other.succs[there][:MAX_FOLDED]
    )


def _fold_constants(half: Half) -> None:
    """Fold a free constant into the pair that reads it, if that folds or formats differ.

    A scale that several folded nodes share goes with the first.
    """
    side = half.side
    for row in range(side.n):
        if side.kind[row] != NodeKind.CONSTANT or half.partner[row] >= 0 or row in half.host:
            continue
        readers = [target for target, _ in side.succs[row][:MAX_FOLDED]]
        hosts = list(dict.fromkeys(half.host_of(target) for target in readers))
        if not hosts or -1 in hosts or side.kind[hosts[0]] != NodeKind.OPERATOR:
            continue
        is_all_folded = all(target in half.host for target in readers)
        is_only = len(hosts) == 1 and (not half.work.is_same_format or _took(half, hosts[0]))
        if is_all_folded or is_only:
            half.fold(row, hosts[0])


def _took(half: Half, host: int) -> bool:
    """Return whether either side of a pair has folded operators."""
    return half.n_folded.get(host, 0) > 0 or any(
        half.other_host.get(target) == half.partner[host]
        for target, _ in half.other.succs[half.partner[host]][:MAX_FOLDED]
    )
