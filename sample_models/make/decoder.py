"""Write a decoder of repeated blocks as ONNX: a few thousand nodes, tiny random weights.

Needs `onnx`. The shape is that of Llama (arXiv:2302.13971): RMS norm, rotary
positions (arXiv:2104.09864), causal attention, gated feed-forward. The weights
are random and seeded, so the output means nothing; the structure is what is
worth looking at. Names are paths, as exporters write them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

SEED = 20261
N_BLOCKS = 48
N_HEADS = 2
WIDTH = 16
HEAD_WIDTH = WIDTH // N_HEADS
INNER_WIDTH = 32
VOCABULARY = 128
SEQUENCE = 128  # fixed, so that every value has a shape
OPSET = 18
IR_VERSION = 10
PRODUCER = "opscope sample_models"


def write_decoder(path: Path) -> None:
    """Write the decoder; its input is ``tokens``, int64 [batch, 128]."""
    import onnx
    from onnx import TensorProto, helper

    writer = _Writer()
    hidden = writer.op("Gather", "embed", writer.weight("embed/weight", VOCABULARY, WIDTH),
                       "tokens")  # fmt: skip
    cosine, sine, mask = _positions(writer)
    for i in range(N_BLOCKS):
        hidden = _block(writer, f"layers/{i}", hidden, cosine, sine, mask)
    hidden = _rms_norm(writer, "norm", hidden)
    writer.op("MatMul", "head", hidden, writer.weight("head/weight", WIDTH, VOCABULARY))
    writer.nodes[-1].output[0] = "logits"
    axes = ["batch", SEQUENCE]
    graph = helper.make_graph(
        writer.nodes,
        "decoder",
        [helper.make_tensor_value_info("tokens", TensorProto.INT64, axes)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [*axes, VOCABULARY])],
        writer.initializers,
    )
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(
        graph, producer_name=PRODUCER, opset_imports=opsets, ir_version=IR_VERSION
    )
    model = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


class _Writer:
    """Collects nodes named by path; a value is named after the node that gives it."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self.random = np.random.default_rng(SEED)
        self.taken: dict[str, int] = {}

    def op(self, op_type: str, scope: str, *inputs: str, **attributes: Any) -> str:
        """Append a node ``scope/OpType`` (``_1``, ``_2`` where taken) and return its value."""
        from onnx import helper

        name = f"{scope}/{op_type}"
        n_before = self.taken.get(name, 0)
        self.taken[name] = n_before + 1
        if n_before:
            name = f"{name}_{n_before}"
        output = f"{name}_output_0"
        self.nodes.append(helper.make_node(op_type, list(inputs), [output], name, **attributes))
        return output

    def constant(self, name: str, data: Any) -> str:
        """Append an initializer, once for each name."""
        from onnx import numpy_helper

        if name not in self.taken:
            self.taken[name] = 1
            self.initializers.append(numpy_helper.from_array(np.asarray(data), name))
        return name

    def weight(self, name: str, *shape: int) -> str:
        """Append random weights of variance 1 / rows."""
        data = self.random.normal(0, shape[0] ** -0.5, shape)
        return self.constant(name, data.astype(np.float32))

    def linear(self, scope: str, x: str, n_in: int, n_out: int) -> str:
        """Append a projection without bias."""
        return self.op("MatMul", scope, x, self.weight(f"{scope}/weight", n_in, n_out))


def _positions(w: _Writer) -> tuple[str, str, str]:
    """Return cosine and sine (sequence, head width) and the causal mask (sequence, sequence)."""
    rate = 10000.0 ** (-np.arange(0, HEAD_WIDTH, 2) / HEAD_WIDTH)
    angle = np.arange(SEQUENCE)[:, None] * np.concatenate([rate, rate])
    at = w.constant("positions/index", np.arange(SEQUENCE))
    tables = [
        w.op("Gather", f"positions/{name}", w.constant(f"positions/{name}/table", table), at)
        for name, table in (
            ("cosine", np.cos(angle).astype(np.float32)),
            ("sine", np.sin(angle).astype(np.float32)),
        )
    ]
    row_axis = w.constant("positions/axis", np.array([1], np.int64))
    column = w.op("Unsqueeze", "positions/mask", at, row_axis)
    is_later = w.op("Less", "positions/mask", column, at)  # row is before column
    lowest = w.constant("positions/mask/lowest", np.float32(-1e9))
    nothing = w.constant("positions/mask/nothing", np.float32(0))
    mask = w.op("Where", "positions/mask", is_later, lowest, nothing)
    return tables[0], tables[1], mask


def _block(w: _Writer, scope: str, x: str, cosine: str, sine: str, mask: str) -> str:
    normed = _rms_norm(w, f"{scope}/attention_norm", x)
    attended = _attention(w, f"{scope}/attention", normed, cosine, sine, mask)
    x = w.op("Add", scope, x, attended)
    normed = _rms_norm(w, f"{scope}/feed_forward_norm", x)
    return w.op("Add", scope, x, _feed_forward(w, f"{scope}/feed_forward", normed))


def _rms_norm(w: _Writer, scope: str, x: str) -> str:
    two = w.constant("norm/two", np.float32(2))
    epsilon = w.constant("norm/epsilon", np.float32(1e-6))
    axis = w.constant("norm/axis", np.array([-1], np.int64))
    mean = w.op("ReduceMean", scope, w.op("Pow", scope, x, two), axis)
    size = w.op("Sqrt", scope, w.op("Add", scope, mean, epsilon))
    gain = w.constant(f"{scope}/weight", np.ones(WIDTH, np.float32))
    return w.op("Mul", scope, w.op("Div", scope, x, size), gain)


def _attention(w: _Writer, scope: str, x: str, cosine: str, sine: str, mask: str) -> str:
    query = _rotated(w, f"{scope}/rotary_q", _heads(w, f"{scope}/q_proj", x), cosine, sine)
    key = _rotated(w, f"{scope}/rotary_k", _heads(w, f"{scope}/k_proj", x), cosine, sine)
    value = _heads(w, f"{scope}/v_proj", x)
    scale = w.constant("attention/scale", np.float32(HEAD_WIDTH**-0.5))
    flipped = w.op("Transpose", scope, key, perm=[0, 1, 3, 2])
    scores = w.op("Mul", scope, w.op("MatMul", scope, query, flipped), scale)
    weights = w.op("Softmax", scope, w.op("Add", scope, scores, mask), axis=-1)
    mixed = w.op("Transpose", scope, w.op("MatMul", scope, weights, value), perm=[0, 2, 1, 3])
    joined = w.constant("attention/joined", np.array([0, 0, WIDTH], np.int64))
    return w.linear(f"{scope}/o_proj", w.op("Reshape", scope, mixed, joined), WIDTH, WIDTH)


def _heads(w: _Writer, scope: str, x: str) -> str:
    """Project and split into heads: (batch, heads, sequence, head width)."""
    split = w.constant("attention/split", np.array([0, 0, N_HEADS, HEAD_WIDTH], np.int64))
    parts = w.op("Reshape", scope, w.linear(scope, x, WIDTH, WIDTH), split)
    return w.op("Transpose", scope, parts, perm=[0, 2, 1, 3])


def _rotated(w: _Writer, scope: str, x: str, cosine: str, sine: str) -> str:
    middle = w.constant("rotary/middle", np.array([HEAD_WIDTH // 2], np.int64))
    start = w.constant("rotary/start", np.array([0], np.int64))
    end = w.constant("rotary/end", np.array([HEAD_WIDTH], np.int64))
    axis = w.constant("rotary/axis", np.array([3], np.int64))
    left = w.op("Slice", scope, x, start, middle, axis)
    right = w.op("Slice", scope, x, middle, end, axis)
    swapped = w.op("Concat", scope, w.op("Neg", scope, right), left, axis=3)
    straight = w.op("Mul", scope, x, cosine)
    return w.op("Add", scope, straight, w.op("Mul", scope, swapped, sine))


def _feed_forward(w: _Writer, scope: str, x: str) -> str:
    gate = w.linear(f"{scope}/gate_proj", x, WIDTH, INNER_WIDTH)
    up = w.linear(f"{scope}/up_proj", x, WIDTH, INNER_WIDTH)
    active = w.op("Mul", f"{scope}/silu", gate, w.op("Sigmoid", f"{scope}/silu", gate))
    return w.linear(f"{scope}/down_proj", w.op("Mul", scope, active, up), INNER_WIDTH, WIDTH)
