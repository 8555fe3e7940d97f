"""Seeded graphs of any size for the benchmarks, nested as a real decoder is.

A block is that of Llama (norm, attention with rotary positions, gated
feed-forward; two residual additions); blocks repeat until the wanted number of
nodes is reached. Imports `graphs` only.
"""

from __future__ import annotations

import random

from graphs.builder import GraphBuilder
from graphs.ir import Graph, NodeKind
from graphs.tensor_type import TensorType

SIZES = (5_000, 20_000, 50_000, 100_000)
WIDTH, N_HEADS, SEQUENCE = 64, 4, 128

_HIDDEN = TensorType("float32", (1, SEQUENCE, WIDTH))
_HEADS = TensorType("float32", (1, N_HEADS, SEQUENCE, WIDTH // N_HEADS))
_SCORES = TensorType("float32", (1, N_HEADS, SEQUENCE, SEQUENCE))
_WEIGHT = TensorType("float32", (WIDTH, WIDTH))
_TOKENS = TensorType("int64", (1, SEQUENCE))


def decoder(n_nodes: int, seed: int = 0, *, n_experts: int = 0) -> Graph:
    """Return a decoder of exactly `n_nodes` nodes.

    Parameters
    ----------
    n_nodes : int
        At least 1; constants and inputs count. The last block is cut where the
        number is reached.
    seed : int
        Draws which heads skip their rotary positions and which additions are swapped, so
        that blocks are alike but not all equal, as after an optimizer.
    n_experts : int
        Feed-forward parts a block; 0 for a single one that is not numbered.
    """
    writer = _Writer(n_nodes, f"decoder_{n_nodes}", random.Random(seed))
    tokens = writer.node("Input", "", [], _TOKENS, NodeKind.INPUT, "tokens")
    hidden = writer.op("Gather", "embed", [writer.weight("embed"), tokens], _HIDDEN)
    block = 0
    while not writer.is_full:
        hidden = _block(writer, f"layers/{block}", hidden, n_experts)
        block += 1
    return writer.builder.build()


class _Writer:
    """Adds nodes until the graph is full; then a node is its own first input."""

    def __init__(self, n_nodes: int, id: str, draws: random.Random) -> None:
        self.builder = GraphBuilder(id)
        self.n_nodes = n_nodes
        self.draws = draws
        self.times: dict[str, int] = {}

    @property
    def is_full(self) -> bool:
        return self.builder.n_nodes >= self.n_nodes

    def node(
        self,
        op_type: str,
        scope: str,
        inputs: list[int],
        type: TensorType,
        kind: NodeKind = NodeKind.OPERATOR,
        id: str = "",
    ) -> int:
        """Add a node with one value and return the value's handle."""
        if self.is_full:
            return inputs[0] if inputs else 0
        id = id or self._fresh(f"{scope}/{op_type}")
        row = self.builder.add_node(id, op_type, scope, kind)
        value = self.builder.add_value(row, 0, f"{id}_out", type)
        for slot, source in enumerate(inputs):
            self.builder.add_edge(source, row, slot)
        return value

    def op(self, op_type: str, scope: str, inputs: list[int], type: TensorType) -> int:
        return self.node(op_type, scope, inputs, type)

    def weight(self, scope: str) -> int:
        return self.node("Constant", scope, [], _WEIGHT, NodeKind.CONSTANT)

    def linear(self, scope: str, x: int) -> int:
        # The weight comes first only if its reader fits too: no constant without a reader.
        if self.builder.n_nodes + 2 > self.n_nodes:
            return self.op("MatMul", scope, [x], _HIDDEN)
        return self.op("MatMul", scope, [x, self.weight(scope)], _HIDDEN)

    def _fresh(self, name: str) -> str:
        n_before = self.times.get(name, 0)
        self.times[name] = n_before + 1
        return f"{name}_{n_before}" if n_before else name


def _block(w: _Writer, scope: str, x: int, n_experts: int) -> int:
    attended = _attention(w, f"{scope}/attention", _norm(w, f"{scope}/attention_norm", x))
    pair = [x, attended] if w.draws.random() < 0.9 else [attended, x]
    x = w.op("Add", scope, pair, _HIDDEN)
    normed = _norm(w, f"{scope}/feed_forward_norm", x)
    if not n_experts:
        return w.op("Add", scope, [x, _feed_forward(w, f"{scope}/feed_forward", normed)], _HIDDEN)
    gate = w.op("Softmax", f"{scope}/router", [w.linear(f"{scope}/router", normed)], _HIDDEN)
    for i in range(n_experts):
        expert = _feed_forward(w, f"{scope}/experts/{i}", normed)
        part = w.op("Mul", f"{scope}/experts/{i}", [expert, gate], _HIDDEN)
        x = w.op("Add", scope, [x, part], _HIDDEN)
    return x


def _norm(w: _Writer, scope: str, x: int) -> int:
    square = w.op("Pow", scope, [x], _HIDDEN)
    mean = w.op("ReduceMean", scope, [square], _HIDDEN)
    size = w.op("Sqrt", scope, [mean], _HIDDEN)
    return w.op("Div", scope, [x, size], _HIDDEN)


def _attention(w: _Writer, scope: str, x: int) -> int:
    parts = []
    for name in ("q_proj", "k_proj", "v_proj"):
        split = w.op("Reshape", f"{scope}/{name}", [w.linear(f"{scope}/{name}", x)], _HEADS)
        parts.append(w.op("Transpose", f"{scope}/{name}", [split], _HEADS))
    query, key, value = parts
    if w.draws.random() < 0.95:
        query = _rotary(w, f"{scope}/rotary_q", query)
        key = _rotary(w, f"{scope}/rotary_k", key)
    scores = w.op("MatMul", scope, [query, key], _SCORES)
    weights = w.op("Softmax", scope, [w.op("Mul", scope, [scores], _SCORES)], _SCORES)
    mixed = w.op("Transpose", scope, [w.op("MatMul", scope, [weights, value], _HEADS)], _HEADS)
    return w.linear(f"{scope}/o_proj", w.op("Reshape", scope, [mixed], _HIDDEN))


def _rotary(w: _Writer, scope: str, x: int) -> int:
    left = w.op("Slice", scope, [x], _HEADS)
    right = w.op("Neg", scope, [w.op("Slice", scope, [x], _HEADS)], _HEADS)
    swapped = w.op("Concat", scope, [right, left], _HEADS)
    return w.op("Add", scope, [w.op("Mul", scope, [x], _HEADS), swapped], _HEADS)


def _feed_forward(w: _Writer, scope: str, x: int) -> int:
    gate = w.linear(f"{scope}/gate_proj", x)
    active = w.op("Mul", scope, [gate, w.op("Sigmoid", scope, [gate], _HIDDEN)], _HIDDEN)
    product = w.op("Mul", scope, [active, w.linear(f"{scope}/up_proj", x)], _HIDDEN)
    return w.linear(f"{scope}/down_proj", product)
