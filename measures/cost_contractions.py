"""Multiply-accumulates of what contracts tensors: products, convolutions, attention, recurrence.

Shapes say most of it, whatever the attributes are: a group or a dilation changes the
shape of the kernel or of the output, and a transposed operand the place of a dimension
that two other shapes give as well. A bias and a fused activation do not count. Each
function takes a `Call` and returns MACs. Imports nothing but `measures.cost_call`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from measures.cost_call import Call, Unknown, whole_numbers

Count = Callable[[Call], int]
_LABELS = re.compile(r"\[?([\w, ]+)\]?\s*[_x]\s*\[?([\w, ]+)\]?\s*->\s*\[?([\w, ]+)\]?")
_HLO_LABELS = re.compile(r"(\w+)_(\w+)->(\w+)")


# -- products of matrices ---------------------------------------------------------------


def matmul(left: int = 0, right: int = 1) -> Count:
    """Count ``... m k, ... k n -> ... m n``, either operand transposed or not, batched or not.

    The contracted size is what the left operand holds beside its ``m``.
    """

    def count(call: Call) -> int:
        a, b, out = call.input(left), call.input(right), call.output()
        if len(a) == 1 or len(b) == 1:
            return math.prod(out) * (a[0] if len(a) == 1 else b[0])
        if not out[-2]:
            return 0
        contracted, rest = divmod(a[-1] * a[-2], out[-2])
        if rest:
            raise Unknown
        return math.prod(out) * contracted

    return count


def dense(weight: int = 1, *, out_axis: int = 0) -> Count:
    """Count ``... k`` times a matrix whose axis `out_axis` makes the last axis of the output.

    All other axes of the weight are contracted.
    """

    def count(call: Call) -> int:
        kernel = call.input(weight)
        if not kernel[out_axis]:
            return 0
        return call.n_out * (math.prod(kernel) // kernel[out_axis])

    return count


def gemm(call: Call) -> int:
    """Count ``m k, k n -> m n``: every element of the left operand meets n columns."""
    return call.n_in * call.output()[-1]


def bits_matmul(call: Call) -> int:
    """Count a product with packed weights, whose sizes are attributes K and N."""
    return call.n_out * call.whole_numbers("K")[0]


def hlo_dot(call: Call) -> int:
    """Count a general dot: the attributes name the left operand's contracted dimensions."""
    left, attributes = call.input(0), call.attributes()
    named = attributes.get("lhs_contracting_dims")  # HLO
    if named is None:  # StableHLO, written short: [2] x [0]
        named = attributes.get("contracting_dims", "").partition(" x ")[0] or None
    if named is None:  # and long: #stablehlo.dot<..., lhs_contracting_dimensions = [2], ...>
        long = attributes.get("dot_dimension_numbers", "")
        named = long.partition("lhs_contracting_dimensions")[2].partition("]")[0] or None
    if named is None:
        raise Unknown
    return call.n_out * math.prod(left[axis] for axis in whole_numbers(named))


def plain_dot(call: Call) -> int:
    """Count a dot of vectors or matrices: the left operand's last axis is contracted."""
    return call.n_out * call.input(0)[-1]


def einsum(call: Call) -> int:
    """Count a product of two tensors in index notation: every combination of indices."""
    equation = call.text("equation").replace(" ", "").strip("'\"")
    operands = equation.partition("->")[0].split(",")
    if len(operands) != 2 or "." in equation:
        raise Unknown
    sizes: dict[str, int] = {}
    for slot, letters in enumerate(operands):
        sizes.update(zip(letters, call.input(slot), strict=True))
    return math.prod(sizes.values())


# -- convolutions -----------------------------------------------------------------------


def convolution(weight: int = 1, *, out_axis: int = 0) -> Count:
    """Count a convolution: each output element meets one filter of the kernel.

    The kernel's input channels are those of one group, so groups and depthwise
    kernels need no attribute, nor do stride, padding and dilation.
    """
    return dense(weight, out_axis=out_axis)


def depthwise(n_channel_axes: int, weight: int = 1, *, first: bool = False) -> Count:
    """Count a depthwise convolution: each output element meets one window.

    `n_channel_axes` axes of the kernel are channels: the last ones, or where
    `first`, the first and the last one.
    """

    def count(call: Call) -> int:
        kernel = call.input(weight)
        window = kernel[1:-1] if first else kernel[: len(kernel) - n_channel_axes]
        return call.n_out * math.prod(window)

    return count


def transposed(data: int = 0, weight: int = 1, *, in_axis: int = 0) -> Count:
    """Count a transposed convolution: each input element meets one filter of the kernel.

    `in_axis` is the kernel's axis of input channels; all others are met.
    """

    def count(call: Call) -> int:
        kernel = call.input(weight)
        if not kernel[in_axis]:
            return 0
        return math.prod(call.input(data)) * (math.prod(kernel) // kernel[in_axis])

    return count


def separable(call: Call) -> int:
    """Count Keras' separable convolution: a depthwise and a pointwise one."""
    window, point, out = call.input(1), call.input(2), call.output()
    channels = window[-2] * window[-1]
    places = math.prod(out) // max(point[-1], 1)
    return places * channels * math.prod(window[:-2]) + math.prod(out) * channels


def aten_convolution(call: Call) -> int:
    """Count ATen's general convolution, transposed or not."""
    is_transposed = call.attributes().get("transposed", "False").lower() == "true"
    return (transposed() if is_transposed else convolution())(call)


def hlo_convolution(call: Call) -> int:
    """Count HLO's convolution, whose labels name the kernel's output channels (``o``)."""
    attributes = call.attributes()
    kernel = call.input(1)
    found = _HLO_LABELS.search(attributes.get("dim_labels", ""))
    if found:
        axis = found.group(2).index("o")
    else:
        written = " ".join([attributes.get("dimension_numbers", ""), attributes.get("text", "")])
        labels = _LABELS.search(written.partition("dim_numbers")[2] or written)
        if not labels:
            raise Unknown
        axis = [one.strip() for one in labels.group(2).split(",")].index("o")
    return call.n_out * (math.prod(kernel) // max(kernel[axis], 1))


# -- attention and recurrence -------------------------------------------------------------


def attention(query: int = 0, key: int = 1, value: int = 2) -> Count:
    """Count ``softmax(q kᵀ) v`` on (..., heads, length, width): both products.

    With fewer heads of keys (grouped queries) the work stays that of the queries.
    """

    def count(call: Call) -> int:
        q, k, v = call.input(query), call.input(key), call.input(value)
        pairs = math.prod(q[:-1]) * k[-2]
        return pairs * q[-1] + pairs * v[-1]

    return count


def attention_onnx(call: Call) -> int:
    """Count ONNX's Attention with four axes; with three, the heads do not change the work."""
    q, k, v = call.input(0), call.input(1), call.input(2)
    if len(q) == 4:
        return attention()(call)
    heads = call.whole_numbers("q_num_heads")[0]
    kv_heads = call.whole_numbers("kv_num_heads")[0]
    batch, length, width = q
    return batch * length * k[1] * (width + v[2] // kv_heads * heads)


def attention_packed(call: Call) -> int:
    """Count attention on (batch, length, heads x width), as ONNX Runtime's contrib operator."""
    q, k, v = call.input(0), call.input(1), call.input(2)
    if not len(q) == len(k) == len(v) == 3:
        raise Unknown
    return q[0] * q[1] * k[1] * (q[2] + v[2])


def attention_projected(call: Call) -> int:
    """Count ONNX Runtime's contrib Attention: one projection to q, k, v, then both products."""
    data, weight = call.input(0), call.input(1)
    n_keys = data[1] + (call.input(4)[3] if 4 in call.inputs else 0)
    width, rest = divmod(weight[1], 3)
    if rest or "qkv_hidden_sizes" in call.attributes():
        raise Unknown
    return data[0] * data[1] * (weight[0] * weight[1] + 2 * n_keys * width)


def attention_keras(call: Call) -> int:
    """Count Keras' MultiHeadAttention: four projections and both products.

    Query and value come first; where both are one tensor the kernels follow it, whose
    axes hold the heads.
    """
    heads, width = call.whole_numbers("num_heads")[0], call.whole_numbers("key_dim")[0]
    value_width = call.whole_numbers("value_dim", "key_dim")[0]
    query = call.input(0)
    second = call.input(1)
    is_kernel = second[1:] == (heads, width) or second[:2] == (heads, value_width)
    value = query if is_kernel else second
    batch, length, depth = query
    _, n_keys, value_depth = value
    into = length * depth * width + n_keys * value_depth * (width + value_width)
    out = length * value_width * call.output()[-1]
    return batch * heads * (into + out + length * n_keys * (width + value_width))


def recurrent(first: int = 1, last: int = 1 << 30) -> Count:
    """Count a recurrent net on (steps, batch, width): every weight matrix once a step and sample.

    The weights are the inputs from slot `first` to `last` that have two axes (the
    biases have one), or with a leading axis of directions three.
    """

    def count(call: Call) -> int:
        if len(call.input(0)) != 3:
            raise Unknown
        slots = [slot for slot in call.inputs if first <= slot <= last]
        weights = [shape for shape in map(call.input, slots) if len(shape) >= 2]
        return math.prod(call.input(0)[:2]) * sum(map(math.prod, weights))

    return count


def recurrent_keras(call: Call) -> int:
    """Count Keras' recurrent nets: kernel, recurrent kernel and perhaps a bias a direction."""
    weights = [call.input(slot) for slot in sorted(call.inputs) if slot >= 1]
    if not weights or len(call.input(0)) != 3:
        raise Unknown
    gates = weights[0][-1]
    is_bias = [s in ((gates,), (2, gates)) for s in weights[2::3]]
    has_bias = bool(is_bias) and all(is_bias) and len(weights) % 3 == 0
    matrices = [s for i, s in enumerate(weights) if not has_bias or i % 3 != 2]
    if any(len(shape) != 2 for shape in matrices):
        raise Unknown
    return math.prod(call.input(0)[:2]) * sum(map(math.prod, matrices))


def svdf(call: Call) -> int:
    """Count TFLite's SVDF: feature weights and time weights once a sample."""
    return call.input(0)[0] * (math.prod(call.input(1)) + math.prod(call.input(2)))
